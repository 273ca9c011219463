"""OpenImmigration: a static site; its files stand under /data, and what it does not have is a page with 404."""

from pathlib import Path

from tests.replay.server import Asked, Reply


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer the file of encounters."""
    if asked.path == "/data/border-encounters.json":
        return Reply(body=(folder / "payload.json").read_bytes(), media_type="application/json; charset=utf-8")
    return Reply(status=404, body=b"<!DOCTYPE html><html><title>Page Not Found</title></html>", media_type="text/html")
