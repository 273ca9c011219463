"""Plain text of web pages and of Markdown: paragraphs apart by an empty line, each one line, so that a phrase is found.

What a page loads or runs is not text: scripts, styles, forms and navigation are left out, and nothing is fetched.
"""

import re
from collections.abc import Iterator

import lxml.etree
import lxml.html

from sources.errors import SourceChanged

_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "nav", "header", "footer", "form", "iframe"})
_BLOCKS = frozenset(
    {"p", "div", "section", "article", "li", "ul", "ol", "table", "tr", "blockquote", "br", "hr", "figcaption", "pre"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "main", "body", "td", "th", "dt", "dd"}
)
# Deeper than any page is nested; a page that is deeper was made to break readers.
_DEPTH = 200


def parse_html(text: str | bytes, source_id: str, name: str) -> lxml.html.HtmlElement:
    """Return the tree of a page. Raises SourceChanged for an empty one or one nested too deeply."""
    parser = lxml.html.HTMLParser(no_network=True, huge_tree=False, encoding="utf-8")
    try:
        tree = lxml.html.document_fromstring(text, parser=parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError, ValueError) as error:
        raise SourceChanged(source_id, f"{name}: no page: {error}") from error
    depth = 0
    for event, _ in lxml.etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > _DEPTH:
            raise SourceChanged(source_id, f"{name}: elements nested more than {_DEPTH} deep")
    return tree


def text_of(element: lxml.html.HtmlElement) -> str:
    """Return the text of an element as paragraphs."""
    return join("".join(_pieces(element)).split("\n"))


def _pieces(element: lxml.html.HtmlElement) -> Iterator[str]:
    """Yield the text in order, with a line end at each block; the white space of the page's source is none."""
    silent = 0
    for event, node in lxml.etree.iterwalk(element, events=("start", "end", "comment", "pi")):
        if event in ("comment", "pi"):
            if not silent and node is not element:
                yield _flat(node.tail)
            continue
        is_block = node.tag in _BLOCKS
        if event == "start":
            silent += node.tag in _SILENT
            if not silent:
                yield ("\n" if is_block else "") + _flat(node.text)
        else:
            silent -= node.tag in _SILENT
            if not silent:
                yield "\n" if is_block else ""
                if node is not element:
                    yield _flat(node.tail)


def _flat(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def join(lines: list[str]) -> str:
    """Return lines as paragraphs: each line one, without empty ones."""
    cleaned = (re.sub(r"\s+", " ", line).strip() for line in lines)
    return "\n\n".join(line for line in cleaned if line)


def of_markdown(text: str) -> str:
    """Return Markdown as plain text: links by their words, marks of emphasis removed, hard-wrapped lines joined."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)\s]*\)", r"\1", text)
    text = re.sub(r"^[ \t]*(?:#{1,6}|>|[-*+])[ \t]+", "", text, flags=re.MULTILINE)
    text = re.sub(r"(\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))", "", text)
    return join(re.split(r"\n[ \t\u00a0]*\n", text))
