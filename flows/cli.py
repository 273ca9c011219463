"""The command `policydiff`: the group, and what builds, compares and gathers; other commands have modules of their own.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 failed, 2 bad input or usage, 3 done but
something was withheld or stale, 4 refused by the acceptance check. Heavy modules are imported where they are used,
so that a command costs what it does.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.lists import list_
from flows.options import BAD_USAGE, DAY, FAILED, REFUSED, WITHHELD, say
from flows.read import read
from flows.rebuild import rebuild
from flows.review import review
from flows.run import run
from flows.send import reconcile, send, subscribe, suppress
from flows.serve import serve
from flows.verify import FILE, verify
from flows.verify import read as read_report
from sources.errors import BadInput, PolicydiffError, Refused, UnknownName

if TYPE_CHECKING:
    import pandas as pd
    from pydantic_core import ErrorDetails

    from flows.parameters import ReportParameters
    from reports.comparison import Row
    from reports.publish import Published
    from reports.state import Clock
    from sources.codebook import Codebook
    from sources.gathering import Gathered


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose rows and clocks."""
    options = (
        click.option("--country", "countries", multiple=True, metavar="ISO3", help="Only this country."),
        click.option("--instrument", "instruments", multiple=True, metavar="ID", help="Only this instrument."),
        click.option("--as-of", type=DAY, help="Use only what was known by this day (default: today)."),
        click.option("--on", type=DAY, help="The day the state is asked for (default: as-of)."),
        click.option("--vintage", type=DAY, help="Last day whose statements a projection may use."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="policydiff")
def policydiff() -> None:
    """Compare a government's policy in two terms, instrument by instrument and country by country."""


@policydiff.command()
@_filters
@click.option("--report", default="full", metavar="KIND", help="full, country, instrument, changes or brief.")
@click.option("--lang", default="en", help="Language of the report.")
@click.option("--paper", default="letter", help="letter or a4.")
@click.option(
    "--format", "formats", default="pdf,html,csv,json", show_default=True, help="Files to write; also xlsx, parquet."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write to.")
@click.option("--since", metavar="DATE|EDITION", help="Say what changed since a day or an edition (its id).")
@click.option("--machine-read", is_flag=True, help="Show claims that nobody has reviewed, in a section of their own.")
@click.option("--annex", is_flag=True, help="Add every gathered number and legal act in scope, line by line.")
@click.option("--large-print", is_flag=True, help="Set everything in 18 point type or larger.")
@click.option("--open", "is_opened", is_flag=True, help="Open the finished report.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def build(
    report: str,
    lang: str,
    paper: str,
    formats: str,
    out: Path | None,
    since: str | None,
    machine_read: bool,
    annex: bool,
    large_print: bool,
    is_opened: bool,
    is_json: bool,
    **filters: Any,
) -> None:
    """Build a report as PDF, HTML, CSV and JSON, a workbook or Parquet."""
    from flows import settings

    parameters = _parameters(
        report=report,
        since=since,
        language=lang,
        paper=paper,
        formats=[name.strip() for name in formats.split(",") if name.strip()],
        out=out or settings.load().out,
        machine_read=machine_read,
        annex=annex,
        large_print=large_print,
        **filters,
    )
    published = _build_on_server(parameters) if os.environ.get("PREFECT_API_URL") else _build_here(parameters)
    if is_json:
        summary = {
            "edition": published.edition_id,
            "pages": published.pages,
            "manifest": str(published.manifest),
            "stale_sources": list(published.stale_sources),
            "withheld_rows": published.withheld_rows,
            "files": [{"path": str(file.path), "bytes": file.size, "sha256": file.sha256} for file in published.files],
        }
        click.echo(json.dumps(summary, indent=1))
    else:
        for file in published.files:
            click.echo(file.path)
    if is_opened:
        click.launch(str(published.files[0].path))
    if published.stale_sources or published.withheld_rows:
        sys.exit(WITHHELD)


def _build_here(parameters: "ReportParameters") -> "Published":
    from flows import build

    return build.build(parameters, say)[1]


def _build_on_server(parameters: "ReportParameters") -> "Published":
    """Run the flow on the server that PREFECT_API_URL names."""
    import asyncio

    from flows.build_report import build_report

    return asyncio.run(build_report(parameters))


@policydiff.command()
@_filters
@click.option("--format", "format_", type=click.Choice(["table", "csv", "json"]), default="table")
@click.option("--json", "is_json", is_flag=True, help="The same as --format json.")
def diff(format_: str, is_json: bool, **filters: Any) -> None:
    """Print the rows: what became of each instrument in each country."""
    from reports import edition, tables

    book, request = _read(_parameters(**filters))
    made = edition.make(book, request)
    match "json" if is_json else format_:
        case "json":
            click.echo(tables.as_json(made.rows, request.clock, book), nl=False)
        case "csv":
            click.echo(tables.as_csv(made.rows), nl=False)
        case _:
            click.echo(tables.as_table(made.rows), nl=False)


@policydiff.command()
@click.argument("code")
@_filters
@click.option(
    "--file", type=FILE, metavar="FILE.pdf", help="Explain from this report alone, without the evidence here."
)
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def explain(code: str, file: Path | None, is_json: bool, **filters: Any) -> None:
    """Print why a row says what it says: CODE is a row code such as R-0102 or a statement such as S-0042."""
    from reports import edition, tables
    from reports.explain import explain as explain_rows

    if file:
        book, clock, printed = _read_file(file, filters)
    else:
        book, request = _read(_parameters(**filters))
        clock, printed = request.clock, edition.make(book, request).rows
    rows = _rows_of_code(code, printed, book)
    if is_json:
        click.echo(tables.as_json(rows, clock, book), nl=False)
        return
    cells: dict[str, list[Row]] = {}
    for row in rows:
        cells.setdefault(row.cell_code, []).append(row)
    click.echo("\n".join(explain_rows(cell, book.statements, clock.as_of) for cell in cells.values()), nl=False)


def _read_file(file: Path, filters: dict[str, Any]) -> "tuple[Codebook, Clock, tuple[Row, ...]]":
    """Return what a report holds; it has one scope and one clock, so no filter goes with it."""
    from flows.options import UsageError

    if any(filters.values()):
        raise UsageError("--file takes the scope and the days of the report: give no other filter")
    return read_report(file)


def _rows_of_code(code: str, rows: "tuple[Row, ...]", book: "Codebook") -> "list[Row]":
    """Return the rows of a cell code, of a row code, or all rows a statement decides."""
    wanted = code.strip()
    wanted = wanted[:1].upper() + wanted[1:]
    cell = wanted[:6]
    if found := [row for row in rows if row.cell_code == cell and wanted in (row.cell_code, row.code)]:
        return found
    if wanted in book.statements:
        if found := [row for row in rows if wanted in row.statement_ids]:
            return found
        raise UnknownName("row", f"{wanted} (a statement that decides no row)", [])
    from sources.countries import nearest

    raise UnknownName("row", code, nearest(code, [row.cell_code for row in rows]))


@policydiff.command()
@click.argument("source_ids", nargs=-1, metavar="[SOURCE]...")
@click.option("--from", "path", type=click.Path(path_type=Path, exists=True), help="Read a downloaded file or folder.")
@click.option("--url", default="", help="Where the file came from.")
@click.option("--retrieved", type=DAY, help="The day it was downloaded (default: today).")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def gather(source_ids: tuple[str, ...], path: Path | None, url: str, retrieved: date | None, is_json: bool) -> None:
    """Fetch the sources named, or all; or store and read what was downloaded by hand."""
    from flows import collect, settings
    from flows.options import UsageError
    from reports.tables import columns

    if path and len(source_ids) != 1:
        raise UsageError("--from takes one source: policydiff gather SOURCE --from FILE")
    if not path and (url or retrieved):
        raise UsageError("--url and --retrieved go with --from FILE")
    given, now = settings.load(), datetime.now(UTC)
    is_on_server = not path and "PREFECT_API_URL" in os.environ
    if path:
        results = [collect.take(given, source_ids[0], path, url, retrieved, now, say)]
    elif is_on_server:
        results = _gather_on_server(list(source_ids))
    else:
        results = collect.gather_all(given, source_ids, now, say)
    names = [result.source_id for result in results]
    # The flow reads them itself, and tells it in its log.
    new = None if is_on_server else collect.read_new_documents(given, names, now, say)
    for result in results:
        for withheld in result.withheld:
            say(f"{result.source_id}: withheld: {withheld}")
        for fault in result.faults:
            say(f"{result.source_id}: FAILED: {fault}")
    lines = [collect.as_line(result, now) for result in results]
    if is_json:
        told = {"sources": lines, "new_claims": asdict(new) if new else None}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        head = ("source", "result", "documents", "new", "bytes", "rows", "withheld", "age_days")
        click.echo(columns([head, *(tuple(_cell(line[key]) for key in head) for line in lines)]), nl=False)
    for document in new.unread if new else ():
        say(f"not read: {document}")
    if new:
        say(str(new))
    if path and results[0].faults and not results[0].rows:
        sys.exit(BAD_USAGE)
    if any(result.faults or result.withheld for result in results) or (new and new.unread):
        sys.exit(WITHHELD)


def _gather_on_server(source_ids: list[str]) -> "list[Gathered]":
    """Run the flow on the server that PREFECT_API_URL names; what failed is in the results."""
    import asyncio

    from flows.gather import gather_sources
    from sources.gathering import SourcesFailed

    try:
        return asyncio.run(gather_sources(source_ids))
    except SourcesFailed as failure:
        return list(failure.results)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


@policydiff.command()
@click.option("--source", "source_ids", multiple=True, metavar="ID", help="Only this source.")
@click.option("--measure", "measures", multiple=True, metavar="NAME", help="Only this measure.")
@click.option("--country", "countries", multiple=True, metavar="ISO3", help="Only this country.")
@click.option("--as-of", type=DAY, help="Use only what was gathered by this day (default: today).")
@click.option("--latest", "is_latest", is_flag=True, help="Of several vintages of a number, only the newest.")
@click.option("--format", "format_", type=click.Choice(["table", "csv", "json"]), default="table")
@click.option("--json", "is_json", is_flag=True, help="The same as --format json.")
def series(
    source_ids: tuple[str, ...],
    measures: tuple[str, ...],
    countries: tuple[str, ...],
    as_of: date | None,
    is_latest: bool,
    format_: str,
    is_json: bool,
) -> None:
    """Print the observations gathered: one row for each number, with the snapshot it comes from."""
    from flows import collect, settings
    from sources import gathered

    known = collect.standing(settings.load(), as_of or datetime.now(UTC).date(), source_ids)
    readings = [reading for source in known for reading in source.standing.readings]
    table = gathered.series(readings)
    if is_latest:
        table = gathered.latest_vintage(table)
    for column, wanted in (("measure", measures), ("country_code", countries)):
        if wanted:
            _check_names(column.removesuffix("_code"), wanted, set(table[column]))
            table = table[table[column].isin(wanted)]
    _print_table(table, "series", "json" if is_json else format_)


@policydiff.command()
@click.option("--source", "source_ids", multiple=True, metavar="ID", help="Only this source.")
@click.option("--instrument", "instruments", multiple=True, metavar="ID", help="Only acts of this instrument.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only acts of this kind.")
@click.option("--as-of", type=DAY, help="Use only what was gathered by this day (default: today).")
@click.option("--format", "format_", type=click.Choice(["table", "csv", "json"]), default="table")
@click.option("--json", "is_json", is_flag=True, help="The same as --format json.")
def acts(
    source_ids: tuple[str, ...],
    instruments: tuple[str, ...],
    kinds: tuple[str, ...],
    as_of: date | None,
    format_: str,
    is_json: bool,
) -> None:
    """Print the legal acts gathered, with the instruments whose evidence names them."""
    from flows import collect, evidence, settings
    from sources import gathered

    book = evidence.load(settings.load())
    for instrument in instruments:
        book.instrument(instrument)
    known = collect.standing(settings.load(), as_of or datetime.now(UTC).date(), source_ids)
    table = gathered.acts([reading for source in known for reading in source.standing.readings], book)
    if kinds:
        _check_names("kind", kinds, set(table["kind"]))
        table = table[table["kind"].isin(kinds)]
    if instruments:
        linked = table["instrument_ids"].str.split(";").map(set)
        table = table[linked.map(lambda found: not found.isdisjoint(instruments)).astype(bool)]
    _print_table(table, "acts", "json" if is_json else format_)


def _check_names(kind: str, wanted: tuple[str, ...], known: set[str]) -> None:
    """Refuse a name that nothing gathered has: an empty table would look like an answer."""
    from sources.countries import nearest

    for name in wanted:
        if known and name not in known:
            raise UnknownName(kind, name, nearest(name, sorted(known)))


def _print_table(table: "pd.DataFrame", name: str, format_: str) -> None:
    from reports import tables

    match format_:
        case "json":
            click.echo(tables.frame_as_json(table, name), nl=False)
        case "csv":
            click.echo(tables.frame_as_csv(table), nl=False)
        case _ if table.empty:
            say(f"no {name} gathered; `policydiff gather` fetches the sources")
        case _:
            click.echo(tables.frame_as_table(table), nl=False)


@policydiff.command()
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def doctor(is_json: bool) -> None:
    """Check this machine and the shipped evidence; say what to do about each thing that is wrong."""
    from flows import checks

    results = checks.run()
    if is_json:
        click.echo(json.dumps({"checks": [check.as_object() for check in results]}, indent=1))
    else:
        for check in results:
            click.echo(f"{'ok   ' if check.is_ok else 'WRONG'}  {check.name}: {check.finding}")
    if not all(check.is_ok for check in results):
        sys.exit(FAILED)


for _command in (list_, read, rebuild, reconcile, review, run, send, serve, subscribe, suppress, verify):
    policydiff.add_command(_command)


# --- Between the options and the core ---------------------------------------------------------------------------


def _parameters(**given: Any) -> "ReportParameters":
    """Turn options into checked parameters; options nobody gave keep their defaults."""
    from pydantic import ValidationError

    from flows.options import UsageError
    from flows.parameters import ReportParameters

    values = {
        name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value is not None
    }
    try:
        return ReportParameters(**values)
    except ValidationError as error:
        raise UsageError("; ".join(_refusal(detail) for detail in error.errors())) from error


def _refusal(detail: "ErrorDetails") -> str:
    """Say which option is wrong and what is expected; our own rules are whole sentences."""
    name, message = ".".join(str(part) for part in detail["loc"]), detail["msg"]
    if detail["type"] == "value_error":
        return f"{name}: {message.removeprefix('Value error, ')}"
    return f"{name}: found {detail['input']!r}; expected {message.removeprefix('Input should be ')}"


def _read(parameters: "ReportParameters") -> tuple["Codebook", Any]:
    """Return the codebook and the request the parameters make of it."""
    from flows import evidence, settings

    book = evidence.load(settings.load())
    return book, parameters.request(datetime.now(UTC).date())


def main() -> None:
    """Run the command; a user's mistake is one message and exit code 2, never a traceback."""
    from flows.options import UsageError

    try:
        policydiff.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_USAGE)
    except click.Abort:
        say("stopped")
        sys.exit(FAILED)
    except Refused as error:
        say(f"error: {error}")
        sys.exit(REFUSED)
    except (BadInput, UnknownName, UsageError) as error:
        say(f"error: {error}")
        sys.exit(BAD_USAGE)
    except PolicydiffError as error:
        say(f"error: {error}")
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
