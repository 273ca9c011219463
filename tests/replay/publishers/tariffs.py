"""A folder of a public repository: a listing of its files, in JSON, each with the address of its raw content."""

import json
from pathlib import Path

from tests.replay.server import Asked, Reply

FILES = {
    "annex_i_tariff_rates.csv": "payload_annex.csv",
    "statutory_tariffs_2026-07-01.json": "payload_statutory.json",
    "trump_2.0_trade_deals.csv": "payload_deals.csv",
    "us-imports.json": "payload_imports.json",
}
# Listed as well: an older vintage, and files of other kinds.
OTHERS = ("statutory_tariffs_2026-06-28.json", "total_imports.json", "timeline.tsx")


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer the listing or a file; raw content comes as plain text whatever it is."""
    if asked.path == "/":
        entries = [
            {"name": name, "path": f"data/{name}", "type": "file", "download_url": f"{asked.base_url}/raw/{name}"}
            for name in sorted((*FILES, *OTHERS))
        ]
        return Reply(body=json.dumps(entries).encode(), media_type="application/json; charset=utf-8")
    if file := FILES.get(asked.path.removeprefix("/raw/")):
        return Reply(body=(folder / file).read_bytes(), media_type="text/plain; charset=utf-8")
    return Reply(status=404, body=b'{"message":"Not Found","status":"404"}', media_type="application/json")
