"""Flow "gather": refresh the sources named, or all of them; keep what succeeded, fail loudly on what did not.

`python -m flows.gather` runs it on Prefect's embedded server with no configuration.
"""

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import count

from prefect import flow, get_run_logger, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run

from flows import collect, settings
from flows.progress import Progress
from flows.watch import watched
from sources.errors import PolicydiffError
from sources.gathering import Gathered, SourcesFailed
from sources.network import Fetcher


def _task_name() -> str:
    return str(task_run.parameters["source_id"])


# Waiting is done where the publisher's answer is known, so a task is never tried again as a whole.
@task(task_run_name=_task_name, retries=0, cache_policy=NO_CACHE)
async def gather_source(source_id: str, given: settings.Settings, connections: Fetcher, now: datetime) -> Gathered:
    """Gather one source and return what came; its failure is in the result."""
    log = get_run_logger()
    log.info("asking %s", source_id)
    return await asyncio.to_thread(collect.gather_one, source_id, given, connections, now, log.info)


@watched
@flow(name="gather", flow_run_name="gather", retries=0)
async def gather_sources(source_ids: list[str] | None = None) -> list[Gathered]:
    """Refresh the sources. Raises SourcesFailed, naming them, if any failed; what succeeded is stored all the same."""
    given, now = settings.load(), datetime.now(UTC)
    names = collect.chosen(given, source_ids or [])
    log, progress, numbers = get_run_logger(), Progress("sources asked"), count(1)
    log.info("asking %s sources: %s", len(names), ", ".join(names))

    async def asked(name: str) -> Gathered:
        try:
            return await gather_source(name, given, connections, now)
        finally:
            await asyncio.to_thread(progress, next(numbers), len(names))

    # One set of connections for all: two sources of one publisher share its rate limit.
    with collect.fetcher(given) as connections:
        ended = await asyncio.gather(*map(asked, names), return_exceptions=True)
    results = [
        result if isinstance(result, Gathered) else collect.defect(name, result)
        for name, result in zip(names, ended, strict=True)
    ]
    lines = [collect.as_line(result, now) for result in results]
    shown = ("source", "result", "rows", "withheld", "age_days", "new", "bytes", "faults")
    await acreate_table_artifact(
        table=[{key: str(line[key]) for key in shown} for line in lines],
        key="gathered-sources",
        description=f"{len(results)} sources asked at {now:%Y-%m-%d %H:%M} UTC",
    )
    outcomes = Counter(result.outcome.value for result in results)
    log.info("%s", ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items())))
    new = await asyncio.to_thread(collect.read_new_documents, given, names, now, log.info)
    if new:
        log.info("%s", new)
        for unread in new.unread:
            log.error("not read: %s", unread)
    if any(result.faults for result in results):
        raise SourcesFailed(results)
    return results


def main() -> int:
    """Run the flow for every source; say which failed."""
    try:
        asyncio.run(gather_sources())
    except SourcesFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    except PolicydiffError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
