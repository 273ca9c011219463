"""What one file says before it becomes a document: the same record for every format."""

from dataclasses import dataclass
from typing import Any

from sources import texts
from sources.dates import Dated
from sources.errors import BadInput, Fault, SourceChanged

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
    try:
        return texts.parse_page(page.encode(), source, source)
    except SourceChanged as error:
        raise refusal(
            source, "page", error.reason.removeprefix(f"{source}: "), "HTML that can be read whole"
        ) from error
