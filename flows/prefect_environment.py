"""Prefect's settings for running without configuration; import this before Prefect.

What the operator has set stands. The embedded server needs longer to start than Prefect waits by default, nothing
is reported to anybody, and its data stay in the program's own folder.
"""

import os

from flows import settings

_DEFAULTS = {
    "PREFECT_HOME": str((settings.load().home / "prefect").resolve()),
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "DO_NOT_TRACK": "1",
}
for _name, _value in _DEFAULTS.items():
    os.environ.setdefault(_name, _value)
