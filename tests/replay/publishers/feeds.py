"""Feeds: the Federal Register's list of documents, which refuses conditions it does not know, and other publishers'.

`/stamped.xml` says another time of building on each look and has no ETag; `/moved.xml` is redirected to the press's.
"""

import itertools
import json
from pathlib import Path

from tests.replay.server import Asked, Reply

RSS = "application/rss+xml; charset=utf-8"
FILES = {
    "/press.xml": ("payload_press.xml", RSS),
    "/rdf": ("payload_rdf.xml", "text/xml"),
    "/atom": ("payload_atom.xml", "application/atom+xml"),
}
AGENCIES = "conditions[agencies][]"
_looks = itertools.count(1)


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a feed."""
    if asked.path == "/documents.rss":
        return _documents(asked, folder)
    if asked.path == "/moved.xml":
        return Reply(status=301, body=b"", media_type="text/html", headers={"Location": f"{asked.base_url}/press.xml"})
    if asked.path == "/stamped.xml":
        feed = (folder / "payload_press.xml").read_bytes().replace(b"18:00:00 GMT", b"18:00:%02d GMT" % next(_looks))
        return Reply(body=feed, media_type=RSS, is_stamped=True)
    if asked.path in FILES:
        name, media_type = FILES[asked.path]
        return Reply(body=(folder / name).read_bytes(), media_type=media_type)
    return Reply(status=404, body=b"<!DOCTYPE html><html><title>Not found</title></html>", media_type="text/html")


def _documents(asked: Asked, folder: Path) -> Reply:
    if unknown := [name for name in asked.query if name != AGENCIES]:
        body = json.dumps({"errors": dict.fromkeys(unknown, "is not a valid field")}).encode()
        return Reply(status=400, body=body, media_type="application/json; charset=utf-8")
    if asked.query.get(AGENCIES) != ["homeland-security-department"]:
        body = json.dumps({"status": 404, "message": "Record Not Found"}).encode()
        return Reply(status=404, body=body, media_type="application/json; charset=utf-8")
    return Reply(body=(folder / "payload_documents.xml").read_bytes(), media_type=RSS)
