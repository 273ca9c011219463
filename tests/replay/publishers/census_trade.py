"""Census Bureau: a workbook at a fixed address without a key, and an interface that wants one.

The interface sends callers without a good key to a web page, answers an unknown variable with 400 in plain text, and
where it has nothing with 204; its rows are those of `payload_answer.json`, with the columns that were asked for and
then those of the conditions.
"""

import json
from pathlib import Path

from tests.replay.server import Asked, Reply

WORKBOOK = "/foreign-trade/balance/country.xlsx"
FLOWS = {"/data/timeseries/intltrade/imports/hs": "GEN_VAL_MO", "/data/timeseries/intltrade/exports/hs": "ALL_VAL_MO"}
PAGES = {"/data/missing_key.html": "Missing Key", "/data/invalid_key.html": "Invalid Key"}
GOOD_KEY = "a-key"


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer the workbook, or a query."""
    if asked.path == WORKBOOK:
        media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return Reply(body=(folder / "payload.xlsx").read_bytes(), media_type=media_type)
    if title := PAGES.get(asked.path):
        return Reply(body=f"<html><head><title>{title}</title></head></html>".encode(), media_type="text/html")
    if asked.path not in FLOWS:
        return Reply(status=404, body=b"<!DOCTYPE html><html><title>404</title></html>", media_type="text/html")
    key = asked.query.get("key", [""])[0]
    if key != GOOD_KEY:
        page = "invalid" if key else "missing"
        headers = {"Location": f"{asked.base_url}/data/{page}_key.html"}
        return Reply(status=302, body=b"", media_type="text/html", headers=headers)
    wanted = asked.query["get"][0].split(",")
    if unknown := [name for name in wanted if name not in ("CTY_CODE", "CTY_NAME", FLOWS[asked.path])]:
        return Reply(status=400, body=f"error: unknown variable '{unknown[0]}'".encode(), media_type="text/plain")
    head, *rows = json.loads((folder / "payload_answer.json").read_bytes())
    names = [{"GEN_VAL_MO": FLOWS[asked.path]}.get(name, name) for name in head]
    rows = [dict(zip(names, row, strict=True)) for row in rows]
    for condition in ("time", "SUMMARY_LVL"):
        if value := asked.query.get(condition, [""])[0]:
            rows = [row for row in rows if row[condition] == value]
            wanted.append(condition)
    if not rows:
        return Reply(status=204, body=b"", media_type="application/json")
    body = [wanted, *([row[name] for name in wanted] for row in rows)]
    return Reply(body=json.dumps(body).encode(), media_type="application/json;charset=utf-8")
