"""Answer like the publishers until stopped: `python -m tests.replay [FOLDER]`, then gather from another terminal."""

import sys
import threading
from pathlib import Path

from sources import connectors
from tests.replay.server import FIXTURES, running

if __name__ == "__main__":
    with running(Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES) as replay:
        for source_id in connectors.ids():
            print(f"export POLICYDIFF_SOURCES__{source_id.upper()}__BASE_URL={replay.base_url(source_id)}")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
