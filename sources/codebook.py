"""The codebook: the instrument files in sources/instruments/, read strictly into frozen records.

One YAML file per instrument; docs/adding.md shows its form. An unknown key, a missing citation or an impossible
date is refused, and all mistakes of all files are reported together.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sources import dates, model
from sources.countries import AREAS, PLACES
from sources.dates import Dated
from sources.errors import BadInput, Fault
from sources.model import BRIDGE_DAY, Basis, Modality, Stage

INSTRUMENTS = Path(__file__).parent / "instruments"
LANGUAGES = ("en", "es", "pt")

# The name under which a codebook's hashes list what was laid over the files.
OVERLAY = "overlay"

SCOPE = ("countries", "population", "geography", "duration", "quantity", "penalty", "legal_basis", "enforcement")
FAMILIES = ("asylum", "border", "detention", "removal", "coercion", "partner", "status")
SPEAKS_OF_PLANS = frozenset(
    {
        Modality.PLEDGE,
        Modality.PLAN_REPORTED,
        Modality.THREAT_CONDITIONAL,
        Modality.EXPECTATION_EXPERT,
        Modality.INFERENCE_OURS,
        Modality.PROPOSAL_OTHERS,
    }
)
APPLIED = (model.Implementation.PILOT, model.Implementation.PARTIAL, model.Implementation.FULL)
# Modalities that put an instrument into the projected world as present (vocabulary, projected presence).
PROJECTS_PRESENCE = frozenset({Modality.PLEDGE, Modality.PLAN_REPORTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """All instruments, in the order of their numbers, the version of what they say and the hash of each file.

    What was laid over the files has a hash of its own, under the name `overlay`; without it there is no such name.
    """

    instruments: tuple[model.Instrument, ...]
    version: str
    file_sha256: Mapping[str, str]

    def instrument(self, instrument_id: str) -> model.Instrument:
        """Return one instrument; KeyError if there is none."""
        return {instrument.id: instrument for instrument in self.instruments}[instrument_id]

    @property
    def statements(self) -> dict[str, model.Statement]:
        """Return every statement by its id."""
        return {s.id: s for instrument in self.instruments for s in instrument.statements}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A statement that stands in no instrument file, and its source, both written as in one.

    The statement's id is "L-" and ten hexadecimal digits; its `source` is the key of the source.
    """

    instrument_id: str
    statement: Mapping[str, object]
    source: Mapping[str, object]

    @property
    def id(self) -> str:
        """Return the statement's id."""
        return str(self.statement["id"])


# --- The form of a file ---------------------------------------------------------------------------------------


def _read_date(value: object) -> Dated:
    """Accept 2019, "2019-08", "2019-08-05" or an interval; pydantic reports the ValueError with its path."""
    return dates.parse(str(value))


def _require_languages(texts: dict[str, str]) -> dict[str, str]:
    return _require(texts, LANGUAGES)


def _require_english(texts: dict[str, str]) -> dict[str, str]:
    return _require(texts, ("en",))


def _require(texts: dict[str, str], languages: tuple[str, ...]) -> dict[str, str]:
    if unknown := sorted(texts.keys() - set(LANGUAGES)):
        raise ValueError(f"{', '.join(unknown)} is no language of this codebook; expected {', '.join(LANGUAGES)}")
    if missing := [language for language in languages if not texts.get(language, "").strip()]:
        raise ValueError(f"text in {', '.join(missing)} is missing; expected {', '.join(languages)}")
    return texts


def _require_phrase(texts: dict[str, str]) -> dict[str, str]:
    if sentences := [language for language, text in texts.items() if text.rstrip().endswith(".")]:
        raise ValueError(f"text in {', '.join(sentences)} ends like a sentence; expected a phrase without a stop")
    return texts


def _read_day(value: object) -> date:
    when = dates.parse(str(value))
    if when.precision != "day":
        raise ValueError(f"{value!r} is not a day; expected a date such as 2019-08-05")
    return when.first_day


When = Annotated[Dated, BeforeValidator(_read_date)]
Day = Annotated[date, BeforeValidator(_read_day)]
Language = Literal[LANGUAGES]  # type: ignore[valid-type]
Translated = Annotated[dict[str, str], AfterValidator(_require_languages)]
# A part of a sentence that a page completes.
Phrase = Annotated[Translated, AfterValidator(_require_phrase)]
English = Annotated[dict[str, str], AfterValidator(_require_english)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class _SourceForm(_Form):
    title: Text
    language: Annotated[str, Field(pattern=r"^([a-z]{2}|und)$")] = "en"
    publisher: Text
    note: Translated | None = None
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    published: When | Literal["undated"]
    kind: model.SourceKind
    tier: Annotated[int, Field(ge=1, le=3)]
    group: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]


class _ValuesForm(_Form):
    stage: Stage | None = None
    legal: model.Legal | None = None
    implementation: model.Implementation | None = None
    level: Annotated[int, Field(ge=0, le=4)] | None = None
    scope: dict[Literal[SCOPE], int] = {}  # type: ignore[valid-type]
    partner_response: (
        Literal[
            "accepts",
            "refuses",
            "prepares",
            "complied",
            "negotiates",
            "conditions",
            "protests",
            "retaliates",
            "denies",
        ]
        | None
    ) = None
    litigation: (
        Literal[
            "challenged",
            "pending",
            "enjoined",
            "partly_enjoined",
            "stayed",
            "upheld",
            "struck_down",
            "vacated",
            "expected",
        ]
        | None
    ) = None
    authority: Text | None = None


class _QuantityForm(_Form):
    measure: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    unit: Literal["count", "percent", "usd_million", "usd_billion", "usd", "miles", "days"]
    unit_of_count: Text | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    qualifier: Literal["about", "at_least", "more_than", "at_most", "up_to", "planned"] | None = None
    range: Literal["not_quantified"] | None = None


class _StatementForm(_Form):
    id: Annotated[str, Field(pattern=r"^S-\d{4}[a-z]?$")]
    text: Translated
    countries: Annotated[list[Literal[PLACES]], Field(min_length=1)]  # type: ignore[valid-type]
    other_countries: list[Annotated[str, Field(pattern=r"^[A-Z]{3}$")]] = []
    population: list[Annotated[str, Field(pattern=r"^[A-Z]{3}$")]] = []
    universal: bool = False
    component: str | None = None
    basis: Basis
    modality: Modality
    speaker: Text
    named: bool = True
    from_: Annotated[When, Field(alias="from")]
    to: Day | None = None
    then: Literal["expired", "unknown"] = "expired"
    effective: Day | None = None
    values: _ValuesForm = _ValuesForm()
    ended: model.EndedHow | None = None
    quantity: _QuantityForm | None = None
    negated: bool = False
    trigger: Translated | None = None
    demand: Translated | None = None
    condition_met: bool | None = None
    horizon: Day | None = None
    speaks_of_future: bool = False
    source: str
    locator: Text
    quote_sha256: Sha256
    entry: Literal["new", "update", "correction", "retraction"] = "new"
    corrects: str | None = None
    disputes: list[str] = []
    recorded: Day
    coder: Text
    reviewer: Text | None = None
    reviewer_note: Text | None = None


class _AddedForm(_StatementForm):
    # Who accepts a claim need not write the other languages: it is printed in English and marked so.
    id: Annotated[str, Field(pattern=r"^L-[0-9a-f]{10}$")]
    text: English
    trigger: English | None = None
    demand: English | None = None


class _SearchForm(_Form):
    id: Annotated[str, Field(pattern=r"^Q-\d{3}$")]
    countries: Annotated[list[Literal[PLACES]], Field(min_length=1)]  # type: ignore[valid-type]
    component: str | None = None
    side: model.Side
    claim: Translated
    where: Translated
    query: Text
    searched: Day
    result: Translated
    conclusion: Literal["absent", "not_found"]
    source_url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    coder: Text


class _DisputedForm(_Form):
    value: Translated
    named_source: Translated
    statements: list[str] = []


class _ContradictionForm(_Form):
    id: Annotated[str, Field(pattern=r"^[A-Z]\d{2}[a-z]?$")]
    about: Translated
    values: Annotated[list[_DisputedForm], Field(min_length=2)]
    reason: Translated


class _CodingForm(_Form):
    countries: Annotated[list[Literal[PLACES]], Field(min_length=1)]  # type: ignore[valid-type]
    component: str | None = None
    side: model.Side
    rule: Text
    statements: list[str] = []
    alternative: Text
    presence: model.Presence
    second_presence: model.Presence | None = None
    settled: Text | None = None
    coder: Text
    reviewer: Text | None = None


class _LeftOutForm(_Form):
    row: int
    reason: Text


class _LineageForm(_Form):
    predecessors: list[str] = []
    successors: list[str] = []


Patterns = dict[Language, list[Text]]


class _WordingForm(_Form):
    place: Literal[PLACES] | None = None  # type: ignore[valid-type]
    described: Patterns = {}
    weak: Patterns = {}
    context: Patterns = {}
    undone: Patterns = {}
    homonyms: Patterns = {}
    tells_status: bool = False
    receives_others: bool = False
    measures: list[Annotated[str, Field(pattern=r"^[a-z_]+$")]] = []


class _InstrumentForm(_Form):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]+$")]
    number: Annotated[int, Field(ge=1, le=99)]
    family: Literal[FAMILIES]  # type: ignore[valid-type]
    names: Translated
    short_names: Translated
    definition: Translated
    present_means: Translated
    present_from: Annotated[int, Field(ge=1, le=4)]
    needs_application: bool = False
    levels: Annotated[list[Phrase], Field(min_length=5, max_length=5)]
    scope: model.Scope
    country_role: model.CountryRole
    actor: Literal["us", "partner"]
    directed: bool = True
    direction_rule: Translated
    reach: Literal["general", "targeted"]
    unit_of_count: Text
    components: dict[str, Translated] = {}
    lineage: _LineageForm = _LineageForm()
    aliases: dict[Language, Annotated[list[Text], Field(min_length=1)]]
    wording: _WordingForm = _WordingForm()
    sources: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]+$")], _SourceForm]
    statements: list[_StatementForm]
    searches: list[_SearchForm] = []
    contradictions: list[_ContradictionForm] = []
    coding: list[_CodingForm] = []
    left_out: list[_LeftOutForm] = []


# --- YAML, strictly -------------------------------------------------------------------------------------------


class _StrictLoader(yaml.CSafeLoader):
    """Safe YAML in which a key stands once, and dates and words stay text (a date may be known to the month).

    Being a safe loader it makes text, numbers, lists and mappings; a tag that asks for anything else is a mistake.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key that is not a word", key.start_mark)
        counts = Counter(key.value for key, _ in node.value)
        if repeated := sorted(key for key, count in counts.items() if count > 1):
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {repeated[0]!r} stands {counts[repeated[0]]} times", node.start_mark
            )
        return super().construct_mapping(node, deep)


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> Any:
    """Read one YAML file; BadInput names line and column of what is not YAML or stands twice."""
    try:
        # As safe as yaml.safe_load, whose loader this one narrows: no tag makes anything but text, numbers and lists.
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
        raise BadInput([Fault(file=path.name, path=place, found=str(error.problem), expected="valid YAML")]) from error
    except UnicodeDecodeError as error:
        raise BadInput([Fault(file=path.name, path="the file", found=str(error), expected="UTF-8 text")]) from error
    except (yaml.YAMLError, ValueError) as error:
        # A control character, or a tag whose text does not fit it: neither says where in the file.
        found = " ".join(str(error).split())
        raise BadInput([Fault(file=path.name, path="the file", found=found, expected="valid YAML")]) from error


# --- From the form to records -----------------------------------------------------------------------------------


def instrument_ids(folder: Path = INSTRUMENTS) -> tuple[str, ...]:
    """Return the ids of the instruments, in the order of the alphabet: each file bears the id of its own."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def load(folder: Path = INSTRUMENTS) -> Codebook:
    """Read every instrument file of `folder` and check them together.

    Raises BadInput with every mistake of every file: unknown keys, missing citations, impossible dates, projected
    statements after their vintage, counts without unit, duplicate ids, levels that contradict the stage.
    """
    faults: list[Fault] = []
    forms: dict[str, _InstrumentForm] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            forms[path.name] = _InstrumentForm.model_validate(read_yaml(path))
        except ValidationError as error:
            faults += [_fault(path.name, detail) for detail in error.errors()]
        except BadInput as error:
            faults += error.faults
    if not forms and not faults:
        raise BadInput([Fault(file=str(folder), path=".", found="no *.yaml file", expected="instrument files")])
    for name, form in forms.items():
        faults += _check(name, form)
    faults += _check_together(forms)
    if faults:
        raise BadInput(faults)
    instruments = sorted((_instrument(form) for form in forms.values()), key=lambda i: i.number)
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(forms)}
    return Codebook(instruments=tuple(instruments), version=_version(folder), file_sha256=hashes)


def lay_over(book: Codebook, additions: Sequence[Addition]) -> Codebook:
    """Return a codebook with further statements, checked as strictly as those of the files; the files stay as they are.

    Without additions it is the same codebook. Raises BadInput with every mistake of every addition.
    """
    if not additions:
        return book
    faults: list[Fault] = []
    added: dict[str, list[model.Statement]] = {}
    instruments = {instrument.id: instrument for instrument in book.instruments}
    ordered = sorted(additions, key=lambda addition: addition.id)
    known = book.statements.keys() | {addition.id for addition in ordered}
    for addition in ordered:
        if addition.instrument_id not in instruments:
            faults.append(_unknown_instrument(addition))
            continue
        try:
            made = statement(addition, instruments[addition.instrument_id])
        except BadInput as error:
            faults += error.faults
            continue
        for reference in (*made.disputes, *([made.corrects] if made.corrects else [])):
            if reference not in known:
                path = "corrects" if reference == made.corrects else "disputes"
                faults.append(Fault(file=made.id, path=path, found=repr(reference), expected="an id that exists"))
        added.setdefault(addition.instrument_id, []).append(made)
    if faults:
        raise BadInput(faults)
    return replace(
        book,
        instruments=tuple(replace(i, statements=(*i.statements, *added.get(i.id, ()))) for i in book.instruments),
        file_sha256={**book.file_sha256, OVERLAY: overlay_sha256(additions)},
    )


def overlay_sha256(additions: Sequence[Addition]) -> str:
    """Return the hash of all that additions say, by which a codebook tells what was laid over it."""
    ordered = sorted(additions, key=lambda addition: addition.id)
    laid = json.dumps([asdict(addition) for addition in ordered], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(laid.encode()).hexdigest()


def statement(addition: Addition, instrument: model.Instrument) -> model.Statement:
    """Return the record of an added statement. Raises BadInput with every mistake, each by its place in the form."""
    faults: list[Fault] = []
    source, form = None, None
    try:
        source = _SourceForm.model_validate(addition.source)
    except ValidationError as error:
        found = [_fault(addition.id, detail) for detail in error.errors()]
        faults += [replace(fault, path=f"source.{fault.path}") for fault in found]
    try:
        form = _AddedForm.model_validate(addition.statement)
    except ValidationError as error:
        faults += [_fault(addition.id, detail) for detail in error.errors()]
    if source:
        faults += [Fault(file=addition.id, path=f"source.{p}", found=f, expected=e) for p, f, e in _check_tier(source)]
    if source and form:
        checked = _check_statement(form, source, instrument)
        faults += [
            Fault(file=addition.id, path=path, found=found, expected=expected) for path, found, expected in checked
        ]
    if faults or not (source and form):
        raise BadInput(faults)
    return _statement(form, instrument.id, _source(source, form.source))


def _unknown_instrument(addition: Addition) -> Fault:
    found = repr(addition.instrument_id)
    return Fault(file=addition.id, path="instrument", found=found, expected="an instrument of the codebook")


def _version(folder: Path) -> str:
    """Return the codebook's version: the first version number in its changelog."""
    for line in (folder / "CHANGELOG.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            return line.removeprefix("## ").split()[0]
    raise BadInput([Fault(file="CHANGELOG.md", path=".", found="no line '## <version>'", expected="the version")])


def _fault(file: str, detail: Any) -> Fault:
    """Turn a pydantic error into a fault with a readable path."""
    path = ""
    for part in detail["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    found = "nothing" if detail["type"] == "missing" else repr(detail["input"])
    if detail["type"] == "extra_forbidden":
        found, expected = "an unknown key", "only the keys shown in docs/adding.md"
    else:
        expected = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return Fault(file=file, path=path, found=found[:120], expected=expected)


_Found = Iterator[tuple[str, str, str]]
"""Mistakes as (path in the file, what was found, what was expected)."""
_Measured = _InstrumentForm | model.Instrument
"""What a statement's values are checked against: the instrument as its file has it, or as it was read."""


def _check(file: str, form: _InstrumentForm) -> Iterator[Fault]:
    """Check one file in itself."""
    if file != f"{form.id}.yaml":
        yield Fault(file=file, path="id", found=repr(form.id), expected=f"{Path(file).stem!r}, the file's name")
    for index, statement in enumerate(form.statements):
        for path, found, expected in _check_statement(statement, form.sources.get(statement.source), form):
            where = f"statements[{index}] ({statement.id}).{path}"
            yield Fault(file=file, path=where, found=found, expected=expected)
    used = {statement.source for statement in form.statements}
    for source_id in sorted(form.sources.keys() - used):
        yield Fault(file=file, path=f"sources.{source_id}", found="no statement that cites it", expected="a use")
    for source_id, source in form.sources.items():
        for path, found, expected in _check_tier(source):
            yield Fault(file=file, path=f"sources.{source_id}.{path}", found=found, expected=expected)
    for index, coding in enumerate(form.coding):
        if coding.coder == coding.reviewer:
            path = f"coding[{index}].reviewer"
            yield Fault(file=file, path=path, found=repr(coding.coder), expected="somebody else than the coder")
        if (coding.second_presence is None) != (coding.reviewer is None):
            path = f"coding[{index}].second_presence"
            yield Fault(file=file, path=path, found="one without the other", expected="a second coder and a finding")
        if coding.second_presence not in (None, coding.presence) and coding.settled is None:
            found = f"{coding.presence} and {coding.second_presence} without a settlement"
            yield Fault(file=file, path=f"coding[{index}].settled", found=found, expected="how it was settled")


def _check_tier(source: _SourceForm) -> _Found:
    best = model.BEST_TIER[source.kind]
    if source.tier < best:
        expected = f"{best} or a weaker tier: the best a source of kind {source.kind} can have"
        yield "tier", str(source.tier), expected


def _check_statement(s: _StatementForm, source: _SourceForm | None, instrument: _Measured) -> _Found:
    """Check one statement of a file, or one added to its instrument."""
    yield from _check_time(s, source)
    yield from _check_coding(s, instrument)
    yield from _check_number(s)


def _check_time(s: _StatementForm, source: _SourceForm | None) -> _Found:
    """Check a statement's dates against its source, its vintage and each other."""
    if source is None:
        yield "source", repr(s.source), "a key of sources in this file"
    if s.basis is Basis.PROJECTED:
        if s.from_.first_day > BRIDGE_DAY:
            yield (
                "from",
                f"a projected statement of {s.from_}",
                f"a statement made by {BRIDGE_DAY}, the vintage",
            )
        elif s.from_.last_day > BRIDGE_DAY and not s.speaks_of_future:
            yield (
                "from",
                f"a projected statement of {s.from_}, which may be after {BRIDGE_DAY}, the vintage",
                "a narrower date, or speaks_of_future: true with a reviewer_note",
            )
    elif source and source.published != "undated" and s.from_.first_day > source.published.last_day:
        yield (
            "from",
            f"an event of {s.from_}, after its source of {source.published}",
            "a source that can know of it",
        )
    if s.speaks_of_future and s.reviewer_note is None:
        yield "reviewer_note", "nothing beside speaks_of_future", "why the text speaks of the event as future"
    if s.to is not None and s.to <= s.from_.first_day:
        yield "to", f"an end of {s.to} for a start of {s.from_}", "an end after the start"


def _check_coding(s: _StatementForm, form: _Measured) -> _Found:
    """Check a statement's values against the codebook and each other."""
    stage, level = s.values.stage, s.values.level
    if s.basis is Basis.PROJECTED and s.modality not in SPEAKS_OF_PLANS:
        yield "modality", repr(s.modality.value), f"the voice of a plan: {', '.join(sorted(SPEAKS_OF_PLANS))}"
    if s.modality is Modality.THREAT_CONDITIONAL and not (s.trigger and s.demand):
        yield "trigger", "a conditional threat without its condition", "both trigger and demand"
    if s.modality is Modality.PROPOSAL_OTHERS and stage is not None:
        yield "values.stage", repr(stage.value), "no stage: a proposal of others is context"
    if s.negated and s.basis is Basis.OBSERVED and stage is not None:
        # Only of a projection does the comparison read "will not"; what was not so is a stage of its own.
        yield "negated", f"an observed stage {stage.value!r} that is not so", "stage none, not negated"
    if (stage is Stage.ENDED) != (s.ended is not None):
        yield "ended", repr(s.ended and s.ended.value), "how it ended, exactly when the stage is 'ended'"
    if level is not None and _asserts_presence(s, form) and level < form.present_from:
        yield (
            "values.level",
            f"{level} where the instrument is present",
            f"{form.present_from} (present_from) or more",
        )
    if level is not None and _asserts_absence(s) and level >= form.present_from:
        yield (
            "values.level",
            f"{level} where the instrument is absent",
            f"less than {form.present_from} (present_from)",
        )
    if s.universal and not set(s.countries) <= set(AREAS):
        yield "universal", f"universal wording for {', '.join(s.countries)}", "REGION or GLOBAL"
    if form.scope is model.Scope.DOMESTIC and not set(s.countries) <= set(AREAS):
        yield "countries", ", ".join(s.countries), "REGION or GLOBAL: the instrument is domestic"
    if s.component is not None and s.component not in form.components:
        yield "component", repr(s.component), f"one of {sorted(form.components)}"
    if s.coder == s.reviewer:
        yield "reviewer", repr(s.reviewer), "somebody else than the coder"
    if (s.entry in ("correction", "retraction")) != (s.corrects is not None):
        yield "corrects", repr(s.corrects), "the corrected id, exactly on a correction or retraction"


def _check_number(s: _StatementForm) -> _Found:
    """Check that a number says what it counts and, where projected, how wide it may be."""
    number = s.quantity
    if number is None:
        return
    if number.unit == "count" and number.unit_of_count is None:
        yield "quantity.unit_of_count", "nothing", "what is counted: people, cases, flights, ..."
    if number.value is None and number.low is None and number.high is None:
        yield "quantity.value", "no number", "value, or low and high"
    has_range = number.low is not None and number.high is not None
    if s.basis is Basis.PROJECTED and not has_range and number.range is None:
        yield "quantity", "a projected number without a range", "low and high, or range: not_quantified"


def _asserts_presence(s: _StatementForm, form: _Measured) -> bool:
    """Say whether the statement by itself makes the instrument present."""
    if s.basis is Basis.PROJECTED:
        return s.values.stage is not None and s.modality in PROJECTS_PRESENCE and not s.negated
    if form.needs_application:
        return s.values.implementation in APPLIED
    return s.values.stage in (Stage.ADOPTED, Stage.IN_FORCE)


def _asserts_absence(s: _StatementForm) -> bool:
    return s.values.stage in (Stage.NONE, Stage.ENDED) or (s.values.stage is not None and s.negated)


def _check_together(forms: dict[str, _InstrumentForm]) -> Iterator[Fault]:
    """Check what must be true across files: ids stand once, and every reference leads somewhere."""
    places: dict[str, list[tuple[str, str]]] = {}
    for file, form in forms.items():
        places.setdefault(f"number {form.number}", []).append((file, "number"))
        ids = {
            "statements": [s.id for s in form.statements],
            "searches": [s.id for s in form.searches],
            "contradictions": [c.id for c in form.contradictions],
        }
        for kind, names in ids.items():
            for index, name in enumerate(names):
                places.setdefault(name, []).append((file, f"{kind}[{index}].id"))
    for name, uses in places.items():
        for file, path in uses[1:]:
            first = " ".join(uses[0])
            yield Fault(
                file=file,
                path=path,
                found=f"{name}, which stands in {first} too",
                expected="an id of its own",
            )
    instrument_ids = {form.id for form in forms.values()}
    for file, form in forms.items():
        for path, reference in _references(form):
            known = instrument_ids if path.startswith("lineage") else places
            if reference not in known:
                yield Fault(file=file, path=path, found=repr(reference), expected="an id that exists")


def _references(form: _InstrumentForm) -> Iterator[tuple[str, str]]:
    """Name every id the file refers to, with the place where it does."""
    for direction in ("predecessors", "successors"):
        for reference in getattr(form.lineage, direction):
            yield f"lineage.{direction}", reference
    for index, s in enumerate(form.statements):
        for reference in (*s.disputes, *([s.corrects] if s.corrects else [])):
            yield f"statements[{index}] ({s.id})", reference
    for index, contradiction in enumerate(form.contradictions):
        for value in contradiction.values:
            for reference in value.statements:
                yield f"contradictions[{index}] ({contradiction.id})", reference
    for index, coding in enumerate(form.coding):
        for reference in coding.statements:
            yield f"coding[{index}]", reference


def _instrument(form: _InstrumentForm) -> model.Instrument:
    """Turn a checked file into records."""
    sources = {key: _source(source, key) for key, source in form.sources.items()}
    return model.Instrument(
        id=form.id,
        number=form.number,
        family=form.family,
        names=form.names,
        short_names=form.short_names,
        definition=form.definition,
        present_means=form.present_means,
        present_from=form.present_from,
        needs_application=form.needs_application,
        levels=tuple(form.levels),
        scope=form.scope,
        country_role=form.country_role,
        is_partner_act=form.actor == "partner",
        is_directed=form.directed,
        direction_rule=form.direction_rule,
        is_general=form.reach == "general",
        unit_of_count=form.unit_of_count,
        components=form.components,
        predecessors=tuple(form.lineage.predecessors),
        successors=tuple(form.lineage.successors),
        aliases=_patterns(form.aliases),
        wording=model.Wording(
            place=form.wording.place,
            described=_patterns(form.wording.described),
            weak=_patterns(form.wording.weak),
            context=_patterns(form.wording.context),
            undone=_patterns(form.wording.undone),
            homonyms=_patterns(form.wording.homonyms),
            tells_status=form.wording.tells_status,
            receives_others=form.wording.receives_others,
            measures=tuple(form.wording.measures),
        ),
        statements=tuple(_statement(s, form.id, sources[s.source]) for s in form.statements),
        searches=tuple(_search(s, form.id) for s in form.searches),
        contradictions=tuple(_contradiction(c, form.id) for c in form.contradictions),
        codings=tuple(_coding(c) for c in form.coding),
        left_out={entry.row: entry.reason for entry in form.left_out},
    )


def _source(form: _SourceForm, key: str) -> model.CitedSource:
    return model.CitedSource(
        id=key,
        title=form.title,
        language=form.language,
        publisher=form.publisher,
        note=form.note,
        url=form.url,
        published=None if form.published == "undated" else form.published,
        kind=form.kind,
        tier=form.tier,
        group=form.group,
    )


def _patterns(by_language: Mapping[Language, list[str]]) -> dict[str, tuple[str, ...]]:
    return {language: tuple(patterns) for language, patterns in by_language.items()}


def _statement(form: _StatementForm, instrument_id: str, source: model.CitedSource) -> model.Statement:
    values = form.values
    return model.Statement(
        id=form.id,
        instrument_id=instrument_id,
        text=form.text,
        country_codes=tuple(form.countries),
        basis=form.basis,
        modality=form.modality,
        speaker=form.speaker,
        is_named=form.named,
        holds_from=form.from_,
        holds_to=form.to,
        is_unknown_after=form.then == "unknown",
        effective=form.effective,
        component=form.component,
        stage=values.stage,
        ended_how=form.ended,
        legal=values.legal,
        implementation=values.implementation,
        level=values.level,
        scope={str(dimension): value for dimension, value in values.scope.items()},
        quantity=_quantity(form.quantity) if form.quantity else None,
        partner_response=values.partner_response,
        litigation=values.litigation,
        authority=values.authority,
        is_universal=form.universal,
        is_negated=form.negated,
        speaks_of_future=form.speaks_of_future,
        trigger=form.trigger,
        demand=form.demand,
        condition_met=form.condition_met,
        horizon=form.horizon,
        population=tuple(form.population),
        other_countries=tuple(form.other_countries),
        source=source,
        locator=form.locator,
        quote_sha256=form.quote_sha256,
        recorded=form.recorded,
        is_retraction=form.entry == "retraction",
        corrects=form.corrects,
        disputes=tuple(form.disputes),
        coder=form.coder,
        reviewer=form.reviewer,
        reviewer_note=form.reviewer_note,
    )


def _quantity(form: _QuantityForm) -> model.Quantity:
    return model.Quantity(
        measure=form.measure,
        unit=form.unit,
        unit_of_count=form.unit_of_count,
        value=form.value,
        low=form.low,
        high=form.high,
        qualifier=form.range or form.qualifier,
    )


def _search(form: _SearchForm, instrument_id: str) -> model.Search:
    return model.Search(
        id=form.id,
        instrument_id=instrument_id,
        country_codes=tuple(form.countries),
        component=form.component,
        side=form.side,
        claim=form.claim,
        where=form.where,
        query=form.query,
        searched=form.searched,
        result=form.result,
        is_absence=form.conclusion == "absent",
        source_url=form.source_url,
        coder=form.coder,
    )


def _contradiction(form: _ContradictionForm, instrument_id: str) -> model.Contradiction:
    values = tuple(
        model.DisputedValue(value=v.value, named_source=v.named_source, statement_ids=tuple(v.statements))
        for v in form.values
    )
    return model.Contradiction(
        id=form.id, instrument_id=instrument_id, about=form.about, values=values, reason=form.reason
    )


def _coding(form: _CodingForm) -> model.Coding:
    return model.Coding(
        country_codes=tuple(form.countries),
        component=form.component,
        side=form.side,
        rule=form.rule,
        statement_ids=tuple(form.statements),
        alternative=form.alternative,
        presence=form.presence,
        second_presence=form.second_presence,
        settled=form.settled,
        coder=form.coder,
        reviewer=form.reviewer,
    )
