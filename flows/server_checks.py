"""What `policydiff doctor` looks at on a Prefect server: its login, the worker, the deployments, and kept schedules.

A server that answers proves little: with the wrong versions it makes no scheduled run, and a run that was made may wait
for a worker for ever. So the last check looks for a run that the schedule made and that completed a short while ago.
Each check returns what it found, or raises ServerWrong with what to do.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import yaml
from packaging.version import Version

from flows import serving, settings
from flows.serving import AUTOMATIONS, DEPLOYMENTS, POOL, WATCH_POOL
from sources.errors import PolicydiffError

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun

# Versions that do not work with this Prefect: from which on, and what they do.
_BROKEN = (
    ("fastapi", "0.155", "Prefect's server ends as it starts"),
    ("fastapi", "0.152", "`prefect deploy` fails with 422"),
    ("sqlalchemy", "2.1", "the server answers, and never makes a scheduled run"),
)
# Older ones let requests past the login.
_OLDEST_PREFECT = "3.6.28"

# What probes ask for, which Prefect answers without a login; neither says more than that it runs.
_OPEN = {("get", "/health"), ("get", "/ready")}

_HEARTBEAT = "every-five-minutes"
# A heartbeat is due every five minutes; one that is late by a run or two is no reason to wake anybody.
_RECENT = timedelta(minutes=15)

_NO_RUNS = "Prefect's scheduler makes none: see the check of versions, then start the server again"


class ServerWrong(PolicydiffError):
    """The server does not do what it should: do what the message says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a server's API is, and the login as NAME:PASSWORD, empty if none is known."""

    api_url: str
    login: str

    def client(self, *, is_known: bool = True) -> httpx.Client:
        """Return a client that logs in, or one that does not."""
        name, _, password = self.login.partition(":")
        auth = (name, password) if is_known and self.login else None
        return httpx.Client(base_url=self.api_url, auth=auth, timeout=30)


def find() -> Server | None:
    """Return the server that PREFECT_API_URL names, else the one that `policydiff serve` runs here, else None.

    Raises ServerWrong if one was started here and ended without being stopped.
    """
    if api_url := os.environ.get("PREFECT_API_URL"):
        return Server(api_url=api_url.rstrip("/"), login=os.environ.get("PREFECT_API_AUTH_STRING", ""))
    given = settings.load()
    if (found := serving.find(given)) is None:
        return None
    if not found.is_running:
        raise ServerWrong(f"`policydiff serve` at {found.api_url} ended without being stopped: start it again")
    return Server(api_url=found.api_url, login=serving.login(given))


def versions() -> str:
    """Say which versions run together, and refuse those known not to."""
    found = {name: version(name) for name in ("prefect", "fastapi", "sqlalchemy")}
    for name, broken, what in _BROKEN:
        if Version(found[name]) >= Version(broken):
            raise ServerWrong(f"{name} {found[name]}: {what}; install what requirements.lock says")
    if Version(found["prefect"]) < Version(_OLDEST_PREFECT):
        raise ServerWrong(f"prefect {found['prefect']}: its login can be passed by; {_OLDEST_PREFECT} or later")
    return ", ".join(f"{name} {number}" for name, number in found.items())


def answers(server: Server) -> str:
    """Say that the server answers to its login."""
    try:
        with server.client() as client:
            answer = client.get("/admin/version")
    except httpx.TransportError as error:
        raise ServerWrong(f"{server.api_url} does not answer ({error}): start `policydiff serve`") from error
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise ServerWrong(
            f"{server.api_url} refuses the login: PREFECT_API_AUTH_STRING must be what it was started with"
        )
    if not answer.is_success:
        raise ServerWrong(f"{server.api_url} answers {answer.status_code}: PREFECT_API_URL must end in /api")
    return f"Prefect {answer.json()} at {server.api_url}"


def refuses_strangers(server: Server) -> str:
    """Say that every route of the API refuses a request without a login."""
    with server.client() as known, server.client(is_known=False) as stranger:
        # A route that only reads comes first: where it lets one in, no other is tried, since they change things.
        if stranger.get("/admin/version").status_code != httpx.codes.UNAUTHORIZED:
            raise ServerWrong(
                "it lets anybody in: set PREFECT_SERVER_API_AUTH_STRING where it runs, as `policydiff serve` does"
            )
        tried = list(_routes(known.get("/openapi.json").raise_for_status().json()["paths"]))
        # The names of a path's parts serve as its values: nothing is called that.
        let_in = [
            f"{method.upper()} {path}"
            for method, path in tried
            if stranger.request(method, path).status_code != httpx.codes.UNAUTHORIZED
        ]
    if let_in:
        raise ServerWrong(f"it answers without a login to {', '.join(let_in)}: install what requirements.lock says")
    return f"{len(tried)} routes refuse a request without a login"


def _routes(paths: dict[str, dict[str, object]]) -> Iterator[tuple[str, str]]:
    for path, methods in paths.items():
        yield from ((method, path) for method in methods if (method, path) not in _OPEN)


def has_worker(server: Server) -> str:
    """Say which workers take runs from the pools."""
    return _asked(server, _workers)


def has_deployments(server: Server) -> str:
    """Say that everything in prefect.yaml is deployed, and that what has a schedule has runs to come."""
    return _asked(server, _deployments)


def has_automations(server: Server) -> str:
    """Say that what watches runs is there and switched on."""
    return _asked(server, _automations)


def keeps_schedules(server: Server) -> str:
    """Say which run the schedule made last that completed."""
    return _asked(server, _heartbeats)


def _asked(server: Server, ask: "Callable[[PrefectClient], Awaitable[str]]") -> str:
    """Ask with Prefect's own client; it is imported here, so that a machine without a server is looked at quickly."""
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    async def asking() -> str:
        async with get_client() as client:
            return await ask(client)

    with temporary_settings({PREFECT_API_URL: server.api_url, PREFECT_API_AUTH_STRING: server.login or None}):
        return asyncio.run(asking())


async def _workers(client: "PrefectClient") -> str:
    online = await _online(client, POOL, "nothing runs")
    watching = await _online(client, WATCH_POOL, "nobody is told of a run that is late or was killed")
    return f"online: {', '.join(online)}; watching: {', '.join(watching)}"


async def _online(client: "PrefectClient", pool_name: str, without: str) -> list[str]:
    """Return the workers of a pool. Raises ServerWrong if there is none, with what it is like without one."""
    from prefect.client.schemas.objects import WorkerStatus
    from prefect.exceptions import ObjectNotFound

    try:
        pool = await client.read_work_pool(pool_name)
    except ObjectNotFound as error:
        raise ServerWrong(f"no work pool {pool_name}: `python -m flows.server` makes it") from error
    if pool.is_paused:
        raise ServerWrong(f"the work pool {pool_name} is paused: `prefect work-pool resume {pool_name}`")
    workers = await client.read_workers_for_work_pool(pool_name)
    online = sorted(worker.name for worker in workers if worker.status is WorkerStatus.ONLINE)
    if not online:
        start = f"`policydiff serve`, or `prefect worker start -p {pool_name}`"
        raise ServerWrong(f"no worker of {pool_name} is online, so {without}: {start}")
    return online


async def _deployments(client: "PrefectClient") -> str:
    from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName

    wanted = {(one["entrypoint"], one["name"]) for one in yaml.safe_load(DEPLOYMENTS.read_bytes())["deployments"]}
    of_pools = WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL, WATCH_POOL]))
    found = await client.read_deployments(work_pool_filter=of_pools)
    if missing := wanted - {(deployment.entrypoint, deployment.name) for deployment in found}:
        names = ", ".join(sorted(f"{name} ({entrypoint})" for entrypoint, name in missing))
        raise ServerWrong(f"not deployed: {names}; `prefect --no-prompt deploy --all` deploys them")
    paused = sorted(deployment.name for deployment in found if deployment.paused)
    scheduled = [one for one in found if not one.paused and any(schedule.active for schedule in one.schedules)]
    idle = [one.name for one in scheduled if not await _has_runs_to_come(client, one.id)]
    if idle:
        raise ServerWrong(f"no run to come: {', '.join(sorted(idle))}; {_NO_RUNS}")
    told = f"{len(found)} deployed, {len(scheduled)} of them with runs to come"
    return f"{told}; paused: {', '.join(paused)}" if paused else told


async def _automations(client: "PrefectClient") -> str:
    deployments = yaml.safe_load(DEPLOYMENTS.read_bytes())["deployments"]
    wanted = {one["name"] for one in yaml.safe_load(AUTOMATIONS.read_bytes())}
    wanted |= {trigger["name"] for one in deployments for trigger in one.get("triggers", ())}
    switched_on = {one.name: one.enabled for one in await client.read_automations()}
    if missing := wanted - switched_on.keys():
        make = "`python -m flows.server` and `prefect --no-prompt deploy --all` make them"
        raise ServerWrong(f"no automation {', '.join(sorted(missing))}: {make}")
    if off := sorted(name for name in wanted if not switched_on[name]):
        raise ServerWrong(f"switched off: {', '.join(off)}; switch it on on the page of automations")
    return f"{len(wanted)} watch the runs"


async def _has_runs_to_come(client: "PrefectClient", deployment_id: UUID) -> bool:
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter
    from prefect.client.schemas.filters import FlowRunFilterExpectedStartTime as Start

    return bool(
        await client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id])),
            flow_run_filter=FlowRunFilter(expected_start_time=Start(after_=datetime.now(UTC))),
            limit=1,
        )
    )


async def _heartbeats(client: "PrefectClient") -> str:
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterName,
        FlowRunFilter,
        FlowRunFilterExpectedStartTime,
    )
    from prefect.client.schemas.sorting import FlowRunSort

    now = datetime.now(UTC)
    runs = await client.read_flow_runs(
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[_HEARTBEAT])),
        flow_run_filter=FlowRunFilter(expected_start_time=FlowRunFilterExpectedStartTime(after_=now - _RECENT)),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
    )
    return judge_heartbeats([run for run in runs if run.auto_scheduled], now)


def judge_heartbeats(runs: "Sequence[FlowRun]", now: datetime) -> str:
    """Say which scheduled heartbeat completed last, of those of the last minutes and those to come, by their time.

    Raises ServerWrong with how far they came if none did.
    """
    if completed := [run for run in runs if run.state and run.state.is_completed()]:
        last = completed[-1]
        return f"the run scheduled for {_clock(last.expected_start_time)} completed at {_clock(last.end_time)}"
    if due := [run for run in runs if run.expected_start_time and run.expected_start_time <= now]:
        last = due[-1]
        when, state = _clock(last.expected_start_time), last.state
        if state is None or state.is_scheduled():
            raise ServerWrong(f"the run scheduled for {when} was made and not taken up: see the check of the worker")
        if state.is_final():
            raise ServerWrong(f"the run scheduled for {when} ended as {state.name}: {state.message}; see its page")
        raise ServerWrong(f"the run scheduled for {when} is {state.name}, and none before it completed: ask again soon")
    if runs:
        raise ServerWrong(
            f"not proven yet: the first run is due at {_clock(runs[0].expected_start_time)}; ask again then"
        )
    raise ServerWrong(f"no run of {_HEARTBEAT} was made: {_NO_RUNS}")


def _clock(time: datetime | None) -> str:
    return f"{time.astimezone(UTC):%H:%M} UTC" if time else "no time"
