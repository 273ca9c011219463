"""Census Bureau: one workbook, without a key."""

import csv
import io
from pathlib import Path

from tests.replay.server import Asked, Reply
from tests.workbooks import workbook


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer the workbook, made of the recorded table."""
    if asked.path != "/foreign-trade/balance/country.xlsx":
        return Reply(status=404, body=b"<!DOCTYPE html><html></html>", media_type="text/html")
    text = (folder / "payload.csv").read_text(encoding="utf-8")
    lines = list(csv.reader(io.StringIO(text)))
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Reply(body=workbook({"country": lines}), media_type=media_type)
