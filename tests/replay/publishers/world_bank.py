"""World Bank: XML unless JSON is asked for, pages of 50 unless told, and errors with status 200 in a list of one.

The values are those of `payload_*.json`. Years without values give a head of zeros and null; a page past the last one
is empty.
"""

import json
import re
from pathlib import Path
from typing import Any

from tests.replay.server import Asked, Reply

PATH = re.compile(r"/country/all/indicator/(?P<indicator>[A-Z0-9.]+)\Z")
MOST_A_PAGE = 32_500
XML = b'<?xml version="1.0" encoding="utf-8"?><wb:data page="1" xmlns:wb="http://www.worldbank.org"></wb:data>'


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a page of an indicator of all countries."""
    if _first(asked, "format") != "json":
        return Reply(body=XML, media_type="application/xml;charset=utf-8")
    match = PATH.match(asked.path)
    pages = [json.loads(path.read_bytes()) for path in sorted(folder.glob("payload_*.json"))]
    known = [value for _, values in pages for value in values]
    values = [v for v in known if match and v["indicator"]["id"] == match["indicator"]]
    per_page, page = int(_first(asked, "per_page") or 50), int(_first(asked, "page") or 1)
    years = re.fullmatch(r"(\d{4}):(\d{4})", _first(asked, "date"))
    if not values or not years or not 0 < per_page <= MOST_A_PAGE or page < 1:
        return _json([{"message": [_error("120", "Invalid value", "The provided parameter value is not valid")]}])
    values = [v for v in values if years[1] <= v["date"] <= years[2]]
    if not values:
        return _json([{"page": 0, "pages": 0, "per_page": 0, "total": 0, "sourceid": None, "lastupdated": None}, None])
    head = {"page": page, "pages": -(-len(values) // per_page), "per_page": per_page, "total": len(values)}
    stamp = {"sourceid": "2", "lastupdated": "2026-01-09"}
    return _json([head | stamp, values[(page - 1) * per_page : page * per_page]])


def _first(asked: Asked, name: str) -> str:
    return asked.query.get(name, [""])[0]


def _error(number: str, key: str, value: str) -> dict[str, str]:
    return {"id": number, "key": key, "value": value}


def _json(body: Any) -> Reply:
    return Reply(body=json.dumps(body).encode(), media_type="application/json;charset=utf-8")
