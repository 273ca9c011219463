"""Take the pictures of the HTML report: a phone in the light, a desktop in the dark. Needs a Chromium to run."""

import io
import shutil
import tempfile
from datetime import date
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from reports import edition, screen
from reports.edition import Kind, Request
from reports.state import Clock
from sources import codebook

HERE = Path(__file__).parent
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
DAY = date(2026, 11, 24)
REMAIN = "migrant_protection_protocols"
PICTURES = {
    "phone.png": ("es", {"width": 360, "height": 740}, "light", "overview"),
    "desktop_dark.png": ("en", {"width": 1180, "height": 760}, "dark", REMAIN),
}


def main() -> None:
    """Write the pictures beside this file, with few colours so that they stay small."""
    book = codebook.load()
    clock = Clock(as_of=DAY, on=DAY, vintage=date(2025, 1, 19))
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = next(filter(None, map(shutil.which, BROWSERS)))
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, (language, size, scheme, anchor) in PICTURES.items():
            request = Request(kind=Kind.COUNTRY, clock=clock, language=language, country_codes=("MEX",))
            file = Path(folder, f"{language}.html")
            file.write_text(screen.html(edition.make(book, request)), encoding="utf-8")
            page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
            page.goto(f"{file.as_uri()}#{anchor}")
            page.evaluate("document.fonts.ready")
            with Image.open(io.BytesIO(page.screenshot())) as picture:
                picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=32).save(HERE / name, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
