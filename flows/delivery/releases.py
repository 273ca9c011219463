"""Releases: the reports that go out together under one calendar key, such as `2026-W48`.

A release has one day (`as_of`), so that a run that is taken up again tomorrow still says what it said today. Each
distinct slice of the roster is built once, in a folder of its own in the store. What was built of it, or why nothing
was, stands in a file of that slice alone, written last: runs that build other slices of the release at the same time,
on whatever machine, take nothing from each other.

    releases/<key>/release.json
    releases/<key>/<slice>/policy-comparison_...pdf, .json, .manifest.json
    releases/<key>/<slice>/built.json
    releases/<key>/<slice>/<edition>/policy-comparison_...json, .manifest.json

Evidence that changes while a release goes out makes another edition of a slice, and its files take the place of the
earlier ones. The rows of each stay in a folder of their own: whoever got it is told what changed since. They are all
rows in scope, also of a report that prints only those that changed.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

from flows.batch import Built, Order, Runner, build_each
from flows.build import Evidence
from flows.options import UsageError
from flows.parameters import ReportParameters
from reports import tables
from reports.edition import MANIFEST, Kind, canonical_json
from sources import stores
from sources.errors import BadInput, DamagedObject, Fault, UnknownName

_FILE = "release.json"
_BUILT = "built.json"
_DIGITS = 12
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What some recipients want, built once for all of them: its name, its scope, and what to build.

    `since` is where the edition stands, in the store, that changes are told from, and `since_id` its id; a first report
    has neither.
    """

    name: str
    scope: str
    parameters: ReportParameters
    since: str = ""
    since_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The reports of one calendar key with the scope of each; a correction names the key it corrects, and why."""

    key: str
    as_of: date
    corrects: str = ""
    reason: str = ""
    gathered: str = ""
    built: Mapping[str, Built] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=dict)


class Releases:
    """The releases kept in a store, in a folder of it."""

    def __init__(self, location: str, folder: str = "releases") -> None:
        self._place = stores.place(location)
        self._folder = folder

    def keys(self) -> list[str]:
        """Return the keys of all releases, the latest day last."""
        files = [f"{self._folder}/{key}/{_FILE}" for key in self._place.folders(self._folder)]
        found = [_release(name, content) for name, content in self._place.read(files).items()]
        return [release.key for release in sorted(found, key=lambda release: (release.as_of, release.key))]

    def has(self, key: str) -> bool:
        """Say whether a release was begun."""
        return self._place.has(f"{self.folder(key)}/{_FILE}")

    def open(self, key: str) -> Release:
        """Return a release with what was built of it.

        Raises UnknownName if there is none, BadInput if one of its files is damaged.
        """
        folder = self.folder(key)
        file = f"{folder}/{_FILE}"
        try:
            release = _release(file, self._place.read([file])[file])
        except FileNotFoundError as error:
            raise UnknownName("release", key, self.keys()) from error
        files = [name for name in self._place.names(folder) if name.endswith(f"/{_BUILT}")]
        told = {name.split("/")[-2]: _built(name, content) for name, content in self._place.read(files).items()}
        return replace(
            release,
            built={name: built for name, (built, _) in told.items()},
            scopes={name: scope for name, (_, scope) in told.items()},
        )

    def begin(self, key: str, as_of: date, corrects: str = "", reason: str = "") -> Release:
        """Return the release of a key, a new one if there is none; an old one keeps its day.

        Raises UsageError if the key stands for another correction, or for none.
        """
        if not self.has(key):
            new = _content(Release(key=key, as_of=as_of, corrects=corrects, reason=reason))
            self._place.put(f"{self.folder(key)}/{_FILE}", BytesIO(new))
        # Another run may have begun it at the same instant: what stands is the release.
        found = self.open(key)
        if (found.corrects, found.reason) != (corrects, reason) and corrects:
            raise UsageError(f"{key} is there already and corrects {found.corrects or 'nothing'}: choose another key")
        return found

    def note_gathered(self, release: Release, now: datetime) -> Release:
        """Return the release with the instant its sources were gathered for it, kept. For the run that owns it."""
        release = replace(release, gathered=now.isoformat(timespec="seconds"))
        self._place.replace(f"{self.folder(release.key)}/{_FILE}", BytesIO(_content(release)))
        return release

    def folder(self, key: str, *slice_name: str) -> str:
        """Return where a release stands in the store, or a slice of it. Raises UsageError for a name that is a path."""
        return "/".join((self._folder, *map(_checked, (key, *slice_name))))

    def file(self, release: Release, name: str, file: str) -> bytes:
        """Return a file of a slice as it was built. Raises DamagedObject if what stands there is anything else."""
        where = f"{self.folder(release.key, name)}/{file}"
        expected = release.built[name].files[file]
        try:
            content = self._place.read([where])[where]
        except FileNotFoundError as error:
            raise DamagedObject(f"{where} is missing from the store; run it again, and it is built anew") from error
        if (found := hashlib.sha256(content).hexdigest()) != expected:
            told = f"{where} is not as it was built: its bytes have sha256 {found}, expected {expected}"
            raise DamagedObject(f"{told}; run it again, and it is built anew")
        return content

    def rows(self, release: Release, scope: str, edition_id: str) -> str | None:
        """Return the folder with the rows of an edition that had a scope, or None where it does not stand any more."""
        names = [name for name, found in release.scopes.items() if found == scope]
        folders = [f"{self.folder(release.key, name)}/{edition_id[:_DIGITS]}" for name in names]
        return next((folder for folder in folders if self._has_rows(folder)), None)

    def at_hand(self, folder: str) -> AbstractContextManager[Path]:
        """Give a folder of this machine with the rows that `rows` found, for as long as they are read."""
        return self._place.folder(folder)

    def _has_rows(self, folder: str) -> bool:
        # The manifest is written last.
        return any(name.endswith(MANIFEST) for name in self._place.names(folder))

    def build(
        self,
        release: Release,
        wanted: Sequence[Slice],
        evidence: Evidence,
        say: Callable[[str], None],
        runner: Runner | None = None,
    ) -> Release:
        """Return the release with slices built; what is there as it would be built now is not built again.

        `runner` is where they are built, on this machine if there is none.
        """
        orders = [
            Order(
                name=one.name,
                parameters=one.parameters,
                folder=self.folder(release.key, one.name),
                editions_in=one.since or self.folder(release.key, one.name),
            )
            for one in wanted
        ]
        slices = {one.name: one for one in wanted}
        for name, built in build_each(orders, evidence, say, runner):
            folder, scope = self.folder(release.key, name), slices[name].scope
            if not built.stopped:
                self._keep_rows(folder, slices[name], built, evidence)
            if release.built.get(name) != built:
                content = canonical_json({**asdict(built), "scope": scope}).encode()
                self._place.replace(f"{folder}/{_BUILT}", BytesIO(content))
                release = replace(release, built={**release.built, name: built}, scopes={**release.scopes, name: scope})
        return release

    def _keep_rows(self, folder: str, one: Slice, built: Built, evidence: Evidence) -> None:
        """Keep the rows of an edition apart from the files of its slice, which a later edition replaces."""
        kept = f"{folder}/{built.edition_id[:_DIGITS]}"
        rows = next((name for name in built.files if name.endswith(".json")), None)
        # A brief in place of files that are too large comes without.
        if rows is None or self._has_rows(kept):
            return
        manifest = rows.removesuffix(".json") + MANIFEST
        stand = self._place.read([f"{folder}/{rows}", f"{folder}/{manifest}"])
        content = {name.rsplit("/", 1)[-1]: found for name, found in stand.items()}
        if one.parameters.report is Kind.CHANGES:
            whole = one.parameters.model_copy(update={"report": Kind.FULL, "since": None})
            made = evidence.edition(whole, Path(), lambda _: None)
            content[rows] = tables.as_json(made.all_rows, made.request.clock, made.codebook).encode()
        # Another run may keep the same rows at the same time: what stands first stays.
        for name in (rows, manifest):
            self._place.put(f"{kept}/{name}", BytesIO(content[name]))


def _content(release: Release) -> bytes:
    """Return what the file of a release holds: all but what was built, which stands with each slice."""
    content = {
        "key": release.key,
        "as_of": release.as_of.isoformat(),
        "corrects": release.corrects,
        "reason": release.reason,
        "gathered": release.gathered,
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _release(name: str, content: bytes) -> Release:
    try:
        found = json.loads(content)
        return Release(
            key=found["key"],
            as_of=date.fromisoformat(found["as_of"]),
            corrects=found["corrects"],
            reason=found["reason"],
            gathered=found["gathered"],
        )
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput([Fault(file=name, path=".", found=str(error), expected="a release")]) from error


def _built(name: str, content: bytes) -> tuple[Built, str]:
    """Return what was built of a slice, and its scope."""
    try:
        found = json.loads(content)
        scope = found.pop("scope")
        return Built(**{**found, "too_old": tuple(found["too_old"])}), scope
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        fault = Fault(file=name, path=".", found=str(error), expected="what was built; remove it and run it again")
        raise BadInput([fault]) from error


def _checked(name: str) -> str:
    """Return a key or the name of a slice as the name of a folder. Raises UsageError for one that is a path."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no key of a release: letters, digits, '.', '_' and '-', such as 2026-W48")
    return name
