"""An edition made again: what its manifest promised, and what is not as it was then.

Pure but for the tools of this machine (`reports/toolchain.py`). What an edition is made from must be the same, or it is
another edition; what it is made with may differ as long as the bytes come out the same.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Required

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from reports import toolchain
from reports.edition import Edition
from sources.errors import BadInput, Fault

_SHOWN_DIGITS = 12


class Inputs(TypedDict, total=False):
    """What an edition was made from, as `Edition.inputs` says it: the request's fields beside what is named here."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    codebook_sha256: Required[dict[str, str]]
    machine_read_sha256: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """What a manifest says of a file of the edition: its hash and its size."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the manifest beside an edition's files says of it: inputs, what it was made with, and its files by name."""

    edition: str
    inputs: Inputs
    tools: dict[str, str]
    fonts_sha256: dict[str, str]
    code_sha256: dict[str, str]
    files: dict[str, PublishedFile]


_PROMISE = TypeAdapter(Promise)


def read(content: bytes, name: str) -> Promise:
    """Read the manifest that stands beside an edition's files; BadInput names each key that is missing or wrong."""
    try:
        return _PROMISE.validate_json(content)
    except ValidationError as error:
        faults = [
            Fault(
                file=name,
                path=".".join(str(part) for part in detail["loc"]) or ".",
                found=repr(detail["input"])[:80],
                expected=f"the manifest of an edition ({detail['msg']})",
            )
            for detail in error.errors()
        ]
        raise BadInput(faults) from error


def other_inputs(promise: Promise, made: Edition, name: str) -> list[Fault]:
    """Return each input of an edition that is not the one its manifest `name` gives; none if it is the same edition."""
    unlike = list(_unlike("inputs", promise.inputs, made.inputs)) or _unlike("edition", promise.edition, made.id)
    return [Fault(file=name, path=path, found=f"{now} here", expected=then) for path, then, now in unlike]


def _unlike(path: str, then: Any, now: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the path of each value that is not the same, with both values in short."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in sorted(then.keys() | now.keys()):
            yield from _unlike(f"{path}.{key}", then.get(key), now.get(key))
    elif isinstance(then, list) and isinstance(now, list):
        if lost := [value for value in then if value not in now]:
            yield path, _short(lost), "not among those"
        if added := [value for value in now if value not in then]:
            yield path, "not among those", _short(added)
    elif then != now:
        yield path, _short(then), _short(now)


def _short(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case list():
            return ", ".join(map(_short, value))
        case str() if len(value) == hashlib.sha256().digest_size * 2:
            return value[:_SHOWN_DIGITS]
        case _:
            return str(value)


def other_making(promise: Promise) -> list[str]:
    """Return in words what the edition was made with and what stands here instead: tools, fonts, files of the code."""
    compared = (
        ("tool", promise.tools, toolchain.tools()),
        ("font", promise.fonts_sha256, toolchain.fonts()),
        ("code", promise.code_sha256, toolchain.code()),
    )
    return [
        f"{path.replace('.', ' ', 1)}: {then} then, {now} here"
        for what, recorded, here in compared
        for path, then, now in _unlike(what, recorded, here)
    ]


def other_files(promise: Promise, made: Mapping[str, bytes]) -> list[str]:
    """Return the names of the promised files that were not made, or not with the same bytes."""
    return [
        name
        for name, file in promise.files.items()
        if name not in made or hashlib.sha256(made[name]).hexdigest() != file.sha256
    ]
