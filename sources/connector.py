"""What a connector is: who publishes, what to ask for, and how to read the answer.

A connector is one module in `sources/connectors/` with `SOURCE` and `parse`; it adds `plan` when one request is not
enough and `canonical` when the publisher stamps its pages. None of them touches the network, the disk or the clock:
`plan` yields requests and is sent their snapshots, `parse` gets a snapshot and returns checked tables.
"""

import hashlib
import importlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from sources import connectors
from sources.countries import nearest
from sources.errors import UnknownName
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A public source: a publisher's dataset.

    `base_url` can be replaced by a setting. `tier` is that of the codebook's sources (1 official, 2, 3). Past
    `max_age_days` without a good look its numbers are stale. `parse` must give between `min_rows` and `max_rows` rows.
    With a licence that forbids distribution it is not publishable: `series` prints its numbers, no report does.
    """

    id: str
    title: str
    publisher: str
    base_url: str
    licence: str
    tier: int
    cadence_days: int
    max_age_days: int
    min_rows: int = 1
    max_rows: int = 1_000_000
    max_bytes: int = 64 * MEBIBYTE
    requests_per_second: float = 1.0
    is_publishable: bool = True
    needs_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One GET. `key` names the document and stays the same when its address moves; headers are never recorded.

    With `is_listing` the answer only says where to look: it is kept, but not read by `parse`. With
    `keeps_versions` a new answer does not take the place of an older one: a feed holds only what is newest.
    """

    key: str
    url: str
    formats: frozenset[Format]
    headers: dict[str, str] = field(default_factory=dict)
    is_listing: bool = False
    keeps_versions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a plan may use: where the publisher is, the day, further addresses, and the key if there is one.

    `no_key` says how to give the key a source needs.
    """

    base_url: str
    today: date
    urls: tuple[str, ...] = ()
    api_key: str | None = None
    no_key: str = "it needs a key"


Plan = Generator[Request, Snapshot, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """A loaded connector. `fingerprint` changes with the code that reads, so that kept readings are made anew."""

    source: Source
    plan: Callable[[Ask], Plan]
    parse: Callable[[Snapshot], Parsed]
    canonical: Callable[[Snapshot], bytes] | None
    fingerprint: str


@cache
def load(source_id: str) -> Connector:
    """Return the connector of a source. Raises UnknownName for an id that no module has."""
    if source_id not in connectors.ids():
        raise UnknownName("source", source_id, nearest(source_id, list(connectors.ids())))
    module = importlib.import_module(f"sources.connectors.{source_id}")
    files = [str(module.__file__), *(str(Path(__file__).with_name(f)) for f in _READING_CODE)]
    return Connector(
        source=module.SOURCE,
        plan=getattr(module, "plan", None) or _one_request,
        parse=module.parse,
        canonical=getattr(module, "canonical", None),
        fingerprint=hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()[:16],
    )


_READING_CODE = ("country_names.py", "formats.py", "periods.py", "tables.py", "texts.py", "workbooks.py")


def _one_request(ask: Ask) -> Plan:
    yield Request(key="all", url=ask.base_url, formats=frozenset(Format) - {Format.HTML, Format.EMPTY})
