"""Flow "deliver-report": one release, from the roster to the relay, or what a relay put off; a tally on the run's page.

No Prefect retry around it: the ledger knows what may be tried again, and a run that is started again takes it up.
"""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_table_artifact
from prefect.runtime import flow_run

from flows import deliver, runners, settings
from flows.credentials import with_password
from flows.deliver import Delivered
from flows.delivery.ledger import State
from flows.progress import Progress
from flows.watch import watched

# What a tally shows whether or not it came to it.
_SHOWN = (State.ACCEPTED, State.DEFERRED, State.BOUNCED, State.UNKNOWN, State.SUPPRESSED)


def _run_name() -> str:
    """Name a run by its day and release."""
    return f"{datetime.now(UTC):%Y-%m-%d} deliver {flow_run.parameters['release'] or 'what is due'}"


@watched
@flow(name="deliver-report", flow_run_name=_run_name, retries=0)
async def deliver_report(release: str = "", as_of: date | None = None) -> dict[str, int]:
    """Deliver a release to everyone on the roster and return its tally by state.

    Without one, what is due of the releases whose delivery has begun is sent, and none is begun: a schedule may do that
    at any hour. Raises DeliveryFailed if anything is unknown or failed.
    """
    log = get_run_logger()
    given, today = await with_password(settings.load()), datetime.now(UTC).date()
    if release:
        begun = deliver.releases(given).begin(release, as_of or today)
        log.info("delivering %s, as of %s", begun.key, begun.as_of)
        done = await asyncio.to_thread(
            deliver.deliver,
            given,
            begun,
            only=(),
            is_waiting=False,
            say=log.info,
            runner=Progress("reports built").counting(runners.of(given)),
            progress=Progress("messages sent"),
        )
        ended = [done]
    else:
        ended = await asyncio.to_thread(deliver.take_up, given, log.info)
        log.info("%s", ", ".join(done.release for done in ended) or "nothing is due")
    for done in ended:
        await show(done)
    for done in ended:
        deliver.check(done)
    return {str(state): count for state, count in sum((done.tally for done in ended), Counter[State]()).items()}


async def show(done: Delivered) -> None:
    """Leave the tally of a release as an artifact on the run's page."""
    states = dict.fromkeys((*_SHOWN, *sorted(done.tally)))
    await acreate_table_artifact(
        table=[{"state": str(state), "deliveries": done.tally[state]} for state in states]
        + [{"state": f"not sent: {stopped}", "deliveries": 0} for stopped in done.stopped],
        key=f"deliveries-{done.release.lower().replace('.', '-').replace('_', '-')}",
        description=f"Deliveries of {done.release}: {done.in_words}",
    )
