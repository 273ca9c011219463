"""The White House: WordPress. Feeds of the sections, pages with a slash at the end (others are redirected there).

A page carries a number made anew for each visitor and no ETag; the section of articles has no posts; `paged` gives
older pages of a feed, and past the last one a page with 404.
"""

import itertools
from pathlib import Path

from tests.replay.server import Asked, Reply

FEEDS = {"presidential-actions": "payload_feed.xml"}
OTHER_FEEDS = ("fact-sheets", "briefings-statements", "articles", "remarks")
EMPTY_FEED = (
    b'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Articles</title></channel></rss>'
)
PAGES = {
    "/presidential-actions/2026/01/securing-the-example-river/": "payload_page.html",
    "/presidential-actions/2026/01/fact-sheet-the-example-river-is-secured/": "payload_page_fact_sheet.html",
    "/fact-sheets/2026/01/fact-sheet-the-example-river-is-secured/": "payload_page_fact_sheet.html",
    "/remarks/2026/01/1458/": "payload_page_remarks.html",
}
MISSING = b"<!DOCTYPE html><html><head><title>Page not found &#8211; The White House</title></head><body></body></html>"
_visitors = itertools.count(1)


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a feed, a page, or a redirect to the address with a slash."""
    if not asked.path.endswith("/"):
        return Reply(
            status=301, body=b"", media_type="text/html", headers={"Location": f"{asked.base_url}{asked.path}/"}
        )
    section = asked.path.removeprefix("/").removesuffix("/feed/")
    if asked.query.get("paged", ["1"]) == ["1"] and asked.path == f"/{section}/feed/":
        if section in FEEDS:
            return Reply(body=(folder / FEEDS[section]).read_bytes(), media_type="application/rss+xml; charset=UTF-8")
        if section in OTHER_FEEDS:
            return Reply(body=EMPTY_FEED, media_type="application/rss+xml; charset=UTF-8")
    if asked.path in PAGES:
        page = (folder / PAGES[asked.path]).read_bytes()
        stamp = b'<script>var nonce = "%d";</script></head>' % next(_visitors)
        return Reply(body=page.replace(b"</head>", stamp), media_type="text/html; charset=UTF-8", is_stamped=True)
    return Reply(status=404, body=MISSING, media_type="text/html; charset=UTF-8")
