"""From a roster to messages: each report built once, each recipient told what changed since their own last one.

Reports are CSV, built by this process, and go to a relay on loopback.
"""

import email
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email import policy
from pathlib import Path

import pytest

from flows.delivery import dispatch as dispatches
from flows.delivery.dispatch import Dispatch, MailNotSet, message_id, unsubscribe_token
from flows.delivery.ledger import Ledger, State, key_of
from flows.delivery.releases import Releases
from flows.delivery.sending import Sender
from flows.settings import MailSettings, Settings
from reports import changes, edition, publish
from reports.edition import Kind, Request
from reports.publish import Made
from reports.series import Gathered
from reports.state import Clock
from sources.errors import BadInput, Refused
from tests import make
from tests.flows.test_batch import with_other_text
from tests.make import subscribed
from tests.relay.serving import Relay, Treatment, serving

ANA, BEN, EVA = "ana@example.org", "ben@example.org", "eva@example.org"
JUNE, OCTOBER, TODAY = date(2026, 6, 1), date(2026, 10, 1), date(2026, 11, 24)
BEGAN = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SECRET = "a secret to sign with"


@dataclass(slots=True, kw_only=True)
class Office:
    """A roster, a ledger, releases and a relay, with a clock in hand."""

    given: Settings
    ledger: Ledger
    releases: Releases
    relay: Relay
    now: datetime = BEGAN
    said: list[str] = field(default_factory=list)

    def roster(self, *subscriptions):
        """Write the roster anew."""
        self.given.subscriptions.write_text("\n".join(subscriptions), encoding="utf-8")

    def dispatch(self):
        return Dispatch(self.given, self.ledger, self.releases, lambda: self.now, self.said.append)

    def prepare(self, key, as_of=TODAY, **correction):
        """Begin a release and make its messages ready; return it and its dispatch."""
        release, dispatch = self.releases.begin(key, as_of, **correction), self.dispatch()
        dispatch.prepare(release)
        return release, dispatch

    def sender(self, dispatch, check=None):
        return Sender(
            ledger=self.ledger,
            mail=self.given.mail,
            now=lambda: self.now,
            sleep=lambda _: None,
            check=check or dispatch.check,
            shrink=dispatch.shrink,
            say=self.said.append,
        )

    def send(self, key, as_of=TODAY, **correction):
        """Prepare and send a release; return the subjects of those who got a message, by address."""
        before = len(self.relay.kept)
        _, dispatch = self.prepare(key, as_of, **correction)
        self.sender(dispatch).run(key)
        self.now += timedelta(hours=1)
        return {kept.recipient: parsed(kept.content)["Subject"] for kept in self.relay.kept[before:]}

    def states(self, key):
        """Return how far the deliveries of a release have come, by recipient."""
        return {d.recipient: d.state for d in self.ledger.deliveries(edition=key)}


@pytest.fixture
def office(book, tmp_path, monkeypatch):
    monkeypatch.setattr("flows.evidence.load", lambda _: book)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    with (
        serving() as relay,
        closing(Ledger(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.journal", "sender:1", BEGAN)) as ledger,
    ):
        mail = MailSettings(host="127.0.0.1", port=relay.port, tls="none", sender="reports@policy.example")
        given = Settings(home=tmp_path, mail=mail, subscriptions=tmp_path / "people.toml")
        yield Office(given=given, ledger=ledger, releases=Releases(given.store_location), relay=relay)


@pytest.fixture
def published(monkeypatch):
    """Return what was built so far, as names of files' endings by kind and language."""
    real, found = publish.make, []

    def making(edition, formats, say):
        found.append((edition.request.kind, edition.request.language, *sorted(formats)))
        return real(edition, formats, say)

    monkeypatch.setattr("reports.publish.make", making)
    return found


def parsed(content):
    return email.message_from_bytes(content, policy=policy.SMTP)


def text_of(content):
    return parsed(content).get_body(["plain"]).get_content()


def changed(book, since, as_of=TODAY, countries=("GTM",)):
    """Return how many rows about some countries say something else than on an earlier day."""
    clock = Clock(as_of=as_of, on=as_of, vintage=date(2025, 1, 19))
    request = Request(kind=Kind.COUNTRY, clock=clock, country_codes=countries)
    return len(edition.make(book, request, since=changes.on_day(book, clock, since)).changes)


# --- Built once -------------------------------------------------------------------------------------------------


def test_a_report_is_built_once_for_all_who_want_it_in_all_their_formats(office, published):
    office.roster(
        subscribed(ANA),
        subscribed(BEN, formats=["xlsx"], name="Ben"),
        subscribed(EVA, language="es"),
        subscribed("leo@example.org", only_if_changed=True, classes=["new"]),
    )
    assert set(office.send("2026-W48")) == {ANA, BEN, EVA, "leo@example.org"}
    assert sorted(published) == [("country", "en", "csv", "json", "xlsx"), ("country", "es", "csv", "json")]
    files = {
        kept.recipient: [p.get_filename() for p in parsed(kept.content).iter_attachments()] for kept in kept(office)
    }
    assert [names[0].rpartition(".")[2] for names in (files[ANA], files[BEN])] == ["csv", "xlsx"]
    assert all(len(names) == 1 for names in files.values())


def kept(office):
    return office.relay.kept


def test_a_release_that_is_prepared_again_builds_plans_and_freezes_nothing(office, published):
    office.roster(subscribed(ANA), subscribed(BEN, language="pt"))
    office.prepare("2026-W48")
    before = office.ledger.deliveries(edition="2026-W48")
    frozen = [office.ledger.message(delivery.key) for delivery in before]
    office.now += timedelta(hours=3)
    office.prepare("2026-W48")
    assert len(published) == 2
    assert office.ledger.deliveries(edition="2026-W48") == before
    assert [office.ledger.message(delivery.key) for delivery in before] == frozen


def test_a_release_keeps_its_day(office):
    office.roster(subscribed(ANA))
    office.prepare("2026-W40", OCTOBER)
    office.roster(subscribed(ANA), subscribed(BEN))
    assert office.send("2026-W40", TODAY) == dict.fromkeys([ANA, BEN], "Guatemala, as of 1 October 2026")


def test_what_a_dead_run_had_planned_gets_its_message(office):
    office.roster(subscribed(ANA))
    office.ledger.freeze, freeze = lambda *_: None, office.ledger.freeze
    office.prepare("2026-W48")
    assert office.states("2026-W48") == {ANA: State.PLANNED}
    office.ledger.freeze = freeze
    assert set(office.send("2026-W48")) == {ANA}


def test_a_report_that_fails_stops_no_other(office, monkeypatch):
    real = publish.make

    def making(edition, formats, say):
        if edition.request.language == "es":
            raise Refused("page 2 is empty")
        return real(edition, formats, say)

    monkeypatch.setattr("reports.publish.make", making)
    office.roster(subscribed(ANA, language="es"), subscribed(BEN, language="es"), subscribed(EVA))
    assert set(office.send("2026-W48")) == {EVA}
    (told,) = [line for line in office.said if "not sent to 2" in line]
    assert told.endswith("it was not made or failed its acceptance check: page 2 is empty")
    stopped = {name: built.stopped for name, built in office.releases.open("2026-W48").built.items() if built.stopped}
    assert len(stopped) == 1
    # Once it can be made, it is, for those who lack it.
    monkeypatch.setattr("reports.publish.make", real)
    assert set(office.send("2026-W48")) == {ANA, BEN}


def test_sources_past_twice_their_age_stop_a_report_and_stale_ones_are_told(office, monkeypatch):
    source = make.source_state("ice_removals", title="Removals", last_look=date(2026, 11, 9), max_age_days=7)
    monkeypatch.setattr("flows.build.gathered.by", lambda *_: Gathered(sources=(source,)))
    office.roster(subscribed(ANA))
    assert office.send("2026-W48") == {}
    assert any(line.endswith("not sent to 1: sources past twice their age: ice_removals") for line in office.said)
    fresher = replace(source, last_look=date(2026, 11, 12))
    monkeypatch.setattr("flows.build.gathered.by", lambda *_: Gathered(sources=(fresher,)))
    assert office.send("2026-W48") == {ANA: "Guatemala, as of 24 November 2026 (with stale sources)"}
    assert "An office, Removals" in text_of(kept(office)[0].content)


# --- Since this recipient's last report -------------------------------------------------------------------------


def test_each_recipient_is_told_what_changed_since_their_own_last_report(office, book):
    office.roster(subscribed(ANA), subscribed(BEN, active=False))
    assert office.send("2026-W23", JUNE) == {ANA: "Guatemala, as of 1 June 2026"}
    office.roster(subscribed(ANA), subscribed(BEN))
    since_june = changed(book, JUNE, OCTOBER)
    assert office.send("2026-W40", OCTOBER) == {
        ANA: f"{since_june} changes since 1 June 2026: Guatemala",
        BEN: "Guatemala, as of 1 October 2026",
    }
    # Ana reads Spanish by now: the rows are the same in every language.
    office.roster(subscribed(ANA, language="es"), subscribed(BEN))
    since_october = changed(book, OCTOBER)
    assert 0 < since_october != since_june > 0
    assert office.send("2026-W48") == {
        ANA: f"{since_october} cambios desde el 1 de octubre de 2026: Guatemala",
        BEN: f"{since_october} changes since 1 October 2026: Guatemala",
    }
    codes = [line for line in text_of(kept(office)[-1].content).splitlines() if line.startswith("- ") and "(R-" in line]
    assert len(codes) == min(since_october, 25)


def test_another_scope_is_another_report(office):
    office.roster(subscribed(ANA))
    office.send("2026-W40", OCTOBER)
    office.roster(subscribed(ANA, countries=["GTM", "HND"]))
    assert office.send("2026-W48") == {ANA: "Guatemala, Honduras, as of 24 November 2026"}


def test_a_report_that_was_not_taken_is_not_their_last(office, book):
    office.roster(subscribed(ANA))
    office.send("2026-W23", JUNE)
    office.relay.treat(ANA, Treatment.CUT_LOST)
    assert office.send("2026-W40", OCTOBER) == {}
    assert office.states("2026-W40") == {ANA: State.UNKNOWN}
    assert office.send("2026-W48") == {ANA: f"{changed(book, JUNE)} changes since 1 June 2026: Guatemala"}


def test_an_earlier_report_that_turns_out_to_have_been_taken_is_not_the_last_for_that(office):
    office.roster(subscribed(ANA))
    office.relay.treat(ANA, Treatment.CUT_TAKEN)
    office.send("2026-W23", JUNE)
    assert office.send("2026-W40", OCTOBER) == {ANA: "Guatemala, as of 1 October 2026"}
    (delivery,) = office.ledger.deliveries(edition="2026-W23")
    office.ledger.reconcile(delivery.key, State.ACCEPTED, office.now, "the relay's log")
    assert office.send("2026-W48")[ANA].endswith("changes since 1 October 2026: Guatemala")


def test_a_release_taken_up_later_is_not_compared_with_what_came_after_it(office, published):
    office.roster(subscribed(ANA), subscribed(BEN))
    office.relay.treat(BEN, Treatment.GREYLIST)
    office.send("2026-W40", OCTOBER)
    office.send("2026-W48")
    assert office.states("2026-W40") == {ANA: State.ACCEPTED, BEN: State.DEFERRED}
    count = len(published)
    assert office.send("2026-W40") == {BEN: "Guatemala, as of 1 October 2026"}
    assert len(published) == count
    # Nor is one of an earlier day that begins later.
    assert office.send("2026-W23", JUNE) == dict.fromkeys([ANA, BEN], "Guatemala, as of 1 June 2026")


def test_evidence_that_changes_within_a_release_leaves_nobody_without_their_last_report(office, book, monkeypatch):
    office.roster(subscribed(ANA))
    office.send("2026-W40", OCTOBER)
    (first,) = office.ledger.deliveries(edition="2026-W40")
    monkeypatch.setattr("flows.evidence.load", lambda _: with_other_text(book, "GTM"))
    office.roster(subscribed(ANA), subscribed(BEN))
    assert set(office.send("2026-W40", OCTOBER)) == {BEN}
    (second,) = office.ledger.deliveries(edition="2026-W40", recipient=BEN)
    assert first.edition_id != second.edition_id
    got = office.send("2026-W48")
    assert got[ANA] == got[BEN]
    assert got[ANA].endswith("changes since 1 October 2026: Guatemala")
    editions = {slice_.name: slice_.since_id for slice_ in _slices(office, "2026-W48")}
    assert set(editions.values()) == {first.edition_id, second.edition_id}


def _slices(office, key):
    return [ready.slice for ready, _ in office.dispatch().slices(office.releases.open(key))]


def test_a_brief_is_the_same_for_all_and_its_mail_says_what_changed_for_each(office, published):
    office.roster(subscribed(ANA, report="brief"))
    office.send("2026-W40", OCTOBER)
    office.roster(subscribed(ANA, report="brief"), subscribed(BEN, report="brief"))
    got = office.send("2026-W48")
    assert got[BEN] == "Guatemala, as of 24 November 2026"
    assert got[ANA].endswith("changes since 1 October 2026: Guatemala")
    assert published == [("brief", "en", "csv", "json")] * 2


def test_a_report_on_changes_begins_with_the_whole_and_then_holds_what_changed(office, published):
    office.roster(subscribed(ANA, report="changes"))
    assert office.send("2026-W40", OCTOBER) == {ANA: "Guatemala, as of 1 October 2026"}
    assert office.send("2026-W48")[ANA].endswith("changes since 1 October 2026: Guatemala")
    assert office.send("2026-W48b") == {ANA: "No change since 24 November 2026: Guatemala"}
    assert [kind for kind, *_ in published] == ["country", "changes", "changes"]


# --- Only what was asked for ------------------------------------------------------------------------------------


def test_nothing_is_sent_to_who_wants_changes_only_when_none_of_theirs_is_among_them(office):
    wants = {"only_if_changed": True}
    office.roster(
        subscribed(ANA, **wants),
        subscribed(BEN, classes=["replaced"], **wants),
        subscribed(EVA, classes=["stepped_down_to_pending"], minimum_magnitude=4, **wants),
        subscribed("leo@example.org", classes=["replaced"]),
    )
    assert len(office.send("2026-W40", OCTOBER)) == 4
    got = office.send("2026-W48")
    assert set(got) == {ANA, "leo@example.org"}
    assert got["leo@example.org"] == "No change since 1 October 2026: Guatemala"
    assert office.states("2026-W48")[BEN] is office.states("2026-W48")[EVA] is State.CANCELLED
    (step,) = [event for event in office.ledger.events(_key(office, "2026-W48", BEN)) if event.before]
    assert step.detail == "nothing that the recipient asked for changed"


def _key(office, release, recipient):
    (delivery,) = office.ledger.deliveries(edition=release, recipient=recipient)
    return delivery.key


# --- Entitled at that instant -----------------------------------------------------------------------------------

OTHERS = subscribed(BEN)


def leave(office):
    office.roster(OTHERS)


def pause(office):
    office.roster(OTHERS, subscribed(ANA, active=False))


def take_another_report(office):
    office.roster(OTHERS, subscribed(ANA, countries=["HND"]))


def unsubscribe(office):
    office.ledger.suppress("ANA@example.org", "unsubscribe", office.now)


def complain(office):
    office.ledger.suppress(ANA, "complaint", office.now)


CHANGES = [leave, pause, take_another_report, unsubscribe, complain]
ENDS = {unsubscribe: State.SUPPRESSED, complain: State.SUPPRESSED}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("moment", ["before it is built", "built", "frozen", "claimed", "before the dot"])
def test_nothing_goes_to_who_is_not_entitled_at_that_instant(office, change, moment):
    office.roster(OTHERS, subscribed(ANA))
    release = office.releases.begin("2026-W48", TODAY)
    dispatch = office.dispatch()
    if moment == "before it is built":
        change(office)
    if moment == "built":
        # As by a run that builds and does not send.
        for _ in dispatch.slices(release):
            pass
        change(office)
    dispatch.prepare(release)
    if moment == "frozen":
        assert office.states("2026-W48") == {ANA: State.READY, BEN: State.READY}
        change(office)
    calls = []

    def check(delivery):
        if delivery.recipient == ANA:
            calls.append(delivery)
            if len(calls) == {"claimed": 1, "before the dot": 2}.get(moment):
                change(office)
        dispatch.check(delivery)

    office.sender(dispatch, check).run("2026-W48")
    # Who takes another report before it is built gets that one.
    others = [ANA] if change is take_another_report and moment in ("before it is built", "built") else []
    assert sorted(kept.recipient for kept in kept(office)) == [*others, BEN]
    wrong = office.ledger.delivery(key_of("2026-W48", subscription_id("GTM"), ANA))
    if moment in ("before it is built", "built") and change not in ENDS:
        assert wrong is None
    else:
        assert wrong.state is ENDS.get(change, State.CANCELLED)


def subscription_id(country):
    return dispatches.Subscription(address=ANA, report="country", countries=[country]).report_id


@pytest.mark.parametrize("content", [None, "", "[[subscription]]\naddress = 'ana'", "\xff"])
def test_a_roster_that_cannot_be_read_at_the_last_moment_sends_nothing_and_loses_nothing(office, content):
    office.roster(subscribed(ANA))
    _, dispatch = office.prepare("2026-W48")
    path = office.given.subscriptions
    path.unlink() if content is None else path.write_text(content, encoding="latin-1")
    with pytest.raises(BadInput, match=r"people\.toml"):
        office.sender(dispatch).run("2026-W48")
    assert kept(office) == []
    office.roster(subscribed(ANA))
    office.sender(dispatch).run("2026-W48")
    assert len(kept(office)) == 1


def test_who_comes_back_gets_the_message_after_all(office):
    office.roster(subscribed(ANA), subscribed(BEN))
    office.prepare("2026-W48")
    office.ledger.suppress(BEN, "unsubscribe", office.now)
    office.roster(subscribed(BEN))
    assert office.send("2026-W48") == {}
    assert office.states("2026-W48") == {ANA: State.CANCELLED, BEN: State.SUPPRESSED}
    office.roster(subscribed(ANA), subscribed(BEN))
    office.ledger.unsuppress(BEN)
    assert set(office.send("2026-W48")) == {ANA, BEN}
    assert office.send("2026-W48") == {}


def test_a_change_of_the_roster_that_does_not_concern_somebody_leaves_theirs(office):
    office.roster(subscribed(ANA))
    _, dispatch = office.prepare("2026-W48")
    office.roster(subscribed(EVA), subscribed("ANA@example.org", formats=["pdf"], name="Ana"))
    office.sender(dispatch).run("2026-W48")
    assert [kept.recipient for kept in kept(office)] == [ANA]


# --- Corrections ------------------------------------------------------------------------------------------------


def test_a_correction_goes_to_exactly_those_who_got_the_wrong_one(office, book):
    everybody = [ANA, BEN, EVA, "leo@example.org", "mia@example.org", "max@example.org"]
    office.roster(*map(subscribed, everybody))
    office.ledger.suppress("mia@example.org", "unsubscribe", office.now)
    office.relay.treat(BEN, Treatment.POLICY)
    office.relay.treat(EVA, Treatment.CUT_TAKEN)
    office.send("2026-W40", OCTOBER)
    states = office.states("2026-W40")
    assert [states[a] for a in everybody] == [
        State.ACCEPTED,
        State.BOUNCED,
        State.UNKNOWN,
        State.ACCEPTED,
        State.SUPPRESSED,
        State.ACCEPTED,
    ]
    # Leo leaves, Zoe is new, and Ana has had a later one.
    office.roster(*map(subscribed, [ANA, BEN, EVA, "mia@example.org", "max@example.org", "zoe@example.org"]))
    office.prepare("2026-W41", date(2026, 10, 8))
    office.sender(office.dispatch()).run("2026-W41", frozenset([_key(office, "2026-W41", ANA)]))
    office.now += timedelta(days=7)
    office.said.clear()
    got = office.send("2026-W40b", TODAY, corrects="2026-W40", reason="A date was wrong.")
    count = changed(book, OCTOBER)
    subject = f"Correction: {count} changes since 1 October 2026: Guatemala"
    assert got == dict.fromkeys([ANA, EVA, "max@example.org"], subject)
    assert "1 of those who got 2026-W40 are not on the roster for it any more" in office.said
    text = text_of(kept(office)[-1].content)
    assert "Correction: this replaces the report as of 1 October 2026. Reason: A date was wrong." in text
    assert len([line for line in text.splitlines() if line.startswith("- ") and "(R-" in line]) == min(count, 25)
    # The next report is told from the corrected one.
    office.now += timedelta(days=7)
    assert office.send("2026-W49", TODAY)[ANA] == "No change since 24 November 2026: Guatemala"


def test_a_correction_in_which_no_row_changed_is_sent_even_to_who_wants_changes_only(office):
    office.roster(subscribed(ANA, only_if_changed=True))
    office.send("2026-W48")
    got = office.send("2026-W48b", corrects="2026-W48", reason="A picture was wrong.")
    assert got == {ANA: "Correction: No change since 24 November 2026: Guatemala"}


# --- Too large --------------------------------------------------------------------------------------------------


@pytest.fixture
def sizes(monkeypatch):
    """Let a PDF be of a size that a test gives, by kind of report."""
    real, sizes = publish.make, {}

    def make(edition, formats, say):
        made = real(edition, [name for name in formats if name != "pdf"], say)
        if "pdf" not in formats:
            return made
        content = f"%PDF-1.7 {edition.request.kind}".encode().ljust(sizes[edition.request.kind], b".")
        return Made(files={**made.files, f"{publish.file_stem(edition)}.pdf": content}, pages=1)

    monkeypatch.setattr("reports.publish.make", make)
    return sizes


@pytest.mark.parametrize(
    ("full", "brief", "limit", "attached"),
    [
        (100_000, 0, 1_000_000, "country"),
        (800_000, 100_000, 1_000_000, "brief"),
        (800_000, 800_000, 1_000_000, None),
        (800_000, 800_000, 1, None),
    ],
)
def test_over_the_limit_the_brief_goes_instead_or_nothing_and_the_message_says_so(
    office, sizes, full, brief, limit, attached
):
    sizes.update({Kind.COUNTRY: full, Kind.BRIEF: brief})
    mail = office.given.mail.model_copy(update={"size_limit_bytes": limit, "link": "https://policy.example/{release}/"})
    office.given = office.given.model_copy(update={"mail": mail})
    office.roster(subscribed(ANA, formats=["pdf", "csv"]))
    assert set(office.send("2026-W48")) == {ANA}
    content = kept(office)[0].content
    assert len(content) <= max(limit, 20_000)
    names = [
        part.get_content().split()[1].strip(b".")
        for part in parsed(content).iter_attachments()
        if part.get_content_type() == "application/pdf"
    ]
    assert names == ([attached.encode()] if attached else [])
    text = text_of(content)
    assert ("too large for a mail" in text) is (attached != "country")
    if attached != "country":
        assert "policy-comparison_country_GTM_2026-11-24_en_letter.pdf (800 kB)" in text
        assert "policy-comparison_country_GTM_2026-11-24_en_letter.csv (" in text
        assert "https://policy.example/2026-W48/" in text


def test_a_brief_that_is_too_large_has_no_smaller_one(office, sizes):
    sizes[Kind.BRIEF] = 100_000
    mail = office.given.mail.model_copy(update={"size_limit_bytes": 50_000})
    office.given = office.given.model_copy(update={"mail": mail})
    office.roster(subscribed(ANA, report="brief", formats=["pdf"]))
    office.send("2026-W48")
    assert list(parsed(kept(office)[0].content).iter_attachments()) == []
    assert "Ask the sender for it." in text_of(kept(office)[0].content)


def test_what_the_relay_finds_too_large_is_made_smaller_and_sent(office, sizes):
    sizes.update({Kind.COUNTRY: 100_000, Kind.BRIEF: 20_000})
    office.roster(subscribed(ANA, formats=["pdf"]))
    with serving(size_limit=60_000) as small:
        mail = office.given.mail.model_copy(update={"port": small.port})
        office.given = office.given.model_copy(update={"mail": mail})
        _, dispatch = office.prepare("2026-W48")
        office.sender(dispatch).run("2026-W48")
        assert office.states("2026-W48") == {ANA: State.ACCEPTED}
        assert "too large for a mail" in text_of(small.kept[0].content)
        assert b"%PDF-1.7 brief" in next(parsed(small.kept[0].content).iter_attachments()).get_content()


# --- Tests and looks --------------------------------------------------------------------------------------------


def test_a_test_is_made_smaller_like_a_real_one_and_leaves_the_real_one_alone(office, sizes):
    sizes.update({Kind.COUNTRY: 100_000, Kind.BRIEF: 20_000})
    office.roster(subscribed(ANA, formats=["pdf"], name="Ana"))
    with serving(size_limit=60_000) as small:
        mail = office.given.mail.model_copy(update={"port": small.port})
        office.given = office.given.model_copy(update={"mail": mail})
        release, dispatch = office.prepare("2026-W48")
        before = office.ledger.deliveries(edition="2026-W48")
        ((ready, (mailing,)),) = dispatch.slices(release)
        key = dispatch.test(ready, mailing, "me@example.org")
        office.sender(dispatch).run(None, frozenset([key]))
        assert office.ledger.delivery(key).state is State.ACCEPTED
        (got,) = small.kept
    assert got.recipient == "me@example.org"
    assert parsed(got.content)["To"] == "me@example.org"
    assert parsed(got.content)["Subject"] == "TEST: Guatemala, as of 24 November 2026"
    assert "In earnest it would go to ana@example.org." in text_of(got.content)
    assert office.ledger.deliveries(edition="2026-W48") == before


def test_a_test_is_nobodys_last_report(office):
    office.roster(subscribed(ANA))
    release, dispatch = office.prepare("2026-W40", OCTOBER)
    ((ready, (mailing,)),) = dispatch.slices(release)
    office.sender(dispatch).run(None, frozenset([dispatch.test(ready, mailing, BEN)]))
    office.roster(subscribed(BEN))
    assert office.send("2026-W48") == {BEN: "Guatemala, as of 24 November 2026"}


def test_a_look_shows_the_bytes_that_are_frozen_at_that_instant(office):
    office.roster(subscribed(ANA, time_zone="America/Guatemala"))
    release, dispatch = office.prepare("2026-W48")
    ((ready, (mailing,)),) = dispatch.slices(release)
    frozen = office.ledger.message(mailing.planned.key)
    assert dispatch.preview(ready, mailing) == frozen
    assert parsed(frozen)["Date"] == "Tue, 24 Nov 2026 03:30:00 -0600"
    assert parsed(frozen)["Message-ID"] == f"<{mailing.planned.key}@policy.example>"
    assert mailing.subject == parsed(frozen)["Subject"]


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("https://policy.example/leave", "<https://policy.example/leave?"),
        ("https://p.example/?a=b", "<https://p.example/?a=b&"),
    ],
)
def test_a_link_to_leave_is_signed_for_one_address(office, url, begins):
    mail = MailSettings(**{**office.given.mail.model_dump(), "unsubscribe_url": url, "unsubscribe_secret": SECRET})
    office.given = office.given.model_copy(update={"mail": mail})
    office.roster(subscribed("ana+news@example.org"), subscribed(BEN))
    office.send("2026-W48")
    links = {kept.recipient: parsed(kept.content)["List-Unsubscribe"] for kept in kept(office)}
    token = unsubscribe_token("ana+news@example.org", SECRET)
    assert links["ana+news@example.org"] == f"{begins}address=ana%2Bnews%40example.org&token={token}>"
    assert token not in links[BEN]
    assert unsubscribe_token("ANA+news@EXAMPLE.org", SECRET) == token
    assert SECRET.encode() not in b"".join(kept.content for kept in kept(office))


def test_nothing_is_dispatched_without_a_sender(office):
    given = office.given.model_copy(update={"mail": MailSettings()})
    with pytest.raises(MailNotSet, match=r"no sender: set mail\.sender in policydiff\.toml"):
        Dispatch(given, office.ledger, office.releases, lambda: BEGAN, print)


def test_a_message_id_is_made_of_the_key():
    assert message_id("ab" * 32, "reports@xn--mller-kva.example") == f"{'ab' * 32}@xn--mller-kva.example"


def test_only_some_recipients_are_prepared(office):
    office.roster(subscribed(ANA), subscribed(BEN))
    office.dispatch().prepare(office.releases.begin("2026-W48", TODAY), frozenset([ANA]))
    assert office.states("2026-W48") == {ANA: State.READY}


def test_the_files_of_a_delivery_are_in_the_ledger_by_their_hashes(office):
    office.roster(subscribed(ANA))
    office.prepare("2026-W48")
    (delivery,) = office.ledger.deliveries(edition="2026-W48")
    (built,) = office.releases.open("2026-W48").built.values()
    assert delivery.edition_id == built.edition_id
    assert delivery.file_sha256 == " ".join(f"{name}:{digest}" for name, digest in sorted(built.files.items()))
    assert {Path(name.partition(":")[0]).suffix for name in delivery.file_sha256.split()} == {".csv", ".json"}
