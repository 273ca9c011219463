"""Regulations.gov: a key or nothing, pages of JSON:API, one agency with documents."""

import json
from pathlib import Path

from tests.replay.server import Asked, Reply

KEY = "a-key"


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a page of the documents of an agency."""
    if asked.headers.get("x-api-key") != KEY:
        error = {"error": {"code": "API_KEY_INVALID", "message": "An invalid api_key was supplied."}}
        return Reply(status=403, body=json.dumps(error).encode(), media_type="application/json")
    if asked.path != "/documents" or not 5 <= int(asked.query["page[size]"][0]) <= 250:
        return Reply(status=400, body=b'{"errors":[{"status":"400"}]}', media_type="application/json")
    if asked.query["filter[agencyId]"] == ["DHS"]:
        return Reply(body=(folder / "payload.json").read_bytes(), media_type="application/vnd.api+json")
    nothing = {"data": [], "meta": {"totalElements": 0, "totalPages": 0, "pageNumber": 1, "hasNextPage": False}}
    return Reply(body=json.dumps(nothing).encode(), media_type="application/vnd.api+json")
