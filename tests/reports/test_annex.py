"""The annex: which lines it holds, that the pages say what annex.csv says, and that the whole stays one tagged file."""

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from datetime import date

import pikepdf
import pytest

from flows.parameters import ReportParameters
from reports import acceptance, annex, archive, binding, edition, publish, render
from reports.edition import Kind, Request
from reports.language import Language
from reports.series import LegalAct
from reports.verify import verify
from tests.reports.conftest import gathered
from tests.reports.test_checkable import unmapped

SPANISH = Language("es")


def act(number, **values):
    """Return a legal act of the source."""
    plain = {
        "source_id": "a_source",
        "act_id": f"2025-{number:05d}",
        "kind": "executive_order",
        "title": "An order",
        "signing_date": date(2025, 1, number),
        "publication_date": None,
        "president": "a president",
        "citation_url": f"https://example.org/{number}",
        "instrument_ids": ("travel_ban",),
        "country_codes": (),
        "snapshot_sha256": "cd" * 32,
    }
    return LegalAct(**{**plain, **values})


def of(book, clock, numbers=None, acts=(), **wanted):
    """Return the blocks of an annex."""
    given = gathered()
    given = replace(given, numbers=given.numbers if numbers is None else numbers, acts=tuple(acts))
    return annex.blocks(
        edition.make(book, Request(**{"kind": Kind.FULL, "clock": clock, "annex": True, **wanted}), given)
    )


def test_without_being_asked_for_there_is_no_annex(book, clock):
    assert of(book, clock, annex=False) == ()
    made = edition.make(book, Request(kind=Kind.FULL, clock=clock), gathered())
    assert "annex.csv" not in [one.name for one in archive.attachments(made)]
    assert "annex" not in made.inputs


def test_a_report_with_an_annex_is_another_edition_and_can_be_asked_for_again(book, clock):
    asked, plain = (edition.make(book, ReportParameters(annex=value).request(clock.as_of)) for value in (True, False))
    assert asked.id != plain.id
    assert ReportParameters.of_inputs(asked.inputs, ["pdf"]).request(clock.as_of) == asked.request


def test_numbers_of_other_places_are_out_of_scope_and_those_of_the_whole_world_are_in(book, clock):
    (one, *_) = gathered().numbers
    numbers = [replace(one, country_code=code) for code in ("HND", "GLOBAL", "MEX", "OTHER")]
    (block,) = of(book, clock, numbers, country_codes=("MEX",))
    assert [number.country_code for number in block.numbers] == ["MEX", "GLOBAL"]
    (block,) = of(book, clock, numbers)
    assert [number.country_code for number in block.numbers] == ["MEX", "HND", "GLOBAL"]


def test_acts_of_other_instruments_or_places_are_out_of_scope(book, clock):
    acts = [
        act(3),
        act(2, instrument_ids=("border_wall",)),
        act(1, country_codes=("HTI",)),
        act(4, country_codes=("CUB",)),
    ]
    (block,) = of(book, clock, [], acts, instrument_ids=("travel_ban",), country_codes=("CUB",))
    assert [one.act_id for one in block.acts] == ["2025-00003", "2025-00004"]


def test_pieces_hold_all_lines_in_their_order_and_none_is_too_long(book, clock, monkeypatch):
    monkeypatch.setattr(annex, "PIECE_LINES", 4)
    (one, *_) = gathered().numbers
    numbers = [replace(one, value=float(value)) for value in range(6)]
    blocks = of(book, clock, numbers, [act(n) for n in range(1, 6)])
    pieces = annex.pieces(blocks)
    assert [sum(map(len, piece)) for piece in pieces] == [4, 4, 3]
    assert [(len(part), part.is_first, part.is_begun) for piece in pieces for part in piece] == [
        (4, True, False),
        (2, False, True),
        (2, False, False),
        (3, False, True),
    ]
    assert [n for piece in pieces for part in piece for n in part.numbers] == list(blocks[0].numbers)
    assert [a for piece in pieces for part in piece for a in part.acts] == list(blocks[1].acts)
    assert annex.pieces(()) == ()


def test_a_title_that_a_spreadsheet_would_calculate_is_text_in_the_csv(book, clock):
    lines = list(csv.DictReader(io.StringIO(annex.as_csv(of(book, clock, [], [act(1, title="=1+1")])))))
    assert [(line["kind"], line["title"], line["value"]) for line in lines] == [("act", "'=1+1", "")]


# --- Bound into the report --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(annexed):
    """Return the texts of the pages with the lines of the annex."""
    texts = archive.read_text(annexed.content)
    first = next(n for n, text in enumerate(texts) if "annex.csv" in text)
    return texts[first + 1 :]


def test_the_pages_have_the_lines_of_the_csv_in_the_same_order(annexed, pages):
    lines = list(csv.DictReader(io.StringIO(archive.attached(annexed.content)["annex.csv"].decode())))
    assert Counter(line["kind"] for line in lines) == {"number": 90, "act": 12}
    text = " ".join("\n".join(pages).split())
    place = 0
    for line in lines:
        said = line["act_id"] or f"{SPANISH.number(float(line['value']))} {line['snapshot_sha256'][:8]}"
        assert said in text[place:], line
        place = text.index(said, place) + len(said)


def test_the_annex_stands_on_the_last_pages_which_are_numbered_on(annexed, pages):
    texts = archive.read_text(annexed.content)
    assert len(pages) == 3
    numbers = [re.findall(r"(\d+) / (\d+)", text)[-1] for text in texts]
    assert numbers == [(str(number), str(len(texts))) for number in range(1, len(texts) + 1)]
    assert all("Anexo" in text for text in pages)
    assert sum(text.count("(continuación)") for text in pages) == 2


def test_everything_drawn_belongs_to_a_part_on_its_page_and_every_part_stands_in_the_tree(annexed):
    with pikepdf.open(io.BytesIO(annexed.content)) as document:
        tree = document.Root.StructTreeRoot
        numbers = tree.ParentTree.Nums
        keys = [int(numbers[n]) for n in range(0, len(numbers), 2)]
        parents = {int(numbers[n]): numbers[n + 1] for n in range(0, len(numbers), 2)}
        assert keys == sorted(set(keys))
        reached = set()

        def visit(part, parent):
            assert part.P.objgen == parent.objgen
            for kid in part.K:
                if isinstance(kid, int):
                    reached.add((part.Pg.objgen, kid, part.objgen))
                elif kid.get("/Type") == "/StructElem":
                    visit(kid, part)

        visit(tree.K[0], tree)
        on_pages = {
            (page.obj.objgen, number, part.objgen)
            for page in document.pages
            for number, part in enumerate(parents[int(page.obj.StructParents)])
            if part is not None
        }
        assert reached == on_pages
        for page in document.pages:
            for link in page.obj.get("/Annots", ()):
                owner = parents[int(link.StructParent)]
                assert any(not isinstance(kid, int) and kid.get("/Obj", owner).objgen == link.objgen for kid in owner.K)


def test_head_cells_have_names_of_their_own_and_cells_name_heads_that_exist(annexed):
    with pikepdf.open(io.BytesIO(annexed.content)) as document:
        cells = [item for item in document.objects if isinstance(item, pikepdf.Dictionary) and "/S" in item]
        names = [str(cell.ID) for cell in cells if "/ID" in cell]
        named = {str(name) for cell in cells if "/A" in cell for name in cell.A.get("/Headers", ())}
    assert len(names) == len(set(names))
    assert named <= set(names)


def test_bookmarks_lead_to_the_sources_in_the_annex(annexed, pages):
    with pikepdf.open(io.BytesIO(annexed.content)) as document, document.open_outline() as outline:
        last = outline.root[-1]
        while last.title != "Anexo":
            last = last.children[-1]
        (mark,) = last.children
        at = [page.obj.objgen for page in document.pages].index(mark.destination[0].objgen)
    assert mark.title == "An office, A table"
    assert at == len(archive.read_text(annexed.content)) - len(pages)


def test_a_report_with_an_annex_is_accepted_and_verified_and_an_altered_line_is_named(annexed):
    assert acceptance.check(annexed.content, annexed.edition)
    assert verify(annexed.content, "annexed.pdf").is_valid
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(annexed.content)) as document:
        stream = document.pages[-1].Contents[1]
        stream.write(stream.read_bytes().replace(b" rg\n", b" rg \n", 1))
        document.save(out)
    found = verify(out.getvalue(), "annexed.pdf").alterations
    assert f"page {len(archive.read_text(annexed.content))}" in [one.part for one in found]


def test_the_same_pieces_are_bound_to_the_same_bytes(annexed):
    report = render.pdf(render.html(annexed.edition, empty_pages=1), annexed.edition.id)
    (first, *_) = render.annex_html(replace(annexed.edition, gathered=gathered()))
    piece = render.pdf(first, annexed.edition.id, "annex-1-")
    assert binding.pages(piece) == 1
    assert binding.bind(report, [piece]) == binding.bind(report, [piece])


def test_the_file_of_a_report_with_an_annex_has_a_name_of_its_own(annexed):
    assert publish.file_stem(annexed.edition).endswith("_es_letter_annex")


def test_every_number_of_the_annex_is_in_the_attachments(annexed):
    assert unmapped(annexed.content) == []
