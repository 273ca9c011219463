"""UNHCR: one end point that sums over whatever it was not told to tell apart, and ignores filters it does not know.

The rows are those of `payload.json`. Without `cf_type=ISO` codes are UNHCR's own; a year bound that comes alone is
ignored; nothing found is 200 with `maxPages` 0; a page past the last is empty; no ETag; a short address is made anew
for each answer.
"""

import itertools
import json
from collections import defaultdict
from pathlib import Path

from tests.replay.server import Asked, Reply

TYPES = ("refugees", "asylum_seekers", "returned_refugees", "idps", "returned_idps", "stateless", "ooc", "oip", "hst")
DEFAULT_LIMIT = 100
ANSWERS = itertools.count(1)


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a query of the population end point."""
    if asked.path != "/population/":
        return Reply(status=404, body=b"<!DOCTYPE html><html><title>404</title></html>", media_type="text/html")
    items = json.loads((folder / "payload.json").read_bytes())["items"]
    rows = [item for item in items if _is_asked(item, asked)]
    for side in ("coo", "coa"):
        if not _first(asked, f"{side}_all") and not _first(asked, side):
            rows = _summed(rows, side)
    limit = int(_first(asked, "limit") or 0)
    limit = limit if limit > 0 else DEFAULT_LIMIT
    page = int(_first(asked, "page") or 1)
    body = {
        "page": page,
        "short-url": f"x{next(ANSWERS)}",
        "maxPages": -(-len(rows) // limit),
        "total": [],
        "items": rows[(page - 1) * limit : page * limit],
    }
    return Reply(body=json.dumps(body).encode(), media_type="application/json", is_stamped=True)


def _first(asked: Asked, name: str) -> str:
    return asked.query.get(name, [""])[0]


def _is_asked(item: dict[str, object], asked: Asked) -> bool:
    suffix = "_iso" if _first(asked, "cf_type").upper() == "ISO" else ""
    for side in ("coo", "coa"):
        codes = _first(asked, side)
        if codes and not _first(asked, f"{side}_all") and item[side + suffix] not in codes.split(","):
            return False
    first, last = _first(asked, "yearFrom"), _first(asked, "yearTo")
    return not (first and last) or int(first) <= int(str(item["year"])) <= int(last)


def _summed(rows: list[dict[str, object]], side: str) -> list[dict[str, object]]:
    """Add the rows up over one side, whose names become "-"."""
    groups = defaultdict(list)
    nameless = {f"{side}{part}": "-" for part in ("_id", "_name", "", "_iso")}
    for row in rows:
        rest = {name: value for name, value in row.items() if name not in TYPES}
        groups[json.dumps(rest | nameless)].append(row)
    return [json.loads(rest) | {name: _sum(members, name) for name in TYPES} for rest, members in groups.items()]


def _sum(rows: list[dict[str, object]], name: str) -> int | str:
    found = [str(row[name]) for row in rows if str(row[name]) != "-"]
    return (sum(int(value) for value in found if value.isdigit()) or "0") if found else "-"
