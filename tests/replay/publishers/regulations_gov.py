"""Regulations.gov: a key or nothing, an hour's ration of requests, pages of JSON:API, and a filter in Eastern time.

The documents are those of `payload.json`. Sizes but 5 to 250 and pages but 1 to 20 are refused, so that a search gives
5,000 documents; each answer counts the documents of the last days anew. Errors of the interface are a list, those of
the gate before it an object.
"""

import itertools
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.replay.server import Asked, Reply

KEY = "a-key"
SMALLEST_PAGE, LARGEST_PAGE, LAST_PAGE = 5, 250, 20
FILTERS = frozenset(("agencyId", "documentType", "postedDate][ge", "lastModifiedDate][ge"))
SORT = "lastModifiedDate,documentId"
WASHINGTON = ZoneInfo("America/New_York")
ANSWERS = itertools.count(1)
# How many requests are left to the key; tests set it.
RATION = {"limit": 1000, "left": 1_000_000}


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a page of documents."""
    key = asked.headers.get("x-api-key")
    if key != KEY:
        code = "API_KEY_INVALID" if key else "API_KEY_MISSING"
        return _gate(403, code, "An invalid api_key was supplied." if key else "No api_key was supplied.")
    RATION["left"] -= 1
    if RATION["left"] < 0:
        return _gate(429, "OVER_RATE_LIMIT", "You have exceeded your rate limit.")
    given = {name[len("filter[") : -1]: values[0] for name, values in asked.query.items() if name[:7] == "filter["}
    rows, page = (asked.query.get(f"page[{name}]", [""])[0] for name in ("size", "number"))
    if asked.path != "/documents":
        return _refusal(404, "The document ID could not be found.")
    if unknown := given.keys() - FILTERS:
        return _refusal(400, f"Unsupported filter {sorted(unknown)[0]}.")
    if not (rows.isdigit() and SMALLEST_PAGE <= int(rows) <= LARGEST_PAGE):
        return _refusal(400, f"Page size must be between {SMALLEST_PAGE} and {LARGEST_PAGE}.")
    if not (page.isdigit() and 1 <= int(page) <= LAST_PAGE):
        return _refusal(400, f"Page number must be between 1 and {LAST_PAGE}.")
    found = [one for one in documents(folder) if _is_asked(one, given)]
    is_sorted = asked.query.get("sort") == [SORT]
    found.sort(key=lambda one: (one["attributes"]["lastModifiedDate"], one["id"]) if is_sorted else (one["id"],))
    return _page(found, int(rows), int(page))


def documents(folder: Path) -> list[dict[str, Any]]:
    """Return the documents there are."""
    found: list[dict[str, Any]] = json.loads((folder / "payload.json").read_bytes())["data"]
    return found


def _is_asked(one: dict[str, Any], given: dict[str, str]) -> bool:
    attributes = one["attributes"]
    changed = datetime.fromisoformat(attributes["lastModifiedDate"]).astimezone(WASHINGTON)
    return (
        given.get("agencyId", attributes["agencyId"]) == attributes["agencyId"]
        and given.get("documentType", attributes["documentType"]) == attributes["documentType"]
        and given.get("postedDate][ge", "") <= attributes["postedDate"]
        and given.get("lastModifiedDate][ge", "") <= f"{changed:%Y-%m-%d %H:%M:%S}"
    )


def _page(found: list[dict[str, Any]], rows: int, page: int) -> Reply:
    shown = found[(page - 1) * rows : page * rows]
    pages = -(-len(found) // rows)
    meta = {
        "aggregations": {"postedDate": [{"docCount": next(ANSWERS), "label": "Today"}]},
        "hasNextPage": page < pages,
        "hasPreviousPage": page > 1,
        "numberOfElements": len(shown),
        "pageNumber": page,
        "pageSize": rows,
        "totalElements": len(found),
        "totalPages": pages,
        "lastPage": page >= pages,
        "firstPage": page == 1,
    }
    return _json({"data": shown, "meta": meta}, 200)


def _refusal(status: int, detail: str) -> Reply:
    return _json({"errors": [{"status": str(status), "title": "The request is not valid.", "detail": detail}]}, status)


def _gate(status: int, code: str, message: str) -> Reply:
    headers = {"X-RateLimit-Limit": str(RATION["limit"]), "X-RateLimit-Remaining": "0"}
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    return Reply(body=body, media_type="application/json", status=status, headers=headers)


def _json(body: dict[str, Any], status: int) -> Reply:
    return Reply(body=json.dumps(body).encode(), media_type="application/vnd.api+json", status=status, is_stamped=True)
