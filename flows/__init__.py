"""When it runs and what leaves the machine: the command line, settings and thin Prefect flows.

Prefect reads its settings when it is imported, so what running without configuration needs is set here, before any
module of this package imports it. What the operator has set stands: the embedded server gets more time to start
than Prefect gives it, nothing is reported to anybody, and its data stay in the program's own folder.
"""

import os
from pathlib import Path

os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
if "PREFECT_API_URL" not in os.environ:
    # Prefect makes this folder itself, but not its parents.
    os.environ.setdefault("PREFECT_HOME", str(Path(os.environ.get("POLICYDIFF_HOME", ".policydiff")).resolve()))
