"""The commands around mail: `send`, `reconcile`, `suppress`, `subscribe`, and what `list` knows of deliveries.

Results go to stdout, progress and errors to stderr. Heavy modules are imported where they are used.
"""

import hmac
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import click

from flows.options import DAY, FAILED, REFUSED, WITHHELD, print_lines, say
from sources.errors import UnknownName

if TYPE_CHECKING:
    from flows.deliver import Delivered, Sketch
    from flows.delivery.dispatch import Mailing
    from flows.delivery.ledger import Delivery, Ledger, State
    from flows.delivery.reconciliation import Finding
    from flows.settings import Settings

_HASH_DIGITS = 12


@click.command()
@click.argument("release", default="", metavar="[RELEASE|latest]")
@click.option("--yes", "is_sent", is_flag=True, help="Send. Without it nothing leaves this machine.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Write every message as .eml and send nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for --dry-run (default: mail in the output folder).",
)
@click.option("--test-to", metavar="ADDR", help="Send one message of each report to this address, marked as a test.")
@click.option("--only", multiple=True, metavar="ADDR", help="Only this recipient.")
@click.option(
    "--resend", type=click.Choice(["failed", "unknown"]), help="Send again what bounced or ran out, or what is unknown."
)
@click.option(
    "--corrects",
    default="",
    metavar="RELEASE",
    help="The release this one corrects: it goes to those who got that one.",
)
@click.option("--reason", default="", help="What was wrong with it.")
@click.option(
    "--as-of", type=DAY, help="Use only what was known by this day (default: today; a release keeps its day)."
)
@click.option("--wait", "is_waiting", is_flag=True, help="Stay until nothing is left to try again.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def send(
    release: str,
    is_sent: bool,
    is_dry: bool,
    out: Path | None,
    test_to: str | None,
    only: tuple[str, ...],
    resend: str | None,
    corrects: str,
    reason: str,
    as_of: date | None,
    is_waiting: bool,
    is_json: bool,
) -> None:
    """Build the reports of a release and mail each to its recipients: once, and provably.

    RELEASE is a calendar key such as 2026-W48 (default: this week's), or `latest`. Without --yes it says what would be
    sent and to whom.
    """
    from flows import deliver, settings
    from flows.delivery.ledger import Ledger
    from flows.options import UsageError

    if bool(corrects) != bool(reason):
        raise UsageError('a correction needs both: --corrects RELEASE --reason "what was wrong"')
    if is_sent + is_dry + bool(test_to) > 1:
        raise UsageError("--yes, --dry-run and --test-to exclude each other")
    if resend and test_to:
        raise UsageError("--resend and --test-to exclude each other: a test leaves the real deliveries alone")
    if out and not is_dry:
        raise UsageError("--out is where --dry-run writes messages")
    given, today = settings.load(), datetime.now(UTC).date()
    only = tuple(map(_address, only))
    kept = deliver.releases(given)
    keys = kept.keys()
    if release == "latest" and not keys:
        raise UsageError("there is no release yet: policydiff send --yes makes this week's")
    key = keys[-1] if release == "latest" else release or deliver.release_key(today)
    for there in (corrects, key if resend else ""):
        if there:
            kept.open(there)
    if is_sent:
        deliver.require(given, "host", "sender")
        if resend:
            _resend(given, key, resend, only)
        begun = kept.begin(key, as_of or today, corrects, reason)
        _tell(deliver.deliver(given, begun, only=only, is_waiting=is_waiting, say=say), is_json)
        return
    with closing(Ledger.of(given)) as ledger:
        sketched = deliver.sketch(given, ledger, key, as_of=as_of or today, corrects=corrects, reason=reason, say=say)
        if test_to:
            _send_tests(given, ledger, sketched, _address(test_to), only, is_json)
        else:
            folder = (out or given.out / "mail") if is_dry else None
            _preview(ledger, sketched, folder, only, _states_of(resend), is_json)
    _exit_if_stopped(sketched.stopped(), sketched.has_refused())


def _states_of(resend: str | None) -> "frozenset[State]":
    """Return the states of deliveries that are sent again."""
    from flows.delivery.ledger import State

    match resend:
        case "unknown":
            return frozenset({State.UNKNOWN})
        case "failed":
            return frozenset({State.BOUNCED, State.EXPIRED})
        case _:
            return frozenset()


def _resend(given: "Settings", key: str, which: str, only: Sequence[str]) -> None:
    from flows.delivery.ledger import Ledger, address_key

    wanted = {address_key(address) for address in only}
    now = datetime.now(UTC)
    with closing(Ledger.of(given)) as ledger:
        found = ledger.deliveries(edition=key, states=_states_of(which))
        again = [d for d in found if not wanted or address_key(d.recipient) in wanted]
        expires = now + timedelta(hours=given.mail.expires_hours)
        count = sum(ledger.resend(d.key, now, expires, f"asked for with --resend {which}") for d in again)
    say(f"{count} {which} deliveries of {key} are to be sent again")


def _send_tests(
    given: "Settings", ledger: "Ledger", sketched: "Sketch", address: str, only: Sequence[str], is_json: bool
) -> None:
    from flows import deliver
    from flows.delivery.ledger import State

    dispatch = sketched.dispatch
    wanted = deliver.chosen(dispatch, only)
    sender = deliver.sender_of(given, ledger, dispatch, say)
    tests = {
        dispatch.test(ready, mailing, address): mailing
        for ready, mailings in dispatch.slices(sketched.release, wanted)
        for mailing in (mailings if wanted else mailings[:1])
    }
    if tests:
        sender.run(None, frozenset(tests))
    lines: list[dict[str, object]] = [
        {
            "to": address,
            "instead_of": mailing.planned.recipient,
            "report": mailing.planned.report,
            "state": str(delivery.state),
            "detail": delivery.detail,
        }
        for key, mailing in tests.items()
        if (delivery := ledger.delivery(key))
    ]
    print_lines(lines, "tests", is_json)
    taken = sum(line["state"] == State.ACCEPTED for line in lines)
    say(f"{taken} of {len(lines)} tests were taken for {address}; the real deliveries are untouched")
    if taken < len(lines):
        sys.exit(FAILED)


def _preview(
    ledger: "Ledger",
    sketched: "Sketch",
    folder: Path | None,
    only: Sequence[str],
    again: "frozenset[State]",
    is_json: bool,
) -> None:
    """Say who would get what and why; with a folder, write each message to it."""
    from flows import deliver

    dispatch = sketched.dispatch
    lines: list[dict[str, object]] = []
    for ready, mailings in dispatch.slices(sketched.release, deliver.chosen(dispatch, only)):
        for mailing in mailings:
            planned = mailing.planned
            known = ledger.delivery(planned.key)
            would, reason, is_frozen = _fate(mailing, known, again)
            file = ""
            if folder and would == "send":
                file = f"{planned.key[:_HASH_DIGITS]}.eml"
                folder.mkdir(parents=True, exist_ok=True)
                content = ledger.message(planned.key) if is_frozen else dispatch.preview(ready, mailing)
                (folder / file).write_bytes(content)
            lines.append(
                {
                    "would": would,
                    "recipient": planned.recipient,
                    "report": planned.report,
                    "subject": mailing.subject,
                    "reason": reason,
                    "file": file,
                }
            )
    if is_json:
        told = {"release": sketched.release.key, "deliveries": lines, "not_sent": list(sketched.stopped())}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        print_lines(lines, "deliveries", is_json)
    say(f"nothing was sent; `policydiff send {sketched.release.key} --yes` sends")


def _fate(mailing: "Mailing", known: "Delivery | None", again: "frozenset[State]") -> tuple[str, str, bool]:
    """Return what sending would do with a mailing, why, and whether its message is frozen already."""
    from flows.delivery.ledger import State

    # What was cancelled or suppressed is planned again if it is wanted after all.
    if known is None or known.state in (State.PLANNED, State.CANCELLED, State.SUPPRESSED):
        return str(mailing.state or "send"), mailing.reason, False
    if known.state in (State.READY, State.DEFERRED, *again):
        return str(mailing.state or "send"), mailing.reason, bool(known.message_sha256)
    return str(known.state), known.detail, True


def _address(given: str) -> str:
    from flows import settings
    from flows.options import UsageError

    try:
        return settings.address(given)
    except ValueError as error:
        raise UsageError(f"{given!r}: expected {error}") from error


def _tell(done: "Delivered", is_json: bool) -> None:
    told = {
        "release": done.release,
        "deliveries": {str(state): count for state, count in sorted(done.tally.items())},
        "finished": done.is_finished,
        "next_due": done.next_due.isoformat() if done.next_due else None,
        "not_sent": list(done.stopped),
    }
    if is_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        click.echo(f"{done.release}: {done.in_words}")
    if done.next_due:
        say(f"the next is due at {done.next_due:%Y-%m-%d %H:%M} UTC: send again then, or with --wait")
    for slice_ in done.stopped:
        say(f"NOT SENT {slice_}")
    if done.has_failed:
        say(f"`policydiff list deliveries --release {done.release}` says which; --resend or `reconcile` mends")
        sys.exit(FAILED)
    _exit_if_stopped(done.stopped, done.has_refused)
    if not done.is_finished:
        sys.exit(WITHHELD)


def _exit_if_stopped(stopped: Sequence[str], has_refused: bool) -> None:
    """Say by the exit code that some reports may not be sent: refused by their check, or of sources too old."""
    if stopped:
        sys.exit(REFUSED if has_refused else WITHHELD)


@click.command()
@click.argument("release")
@click.option("--log", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The relay's log (Postfix).")
@click.option("--zone", default="UTC", help="Time zone of a log whose times name none.")
@click.option("--accepted", multiple=True, metavar="KEY", help="By hand: this delivery was taken.")
@click.option("--not-taken", multiple=True, metavar="KEY", help="By hand: this one was not; it is sent again.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def reconcile(
    release: str, log: Path | None, zone: str, accepted: tuple[str, ...], not_taken: tuple[str, ...], is_json: bool
) -> None:
    """Settle deliveries whose fate is unknown, by the relay's log or by hand.

    A log has to be whole: of every host behind the relay, from some minutes before the sending until ten after it. What
    it shows as taken is settled; what it shows as not taken becomes ready to be sent; the rest stays unknown. A KEY is
    one of `list deliveries --unknown`, or its beginning; what is settled by hand is not looked for in the log.
    """
    from flows import deliver, settings
    from flows.delivery import reconciliation
    from flows.delivery.ledger import Ledger, State
    from flows.options import UsageError

    if zone not in available_timezones():
        raise UsageError(f"--zone {zone!r}; expected a time zone of the IANA database, such as America/New_York")
    given, now = settings.load(), datetime.now(UTC)
    with closing(Ledger.of(given)) as ledger:
        if not ledger.deliveries(edition=release, limit=1):
            raise UnknownName("release", release, deliver.releases(given).keys())
        ledger.recover(now)
        unknown = ledger.deliveries(edition=release, states=[State.UNKNOWN])
        found = [_by_hand(unknown, key, State.ACCEPTED) for key in accepted]
        found += [_by_hand(unknown, key, State.READY) for key in not_taken]
        by_hand = {finding.delivery.key for finding in found}
        if len(by_hand) < len(found):
            raise UsageError("a delivery is named twice")
        if log:
            with log.open(encoding="utf-8", errors="replace") as lines:
                told = reconciliation.read_log(lines, now, ZoneInfo(zone))
            # Who settles one by hand knows better.
            found += reconciliation.findings([d for d in unknown if d.key not in by_hand], told)
        for finding in found:
            if finding.state:
                ledger.reconcile(finding.delivery.key, finding.state, now, finding.reason)
        after = {delivery.key: delivery.state for delivery in ledger.deliveries(edition=release)}
    print_lines(
        [
            {
                "key": f.delivery.key[:_HASH_DIGITS],
                "recipient": f.delivery.recipient,
                "became": str(after[f.delivery.key]),
                "reason": f.reason,
            }
            for f in found
        ],
        "deliveries",
        is_json,
    )
    if State.READY in (after[f.delivery.key] for f in found):
        say(f"`policydiff send {release} --yes` sends what was not taken")
    left = sum(state is State.UNKNOWN for state in after.values())
    say(f"{left} deliveries of {release} are still unknown")
    if left:
        sys.exit(WITHHELD)


def _by_hand(unknown: "Sequence[Delivery]", key: str, state: "State") -> "Finding":
    from flows.delivery.reconciliation import Finding

    found = [delivery for delivery in unknown if delivery.key.startswith(key)]
    if len(found) != 1:
        raise UnknownName("delivery", key, [delivery.key[:_HASH_DIGITS] for delivery in found or unknown][:5])
    return Finding(delivery=found[0], state=state, reason="settled by hand")


@click.command()
@click.argument("address")
@click.option("--reason", type=click.Choice(["unsubscribe", "bounce", "complaint"]), default="unsubscribe")
@click.option("--token", help="Only if this is the token of a link that was sent to the address.")
@click.option("--remove", is_flag=True, help="Take the address off the list: its owner asked for mail again.")
def suppress(address: str, reason: str, token: str | None, remove: bool) -> None:
    """Send nothing to an address any more, whatever the roster says."""
    from flows import settings
    from flows.delivery.dispatch import unsubscribe_token
    from flows.delivery.ledger import Ledger
    from flows.options import UsageError

    given = settings.load()
    address = _address(address)
    if token is not None:
        secret = given.mail.unsubscribe_secret
        if secret is None:
            raise UsageError("--token needs POLICYDIFF_MAIL__UNSUBSCRIBE_SECRET, with which the links were signed")
        if not hmac.compare_digest(token.encode(), unsubscribe_token(address, secret.get_secret_value()).encode()):
            raise UsageError(f"the token is not that of {address}")
    with closing(Ledger.of(given)) as ledger:
        if not remove:
            ledger.suppress(address, reason, datetime.now(UTC))
            say(f"{address} gets nothing any more ({reason})")
        elif ledger.unsuppress(address):
            say(f"{address} is off the list")
        else:
            raise UsageError(f"{address} is not on the list")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.csv")
def subscribe(file: Path) -> None:
    """Check subscriptions in a CSV file and print them as TOML: subscribe people.csv >> subscriptions.toml."""
    from flows import evidence, settings
    from flows.delivery import subscriptions

    click.echo(subscriptions.as_toml(subscriptions.read(file, evidence.load(settings.load()))), nl=False)


# --- What `list` knows ------------------------------------------------------------------------------------------


@click.command(name="subscriptions")
@click.option("--by", type=click.Choice(["recipient", "report"]), default="recipient")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def list_subscriptions(by: str, is_json: bool) -> None:
    """List who gets which report, by recipient, or each report with its recipients."""
    from flows import evidence, settings
    from flows.delivery import subscriptions

    given = settings.load()
    roster = subscriptions.read(given.subscriptions, evidence.load(given))
    if by == "recipient":
        lines: list[dict[str, object]] = [
            {
                "recipient": s.address,
                "name": s.name,
                "report": s.report_id,
                "formats": " ".join(s.formats),
                "active": s.active,
                "only_if_changed": s.only_if_changed,
            }
            for s in sorted(roster.subscriptions, key=lambda s: (s.address, s.report_id))
        ]
    else:
        reports = sorted({s.report_id for s in roster.subscriptions})
        members = {name: [s for s in roster.subscriptions if s.report_id == name] for name in reports}
        lines = [
            {
                "report": name,
                "recipients": len(members[name]),
                "active": sum(s.active for s in members[name]),
                "addresses": " ".join(sorted(s.address for s in members[name])),
            }
            for name in reports
        ]
    print_lines(lines, "subscriptions", is_json)


@click.command(name="deliveries")
@click.option("--release", help="Only this release.")
@click.option("--to", "recipient", metavar="ADDR", help="Only to this recipient.")
@click.option("--state", "states", multiple=True, help="Only in this state, such as bounced.")
@click.option("--unknown", "is_unknown", is_flag=True, help="Only those whose fate is unknown.")
@click.option("--history", metavar="KEY", help="Every step of one delivery.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=200, show_default=True, help="At most so many, the newest."
)
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def list_deliveries(
    release: str | None,
    recipient: str | None,
    states: tuple[str, ...],
    is_unknown: bool,
    history: str | None,
    limit: int,
    is_json: bool,
) -> None:
    """List who got what, when, built from which bytes."""
    from flows import settings
    from flows.delivery.ledger import Ledger, State

    wanted = [_state(state) for state in states]
    wanted += [State.UNKNOWN] if is_unknown else []
    with closing(Ledger.of(settings.load())) as ledger:
        if history:
            print_lines(_steps(ledger, history), "events", is_json)
            return
        found = ledger.deliveries(edition=release, recipient=recipient, states=wanted, limit=limit)
    print_lines([_line(delivery, is_json) for delivery in found], "deliveries", is_json)
    if len(found) == limit:
        say(f"the newest {limit}; --limit shows more")


def _state(name: str) -> "State":
    from flows.delivery.ledger import State
    from flows.parameters import known_name

    return State(known_name("state", name, list(State)))


def _line(delivery: "Delivery", is_whole: bool) -> dict[str, object]:
    digits = None if is_whole else _HASH_DIGITS
    return {
        "key": delivery.key[:digits],
        "release": delivery.edition,
        "recipient": delivery.recipient,
        "report": delivery.report,
        "state": str(delivery.state),
        "changed": delivery.changed.isoformat(timespec="seconds"),
        "attempts": delivery.attempts,
        "edition": delivery.edition_id[:digits],
        "message_sha256": delivery.message_sha256[:digits],
        **({"files_sha256": delivery.file_sha256, "bytes": delivery.size_bytes} if is_whole else {}),
        "detail": delivery.detail,
    }


def _steps(ledger: "Ledger", given: str) -> list[dict[str, object]]:
    return [
        {
            "at": event.at.isoformat(timespec="seconds"),
            "from": str(event.before or ""),
            "to": str(event.after),
            "by": event.actor,
            "detail": event.detail,
        }
        for event in ledger.events(ledger.find(given))
    ]


@click.command(name="suppressions")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def list_suppressions(is_json: bool) -> None:
    """List the addresses that get nothing, and why."""
    from flows import settings
    from flows.delivery.ledger import Ledger

    with closing(Ledger.of(settings.load())) as ledger:
        lines: list[dict[str, object]] = [
            {
                "address": s.address,
                "reason": s.reason,
                "since": s.since.isoformat(timespec="seconds"),
                "detail": s.detail,
            }
            for s in ledger.suppressions()
        ]
    print_lines(lines, "suppressions", is_json)


@click.command(name="releases")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def list_releases(is_json: bool) -> None:
    """List the releases, what each corrects, and how far it has come."""
    from flows import deliver, settings
    from flows.delivery.ledger import Ledger

    given = settings.load()
    kept = deliver.releases(given)
    with closing(Ledger.of(given)) as ledger:
        lines = [
            {
                "release": release.key,
                "as_of": release.as_of.isoformat(),
                "corrects": release.corrects,
                "reports": len(release.built),
                "stopped": sum(bool(built.stopped) for built in release.built.values()),
                "deliveries": ", ".join(f"{n} {state}" for state, n in sorted(ledger.tally(release.key).items())),
                "finished": ledger.is_finished(release.key),
            }
            for release in map(kept.open, kept.keys())
        ]
    print_lines(lines, "releases", is_json)
