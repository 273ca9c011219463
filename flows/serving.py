"""What `policydiff serve` keeps in the program's own folder: its login, and where it serves while it does.

    server.secret          the login, readable by its owner alone
    server/                Prefect's own data
    server/serving.json    where it serves; the file is locked for as long as it does

No Prefect here: the command only starts and watches it.
"""

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.settings import Settings, check_login
from sources.errors import PolicydiffError

POOL = "policydiff"
# Whoever watches the runs of the pool must not wait behind them.
WATCH_POOL = "policydiff-watch"
DEPLOYMENTS = Path(__file__).parents[1] / "prefect.yaml"
AUTOMATIONS = Path(__file__).with_name("automations.yaml")

_USER = "policydiff"


class ServeFailed(PolicydiffError):
    """The server could not be brought up, or a part of it ended: mend what the message names and start it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that was started here: its address, and whether whoever started it still lives."""

    api_url: str
    is_running: bool


def secret_file(given: Settings) -> Path:
    """Return the file that holds the login."""
    return given.home.resolve() / "server.secret"


def data_folder(given: Settings) -> Path:
    """Return the folder of Prefect's own data."""
    return given.home.resolve() / "server"


def login(given: Settings) -> str:
    """Return the login as NAME:PASSWORD: from the settings, else from its file.

    Raises ServeFailed if there is none, or if its file is no login or others can read it.
    """
    if given.serve.secret:
        return given.serve.secret.get_secret_value()
    path = secret_file(given)
    try:
        with path.open(encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            found = file.read().strip()
        check_login(found)
    except FileNotFoundError as error:
        raise ServeFailed(f"{path}: no login; `policydiff serve` makes one") from error
    except ValueError as error:
        # UnicodeDecodeError is one too. Neither text may show what stands in the file.
        raise ServeFailed(f"{path}: expected one line, NAME:PASSWORD in ASCII; delete it to have one made") from error
    if mode & 0o077:
        raise ServeFailed(f"{path}: others may read it (mode {mode:04o}); expected 0600: delete it to have one made")
    return found


def make_login(given: Settings) -> bool:
    """Make a login if the settings give none and there is none yet; say whether one was made."""
    if given.serve.secret or secret_file(given).exists():
        return False
    given.home.mkdir(parents=True, exist_ok=True)
    made = os.open(secret_file(given), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(made, "w", encoding="ascii") as file:
        file.write(f"{_USER}:{secrets.token_urlsafe(24)}\n")
        file.flush()
        os.fsync(file.fileno())
    return True


@contextmanager
def serving(given: Settings, api_url: str) -> Iterator[None]:
    """Say for as long as the block runs where it serves. Raises ServeFailed if another does from the same folder."""
    path = _record(given)
    given.home.mkdir(parents=True, exist_ok=True)
    # Prefect's database also holds what its secret blocks are locked with.
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServeFailed(f"another `policydiff serve` runs with the data in {given.home.resolve()}") from error
        file.truncate(0)
        file.write(json.dumps({"api_url": api_url}))
        file.flush()
        try:
            yield
        finally:
            path.unlink()


def find(given: Settings) -> Serving | None:
    """Return the server that was started from this folder and not stopped, or None."""
    try:
        file = _record(given).open(encoding="utf-8")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            is_running = False
        except BlockingIOError:
            is_running = True
        return Serving(api_url=json.loads(file.read())["api_url"], is_running=is_running)


def _record(given: Settings) -> Path:
    return data_folder(given) / "serving.json"
