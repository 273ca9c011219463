"""Temporary Protected Status: designations, extensions and terminations as published in the Federal Register.

Publisher: MigrantUSA, from the Federal Register. Licence: CC BY 4.0. One act is one document of the Federal Register
from 1994 on; the designations of 1991 to 1993 are not in it. An act says what was published, not what is in force: a
published termination may be vacated, enjoined or superseded (the dataset's own warning; 8 U.S.C. 1254a is the statute).
The dataset's makers read countries and actions from the titles alone; the CSV form leaves both out, so that they are
read from the titles here, by the same words.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from sources import country_names, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="tps_designations",
    title="Actions on Temporary Protected Status",
    publisher="MigrantUSA",
    base_url="https://migrantusa.com/data/datasets",
    licence="CC BY 4.0",
    tier=2,
    cadence_days=31,
    max_age_days=92,
    max_rows=10_000,
    max_bytes=16 * MEBIBYTE,
)

FILE = "/tps_designation_history.json"
PARTS = ("_meta", "countries", "action_totals", "actions")
TEXTS = {
    "date": "publication_date",
    "type": "type",
    "title": "title",
    "document_number": "act_id",
    "citation": "citation",
    "url": "citation_url",
    "scope": "scope",
}
LISTS = ("countries", "actions")
# Other texts of a document that an act has no place for.
UNREAD = ("effective_on", "pdf_url", "agency")

TYPES = {"Notice": False, "Rule": False, "Uncategorized Document": False, "Correction": True}
SCOPES = {"country": False, "program_wide": True}
DOCUMENT_NUMBER = r"(?:[A-Z][0-9]?-)?[A-Z0-9]{1,4}-[0-9]{1,6}"
# The Federal Register numbers a correction of 2018-00885 as C1-2018-00885.
CORRECTION_NUMBER = r"C[0-9]?-"
SHAPES = {
    "act_id": (DOCUMENT_NUMBER, "a document number such as 2018-00885"),
    "title": (r"\S(?:.*\S)?", "a title"),
    "citation": (r"[0-9]{1,3} FR [0-9]{1,6}|", "a citation such as 83 FR 2654, or none"),
    "citation_url": (r"https://\S+", "an https address"),
}

# The dataset's actions, and the words of a title they are read from.
WORDS = {
    "vacatur": r"\bvacat",
    "rescission": r"\bresci",
    "termination": r"\bterminat",
    "redesignation": r"\bredesignat",
    "designation": r"\bdesignat",
    "extension": r"\bexten",
    "continuation": r"\bcontinu",
    "ead_auto_extension": r"\bexten\w*.*\bemployment authorization\b",
    "re_registration": r"\bre-?regist",
    "correction": r"\bcorrect",
}
# A title names several actions, such as the designation that is extended: the first of these is the act's kind.
KINDS = {
    "correction": "tps_correction",
    "vacatur": "tps_vacatur",
    "rescission": "tps_rescission",
    "termination": "tps_termination",
    "redesignation": "tps_redesignation",
    "re_registration": "tps_registration",
    "continuation": "tps_continuation",
    "ead_auto_extension": "tps_work_permit_extension",
    "extension": "tps_extension",
    "designation": "tps_designation",
}
OTHER_KIND = "tps_other"
# What the dataset's words miss: a hyphen, and what is extended where it is no designation.
RE_DESIGNATION = re.compile(r"\bre-\s*designat")
REGISTRATION = re.compile(r"\bregistration period")
WORK_PERMIT = re.compile(r"\b(?:work|employment) authorization\b")

# The dataset's countries, by the beginnings of their and their peoples' names in a title.
COUNTRIES = {
    "Afghanistan": r"\bafghan",
    "Angola": r"\bangola",
    "Bosnia-Herzegovina": r"\bbosnia",
    "Burundi": r"\bburundi",
    "Cameroon": r"\bcameroon",
    "El Salvador": r"\bsalvador",
    "Ethiopia": r"\bethiopia",
    "Guinea": r"\bguinea\b(?!-)",
    "Guinea-Bissau": r"\bguinea-\s*bissau\b",
    "Haiti": r"\bhaiti",
    "Honduras": r"\bhondura",
    "Kosovo": r"\bkosovo",
    "Lebanon": r"\bleban",
    "Liberia": r"\bliberia",
    "Montserrat": r"\bmontserrat",
    "Myanmar (Burma)": r"\b(?:burm|myanmar)",
    "Nepal": r"\bnepal",
    "Nicaragua": r"\bnicaragua",
    "Rwanda": r"\brwanda",
    "Sierra Leone": r"\bsierra leone",
    "Somalia": r"\bsomali",
    "South Sudan": r"\bsouth sudan",
    "Sudan": r"(?<!south )\bsudan",
    "Syria": r"\bsyria",
    "Ukraine": r"\bukrain",
    "Venezuela": r"\bvenezuela",
    "Yemen": r"\byemen",
}
# One title has a stray blank, and the dataset takes it for the other Guinea.
GUINEA_BISSAU = re.compile(r"\bguinea- bissau\b")


def plan(ask: Ask) -> Plan:
    """Ask for the one file."""
    yield Request(key="history", url=ask.base_url + FILE, formats=frozenset({Format.JSON}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return one act for each document of the Federal Register; both forms of the dataset give the same.

    act_id is the document number. A correction is an act of its own kind, so that no termination counts twice. A
    document that names no country, as a rule for the whole programme does, has no country_codes. Raises SourceChanged
    for an unknown field, type, action or country, and for a list that is not as long as the file says.
    """
    quarantine = Quarantine(snapshot)
    frame = _from_json(snapshot, quarantine) if snapshot.format is Format.JSON else _from_csv(snapshot, quarantine)
    # The Federal Register's own lists have a blank before the number.
    frame["act_id"] = frame["act_id"].str.strip()
    frame = tables.once(frame, ["act_id"], quarantine)
    for column, (pattern, rule) in SHAPES.items():
        frame = quarantine.keep(frame, frame[column].str.fullmatch(pattern), column, rule)
    frame = tables.days(frame, "publication_date", "%Y-%m-%d", quarantine)
    is_correction = tables.labels(frame, "type", TYPES, snapshot).astype(bool) | frame["act_id"].str.match(
        CORRECTION_NUMBER
    )
    titles = frame["title"].str.casefold()
    acts = pd.DataFrame(
        {
            "act_id": frame["act_id"],
            "kind": _kinds(frame["actions"], titles, is_correction),
            "title": frame["title"],
            "signing_date": pd.NaT,
            "publication_date": frame["publication_date"],
            "president": "",
            "citation_url": frame["citation_url"],
            "country_codes": _codes(frame["countries"], titles),
            "identifiers": _joined("FR Doc " + frame["act_id"], frame["citation"]),
        }
    )
    return Parsed(acts=acts, withheld=quarantine.withheld)


def _from_json(snapshot: Snapshot, quarantine: Quarantine) -> pd.DataFrame:
    document = tables.read_json(snapshot)
    if not isinstance(document, dict) or set(document) != set(PARTS):
        found = sorted(document) if isinstance(document, dict) else type(document).__name__
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: found {found}; expected the parts {list(PARTS)}")
    meta, actions = document["_meta"], document["actions"]
    if not isinstance(actions, list) or not all(isinstance(action, dict) for action in actions):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: actions is no list of documents")
    promised = meta.get("tps_actions_kept") if isinstance(meta, dict) else None
    if promised != len(actions):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: has {len(actions)} actions and says it has {promised!r}")
    known = {*TEXTS, *LISTS, *UNREAD}
    rows = {}
    for number, action in enumerate(actions, start=1):
        if set(action) != known:
            raise SourceChanged(
                SOURCE.id, f"{snapshot.name}: action {number} has fields {sorted(action)}; expected {sorted(known)}"
            )
        if bad := [name for name in (*TEXTS, *LISTS) if not _is_sound(name, action[name])]:
            quarantine.withhold(number, min(bad), f"found {action[min(bad)]!r:.60}", "a text, or a list of texts")
            continue
        texts = {ours: action[name] or "" for name, ours in TEXTS.items()}
        rows[number] = texts | {name: tuple(action[name]) for name in LISTS}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=[*TEXTS.values(), *LISTS])
    _check_known(frame["actions"], WORDS, "actions", snapshot)
    _check_known(frame["countries"], COUNTRIES, "countries", snapshot)
    return frame


def _is_sound(name: str, value: Any) -> bool:
    if name in LISTS:
        return isinstance(value, list) and all(isinstance(part, str) for part in value)
    return value is None or isinstance(value, str)


def _check_known(lists: "pd.Series[Any]", known: Collection[str], name: str, snapshot: Snapshot) -> None:
    if unknown := sorted({part for parts in lists for part in parts} - set(known)):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: unknown {name} {unknown[:5]}; known are {sorted(known)}")


def _from_csv(snapshot: Snapshot, quarantine: Quarantine) -> pd.DataFrame:
    """Read the form without countries and actions. Raises SourceChanged if a title names no country it should."""
    frame = tables.read_csv(snapshot, TEXTS, quarantine, ignored=UNREAD)
    is_program_wide = tables.labels(frame, "scope", SCOPES, snapshot).astype(bool)
    titles = frame["title"].str.casefold()
    frame["actions"] = pd.Series([_found(title, WORDS) for title in titles], index=frame.index, dtype=object)
    frame["countries"] = pd.Series([_found(title, COUNTRIES) for title in titles], index=frame.index, dtype=object)
    is_nameless = ~frame["countries"].astype(bool) & ~is_program_wide & (titles != "")
    if nameless := frame.loc[is_nameless, "title"].head(3).tolist():
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: no known country in {nameless}; known are {sorted(COUNTRIES)}"
        )
    return frame


def _found(title: str, patterns: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name, pattern in patterns.items() if re.search(pattern, title))


def _kinds(actions: "pd.Series[Any]", titles: "pd.Series[str]", is_correction: "pd.Series[bool]") -> list[str]:
    return [_kind(*row) for row in zip(actions, titles, is_correction, strict=True)]


def _kind(labels: Collection[str], title: str, is_correction: bool) -> str:
    actions = set(labels)
    if "designation" in actions and RE_DESIGNATION.search(title):
        actions.add("redesignation")
    if "designation" in actions:
        # The designation is extended, and with it the work permits.
        actions.discard("ead_auto_extension")
    elif "extension" in actions and REGISTRATION.search(title):
        actions.add("re_registration")
    elif actions == {"extension"} and WORK_PERMIT.search(title):
        actions.add("ead_auto_extension")
    if is_correction:
        actions.add("correction")
    return next((kind for action, kind in KINDS.items() if action in actions), OTHER_KIND)


def _codes(countries: "pd.Series[Any]", titles: "pd.Series[str]") -> list[str]:
    code = {name: country_names.code(name, SOURCE.id) for name in COUNTRIES}
    return [
        tables.join(sorted(code[_meant(name, title)] for name in names))
        for names, title in zip(countries, titles, strict=True)
    ]


def _meant(name: str, title: str) -> str:
    return "Guinea-Bissau" if name == "Guinea" and GUINEA_BISSAU.search(title) else name


def _joined(*parts: "pd.Series[str]") -> list[str]:
    return [tables.join(identifiers) for identifiers in zip(*parts, strict=True)]
