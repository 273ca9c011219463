"""Plain text of web pages: a blank line between paragraphs, and no white space but what a reader sees.

What a page loads or runs is not text: scripts, styles, forms and navigation are left out, and nothing is fetched.
"""

from typing import Any

import lxml.etree
import lxml.html

from sources.errors import SourceChanged

# The longest pages have some thousands.
_MOST_TAGS = 200_000
_NO_TEXT = frozenset(
    {"audio", "button", "canvas", "footer", "form", "head", "header", "iframe", "math", "nav", "noscript", "object"}
    | {"script", "select", "style", "svg", "template", "textarea", "title", "video"}
)
_BLOCKS = (
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt"),
    *("fieldset", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "main", "ol", "p", "pre"),
    *("section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"),
)
# Unicode's own marks, which no page holds as text.
_PARAGRAPH, _LINE = "\u2029", "\u2028"
_BREAKS = {**dict.fromkeys(_BLOCKS, _PARAGRAPH), "br": _LINE, "td": " ", "th": " "}
# Marks for typesetting that stand inside words, and control characters: no reader types them into a search.
_INVISIBLE = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF, 0x7F, *range(0x09), *range(0x0E, 0x1C)))
_XHTML = "{http://www.w3.org/1999/xhtml}"


def parse_page(page: bytes, source_id: str, name: str) -> Any:
    """Return the tree of a page. Raises SourceChanged for one that is not read whole.

    The parser stops where elements are nested 256 deep, and would give the part before it as if it were all.
    """
    try:
        page.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceChanged(source_id, f"{name}: byte {error.start} is not UTF-8") from error
    if b"\x00" in page:
        raise SourceChanged(source_id, f"{name}: has NUL bytes; expected text")
    if (tags := page.count(b"<")) > _MOST_TAGS:
        raise SourceChanged(source_id, f"{name}: has {tags} tags; expected up to {_MOST_TAGS}")
    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        tree = lxml.html.document_fromstring(page, parser=parser)
    except lxml.etree.ParserError as error:
        raise SourceChanged(source_id, f"{name}: not a page: {error}") from error
    if stops := parser.error_log.filter_types([lxml.etree.ErrorTypes.ERR_RESOURCE_LIMIT]):
        raise SourceChanged(source_id, f"{name}: {stops[0].message}")
    return tree


def parse_fragment(fragment: str, source_id: str, name: str) -> Any:
    """Return the tree of a piece of HTML, as the body of a page. Raises SourceChanged as `parse_page` does."""
    return parse_page(f"<!DOCTYPE html><html><body>{fragment}</body></html>".encode(), source_id, name)


def text_of(root: Any, without_class: str = "") -> str:
    """Return the text under an element: a blank line between paragraphs, a line end where the page breaks one."""
    pieces: list[str] = []
    walk = lxml.etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        name = element.tag.removeprefix(_XHTML) if isinstance(element.tag, str) else ""
        pieces.append(_BREAKS.get(name, ""))
        if event != "start":
            pieces.append("" if element is root else element.tail or "")
        elif name in _NO_TEXT or (without_class and without_class in (element.get("class") or "").split()):
            walk.skip_subtree()
        else:
            pieces.append(element.text or "")
    return paragraphs("".join(pieces))


def paragraphs(text: str) -> str:
    """Return text with its paragraphs apart by a blank line and its other white space made one."""
    lines = (_lines(paragraph) for paragraph in text.translate(_INVISIBLE).split(_PARAGRAPH))
    return "\n\n".join(paragraph for paragraph in lines if paragraph)


def _lines(paragraph: str) -> str:
    return "\n".join(kept for line in paragraph.split(_LINE) if (kept := one_line(line)))


def one_line(text: str) -> str:
    """Return text as one line, without marks that a reader does not see."""
    return " ".join(text.translate(_INVISIBLE).split())
