"""The countries a row may be about, and where each stands in a row's code.

Codes are ISO 3166-1 alpha-3. The place in REGION_COUNTRIES is part of every row's code (R-0104 is instrument 01,
place 04), so a country may be added at the end, never moved or removed.
"""

import difflib

REGION = "REGION"
GLOBAL = "GLOBAL"
# The countries that a publisher counts together without naming them; no row is about them.
OTHER = "OTHER"

# Latin America and the Caribbean: the members of CELAC, and Puerto Rico's neighbours that are no states are left out.
REGION_COUNTRIES = (
    "MEX", "GTM", "HND", "SLV", "NIC", "CRI", "PAN", "CUB", "HTI", "DOM", "VEN", "COL", "ECU", "PER", "BOL",
    "BRA", "PRY", "CHL", "ARG", "URY", "BLZ", "JAM", "GUY", "SUR", "TTO", "BHS", "BRB", "ATG", "DMA", "GRD",
    "KNA", "LCA", "VCT",
)  # fmt: skip
AREAS = (REGION, GLOBAL)
PLACES = (REGION, GLOBAL, *REGION_COUNTRIES)


def reading_order(code: str) -> tuple[bool, int]:
    """Return the key that puts countries in their order, and the region and the world after them."""
    return code in AREAS, PLACES.index(code)


def row_code(instrument_number: int, country_code: str) -> str:
    """Return the code of a cell: the same cell has the same code in every edition."""
    return f"R-{instrument_number:02d}{PLACES.index(country_code):02d}"


def nearest(name: str, known: list[str]) -> list[str]:
    """Return the known names most like `name`, best first, for an error message."""
    by_fold = {known_name.casefold(): known_name for known_name in known}
    return [by_fold[match] for match in difflib.get_close_matches(name.casefold(), by_fold, n=3, cutoff=0.4)]
