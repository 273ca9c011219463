"""Watching runs: whoever owns them is told when one fails, crashes or is late, once.

A run tells of itself by the hooks that `watched` gives to its flow. Where its process could not, since it was killed or
never started, an automation of Prefect starts the flow "watch" here (prefect.yaml holds both as one deployment); every
ten minutes the same flow looks for what nobody could be told of. All of them share the record of `flows.told`.

Told are runs of deployments. A run that is part of another is told by that one, if its failure matters there; one that
was started from a shell says what went wrong to whoever started it. The flow "watch" does not tell of itself.

The log of a run says in one sentence what somebody can mend, and keeps the traceback of what nobody foresaw.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from prefect import flow, get_run_logger, runtime
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow
from prefect.logging.loggers import flow_run_logger
from prefect.utilities.urls import url_for

from flows import notice, settings
from flows.credentials import with_password
from flows.notice import Incident, NotTold, Trouble
from flows.settings import Settings
from flows.told import Told
from sources.errors import PolicydiffError

P = ParamSpec("P")
R = TypeVar("R")

# The tag of every deployment that is watched.
TAG = "policydiff"
# A run that nobody has taken up for so long is late; prefect.yaml says the same to Prefect.
LATE_AFTER = timedelta(minutes=5)
# How far back is looked for what nobody could be told of.
_LOOKED_BACK = timedelta(days=1)
_LATE = "Late"
_ENDED = {StateType.FAILED: Trouble.FAILED, StateType.CRASHED: Trouble.CRASHED}


class _InOneSentence(logging.Filter):
    """Has a log say what somebody can mend in the sentence that says so, without the way through our code."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave an error of ours its text alone; what nobody foresaw keeps its traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, PolicydiffError):
            record.msg, record.args, record.exc_info = "%s", (error,), None
        return True


for _name in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(_name).addFilter(_InOneSentence())


def watched(one: Flow[P, R]) -> Flow[P, R]:
    """Have the runs of a flow tell their owner when they fail or crash."""
    one.on_failure(tell_of_run)
    one.on_crashed(tell_of_run)
    return one


# Prefect gives the three by these names.
async def tell_of_run(flow: Flow[Any, Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001
    """Tell the owner of a run that has ended badly. What keeps it from that is logged, and the run stays as it is."""
    log = flow_run_logger(flow_run)
    try:
        given = await with_password(settings.load())
        if flow_run.deployment_id is None or not notice.has_channel(given):
            return
        async with get_client() as client:
            incident = await _incident(client, await client.read_flow_run(flow_run.id), given)
        if incident:
            await asyncio.to_thread(_tell, incident, given, log.info, rather_twice=True)
    except PolicydiffError as error:
        log.error("%s", error)


def _run_name() -> str:
    """Name a run by its minute and by what it looks at."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} watch {runtime.flow_run.parameters['flow_run_id'] or 'all'}"


@flow(name="watch", flow_run_name=_run_name, retries=0)
async def tell_owner(flow_run_id: UUID | None = None) -> int:
    """Tell the owner of a run, or of all that lately failed, crashed or are late and were not told; return how many.

    Raises NotTold if somebody should have been told and could not be.
    """
    log = get_run_logger()
    given = await with_password(settings.load())
    if not notice.has_channel(given):
        log.info("nobody is told of anything: the settings name neither watch.owner nor watch.webhook")
        return 0
    async with get_client() as client:
        runs = await (_one(client, flow_run_id) if flow_run_id else _lately(client, datetime.now(UTC)))
        found = [await _incident(client, run, given) for run in runs]
    incidents = [incident for incident in found if incident]
    log.info("looked at %s runs, %s of them in trouble", len(runs), len(incidents))
    failures: list[str] = []
    count = 0
    for incident in incidents:
        try:
            count += await asyncio.to_thread(_tell, incident, given, log.info)
        except NotTold as error:
            failures.append(str(error))
    if failures:
        raise NotTold("\n".join(failures))
    log.info("told of %s", count)
    return count


def _tell(incident: Incident, given: Settings, say: Callable[[str], None], *, rather_twice: bool = False) -> bool:
    return notice.tell(incident, given, Told(given.ledger_url), say, rather_twice=rather_twice)


async def _one(client: PrefectClient, flow_run_id: UUID) -> list[FlowRun]:
    try:
        return [await client.read_flow_run(flow_run_id)]
    except ObjectNotFound:
        # Somebody deleted it meanwhile.
        return []


async def _lately(client: PrefectClient, now: datetime) -> list[FlowRun]:
    """Return the watched runs that ended badly of late and those that are late, the last ones first."""
    of_ours = FlowRunFilterTags(all_=[TAG])
    ended = FlowRunFilter(
        tags=of_ours,
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[*_ENDED])),
        end_time=FlowRunFilterEndTime(after_=now - _LOOKED_BACK),
    )
    late = FlowRunFilter(
        tags=of_ours,
        state=FlowRunFilterState(name=FlowRunFilterStateName(any_=[_LATE])),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=now - LATE_AFTER),
    )
    return [run for wanted in (ended, late) for run in await client.read_flow_runs(flow_run_filter=wanted)]


async def _incident(client: PrefectClient, run: FlowRun, given: Settings) -> Incident | None:
    """Return what is wrong with a run, or None if nothing is any more, or if it is not of a watched deployment."""
    if run.deployment_id is None or run.state is None:
        return None
    trouble = Trouble.LATE if run.state.name == _LATE else _ENDED.get(run.state.type)
    deployment = await client.read_deployment(run.deployment_id)
    if trouble is None or TAG not in deployment.tags:
        return None
    of_flow = await client.read_flow(run.flow_id)
    return Incident(
        run_id=str(run.id),
        run_name=run.name,
        flow=of_flow.name,
        deployment=deployment.name,
        trouble=trouble,
        at=run.expected_start_time or run.state.timestamp if trouble is Trouble.LATE else run.state.timestamp,
        error="" if trouble is Trouble.LATE else notice.last_error(run.state.message or "", given),
        link=url_for("flow-run", run.id) or "",
    )
