"""The journal: lines that are only added, read on from where reading ended, and torn ones that count for nothing."""

import pytest

from flows.delivery.journal import Journal, JournalFailed

ANA, EVA = "a" * 64, "b" * 64


@pytest.fixture
def path(tmp_path):
    """Return where a journal is to stand, in a folder that is not there yet."""
    return tmp_path / "home" / "ledger.journal"


def test_what_was_noted_is_read_once_and_then_only_what_was_added(path):
    journal = Journal(path)
    assert journal.since({}) is None
    journal.dot(ANA, 1)
    journal.dot(EVA, 1)
    journal.dot(ANA, 2)
    first = journal.since({})
    assert first.dots == {ANA: 2, EVA: 1}
    assert first.end == path.stat().st_size
    assert journal.since({first.journal_id: first.end}) is None
    journal.dot(EVA, 2)
    second = journal.since({first.journal_id: first.end})
    assert (second.journal_id, second.dots) == (first.journal_id, {EVA: 2})


def test_the_last_word_on_an_address_holds(path):
    journal = Journal(path)
    journal.suppress("ana@example.org", "bounce", "2026-11-24T12:00:00+00:00")
    journal.suppress("josé\n\"'@example.org", "unsubscribe", "2026-11-24T12:00:00+00:00")
    journal.unsuppress("ana@example.org")
    assert journal.since({}).suppressed == {"josé\n\"'@example.org": ("unsubscribe", "2026-11-24T12:00:00+00:00")}


def test_only_its_owner_may_read_it(path):
    Journal(path).dot(ANA, 1)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kept", range(1, 5))
def test_an_unfinished_line_counts_for_nothing_and_swallows_none(path, kept):
    journal = Journal(path)
    journal.dot(ANA, 1)
    start = path.stat().st_size
    journal.dot(EVA, 1)
    whole = path.read_bytes()
    path.write_bytes(whole[: start + (len(whole) - start) * kept // 5])
    torn = journal.since({})
    assert torn.dots == {ANA: 1}
    journal.dot(EVA, 2)
    assert journal.since({torn.journal_id: torn.end}).dots == {EVA: 2}


def test_a_first_line_that_is_unfinished_is_waited_for(path):
    journal = Journal(path)
    path.parent.mkdir()
    path.write_bytes(b'\n["do')
    assert journal.since({}) is None
    journal.dot(ANA, 1)
    assert journal.since({}).dots == {ANA: 1}


def test_another_journal_in_its_place_and_one_that_was_cut_are_read_from_the_start(path):
    journal = Journal(path)
    journal.dot(ANA, 1)
    journal.dot(ANA, 2)
    read = journal.since({})
    path.write_bytes(path.read_bytes()[:-5])
    assert journal.since({read.journal_id: read.end}).dots == {ANA: 1}
    path.unlink()
    journal.dot(EVA, 1)
    journal.dot(EVA, 2)
    other = journal.since({read.journal_id: read.end})
    assert (other.dots, other.journal_id == read.journal_id) == ({EVA: 2}, False)


def test_lines_of_another_kind_are_passed_over(path):
    path.parent.mkdir()
    path.write_bytes(b'{"a": 1}\nnull\n["dot", 1, 1]\n["dot", "a"]\n["later", "x"]\n\xff\n["dot", "b", 3]\n')
    assert Journal(path).since({}).dots == {"b": 3}


def test_a_journal_that_cannot_be_read_or_written_is_named(path):
    path.mkdir(parents=True)
    journal = Journal(path)
    for use in (lambda: journal.since({}), lambda: journal.dot(ANA, 1), lambda: journal.unsuppress("ana@example.org")):
        with pytest.raises(JournalFailed, match=rf"{path.name} fails: Is a directory"):
            use()
