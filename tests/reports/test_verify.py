"""A report checked by the file alone: what was altered is named, and what is no report is refused."""

import hashlib
import io
import json
import random

import pikepdf
import pytest

from reports import archive
from reports.verify import verify
from sources.errors import BadInput
from tests.reports.conftest import finished


def altered(content, alter, *, is_sealed=True):
    """Return a report changed by a function and saved; sealed anew, as somebody would who wants to be believed."""
    with pikepdf.open(io.BytesIO(content)) as document:
        alter(document)
        out = io.BytesIO()
        document.save(out, deterministic_id=True)
    return archive._sealed(out.getvalue()) if is_sealed else out.getvalue()


def findings(content):
    """Return what a check finds, as text."""
    return [str(one) for one in verify(content, "report.pdf").alterations]


def attach(document, name, content):
    """Attach a file, in place of one of the same name."""
    document.attachments[name] = pikepdf.AttachedFileSpec(document, content, filename=name)


def test_a_report_as_it_was_published_is_valid(instrument):
    found = verify(instrument.content, "report.pdf")
    assert found.is_valid
    assert found.edition == instrument.edition.id
    assert found.attachments == ("manifest.json", "numbers.csv", "rows.csv", "rows.json", "statements.json")


def test_saved_again_without_another_change_it_is_not_as_it_was_published(instrument):
    saved = altered(instrument.content, lambda _: None, is_sealed=False)
    where = "outside its pages, fonts and attachments: tags, bookmarks, metadata or packing"
    assert findings(saved) == [f"file: bytes were altered, {where}"]
    with pikepdf.open(io.BytesIO(instrument.content)) as document:
        del document.trailer["/ID"]
        out = io.BytesIO()
        document.save(out, qdf=True, static_id=True)
    assert findings(out.getvalue())


def test_a_removed_a_changed_and_an_added_attachment_are_named(instrument):
    def alter(document):
        del document.attachments["numbers.csv"]
        attach(document, "rows.csv", b"code\nR-0102a\n")
        attach(document, "note.txt", b"trust me")

    assert findings(altered(instrument.content, alter)) == [
        "attachment numbers.csv: it was removed",
        "attachment rows.csv: its content is not the one that was published",
        "attachment note.txt: it was added",
    ]


def test_a_changed_number_on_a_page_is_quoted(instrument):
    made = finished(instrument.edition, instrument.page.replace("about 68,000", "about 86,000"))
    forged = altered(made.content, lambda document: attach_manifest(document, instrument.content))
    pages = [finding for finding in findings(forged) if finding.startswith("page")]
    assert pages
    assert all("these lines were not published" in finding and "about 86,000" in finding for finding in pages)


def attach_manifest(document, content):
    """Give a report the manifest of another, as if its pages had been changed."""
    attach(document, archive.MANIFEST, archive.attached(content)[archive.MANIFEST])
    with pikepdf.open(io.BytesIO(content)) as other:
        document.Root.Metadata = document.make_stream(other.Root.Metadata.read_bytes())


def test_where_a_link_leads_is_part_of_its_page(instrument):
    def alter(document):
        links = [(page, link) for page in document.pages for link in page.get("/Annots", []) if "/A" in link]
        links[0][1].A.URI = pikepdf.String("https://example.org/elsewhere")

    (finding,) = findings(altered(instrument.content, alter))
    assert finding.endswith("what it draws or where its links lead was altered; no line of its text is new")


def test_a_missing_page_and_an_exchanged_font_are_named(instrument):
    def drop(document):
        del document.pages[3]

    found = findings(altered(instrument.content, drop))
    pages = len(instrument_pages(instrument))
    assert found[0] == f"file: it has {pages - 1} pages; {pages} were published"

    def exchange(document):
        fonts = document.pages[0].Resources.Font
        first, second, *_ = sorted(fonts.keys())
        fonts[first] = fonts[second]

    (finding,) = findings(altered(instrument.content, exchange))
    assert finding.startswith("font ")


def instrument_pages(report):
    return archive.manifest(archive.attached(report.content)[archive.MANIFEST]).pages


def test_an_altered_manifest_does_not_agree_with_the_metadata_nor_its_inputs_with_the_edition(instrument):
    manifest = json.loads(archive.attached(instrument.content)[archive.MANIFEST])
    manifest["inputs"]["as_of"] = "2026-11-25"
    forged = json.dumps(manifest).encode()
    assert findings(altered(instrument.content, lambda document: attach(document, archive.MANIFEST, forged))) == [
        "edition: its id does not follow from the inputs in the manifest",
        "attachment manifest.json: its hash is not the one in the metadata",
    ]

    def remove(document):
        del document.attachments[archive.MANIFEST]

    assert findings(altered(instrument.content, remove)) == ["attachment manifest.json: it was removed"]
    spoiled = altered(instrument.content, lambda document: attach(document, archive.MANIFEST, b"{}"))
    assert findings(spoiled) == ["attachment manifest.json: it is no manifest any more"]


def test_metadata_that_name_another_edition_or_nothing_are_named(instrument):
    def alter(document):
        named = document.Root.Metadata.read_bytes().replace(instrument.edition.id.encode(), b"0" * 64)
        document.Root.Metadata = document.make_stream(named)

    assert findings(altered(instrument.content, alter)) == [
        "metadata: they do not name the edition that the manifest names"
    ]

    def remove(document):
        del document.Root["/Metadata"]

    assert "attachment manifest.json: its hash is not the one in the metadata" in findings(
        altered(instrument.content, remove)
    )


def test_no_single_byte_can_be_altered_unseen(instrument):
    """Each kind of part is hit by some of these; whatever it breaks, the answer is a finding."""
    content, drawn = instrument.content, random.Random(7)
    for place in (0, len(content) - 1, *(drawn.randrange(len(content)) for _ in range(150))):
        changed = bytearray(content)
        changed[place] ^= 1 << drawn.randrange(8)
        assert findings(bytes(changed)), f"byte {place}"


def test_a_torn_file_is_altered_and_a_file_of_others_is_none_of_ours(instrument):
    assert findings(instrument.content[: len(instrument.content) // 2])
    blank = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(blank)
    for content in (blank.getvalue(), b"", b"%PDF-1.7\nnonsense", b"plain text"):
        with pytest.raises(
            BadInput, match=r"report\.pdf: content: found no report; expected a PDF that policydiff made"
        ):
            verify(content, "report.pdf")


def test_a_report_remade_as_a_whole_holds_together_but_is_another_file(instrument):
    """What this check cannot see, and what helps: the publisher's own hash of the file."""
    forged = finished(instrument.edition, instrument.page.replace("68,000", "86,000")).content
    assert verify(forged, "report.pdf").is_valid
    assert hashlib.sha256(forged).hexdigest() != hashlib.sha256(instrument.content).hexdigest()
