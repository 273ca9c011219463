"""Places: files by name in a folder or at a URL, whole or not at all, for good or in place of what stood there."""

from io import BytesIO
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from sources import stores
from sources.errors import BadInput, StorageFailed
from sources.review import Review
from tests.sources import test_review


@pytest.fixture(params=["", "file://", "memory://"])
def location(request, tmp_path):
    return f"{request.param}{tmp_path}/place"


@pytest.fixture
def place(location):
    return stores.place(location)


def test_what_is_put_stays_and_what_is_replaced_does_not(place):
    for content in (b"one", b"two"):
        place.put("a/kept", BytesIO(content))
        place.replace("a/latest", BytesIO(content))
    assert place.read(["a/kept", "a/latest"]) == {"a/kept": b"one", "a/latest": b"two"}


def test_files_and_folders_are_found_by_their_names(place):
    for name in ("a/b/one", "a/b/two", "a/three", "ab/four"):
        place.put(name, BytesIO(name.encode()))
    assert place.names("a") == ["a/b/one", "a/b/two", "a/three"]
    assert {"a", "ab"} <= set(place.folders(""))
    assert place.folders("a") == ["b"]
    assert place.names("nowhere") == place.folders("nowhere") == []
    assert place.has("a/three")
    assert not place.has("a/b")
    with place.folder("a/b") as folder:
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"one": b"a/b/one", "two": b"a/b/two"}


def test_what_is_not_there_is_not_found(place):
    assert place.read([]) == {}
    assert not stores.is_as_promised(place, "a", "0" * 64)
    with pytest.raises(FileNotFoundError):
        place.open("a")
    with pytest.raises(FileNotFoundError):
        place.read(["a"])


def test_another_who_uses_the_place_sees_what_was_just_written(place, location):
    place.put("a/one", BytesIO(b"1"))
    other = stores.place(location)
    assert other.names("a") == ["a/one"]
    place.put("a/two", BytesIO(b"2"))
    assert other.names("a") == ["a/one", "a/two"]


def test_a_file_url_is_a_folder_in_which_files_are_renamed_into_place(tmp_path):
    assert isinstance(stores.place(f"file://{tmp_path}"), stores.LocalPlace)
    assert isinstance(stores.place(f"memory://{tmp_path}"), stores.RemotePlace)


def test_a_url_that_nothing_can_open_is_refused_by_its_scheme():
    with pytest.raises(
        BadInput, match=r"store: nowhere://: found Protocol not known: nowhere; expected a path, or a URL"
    ):
        stores.place("nowhere://bucket/key?secret=1")


def test_the_review_is_kept_at_a_url_as_in_a_folder(location):
    assert Review(location).keep(test_review.reading())
    assert not Review(location).keep(test_review.reading())
    assert len(Review(location).proposals()) == 1


def test_nothing_half_written_is_left_in_a_folder(tmp_path, monkeypatch):
    place = stores.place(tmp_path)
    place.replace("a", BytesIO(b"before"))
    monkeypatch.setattr(Path, "rename", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        place.replace("a", BytesIO(b"after"))
    assert place.names("") == ["a"]
    assert place.read(["a"]) == {"a": b"before"}


def test_a_store_that_takes_nothing_is_named_with_what_to_do(monkeypatch):
    place = stores.place("memory://unwilling")

    def refuse(*_, **__):
        raise OSError("no room")

    monkeypatch.setattr(MemoryFileSystem, "open", refuse)
    with pytest.raises(StorageFailed, match="unwilling/a cannot be written: no room; make room"):
        place.replace("a", BytesIO(b"content"))
