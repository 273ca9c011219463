"""The errors an operator can act on: one class per action."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One mistake in a file: where it is, what was found and what was expected."""

    file: str
    path: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}: {self.path}: found {self.found}; expected {self.expected}"


class PolicydiffError(Exception):
    """Anything a user can mend; its text says what, where and what to do."""


class BadInput(PolicydiffError):
    """A file, option or setting is wrong: correct it. Carries every fault of the run, not the first only."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"{len(faults)} mistake{'s' if len(faults) != 1 else ''} in the input:\n{lines}")

    def __reduce__(self) -> tuple[type["BadInput"], tuple[list[Fault]]]:
        """Let one that a child process raised come back with its faults."""
        return type(self), (list(self.faults),)


class UnknownName(PolicydiffError):
    """A country, instrument or row code that does not exist: choose another."""

    def __init__(self, kind: str, name: str, suggestions: list[str]) -> None:
        plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
        hint = (
            f"; did you mean {' or '.join(suggestions)}?"
            if suggestions
            else f"; `policydiff list {plural}` shows them all"
        )
        super().__init__(f"unknown {kind} {name!r}{hint}")


class StorageFailed(PolicydiffError):
    """A file cannot be written: make room or correct its rights, then run it again. What stood there stands."""


@contextmanager
def storing(path: object) -> Iterator[None]:
    """Say of a file that cannot be written which it is and what to do. Raises StorageFailed."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"{path} cannot be written: {error.strerror or error}; make room or correct its rights, then run it again"
        ) from error


class MissingLibrary(PolicydiffError):
    """A system library is not installed: install it with the command in the message."""


class Refused(PolicydiffError):
    """A finished file failed its acceptance check and was not kept."""


class SourceError(PolicydiffError):
    """A public source gave nothing usable; its last good snapshot serves. `source_id` names it."""

    def __init__(self, source_id: str, reason: str) -> None:
        self.source_id = source_id
        self.reason = reason
        super().__init__(f"{source_id}: {reason}")


class SourceUnavailable(SourceError):
    """The publisher did not answer, or answered that it is busy: try again later."""


class SourceRefused(SourceError):
    """The publisher wants a key or does not let us in: ask for access, or hand a file over with --from."""


class SourceChanged(SourceError):
    """The publisher's format or labels are not those the connector knows: read the change and adapt the connector."""


class DamagedObject(PolicydiffError):
    """A stored object is missing or its bytes are not those its name promises: restore it or gather again."""
