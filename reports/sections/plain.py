"""Section "In plain words": half a page for a reader in a hurry, in short sentences and words that need no glossary.

Template: plain.html.j2, which sees only the PlainView built here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.comparison import Row
from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from reports.sentences import Sentence, link, sentence, sentence_on
from sources.model import Certainty, Comparison, Existence, Outcome, Presence, Side

# A finding names this many of its rows, those of the largest change first.
NAMED = 2
FINDINGS = 5

_BEGAN = frozenset({Existence.NEW, Existence.REPLACES, Existence.PENDING_REALISED})
_GONE = frozenset({Existence.DISCONTINUED, Existence.REPLACED, Existence.STEPPED_DOWN_TO_PENDING})
_NOT_IN_FORCE = frozenset({Presence.ABSENT, Presence.PENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainView:
    """What is compared, what was found, how sure it is and what is not known, in sentences."""

    compared: tuple[Sentence, ...]
    findings: tuple[Sentence, ...]
    certainty: tuple[Sentence, ...]
    unknown: tuple[Sentence, ...]

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Return every sentence of the section."""
        return (*self.compared, *self.findings, *self.certainty, *self.unknown)


def build(edition: Edition, language: Language) -> PlainView | None:
    """Compose the sentences; None where no row is in scope."""
    rows = edition.of(Comparison.FIRST_VS_ACTUAL)
    if not rows:
        return None
    return PlainView(
        compared=_compared(edition, rows, language),
        findings=_findings(edition, rows, language),
        certainty=tuple(
            sentence_on(language, f"plain.{certainty}", of)
            for certainty in (Certainty.ESTABLISHED, Certainty.LIKELY, Certainty.REPORTED)
            if (of := [row for row in rows if row.change.certainty is certainty])
        ),
        unknown=(
            *(
                sentence_on(language, f"plain.unknown_{side}", of)
                for side in (Side.FIRST, Side.PROJECTED, Side.ACTUAL)
                if (of := [row for row in rows if row.sides[side].presence is Presence.UNKNOWN])
            ),
            sentence(language, "plain.never"),
        ),
    )


def _compared(edition: Edition, rows: Sequence[Row], language: Language) -> tuple[Sentence, ...]:
    measures = len(edition.instruments)
    return (
        sentence(language, "plain.compares"),
        sentence(language, "plain.measures", count=measures),
        sentence(language, "plain.row"),
        sentence_on(language, "plain.rows", rows),
        sentence(language, "plain.asks_first"),
        sentence(language, "plain.asks_projected", day=language.day(edition.request.clock.vintage)),
        sentence(language, "plain.projection"),
        sentence(language, "plain.asks_actual"),
        sentence(language, "plain.code", code=link(rows[0].cell_code, rows[0].cell_code)),
    )


def _findings(edition: Edition, rows: Sequence[Row], language: Language) -> tuple[Sentence, ...]:
    """Return the first findings, in the order of what a reader asks first, that have a row."""
    day = language.day(edition.request.clock.on)
    found = {
        "returned": _with(rows, Existence.REINSTATED),
        "continued": _with(rows, Existence.CONTINUED),
        "began": _with(rows, *_BEGAN),
        "realised": [row for row in rows if row.outcome is Outcome.REALISED],
        "not_today": [
            row for row in rows if row.actual.presence is Presence.PRESENT and row.today.presence in _NOT_IN_FORCE
        ],
        "gone": _with(rows, *_GONE),
        "disputed": _with(rows, Existence.CONTRADICTORY),
    }
    told = [
        sentence_on(language, f"plain.{name}", of, codes=_codes(of, language), day=day)
        for name, of in found.items()
        if of
    ]
    return tuple(told[:FINDINGS])


def _with(rows: Sequence[Row], *labels: Existence) -> list[Row]:
    return [row for row in rows if row.change.existence in labels]


def _codes(rows: Sequence[Row], language: Language) -> str | Markup:
    """Return the measures and codes of rows, or of the largest changes among them, the best known first."""
    ranked = sorted(rows, key=lambda row: (-(row.change.magnitude or 0), row.change.evidence))[:NAMED]
    named = [
        # In a box of its own: else the renderer may cut a line after its first word, where a code would not fit.
        Markup("<span>{}</span> {}").format(name, link(code, code))
        for name, code in ((language.text(row.instrument.short_names), row.cell_code) for row in ranked)
    ]
    codes = language.listed(named)
    return codes if len(rows) == len(ranked) else Markup.escape(language.gettext("plain.some")) % {"codes": codes}


SECTION = Section(
    id="plain",
    title="In plain words",
    order=15,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY}),
    build=build,
)
