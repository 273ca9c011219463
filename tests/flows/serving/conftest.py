"""A real server as `policydiff serve` runs it: with login, worker, schedules and processes of its own; started once."""

import email
import email.policy
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sources import connectors
from tests.relay.serving import Relay, serving

# On a busy machine the database alone takes a minute to be made.
_PATIENCE_SECONDS = 300
HEARTBEAT = "heartbeat/every-five-minutes"
OWNER = "owner@example.org"


class _Patient(httpx.HTTPTransport):
    """Asks again where the server answers that it is busy, as it does while its SQLite file is locked."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            response = super().handle_request(request)
            if response.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                return response
            response.close()
            time.sleep(0.5)


class Served:
    """A `policydiff serve` in a folder of its own, on a free port of this machine."""

    def __init__(self, folder: Path, *more_settings: str) -> None:
        self.home = folder / "home"
        self.folder = folder / "work"
        self.folder.mkdir(parents=True)
        # Schedules are real: one that falls due while the tests run may ask nobody.
        off = "".join(f"[sources.{source_id}]\nenabled = false\n" for source_id in connectors.ids())
        self.port, self.files_port = free_port(), free_port()
        files_url = f'[serve]\nfiles_url = "http://127.0.0.1:{self.files_port}"\n'
        (self.folder / "policydiff.toml").write_text(files_url + off + "".join(more_settings), encoding="utf-8")
        self.output = folder / "serve.txt"
        # Nothing of the test run's own Prefect, whose server it would take for its own.
        self.bare = {
            name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "POLICYDIFF"))
        }
        self.bare["POLICYDIFF_HOME"] = str(self.home)
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flows.cli", "serve", "--port", str(self.port)],
                cwd=self.folder,
                env=self.bare,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def login(self) -> str:
        return (self.home / "server.secret").read_text(encoding="ascii").strip()

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """What a shell sets that is to work with this server."""
        return {
            **self.bare,
            "PREFECT_HOME": str(self.home / "shell"),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_API_AUTH_STRING": self.login,
            "DO_NOT_TRACK": "1",
        }

    def client(self) -> httpx.Client:
        """Return a client of the API that logs in."""
        name, _, password = self.login.partition(":")
        return httpx.Client(base_url=self.api_url, auth=(name, password), timeout=60, transport=_Patient())

    def wait_for(self, text: str) -> None:
        """Wait until it has said something; fail with what it said if it ends before that."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while text not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.2)

    def end(self, how: signal.Signals) -> int:
        """Send it a signal and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(_PATIENCE_SECONDS)

    def alive(self) -> dict[int, str]:
        """Return every process that works with its folder, with its command."""
        return processes(f"POLICYDIFF_HOME={self.home}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who is told of runs in trouble, by mail and by a webhook."""

    relay: Relay
    hook: http.server.ThreadingHTTPServer

    @property
    def settings(self) -> str:
        """Return the part of policydiff.toml that names the owner."""
        relay = f'host = "127.0.0.1"\nport = {self.relay.port}\ntls = "none"\nsender = "policydiff@example.org"\n'
        return f'[mail]\n{relay}[watch]\nowner = "{OWNER}"\nwebhook = "http://127.0.0.1:{self.hook.server_port}/told"\n'

    def mails(self, run_id: str) -> list[str]:
        """Return the mails about a run."""
        mails = [email.message_from_bytes(kept.content, policy=email.policy.default) for kept in self.relay.kept]
        texts = [f"{mail['Subject']}\n{mail.get_content()}" for mail in mails]
        return [text for text in texts if run_id in text]

    def calls(self, run_id: str) -> list[dict[str, str]]:
        """Return what the webhook was told about a run."""
        return [told for told in self.hook.told if told["run_id"] == run_id]  # type: ignore[attr-defined]


class _Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append(told)  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def processes(variable: str) -> dict[int, str]:
    """Return every process that has a variable, NAME=VALUE, in its environment, with its command."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if variable.encode() in (process / "environ").read_bytes().split(b"\0"):
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            # It ended meanwhile, or belongs to somebody else.
            continue
    return found


def free_port() -> int:
    """Return a port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def owner() -> Iterator[Owner]:
    """Return the owner of the runs, whose mail comes to a relay on this machine."""
    with serving() as relay, http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hook) as hook:
        hook.told = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=hook.serve_forever)
        thread.start()
        yield Owner(relay=relay, hook=hook)
        hook.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, owner: Owner) -> Iterator[Served]:
    """Start `policydiff serve` once, with a heartbeat every minute; stop it as a person does, and leave nothing."""
    found = Served(tmp_path_factory.mktemp("served"), owner.settings)
    try:
        found.wait_for("serving at")
        with found.client() as client:
            heartbeat = client.get(f"/deployments/name/{HEARTBEAT}").raise_for_status().json()
            schedule = {"schedule": {"cron": "* * * * *", "timezone": "America/New_York"}, "active": True}
            address = f"/deployments/{heartbeat['id']}/schedules/{heartbeat['schedules'][0]['id']}"
            client.patch(address, json=schedule).raise_for_status()
        yield found
    finally:
        code = found.end(signal.SIGINT) if found.process.poll() is None else found.process.returncode
    assert code == 0, found.said
    assert found.alive() == {}
    assert found.said.index("stopping the worker") < found.said.index("stopping the server")
