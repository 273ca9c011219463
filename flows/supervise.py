"""Prefect's server, its worker and the deployments on this machine, behind a login: started, watched and stopped.

It starts each part, waits until it is really up, and watches it. When one ends by itself the rest is stopped and the
message names it. The worker is stopped before the server: one whose server is gone does not end when asked.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import NoReturn

import httpx

from flows import serving
from flows.options import say
from flows.serving import DEPLOYMENTS, POOL, WATCH_POOL, ServeFailed
from flows.settings import Settings

# How long a part may take to come up: the first start makes the database, on a machine that may be busy.
_PATIENCE_SECONDS = 300
# To listen on all addresses is to be reached on this one from here.
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
# How long a part may take to end: the worker ends its runs first.
_GRACE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is served, where, and with which login; `environment` is that of every part."""

    address: str
    host: str
    port: int
    login: str
    environment: Mapping[str, str]

    @property
    def api_url(self) -> str:
        """Return the address of the API."""
        return f"{self.address}/api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A process that runs for as long as it serves."""

    name: str
    process: asyncio.subprocess.Process

    async def stop(self) -> None:
        """Ask it to end, wait, and leave nothing of its group behind."""
        if self.process.returncode is None:
            self.process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), _GRACE_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts started so far, in their order."""

    plan: Plan
    started: list[Part] = field(default_factory=list)

    async def start(self, name: str, *words: str) -> Part:
        """Start a part: a command of Prefect. It does not see the terminal's signals, so that the order is ours."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "prefect", *words),
            env=self.plan.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            start_new_session=True,
        )
        part = Part(name=name, process=process)
        self.started.append(part)
        return part

    async def stop(self) -> None:
        """Stop all, the last one first."""
        for part in reversed(self.started):
            say(f"stopping the {part.name}")
            await part.stop()


def plan(given: Settings) -> Plan:
    """Return what `serve` starts by the settings. Raises ServeFailed without a login or the file of deployments."""
    if not DEPLOYMENTS.is_file():
        raise ServeFailed(f"{DEPLOYMENTS}: not there; serve needs a checkout, which holds the deployments")
    login, home = serving.login(given), serving.data_folder(given)
    host = _ANYWHERE.get(given.serve.host, given.serve.host)
    address = f"http://{f'[{host}]' if ':' in host else host}:{given.serve.port}"
    environment = {
        **os.environ,
        # Runs work in the folder that `serve` was started in, but not everything they start does.
        "POLICYDIFF_HOME": str(given.home.resolve()),
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"{address}/api",
        "PREFECT_API_AUTH_STRING": login,
        "PREFECT_SERVER_API_AUTH_STRING": login,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": address,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # The newer of Prefect's two pages asks a host of an analytics service for its configuration all the same.
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # The page asks whatever host it came from, so that a name, a container or a proxy may stand before it.
        "PREFECT_SERVER_UI_API_URL": "/api",
        # Who holds a deployment's limit is kept on disk. In memory, where Prefect keeps it, what a run held when the
        # server stopped would be held for ever, and that deployment would never run again.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # Runs that ended three months ago are let go, so that the database does not grow for ever.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    }
    if given.serve.database:
        environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = given.serve.database.get_secret_value()
    return Plan(address=address, host=given.serve.host, port=given.serve.port, login=login, environment=environment)


def check_port(made: Plan) -> None:
    """Refuse a port that somebody listens on: what answers there would be taken for ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(made.host, made.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ServeFailed(
            f"cannot listen on {made.host}, port {made.port}: {error}; choose another with --port"
        ) from error


async def run(made: Plan, told: str) -> None:
    """Bring everything up and watch it until a signal comes. Raises ServeFailed if a part ends by itself."""
    is_stopping, parts = asyncio.Event(), Parts(made)
    loop = asyncio.get_running_loop()
    # Parts inherit what is ignored here, as SIGINT is in the background of a script, and a worker that ignores it never
    # ends. What is caught here they get as it was meant to be.
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, is_stopping.set)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # Not under nohup, which wants it to outlive its terminal.
        loop.add_signal_handler(signal.SIGHUP, is_stopping.set)
    served = asyncio.create_task(_bring_up(parts, told))
    stopped = asyncio.create_task(is_stopping.wait())
    try:
        await asyncio.wait((served, stopped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        served.cancel()
        await asyncio.wait((served,))
        await parts.stop()
    if not served.cancelled():
        served.result()


async def _bring_up(parts: Parts, told: str) -> None:
    """Start the parts in their order and wait for one of them to end, which is a failure whenever it happens."""
    made = parts.plan
    async with httpx.AsyncClient(base_url=made.api_url, timeout=10) as stranger:
        say(f"starting the server at {made.address}")
        words = ("server", "start", "--host", made.host, "--port", str(made.port))
        server = await parts.start("server", *words)
        await _until(server, lambda: _is_healthy(stranger))
        if (answer := await stranger.get("/admin/version")).status_code != httpx.codes.UNAUTHORIZED:
            raise ServeFailed(f"the server let a request in without a login ({answer.status_code}); it was stopped")
    name, _, password = made.login.partition(":")
    async with httpx.AsyncClient(base_url=made.api_url, auth=(name, password), timeout=10) as known:
        (await known.get("/admin/version")).raise_for_status()
        await _step(made, "pools, variables and automations", "flows.server")
        deploy = ("prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(DEPLOYMENTS))
        await _step(made, "deployments", *deploy)
        since = datetime.now(UTC)
        # What watches is stopped after what it watches.
        for name, pool in (("watcher", WATCH_POOL), ("worker", POOL)):
            say(f"starting the {name}")
            await parts.start(name, "worker", "start", "--pool", pool, "--name", socket.gethostname())
        for part, pool in zip(parts.started[1:], (WATCH_POOL, POOL), strict=True):
            await _until(part, partial(_is_online, known, pool, since))
    say(told)
    await asyncio.gather(*(_has_ended(part) for part in parts.started))


async def _until(part: Part, is_up: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a part is up. Raises ServeFailed if it ends before that, or takes too long."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await is_up():
                if part.process.returncode is not None:
                    await _has_ended(part)
                await asyncio.sleep(0.5)
    except TimeoutError as error:
        raise ServeFailed(
            f"the {part.name} was not up after {_PATIENCE_SECONDS} seconds; its messages are above"
        ) from error


async def _is_healthy(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health")).is_success
    except httpx.TransportError:
        return False


async def _is_online(client: httpx.AsyncClient, pool: str, since: datetime) -> bool:
    """Say whether a worker has been heard of since then: one that was killed is online for a while yet."""
    workers = (await client.post(f"/work_pools/{pool}/workers/filter", json={})).raise_for_status().json()
    return any(datetime.fromisoformat(worker["last_heartbeat_time"]) >= since for worker in workers)


async def _step(made: Plan, name: str, module: str, *words: str) -> None:
    """Run a command that ends by itself. Raises ServeFailed with what it said if it fails."""
    say(f"setting up: {name}")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *words),
        env=made.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ServeFailed(f"{name}: {said.decode(errors='replace').strip()}")


async def _has_ended(part: Part) -> NoReturn:
    """Wait for a part to end. Raises ServeFailed when it does."""
    code = await part.process.wait()
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    raise ServeFailed(f"the {part.name} {how}; its messages are above, and the rest was stopped")
