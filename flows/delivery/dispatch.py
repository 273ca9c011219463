"""From a roster to messages that are ready: who gets what of a release, built once for each slice, frozen before sent.

`Dispatch.prepare` can be run again at any time: what was built is not built again, what was planned is not planned
again, and what was sent is not touched.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from pathlib import Path
from urllib.parse import urlencode

from flows import editions
from flows.batch import Built, Runner, on_processes
from flows.build import Evidence
from flows.delivery import subscriptions
from flows.delivery.ledger import NOT_UNDER_WAY, Delivery, Ledger, Planned, State, address_key, key_of
from flows.delivery.releases import Release, Releases, Slice
from flows.delivery.sending import NoLongerEntitled
from flows.delivery.subscriptions import Roster, Subscription
from flows.settings import Settings
from reports import message
from reports.edition import Edition, Kind
from reports.message import Attachment, Correction, Envelope, News
from sources.errors import PolicydiffError
from sources.model import Existence

UNCHANGED = "nothing that the recipient asked for changed"
OFF_ROSTER = "no longer on the roster, or for another report"
# How many messages are frozen in one transaction.
_MESSAGES_AT_ONCE = 200


class MailNotSet(PolicydiffError):
    """The settings do not say from whom mail goes: set mail.sender."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """One subscription in a release: its delivery, its subject, and why nothing is sent.

    `state` is what the delivery becomes instead of being sent, None where it is sent.
    """

    subscription: Subscription
    planned: Planned
    subject: str
    state: State | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A slice that was built, with what its messages are made of.

    `news` fills up with what many of them say, `opened` with the files that they carry.
    """

    release: Release
    slice: Slice
    built: Built
    edition: Edition
    kept: Releases
    news: dict[tuple[tuple[Existence, ...], int | None], News] = field(default_factory=dict)
    opened: dict[str, Attachment] = field(default_factory=dict)

    def files(self, formats: Iterable[str]) -> tuple[Attachment, ...]:
        """Return the slice's files of some formats, in their order. Raises DamagedObject as `Releases.file` does."""
        by_ending = {name.rsplit(".", 1)[-1]: name for name in self.built.files}
        wanted = [by_ending[ending] for ending in formats]
        for name in wanted:
            if name not in self.opened:
                content = self.kept.file(self.release, self.slice.name, name)
                self.opened[name] = Attachment(name=name, content=content)
        return tuple(self.opened[name] for name in wanted)


class Dispatch:
    """The way of releases from the roster to frozen messages."""

    def __init__(
        self,
        given: Settings,
        ledger: Ledger,
        releases: Releases,
        now: Callable[[], datetime],
        say: Callable[[str], None],
        building_in: Releases | None = None,
        runner: Runner | None = None,
    ) -> None:
        """Take what a release needs. A sketch is built in a place of its own, `building_in`.

        `runner` is what builds, processes of this machine if there is none.

        `built` fills up with the slices that were built, or found, or could not be made.
        """
        if not given.mail.sender:
            raise MailNotSet("no sender: set mail.sender in policydiff.toml, or POLICYDIFF_MAIL__SENDER")
        self._given = given
        self._mail = given.mail
        self._ledger = ledger
        self._releases = releases
        self._building_in = building_in or releases
        self._runner = runner or on_processes(given.build.workers)
        self._now = now
        self._say = say
        self.built: dict[str, Built] = {}
        self._roster: Roster | None = None
        self._opened: dict[str, Release] = {}
        self._rows_at: dict[tuple[str, str, str], str | None] = {}
        self._tests: dict[str, tuple[Ready, Mailing]] = {}

    @cached_property
    def _evidence(self) -> Evidence:
        return Evidence.in_force(self._given)

    def roster(self) -> Roster:
        """Return the subscriptions as they stand at this instant; a file that is the same is not read again."""
        path = self._given.subscriptions
        known, there = self._roster, path.read_bytes() if path.exists() else b""
        if known is None or hashlib.sha256(there).hexdigest() != known.sha256:
            known = self._roster = subscriptions.read(path, self._evidence.book)
        return known

    # --- Before sending --------------------------------------------------------------------------------------

    def prepare(self, release: Release, only: frozenset[str] = frozenset()) -> None:
        """Build what is missing, plan what is not planned, freeze what is not frozen, and end what nobody is to get.

        `only` are addresses to choose from, as `address_key` writes them; empty means all.
        """
        there = {delivery.key: delivery.state for delivery in self._ledger.deliveries(edition=release.key)}
        self._cancel_who_left(release)
        for ready, mailings in self.slices(release, only):
            for some in batches(mailings, _MESSAGES_AT_ONCE):
                self._ledger.plan([m.planned for m in some if m.planned.key not in there], self._now())
                frozen = {}
                for mailing in some:
                    key, now = mailing.planned.key, self._now()
                    state = there.get(key, State.PLANNED)
                    if mailing.state is not None:
                        if state in NOT_UNDER_WAY:
                            self._ledger.end(key, mailing.state, now, mailing.reason)
                    elif state is State.PLANNED or self._ledger.revive(mailing.planned, now):
                        frozen[key] = self._compose(ready, mailing, self._mail.size_limit_bytes)
                self._ledger.freeze(frozen, self._now())

    def slices(self, release: Release, only: frozenset[str] = frozenset()) -> Iterator[tuple[Ready, list[Mailing]]]:
        """Yield each slice that is built and may be sent, with its mailings; one after the other, to keep memory flat.

        `only` are addresses to choose from, as `address_key` writes them; empty means all. What is stopped is told.
        """
        chosen = [s for s in self._recipients(release) if not only or address_key(s.address) in only]
        told = [(self._slice(s, release), s) for s in chosen]
        told.sort(key=lambda pair: (pair[0].name, pair[0].since_id, pair[1].address))
        groups = [list(group) for _, group in groupby(told, lambda pair: (pair[0].name, pair[0].since_id))]
        release = self._build(release, _with_formats(told))
        for members in groups:
            wanted, built = members[0][0], release.built[members[0][0].name]
            if built.stopped:
                self._say(f"{wanted.name}: not sent to {len(members)}: {built.stopped}")
                continue
            ready = self._ready(release, wanted)
            yield ready, [self._mailing(ready, s) for _, s in members]

    def _build(self, release: Release, wanted: Sequence[Slice]) -> Release:
        release = self._building_in.build(release, wanted, self._evidence, self._say, self._runner)
        self.built.update((one.name, release.built[one.name]) for one in wanted)
        return release

    def _ready(self, release: Release, wanted: Slice) -> Ready:
        return Ready(
            release=release,
            slice=wanted,
            built=release.built[wanted.name],
            edition=self._edition(wanted),
            kept=self._building_in,
        )

    def _edition(self, wanted: Slice) -> Edition:
        """Return the edition of a slice, compared with the earlier one also where its report does not say so."""
        if not wanted.since:
            return self._evidence.edition(wanted.parameters, Path(), lambda _: None)
        with self._releases.at_hand(wanted.since) as folder:
            edition = self._evidence.edition(wanted.parameters, folder, lambda _: None)
            if edition.since is not None:
                return edition
            book, request = self._evidence.book, edition.request
            return replace(edition, since=editions.since(wanted.since_id, folder, book, request))

    def _recipients(self, release: Release) -> Sequence[Subscription]:
        """Return who has a part in a release: the active roster, or of a correction those who got the wrong one."""
        active = self.roster().active
        if not release.corrects:
            return active
        wrong = self._ledger.deliveries(edition=release.corrects, states=[State.ACCEPTED, State.UNKNOWN])
        got = {(address_key(delivery.recipient), delivery.report) for delivery in wrong}
        if left := len(got - self.roster().entitled):
            self._say(f"{left} of those who got {release.corrects} are not on the roster for it any more")
        return [s for s in active if (address_key(s.address), s.report_id) in got]

    def _slice(self, subscription: Subscription, release: Release) -> Slice:
        folder, since = self._earlier(subscription, release) or ("", "")
        parameters = subscription.parameters(release.as_of, since or None)
        return Slice(
            # A brief has no room for changes: it is the same for all, and only their mails differ.
            name=f"{subscription.report_id}_{since[:12]}" if parameters.since else subscription.report_id,
            scope=subscription.scope,
            parameters=parameters,
            since=folder,
            since_id=since,
        )

    def _earlier(self, subscription: Subscription, release: Release) -> tuple[str, str] | None:
        """Return folder and id of the edition of this scope that the recipient took last, if it still stands.

        A correction is compared with what it corrects; no release with one of a later day, or planned after it.
        """
        states = [State.ACCEPTED, State.UNKNOWN] if release.corrects else [State.ACCEPTED]
        took = self._ledger.deliveries(recipient=subscription.address, states=states, edition=release.corrects or None)
        own = self._ledger.delivery(key_of(release.key, subscription.report_id, subscription.address))
        # When its fate became known says nothing: that may have been weeks later.
        for delivery in sorted(took, key=lambda delivery: delivery.planned, reverse=True):
            earlier = self._open(delivery.edition)
            is_later = own is not None and delivery.planned >= own.planned
            if earlier is None or earlier.key == release.key or earlier.as_of > release.as_of or is_later:
                continue
            if folder := self._rows(earlier, subscription.scope, delivery.edition_id):
                return folder, delivery.edition_id
        return None

    def _rows(self, earlier: Release, scope: str, edition_id: str) -> str | None:
        """Return where rows stand; many recipients ask for the same."""
        asked = earlier.key, scope, edition_id
        if asked not in self._rows_at:
            self._rows_at[asked] = self._releases.rows(earlier, scope, edition_id)
        return self._rows_at[asked]

    def _open(self, key: str) -> Release | None:
        if key not in self._opened and self._releases.has(key):
            self._opened[key] = self._releases.open(key)
        return self._opened.get(key)

    def _mailing(self, ready: Ready, subscription: Subscription) -> Mailing:
        said = self._news(ready, subscription)
        state, reason = None, ""
        if suppression := self._ledger.suppression(subscription.address):
            state, reason = State.SUPPRESSED, suppression.reason
        elif subscription.only_if_changed and said.since is not None and not said.count and not said.correction:
            state, reason = State.CANCELLED, UNCHANGED
        return Mailing(
            subscription=subscription,
            planned=Planned(
                edition=ready.release.key,
                report=subscription.report_id,
                recipient=subscription.address,
                expires=self._now() + timedelta(hours=self._mail.expires_hours),
                edition_id=ready.built.edition_id,
                file_sha256=" ".join(f"{name}:{digest}" for name, digest in sorted(ready.built.files.items())),
            ),
            subject=message.subject(said, False),
            state=state,
            reason=reason,
        )

    def _news(self, ready: Ready, subscription: Subscription) -> News:
        asked = (subscription.classes, subscription.minimum_magnitude)
        if asked not in ready.news:
            correction = None
            if ready.release.corrects:
                wrong = self._releases.open(ready.release.corrects)
                correction = Correction(of=wrong.as_of, reason=ready.release.reason)
            said = message.news(ready.edition, *asked, correction)
            # A report whose content is that of an earlier edition is that edition.
            ready.news[asked] = replace(said, edition_id=ready.built.edition_id)
        return ready.news[asked]

    def _cancel_who_left(self, release: Release) -> None:
        roster = self.roster()
        for delivery in self._ledger.deliveries(edition=release.key, states=NOT_UNDER_WAY):
            if not roster.entitles(delivery.recipient, delivery.report):
                self._ledger.end(delivery.key, State.CANCELLED, self._now(), OFF_ROSTER)

    # --- At the instant of sending ---------------------------------------------------------------------------

    def check(self, delivery: Delivery) -> None:
        """Raise NoLongerEntitled if a recipient is not to get a delivery any more, by list and roster as they are."""
        if suppression := self._ledger.suppression(delivery.recipient):
            raise NoLongerEntitled(State.SUPPRESSED, suppression.reason)
        if not delivery.is_test and not self.roster().entitles(delivery.recipient, delivery.report):
            raise NoLongerEntitled(State.CANCELLED, OFF_ROSTER)

    def shrink(self, delivery: Delivery, limit_bytes: int) -> Sequence[bytes]:
        """Return a delivery's message made anew, within what the relay takes or else without any file.

        Raises NoLongerEntitled if the recipient has left the release meanwhile.
        """
        if delivery.key in self._tests:
            return self._compose(*self._tests[delivery.key], limit_bytes)
        release = self._releases.open(delivery.edition)
        for ready, mailings in self.slices(release, frozenset({address_key(delivery.recipient)})):
            for mailing in mailings:
                if mailing.planned.key == delivery.key:
                    return self._compose(ready, mailing, limit_bytes)
        raise NoLongerEntitled(State.CANCELLED, OFF_ROSTER)

    # --- Messages --------------------------------------------------------------------------------------------

    def preview(self, ready: Ready, mailing: Mailing) -> bytes:
        """Return the message of a mailing as it would be sent now."""
        return b"".join(self._compose(ready, mailing, self._mail.size_limit_bytes))

    def test(self, ready: Ready, mailing: Mailing, address: str) -> str:
        """Freeze a mailing's message for another address, marked as a test, and return the key of that delivery.

        It is a delivery of its own release: the keys of the real ones are not touched.
        """
        now = self._now()
        planned = replace(
            mailing.planned,
            edition=f"test-{now:%Y%m%dT%H%M%S%f}-{ready.release.key}",
            recipient=address,
            is_test=True,
        )
        tested = replace(mailing, planned=planned)
        self._tests[planned.key] = ready, tested
        self._ledger.plan([planned], now)
        self._ledger.freeze({planned.key: self._compose(ready, tested, self._mail.size_limit_bytes)}, now)
        return planned.key

    def _compose(self, ready: Ready, mailing: Mailing, limit_bytes: int) -> Sequence[bytes]:
        """Return a message within a limit: with its files, else with the brief, else alone; it says what it lacks."""
        subscription = mailing.subscription
        said = self._news(ready, subscription)
        envelope = self._envelope(mailing)
        files = ready.files(subscription.formats)
        segments = message.compose(said, envelope, files)
        if sum(map(len, segments)) <= limit_bytes:
            return segments
        said = replace(
            said,
            left_out=tuple((file.name, len(file.content)) for file in files),
            link=self._mail.link.replace("{release}", ready.release.key),
        )
        brief = self._brief(ready, subscription)
        for smaller in (brief.files(["pdf"]), ()) if brief else ((),):
            segments = message.compose(said, envelope, smaller)
            if sum(map(len, segments)) <= limit_bytes:
                break
        return segments

    def _brief(self, ready: Ready, subscription: Subscription) -> Ready | None:
        """Return the brief of a slice, built, or None where the slice is one or its check refused it."""
        if ready.slice.parameters.report is Kind.BRIEF:
            return None
        update = {"report": Kind.BRIEF, "since": None, "formats": ["pdf"]}
        wanted = replace(
            ready.slice,
            name=f"brief_{subscription.report_id}",
            parameters=ready.slice.parameters.model_copy(update=update),
        )
        release = self._build(ready.release, [wanted])
        return None if release.built[wanted.name].stopped else self._ready(release, wanted)

    def _envelope(self, mailing: Mailing) -> Envelope:
        mail, planned, subscription = self._mail, mailing.planned, mailing.subscription
        test_of = subscription.address if planned.is_test else ""
        url = ""
        if mail.unsubscribe_url and mail.unsubscribe_secret is not None:
            token = unsubscribe_token(planned.recipient, mail.unsubscribe_secret.get_secret_value())
            joint = "&" if "?" in mail.unsubscribe_url else "?"
            url = f"{mail.unsubscribe_url}{joint}{urlencode({'address': planned.recipient, 'token': token})}"
        return Envelope(
            message_id=message_id(planned.key, mail.sender),
            written=self._now().astimezone(subscription.zone),
            sender=mail.sender,
            sender_name=mail.sender_name,
            recipient=planned.recipient,
            recipient_name=subscription.name if not test_of else "",
            reply_to=mail.reply_to,
            list_id=mail.list_id,
            unsubscribe_mail=mail.unsubscribe_mail,
            unsubscribe_url=url,
            test_of=test_of,
        )


def message_id(key: str, sender: str) -> str:
    """Return the Message-ID of a delivery, without angle brackets: made of its key, so that a relay's log tells it."""
    return f"{key}@{sender.rpartition('@')[2]}"


def unsubscribe_token(address: str, secret: str) -> str:
    """Return what proves that a link to unsubscribe was sent by us to this address (HMAC-SHA256, in hexadecimal)."""
    return hmac.new(secret.encode(), address_key(address).encode(), hashlib.sha256).hexdigest()


def _with_formats(told: Sequence[tuple[Slice, Subscription]]) -> list[Slice]:
    """Return each slice once, to be built in all formats that somebody wants."""
    formats: dict[str, set[str]] = {}
    for wanted, subscription in told:
        formats.setdefault(wanted.name, set(wanted.parameters.formats)).update(subscription.formats)
    slices = {wanted.name: wanted for wanted, _ in told}
    return [
        replace(wanted, parameters=wanted.parameters.model_copy(update={"formats": sorted(formats[name])}))
        for name, wanted in slices.items()
    ]


def batches(items: Sequence[Mailing], size: int) -> Iterator[Sequence[Mailing]]:
    """Yield items some at a time."""
    for first in range(0, len(items), size):
        yield items[first : first + size]
