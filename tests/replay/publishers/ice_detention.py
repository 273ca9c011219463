"""ICE's detention management page: it links the workbooks of several years, older ones of the running year among them.

The page has moved; the workbooks' addresses move too, and the form of their names changes from year to year.
"""

from pathlib import Path

from tests.replay.server import Asked, Reply

FILES = {
    "/doclib/detention/FY26_detentionStats_11132025.xlsx": "payload.xlsx",
    "/doclib/detention/FY19-detentionstats.xlsx": "payload_finished.xlsx",
}
# Linked, but superseded: nobody should ask for it.
SUPERSEDED = "/doclib/detention/FY26_detentionStats10302025.xlsx"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer the page or a workbook."""
    if asked.path == "/detain/detention-management":
        moved = f"{asked.base_url}/detain/detention-management/statistics"
        return Reply(status=301, body=b"", media_type="text/html", headers={"Location": moved})
    if asked.path == "/detain/detention-management/statistics":
        links = "".join(f'<li><a href="{asked.base_url}{path}">XLSX</a></li>' for path in (SUPERSEDED, *FILES))
        title = "<title>Detention Management | ICE</title>"
        page = f'<!DOCTYPE html><html><head>{title}</head><body><a href="/faq">FAQ</a><ul>{links}</ul></body></html>'
        return Reply(body=page.encode(), media_type="text/html; charset=UTF-8", is_stamped=True)
    if name := FILES.get(asked.path):
        return Reply(body=(folder / name).read_bytes(), media_type=WORKBOOK)
    return Reply(status=404, body=b"<!DOCTYPE html><html><title>Page not found</title></html>", media_type="text/html")
