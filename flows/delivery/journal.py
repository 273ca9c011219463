"""The journal beside the ledger: what must be known even where the database is put back from a backup, or lost.

One line of JSON for each final dot that leaves, and for each address that is put on or taken off the list of those who
get nothing. Lines are only added, each is on disk before its writer goes on, and a line that a dying writer left
unfinished counts for nothing: what it was to record had not happened yet.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sources.errors import PolicydiffError

# Longer than any line: an address has at most 320 characters, each six in JSON at the worst.
_LINE_BYTES = 4096


class JournalFailed(PolicydiffError):
    """The journal cannot be read or written: make room, or mend the rights of its folder."""


class _Kind(StrEnum):
    DOT = "dot"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What a ledger has not read of a journal yet.

    `journal_id` tells a journal from another, `end` is where reading goes on, in bytes. `dots` are the numbers of the
    last final dots by key, `suppressed` the reasons and instants (RFC 3339) by address.
    """

    journal_id: str
    end: int
    dots: Mapping[str, int]
    suppressed: Mapping[str, tuple[str, str]]


class Journal:
    """The journal in a file, made with its first line. Several processes may add to it at once.

    Every method raises JournalFailed if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def dot(self, key: str, number: int) -> None:
        """Note that the final dot of a delivery leaves, for the `number`-th time."""
        self._add([_Kind.DOT, key, number])

    def suppress(self, address: str, reason: str, since: str) -> None:
        """Note that an address gets nothing any more."""
        self._add([_Kind.SUPPRESSED, address, reason, since])

    def unsuppress(self, address: str) -> None:
        """Note that an address was taken off the list."""
        self._add([_Kind.UNSUPPRESSED, address])

    def since(self, read: Mapping[str, int]) -> Tail | None:
        """Return what stands after the place up to which each journal was read, by its id, or None if nothing does."""
        with self._named():
            if not self._path.exists():
                return None
            with self._path.open("rb") as file:
                first, end, _ = file.read(_LINE_BYTES).lstrip(b"\n").partition(b"\n")
                if not end:
                    return None
                journal_id = hashlib.sha256(first).hexdigest()
                start = read.get(journal_id, 0)
                if file.seek(0, os.SEEK_END) < start:
                    # It was cut: better to read it again than to miss what was added.
                    start = 0
                file.seek(start)
                content = file.read()
        lines = content[: content.rfind(b"\n") + 1]
        return _tail(journal_id, start + len(lines), lines) if lines else None

    def _add(self, entry: list[str | int]) -> None:
        with self._named():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "ab", opener=_for_its_owner_alone) as file:
                is_new = file.tell() == 0
                # Written at once, and after an end of line: an unfinished line must not swallow this one.
                file.write(f"\n{json.dumps(entry)}\n".encode())
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                folder = os.open(self._path.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JournalFailed(f"the ledger's journal {self._path} fails: {error.strerror or error}") from error


def _for_its_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _tail(journal_id: str, end: int, lines: bytes) -> Tail:
    dots: dict[str, int] = {}
    suppressed: dict[str, tuple[str, str]] = {}
    for line in lines.split(b"\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            # Empty, or unfinished.
            continue
        match entry:
            case [_Kind.DOT, str(key), int(number)]:
                dots[key] = max(number, dots.get(key, 0))
            case [_Kind.SUPPRESSED, str(address), str(reason), str(since)]:
                suppressed[address] = (reason, since)
            case [_Kind.UNSUPPRESSED, str(address)]:
                suppressed.pop(address, None)
    return Tail(journal_id=journal_id, end=end, dots=dots, suppressed=suppressed)
