"""The vocabulary of the comparison: frozen records, from a source to a change. Standard library only.

Terms are defined in docs/vocabulary.md. Ordinal scales are listed from least to most, and compare by `rank`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from sources.dates import Dated

# --- Time ---------------------------------------------------------------------------------------------------

FIRST_TERM_START = date(2017, 1, 20)
BRIDGE_START = date(2021, 1, 20)
SECOND_TERM_START = date(2025, 1, 20)
SECOND_TERM_END = date(2029, 1, 20)
BRIDGE_DAY = SECOND_TERM_START - timedelta(days=1)


class Side(StrEnum):
    """A period and a basis: one column of the comparison."""

    FIRST = "first"
    BRIDGE = "bridge"
    PROJECTED = "projected"
    ACTUAL = "actual"


class Basis(StrEnum):
    """How a value is known. A state may also be `carried` from the bridge or `inherited` from REGION or GLOBAL."""

    OBSERVED = "observed"
    PROJECTED = "projected"


# --- Scales ---------------------------------------------------------------------------------------------------


class Ordinal(StrEnum):
    """A scale whose members are listed from least to most."""

    @property
    def rank(self) -> int:
        """Return the place on the scale, 0 for the least."""
        return list(type(self)).index(self)


class Stage(Ordinal):
    """How far a measure has come. `ended` stands outside the order and is always last in time."""

    NONE = "none"
    FLOATED = "floated"
    PLEDGED = "pledged"
    THREATENED = "threatened"
    NEGOTIATED = "negotiated"
    SIGNED = "signed"
    ADOPTED = "adopted"
    IN_FORCE = "in_force"
    ENDED = "ended"


class EndedHow(StrEnum):
    """Why a measure is no longer in force."""

    EXPIRED = "expired"
    TERMINATED = "terminated"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    STRUCK_DOWN = "struck_down"


class Legal(StrEnum):
    """What the courts have done to a measure. Unknown is the absence of a value, never a value."""

    UNCHALLENGED = "unchallenged"
    IN_LITIGATION = "in_litigation"
    PARTLY_ENJOINED = "partly_enjoined"
    ENJOINED = "enjoined"
    VACATED = "vacated"
    UPHELD = "upheld"


class Implementation(StrEnum):
    """How far a measure is applied. Unknown is the absence of a value, never a value."""

    NONE = "none"
    ANNOUNCED_ONLY = "announced_only"
    PILOT = "pilot"
    PARTIAL = "partial"
    FULL = "full"
    DORMANT = "dormant"


class Presence(StrEnum):
    """What a state says about a side: present, pending, absent, undecided contradiction, unknown."""

    PRESENT = "P"
    PENDING = "T"
    ABSENT = "A"
    CONTRADICTORY = "C"
    UNKNOWN = "U"


class Letter(StrEnum):
    """How well a state is known, best first."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    U = "U"


class Modality(StrEnum):
    """In which voice a statement is made."""

    FACT_OFFICIAL = "fact_official"
    FACT_REPORTED = "fact_reported"
    PLEDGE = "pledge"
    PLAN_REPORTED = "plan_reported"
    THREAT_CONDITIONAL = "threat_conditional"
    EXPECTATION_EXPERT = "expectation_expert"
    INFERENCE_OURS = "inference_ours"
    PROPOSAL_OTHERS = "proposal_others"


class Scope(StrEnum):
    """Which cells an instrument has: REGION only, countries, or both."""

    DOMESTIC = "domestic"
    BY_COUNTRY = "by_country"
    BOTH = "both"


class CountryRole(StrEnum):
    """What a country is to an instrument; only countries in that role make a cell (vocabulary, country role)."""

    PARTNER = "partner"
    RECEIVER = "receiver"
    NATIONALITY = "nationality"
    TARGET = "target"
    PLACE = "place"


class SourceKind(StrEnum):
    """What kind of publication a source is. The tier a kind may have at best stands in BEST_TIER."""

    OFFICIAL = "official"
    COURT = "court"
    PARTNER_OFFICIAL = "partner_official"
    SPEAKER = "speaker"
    RESEARCH = "research"
    TRACKER = "tracker"
    NEWS = "news"
    LAW_FIRM = "law_firm"
    ADVOCACY = "advocacy"
    ENCYCLOPEDIA = "encyclopedia"
    DIGEST = "digest"
    BLOG = "blog"
    COPY = "copy"
    AGGREGATOR = "aggregator"


BEST_TIER: Mapping[SourceKind, int] = {
    SourceKind.OFFICIAL: 1,
    SourceKind.COURT: 1,
    SourceKind.PARTNER_OFFICIAL: 1,
    SourceKind.SPEAKER: 1,
    SourceKind.RESEARCH: 1,
    SourceKind.TRACKER: 1,
    SourceKind.NEWS: 2,
    SourceKind.LAW_FIRM: 2,
    SourceKind.ADVOCACY: 2,
    SourceKind.ENCYCLOPEDIA: 3,
    SourceKind.DIGEST: 3,
    SourceKind.BLOG: 3,
    SourceKind.COPY: 3,
    SourceKind.AGGREGATOR: 3,
}
# Publications whose text is the act itself, or the words of the one who acts (letter A alone).
FIRST_HAND = frozenset({SourceKind.OFFICIAL, SourceKind.COURT, SourceKind.PARTNER_OFFICIAL, SourceKind.SPEAKER})

# --- Sources and statements -----------------------------------------------------------------------------------

Texts = Mapping[str, str]
"""Reader's text by language: en, es, pt; what was accepted from a document on one machine may be in English alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedSource:
    """A publication a statement rests on.

    `published` None means the publisher gives no date; `group` names who the information comes from in the end:
    reprints and copies of one agency share a group and count once. `note` says what the publisher's name does not: a
    copy, an excerpt, who is quoted. `language` is that of the title (ISO 639-1), or "und".
    """

    id: str
    title: str
    publisher: str
    url: str
    published: Dated | None
    kind: SourceKind
    tier: int
    group: str
    language: str = "en"
    note: Texts | None = None

    @property
    def imprint(self) -> str:
        """Return the publisher with its note, in English: "A paper (copy on a blog)"."""
        return f"{self.publisher} ({self.note['en']})" if self.note else self.publisher


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with its unit and what is counted. `value` None with `low` and `high` is a range."""

    measure: str
    unit: str
    unit_of_count: str | None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    qualifier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One coded passage: what it says of an instrument in some countries, on which date, in whose voice.

    `holds_from` is when the thing said is so (for a projected statement: when it was said). `holds_to` is the
    first day it is no longer so; what follows is `ended` (a fixed term ran out) or unknown. The property values
    that are None are not said. Each pair (statement, property) is printed and cited as one statement.
    """

    id: str
    instrument_id: str
    text: Texts
    country_codes: tuple[str, ...]
    basis: Basis
    modality: Modality
    speaker: str
    is_named: bool
    holds_from: Dated
    source: CitedSource
    locator: str
    quote_sha256: str
    recorded: date
    coder: str
    reviewer: str | None
    holds_to: date | None = None
    is_unknown_after: bool = False
    effective: date | None = None
    component: str | None = None
    stage: Stage | None = None
    ended_how: EndedHow | None = None
    legal: Legal | None = None
    implementation: Implementation | None = None
    level: int | None = None
    scope: Mapping[str, int] = field(default_factory=dict)
    quantity: Quantity | None = None
    partner_response: str | None = None
    litigation: str | None = None
    authority: str | None = None
    is_universal: bool = False
    is_negated: bool = False
    speaks_of_future: bool = False
    trigger: Texts | None = None
    demand: Texts | None = None
    condition_met: bool | None = None
    horizon: date | None = None
    population: tuple[str, ...] = ()
    other_countries: tuple[str, ...] = ()
    is_retraction: bool = False
    corrects: str | None = None
    disputes: tuple[str, ...] = ()
    reviewer_note: str | None = None

    @property
    def known_from(self) -> date:
        """Return the first day the statement counts as known (vocabulary, two clocks).

        The source's publication date, at its latest reading; our own record for a correction and for a source
        that gives no date.
        """
        if self.corrects or self.source.published is None:
            return self.recorded
        return self.source.published.last_day

    @property
    def properties(self) -> tuple[str, ...]:
        """Name the properties the statement gives a value for; `description` if it only describes."""
        named = {
            "stage": self.stage,
            "legal": self.legal,
            "implementation": self.implementation,
            "level": self.level,
            "partner_response": self.partner_response,
            "litigation": self.litigation,
            "authority": self.authority,
        }
        names = [name for name, value in named.items() if value is not None]
        names += [f"scope:{dimension}" for dimension in sorted(self.scope)]
        if self.quantity:
            names.append(f"quantity:{self.quantity.measure}")
        return tuple(names) or ("description",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A recorded search: where, for what, when, and what it allows one to conclude about a side.

    `query` holds the words as they were typed, which no reader's language changes.

    `is_absence` False is a search that found nothing either way: it proves nothing, and it stops an act from being
    carried into that side.
    """

    id: str
    instrument_id: str
    country_codes: tuple[str, ...]
    side: Side
    claim: Texts
    where: Texts
    query: str
    searched: date
    result: Texts
    is_absence: bool
    source_url: str
    coder: str
    component: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputedValue:
    """One of the values that sources give for the same thing."""

    value: Texts
    named_source: Texts
    statement_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Values that disagree, printed side by side and never averaged."""

    id: str
    instrument_id: str
    about: Texts
    values: tuple[DisputedValue, ...]
    reason: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """The judgement behind one side of some cells: the rule, what it rests on, the alternative, the coders.

    `second_presence` is what another coder found from the same passages without seeing the first; None until then.
    """

    country_codes: tuple[str, ...]
    side: Side
    rule: str
    statement_ids: tuple[str, ...]
    alternative: str
    presence: Presence
    second_presence: Presence | None
    settled: str | None
    coder: str
    reviewer: str | None
    component: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How texts speak of an instrument beside its aliases: patterns by language (sources/proposals/patterns.py).

    `described` says what the instrument does without naming it. `weak` words name it only near a word of `context`.
    `undone` names what the instrument ends or restricts (a status, a programme): its ending is the instrument. With
    `tells_status`, that is a protection of people: texts tell the stage of the protection, and the instrument is its
    ending. With `receives_others` a receiving country takes in people of other countries, whose nationality is not its
    own. `homonyms` look like the instrument and are not. `place` is where it is when no country is named, `measures`
    what is counted of it.
    """

    place: str | None = None
    described: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weak: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    undone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    homonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tells_status: bool = False
    receives_others: bool = False
    measures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A policy tool with a stable id, its codebook entry, and everything recorded about it.

    `levels` has five worded steps, upward always more restrictive; `present_from` is the lowest level at which the
    instrument counts as present. With `needs_application` an act in force but never applied is still pending.
    """

    id: str
    number: int
    family: str
    names: Texts
    short_names: Texts
    definition: Texts
    present_means: Texts
    present_from: int
    needs_application: bool
    levels: tuple[Texts, ...]
    scope: Scope
    country_role: CountryRole
    is_partner_act: bool
    is_directed: bool
    direction_rule: Texts
    is_general: bool
    unit_of_count: str
    components: Mapping[str, Texts]
    predecessors: tuple[str, ...]
    successors: tuple[str, ...]
    aliases: Mapping[str, tuple[str, ...]]
    wording: Wording = Wording()
    statements: tuple[Statement, ...]
    searches: tuple[Search, ...]
    contradictions: tuple[Contradiction, ...]
    codings: tuple[Coding, ...]
    left_out: Mapping[int, str]


# --- Documents and what is proposed from them ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text to read: an article, a speech, an item of a feed.

    `source` is the path or address it was read from, `sha256` the hash of those bytes; the documents of one feed share
    both. `text` is what a reader sees, title first where the file gives one; all offsets count its characters.
    `language` is en, es, pt, or another ISO 639-1 code, or "und".
    """

    source: str
    sha256: str
    title: str
    published: Dated | None
    language: str
    text: str
    kind: SourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A statement proposed from one passage of a document by a rule. Nobody has reviewed it.

    `property` and `value` are those of a statement; a quantity is `quantity:<measure>` with `unit` and, where things
    are counted, `unit_of_count`; `qualifier` is what stands before it: about, more_than, up_to. `period` is the time
    spoken of: first, bridge or second. `quote` is the document's text from `char_start` to `char_end`. `is_of_status`
    says that a stage is that of the protection the instrument ends, as the text tells it, not of the instrument.
    `confidence` is between 0 and 1; `is_optional` marks what the rule is not sure of, and `why` says why.
    """

    instrument_id: str
    country_codes: tuple[str, ...]
    period: str
    basis: Basis
    property: str
    value: str
    modality: Modality
    speaker: str
    is_named: bool
    date: Dated | None
    quote: str
    char_start: int
    char_end: int
    rule: str
    confidence: float
    unit: str | None = None
    unit_of_count: str | None = None
    qualifier: str | None = None
    trigger: str | None = None
    demand: str | None = None
    is_negated: bool = False
    is_of_status: bool = False
    is_optional: bool = False
    why: str | None = None


# --- States and changes -----------------------------------------------------------------------------------------


class StateBasis(StrEnum):
    """Where a state comes from."""

    OWN = "own"
    INHERITED = "inherited"
    CARRIED = "carried"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the statements add up to on one side of one cell.

    `day` is the most present day of an observed side, `since` the first day of it with that
    presence. `level` None is unknown. `statement_ids` decide the
    presence; `disputed_levels` and `conditions` are printed with it. `measured` is the codebook version and the
    unit of count: states measured differently are not compared.
    """

    presence: Presence
    evidence: Letter
    stage: Stage | None = None
    ended_how: EndedHow | None = None
    legal: Legal | None = None
    implementation: Implementation | None = None
    level: int | None = None
    scope: Mapping[str, int] = field(default_factory=dict)
    basis: StateBasis = StateBasis.OWN
    day: date | None = None
    since: date | None = None
    last_evidence: date | None = None
    statement_ids: tuple[str, ...] = ()
    search_ids: tuple[str, ...] = ()
    condition_ids: tuple[str, ...] = ()
    disputed_levels: tuple[int, ...] = ()
    measured: str = ""


UNKNOWN_STATE = State(presence=Presence.UNKNOWN, evidence=Letter.U)


class Comparison(StrEnum):
    """Which two sides a row compares."""

    FIRST_VS_PROJECTED = "first_vs_projected"
    FIRST_VS_ACTUAL = "first_vs_actual"
    PROJECTED_VS_ACTUAL = "projected_vs_actual"


class Existence(StrEnum):
    """The headline: what became of the instrument's presence."""

    NEW = "new"
    REINSTATED = "reinstated"
    CONTINUED = "continued"
    PRESENT_BOTH = "present_both"
    DISCONTINUED = "discontinued"
    REPLACED = "replaced"
    REPLACES = "replaces"
    ABSENT_BOTH = "absent_both"
    PENDING_NEW = "pending_new"
    PENDING_UNCHANGED = "pending_unchanged"
    PENDING_DROPPED = "pending_dropped"
    PENDING_REALISED = "pending_realised"
    STEPPED_DOWN_TO_PENDING = "stepped_down_to_pending"
    UNKNOWN_FIRST = "unknown_first"
    UNKNOWN_SECOND = "unknown_second"
    UNKNOWN_BOTH = "unknown_both"
    CONTRADICTORY = "contradictory"
    NOT_COMPARABLE = "not_comparable"


class Degree(StrEnum):
    """How much of the instrument there is, when it is present on both sides."""

    EXPANDED = "expanded"
    NARROWED = "narrowed"
    UNCHANGED = "unchanged"
    MIXED = "mixed"
    DEGREE_UNKNOWN = "degree_unknown"


class Direction(StrEnum):
    """Whether the change is toward more restriction."""

    MORE = "+1"
    SAME = "0"
    LESS = "-1"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "n/a"


class Certainty(StrEnum):
    """How sure a change is: the weakest evidence it rests on, in words."""

    ESTABLISHED = "established"
    LIKELY = "likely"
    REPORTED = "reported"
    NOT_KNOWN = "not_known"


class Note(StrEnum):
    """A word printed beside the headline."""

    ENDED_BETWEEN = "ended_in_the_years_between"
    INHERITED_FROM_BETWEEN = "inherited_from_the_years_between"
    BRIDGE_NOT_SETTLED = "bridge_not_settled"
    SINCE_ENDED = "since_ended"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The class of a pair of states, on five axes (reports/comparison.py has the rules)."""

    existence: Existence
    degree: Degree | None
    direction: Direction
    magnitude: int | None
    certainty: Certainty
    evidence: Letter
    decided_by: str
    notes: tuple[Note, ...] = ()


class Outcome(StrEnum):
    """What became of a projection, worst first (a cell shows its claims from worst to best)."""

    REVERSED = "reversed"
    NOT_REALISED = "not_realised"
    NOT_TRIGGERED = "not_triggered"
    NOT_KNOWN = "not_known"
    TOO_EARLY = "too_early"
    PARTLY = "partly"
    REALISED = "realised"
    NO_PROJECTION = "no_projection"
