"""Where files are kept: a folder of this machine, or any file system that fsspec knows, such as S3.

A name is a relative path with forward slashes. What is written stands whole or not at all: in a folder it is written
under a temporary name, synced and renamed; an object store takes an upload whole. Nothing is locked. Of two that write
the same name at once one stands, whole; who must not lose what another writes gives it a name of its own.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from sources.errors import BadInput, Fault, storing

_BLOCK = 1 << 20
_READ_ONLY, _WRITABLE = 0o444, 0o644


class Place(Protocol):
    """Files by name; names are relative paths with forward slashes."""

    def put(self, name: str, file: BinaryIO) -> None:
        """Store a file for good under a name that was not there; a name that is there stays."""

    def replace(self, name: str, file: BinaryIO) -> None:
        """Store a file under a name, whatever stood there."""

    def has(self, name: str) -> bool:
        """Say whether a file stands under a name."""

    def open(self, name: str) -> BinaryIO:
        """Open for reading. Raises FileNotFoundError."""

    def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return the content of small files by name. Raises FileNotFoundError."""

    def names(self, prefix: str) -> list[str]:
        """Return the names under a folder, sorted."""

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders that stand directly in a folder, without it, sorted."""

    def folder(self, prefix: str) -> AbstractContextManager[Path]:
        """Give a folder of this machine with the files that stand directly in a folder, to be read only."""


def place(location: str | Path) -> Place:
    """Return what a location means: a path, or an fsspec URL. Raises BadInput for a URL that nothing here can open."""
    text = str(location)
    if "://" not in text:
        return LocalPlace(Path(text))
    try:
        # Others write to it too: what was seen earlier is not what stands.
        files, root = fsspec.core.url_to_fs(text, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        scheme = text.partition("://")[0]
        expected = "a path, or a URL that an installed package opens (for S3: pip install s3fs)"
        raise BadInput([Fault(file="store", path=f"{scheme}://", found=str(error), expected=expected)]) from error
    return LocalPlace(Path(root)) if isinstance(files, LocalFileSystem) else RemotePlace(files, root)


class LocalPlace:
    """A folder on this machine, or one that several machines share and that renames a file in one step."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, file: BinaryIO) -> None:
        """Write what was not there, and make it read-only."""
        if not self.has(name):
            self._write(name, file, _READ_ONLY)

    def replace(self, name: str, file: BinaryIO) -> None:
        """Write over what stands there in one step."""
        self._write(name, file, _WRITABLE)

    def _write(self, name: str, file: BinaryIO, mode: int) -> None:
        """Write under a temporary name, sync, rename, sync the folder. Raises StorageFailed."""
        target = self._folder / name
        incoming = self._folder / "incoming"
        with storing(target):
            for folder in (incoming, target.parent):
                _make_folder(folder)
            handle, temporary = tempfile.mkstemp(dir=incoming)
            try:
                with os.fdopen(handle, "wb") as copy:
                    shutil.copyfileobj(file, copy, _BLOCK)
                    copy.flush()
                    os.fsync(copy.fileno())
                    os.fchmod(copy.fileno(), mode)
                Path(temporary).rename(target)
            finally:
                Path(temporary).unlink(missing_ok=True)
            _sync(target.parent)

    def has(self, name: str) -> bool:
        """Say whether a file stands under a name."""
        return (self._folder / name).is_file()

    def open(self, name: str) -> BinaryIO:
        """Open a stored file."""
        return (self._folder / name).open("rb")

    def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return the content of small files by name."""
        return {name: (self._folder / name).read_bytes() for name in names}

    def names(self, prefix: str) -> list[str]:
        """Return the names under a folder, sorted."""
        root = self._folder / prefix
        return sorted(str(path.relative_to(self._folder)) for path in root.rglob("*") if path.is_file())

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders directly in a folder, sorted."""
        root = self._folder / prefix
        return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []

    @contextmanager
    def folder(self, prefix: str) -> Iterator[Path]:
        """Give the folder itself."""
        yield self._folder / prefix


def _make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, each durable before anything is put into it."""
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class RemotePlace:
    """A folder of a file system that fsspec knows: S3 and the like take an object whole or not at all."""

    def __init__(self, files: fsspec.AbstractFileSystem, root: str) -> None:
        self._files = files
        self._root = root.rstrip("/")

    def put(self, name: str, file: BinaryIO) -> None:
        """Upload what was not there."""
        if not self.has(name):
            self.replace(name, file)

    def replace(self, name: str, file: BinaryIO) -> None:
        """Upload in one object. Raises StorageFailed."""
        target = self._path(name)
        with storing(target):
            self._files.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
            with self._files.open(target, "wb") as copy:
                shutil.copyfileobj(file, copy, _BLOCK)

    def has(self, name: str) -> bool:
        """Say whether an object stands under a name."""
        return bool(self._files.isfile(self._path(name)))

    def open(self, name: str) -> BinaryIO:
        """Open a stored object."""
        return cast(BinaryIO, self._files.open(self._path(name), "rb"))

    def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return the content of small objects by name, fetched at once where the file system can."""
        found = self._files.cat([self._path(name) for name in names]) if names else {}
        return {name: found[self._path(name)] for name in names}

    def names(self, prefix: str) -> list[str]:
        """Return the names under a folder, sorted."""
        folder = self._path(prefix)
        if not self._files.exists(folder):
            return []
        start = len(self._root) + 1
        return sorted(str(path)[start:] for path in self._files.find(folder))

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders directly in a folder, sorted."""
        folder = self._path(prefix)
        if not self._files.exists(folder):
            return []
        entries = self._files.ls(folder, detail=True)
        return sorted(one["name"].rstrip("/").rsplit("/", 1)[-1] for one in entries if one["type"] == "directory")

    @contextmanager
    def folder(self, prefix: str) -> Iterator[Path]:
        """Fetch the files of a folder into one that lasts as long as the block."""
        within = f"{prefix}/"
        names = [name for name in self.names(prefix) if "/" not in name.removeprefix(within)]
        with tempfile.TemporaryDirectory() as fetched:
            for name, content in self.read(names).items():
                (Path(fetched) / name.removeprefix(within)).write_bytes(content)
            yield Path(fetched)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")


def digest_of(file: BinaryIO) -> tuple[str, int]:
    """Return the sha256 and the size of what is left of a file."""
    digest, size = hashlib.sha256(), 0
    while block := file.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def is_as_promised(kept: Place, name: str, sha256: str) -> bool:
    """Say whether a file stands under a name and its bytes have a hash."""
    try:
        with kept.open(name) as file:
            return digest_of(file)[0] == sha256
    except FileNotFoundError:
        return False
