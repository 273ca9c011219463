"""CBP: two landing pages that link the current file, whose address moves; the files are in `payload_*.csv`."""

from pathlib import Path

from tests.replay.server import Asked, Reply

PAGES = {
    "/document/stats/nationwide-encounters": "/sites/default/files/2026-07/nationwide-encounters-fy23-fy26-jun-aor.csv",
    "/document/stats/southwest-land-border-encounters": "/sites/default/files/2026-07/sbo-encounters-fy23-fy26-jun.csv",
}


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a landing page or a file."""
    if link := PAGES.get(asked.path):
        old = link.replace("fy23-fy26-jun", "fy20-fy23").replace("2026-07", "2023-Nov")
        links = "".join(f'<a href="{asked.base_url}{path}">CSV</a>' for path in (old, link))
        page = f"<!DOCTYPE html><html><title>Encounters</title><body>{links}<a href='/other.pdf'>PDF</a></body></html>"
        return Reply(body=page.encode(), media_type="text/html; charset=utf-8", is_stamped=True)
    for path, name in zip(PAGES.values(), ("payload_nationwide.csv", "payload_southwest.csv"), strict=True):
        if asked.path == path:
            return Reply(body=(folder / name).read_bytes(), media_type="text/csv")
    return Reply(status=404, body=b"<!DOCTYPE html><html><title>Not found</title></html>", media_type="text/html")
