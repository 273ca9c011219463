"""OHSS: a page of all metrics, a page for each, and workbooks whose addresses move and whose names have spaces."""

from pathlib import Path

from tests.replay.server import Asked, Reply

FILES = "/sites/default/files"
NEWEST = f"{FILES}/2025-03/KHSM%20Encounters%20%28USBP%29%20fy25m01.xlsx"
PAGES = {
    "/khsm": ("/khsm/dhs-repatriations", "/khsm/encounters", "/khsm/cbp-encounters", "/about"),
    "/khsm/cbp-encounters": (
        f"{FILES}/2025-01/KHSM%20Encounters%20%28USBP%29%20fy25m11.xlsx",
        f"{FILES}/2025-03/KHSM%20Encounters%20%28OFO%29%20fy25m01.xlsx",
        NEWEST,
        f"{FILES}/2025-02/KHSM%20Encounters%20%28USBP%29%20fy25m12.xlsx",
    ),
}
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a page or the newest workbook."""
    if links := PAGES.get(asked.path):
        anchors = "".join(f'<a href="{asked.base_url}{link}">Data</a>' for link in links)
        page = f"<!DOCTYPE html><html><title>Key Homeland Security Metrics</title><body>{anchors}</body></html>"
        return Reply(body=page.encode(), media_type="text/html; charset=utf-8", is_stamped=True)
    if asked.path == NEWEST:
        return Reply(body=(folder / "payload.xlsx").read_bytes(), media_type=WORKBOOK)
    return Reply(status=404, body=b"<!DOCTYPE html><html><title>Not found</title></html>", media_type="text/html")
