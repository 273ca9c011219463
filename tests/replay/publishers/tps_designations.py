"""MigrantUSA: each dataset is one JSON file under its name; anything else is a page with 404."""

from pathlib import Path

from tests.replay.server import Asked, Reply


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer the one dataset."""
    if asked.path == "/tps_designation_history.json":
        return Reply(body=(folder / "payload.json").read_bytes(), media_type="application/json")
    return Reply(status=404, body=b"<!DOCTYPE html><html><title>Not found</title></html>", media_type="text/html")
