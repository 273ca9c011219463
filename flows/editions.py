"""Editions that stand in the output folder: found by their manifests, and read again to tell what changed since."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from reports import changes
from reports.changes import Since
from reports.edition import MANIFEST, Request
from sources.codebook import Codebook
from sources.errors import BadInput, Fault, UnknownName


def manifests(out: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the manifests of a folder, with their paths, by name. Raises BadInput for one that is no JSON object."""
    for path in sorted(out.glob(f"*{MANIFEST}")):
        yield path, _object(path)


def since(given: str, out: Path, book: Codebook, request: Request) -> Since:
    """Return what the rows said on a day, or in the edition whose id begins so.

    Raises UnknownName for an edition that is not in the folder, BadInput for one whose rows were not written as JSON or
    that does not hold all that is requested: what it left out would look new.
    """
    day, clock = _day(given), request.clock
    if day is not None:
        if day > clock.as_of:
            fault = Fault(file="--since", path="day", found=given, expected=f"a day up to {clock.as_of}")
            raise BadInput([fault])
        return changes.on_day(book, clock, day)
    path, manifest = find(given, out)
    rows = path.with_name(path.name.removesuffix(MANIFEST) + ".json")
    if not rows.exists():
        fault = Fault(file=rows.name, path=".", found="no such file", expected="the edition's rows, built with json")
        raise BadInput([fault])
    held = _object(rows)
    then = changes.of_edition(held, manifest, rows.name)
    if missing := _missing(held, manifest["inputs"], request):
        raise BadInput(
            [Fault(file=rows.name, path=".", found=missing, expected="all that is asked for; or give a day")]
        )
    return then


def _missing(rows: Mapping[str, Any], inputs: Mapping[str, Any], request: Request) -> str:
    """Return in words what an edition does not hold of a request, or nothing."""
    if rows.get("only_changed"):
        return "only the rows that had changed"
    asked = (("countries", request.country_codes), ("instruments", request.instrument_ids))
    for name, wanted in asked:
        held = inputs.get(name)
        if held and not (wanted and set(wanted) <= set(held)):
            return f"only the {name} {', '.join(held)}"
    return ""


def find(given: str, out: Path) -> tuple[Path, dict[str, Any]]:
    """Return the manifest, with its path, of the one edition whose id begins so. Raises UnknownName."""
    found = [(path, manifest) for path, manifest in manifests(out) if str(manifest.get("edition")).startswith(given)]
    if len({manifest["edition"] for _, manifest in found}) != 1:
        raise UnknownName("edition", given, sorted({str(manifest["edition"])[:12] for _, manifest in found}))
    return found[0]


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadInput([Fault(file=path.name, path=".", found=str(error), expected="JSON")]) from error
    if not isinstance(found, dict):
        raise BadInput([Fault(file=path.name, path=".", found=type(found).__name__, expected="a JSON object")])
    return found
