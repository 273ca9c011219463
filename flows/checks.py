"""What `policydiff doctor` looks at: the machine, the evidence, the snapshots, a page that renders, the server."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import httpx

from flows import deliver, evidence, server_checks, settings
from reports import edition, limits, render
from reports.edition import Kind, Request
from reports.language import languages
from sources.errors import DamagedObject, PolicydiffError
from sources.snapshots import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at: whether it is right, and what was found or what to do."""

    name: str
    is_ok: bool
    finding: str

    def as_object(self) -> dict[str, object]:
        """Return the check for --json."""
        return {"name": self.name, "ok": self.is_ok, "finding": self.finding}


def run() -> list[Check]:
    """Run every check; a check that fails does not stop the others."""
    here = [
        _run(name, look)
        for name, look in (
            ("python", _python),
            ("versions", server_checks.versions),
            ("settings", _settings),
            ("owner", _owner),
            ("output folder", _out),
            ("evidence", _evidence),
            ("snapshots", _snapshots),
            ("languages", _languages),
            ("rendering", _rendering),
        )
    ]
    return [*here, *of_server()]


def _run(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name=name, is_ok=True, finding=look())
    except (PolicydiffError, OSError, httpx.HTTPError) as error:
        return Check(name=name, is_ok=False, finding=str(error))


def of_server() -> list[Check]:
    """Look at Prefect's server, if there is to be one."""
    try:
        server = server_checks.find()
    except PolicydiffError as error:
        return [Check(name="server", is_ok=False, finding=str(error))]
    if server is None:
        return [Check(name="server", is_ok=True, finding="none runs here; `policydiff serve` starts one")]
    answers = _run("server", lambda: server_checks.answers(server))
    if not answers.is_ok:
        return [answers]
    looks = (
        ("login", server_checks.refuses_strangers),
        ("worker", server_checks.has_worker),
        ("deployments", server_checks.has_deployments),
        ("automations", server_checks.has_automations),
        ("schedules", server_checks.keeps_schedules),
    )
    return [answers, *(_run(name, partial(look, server)) for name, look in looks)]


def _python() -> str:
    return sys.version.split()[0]


def _settings() -> str:
    given = settings.load()
    return f"home {given.home}, out {given.out}"


def _owner() -> str:
    given = settings.load()
    if not (given.watch.owner or given.watch.webhook):
        return "nobody is told of runs that fail: watch.owner or watch.webhook in policydiff.toml names who is"
    if given.watch.owner:
        deliver.require(given, "host", "sender")
    told = [given.watch.owner, "the webhook" if given.watch.webhook else ""]
    return f"told of runs that fail: {' and '.join(filter(None, told))}"


def _out() -> str:
    folder = settings.load().out
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".doctor"
    probe.write_bytes(b"")
    probe.unlink()
    return f"{folder} can be written"


def _evidence() -> str:
    book = evidence.load(settings.load())
    return f"codebook {book.version}: {len(book.instruments)} instruments, {len(book.statements)} statements"


def _snapshots() -> str:
    store = Store(settings.load().store_location)
    if damages := list(store.damages()):
        raise DamagedObject(f"{len(damages)} damaged: " + "; ".join(damages))
    sources = store.source_ids()
    looks = sum(len(store.observations(source_id)) for source_id in sources)
    return f"{looks} looks at {len(sources)} sources, every snapshot is itself"


def _languages() -> str:
    return ", ".join(languages())


def _rendering() -> str:
    book = evidence.load(settings.load())
    clock = edition.default_clock(datetime.now(UTC).date())
    made = edition.make(book, Request(kind=Kind.BRIEF, clock=clock))
    content = limits.run(render.pdf, seconds=120, mebibytes=4096, page=render.html(made), identifier=made.id)
    return f"a brief of {len(content):,} bytes"
