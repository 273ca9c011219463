"""A full disk: one sentence that names the file and what to do, a failed run, and no half file."""

import asyncio
import os
import shutil
import subprocess
from collections import deque
from datetime import UTC, date, datetime

import pytest

from flows.build_report import build_report
from flows.delivery.journal import Journal, JournalFailed
from flows.delivery.ledger import LedgerMissing
from flows.parameters import ReportParameters
from flows.told import Told
from sources.errors import StorageFailed, storing
from tests.replay.server import running

TOLD = "No space left on device; make room or correct its rights, then run it again"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def disk(tmp_path):
    """Return a folder on a disk of its own of half a mebibyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder))
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a full disk needs the right to mount one: it is tried as root")
    yield folder
    subprocess.run(("umount", "-l", str(folder)), check=True)


def fill(disk, *, but=0):
    """Fill a disk, but for some bytes."""
    with (disk / "filler").open("wb", buffering=0) as file:
        file.write(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - but))


def left(folder):
    """Return what stands in a folder besides what filled it."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "filler")


def test_a_report_that_finds_no_room_is_named_and_leaves_no_half_file(run, disk):
    fill(disk, but=8192)
    code, out, err = run("build", "--report", "brief", "--format", "json", "--out", str(disk))
    assert (code, out) == (1, "")
    last = err.splitlines()[-1]
    assert last.startswith(f"error: {disk}/policy-comparison_brief_region_")
    assert last.endswith(
        "cannot be written: No space left on device; make room or correct its rights, then run it again"
    )
    assert left(disk) == []


@pytest.mark.usefixtures("server")
def test_the_run_of_such_a_report_fails_and_its_state_says_why(disk, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLICYDIFF_HOME", str(tmp_path / "home"))
    fill(disk, but=8192)
    parameters = ReportParameters(report="brief", formats=["json"], out=disk, as_of=date(2026, 11, 24))
    state = asyncio.run(build_report(parameters, return_state=True))
    assert state.is_failed()
    assert f"StorageFailed: {disk}/policy-comparison_brief_region_2026-11-24" in state.message
    assert "No space left on device; make room" in state.message
    assert left(disk) == []


def test_a_snapshot_that_finds_no_room_is_named_with_its_source_and_leaves_no_half_file(run, disk, monkeypatch):
    fill(disk, but=4096)
    monkeypatch.setenv("POLICYDIFF_STORE", str(disk / "store"))
    with running() as replay:
        monkeypatch.setenv("POLICYDIFF_SOURCES__CBP_ENCOUNTERS__BASE_URL", replay.base_url("cbp_encounters"))
        code, _, err = run("gather", "cbp_encounters")
    assert code == 3
    assert f"cbp_encounters: FAILED: {disk}/store/" in err
    assert "cannot be written: No space left on device; make room" in err
    assert "Traceback" not in err
    # An object that nothing names is whole; a half one would stand here.
    assert left(disk / "store" / "incoming") == []


def test_a_ledger_that_cannot_grow_is_named(disk):
    told = Told(f"sqlite:///{disk / 'ledger.db'}")
    told.take("a run", "mail", NOW)
    fill(disk)
    with pytest.raises(LedgerMissing, match=rf"ledger sqlite:///{disk}/ledger\.db cannot be used: .*its disk has room"):
        # What the last pages have room for is still taken.
        deque(told.take(f"run {number}", "mail", NOW) for number in range(500))


def test_a_ledger_that_cannot_be_made_is_named_and_leaves_no_half_file(disk):
    fill(disk)
    with pytest.raises(LedgerMissing, match=rf"the ledger {disk}/ledger\.db cannot be made: database or disk is full"):
        Told(f"sqlite:///{disk / 'ledger.db'}").take("a run", "mail", NOW)
    assert left(disk) == []


def test_a_journal_that_cannot_grow_is_named(disk):
    fill(disk)
    with pytest.raises(JournalFailed, match=rf"journal {disk}/ledger\.journal fails: No space left on device"):
        Journal(disk / "ledger.journal").suppress("ana@example.org", "bounce", NOW.isoformat())


def test_only_what_the_disk_says_is_told_so(tmp_path):
    with pytest.raises(StorageFailed, match="a cannot be written: No such file"), storing("a"):
        (tmp_path / "none" / "a").write_bytes(b"")
    with pytest.raises(ValueError, match="ours"), storing("a"):
        raise ValueError("ours")
