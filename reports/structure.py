"""The tags of a PDF, finished: what the renderer leaves out or tells page by page is told as the page means it.

The renderer tags each printed page by itself and forgets which element a tag comes from. Here a part that runs over a
page break becomes one part again (only a table stays a table on each page, with the heads printed there), a passage in
another language is marked with it, cells that head others say what they head, and running heads and page numbers are
artifacts, so that a screen reader does not read them in the middle of a sentence.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

import pydyf
import weasyprint
import weasyprint.pdf.tags

# Parts that may run over a page break and hold other parts, never text itself.
_CONTINUED = frozenset({"/Sect", "/Art", "/Div", "/Part", "/BlockQuote", "/L", "/LI", "/LBody", "/P", "/NonStruct"})
# More rows than this that only head others read like a torn table head.
_MOST_HEAD_ROWS = 3
_PAGINATION = pydyf.Dictionary({"Type": "/Pagination"})


# What the parts of a table are that is not laid out as one.
_UNFOLDED = {
    **dict.fromkeys(("/Table", "/THead", "/TBody", "/TFoot", "/TR", "/TH", "/TD"), "/Div"),
    "/Caption": "/P",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What the renderer knew of each structure element, by object number: `elements`, where it comes from.

    `unfolded` are the tables that are laid out otherwise: in large print their rows stand below each other.
    """

    elements: dict[int, Element] = field(default_factory=dict)
    unfolded: set[int] = field(default_factory=set)


@contextmanager
def noted() -> Iterator[Notes]:
    """Note, while a PDF is written, what is known of each structure element.

    The renderer has no hook for it: its own function is wrapped, and given back at the end.
    """
    notes = Notes()
    build = weasyprint.pdf.tags._build_box_tree

    def noting(box: Any, *rest: Any) -> Iterator[pydyf.Dictionary]:
        for made in build(box, *rest):
            # A page yields what its parts have yielded before it: the first to speak is the part itself.
            if box.element is not None and made.number not in notes.elements:
                notes.elements[made.number] = box.element
                if made["S"] == "/Table" and not box.is_table_wrapper:
                    notes.unfolded.add(made.number)
            yield made

    weasyprint.pdf.tags._build_box_tree = noting
    try:
        yield notes
    finally:
        weasyprint.pdf.tags._build_box_tree = build


def finisher(notes: Notes, mark: str = "") -> Callable[[Any, pydyf.PDF], None]:
    """Return the function that finishes the tags of a PDF before it is written; `notes` as `noted` gives them.

    `mark` is put before the names of head cells: in a piece of a report they must be other names than in the rest.
    """

    def finish(_document: Any, pdf: pydyf.PDF) -> None:
        _Tree(pdf, notes, mark).finish()

    return finish


class _Tree:
    """The structure tree of a PDF that is being made: its parts are dictionaries, found by their references."""

    def __init__(self, pdf: pydyf.PDF, notes: Notes, mark: str) -> None:
        self.pdf = pdf
        self.elements = notes.elements
        self.unfolded = notes.unfolded
        self.mark = mark
        self.root = self._object(pdf.catalog["StructTreeRoot"])
        self.document = self._object(self.root["K"][0])

    def finish(self) -> None:
        """Join what page breaks tore, then finish each part, then call the rest artifacts."""
        for number, element in self.elements.items():
            if language := element.get("lang"):
                self.pdf.objects[number]["Lang"] = pydyf.String(language)
        for number in self.unfolded:
            self._unfold(self.pdf.objects[number])
        pages = self.document["K"]
        self.document["K"] = pydyf.Array()
        for reference in pages:
            self._append(self.document, self._object(reference))
        reached: set[tuple[bytes, int]] = set()
        self._visit(self.document, reached)
        self._mark_artifacts(reached)

    def _object(self, reference: bytes) -> Any:
        return self.pdf.objects[int(reference.split()[0])]

    def _kids(self, part: Any) -> list[Any]:
        """Return the parts directly in a part: not its text, not its links."""
        kids = (self._object(kid) for kid in part["K"] if isinstance(kid, bytes))
        return [kid for kid in kids if kid.get("Type") == "/StructElem"]

    # --- Parts that run over a page break ---------------------------------------------------------------------------

    def _append(self, parent: Any, part: Any) -> None:
        """Put a part at the end of another, or what it holds into the part that it continues there."""
        begun = self._begun(parent, part)
        if begun is None:
            parent["K"].append(part.reference)
            part["P"] = parent.reference
        else:
            for kid in self._kids(part):
                self._append(begun, kid)

    def _begun(self, parent: Any, part: Any) -> Any | None:
        """Return the part of an earlier page that this one continues: of the same element, not just a line of it."""
        element = self.elements.get(part.number)
        if element is None or part["S"] not in _CONTINUED or (part["S"] != "/LBody" and element is self._of(parent)):
            return None
        for kid in reversed(self._kids(parent)):
            if self._of(kid) is element and kid["S"] == part["S"] and kid["Pg"] != part["Pg"]:
                return kid
        return None

    def _of(self, part: Any) -> Element | None:
        return self.elements.get(part.number)

    # --- Each part ------------------------------------------------------------------------------------------------

    def _visit(self, part: Any, reached: set[tuple[bytes, int]]) -> None:
        """Finish a part and all in it, and note the marked content that is reached."""
        if part["S"] == "/L":
            self._list(part)
        elif part["S"] == "/Table":
            self._table(part)
        for kid in part["K"]:
            if isinstance(kid, int):
                reached.add((part["Pg"], kid))
        for kid in self._kids(part):
            self._visit(kid, reached)

    def _list(self, part: Any) -> None:
        """Make each group of a term and its description one item of a list."""
        for group in self._kids(part):
            if group["S"] == "/Div":
                group["S"] = "/LI"
                for kid, kind in zip(self._kids(group), ("/Lbl", "/LBody"), strict=False):
                    kid["S"] = kind
                    for inner in self._kids(kid):
                        inner["S"] = "/NonStruct"

    def _table(self, table: Any) -> None:
        """Say what each head cell heads; cells that only look like heads become data.

        A row's first cell stays a head only where a table has more data than heads: in one of two columns, or of a
        single row, the column's head says it all. The name of a group of rows heads no cell of its own row.
        """
        rows = [(group["S"], self._kids(row)) for group in self._groups(table) for row in self._rows(group)]
        cells = [cell for _, row in rows for cell in row]
        heads = [cell for cell in cells if cell["S"] == "/TH"]
        for cell in heads:
            # The cells under it hold the same object.
            cell["ID"].string = self.mark + cell["ID"].string
        has_head = any(kind == "/THead" for kind, _ in rows)
        is_small = has_head and 2 * len(heads) > len(cells)
        only_heads = [row for _, row in rows if all(cell["S"] == "/TH" for cell in row)]
        demoted = set()
        for kind, row in rows:
            is_group = kind != "/THead" and row in only_heads and len(only_heads) > _MOST_HEAD_ROWS
            for cell in row:
                if cell["S"] != "/TH":
                    continue
                if kind != "/THead" and (is_small or is_group):
                    cell["S"] = "/TD"
                    demoted.add(cell.pop("ID").data)
                else:
                    cell["A"]["Scope"] = "/Column" if kind == "/THead" else "/Row"
        for cell in cells:
            if "Headers" in cell["A"]:
                kept = [key for key in cell["A"]["Headers"] if key.data not in demoted]
                cell["A"]["Headers"] = pydyf.Array(kept)

    def _groups(self, table: Any) -> list[Any]:
        return [kid for kid in self._kids(table) if kid["S"] in ("/THead", "/TBody", "/TFoot")]

    def _rows(self, group: Any) -> list[Any]:
        return [kid for kid in self._kids(group) if kid["S"] == "/TR"]

    def _unfold(self, part: Any) -> None:
        """Make plain parts of a table that is not laid out as one: its cells are read one after the other."""
        if part["S"] in ("/TH", "/TD"):
            for key in ("A", "ID"):
                part.pop(key, None)
        part["S"] = _UNFOLDED.get(part["S"], part["S"])
        for kid in self._kids(part):
            self._unfold(kid)

    # --- Artifacts -------------------------------------------------------------------------------------------------

    def _mark_artifacts(self, reached: set[tuple[bytes, int]]) -> None:
        """Make artifacts of the marked content that no part holds, and take it out of the map from content to parts."""
        numbers = self._object(self.root["ParentTree"])["Nums"]
        for page_number, reference in enumerate(self.pdf.page_references):
            page = self._object(reference)
            stream = self._object(page["Contents"]).stream
            parents = numbers[2 * page_number + 1]
            for place, item in enumerate(stream):
                if not isinstance(item, pydyf.Dictionary) or "MCID" not in item:
                    continue
                if (reference, item["MCID"]) not in reached:
                    parents[item["MCID"]] = "null"
                    stream[place - 1 : place + 1] = ["/Artifact", _PAGINATION]
