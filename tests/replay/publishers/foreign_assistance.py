"""ForeignAssistance.gov: a data page that links the files, and the same empty page for any address it does not have.

The links are drawn by a script on the real page; here they stand in it.
"""

from pathlib import Path

from tests.replay.server import Asked, Reply

FILE = "/files/us_foreign_aid_country.csv"
SHELL = (
    "<!DOCTYPE html><html><head><title>ForeignAssistance.gov</title></head><body><div id='root'>{}</div></body></html>"
)


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer the data page, the file of countries, or the empty page."""
    if asked.path == FILE:
        return Reply(body=(folder / "payload.csv").read_bytes(), media_type="text/csv")
    links = ["us_foreign_aid_complete.csv", "us_foreign_aid_country.xlsx", "us_foreign_aid_country.csv"]
    listed = "".join(f"<a href='{asked.base_url}/files/{link}'>{link}</a>" for link in links)
    page = SHELL.format(listed if asked.path == "/data" else "")
    return Reply(body=page.encode(), media_type="text/html; charset=utf-8", is_stamped=True)
