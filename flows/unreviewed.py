"""Claims that nobody has reviewed: for a report that asks for them, and how many of them would change a row."""

from collections.abc import Collection, Iterable
from datetime import date

from flows import evidence
from flows.settings import Settings
from reports import edition
from reports.consequences import Effect, consequences, effect
from reports.proposals import Unreviewed
from sources import codebook
from sources.errors import BadInput
from sources.model import Statement
from sources.review import Proposed, Review


def kept(settings: Settings) -> Review:
    """Return where readings and decisions are kept."""
    return Review(evidence.review_location(settings))


def pending(settings: Settings) -> tuple[Unreviewed, ...]:
    """Return the claims nobody has accepted or rejected, as a report takes them."""
    return tuple(map(_unreviewed, kept(settings).proposals()))


def of_ids(settings: Settings, ids: Collection[str]) -> tuple[Unreviewed, ...]:
    """Return the claims with these ids, whatever was decided on them since."""
    return tuple(_unreviewed(item) for item in kept(settings).proposals(None) if item.id in ids)


def _unreviewed(item: Proposed) -> Unreviewed:
    return Unreviewed(
        id=item.id,
        proposal=item.proposal,
        title=item.reading.document.title,
        source=item.reading.document.source,
        language=item.reading.document.language,
        known_from=_known_from(item),
    )


def _known_from(item: Proposed) -> date:
    published = item.reading.document.published
    return published.last_day if published else item.reading.read.date()


def consequential(items: Iterable[Proposed], settings: Settings, today: date) -> int:
    """Return how many proposals would change what a row says if each alone were accepted.

    One that cannot become a statement as it stands changes nothing until somebody edits it.
    """
    shipped = codebook.load()
    statements: dict[str, Statement] = {}
    for item in items:
        try:
            statements[item.id] = item.statement(shipped, today)
        except BadInput:
            continue
    changes = consequences(evidence.load(settings), statements, edition.default_clock(today))
    return sum(effect(rows) in (Effect.HEADLINE, Effect.STATE) for rows in changes.values())
