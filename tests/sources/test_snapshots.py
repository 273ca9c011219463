"""The snapshot store: nothing lost, nothing torn, nothing read that is not itself."""

import hashlib
import io
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from sources.errors import DamagedObject
from sources.snapshots import Observation, Result, Store, versions
from tests.replay.server import FIXTURES

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def observation(sha256, when=NOON, result=Result.NEW, **values):
    """Return an observation of one document."""
    plain = {"source_id": "a_source", "key": "all", "url": "https://example.org/a", "retrieved": when, "recorded": when}
    return Observation(**plain | values, sha256=sha256, result=result)


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    """Return a store in a folder, and one at an fsspec URL."""
    return Store(tmp_path / "store" if request.param == "folder" else f"memory://{tmp_path}")


def test_what_is_kept_is_read_back_exactly(store):
    sha256, size = store.keep(io.BytesIO(b"the publisher's bytes\r\n\x00"))
    assert size == 24
    with store.open(sha256) as file:
        assert file.read() == b"the publisher's bytes\r\n\x00"


def test_the_same_bytes_are_kept_once_and_observations_add_up(store):
    for hours in range(3):
        sha256, _ = store.keep(io.BytesIO(b"same"))
        store.record(observation(sha256, NOON + timedelta(hours=hours)))
    assert len(store.observations("a_source")) == 3
    assert store.source_ids() == ("a_source",)
    assert list(store.damages()) == []


def test_a_damaged_or_missing_object_is_never_used_and_is_named(tmp_path):
    store = Store(tmp_path)
    damaged, _ = store.keep(io.BytesIO(b"one"))
    missing, _ = store.keep(io.BytesIO(b"two"))
    for sha256 in (damaged, missing):
        store.record(observation(sha256))
    path = tmp_path / "objects" / damaged[:2] / damaged
    assert path.stat().st_mode & 0o222 == 0, "an object is read-only"
    path.chmod(0o644)
    path.write_bytes(b"0ne")
    (tmp_path / "objects" / missing[:2] / missing).unlink()
    for sha256 in (damaged, missing):
        with pytest.raises(DamagedObject, match=sha256), store.open(sha256):
            pass
    report = "\n".join(store.damages())
    assert damaged in report
    assert missing in report


def test_a_damaged_observation_is_named(tmp_path):
    store = Store(tmp_path)
    sha256, _ = store.keep(io.BytesIO(b"one"))
    store.record(observation(sha256))
    (path,) = (tmp_path / "observations" / "a_source").iterdir()
    path.chmod(0o644)
    path.write_text(json.dumps({**json.loads(path.read_text()), "url": "https://example.org/other"}))
    with pytest.raises(DamagedObject, match=path.name):
        store.observations("a_source")
    assert path.name in "".join(store.damages())


def test_as_of_a_day_only_what_was_retrieved_by_its_end_is_known(store):
    sha256, _ = store.keep(io.BytesIO(b"one"))
    store.record(observation(sha256, datetime(2026, 1, 15, 23, 59, tzinfo=UTC)))
    assert store.observations("a_source", date(2026, 1, 14)) == ()
    assert len(store.observations("a_source", date(2026, 1, 15))) == 1


def test_the_newest_bytes_stand_for_a_request_and_every_file_for_itself():
    looks = (
        observation("a" * 64, NOON),
        observation("b" * 64, NOON + timedelta(days=1)),
        observation("b" * 64, NOON + timedelta(days=2), Result.SAME),
        observation(None, NOON + timedelta(days=3), Result.FAILED),
        observation("c" * 64, NOON, is_by_hand=True, key="one.csv"),
        observation("d" * 64, NOON, is_by_hand=True, key="one.csv"),
    )
    documents = versions(looks)
    request = documents["request all"]
    assert [version.observation.sha256[0] for version in request] == ["b", "a"]
    assert request[0].observation.retrieved == NOON + timedelta(days=1), "they were first seen then"
    assert request[0].last_look == NOON + timedelta(days=2)
    assert len(documents) == 3


# Hands a folder over in child after child, each killed one write call later than the one before, until one lives;
# after each kill a child that nobody kills does the same again in the same place.
KILLED = """
import itertools, os, shutil, signal, sys, tempfile
from datetime import UTC, datetime
from pathlib import Path
from flows import collect, settings
import sources.connectors.cbp_encounters

def deadly(function, left):
    def call(*arguments, **options):
        for _ in ("before", "after"):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            if _ == "before":
                result = function(*arguments, **options)
        return result
    return call

def child(home, points):
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if points is not None:
        left = [points]
        for owner, name in ((os, "fsync"), (os, "fchmod"), (os, "rename"), (os, "mkdir"), (os, "open"), (os, "unlink"),
                            (Path, "rename"), (Path, "mkdir"), (tempfile, "mkstemp"), (shutil, "copyfileobj")):
            setattr(owner, name, deadly(getattr(owner, name), left))
    now = datetime(2026, 1, 15, tzinfo=UTC)
    collect.take(settings.Settings(home=home), "cbp_encounters", Path(sys.argv[2]), "", None, now, lambda _: None)
    os._exit(0)

for points in itertools.count():
    home = Path(sys.argv[1]) / str(points)
    home.mkdir()
    ended = child(home, points)
    if ended == 0:
        break
    assert ended == -signal.SIGKILL, ended
    shutil.copytree(home, home.with_suffix(".killed"))
    assert child(home, None) == 0
"""


def test_killed_at_every_write_point_nothing_is_lost_or_torn_and_a_rerun_completes(tmp_path):
    payloads = tmp_path / "payloads"
    payloads.mkdir()
    content = (FIXTURES / "cbp_encounters" / "payload_southwest.csv").read_bytes()
    bodies = {content, content.replace(b"9584.0", b"9585.0")}
    for number, body in enumerate(bodies):
        (payloads / f"{number}.csv").write_bytes(body)
    homes = tmp_path / "homes"
    homes.mkdir()
    command = [sys.executable, "-c", KILLED, str(homes), str(payloads)]
    subprocess.run(command, check=True, timeout=300, env={**os.environ, "PYTHONPATH": str(FIXTURES.parents[1])})
    killed = sorted(homes.glob("*.killed"))
    assert len(killed) >= 40
    for home in killed:
        recorded = Store(home / "store").observations("cbp_encounters")
        assert list(Store(home / "store").damages()) == [], home
        completed = Store(home.with_suffix("") / "store")
        assert list(completed.damages()) == [], home
        found = completed.observations("cbp_encounters")
        assert {o.sha256 for o in recorded} <= {o.sha256 for o in found}
        assert {o.sha256 for o in found} == {hashlib.sha256(body).hexdigest() for body in bodies}
