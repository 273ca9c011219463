"""Flow "heartbeat": a small run every few minutes that proves that schedules are kept.

A server that answers may still create no run, and a run may be created that nobody takes up. `policydiff doctor` looks
for a run of this flow that the schedule made and that completed a short while ago.
"""

from datetime import UTC, datetime

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from flows import settings
from flows.watch import watched


def _run_name() -> str:
    """Name a run by the minute it was scheduled for."""
    return f"{flow_run.scheduled_start_time or datetime.now(UTC):%Y-%m-%d %H:%M} heartbeat"


@watched
@flow(name="heartbeat", flow_run_name=_run_name, retries=0)
async def heartbeat() -> None:
    """Read the settings that every run reads. Raises BadInput if they are wrong where the worker runs."""
    given = settings.load()
    get_run_logger().info("alive; data in %s, reports in %s", given.home, given.out)
