"""Web pages: the article without the navigation, notices and advertisements around it. Nothing is fetched.

What is article and what is page is decided by trafilatura, with its second opinion: it costs no more time than without,
and short articles lose less. The tree it gets has been checked for depth and size; it is never given an address.
"""

from typing import Any

import trafilatura

from sources import texts
from sources.documents import dating
from sources.documents.extract import Extract, refusal, tree_of, with_title
from sources.documents.writing import decode_page, without_unseen

# The longest articles have some thousands, and on hostile pages the time of the extraction grows faster than they do.
_MOST_TAGS = 50_000
_DATES = {
    "original_date": True,
    # Only what says that it is the page's date; any day in the text would do for the longer search.
    "extensive_search": False,
    "min_date": f"{dating.FIRST_YEAR}-01-01",
    "max_date": f"{dating.LAST_YEAR}-12-31",
}


def read(content: bytes, source: str) -> Extract:
    """Return the article of a page. Raises BadInput for a page without one and for one that is not read whole."""
    page = decode_page(content, source).replace("\x00", "")
    if (tags := page.count("<")) > _MOST_TAGS:
        raise refusal(source, "page", f"{tags} tags", f"up to {_MOST_TAGS}")
    tree = tree_of(page, source)
    language = str(tree.get("lang") or "")
    if (sheet := _typed_sheet(tree)) is not None:
        title = texts.one_line(tree.findtext(".//title") or "")
        return Extract(title=title, text=with_title(title, without_unseen(sheet).strip("\n")), language=language)
    for unseen in tree.xpath("//body//*[self::template or @hidden]"):
        unseen.drop_tree()
    metadata = trafilatura.extract_metadata(tree, None, _DATES)
    article = trafilatura.extract(tree, output_format="html", include_comments=False)
    text = texts.text_of(tree_of(article, source)) if article else ""
    if not text:
        raise refusal(source, "page", "no article", "a page with text")
    title = texts.one_line(metadata.title or "")
    return Extract(
        title=title,
        text=with_title(title, text),
        published=dating.written(metadata.date or ""),
        language=language,
    )


def _typed_sheet(tree: Any) -> str | None:
    """Return the text of a page that is one preformatted sheet, as the Federal Register's are: its lines are kept."""
    body = tree.find("body")
    children = [] if body is None else list(body.iterchildren("*"))
    return str(children[0].text_content()) if [child.tag for child in children] == ["pre"] else None
