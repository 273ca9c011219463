"""The command `policydiff review`: list, show, accept, reject and edit what the reader proposes; sheets out and in.

Results go to stdout, what is told of decisions to stderr. Heavy modules are imported where they are used.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sources.errors import BadInput, Fault

if TYPE_CHECKING:
    from flows.settings import Settings
    from reports.consequences import RowChange
    from sources.codebook import Codebook
    from sources.review import Choice, Decision, Proposed, Review

# How much of a document is shown on either side of a quote.
_CONTEXT = 400
_HINT = "(a)ccept, (e)dit, (r)eject, (s)kip, (q)uit"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A proposal as it is shown: its draft, what it would change, and what keeps it from being a statement."""

    item: "Proposed"
    draft: Mapping[str, str]
    changes: "tuple[RowChange, ...]"
    faults: tuple[Fault, ...]

    @property
    def would_change(self) -> str:
        """Return what would change in a few words."""
        if self.faults:
            return "cannot be accepted as it stands"
        more = f" and {len(self.changes) - 1} more" if len(self.changes) > 1 else ""
        return f"{self.changes[0]}{more}" if self.changes else "nothing"


class _Desk:
    """The proposals of this machine and the codebook they are reviewed against."""

    def __init__(self) -> None:
        from flows import settings, unreviewed
        from sources import codebook

        self.settings: Settings = settings.load()
        self.review: Review = unreviewed.kept(self.settings)
        self.shipped: Codebook = codebook.load()

    def listed(self, items: "Sequence[Proposed]") -> list[_Listed]:
        """Return proposals with what they would change, most consequential first."""
        from flows import evidence
        from reports import edition
        from reports.consequences import Effect, consequences, effect

        today = datetime.now(UTC).date()
        in_force = evidence.over(self.shipped, self.settings)
        statements, faults = {}, {}
        for item in items:
            try:
                made = item.statement(self.shipped, today)
            except BadInput as error:
                faults[item.id] = error.faults
                continue
            if made.id not in in_force.statements:
                statements[item.id] = made
        changes = consequences(in_force, statements, edition.default_clock(today))
        listed = [
            _Listed(
                item=item,
                draft=self.draft(item),
                changes=changes.get(item.id, ()),
                faults=faults.get(item.id, ()),
            )
            for item in items
        ]

        def weight(one: _Listed) -> tuple[int, bool, float, int, str]:
            said = one.item.proposal
            day = said.date or one.item.reading.document.published
            newest_first = -day.last_day.toordinal() if day else 0
            place = list(Effect).index(effect(one.changes))
            return place, said.is_optional, -said.confidence, newest_first, one.item.id

        return sorted(listed, key=weight)

    def draft(self, item: "Proposed") -> Mapping[str, str]:
        """Return a proposal's draft; one of an instrument that the codebook does not have has none."""
        try:
            return item.draft(self.shipped)
        except BadInput:
            return {}

    def decide(self, choices: "Sequence[Choice]", reviewer: str | None) -> "tuple[Decision, ...]":
        """Record decisions, all or nothing."""
        who = reviewer or self.settings.reviewer
        return self.review.decide(choices, who, datetime.now(UTC), self.shipped)


# --- The commands -----------------------------------------------------------------------------------------------------

_AS = click.option("--as", "reviewer", metavar="NAME", help="Who decides (default: the setting reviewer).")


@click.group(invoke_without_command=True)
@_AS
@click.pass_context
def review(context: click.Context, reviewer: str | None) -> None:
    """Review what the reader proposes; without a command, one by one in a terminal, most consequential first."""
    if context.invoked_subcommand is None:
        if _is_terminal():
            _one_by_one(reviewer)
        else:
            context.invoke(list_)
    elif reviewer:
        context.obj = reviewer


def _is_terminal() -> bool:
    return sys.stdin.isatty()


@review.command(name="list")
@click.option(
    "--state", type=click.Choice(["pending", "accepted", "rejected", "all"]), default="pending", show_default=True
)
@click.option("--instrument", "instruments", multiple=True, metavar="ID", help="Only this instrument.")
@click.option("--country", "countries", multiple=True, metavar="ISO3", help="Only this country.")
@click.option("--format", "format_", type=click.Choice(["table", "csv", "json"]), default="table")
@click.option("--json", "is_json", is_flag=True, help="The same as --format json.")
def list_(state: str, instruments: tuple[str, ...], countries: tuple[str, ...], format_: str, is_json: bool) -> None:
    """List proposals with what each would change, most consequential first."""
    from sources import decision_sheets

    desk = _Desk()
    listed = desk.listed(_chosen(desk, state, instruments, countries))
    match "json" if is_json else format_:
        case "json":
            click.echo(json.dumps({"proposals": [_object(one) for one in listed]}, ensure_ascii=False, indent=1))
        case "csv":
            click.echo(decision_sheets.as_csv([_row(one) for one in listed], _LIST_COLUMNS), nl=False)
        case _ if not listed:
            _say(f"no {'' if state == 'all' else f'{state} '}proposals; `policydiff read` proposes statements")
        case _:
            click.echo("\n".join(_block(one) for one in listed), nl=False)
            _say(
                f"{len(listed)} proposal{'s' if len(listed) != 1 else ''}; `policydiff review show ID` has the context"
            )


_LIST_COLUMNS = (
    *("id", "state", "instrument", "countries", "proposed", "would_change", "document", "document_published"),
    *("quote", "confidence", "optional", "why"),
)


@review.command()
@click.argument("proposal_id", metavar="ID")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def show(proposal_id: str, is_json: bool) -> None:
    """Show a proposal: the quote in its context, the rule, and what would change."""
    desk = _Desk()
    (one,) = desk.listed([desk.review.proposal(proposal_id)])
    click.echo(json.dumps(_object(one), ensure_ascii=False, indent=1) if is_json else _page(one), nl=is_json)


@review.command()
@click.argument("proposal_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--note", default="", help="Why, printed with the statement.")
@click.option("--url", default="", help="The address the document was published at.")
@click.option("--publisher", default="", help="Who published it.")
@click.option("--title", default="", help="Its title.")
@_AS
@click.pass_context
def accept(
    context: click.Context, /, proposal_ids: tuple[str, ...], note: str, reviewer: str | None, **citation: str
) -> None:
    """Accept proposals as they stand: they become statements laid over the shipped codebook."""
    given = {name: text for name, text in citation.items() if text}
    _decide(_choices(proposal_ids, "accept", given, note), reviewer or context.obj)


@review.command()
@click.argument("proposal_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--reason", default="", help="Why.")
@_AS
@click.pass_context
def reject(context: click.Context, proposal_ids: tuple[str, ...], reason: str, reviewer: str | None) -> None:
    """Reject proposals, or take accepted ones back."""
    _decide(_choices(proposal_ids, "reject", {}, reason), reviewer or context.obj)


@review.command()
@click.argument("proposal_id", metavar="ID")
@click.option("--set", "changes", multiple=True, required=True, metavar="FIELD=VALUE", help="A field and its new text.")
@click.option("--note", default="", help="Why, printed with the statement.")
@_AS
@click.pass_context
def edit(context: click.Context, proposal_id: str, changes: tuple[str, ...], note: str, reviewer: str | None) -> None:
    """Change fields of a proposal; another person must then accept it.

    Fields are those that `policydiff review show` prints; an empty value takes a field away.
    """
    given = _changes(changes)
    _decide(_choices((proposal_id,), "edit", given, note), reviewer or context.obj)


@review.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.csv|FILE.json")
@click.option(
    "--state", type=click.Choice(["pending", "accepted", "rejected", "all"]), default="pending", show_default=True
)
@click.option("--instrument", "instruments", multiple=True, metavar="ID", help="Only this instrument.")
@click.option("--country", "countries", multiple=True, metavar="ISO3", help="Only this country.")
def export(path: Path, state: str, instruments: tuple[str, ...], countries: tuple[str, ...]) -> None:
    """Write proposals to a sheet, to be decided in its column decision and read back with import."""
    from sources import decision_sheets

    writers = {".csv": decision_sheets.as_csv, ".json": decision_sheets.as_json}
    if path.suffix.casefold() not in writers:
        raise BadInput([Fault(file=str(path), path=".", found=path.suffix or "no ending", expected=".csv or .json")])
    desk = _Desk()
    listed = desk.listed(_chosen(desk, state, instruments, countries))
    content = writers[path.suffix.casefold()]([_row(one) for one in listed], decision_sheets.COLUMNS)
    try:
        path.write_text(content, encoding="utf-8", newline="")
    except OSError as error:
        fault = Fault(file=str(path), path=".", found=str(error.strerror), expected="a file that can be written")
        raise BadInput([fault]) from error
    _say(f"{len(listed)} proposal{'s' if len(listed) != 1 else ''} written to {path}")


@review.command(name="import")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="FILE")
@_AS
@click.pass_context
def import_(context: click.Context, path: Path, reviewer: str | None) -> None:
    """Read decisions from a sheet that export wrote: all of them are recorded, or none."""
    from sources import decision_sheets

    desk = _Desk()
    rows = decision_sheets.read(path.read_bytes(), path.name)
    drafts = {item.id: desk.draft(item) for item in desk.review.proposals(None)}
    choices = decision_sheets.choices(rows, drafts, path.name)
    try:
        decisions = desk.decide(choices, reviewer or context.obj)
    except BadInput as error:
        raise BadInput(decision_sheets.placed(error.faults, rows, path.name)) from error
    _tell(decisions)


# --- One by one -------------------------------------------------------------------------------------------------------


def _one_by_one(reviewer: str | None) -> None:
    """Go through what is pending, most consequential first; each decision is recorded at once."""
    desk = _Desk()
    listed = desk.listed(desk.review.proposals())
    if not listed:
        _say("nothing to review; `policydiff read` proposes statements")
        return
    reviewer = reviewer or desk.settings.reviewer or click.prompt("Your name, recorded with each decision")
    for number, one in enumerate(listed, 1):
        click.echo(f"--- {number} of {len(listed)} " + "-" * 60)
        click.echo(_page(one), nl=False)
        while True:
            key = click.prompt(_HINT, type=click.Choice(["a", "e", "r", "s", "q"]), show_choices=False)
            if key == "q":
                return
            if key == "s":
                break
            try:
                _tell(desk.decide(_asked(key, one), reviewer))
                break
            except BadInput as error:
                _say(f"error: {error}")


def _asked(key: str, one: _Listed) -> "list[Choice]":
    """Return the choice of a key, with what else it needs."""
    identity = (one.item.id,)
    if key == "r":
        return _choices(identity, "reject", {}, click.prompt("Reason", default="", show_default=False))
    if key == "a":
        from sources.drafts import CITATION

        missing = [name for name in CITATION if name not in one.draft]
        given = {name: click.prompt(f"The document's {name}") for name in missing}
        return _choices(identity, "accept", given, click.prompt("Note", default="", show_default=False))
    given_lines = []
    while line := click.prompt("field=value, or nothing to end", default="", show_default=False):
        given_lines.append(line)
    return _choices(identity, "edit", _changes(given_lines), "")


# --- Between the options and the core ---------------------------------------------------------------------------------


def _decide(choices: "list[Choice]", reviewer: str | None) -> None:
    _tell(_Desk().decide(choices, reviewer))


def _choices(proposal_ids: Sequence[str], verdict: str, given: Mapping[str, str], note: str) -> "list[Choice]":
    from sources.review import Choice, Verdict

    return [
        Choice(proposal_id=proposal_id, verdict=Verdict(verdict), fields=given, note=note)
        for proposal_id in dict.fromkeys(proposal_ids)
    ]


def _changes(given: Sequence[str]) -> dict[str, str]:
    """Return field=value as fields. Raises BadInput for what has no field."""
    faults = [
        Fault(file="--set", path=".", found=repr(text), expected="FIELD=VALUE, such as stage=signed")
        for text in given
        if not text.partition("=")[0].strip() or "=" not in text
    ]
    if faults:
        raise BadInput(faults)
    return {name.strip(): value.strip() for name, _, value in (text.partition("=") for text in given)}


def _tell(decisions: "Sequence[Decision]") -> None:
    from sources.review import Verdict

    words = {
        Verdict.ACCEPT: "accepted by {}",
        Verdict.REJECT: "rejected by {}",
        Verdict.EDIT: "edited by {}; another person must accept it",
    }
    for decision in decisions:
        _say(f"{decision.proposal_id}: {words[decision.verdict].format(decision.reviewer)}")
    if not decisions:
        _say("nothing was decided")


def _chosen(desk: _Desk, state: str, instruments: Sequence[str], countries: Sequence[str]) -> "list[Proposed]":
    """Return the proposals in a state, of the instruments and countries named. Raises UnknownName."""
    from flows.parameters import known_name
    from sources.countries import PLACES
    from sources.review import State

    known = [instrument.id for instrument in desk.shipped.instruments]
    wanted = {known_name("instrument", name, known) for name in instruments}
    places = {known_name("country", name.upper(), PLACES) for name in countries}
    return [
        item
        for item in desk.review.proposals(None if state == "all" else State(state))
        if (not wanted or desk.draft(item).get("instrument") in wanted)
        and (not places or places & set(desk.draft(item).get("countries", "").split()))
    ]


# --- What is shown ----------------------------------------------------------------------------------------------------


def _say(text: str) -> None:
    click.echo(text, err=True)


def _row(one: _Listed) -> dict[str, str]:
    """Return a proposal as a line of a sheet, undecided."""
    from reports.proposals import plain
    from sources import drafts

    said, document = one.item.proposal, one.item.reading.document
    return {
        **one.draft,
        "id": one.item.id,
        "decision": "",
        "state": one.item.state.value,
        "proposed": drafts.said(one.draft),
        "would_change": one.would_change,
        "document": plain(f"{document.title} {document.source}"),
        "document_published": str(document.published or ""),
        "quote": plain(said.quote),
        "rule": said.rule,
        "confidence": f"{said.confidence:.2f}",
        "optional": "yes" if said.is_optional else "",
        "why": plain(said.why or ""),
        "coder": one.item.coder,
    }


def _object(one: _Listed) -> dict[str, object]:
    """Return a proposal as one JSON object."""
    from reports.consequences import effect
    from sources import drafts

    item, said, document = one.item, one.item.proposal, one.item.reading.document
    return {
        "id": item.id,
        "state": item.state.value,
        "coder": item.coder,
        "instrument_id": said.instrument_id,
        "country_codes": list(said.country_codes),
        "proposed": drafts.said(one.draft),
        "fields": dict(one.draft),
        "effect": effect(one.changes).value,
        "would_change": [
            {
                "code": change.code,
                "instrument_id": change.instrument_id,
                "country_code": change.country_code,
                "comparison": change.comparison.value,
                "before": change.before,
                "after": change.after,
                "aspects": list(change.aspects),
                "effect": change.effect.value,
            }
            for change in one.changes
        ],
        "mistakes": [{"field": f.path, "found": f.found, "expected": f.expected} for f in one.faults],
        "document": {
            "source": document.source,
            "sha256": document.sha256,
            "title": document.title,
            "published": str(document.published) if document.published else None,
            "language": document.language,
            "kind": document.kind.value,
            "independence_group": item.reading.group,
        },
        "quote": said.quote,
        "char_start": said.char_start,
        "char_end": said.char_end,
        "rule": said.rule,
        "confidence": said.confidence,
        "optional": said.is_optional,
        "why": said.why,
        "decisions": [
            {
                "verdict": decision.verdict.value,
                "reviewer": decision.reviewer,
                "decided": decision.decided.isoformat(),
                "note": decision.note,
                "changes": {name: list(texts) for name, texts in decision.changes.items()},
            }
            for decision in item.decisions
        ],
    }


def _block(one: _Listed) -> str:
    """Return a proposal in a few lines of a list."""
    from reports.proposals import plain
    from sources import drafts

    said, document = one.item.proposal, one.item.reading.document
    places = ", ".join(drafts.place_name(code) for code in one.draft.get("countries", "").split())
    marks = [] if one.item.state == "pending" else [one.item.state.value]
    marks += [f"edited by {one.item.coder}"] if one.item.is_edited else []
    marks += [f"optional: {said.why or 'not sure'}"] if said.is_optional else []
    head = f"{one.item.id}  {one.draft.get('instrument', said.instrument_id)}, {places}: {drafts.said(one.draft)}"
    return "\n".join(
        [
            plain(head + (f"  [{'; '.join(marks)}]" if marks else "")),
            f"    would change: {one.would_change}",
            "    " + plain(f'"{said.quote}"'),
            "    " + plain(f"{document.title}, {document.published or 'undated'}, {document.source}"),
            "",
        ]
    )


def _page(one: _Listed) -> str:
    """Return all that helps to decide about a proposal."""
    from reports.proposals import plain

    said, text = one.item.proposal, one.item.reading.document.text
    before = text[max(0, said.char_start - _CONTEXT) : said.char_start]
    after = text[said.char_end : said.char_end + _CONTEXT]
    lines = [
        _block(one).rstrip("\n"),
        "",
        plain(f"... {before} >>> {said.quote} <<< {after} ..."),
        "",
        f"rule {said.rule}, confidence {said.confidence:.2f}"
        + (plain(f", optional: {said.why or 'not sure'}") if said.is_optional else ""),
        *(f"would change {change}" for change in one.changes),
        *(plain(f"cannot be accepted: {f.path}: found {f.found}; expected {f.expected}") for f in one.faults),
        *(f"  {name} = {plain(value)}" for name, value in one.draft.items()),
    ]
    lines += [
        plain(f"{d.decided:%Y-%m-%d %H:%M}Z {d.verdict} by {d.reviewer}" + (f": {d.note}" if d.note else ""))
        for d in one.item.decisions
    ]
    return "\n".join(lines) + "\n"
