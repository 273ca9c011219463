"""Time and memory of reading 20,000 documents of the Federal Register, against orjson reading the same bytes.

Run `python -m tests.benchmarks.federal_register [documents] [pairs]`. Invented documents come as pages of 1,000, in two
shapes: with every field the interface gives for a single document, and with the few that the plan asks for. Both sides
run in turn in one process, by processor time; the peak of memory above what the pages take is that of a child process
for each side. The bare side drops each page as soon as it is read; ours keeps the acts of all pages.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson

from sources.connectors import federal_register
from sources.snapshots import Snapshot

NOW = datetime(2026, 1, 15, tzinfo=UTC)
PAGE_ROWS = 1000
SITE = "https://www.federalregister.gov"
WORDS = ("asylum", "border", "designation", "entry", "extension", "guidance", "measures", "notice", "parole", "visa")
TYPES = ("Rule", "Proposed Rule", "Notice", "Presidential Document")
SHAPES = ("every field", "fields asked for")


def _document(number: int) -> dict[str, Any]:
    """Return a document of about the real ones' size, a quarter of them presidential."""
    published = date(2017, 1, 30) + timedelta(days=number % 3000)
    name = f"{published.year}-{number % 100_000:05d}"
    title = " ".join(WORDS[(number * step) % len(WORDS)] for step in range(3, 3 + 8 + number % 6)).capitalize()
    day, type_ = published.isoformat(), TYPES[number % 4]
    is_presidential = type_ == TYPES[3]
    place = f"{published:%Y/%m/%d}/{name}"
    agency = {"raw_name": "EXAMPLE OFFICE", "name": "Example Office", "id": 538, "parent_id": None, "slug": "example"}
    agency |= {"url": f"{SITE}/agencies/example", "json_url": f"{SITE}/api/v1/agencies/538"}
    return {
        "abstract": None if is_presidential else f"{title}. " * 4,
        "action": None,
        "agencies": [agency],
        "body_html_url": f"{SITE}/documents/full_text/html/{place}.html",
        "cfr_references": [],
        "citation": f"{published.year - 1935} FR {number + 1}",
        "comment_url": None,
        "comments_close_on": None,
        "correction_of": None,
        "corrections": [],
        "dates": None,
        "disposition_notes": "See: EO 13767, January 25, 2017" if is_presidential else None,
        "docket_ids": [],
        "document_number": name,
        "effective_on": None,
        "end_page": number + 5,
        "executive_order_notes": "See: EO 13767, January 25, 2017" if is_presidential else None,
        "executive_order_number": str(10_000 + number) if is_presidential else None,
        "full_text_xml_url": f"{SITE}/documents/full_text/xml/{place}.xml",
        "html_url": f"{SITE}/documents/{place}/{title.lower().replace(' ', '-')}",
        "images": {"Example.EPS": {"large": f"{SITE}/large.png?1485454275", "original": f"{SITE}/o.png?1485454275"}},
        "json_url": f"{SITE}/api/v1/documents/{name}?publication_date={day}",
        "mods_url": f"https://www.govinfo.gov/metadata/granule/FR-{day}/{name}/mods.xml",
        "page_length": 5,
        "page_views": {"count": number, "last_updated": "2026-01-14 16:15:09 -0500"},
        "pdf_url": f"https://www.govinfo.gov/content/pkg/FR-{day}/pdf/{name}.pdf",
        "president": {"identifier": "donald-trump", "name": "Donald Trump"} if is_presidential else None,
        "presidential_document_number": str(10_000 + number) if is_presidential else None,
        "proclamation_number": None,
        "public_inspection_pdf_url": f"https://public-inspection.federalregister.gov/{name}.pdf?1485533723",
        "publication_date": day,
        "raw_text_url": f"{SITE}/documents/full_text/text/{place}.txt",
        "regulation_id_number_info": {},
        "regulation_id_numbers": [],
        "regulations_dot_gov_info": {},
        "regulations_dot_gov_url": None,
        "significant": None,
        "signing_date": (published - timedelta(days=5)).isoformat() if is_presidential else None,
        "start_page": number + 1,
        "subtype": "Executive Order" if is_presidential else None,
        "title": title,
        "toc_doc": title,
        "toc_subject": None,
        "topics": [],
        "type": type_,
        "volume": published.year - 1935,
    }


def pages(shape: str, documents: int) -> list[bytes]:
    """Return answers to a search that found so many documents."""
    made = []
    for start in range(0, documents, PAGE_ROWS):
        results = [_document(number) for number in range(start, min(start + PAGE_ROWS, documents))]
        if shape == "fields asked for":
            results = [{field: one[field] for field in federal_register.FIELDS} for one in results]
        total = {"count": documents, "description": "Documents", "total_pages": -(-documents // PAGE_ROWS)}
        made.append(orjson.dumps({**total, "results": results}))
    return made


def ours(bodies: list[bytes]) -> int:
    """Read the pages as the connector does, keep the acts and count them."""
    parts = []
    for body in bodies:
        # Hashing is the store's work.
        snapshot = Snapshot(source_id="federal_register", key="", url="", retrieved=NOW, sha256="", file=BytesIO(body))
        parts.append(federal_register.parse(snapshot))
    return sum(parsed.rows for parsed in parts)


def bare(bodies: list[bytes]) -> int:
    """Read the pages with orjson and count the documents."""
    return sum(len(orjson.loads(body)["results"]) for body in bodies)


SIDES = {"ours": ours, "orjson": bare}


def _peak_bytes() -> int:
    """Return the most memory this process had; `getrusage` would count in what its parent had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _peak_of(side: str, bodies: list[bytes]) -> float:
    """Return the peak of one side in a process of its own, in MiB above what it has with the pages in memory."""
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(bodies):
            (Path(folder) / f"{number:05d}.json").write_bytes(body)
        command = [sys.executable, "-m", "tests.benchmarks.federal_register", side, folder]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(json.loads(output)) / (1 << 20)


def _child(side: str, folder: Path) -> int:
    bodies = [path.read_bytes() for path in sorted(folder.iterdir())]
    before = _peak_bytes()
    SIDES[side](bodies)
    return _peak_bytes() - before


def main(documents: int, pairs: int) -> None:
    """Measure both sides in turn, in both shapes, and print their medians, ratios and peaks."""
    for shape in SHAPES:
        bodies = pages(shape, documents)
        seconds: dict[str, list[float]] = {side: [] for side in SIDES}
        # The first run of each warms up.
        for _ in range(pairs + 1):
            for side, of_side in seconds.items():
                started = time.process_time()
                assert SIDES[side](bodies) == documents
                of_side.append(time.process_time() - started)
        medians = {side: statistics.median(of_side[1:]) for side, of_side in seconds.items()}
        ratios = sorted(a / b for a, b in zip(seconds["ours"][1:], seconds["orjson"][1:], strict=True))
        print(f"{documents:,} documents with {shape}, {sum(map(len, bodies)) / 1e6:.0f} MB, {pairs} pairs")
        for side, median in medians.items():
            peak = _peak_of(side, bodies)
            print(f"  {side:>6}: {median * 1000:.0f} ms, peak {peak:.0f} MiB above the pages")
        print(f"  ours / orjson: {statistics.median(ratios):.2f} (pairs {ratios[0]:.2f} to {ratios[-1]:.2f})")
    print("target: 1.5 x")


if __name__ == "__main__":
    given = sys.argv[1:]
    if given and not given[0].isdigit():
        print(json.dumps(_child(given[0], Path(given[1]))))
    else:
        main(int(given[0]) if given else 20_000, int(given[1]) if len(given) > 1 else 5)
