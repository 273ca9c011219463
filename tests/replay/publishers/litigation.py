"""MigrantUSA: each dataset is one JSON file under its name; anything else is a page with 404."""

from pathlib import Path

from tests.replay.server import Asked, Reply

FILES = {"/litigation_tracker.json": "payload_cases.json", "/change_log.json": "payload_changes.json"}


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer one of the two datasets."""
    if file := FILES.get(asked.path):
        return Reply(body=(folder / file).read_bytes(), media_type="application/json")
    return Reply(status=404, body=b"<!DOCTYPE html><html><title>Not found</title></html>", media_type="text/html")
