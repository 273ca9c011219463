"""Pieces laid out apart, bound into the report with their tags: the whole stays one tagged file.

The report stands with empty pages at its end, one for each page of the pieces. So its running heads, page numbers and
contents are those of the whole. Each empty page gives what stands in its margins to the page that takes its place.

What is tagged is found through the parent tree: of each page a list of the parts that its marked content belongs to, of
each link its part. Both are numbered through the whole file, so the pieces' numbers change as they are bound.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pikepdf


def pages(piece: bytes) -> int:
    """Return how many pages a piece has."""
    with pikepdf.open(io.BytesIO(piece)) as document:
        return len(document.pages)


def bind(report: bytes, pieces: Sequence[bytes]) -> bytes:
    """Return a report whose empty pages at the end hold the pieces: content, tags, links and bookmarks.

    All are tagged PDFs made by `reports.render.pdf`, the pieces with marks of their own for head cells. The last part
    of the report's tags holds its empty pages; the pieces' bookmarks stand below its last one. The same bytes for the
    same report and pieces.
    """
    with ExitStack() as opened:
        # A part copied from another file is read when the whole is written: until then all stay open.
        document, *parts = [opened.enter_context(pikepdf.open(io.BytesIO(one))) for one in (report, *pieces)]
        binder = _Binder(document, sum(len(part.pages) for part in parts))
        for part in parts:
            binder.add(part)
        binder.add_bookmarks()
        out = io.BytesIO()
        document.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return out.getvalue()


class _Binder:
    """A report with empty pages; `number` is the first page that is still empty."""

    def __init__(self, document: pikepdf.Pdf, empty: int) -> None:
        self.document = document
        self.number = len(document.pages) - empty
        tree = document.Root.StructTreeRoot
        self.parents = tree.ParentTree.Nums
        self.place = tree.K[0].K[-1]
        # It holds what stands on the empty pages, which is nothing, and would begin on one of them.
        self.place.K = pikepdf.Array()
        del self.place.Pg
        self.bookmarks: list[pikepdf.OutlineItem] = []

    def add(self, piece: pikepdf.Pdf) -> None:
        """Put a piece on the next empty pages."""
        first = self.number
        for page in piece.pages:
            empty = self.document.pages[self.number].obj
            self.document.pages[self.number] = page
            _give_margins(self.document, empty, self.document.pages[self.number].obj)
            self.document.pages[self.number].obj.StructParents = empty.StructParents
            self.number += 1
        # The pages came first: what points at them in the piece points at their copies here.
        tree = self.document.copy_foreign(piece.Root.StructTreeRoot)
        self._take_parents(dict(_pairs(tree.ParentTree.Nums)), first)
        for part in tree.K[0].K:
            part.P = self.place
            self.place.K.append(part)
        self._take_bookmarks(piece)

    def _take_parents(self, parents: dict[int, Any], first: int) -> None:
        """Enter a piece's pages and links in the parent tree; in the piece its pages have the numbers from 0 on."""
        for number in range(first, self.number):
            page = self.document.pages[number].obj
            # Keys and values take turns, and a page's key is its number.
            self.parents[2 * int(page.StructParents) + 1] = parents[number - first]
            for link in page.get("/Annots", ()):
                key = int(self.parents[-2]) + 1
                self.parents.append(key)
                self.parents.append(parents[int(link.StructParent)])
                link.StructParent = key

    def _take_bookmarks(self, piece: pikepdf.Pdf) -> None:
        with piece.open_outline() as given:
            for bookmark in given.root:
                target: Any = bookmark.destination
                target = self.document.copy_foreign(piece.make_indirect(target))
                self.bookmarks.append(pikepdf.OutlineItem(bookmark.title, target))

    def add_bookmarks(self) -> None:
        """Put the bookmarks of all pieces below the last one of the report."""
        with self.document.open_outline() as outline:
            last = outline.root[-1]
            while last.children:
                last = last.children[-1]
            last.children.extend(self.bookmarks)


def _pairs(numbers: pikepdf.Object) -> Iterator[tuple[int, Any]]:
    """Yield the keys and values of a number tree that is one list."""
    for place in range(0, len(numbers), 2):
        yield int(numbers[place]), numbers[place + 1]


def _give_margins(document: pikepdf.Pdf, empty: pikepdf.Object, page: pikepdf.Object) -> None:
    """Draw what stands in the margins of an empty page on another one, after its own content.

    The same typeface has the same name in every file, but other letters of it are embedded: it gets another name.
    """
    drawn: list[Any] = []
    for instruction in pikepdf.parse_content_stream(empty.Contents):
        if str(instruction.operator) == "Tf":
            typeface, size = instruction.operands
            page.Resources.Font[f"{typeface}-margin"] = empty.Resources.Font[str(typeface)]
            drawn.append(([pikepdf.Name(f"{typeface}-margin"), size], instruction.operator))
        else:
            drawn.append(instruction)
    # Its own content leaves the page's axes turned; they are put back before the margins turn them in their way.
    before = document.make_stream(b"q\n")
    after = document.make_stream(b"\nQ\n" + pikepdf.unparse_content_stream(drawn))
    page.Contents = pikepdf.Array([before, page.Contents, after])
