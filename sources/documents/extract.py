"""What one file says before it becomes a document: the same record for every format."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lxml.etree

from sources import texts
from sources.dates import Dated
from sources.errors import BadInput, Fault, SourceChanged

# The tree's time grows with the square of a tag's attributes, and all <body> tags make one element.
_MOST_ATTRIBUTES = 200
_MOST_ATTRIBUTES_IN_ALL = 200_000
_MOST_BODIES = 20
_BODY = re.compile(rb"<(?:html|body)\b", re.I)
# A title stands at the top, though a section's name or a date may come before it.
_TOP_PARAGRAPHS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """The text a reader sees and what the file says about it.

    `text` begins with the title where the file gives one. `published` is the file's own word, None without one;
    `language` is a tag as the file declares it, or "".
    """

    title: str
    text: str
    published: Dated | None = None
    language: str = ""


def refusal(source: str, path: str, found: str, expected: str) -> BadInput:
    """Return the error for a file that is not read: where in it, what was found and what was expected."""
    return BadInput([Fault(file=source, path=path, found=found, expected=expected)])


def with_title(title: str, *parts: str) -> str:
    """Return the parts of a text with a blank line between them, the title first unless the last part has it on top."""
    top = (texts.one_line(paragraph).casefold() for paragraph in parts[-1].split("\n\n")[:_TOP_PARAGRAPHS])
    head = "" if title.casefold() in top else title
    return "\n\n".join(part for part in (head, *parts) if part)


def tree_of(page: str, source: str) -> Any:
    """Return the tree of a page or a piece of one. Raises BadInput where it could not be read whole."""
    content = page.encode()
    if (bodies := len(_BODY.findall(content))) > _MOST_BODIES:
        raise refusal(source, "page", f"{bodies} beginnings of a page", "one")
    try:
        lxml.etree.fromstring(content, lxml.etree.HTMLParser(target=_Attributes(source), encoding="utf-8"))
        return texts.parse_page(content, source, source)
    except SourceChanged as error:
        reason = " ".join(error.reason.removeprefix(f"{source}: ").split())
        raise refusal(source, "page", reason, "HTML that can be read whole") from error


class _Attributes:
    """Counts attributes as they are read, without a tree."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._count = 0

    def start(self, _tag: str, attributes: Mapping[str, str]) -> None:
        """Raise BadInput for a tag, or a page, with too many of them."""
        self._count += len(attributes)
        if len(attributes) > _MOST_ATTRIBUTES:
            raise refusal(self._source, "page", f"a tag with {len(attributes)} attributes", f"up to {_MOST_ATTRIBUTES}")
        if self._count > _MOST_ATTRIBUTES_IN_ALL:
            raise refusal(
                self._source, "page", f"more than {_MOST_ATTRIBUTES_IN_ALL} attributes", "an article has some thousands"
            )

    def close(self) -> None:
        """Return nothing: whoever gets here has few."""
