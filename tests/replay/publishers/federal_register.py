"""Federal Register: searches, with all that its server does without a word.

The documents are those of `payload_search.json`. Numbers of rows and pages that are not allowed become 20 and 1; a page
past the 50th, or past the 10,000th document, becomes the first; no more than 10,000 are counted; without an order they
come by a score. Nothing found has no `results`. Errors have two shapes. Programs it does not like get a web page.
"""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from tests.replay.server import Asked, Reply

MOST_DOCUMENTS = 10_000
LAST_PAGE, LARGEST_PAGE, USUAL_PAGE = 50, 2000, 20
USUAL_FIELDS = ("title", "type", "document_number", "html_url", "publication_date")
CONDITIONS = frozenset(("term", "type", "president", "agencies", "publication_date", "signing_date"))
CODES = {"Rule": "RULE", "Proposed Rule": "PRORULE", "Notice": "NOTICE", "Presidential Document": "PRESDOCU"}
BLOCKED_PROGRAM = "python-httpx"
BLOCK = (
    b"<!DOCTYPE html><html><head><title>Federal Register :: Request Access</title></head>"
    b"<body>Due to aggressive automated scraping, programs are limited.</body></html>"
)
CONDITION = re.compile(r"conditions\[(\w+)\](?:\[(\w*)\])?")


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a search."""
    if asked.headers.get("user-agent", "").startswith(BLOCKED_PROGRAM):
        return Reply(body=BLOCK, media_type="text/html; charset=utf-8", is_stamped=True)
    if asked.path != "/documents.json":
        return _json({"status": 404, "message": "Record Not Found"}, 404)
    given = {match.groups(): values for name, values in asked.query.items() if (match := CONDITION.fullmatch(name))}
    if errors := _errors(given):
        return _json({"errors": errors}, 400)
    everything = documents(folder)
    fields = asked.query.get("fields[]", list(USUAL_FIELDS))
    if unknown := [field for field in fields if field not in everything[0]]:
        return _json({"status": 400, "message": f"field '{unknown[0]}' not valid"}, 400)
    found = sorted((one for one in everything if _is_asked(one, given)), key=_order(asked))[:MOST_DOCUMENTS]
    rows, page = _paging(asked)
    body: dict[str, Any] = {"count": len(found), "description": "Documents"}
    if shown := found[(page - 1) * rows : page * rows]:
        body["total_pages"] = min(-(-len(found) // rows), LAST_PAGE)
        if page * rows < len(found):
            body["next_page_url"] = f"{asked.base_url}/documents.json?page={page + 1}"
        body["results"] = [{field: one[field] for field in fields} for one in shown]
    return _json(body, 200)


def documents(folder: Path) -> list[dict[str, Any]]:
    """Return the documents there are."""
    found: list[dict[str, Any]] = json.loads((folder / "payload_search.json").read_bytes())["results"]
    return found


def _errors(given: dict[tuple[str | Any, ...], list[str]]) -> dict[str, str]:
    errors = {name: "is not a valid field" for name, _ in given if name not in CONDITIONS}
    for (name, _), values in given.items():
        if name.endswith("_date"):
            try:
                date.fromisoformat(values[0])
            except ValueError:
                errors[name] = f"{name.replace('_', ' ').title()} is not a valid ."
    return errors


def _is_asked(one: dict[str, Any], given: dict[tuple[str | Any, ...], list[str]]) -> bool:
    """Say whether a document is found; every rule and notice of the payload is from every agency."""
    days = {bound: values[0] for (name, bound), values in given.items() if name == "publication_date"}
    types = given.get(("type", ""), list(CODES.values()))
    presidents = given.get(("president", ""))
    terms = [term.strip(' "') for value in given.get(("term", None), []) for term in value.split("|")]
    return (
        days.get("gte", "") <= one["publication_date"] <= days.get("lte", "9")
        and CODES[one["type"]] in types
        and (not presidents or (one["president"] or {}).get("identifier") in presidents)
        and (not terms or any(term.lower() in one["title"].lower() for term in terms))
    )


def _order(asked: Asked) -> Any:
    if asked.query.get("order") == ["oldest"]:
        return lambda one: (one["publication_date"], one["document_number"])
    return lambda one: one["title"][::-1]


def _paging(asked: Asked) -> tuple[int, int]:
    rows, page = (int(given) if (given := asked.query.get(name, [""])[0]).isdigit() else 0 for name in PAGING)
    rows = rows if 2 <= rows <= LARGEST_PAGE else USUAL_PAGE
    return rows, page if 1 <= page <= LAST_PAGE and page * rows <= MOST_DOCUMENTS else 1


PAGING = ("per_page", "page")


def _json(body: dict[str, Any], status: int) -> Reply:
    return Reply(body=json.dumps(body).encode(), media_type="application/json; charset=utf-8", status=status)
