"""Vera: one file at one address."""

from pathlib import Path

from tests.replay.server import Asked, Reply


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer the file at the base address."""
    if asked.path == "/":
        return Reply(body=(folder / "payload.csv").read_bytes(), media_type="text/plain; charset=utf-8")
    return Reply(status=404, body=b"404: Not Found", media_type="text/plain")
