"""Releases: the reports that go out together under one calendar key, such as `2026-W48`.

A release has one day (`as_of`), so that a run that is taken up again tomorrow still says what it said today. Each
distinct slice of the roster is built once, in a folder of its own; what was built, what its check refused and what
rests on sources too old to be sent stands in `release.json`, written whole after each.

    releases/<key>/release.json
    releases/<key>/<slice>/policy-comparison_...pdf, .json, .manifest.json
    releases/<key>/<slice>/<edition>/policy-comparison_...json, .manifest.json

Evidence that changes while a release goes out makes another edition of a slice, and its files take the place of the
earlier ones. The rows of each stay in a folder of their own: whoever got it is told what changed since. They are all
rows in scope, also of a report that prints only those that changed.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from flows.batch import Built, Order, build_each
from flows.build import Evidence
from flows.options import UsageError
from flows.parameters import ReportParameters
from reports import publish, tables
from reports.edition import MANIFEST, Kind
from sources.errors import BadInput, Fault, UnknownName

_FILE = "release.json"
_DIGITS = 12
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What some recipients want, built once for all of them: its name, its scope, and what to build.

    `since` is the folder of the edition that changes are told from, None for a first report, and `since_id` its id.
    """

    name: str
    scope: str
    parameters: ReportParameters
    since: Path | None
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
    """The releases kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keys(self) -> list[str]:
        """Return the keys of all releases, the latest day last."""
        found = [self.open(path.parent.name) for path in self._folder.glob(f"*/{_FILE}")]
        return [release.key for release in sorted(found, key=lambda release: (release.as_of, release.key))]

    def has(self, key: str) -> bool:
        """Say whether a release was begun."""
        return (self._folder / _checked(key) / _FILE).exists()

    def open(self, key: str) -> Release:
        """Return a release. Raises UnknownName if there is none, BadInput if its file is damaged."""
        path = self._folder / _checked(key) / _FILE
        try:
            content = json.loads(path.read_bytes())
            built = {name: Built(**{**b, "too_old": tuple(b["too_old"])}) for name, b in content.pop("built").items()}
            return Release(**{**content, "as_of": date.fromisoformat(content["as_of"]), "built": built})
        except FileNotFoundError as error:
            raise UnknownName("release", key, self.keys()) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            fault = Fault(file=f"{key}/{_FILE}", path=".", found=str(error), expected="a release")
            raise BadInput([fault]) from error

    def begin(self, key: str, as_of: date, corrects: str = "", reason: str = "") -> Release:
        """Return the release of a key, a new one if there is none; an old one keeps its day.

        Raises UsageError if the key stands for another correction, or for none.
        """
        if self.has(key):
            found = self.open(key)
            if (found.corrects, found.reason) != (corrects, reason) and corrects:
                raise UsageError(
                    f"{key} is there already and corrects {found.corrects or 'nothing'}: choose another key"
                )
            return found
        release = Release(key=key, as_of=as_of, corrects=corrects, reason=reason)
        self.save(release)
        return release

    def note_gathered(self, release: Release, now: datetime) -> Release:
        """Return the release with the instant its sources were gathered for it, kept."""
        release = replace(release, gathered=now.isoformat(timespec="seconds"))
        self.save(release)
        return release

    def folder(self, key: str, name: str) -> Path:
        """Return where the files of a slice stand."""
        return self._folder / _checked(key) / _checked(name)

    def save(self, release: Release) -> None:
        """Write a release's file whole."""
        content = {**asdict(release), "as_of": release.as_of.isoformat()}
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
        publish.write(self._folder / release.key / _FILE, text.encode())

    def rows(self, release: Release, scope: str, edition_id: str) -> Path | None:
        """Return the folder with the rows of an edition that had a scope, or None where it does not stand any more."""
        names = [name for name, found in release.scopes.items() if found == scope]
        folders = [self.folder(release.key, name) / edition_id[:_DIGITS] for name in names]
        return next((folder for folder in folders if folder.is_dir()), None)

    def build(
        self, release: Release, wanted: Sequence[Slice], evidence: Evidence, say: Callable[[str], None]
    ) -> Release:
        """Return the release with slices built; what is there as it would be built now is not built again."""
        orders = [
            Order(
                name=one.name,
                parameters=one.parameters.model_copy(update={"out": self.folder(release.key, one.name)}),
                editions_in=one.since or self.folder(release.key, one.name),
            )
            for one in wanted
        ]
        slices = {one.name: one for one in wanted}
        for name, built in build_each(orders, evidence, say):
            if not built.stopped:
                self._keep_rows(self.folder(release.key, name), slices[name], built.edition_id, evidence)
            if release.built.get(name) != built:
                # Another run may have built other slices meanwhile.
                there = self.open(release.key)
                release = replace(
                    there,
                    built={**there.built, name: built},
                    scopes={**there.scopes, name: slices[name].scope},
                )
                self.save(release)
        return release

    def _keep_rows(self, folder: Path, one: Slice, edition_id: str, evidence: Evidence) -> None:
        """Keep the rows of an edition apart from the files of its slice, which a later edition replaces."""
        kept = folder / edition_id[:_DIGITS]
        if kept.is_dir():
            return
        partial = folder / f".{kept.name}.{os.getpid()}.partial"
        partial.mkdir(exist_ok=True)
        for path in folder.glob("*.json"):
            shutil.copyfile(path, partial / path.name)
            if one.parameters.report is Kind.CHANGES and not path.name.endswith(MANIFEST):
                whole = one.parameters.model_copy(update={"report": Kind.FULL, "since": None})
                made = evidence.edition(whole, folder, lambda _: None)
                rows = tables.as_json(made.all_rows, made.request.clock, made.codebook)
                (partial / path.name).write_text(rows, encoding="utf-8")
        try:
            partial.rename(kept)
        except OSError:
            # Another run may have kept the same rows meanwhile.
            if not kept.is_dir():
                raise
            shutil.rmtree(partial)


def _checked(name: str) -> str:
    """Return a key or the name of a slice as the name of a folder. Raises UsageError for one that is a path."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no key of a release: letters, digits, '.', '_' and '-', such as 2026-W48")
    return name
