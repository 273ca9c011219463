"""The ledger under any order of what two senders, a person and the clock do to it."""

import shutil
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from flows.delivery.ledger import FINISHED, LeaseLost, Ledger, Planned, State

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
EXPIRES = START + timedelta(days=3)
RECIPIENT = "ana@example.org"
ACTORS = st.integers(0, 1)
RARELY = st.sampled_from([False, False, False, True])
CLOCKS = st.sampled_from([timedelta(minutes=-10), timedelta(0), timedelta(minutes=10)])


class Senders(RuleBasedStateMachine):
    """Two senders, each with a clock of its own, that stall between any two steps; and what the relay took.

    They send one mail after the other, so that they meet at each.
    """

    claims = Bundle("claims")
    dots = Bundle("dots")

    @initialize()
    def begin(self):
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.now = START
        self.ledgers = [self.opened(number) for number in range(2)]
        self.skew = [timedelta(0)] * 2
        self.taken, self.asked_for, self.left = Counter(), Counter(), Counter()
        self.mails, self.steps = [], {}
        self.plan_another()

    def teardown(self):
        for ledger in self.ledgers:
            ledger.close()
        shutil.rmtree(self.folder)

    def opened(self, number):
        database = f"sqlite:///{self.folder / 'ledger.db'}"
        return Ledger(database, self.folder / "ledger.journal", f"sender {number}", self.now)

    def plan_another(self):
        mail = Planned(edition=f"{len(self.mails)}", report="full", recipient=RECIPIENT, expires=EXPIRES)
        self.mails.append(mail)
        self.ledgers[0].plan([mail], self.now)
        self.ledgers[0].freeze({mail.key: [b"the message"]}, self.now)

    def clock(self, actor):
        return self.now + self.skew[actor]

    @rule(target=claims, actor=ACTORS, minutes=st.sampled_from([1, 10]), skew=CLOCKS, is_new=RARELY)
    def time_passes_and_one_claims(self, actor, minutes, skew, is_new):
        self.now += timedelta(minutes=minutes)
        self.skew[actor] = skew
        if is_new:
            self.ledgers[actor].close()
            self.ledgers[actor] = self.opened(actor)
        ledger = self.ledgers[actor]
        ledger.recover(self.clock(actor))
        if ledger.delivery(self.mails[-1].key).state in FINISHED:
            self.plan_another()
        claimed = ledger.claim(None, frozenset(), self.clock(actor), LEASE)
        return (actor, ledger, claimed.key) if claimed else multiple()

    @rule(claim=consumes(claims), after=st.sampled_from([State.DEFERRED, State.BOUNCED, State.PLANNED]))
    def it_fails_before_the_dot(self, claim, after):
        _, ledger, key = claim
        if self.settle(claim, after):
            assert ledger.events(key)[-1].before is State.CLAIMED
            ledger.freeze({key: [b"a smaller message"]}, self.now)

    @rule(target=dots, claim=consumes(claims), is_taken=st.sampled_from([True, True, False]))
    def the_dot_leaves(self, claim, is_taken):
        actor, ledger, key = claim
        try:
            ledger.commit(key, self.clock(actor), LEASE)
        except LeaseLost:
            return multiple()
        found = ledger.delivery(key)
        assert (found.state, found.owner) == (State.COMMITTING, ledger.actor)
        assert ledger.suppression(RECIPIENT) is None
        self.left[key] += 1
        self.taken[key] += is_taken
        return (*claim, is_taken)

    @rule(dot=consumes(dots), is_lost=st.booleans())
    def the_answer_comes_or_is_lost(self, dot, is_lost):
        *claim, is_taken = dot
        answer = State.ACCEPTED if is_taken else State.DEFERRED
        self.settle(claim, State.UNKNOWN if is_lost else answer)

    def settle(self, claim, after):
        actor, ledger, key = claim
        now = self.clock(actor)
        try:
            ledger.settle(key, after, now, "said", due=now)
        except LeaseLost:
            return False
        return True

    @rule(actor=ACTORS, by_log=st.booleans())
    def a_person_settles_what_is_unknown_or_has_it_sent_again(self, actor, by_log):
        ledger, now, key = self.ledgers[actor], self.clock(actor), self.mails[-1].key
        is_unknown = ledger.delivery(key).state is State.UNKNOWN
        if by_log:
            ledger.reconcile(key, State.ACCEPTED if self.taken[key] else State.READY, now, "the log")
        elif ledger.resend(key, now, EXPIRES, "asked for"):
            self.asked_for[key] += is_unknown

    @rule(actor=ACTORS)
    def the_recipient_leaves_or_comes_back(self, actor):
        ledger = self.ledgers[actor]
        if ledger.unsuppress(RECIPIENT):
            ledger.revive(self.mails[-1], self.now)
            ledger.freeze({self.mails[-1].key: [b"the message"]}, self.now)
        else:
            ledger.suppress(RECIPIENT, "unsubscribe", self.now)

    @invariant()
    def nothing_is_taken_twice_but_what_a_person_asked_for(self):
        assert all(times <= 1 + self.asked_for[key] for key, times in self.taken.items())

    @invariant()
    def the_events_tell_the_state_and_are_only_added(self):
        key = self.mails[-1].key
        steps = self.ledgers[0].events(key)
        known = self.steps.get(key, [])
        assert steps[: len(known)] == known
        assert [step.before for step in steps] == [None, *(step.after for step in steps[:-1])]
        assert steps[-1].after is self.ledgers[0].delivery(key).state
        counted = Counter(step.after for step in steps)
        assert counted[State.ACCEPTED] <= 1
        assert counted[State.COMMITTING] == self.left[key]
        self.steps[key] = steps


TestSenders = Senders.TestCase
TestSenders.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
