"""Feeds: the default one in RSS, another in Atom."""

from pathlib import Path

from tests.replay.server import Asked, Reply


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a feed."""
    if asked.path == "/documents.rss":
        return Reply(body=(folder / "payload_rss.xml").read_bytes(), media_type="application/rss+xml")
    if asked.path == "/atom":
        return Reply(body=(folder / "payload_atom.xml").read_bytes(), media_type="application/atom+xml")
    return Reply(status=404, body=b"<!DOCTYPE html><html></html>", media_type="text/html")
