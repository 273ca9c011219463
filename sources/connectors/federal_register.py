"""Federal Register: presidential documents, and the rules and notices of the departments that carry migration policy.

Publisher: Office of the Federal Register, National Archives. Licence: public domain, 17 U.S.C. 105. A document is known
by its number alone: a genuine executive order may come without the number of an order. Its term is that of the day it
was signed, never of the day it was published, as orders of one president are published under the next. Nothing is
counted here. What the interface does is read from the publisher's own server code; among it, that a search gives no
more than 10,000 documents, counts no more, and says neither.
"""

import re
from collections.abc import Container, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import lxml.etree
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sources import tables, texts
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged
from sources.formats import Format
from sources.model import BRIDGE_START, FIRST_TERM_START, SECOND_TERM_END, SECOND_TERM_START
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="federal_register",
    title="Federal Register: presidential documents, rules and notices",
    publisher="Office of the Federal Register",
    base_url="https://www.federalregister.gov/api/v1",
    licence="public domain",
    tier=1,
    cadence_days=1,
    max_age_days=7,
    # A year without documents of a search is an answer.
    min_rows=0,
    max_rows=100_000,
    max_bytes=64 * MEBIBYTE,
    # Five are allowed (the publisher's word of 2019-04-18).
    requests_per_second=4,
)

PAGE_ROWS = 1000
# What a search gives and counts at most; far from page 50, past which the interface silently answers with page 1.
MOST_DOCUMENTS = 10_000
# None of these but the title, type, number, address and day of publication comes without being asked for.
FIELDS = (
    "document_number",
    "title",
    "type",
    "subtype",
    "signing_date",
    "publication_date",
    "president",
    "citation",
    "html_url",
    "executive_order_number",
    "proclamation_number",
)
# These come as text or as numbers.
NUMBERS = ("executive_order_number", "proclamation_number")
NEEDED = ("document_number", "title", "type", "publication_date", "html_url")
NEEDED_OF_PRESIDENTS = ("subtype", "signing_date")
# The other fields of the interface (its entry_api_configuration), which an act has no place for.
UNREAD = frozenset(
    (
        *("abstract", "action", "agencies", "agency_names", "body_html_url", "cfr_references", "comment_url"),
        *("comments_close_on", "correction_of", "corrections", "dates", "disposition_notes", "docket_id"),
        *("docket_ids", "dockets", "effective_on", "end_page", "excerpts", "executive_order_notes", "explanation"),
        *("full_text_xml_url", "images", "images_metadata", "json_url", "mods_url", "not_received_for_publication"),
        *("page_length", "page_views", "pdf_url", "presidential_document_number", "public_inspection_pdf_url"),
        *("raw_text_url", "regulation_id_number_info", "regulation_id_numbers", "regulations_dot_gov_info"),
        *("regulations_dot_gov_url", "significant", "start_page", "toc_doc", "toc_subject", "topics", "volume"),
    )
)
SEARCH_PARTS = frozenset(("count", "description", "total_pages", "next_page_url", "previous_page_url", "results"))
# In an answer to several numbers.
NOT_FOUND = "not_found"

PRESIDENTIAL = "Presidential Document"
# By the type and, for a presidential document, the subtype.
KINDS = {
    "Rule": "rule",
    "Proposed Rule": "proposed_rule",
    "Notice": "notice",
    "Sunshine Act Document": "notice",
    "Correction": "correction",
    "Uncategorized Document": "other",
    PRESIDENTIAL: "other",
    f"{PRESIDENTIAL}: Determination": "determination",
    f"{PRESIDENTIAL}: Executive Order": "executive_order",
    f"{PRESIDENTIAL}: Memorandum": "memorandum",
    f"{PRESIDENTIAL}: Notice": "notice",
    f"{PRESIDENTIAL}: Other": "other",
    f"{PRESIDENTIAL}: Presidential Order": "presidential_order",
    f"{PRESIDENTIAL}: Proclamation": "proclamation",
}
# From the day after which each is president, by the publisher's own table; its exports leave the president out. On the
# day itself there are two, and nobody is said.
PRESIDENTS = (
    (date(1993, 1, 20), "william-j-clinton"),
    (date(2001, 1, 20), "george-w-bush"),
    (date(2009, 1, 20), "barack-obama"),
    (FIRST_TERM_START, "donald-trump"),
    (BRIDGE_START, "joe-biden"),
    (SECOND_TERM_START, "donald-trump"),
    (SECOND_TERM_END, ""),
)

NUMBER = r"(?:[A-Z][0-9]?-)?[A-Z0-9]{1,4}-[0-9]{1,6}"
CITATION = r"[0-9]{1,3} FR [0-9]{1,6}"
PRESIDENT = r"[a-z]+(?:-[a-z]+)*"
ORDER_NUMBER = r"[0-9]{1,5}(?:-?[A-Z])?"
DAY_FORMS = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"),
    re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})"),
)
A_DAY = "a day such as 2017-01-30 or 1/30/2017"


# --- What to ask ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search of the plan, from its first day on."""

    name: str
    first_day: date
    conditions: tuple[tuple[str, str], ...]


# In the interface's own language: a bar is "or", a quoted phrase stands as it is.
TERMS = (
    "asylum",
    "parole",
    "visa",
    '"deferred action"',
    '"expedited removal"',
    '"migrant protection protocols"',
    '"public charge"',
    '"refugee admissions"',
    '"removal proceedings"',
    '"temporary protected status"',
)
AGENCIES = ("homeland-security-department", "justice-department", "state-department")
SEARCHES = (
    *(
        Search(
            name=f"documents of {president}",
            first_day=first_day,
            conditions=(("conditions[type][]", "PRESDOCU"), ("conditions[president][]", president)),
        )
        for president, first_day in (("donald-trump", FIRST_TERM_START), ("joe-biden", BRIDGE_START))
    ),
    Search(
        name="rules and notices on migration",
        first_day=FIRST_TERM_START,
        conditions=(
            *(("conditions[type][]", kind) for kind in ("RULE", "PRORULE", "NOTICE")),
            *(("conditions[agencies][]", agency) for agency in AGENCIES),
            ("conditions[term]", " | ".join(TERMS)),
        ),
    ),
)


def plan(ask: Ask) -> Plan:
    """Ask for the documents of each search, year of publication by year.

    Raises SourceChanged if pages do not add up to the announced count, or a search finds nothing in any year.
    """
    for search in SEARCHES:
        found = 0
        for start, end in _years(search.first_day, ask.today):
            found += yield from _slice(ask, search, start, end)
        if not found:
            raise SourceChanged(SOURCE.id, f"{search.name}: nothing at all since {search.first_day}")


def _years(start: date, today: date) -> Iterator[tuple[date, date]]:
    """Yield the days up to the end of this year, year by year, both ends included: an address lasts a whole year."""
    while start <= today:
        end = date(start.year, 12, 31)
        yield start, end
        start = end + timedelta(days=1)


def _slice(ask: Ask, search: Search, start: date, end: date) -> Generator[Request, Snapshot, int]:
    """Ask for the documents published on some days, and return how many they are; too many days are halved."""
    numbers: set[str] = set()
    page = count = 0
    while not page or page * PAGE_ROWS < count:
        page += 1
        answer = yield _request(ask, search, start, end, page)
        count, documents = _search(tables.read_json(answer), answer)
        if count >= MOST_DOCUMENTS:
            if start == end:
                raise SourceChanged(SOURCE.id, f"{search.name}: {MOST_DOCUMENTS} documents or more on {start}")
            middle = start + (end - start) // 2
            first = yield from _slice(ask, search, start, middle)
            return first + (yield from _slice(ask, search, middle + timedelta(days=1), end))
        numbers.update(str(document.get("document_number")) for document in documents)
    if len(numbers) != count:
        raise SourceChanged(
            SOURCE.id, f"{search.name}, {start} to {end}: {count} documents announced, {len(numbers)} given"
        )
    return count


def _request(ask: Ask, search: Search, start: date, end: date, page: int) -> Request:
    query = (
        *search.conditions,
        ("conditions[publication_date][gte]", start.isoformat()),
        ("conditions[publication_date][lte]", end.isoformat()),
        *(("fields[]", field) for field in FIELDS),
        # Without an order they come by a score that changes with the day.
        ("order", "oldest"),
        ("per_page", str(PAGE_ROWS)),
        ("page", str(page)),
    )
    return Request(
        key=f"{search.name}, {start} to {end}, page {page}",
        url=f"{ask.base_url}/documents.json?{urlencode(query)}",
        formats=frozenset({Format.JSON}),
    )


def _search(document: Any, snapshot: Snapshot) -> tuple[int, list[dict[str, Any]]]:
    """Return the count and the documents of a search; one that found nothing has no `results` at all.

    Raises SourceChanged for another shape, such as the two that errors have.
    """
    if not isinstance(document, dict) or "count" not in document:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected a search with a count; {_own_words(document)}")
    if unknown := sorted(document.keys() - SEARCH_PARTS - {"errors"}):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: unknown parts {unknown} of a search")
    count, results, pages = document["count"], document.get("results", []), document.get("total_pages")
    if type(count) is not int or count < 0:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: found the count {count!r}; expected a whole number")
    documents = _objects(results, snapshot)
    if len(documents) > count or (count and not documents) or (pages == 1 and len(documents) < count):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: {count} documents announced, {len(documents)} given")
    return count, documents


def _objects(values: Any, snapshot: Snapshot) -> list[dict[str, Any]]:
    if not isinstance(values, list) or not set(map(type, values)) <= {dict}:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected a list of documents; {_own_words(values)}")
    return values


def _own_words(document: Any) -> str:
    """Return what an error says: under `errors` by the name of a condition, or as a `status` and a `message`."""
    if isinstance(document, dict) and (words := document.get("errors") or document.get("message")):
        return f"it says {str(words)[:200]}"
    return f"found {str(document)[:80]!r}"


def canonical(snapshot: Snapshot) -> bytes:
    """Return an answer without page views, which change daily, and without the order of documents of one day."""
    try:
        document = orjson.loads(snapshot.content)
    except orjson.JSONDecodeError:
        return snapshot.content
    results = document.get("results") if isinstance(document, dict) else None
    for part in (document, *(results if isinstance(results, list) else ())):
        if isinstance(part, dict):
            part.pop("page_views", None)
    if isinstance(results, list):
        results.sort(key=lambda part: orjson.dumps(part, option=orjson.OPT_SORT_KEYS))
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


# --- Acts -------------------------------------------------------------------------------------------------------------


def parse(snapshot: Snapshot) -> Parsed:
    """Return an act for each document of a search, a single document or an export; of a full text, a document.

    Searches and single documents are JSON, exports a bare JSON array or CSV with a space before each number, "" for no
    value and days in three forms; full texts are GPO's XML, the HTML that "raw text" is, or the HTML of a body. act_id
    is the document's number; president is the publisher's or, where it names none, who was on the day of signing; a
    rule has none. Raises SourceChanged for an unknown field, type or subtype, or a text that names no document.
    """
    match snapshot.format:
        case Format.JSON:
            return _from_json(snapshot)
        case Format.XML | Format.HTML:
            return _full_text(snapshot)
        case _:
            return _from_csv(snapshot)


def _from_csv(snapshot: Snapshot) -> Parsed:
    quarantine = Quarantine(snapshot)
    names = {name: name for name in FIELDS}
    optional = set(FIELDS) - set(NEEDED)
    frame = tables.read_csv(snapshot, names, quarantine, optional=optional, ignored=UNREAD, has_newlines=True)
    _check_presidential(frame.columns, frame["type"], snapshot)
    cells = {name: frame[name].tolist() if name in frame else [""] * len(frame) for name in FIELDS}
    columns = {name: pa.array(cells[name], pa.string()) for name in FIELDS}
    return _acts(columns, frame.index.tolist(), snapshot, quarantine)


def _from_json(snapshot: Snapshot) -> Parsed:
    quarantine = Quarantine(snapshot)
    columns, rows = _read_json(snapshot, quarantine)
    return _acts(columns, rows, snapshot, quarantine) if rows else Parsed(withheld=quarantine.withheld)


def _read_json(snapshot: Snapshot, quarantine: Quarantine) -> tuple[dict[str, pa.Array], Sequence[int]]:
    """Return the documents of a JSON file as columns of text, and the number of each row."""
    document = tables.read_json(snapshot)
    if isinstance(document, list):
        documents = _objects(document, snapshot)
    elif isinstance(document, dict) and "document_number" in document:
        documents = [document]
    else:
        _, documents = _search(document, snapshot)
        _withhold_not_found(document, len(documents), snapshot, quarantine)
    if not documents:
        return {}, ()
    _check_fields(documents, snapshot)
    rows: Sequence[int] = range(1, len(documents) + 1)
    try:
        return _columns(documents), rows
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        plain = {row: _plain(item, row, quarantine) for row, item in zip(rows, documents, strict=True)}
    rows = [row for row, item in plain.items() if item]
    return _columns([plain[row] for row in rows]), rows


# All documents at once take a third of the time that field by field takes.
_SHAPE = pa.struct(
    [(name, pa.struct([("identifier", pa.string())]) if name == "president" else pa.string()) for name in FIELDS]
)


def _columns(documents: list[Any]) -> dict[str, pa.Array]:
    """Return the fields of documents as columns of text. Raises ArrowTypeError or ArrowInvalid for anything else."""
    batch = pa.RecordBatch.from_struct_array(pa.array(documents, _SHAPE))
    columns = dict(zip(FIELDS, batch.columns, strict=True))
    people = columns["president"]
    columns["president"] = pc.struct_field(people, "identifier")
    if columns["president"].null_count > people.null_count:
        raise pa.ArrowInvalid("a president without an identifier")
    return columns


def _withhold_not_found(document: Any, found: int, snapshot: Snapshot, quarantine: Quarantine) -> None:
    """Set aside the numbers that an answer to several numbers says it has no document for."""
    errors = document.get("errors", {NOT_FOUND: []})
    missing = errors.get(NOT_FOUND) if isinstance(errors, dict) and errors.keys() == {NOT_FOUND} else None
    if not isinstance(missing, list):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: {_own_words(document)}")
    for row, number in enumerate(missing, start=found + 1):
        quarantine.withhold(row, "document_number", f"found no {str(number)[:40]!r}", "a document that exists")


def _check_fields(documents: list[dict[str, Any]], snapshot: Snapshot) -> None:
    """Raise SourceChanged unless every document has the same fields, all known, and those an act needs."""
    fields = frozenset[str]().union(*documents)
    if unknown := sorted(fields.difference(FIELDS, UNREAD)):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: unknown fields {unknown}")
    if len(fields) * len(documents) != sum(map(len, documents)):
        lacking = {row: sorted(fields - item.keys()) for row, item in enumerate(documents, start=1)}
        row, missing = next((row, missing) for row, missing in lacking.items() if missing)
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: document {row} lacks {missing}, which others have")
    if missing := [name for name in NEEDED if name not in fields]:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: missing fields {missing}")
    _check_presidential(fields, (item["type"] for item in documents), snapshot)


def _check_presidential(fields: Container[str], types: Iterable[str], snapshot: Snapshot) -> None:
    """Raise SourceChanged for presidential documents of which nobody could tell the kind and the term."""
    missing = [name for name in NEEDED_OF_PRESIDENTS if name not in fields]
    if missing and PRESIDENTIAL in types:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: presidential documents without {missing}; ask for these")


def _plain(document: dict[str, Any], row: int, quarantine: Quarantine) -> dict[str, Any] | None:
    """Return a document whose numbers are text; one with something else than text in a field of text is set aside."""
    plain: dict[str, Any] = {}
    for name in FIELDS:
        match document.get(name):
            case None:
                plain[name] = None
            case {"identifier": str(identifier)} if name == "president":
                plain[name] = {"identifier": identifier}
            case str(text):
                plain[name] = {"identifier": text} if name == "president" else text
            case int(number) if name in NUMBERS:
                plain[name] = str(number)
            case found:
                quarantine.withhold(row, name, f"found {str(found)[:80]!r}", "text")
                return None
    return plain


def _acts(given: dict[str, pa.Array], rows: Sequence[int], snapshot: Snapshot, quarantine: Quarantine) -> Parsed:
    """Return the acts of columns of text; where the publisher gives nothing, they hold null or ""."""
    columns = {name: _filled(given[name]) if name in NEEDED else _emptied(given[name]) for name in FIELDS}
    columns |= {name: pc.utf8_trim_whitespace(columns[name]) for name in ("document_number", "title")}
    # EO 13849 has its document number where the citation should be.
    is_number = pc.equal(columns["citation"], columns["document_number"])
    if is_number.true_count:
        columns["citation"] = pc.if_else(is_number, None, columns["citation"])
    columns["signed"], columns["published"] = _days(columns["signing_date"]), _days(columns["publication_date"])
    columns["identifiers"] = _joined(
        ";",
        _joined("", "EO ", columns["executive_order_number"]),
        _joined("", "Proclamation ", columns["proclamation_number"]),
        _joined("", "FR Doc ", columns["document_number"]),
        columns["citation"],
    )
    columns = _good(columns, rows, quarantine)
    acts = pd.DataFrame(
        {
            "act_id": _text(columns["document_number"]),
            "kind": _text(_kinds(columns, snapshot)),
            "title": _text(columns["title"]),
            "signing_date": columns["signed"].cast(pa.timestamp("us")).to_numpy(zero_copy_only=False),
            "publication_date": columns["published"].cast(pa.timestamp("us")).to_numpy(zero_copy_only=False),
            "president": _text(_presidents(columns)),
            "citation_url": _text(columns["html_url"]),
            "country_codes": _text(pa.repeat("", len(columns["title"]))),
            "identifiers": _text(columns["identifiers"]),
        }
    )
    return Parsed(acts=acts, withheld=quarantine.withheld)


def _filled(texts: pa.Array) -> pa.Array:
    return texts.fill_null("") if texts.null_count else texts


def _emptied(texts: pa.Array) -> pa.Array:
    is_empty = pc.equal(texts, "")
    return pc.if_else(is_empty, None, texts) if is_empty.true_count else texts


def _joined(separator: str, *parts: Any) -> pa.Array:
    """Return parts as one text each: "" joins all or gives null, another separator leaves missing parts out."""
    handling = "skip" if separator else "emit_null"
    return pc.binary_join_element_wise(*parts, separator, null_handling=handling)


_STR: Any = pd.StringDtype(na_value=np.nan)


def _text(texts: pa.Array) -> Any:
    """Return texts as pandas has them, without its looking at every one of them again."""
    return _STR.__from_arrow__(texts)


def _good(columns: dict[str, pa.Array], rows: Sequence[int], quarantine: Quarantine) -> dict[str, pa.Array]:
    """Return the documents that are whole, each once; the others are set aside with the rule each one breaks."""
    number, published, signed = columns["document_number"], columns["published"], columns["signed"]
    is_signed = pc.is_valid(signed)
    checks = (
        ("document_number", _matches(number, NUMBER), "a document number such as 2017-02095"),
        ("title", pc.not_equal(columns["title"], ""), "a title"),
        ("signing_date", pc.or_(is_signed, pc.is_null(columns["signing_date"])), f"{A_DAY}, or none"),
        (
            "publication_date",
            pc.or_(pc.is_valid(published), pc.and_(is_signed, pc.equal(columns["publication_date"], ""))),
            f"{A_DAY}, or none if there is a day of signing",
        ),
        ("html_url", pc.starts_with(columns["html_url"], "https://"), "an https address"),
        ("citation", _matches(columns["citation"], CITATION), "a citation such as 82 FR 8793, or none"),
        ("executive_order_number", _matches(columns["executive_order_number"], ORDER_NUMBER), "a number, or none"),
        ("proclamation_number", _matches(columns["proclamation_number"], ORDER_NUMBER), "a number, or none"),
        ("president", _matches(columns["president"], PRESIDENT), "a name such as joe-biden, or none"),
    )
    # Null is no value, and breaks no rule: it is neither counted as true nor as false.
    if len(set(number.to_pylist())) == len(number) and not any(is_good.false_count for _, is_good, _ in checks):
        return columns
    index = pd.Index(rows)
    frame = pd.DataFrame({name: _text(_filled(columns[name])) for name in FIELDS}, index=index)
    for column, is_good, rule in checks:
        mask = pd.Series(is_good.fill_null(True).to_numpy(zero_copy_only=False), index=index)
        frame = quarantine.keep(frame, mask[frame.index], column, rule)
    frame = tables.once(frame, ["document_number"], quarantine)
    places = pa.array(index.get_indexer(frame.index), pa.int64())
    return {name: column.take(places) for name, column in columns.items()}


def _matches(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.match_substring_regex(texts, rf"\A(?:{pattern})\z")


def _days(texts: pa.Array) -> pa.Array:
    """Read days; what is none is null."""
    try:
        return pc.cast(texts, pa.date32())
    except pa.ArrowInvalid:
        return pa.array([_day(text or "") for text in texts.to_pylist()], pa.date32())


def _day(text: str) -> date | None:
    for form in DAY_FORMS:
        if match := form.fullmatch(text):
            try:
                return date(int(match["year"]), int(match["month"]), int(match["day"]))
            except ValueError:
                return None
    return None


def _kinds(columns: dict[str, pa.Array], snapshot: Snapshot) -> pa.Array:
    coded = _joined(": ", columns["type"], columns["subtype"]).dictionary_encode()
    found = coded.dictionary.to_pylist()
    if unknown := sorted(set(found) - KINDS.keys()):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: unknown types {unknown[:5]}; known are {sorted(KINDS)}")
    return pa.array([KINDS[label] for label in found], pa.string()).take(coded.indices)


def _presidents(columns: dict[str, pa.Array]) -> pa.Array:
    """Return whose act it is: whom the publisher names or, if nobody, for a presidential document the one in office."""
    stated = columns["president"]
    is_unsaid = pc.and_(pc.is_null(stated), pc.equal(columns["type"], PRESIDENTIAL))
    if not is_unsaid.true_count:
        return _filled(stated)
    changes = np.array([day for day, _ in PRESIDENTS], "datetime64[D]")
    names = np.array(["", *(name for _, name in PRESIDENTS)], object)
    days = columns["signed"].cast(pa.timestamp("s")).to_numpy(zero_copy_only=False).astype("datetime64[D]")
    # No day sorts behind all others, where nobody is named.
    in_office = np.where(np.isin(days, changes), "", names[np.searchsorted(changes, days)])
    return _filled(pc.if_else(is_unsaid, pa.array(in_office, pa.string()), stated))


# --- Full texts -------------------------------------------------------------------------------------------------------

# What stands within a line of GPO's XML: any other element begins and ends one, so that no text is lost to a new one.
INLINE = frozenset(("AC", "E", "FR", "PRTPAGE", "SU"))
# The name of a picture.
UNPRINTED = frozenset(("GID", "MID"))
# What the site puts into a body, such as "Start Printed Page 8793".
PAGE_MARK = "//*[contains(concat(' ', @class, ' '), ' unprinted-element ')]"
NAMED_DOCUMENT = re.compile(r"\[FR Doc(?:\.| No:) ?(" + NUMBER + r")\b")
NAMED_ISSUE = re.compile(
    r"\[Federal Register Volume [0-9]+, Number [0-9]+ \([A-Z][a-z]+, ([A-Z][a-z]+ [0-9]+, [0-9]{4})\)\]"
)
# The line over a title: "Executive Order 13767 of January 25, 2017".
NAMED_ACT = re.compile(
    r"(?:Executive Order|Proclamation|Memorandum|Presidential Determination|Notice|Order)\b.{0,40} of "
    r"[A-Z][a-z]+ [0-9]{1,2}, [0-9]{4}\Z"
)
DAY_IN_ADDRESS = re.compile(r"/([0-9]{4}/[0-9]{2}/[0-9]{2})/")


def _full_text(snapshot: Snapshot) -> Parsed:
    """Return one document: its paragraphs, its number and title, and the day of its issue where that is said."""
    content = tables.read_text(snapshot).replace("\x00", "")
    is_xml = re.match(r"\s*(?:<\?xml[^>]*>\s*)?<[A-Z]+[ />]", content)
    title, text = _from_xml(content, snapshot) if is_xml else _from_html(content, snapshot)
    # A document may cite others; its own number is the last.
    numbers = NAMED_DOCUMENT.findall(text)
    if not numbers or not title:
        raise SourceChanged(
            SOURCE.id,
            f"{snapshot.name}: expected the text of a document with its title and number, [FR Doc. ...]; "
            f"found {title or text[:80]!r}",
        )
    documents = pd.DataFrame(
        {
            "document_id": numbers[-1:],
            "kind": "full_text",
            "title": title,
            "published_date": pd.Series([_published(text, snapshot)], dtype="datetime64[us]"),
            "language": "en",
            "url": f"https://www.federalregister.gov/d/{numbers[-1]}",
            "text": text,
        }
    )
    return Parsed(documents=documents)


def _from_xml(content: str, snapshot: Snapshot) -> tuple[str, str]:
    """Return the title and the paragraphs of GPO's XML. Raises SourceChanged if it is cut off or defines entities."""
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = lxml.etree.fromstring(content.encode(), parser)
    except lxml.etree.XMLSyntaxError as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: not whole XML: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: a document type, which could define entities")
    pieces: list[str] = []
    walker = lxml.etree.iterwalk(root, events=("start", "end"))
    for event, node in walker:
        if not isinstance(node.tag, str):
            continue
        pieces.append("" if node.tag in INLINE else "\n\n")
        if event == "end":
            pieces.append(node.tail or "")
        elif node.tag in UNPRINTED:
            walker.skip_subtree()
        else:
            pieces.append(node.text or "")
    titles = [node for path in (".//SUBJECT", ".//HD[@SOURCE='HED']") for node in root.iterfind(path)]
    return " ".join("".join(titles[0].itertext()).split()) if titles else "", _paragraphs("".join(pieces))


def _from_html(content: str, snapshot: Snapshot) -> tuple[str, str]:
    """Return the title and the paragraphs of a body, or of the lines that "raw text" has in a page."""
    tree = texts.parse_page(content.encode(), SOURCE.id, snapshot.name)
    if (lines := tree.find(".//pre")) is not None:
        text = _paragraphs(lines.text_content())
        return _title(text.split("\n\n")), text
    for mark in tree.xpath(PAGE_MARK):
        mark.drop_tree()
    heading = tree.find(".//h1")
    return texts.text_of(heading) if heading is not None else tree.findtext(".//title") or "", texts.text_of(tree)


def _paragraphs(text: str) -> str:
    blocks = (" ".join(block.split()) for block in re.split(r"\n\s*\n", text))
    return "\n\n".join(block for block in blocks if block)


def _title(blocks: list[str]) -> str:
    """Return the title in plain text: it stands after the line that names an order, or before the agency's."""
    for before, block, after in zip(["", *blocks], blocks, [*blocks[1:], ""], strict=False):
        if NAMED_ACT.match(before) or after.startswith("AGENCY:"):
            return block
    return ""


def _published(text: str, snapshot: Snapshot) -> date | None:
    """Return the day of the issue, from the text or the address it came from; XML and bodies do not say it."""
    for words, form, order in ((text, NAMED_ISSUE, "%B %d, %Y"), (snapshot.url, DAY_IN_ADDRESS, "%Y/%m/%d")):
        if match := form.search(words):
            try:
                return datetime.strptime(match[1], order).date()
            except ValueError:
                continue
    return None
