"""Publishers' names of countries to ISO 3166-1 alpha-3. A name nobody knows stops the source: a guess would misfile.

The names are those of the `pycountry` package (ISO 3166, the Debian iso-codes project); what a publisher spells in
its own way stands in its connector.
"""

from collections.abc import Iterable, Mapping
from functools import cache

import pandas as pd
import pycountry

from sources.countries import GLOBAL, OTHER, nearest
from sources.errors import SourceChanged

# Not in ISO 3166-1 as such, but in many publishers' tables under this user-assigned code.
KOSOVO = "XKX"
# Spellings of several publishers that ISO 3166 does not have.
COMMON = {
    "antigua-barbuda": "ATG",
    "bosnia-herzegovina": "BIH",
    "burma": "MMR",
    "cape verde": "CPV",
    "czech republic": "CZE",
    "democratic republic of the congo": "COD",
    "dem rep of the congo": "COD",
    "ivory coast": "CIV",
    "macau": "MAC",
    "macedonia": "MKD",
    "micronesia": "FSM",
    "myanmar (burma)": "MMR",
    "russia": "RUS",
    "st. kitts and nevis": "KNA",
    "st. kitts-nevis": "KNA",
    "st. lucia": "LCA",
    "st. vincent and the grenadines": "VCT",
    "st. vincent-grenadines": "VCT",
    "swaziland": "SWZ",
    "turkey": "TUR",
}


@cache
def _codes() -> dict[str, str]:
    """Return every ISO name and code, folded, with its alpha-3 code."""
    codes = {"kosovo": KOSOVO, "xkx": KOSOVO, "global": GLOBAL, "other": OTHER, **COMMON}
    for country in pycountry.countries:
        for attribute in ("name", "official_name", "common_name", "alpha_2", "alpha_3"):
            if name := getattr(country, attribute, None):
                codes[_fold(name)] = country.alpha_3
    return codes


def _fold(name: str) -> str:
    return " ".join(name.casefold().replace("&", "and").split())


def code(name: str, source_id: str, also: Mapping[str, str] | None = None) -> str:
    """Return the code of a country's name; `also` adds a publisher's own spellings.

    Raises SourceChanged for a name that is in neither.
    """
    folded = _fold(name)
    own = {_fold(spelling): value for spelling, value in (also or {}).items()}
    found = own.get(folded) or _codes().get(folded)
    if found is None:
        hint = nearest(name, list(_codes()))
        raise SourceChanged(
            source_id, f"unknown country {name!r}" + (f"; the nearest known are {', '.join(hint)}" if hint else "")
        )
    return found


def codes(names: "pd.Series[str]", source_id: str, also: Mapping[str, str] | None = None) -> "pd.Series[str]":
    """Return the codes of a column of names, each looked up once. Raises SourceChanged for an unknown name."""
    return names.map(_of(names.unique(), source_id, also))


def _of(names: Iterable[str], source_id: str, also: Mapping[str, str] | None) -> dict[str, str]:
    return {name: code(name, source_id, also) for name in names}
