"""Flow "build-report": one report, from the shipped evidence to files that passed their check.

`python -m flows.build_report` runs it on Prefect's embedded server with no configuration.
"""

import asyncio
import os
import sys
from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.runtime import flow_run

from flows.build import build
from flows.parameters import ReportParameters
from reports.publish import Published
from sources.errors import PolicydiffError


def _run_name() -> str:
    """Name a run by its day, kind and scope, so that a list of runs can be read."""
    parameters = flow_run.parameters["parameters"]
    given = parameters if isinstance(parameters, ReportParameters) else ReportParameters(**parameters)
    scope = "-".join((*given.countries, *given.instruments)) or "region"
    return f"{given.as_of or date.today()} {given.report} {scope} {given.language.value}"


@flow(name="build-report", flow_run_name=_run_name, retries=0)
async def build_report(parameters: ReportParameters) -> list[Path]:
    """Build one report and return the paths of its files."""
    log = get_run_logger()
    published = await asyncio.to_thread(build, parameters, log.info)
    await _show(published)
    return [file.path for file in published.files]


async def _show(published: Published) -> None:
    """Leave the files of the run as artifacts on its page."""
    await acreate_table_artifact(
        table=[{"file": file.path.name, "bytes": file.size, "sha256": file.sha256} for file in published.files],
        key="report-files",
        description=f"Files of edition {published.edition_id[:12]}",
    )
    await acreate_markdown_artifact(
        markdown="\n".join(f"- `{file.path}`" for file in published.files), key="report-paths"
    )


def main() -> int:
    """Run the flow for the full regional report; say in one sentence what went wrong if it does."""
    try:
        paths = asyncio.run(build_report(ReportParameters()))
    except PolicydiffError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path in paths:
        print(os.path.relpath(path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
