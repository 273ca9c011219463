"""Documents labelled by hand, to score a reader against: what a careful analyst would record from each.

A folder of labels holds claims.jsonl (the claims, `core` or `optional`), traps.jsonl (passages that must not become a
statement) and documents.csv (which characters of which file were labelled).
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from sources.errors import BadInput, Fault
from sources.model import Basis, Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a reader should propose from one passage of a file. `accept` lists, by field, what is just as right."""

    file: str
    instrument_id: str
    countries: tuple[str, ...]
    period: Literal["first", "bridge", "second"]
    basis: Basis
    property: str
    value: str
    modality: Modality
    negated: bool
    char_start: int
    char_end: int
    mark: Literal["core", "optional"]
    quote: str | None = None
    accept: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """A passage that must not become an affirmed statement of an instrument."""

    file: str
    tempting_instrument: str
    char_start: int
    char_end: int
    quote: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledDocument:
    """A file with its labels; only the characters from `excerpt_start` to `excerpt_end` were labelled."""

    file: str
    text: str
    excerpt_start: int
    excerpt_end: int
    claims: tuple[Claim, ...]
    traps: tuple[Trap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Documents labelled by hand, and the folder that holds their files."""

    documents: tuple[LabelledDocument, ...]
    data: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Excerpt:
    """A row of documents.csv."""

    file: str
    excerpt_start: int
    excerpt_end: int


Form = TypeVar("Form")


def read_labels(folder: Path, data: Path | None = None) -> Labels:
    """Read a folder of labels and the files they are about; their paths are relative to `data`, by default its sibling.

    A label without a quote stands for the characters at its offsets. Raises BadInput with every row that is not of the
    form, whose file is not there, or whose quote is not what stands at its offsets.
    """
    data = folder.parent / "data" if data is None else data
    excerpts = _read(folder / "documents.csv", _Excerpt)
    claims, traps = _read(folder / "claims.jsonl", Claim), _read(folder / "traps.jsonl", Trap)
    texts = {excerpt.file: _text(data, excerpt.file) for excerpt in excerpts.values()}
    faults = [fault for row, claim in claims.items() if (fault := _misplaced("claims.jsonl", row, claim, texts))]
    faults += [fault for row, trap in traps.items() if (fault := _misplaced("traps.jsonl", row, trap, texts))]
    if faults:
        raise BadInput(faults)
    documents = (
        LabelledDocument(
            file=excerpt.file,
            text=texts[excerpt.file],
            excerpt_start=excerpt.excerpt_start,
            excerpt_end=excerpt.excerpt_end,
            claims=tuple(claim for claim in claims.values() if claim.file == excerpt.file),
            traps=tuple(trap for trap in traps.values() if trap.file == excerpt.file),
        )
        for excerpt in excerpts.values()
    )
    return Labels(documents=tuple(documents), data=data)


def _read(path: Path, form: type[Form]) -> dict[int, Form]:
    """Return the records of a CSV or JSON-lines file by the number of their row, which a message can name."""
    text = _text(path.parent, path.name)
    if path.suffix == ".csv":
        lines = [json.dumps(row) for row in csv.DictReader(io.StringIO(text))]
    else:
        lines = [line for line in text.split("\n") if line.strip()]
    adapter = TypeAdapter(form)
    records: dict[int, Form] = {}
    faults: list[Fault] = []
    for number, line in enumerate(lines, 1):
        try:
            records[number] = adapter.validate_json(line)
        except ValidationError as error:
            for mistake in error.errors():
                where = ".".join((f"row {number}", *map(str, mistake["loc"])))
                found = str(mistake["input"])[:80]
                faults.append(Fault(file=path.name, path=where, found=found, expected=mistake["msg"]))
    if faults:
        raise BadInput(faults)
    return records


def _text(folder: Path, name: str) -> str:
    """Return a file as it stands, line ends included. Raises BadInput for one that is not there, or outside of it."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadInput([Fault(file=name, path="the file", found="a path that leads out", expected=f"in {folder}")])
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput([Fault(file=str(path), path="the file", found=str(error), expected="UTF-8 text")]) from error


def _misplaced(name: str, row: int, label: Claim | Trap, texts: Mapping[str, str]) -> Fault | None:
    if label.file not in texts:
        return Fault(file=name, path=f"row {row}.file", found=label.file, expected="a file of documents.csv")
    passage = texts[label.file][label.char_start : label.char_end]
    is_whole = 0 < len(passage) == label.char_end - label.char_start
    if not is_whole or label.quote not in (None, passage):
        where = f"{label.file}, characters {label.char_start} to {label.char_end}"
        return Fault(file=name, path=f"row {row}.quote", found=repr(passage)[:80], expected=f"what stands in {where}")
    return None
