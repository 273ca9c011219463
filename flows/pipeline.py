"""Flow "pipeline": the scheduled chain for one release: gather, build each distinct report once, deliver.

It can be started any number of times for a key. While one run works, another says whose it is and ends well; a run
that was killed is taken up by the next; what is built is not built again, and what was sent is not sent again.
"""

import asyncio
from datetime import UTC, date, datetime

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows import deliver, runners, settings
from flows.credentials import with_password
from flows.deliver import Delivered
from flows.deliver_report import show
from flows.delivery.releases import Release
from flows.gather import gather_sources
from flows.ownership import OwnedByAnother, Owners
from flows.progress import Progress
from flows.settings import Settings
from flows.watch import watched
from sources.gathering import SourcesFailed


def _run_name() -> str:
    """Name a run by its day and release."""
    today = datetime.now(UTC).date()
    return f"{today} pipeline {flow_run.parameters['release'] or deliver.release_key(today)}"


@watched
@flow(name="pipeline", flow_run_name=_run_name, retries=0)
async def pipeline(
    release: str = "", as_of: date | None = None, is_gathered: bool = True, is_sent: bool = False
) -> dict[str, int] | State[None]:
    """Gather, build and deliver a release (default: this week's) and return its tally by state.

    Without `is_sent` the reports are built and nothing leaves. Raises DeliveryFailed if anything is unknown or failed.
    """
    log, today = get_run_logger(), datetime.now(UTC).date()
    given, key = await with_password(settings.load()), release or deliver.release_key(today)
    owner = f"flow run {flow_run.name} ({flow_run.id})"
    try:
        with Owners(given.ledger_url).owning(key, owner, lambda: datetime.now(UTC)):
            begun = deliver.releases(given).begin(key, as_of or today)
            log.info("release %s, as of %s", key, begun.as_of)
            if is_gathered:
                begun = await _gather(given, begun)
            await build_reports(begun)
            if not is_sent:
                log.info("built; nothing is sent, since is_sent is off")
                return {}
            done = await send_messages(given, begun)
    except OwnedByAnother as other:
        log.info("nothing to do: %s", other)
        return Completed(message=f"nothing to do: {other}")
    await show(done)
    deliver.check(done)
    return {str(state): count for state, count in done.tally.items()}


async def _gather(given: Settings, release: Release) -> Release:
    """Gather once for a release: a run that takes it up again builds from what the first one gathered."""
    if release.gathered:
        return release
    try:
        await gather_sources()
    except SourcesFailed as failure:
        # The run of "gather" is red and names them; their last good snapshots serve, with their age.
        get_run_logger().error("%s", failure)
    return deliver.releases(given).note_gathered(release, datetime.now(UTC))


# Tasks are for the page of the run. Neither is tried again by Prefect: taking the run up again does it better.
@task(retries=0, cache_policy=NO_CACHE)
async def build_reports(release: Release) -> None:
    """Build each distinct report of a release that is not there.

    The settings are read here: what a task is given goes along to the workers, and settings hold secrets.
    """
    given = settings.load()
    runner = Progress("reports built").counting(runners.of(given))
    await asyncio.to_thread(deliver.build_all, given, release, get_run_logger().info, runner)


@task(retries=0, cache_policy=NO_CACHE)
async def send_messages(given: Settings, release: Release) -> Delivered:
    """Freeze and send the messages of a release."""
    say, progress = get_run_logger().info, Progress("messages sent")
    return await asyncio.to_thread(
        deliver.deliver, given, release, only=(), is_waiting=False, say=say, progress=progress
    )
