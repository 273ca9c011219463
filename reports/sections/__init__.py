"""Sections of a report: each is one module with a SECTION, and a template of the same name beside it.

A section is found by its module, so adding one touches no other file. `build` returns what its template may show,
or None where the section has nothing to say in this edition.
"""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from reports.edition import Edition, Kind
from reports.language import Language

# Sections of a lower order open the report: they stand before the contents and are not listed there.
LISTED_FROM = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a report: its id (module and template), its place in the order and the kinds that have it.

    `title` is its heading, in English; `entries` names the parts of a view that the contents list below it, by anchor.
    """

    id: str
    title: str
    order: int
    kinds: frozenset[Kind]
    build: Callable[[Edition, Language], object | None]
    entries: Callable[[Any, Language], Sequence[tuple[str, str]]] = lambda _view, _language: ()


@cache
def load_all() -> tuple[Section, ...]:
    """Return every section of this package, in reading order."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    sections = [importlib.import_module(f"{__name__}.{name}").SECTION for name in names]
    return tuple(sorted(sections, key=lambda section: section.order))


def of_kind(kind: Kind) -> list[Section]:
    """Return the sections of one kind of report, in reading order."""
    return [section for section in load_all() if kind in section.kinds]
