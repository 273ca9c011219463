"""The tags of a PDF: what a page break tears is one part again, and what a screen reader should skip is skipped."""

import io
import re
from collections import Counter

import pikepdf
import pytest

from reports import render

STYLE = "@page { size: 100mm 60mm; margin: 10mm; @top-left { content: 'Running head' } }"


def tree(body, language="en"):
    """Return the tags of a small page as nested tuples: kind, language, and what it holds (its text as a number)."""
    page = f'<!DOCTYPE html><html lang="{language}"><title>T</title><style>{STYLE}</style><body>{body}</body></html>'
    with pikepdf.open(io.BytesIO(render.pdf(page, "0" * 64))) as document:
        return [told(kid) for kid in document.Root.StructTreeRoot.K[0].K], streams(document)


def told(part):
    """Return a part with those in it; pieces of text and links are left out."""
    kids = [kid for kid in part.K if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/StructElem"]
    return str(part.S)[1:], str(part.get("/Lang", "")), [told(kid) for kid in kids]


def streams(document):
    """Return what each page draws."""
    return [page.Contents.read_bytes() for page in document.pages]


def kinds(parts):
    """Count the parts of a tree by kind."""
    counted = Counter()
    for kind, _, inside in parts:
        counted[kind] += 1
        counted += kinds(inside)
    return counted


def find(parts, kind):
    """Return the parts of a kind, in reading order."""
    return [one for part in parts for one in ([part] if part[0] == kind else []) + find(part[2], kind)]


def test_a_paragraph_and_a_list_that_run_over_pages_are_one_part_each():
    words = "word " * 400
    parts, pages = tree(f"<section><p>{words}</p><ul>{'<li>one</li>' * 30}</ul></section>")
    assert len(pages) > 3
    counted = kinds(parts)
    assert (counted["Sect"], counted["P"], counted["L"], counted["LI"]) == (1, 1, 1, 30)


def test_parts_that_only_look_alike_are_not_joined():
    parts, _ = tree(f"<p>{'word ' * 80}</p><p>{'word ' * 80}</p>")
    assert kinds(parts)["P"] == 2


def test_a_table_is_a_table_on_each_page_with_the_heads_printed_there():
    row = "<tr><th scope=row>a</th><td>b</td><td>c</td></tr>"
    parts, pages = tree(f"<table><thead><tr><th>x</th><th>y</th><th>z</th></tr></thead>{row * 30}</table>")
    tables = find(parts, "Table")
    assert len(tables) == len(pages) > 2
    assert all(kinds([table])["THead"] == 1 for table in tables)


def test_running_heads_are_artifacts_and_everything_else_is_held_by_a_part():
    table = "<table><thead><tr><th>x</th><th>y</th></tr></thead><tr><td>a</td><td>b</td></tr></table>"
    body = f"<p>{'word ' * 200}</p>{table}"
    page = f'<html lang="en"><title>T</title><style>{STYLE}</style>{body}</html>'
    with pikepdf.open(io.BytesIO(render.pdf(page, "0" * 64))) as document:
        parents = document.Root.StructTreeRoot.ParentTree.Nums
        for number, drawn in enumerate(streams(document)):
            assert drawn.split().count(b"<</Type") == 1
            assert re.search(rb"/Artifact\s+<</Type /Pagination>>\s+BDC", drawn)
            held = [kid for kid in parents[2 * number + 1] if kid is not None]
            assert len(held) == drawn.count(b"/MCID")


def test_a_passage_in_another_language_says_so_and_the_rest_does_not():
    parts, _ = tree('<p>He said <span lang="es">buenos días</span>.</p><p lang="pt">Bom dia</p>')
    spoken = [(kind, language) for kind, language in languages(parts)]
    assert spoken == [("Span", "es"), ("P", "pt")]


def languages(parts):
    """Yield the kind and language of each part that has one."""
    for kind, language, inside in parts:
        if language:
            yield kind, language
        yield from languages(inside)


def test_a_term_and_its_description_are_one_item_of_a_list():
    (_, _, items), *_ = find(
        tree("<dl><div><dt>rows</dt><dd>4</dd></div><div><dt>ways</dt><dd>2</dd></div></dl>")[0], "L"
    )
    assert [(kind, [inner for inner, _, _ in inside]) for kind, _, inside in items] == [("LI", ["Lbl", "LBody"])] * 2


HEAD = "<thead><tr><th>x</th><th>y</th><th>z</th></tr></thead>"
ROW = "<tr><th scope=row>a</th><td>b</td><td>c</td></tr>"
GROUP = "<tr><th colspan=3 scope=rowgroup>group</th></tr>"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (HEAD + ROW * 4, {"/Column": 3, "/Row": 4}),
        ("<tr><th scope=row>a</th><td>b</td></tr>" * 2, {"/Row": 2}),
        (HEAD + (GROUP + ROW * 4) * 2, {"/Column": 3, "/Row": 10}),
        # The heads of rows give way where they would outnumber the data, and those of many groups to the rows' own.
        (
            "<thead><tr><th>x</th><th>y</th></tr></thead>" + "<tr><th scope=row>a</th><td>b</td></tr>" * 3,
            {"/Column": 2},
        ),
        (HEAD + ROW, {"/Column": 3}),
        (HEAD + (GROUP + ROW * 4) * 3, {"/Column": 3, "/Row": 12}),
    ],
)
def test_a_head_cell_says_what_it_heads_and_every_reference_leads_to_a_head(table, expected):
    page = f'<html lang="en"><title>T</title><style>table {{ font-size: 4pt }}</style><table>{table}</table></html>'
    with pikepdf.open(io.BytesIO(render.pdf(page, "0" * 64))) as document:
        cells = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") in ("/TH", "/TD")]
        heads = [cell for cell in cells if cell.S == "/TH"]
        assert Counter(str(head.A.Scope) for head in heads) == expected
        names = {str(head.ID) for head in heads}
        referred = [str(name) for cell in cells for name in cell.A.get("/Headers", [])]
    assert referred
    assert set(referred) <= names


def test_the_renderers_own_function_is_given_back_even_after_an_error():
    import weasyprint.pdf.tags

    from reports import structure

    own = weasyprint.pdf.tags._build_box_tree
    with pytest.raises(ZeroDivisionError), structure.noted():
        raise ZeroDivisionError
    assert weasyprint.pdf.tags._build_box_tree is own
