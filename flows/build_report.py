"""Flow "build-report": one report, from the evidence to files that passed their check, shown on the page of the run.

`python -m flows.build_report` runs it on Prefect's embedded server with no configuration.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.artifacts import (
    acreate_image_artifact,
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_table_artifact,
)
from prefect.runtime import flow_run

from flows import settings
from flows.build import build
from flows.parameters import ReportParameters
from flows.settings import Settings
from flows.watch import watched
from reports import glance
from reports.edition import Edition
from reports.publish import Published
from sources.errors import PolicydiffError

# A longer list of places and instruments is a number in the name of a run.
_LONGEST_SCOPE = 60


def _run_name() -> str:
    """Name a run by its day and by what it builds, so that a list of runs can be read."""
    given = flow_run.parameters["parameters"]
    wanted = given if isinstance(given, ReportParameters) else ReportParameters.model_validate(given)
    scope = "-".join((*wanted.countries, *wanted.instruments)) or "region"
    if len(scope) > _LONGEST_SCOPE:
        scope = f"{len(wanted.countries)} countries {len(wanted.instruments)} instruments"
    known_by = f", as of {wanted.as_of}" if wanted.as_of else ""
    return f"{datetime.now(UTC).date()} {wanted.report} {scope} {wanted.language.value}{known_by}"


@watched
@flow(name="build-report", flow_run_name=_run_name, retries=0)
async def build_report(parameters: ReportParameters) -> Published:
    """Build one report. What it holds, how much of it is known, its first page and its PDF are artifacts of the run."""
    given = settings.load()
    if "out" not in parameters.model_fields_set:
        # The form leaves it out, and whoever runs the worker knows best where reports go.
        parameters = parameters.model_copy(update={"out": given.out})
    log = get_run_logger()
    log.info("building a report of kind %s for %s", parameters.report, parameters.out)
    edition, published = await asyncio.to_thread(build, parameters, log.info)
    log.info("edition %s: %s", published.edition_id[:12], ", ".join(file.path.name for file in published.files))
    await _show(await asyncio.to_thread(_sight, edition, published), published, given)
    return published


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sight:
    """What the page of a run shows of a report; `first_page` is None where there is no PDF."""

    coverage: str
    lines: list[dict[str, str]]
    first_page: str | None


def _sight(edition: Edition, published: Published) -> _Sight:
    """Return what is shown of a report. It is made in a thread of its own, while the run goes on telling its server."""
    pdf = published.pdf
    return _Sight(
        coverage=glance.coverage(edition),
        lines=glance.lines(edition),
        first_page=glance.first_page(pdf.read_bytes()) if pdf else None,
    )


async def _show(sight: _Sight, published: Published, given: Settings) -> None:
    """Leave what is shown as artifacts of the run, all at once."""
    of_edition = f"edition {published.edition_id[:12]}"
    shown: list[Awaitable[UUID]] = [
        acreate_markdown_artifact(sight.coverage, key="report-coverage", description=f"Coverage of {of_edition}"),
        acreate_table_artifact(sight.lines, key="report-rows", description=f"Rows of {of_edition}"),
        acreate_table_artifact(
            [{"file": str(file.path), "bytes": file.size, "sha256": file.sha256} for file in published.files],
            key="report-files",
            description=f"Files of {of_edition}",
        ),
    ]
    if published.pdf and sight.first_page:
        name = published.pdf.name
        shown += [
            acreate_link_artifact(
                address(published.pdf, given), link_text=name, key="report-pdf", description=f"PDF of {of_edition}"
            ),
            acreate_image_artifact(sight.first_page, key="report-first-page", description=f"First page of {name}"),
        ]
    await asyncio.gather(*shown)


def address(path: Path, given: Settings) -> str:
    """Return where a file is found: under `serve.files_url` if it stands in the folder of reports, else as a file."""
    folder, place = given.out.resolve(), path.resolve()
    if given.serve.files_url and place.is_relative_to(folder):
        return f"{given.serve.files_url}/{quote(place.relative_to(folder).as_posix())}"
    return place.as_uri()


def main() -> int:
    """Run the flow for the full regional report; say in one sentence what went wrong if it does."""
    try:
        published = asyncio.run(build_report(ReportParameters()))
    except PolicydiffError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for file in published.files:
        print(os.path.relpath(file.path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
