"""The PDF as an archive: it carries the evidence it rests on, says what it is, and can be checked by itself.

Five files are attached to every report, whatever its kind: rows.csv and rows.json (each row and the states behind it),
statements.json (every statement that may be cited, with its source, dates, locator and the hash of its passage, and
the searches, disputes, legal acts and gathered sources beside them; no quotation), numbers.csv (each gathered number
that a chart or table uses, what is added up of them, and the figures of exposure) and manifest.json.
A report with an annex carries its lines too (annex.csv).

The manifest says what the edition was made from, what is counted on its pages, and the hash of each attachment, each
page and each font. Its own hash stands in the XMP metadata, and the second half of the file's /ID is the hash of the
whole file (`seal`). `reports/verify.py` checks all of it and says what that is worth.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import jinja2
import pikepdf
import pypdfium2
from pydantic import TypeAdapter

from reports import annex, exposure, sentences, series, tables, toolchain
from reports.changes import Cause, Changed
from reports.comparison import Row
from reports.edition import Edition, canonical_json
from reports.exposure import Exposure
from reports.language import Language
from reports.proposals import Unreviewed
from reports.sections import cover, method, plain, summary
from reports.series import LegalAct, Number, SourceState
from reports.state import Clock
from sources.codebook import Codebook
from sources.countries import REGION_COUNTRIES
from sources.model import (
    Certainty,
    Comparison,
    Contradiction,
    Degree,
    Existence,
    Instrument,
    Outcome,
    Presence,
    Search,
    Side,
    Statement,
)

ROWS, STATEMENTS, MANIFEST = "rows.json", "statements.json", "manifest.json"

_ID = re.compile(rb"/ID \[ ?<([0-9a-f]{32})> ?<([0-9a-f]{32})> ?\]")
_BLANK = b"0" * 32
# What stands in the metadata of every report, which are not packed.
MARKS = (b"<xmp:CreatorTool>policydiff<", b"policydiff:edition:", b"policydiff:manifest:")
# What a page says of its place in the file, not of what it shows.
_BESIDE_CONTENT = frozenset({"/Parent", "/P", "/StructParent", "/StructParents", "/Resources"})
# How a stream is packed, not what it holds.
_PACKING = frozenset({"/Length", "/Filter", "/DecodeParms"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file in the PDF; `relationship` is what it is to the report (ISO 32000-2, 7.11.3)."""

    name: str
    mime_type: str
    relationship: str
    description: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRow:
    """A row that says something else than it did: what it said (None for a row that is new), why, and what is new."""

    code: str
    cause: Cause
    existence: Existence | None = None
    degree: Degree | None = None
    certainty: Certainty | None = None
    outcome: Outcome | None = None
    today: Presence | None = None
    new_statement_ids: tuple[str, ...] = ()
    new_search_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsFile:
    """What rows.json holds: the clocks, the codebook's version and hashes, its instruments, the rows, what changed."""

    clock: Clock
    codebook: str
    codebook_sha256: Mapping[str, str]
    instruments: tuple[Instrument, ...]
    rows: tuple[Row, ...]
    changed: tuple[ChangedRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementsFile:
    """What statements.json holds: everything that a row, a note or a table of the report may cite."""

    statements: tuple[Statement, ...]
    searches: tuple[Search, ...]
    contradictions: tuple[Contradiction, ...]
    acts: tuple[LegalAct, ...]
    gathered_sources: tuple[SourceState, ...]
    machine_read: tuple[Unreviewed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the manifest says of a page: its hash, and a short one of each line of its text."""

    sha256: str
    lines_sha256: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a check reads in the manifest: the hash of each attachment, each page and each thing pages draw with."""

    edition: str
    inputs: dict[str, Any]
    attachments: dict[str, str]
    resources: dict[str, str]
    pages: tuple[Page, ...]


_ROWS = TypeAdapter(RowsFile)
_STATEMENTS = TypeAdapter(StatementsFile)
_MANIFEST = TypeAdapter(Manifest)
_INSTRUMENTS = TypeAdapter(tuple[Instrument, ...])
# What an instrument of rows.json leaves to statements.json, and what only the reader of documents needs.
_ELSEWHERE = {"statements", "searches", "contradictions", "wording"}
_ALL_BUT_ID = {field.name for field in fields(Instrument)} - {"id"}


# --- What is attached ------------------------------------------------------------------------------------------------


def attachments(edition: Edition) -> tuple[Attachment, ...]:
    """Return the files a report carries, all but the manifest."""
    return (
        Attachment(
            name="rows.csv",
            mime_type="text/csv",
            relationship="Data",
            description="The rows of the report, one for each comparison",
            content=tables.as_csv(edition.all_rows).encode(),
        ),
        Attachment(
            name=ROWS,
            mime_type="application/json",
            relationship="Data",
            description="The rows with the states and rules that decided them, and their instruments",
            content=_rows_json(edition),
        ),
        Attachment(
            name=STATEMENTS,
            mime_type="application/json",
            relationship="Data",
            description="The statements the report rests on, with their sources, dates, locators and hashes",
            content=_statements_json(edition),
        ),
        Attachment(
            name="numbers.csv",
            mime_type="text/csv",
            relationship="Data",
            description="The gathered numbers of charts and tables, and what is added up of them",
            content=_numbers_csv(edition),
        ),
        *_annex(edition),
    )


def _annex(edition: Edition) -> Iterator[Attachment]:
    if edition.request.annex:
        yield Attachment(
            name="annex.csv",
            mime_type="text/csv",
            relationship="Data",
            description="The lines of the annex: every gathered number and legal act in the scope of the report",
            content=annex.as_csv(annex.blocks(edition)).encode(),
        )


def _rows_json(edition: Edition) -> bytes:
    shown = RowsFile(
        clock=edition.request.clock,
        codebook=edition.codebook.version,
        codebook_sha256=edition.codebook.file_sha256,
        instruments=_instruments(edition),
        rows=edition.all_rows,
        changed=tuple(_changed(one) for one in edition.changes),
    )
    return _ROWS.dump_json(
        shown,
        exclude_defaults=True,
        exclude={"instruments": {"__all__": _ELSEWHERE}, "rows": {"__all__": {"instrument": _ALL_BUT_ID}}},
    )


def _changed(changed: Changed) -> ChangedRow:
    then = changed.then
    return ChangedRow(
        code=changed.row.code,
        cause=changed.cause,
        existence=then.existence if then else None,
        degree=then.degree if then else None,
        certainty=then.certainty if then else None,
        outcome=then.outcome if then else None,
        today=then.today if then else None,
        new_statement_ids=tuple(s.id for s in changed.new_statements),
        new_search_ids=tuple(search.id for search in changed.new_searches),
    )


def _instruments(edition: Edition) -> tuple[Instrument, ...]:
    """Return the instruments of all rows, those of the context too, with the codings of these rows.

    A coding counts as known, as in `reports/explain.py`, when all it rests on was known.
    """
    places: dict[str, set[str]] = defaultdict(set)
    for row in edition.all_rows:
        places[row.instrument.id].add(row.country_code)
    statements, as_of = edition.codebook.statements, edition.request.clock.as_of
    return tuple(
        replace(
            instrument,
            codings=tuple(
                coding
                for coding in instrument.codings
                if places[instrument.id] & set(coding.country_codes)
                and all(statements[i].known_from <= as_of for i in coding.statement_ids)
            ),
        )
        for instrument in edition.codebook.instruments
        if instrument.id in places
    )


def _citable(edition: Edition, instrument: Instrument) -> tuple[Statement, ...]:
    """Return what a sheet may cite of an instrument, and what its codings rest on beside that."""
    cited = {s.id: s for s in edition.statements_of(instrument)}
    rest = {i for coding in instrument.codings for i in coding.statement_ids} - cited.keys()
    return (*cited.values(), *(s for s in instrument.statements if s.id in rest))


def _statements_json(edition: Edition) -> bytes:
    about = _instruments(edition)
    linked = [act for instrument in about for act in edition.acts_of(instrument)]
    of_places = [act for found in _exposures(edition) for act in (*found.deals, *found.decisions)]
    cited = StatementsFile(
        statements=tuple(s for instrument in about for s in _citable(edition, instrument)),
        searches=tuple(search for instrument in about for search in edition.searches_of(instrument)),
        contradictions=tuple(dispute for instrument in about for dispute in instrument.contradictions),
        acts=tuple({act.act_id: act for act in (*linked, *of_places)}.values()),
        gathered_sources=edition.gathered.sources,
        # Nothing is quoted here: the words of a claim that nobody has reviewed stay in the store.
        machine_read=tuple(
            replace(claim, proposal=replace(claim.proposal, quote="")) for claim in edition.machine_read or ()
        ),
    )
    return _STATEMENTS.dump_json(cited, exclude_defaults=True)


def _numbers_csv(edition: Edition) -> bytes:
    """Return the numbers that are printed, exactly; a page rounds them. `kind` says what a line is.

    observation: what a source gives. added: its groups added up, as a chart draws them. sum: a line over a term, with
    the days that it covers. disputed: what a source comes to in a period that another gives otherwise. exposure: a
    figure of the section of that name.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        (
            *("kind", "source_id", "measure", "country_code", "population", "start_date", "end_date", "value", "unit"),
            *("unit_of_count", "covered_days", "days", "snapshot_sha256"),
        )
    )
    used = series.of_places(edition.gathered.numbers, edition.request.country_codes)
    writer.writerows(("observation", *_cells(n), n.snapshot_sha256) for n in used)
    writer.writerows(_added_up(used, edition.request.clock.on))
    writer.writerows(_disputed(used))
    for found in _exposures(edition):
        for reading in found.readings:
            sources = ";".join(wanted.source_id for wanted in reading.measure.series)
            for f in reading.figures:
                of_year = (sources, reading.measure.id, found.country_code, "", f.interval.start, f.interval.end)
                days, snapshots = f.interval.days, ";".join(f.snapshot_sha256)
                writer.writerow(("exposure", *of_year, f.value, f.unit, f.unit_of_count, days, days, snapshots))
    return out.getvalue().encode()


def _cells(n: Number) -> tuple[object, ...]:
    """Return a number in the columns of numbers.csv, without its kind and its snapshot."""
    of_line = (n.source_id, n.measure, n.country_code, n.population)
    days = n.interval.days
    return (*of_line, n.interval.start, n.interval.end, n.value, n.unit, n.unit_of_count, days, days)


def _added_up(used: Sequence[Number], on: date) -> Iterator[tuple[object, ...]]:
    """Yield what is added up of the groups of a source, and over the terms."""
    given = set(used)
    for line in series.lines(used):
        yield from (("added", *_cells(n), "") for n in line.numbers if n not in given)
        for term in series.terms(on):
            if line.is_flow and (summed := series.total(line, term)):
                of_line = (line.source_id, line.measure, line.country_code, line.population)
                counted = (summed.value, line.unit, line.unit_of_count, summed.covered_days, term.days)
                yield "sum", *of_line, term.start, term.end, *counted, ""


def _disputed(used: Sequence[Number]) -> Iterator[tuple[object, ...]]:
    """Yield each side of the disagreements between sources."""
    for dispute in series.disagreements(used):
        when, days = (dispute.interval.start, dispute.interval.end), dispute.interval.days
        for source_id, value in dispute.values:
            of_source = (source_id, dispute.measure, dispute.country_code, "", *when)
            yield "disputed", *of_source, value, dispute.unit, dispute.unit_of_count, days, days, ""


def _exposures(edition: Edition) -> tuple[Exposure, ...]:
    places = edition.request.country_codes or REGION_COUNTRIES
    return exposure.of_countries(edition.gathered, places, edition.request.clock.on)


# --- The manifest ----------------------------------------------------------------------------------------------------


def description(edition: Edition) -> dict[str, object]:
    """Return what a manifest says of an edition: what it was made from and with, and what is counted in it."""
    return {
        "edition": edition.id,
        "inputs": edition.inputs,
        "rows": [row.code for row in edition.all_rows],
        "statements": [s.id for s in edition.statements],
        "counts": counts(edition),
        "tools": toolchain.tools(),
    }


def counts(edition: Edition) -> dict[str, int]:
    """Return what is counted on the pages, by name; rows are instrument-country cells.

    `<comparison>.<headline>` counts rows by what became of them, `outcome.<outcome>` those with a projection. What
    composed sentences count has the name of its claim, with the instrument before it in the lead of a sheet.
    """
    language = Language(edition.request.language)
    on_cover, in_method, coverage = cover.build(edition, language), method.build(edition, language), edition.coverage
    rows = edition.of(Comparison.FIRST_VS_ACTUAL)
    headlines = Counter(f"{row.comparison}.{row.change.existence}" for row in edition.rows)
    outcomes = Counter(f"outcome.{row.outcome}" for row in rows if row.claims)
    causes = Counter(f"changed.{changed.cause}" for changed in edition.changes)
    return {
        "rows": coverage.cells,
        "rows_in_force_in_both_terms": on_cover.held,
        "rows_begun_in_the_second_term": on_cover.began,
        "rows_with_a_projection": sum(bool(row.claims) for row in rows),
        "rows_projected": coverage.cells - coverage.unknown[Side.PROJECTED],
        **{f"rows_unknown.{side}": count for side, count in coverage.unknown.items()},
        **{f"states_of_evidence.{letter}": count for letter, count in coverage.letters.items()},
        **dict(sorted((headlines | outcomes | causes).items())),
        "instruments": on_cover.instruments,
        "statements": on_cover.statements,
        "statements_read_by_another": in_method.reviewed,
        "publications": on_cover.sources,
        "codings": in_method.codings,
        "codings_made_twice": in_method.coded_twice,
        "gathered_numbers": len(edition.gathered.numbers),
        "gathered_acts": len(edition.gathered.acts),
        "gathered_sources": len(edition.gathered.sources),
        "withheld_rows": edition.withheld_rows,
        "changed_rows": len(edition.changes),
        "changed_headlines": sum(changed.is_headline for changed in edition.changes),
        **{f"annex.{source_id}": count for source_id, count in annex.counts(edition).items()},
        **_told(edition, language),
    }


def _told(edition: Edition, language: Language) -> dict[str, int]:
    """Return what composed sentences count."""
    in_plain_words, in_summary = plain.build(edition, language), summary.build(edition, language)
    told = sentences.counts((*(in_plain_words.sentences if in_plain_words else ()), *in_summary.sentences))
    for instrument in edition.instruments:
        rows = [row for row in edition.rows if row.instrument.id == instrument.id]
        lead = chain.from_iterable(sentences.lead(rows, edition.request.clock, language))
        told |= {f"{instrument.id}.{key}": count for key, count in sentences.counts(lead).items()}
    return dict(sorted(told.items()))


# --- Making the archive ----------------------------------------------------------------------------------------------


def enclose(content: bytes, edition: Edition) -> bytes:
    """Return a tagged PDF made by `reports.render.pdf` as PDF/UA-1 and PDF/A-3a, with attachments and sealed.

    The same bytes for the same PDF and edition.
    """
    attached = attachments(edition)
    day = f"D:{edition.request.clock.as_of:%Y%m%d}000000Z"
    with pikepdf.open(io.BytesIO(content)) as document:
        its_manifest = Attachment(
            name=MANIFEST,
            mime_type="application/json",
            relationship="Supplement",
            description="What the report was made from and with, what it counts, and the hash of each of its parts",
            content=canonical_json(
                {
                    **description(edition),
                    "attachments": {one.name: _sha256(one.content) for one in attached},
                    "resources": resources(document),
                    "pages": [
                        {"sha256": hash_of_page(page), "lines_sha256": hashes_of_lines(text)}
                        for page, text in zip(document.pages, read_text(content), strict=True)
                    ],
                }
            ).encode(),
        )
        document.Root["/AF"] = pikepdf.Array()
        for one in (*attached, its_manifest):
            document.attachments[one.name] = pikepdf.AttachedFileSpec(
                document,
                one.content,
                filename=one.name,
                description=one.description,
                mime_type=one.mime_type,
                relationship=pikepdf.Name(f"/{one.relationship}"),
                creation_date=day,
                mod_date=day,
            )
            document.Root["/AF"].append(document.attachments[one.name].obj)
        document.Root["/Metadata"] = document.make_stream(
            _metadata(document, edition, _sha256(its_manifest.content)),
            Type=pikepdf.Name.Metadata,
            Subtype=pikepdf.Name.XML,
        )
        out = io.BytesIO()
        document.save(out, deterministic_id=True, linearize=False)
    return _sealed(out.getvalue())


def _metadata(document: pikepdf.Pdf, edition: Edition, manifest_sha256: str) -> bytes:
    """Return the XMP packet; title, description and producer are those the renderer wrote."""
    template = jinja2.Template((Path(__file__).parent / "metadata.xmp.j2").read_text(encoding="utf-8"), autoescape=True)
    packet: str = template.render(
        title=str(document.docinfo["/Title"]),
        description=str(document.docinfo["/Subject"]),
        producer=str(document.docinfo["/Producer"]),
        language=edition.request.language,
        day=edition.request.clock.as_of.isoformat(),
        edition_name=name_of_edition(edition.id),
        manifest_name=name_of_manifest(manifest_sha256),
    )
    return packet.encode()


def name_of_edition(edition_id: str) -> str:
    """Return the name of an edition in the metadata."""
    return f"policydiff:edition:{edition_id}"


def name_of_manifest(sha256: str) -> str:
    """Return the name of a manifest in the metadata."""
    return f"policydiff:manifest:{sha256}"


def _sealed(content: bytes) -> bytes:
    """Write the seal in place of the identifier the writer put there; both have the same length."""
    start, end = _seal_span(content)
    return content[:start] + seal(content).encode() + content[end:]


def seal(content: bytes) -> str:
    """Return the first half of the SHA-256 of a whole file in which the second half of its /ID is blank."""
    start, end = _seal_span(content)
    return _sha256(content[:start] + _BLANK + content[end:])[: len(_BLANK)]


def written_seal(content: bytes) -> str | None:
    """Return the seal that stands in a file, or None where its /ID is not one that a report has."""
    found = list(_ID.finditer(content))
    return found[0][2].decode() if len(found) == 1 else None


def _seal_span(content: bytes) -> tuple[int, int]:
    (match,) = _ID.finditer(content)
    return match.span(2)


# --- Hashes of the parts ---------------------------------------------------------------------------------------------


def hash_of_page(page: pikepdf.Page) -> str:
    """Return a hash of a page: what it draws, its size, and where its links lead."""
    return _digest(page.obj)


def resources(document: pikepdf.Pdf) -> dict[str, str]:
    """Return a hash of each font, picture and other thing the pages draw with, by kind and name.

    The renderer gives all pages it lays out together the same resources; those of the pieces bound into a report are
    told apart by the number of the piece.
    """
    given = {page.Resources.objgen: page.Resources for page in document.pages}
    return {
        f"{kind}{name}" + (f" of piece {number}" if number else ""): _digest(value)
        for number, held in enumerate(given.values())
        for kind, members in sorted(held.items())
        if isinstance(members, pikepdf.Dictionary)
        for name, value in sorted(members.items())
    }


def _digest(value: Any) -> str:
    """Return a hash of a PDF object and all it holds; how it is packed and numbered does not matter."""
    return _sha256("\n".join(_parts(value, set())).encode())


def _parts(value: Any, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Yield an object's parts in a fixed order; `seen` are the numbered objects met, so that a circle ends."""
    if isinstance(value, pikepdf.Object) and value.is_indirect:
        if value.objgen in seen:
            yield "again"
            return
        seen.add(value.objgen)
    match value:
        case pikepdf.Stream():
            yield from _parts_of_dictionary(value, seen)
            yield _sha256(value.read_bytes())
        case pikepdf.Dictionary():
            yield from _parts_of_dictionary(value, seen)
        case pikepdf.Array():
            yield "["
            for item in value:
                yield from _parts(item, seen)
            yield "]"
        case pikepdf.Object():
            yield value.unparse().decode("latin-1")
        case _:
            yield str(value)


def _parts_of_dictionary(value: pikepdf.Object, seen: set[tuple[int, int]]) -> Iterator[str]:
    yield "<<"
    for name, item in sorted(value.items(), key=lambda pair: pair[0]):
        if name not in _BESIDE_CONTENT and not (name in _PACKING and isinstance(value, pikepdf.Stream)):
            yield name
            yield from _parts(item, seen)
    yield ">>"


def read_text(content: bytes) -> list[str]:
    """Return the text of each page."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [document[number].get_textpage().get_text_bounded() for number in range(len(document))]
    finally:
        document.close()


def hashes_of_lines(text: str) -> list[str]:
    """Return a short hash of each line of a page's text, so that a line that was altered can be named."""
    return [_sha256(line.encode())[:8] for line in text.splitlines()]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- Reading it back -------------------------------------------------------------------------------------------------


def manifest(content: bytes) -> Manifest:
    """Read a manifest; pydantic's ValidationError if it is none."""
    return _MANIFEST.validate_json(content)


def attached(content: bytes) -> dict[str, bytes]:
    """Return the files attached to a report, by name."""
    with pikepdf.open(io.BytesIO(content)) as document:
        return {name: document.attachments[name].get_file().read_bytes() for name in document.attachments}


def opened(files: Mapping[str, bytes]) -> tuple[Codebook, Clock, tuple[Row, ...]]:
    """Return what the attachments of a report say: its codebook (what was in scope), its clocks and its rows.

    Raises pydantic's ValidationError for files of another form, as another version of this program writes them.
    """
    cited = _STATEMENTS.validate_json(files[STATEMENTS])
    shown = json.loads(files[ROWS])
    for instrument in shown["instruments"]:
        instrument["statements"] = [s for s in cited.statements if s.instrument_id == instrument["id"]]
        instrument["searches"] = [s for s in cited.searches if s.instrument_id == instrument["id"]]
        instrument["contradictions"] = [c for c in cited.contradictions if c.instrument_id == instrument["id"]]
    instruments = {one.id: one for one in _INSTRUMENTS.validate_python(shown["instruments"])}
    for row in shown["rows"]:
        row["instrument"] = instruments[row["instrument"]["id"]]
    read = _ROWS.validate_python({**shown, "instruments": tuple(instruments.values())})
    book = Codebook(instruments=read.instruments, version=read.codebook, file_sha256=read.codebook_sha256)
    return book, read.clock, read.rows
