"""Federal Register: searches with paging and its silent limits, no results without hits, two shapes of errors."""

import json
from pathlib import Path

from tests.replay.server import Asked, Reply

FIELDS = frozenset(
    {"document_number", "title", "type", "subtype", "signing_date", "publication_date", "president", "citation"}
    | {"html_url", "executive_order_number", "proclamation_number", "correction_of"}
)
PRESIDENT = "conditions[president][]"
START, END = "conditions[publication_date][gte]", "conditions[publication_date][lte]"


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a search over the recorded documents."""
    if asked.path != "/documents.json":
        return _json({"status": 404, "message": "Record Not Found"}, 404)
    for name in asked.query.get("fields[]", []):
        if name not in FIELDS:
            return _json({"status": 400, "message": f"field '{name}' not valid"}, 400)
    for name in asked.query:
        if name.startswith("conditions[") and name.split("[")[1].rstrip("]") not in KNOWN_CONDITIONS:
            return _json({"errors": {name: "is not a valid field"}}, 400)
    given = asked.query.get("per_page", ["20"])[0]
    rows = int(given) if given.isdigit() and 2 <= int(given) <= 2000 else 20
    given = asked.query.get("page", ["1"])[0]
    page = int(given) if given.isdigit() and 1 <= int(given) <= 50 else 1
    found = [document for document in documents(folder) if _matches(document, asked.query)]
    if not found:
        return _json({"count": 0, "description": "No documents"}, 200)
    shown = found[(page - 1) * rows : page * rows]
    body = {"count": len(found), "description": "Documents", "total_pages": min(50, -(-len(found) // rows))}
    return _json({**body, "results": shown}, 200)


KNOWN_CONDITIONS = frozenset({"type", "president", "agencies", "term", "publication_date"})


def documents(folder: Path) -> list[dict[str, object]]:
    """Return the recorded documents, those without a president as one of this one's."""
    recorded = json.loads((folder / "payload_search.json").read_text(encoding="utf-8"))["results"]
    return [document for document in recorded if "/" not in document["publication_date"]]


def _matches(document: dict[str, object], query: dict[str, list[str]]) -> bool:
    day = str(document["publication_date"])
    if query.get("conditions[type][]") != ["PRESDOCU"] or query.get(PRESIDENT) != ["donald-trump"]:
        return False
    return query[START][0] <= day <= query[END][0]


def _json(document: object, status: int) -> Reply:
    return Reply(status=status, body=json.dumps(document).encode(), media_type="application/json; charset=utf-8")
