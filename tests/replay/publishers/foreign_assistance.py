"""ForeignAssistance.gov: one file under /data."""

from pathlib import Path

from tests.replay.server import Asked, Reply


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer the country summary."""
    if asked.path == "/data/us_foreign_aid_country.csv":
        return Reply(body=(folder / "payload.csv").read_bytes(), media_type="text/csv")
    return Reply(status=404, body=b"<!DOCTYPE html><html></html>", media_type="text/html")
