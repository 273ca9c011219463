"""ICE's statistics page: it links the table of each annual report, whose addresses move; the page itself has moved."""

from pathlib import Path

from tests.replay.server import Asked, Reply

FILES = {
    "/doclib/about/offices/ero/xls/FY2017andFY2018ICERemovalsbyCountryofCitizenship.csv": "payload.csv",
    "/sites/default/files/FY2019%20ICE%20Removals%20by%20Country%20of%20Citizenship.csv": "payload_total.csv",
}


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer the page or a table."""
    if asked.path == "/spotlight/statistics":
        return Reply(status=301, body=b"", media_type="text/html", headers={"Location": f"{asked.base_url}/statistics"})
    if asked.path == "/statistics":
        links = "".join(f'<li><a href="{asked.base_url}{path}">Table</a></li>' for path in FILES)
        others = (
            '<a href="/doclib/eroReportFY2019.pdf">Report</a><a href="/removals-by-country">Removals by country</a>'
        )
        page = (
            f"<!DOCTYPE html><html><head><title>Statistics</title></head><body>{others}<ul>{links}</ul></body></html>"
        )
        return Reply(body=page.encode(), media_type="text/html; charset=UTF-8", is_stamped=True)
    if name := FILES.get(asked.path):
        return Reply(body=(folder / name).read_bytes(), media_type="application/octet-stream")
    return Reply(status=404, body=b"<!DOCTYPE html><html><title>Page not found</title></html>", media_type="text/html")
