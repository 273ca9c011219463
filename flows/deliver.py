"""Deliver one release: the function that the flow, the scheduled chain and the command call. No Prefect here."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import count

from flows import settings
from flows.batch import Built, Runner
from flows.delivery.dispatch import Dispatch
from flows.delivery.ledger import FINISHED, Ledger, State, address_key
from flows.delivery.relay import RelayUnavailable
from flows.delivery.releases import Release, Releases
from flows.delivery.sending import Sender
from flows.settings import Settings
from sources.countries import nearest
from sources.errors import BadInput, Fault, PolicydiffError, UnknownName

_UNDER_WAY = frozenset({State.READY, State.DEFERRED, State.CLAIMED, State.COMMITTING})
# How often a release that waits for retries looks whether one is due, in seconds.
_LONGEST_NAP = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """How far a release has come: its deliveries by state, when the next is due, the slices that may not be sent."""

    release: str
    tally: Counter[State]
    next_due: datetime | None
    stopped: tuple[str, ...]
    has_refused: bool

    @property
    def has_failed(self) -> bool:
        """Whether something bounced, ran out or is unknown: a person has to look."""
        return any(self.tally[state] for state in (State.BOUNCED, State.UNKNOWN, State.EXPIRED))

    @property
    def in_words(self) -> str:
        """Return the tally as a line: "3 accepted, 1 deferred"."""
        return ", ".join(f"{count} {state}" for state, count in sorted(self.tally.items())) or "no delivery"

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to send, to wait for or to reconcile."""
        return set(self.tally) <= FINISHED


def release_key(today: date) -> str:
    """Return the calendar key of a day: its ISO week, such as 2026-W48."""
    year, week, _ = today.isocalendar()
    return f"{year}-W{week:02}"


class DeliveryFailed(PolicydiffError):
    """Something bounced, ran out or is unknown, or a report may not be sent: look at `policydiff list deliveries`."""


def check(done: Delivered) -> None:
    """Raise DeliveryFailed if a person has to look at a release."""
    if done.has_failed or done.stopped:
        raise DeliveryFailed(
            f"{done.release}: {done.in_words}; `policydiff list deliveries --release {done.release}` says which"
            + "".join(f"\nnot sent: {stopped}" for stopped in done.stopped)
        )


def require(given: Settings, *names: str) -> None:
    """Raise BadInput for each of some settings of `mail` that is not given."""
    faults = [
        Fault(
            file=str(settings.FILE),
            path=f"mail.{name}",
            found="nothing",
            expected=f"a value, here or in the environment as POLICYDIFF_MAIL__{name.upper()}",
        )
        for name in names
        if not getattr(given.mail, name)
    ]
    if faults:
        raise BadInput(faults)


def releases(given: Settings) -> Releases:
    """Return the releases kept in the store."""
    return Releases(given.store_location)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A release to look at or to try, kept apart so that it fixes no day and leaves the real one alone."""

    release: Release
    dispatch: Dispatch

    def stopped(self) -> tuple[str, ...]:
        """Return the slices that were built for it and may not be sent, each with its reason."""
        return _stopped(self.dispatch.built)

    def has_refused(self) -> bool:
        """Say whether one of them could not be made or failed its acceptance check."""
        return _has_refused(self.dispatch.built)


def sketch(
    given: Settings,
    ledger: Ledger,
    key: str,
    *,
    as_of: date,
    corrects: str = "",
    reason: str = "",
    say: Callable[[str], None],
) -> Sketch:
    """Return a sketch of a release: as the real one is if that was begun, else as it would be today.

    Raises BadInput if the settings name no sender, UsageError if the release was begun as another correction.
    """
    require(given, "sender")
    kept = releases(given)
    # One that is there is not begun anew, only compared.
    real = (
        kept.begin(key, as_of, corrects, reason)
        if kept.has(key)
        else Release(key=key, as_of=as_of, corrects=corrects, reason=reason)
    )
    apart = Releases(given.store_location, f"sketches/{real.as_of}")
    dispatch = Dispatch(given, ledger, kept, _now, say, building_in=apart)
    return Sketch(release=replace(real, built={}, scopes={}), dispatch=dispatch)


def build_all(given: Settings, release: Release, say: Callable[[str], None], runner: Runner | None = None) -> None:
    """Build every report of a release that is not there, and plan nothing.

    `runner` is what builds, processes of this machine if there is none.
    """
    with closing(Ledger.of(given)) as ledger:
        for _ in Dispatch(given, ledger, releases(given), _now, say, runner=runner).slices(release):
            # Slices are built as they come; what their messages say is not needed yet.
            pass


def deliver(
    given: Settings,
    release: Release,
    *,
    only: Sequence[str],
    is_waiting: bool,
    say: Callable[[str], None],
    runner: Runner | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Delivered:
    """Build, plan, freeze and send a release to everyone on the roster, or to some addresses; say how far it has come.

    With `is_waiting` it stays until nothing is left to try again, also where the relay does not answer for a while.
    `runner` is what builds, processes of this machine if there is none; `progress` is told after each message how many
    are done, and of how many.
    Raises RelayMisconfigured, RelayUnavailable, UnknownName for an address that is not on the roster, and BadInput for
    settings that are missing or a roster with mistakes.
    """
    require(given, "host", "sender")
    with closing(Ledger.of(given)) as ledger:
        dispatch = Dispatch(given, ledger, releases(given), _now, say, runner=runner)
        wanted = chosen(dispatch, only)
        dispatch.prepare(release, wanted)
        keys = _keys(ledger, release, wanted)
        # Without keys a sender takes whatever is due.
        if keys or not wanted:
            under_way = sum(ledger.tally(release.key)[state] for state in _UNDER_WAY)
            told = _counted(say, progress, len(keys) or under_way) if progress else say
            sender = sender_of(given, ledger, dispatch, told)
            while (due := _send_due(sender, release, keys, is_waiting)) and is_waiting:
                time.sleep(min(max((due - _now()).total_seconds(), 0), _LONGEST_NAP))
        return how_far(given, ledger, release.key)


def _counted(say: Callable[[str], None], progress: Callable[[int, int], None], of: int) -> Callable[[str], None]:
    """Return what is told of each message, and counts them."""
    numbers = count(1)

    def told(text: str) -> None:
        say(text)
        progress(next(numbers), of)

    return told


def chosen(dispatch: Dispatch, only: Sequence[str]) -> frozenset[str]:
    """Return addresses to choose from, as `address_key` writes them.

    Raises UnknownName for one that is not on the roster: sending to nobody would look as if it had been sent.
    """
    known = [subscription.address for subscription in dispatch.roster().active]
    wanted = frozenset(map(address_key, only))
    for address in sorted(wanted - set(map(address_key, known))):
        raise UnknownName("subscription", address, nearest(address, known))
    return wanted


def _send_due(sender: Sender, release: Release, keys: frozenset[str], is_patient: bool) -> datetime | None:
    """Send what is due and return when the next is; a relay that does not answer is waited for by the patient."""
    try:
        sender.run(release.key, keys)
    except RelayUnavailable as error:
        if not is_patient:
            raise
        sender.say(str(error))
    return sender.ledger.next_due(release.key, keys)


def take_up(given: Settings, say: Callable[[str], None]) -> list[Delivered]:
    """Send what is due of every release whose delivery has begun, begin none, and say how far each of them has come.

    Raises RelayMisconfigured and RelayUnavailable, if anything is due.
    """
    kept = releases(given)
    with closing(Ledger.of(given)) as ledger:
        # What a sender that died held is among them.
        begun = kept.keys()
        under_way = [key for key in begun if _UNDER_WAY & set(ledger.tally(key))]
        if under_way:
            sender_of(given, ledger, Dispatch(given, ledger, kept, _now, say), say).run(None)
        return [how_far(given, ledger, key) for key in under_way]


def sender_of(given: Settings, ledger: Ledger, dispatch: Dispatch, say: Callable[[str], None]) -> Sender:
    """Return what sends by the settings. Raises BadInput if they do not say through which relay, and as whom."""
    require(given, "host", "sender")
    return Sender(
        ledger=ledger,
        mail=given.mail,
        now=_now,
        sleep=time.sleep,
        check=dispatch.check,
        shrink=dispatch.shrink,
        say=say,
    )


def how_far(given: Settings, ledger: Ledger, key: str) -> Delivered:
    """Return how far a release has come."""
    release = releases(given).open(key)
    return Delivered(
        release=key,
        tally=ledger.tally(key),
        next_due=ledger.next_due(key),
        stopped=_stopped(release.built),
        has_refused=_has_refused(release.built),
    )


def _stopped(built: Mapping[str, Built]) -> tuple[str, ...]:
    return tuple(f"{name}: {one.stopped}" for name, one in sorted(built.items()) if one.stopped)


def _has_refused(built: Mapping[str, Built]) -> bool:
    return any(one.refused for one in built.values())


def _keys(ledger: Ledger, release: Release, wanted: frozenset[str]) -> frozenset[str]:
    found = ledger.deliveries(edition=release.key) if wanted else []
    return frozenset(delivery.key for delivery in found if address_key(delivery.recipient) in wanted)


def _now() -> datetime:
    return datetime.now(UTC)
