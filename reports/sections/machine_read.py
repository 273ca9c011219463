"""Section "Machine-read claims": what the reader proposes and nobody has reviewed; only in an edition that asks for it.

Template: machine_read.html.j2, which sees only the MachineReadView built here. Quotes stay in the local store.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePath

from reports import proposals
from reports.edition import Edition, Kind
from reports.language import Language
from reports.proposals import Unreviewed
from reports.render import FACES
from reports.sections import Section
from sources.model import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One machine-read claim in words: `confidence` in percent, `doubts` why the reader is not sure; none if it is.

    `url` is the document's address and `address` its printed form; "" for one read from a file, whose name is `file`.
    """

    id: str
    instrument: str
    places: str
    said: str
    period: str
    voice: str
    when: str
    title: str
    file: str
    url: str
    address: str
    confidence: int
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineReadView:
    """The claims in scope, by instrument."""

    claims: tuple[Claim, ...]


def build(edition: Edition, language: Language) -> MachineReadView | None:
    """Put the unreviewed claims into words; None where the edition was not asked to show them."""
    if edition.machine_read is None:
        return None
    return MachineReadView(claims=tuple(_claim(kept, edition, language) for kept in edition.machine_read))


def _claim(kept: Unreviewed, edition: Edition, language: Language) -> Claim:
    proposal = kept.proposal
    is_address = kept.source.startswith(("http://", "https://"))
    return Claim(
        id=kept.id,
        instrument=language.text(edition.codebook.instrument(proposal.instrument_id).short_names),
        places=language.places(proposal.country_codes),
        said=printable(proposals.what(proposal, language)),
        period=proposals.time_spoken_of(proposal, language),
        voice=printable(proposals.voice(proposal, language)),
        when=language.when(proposal.date),
        title=language.foreign(printable(kept.title), kept.language) if kept.title else language.gettext("untitled"),
        # Where a file lies on the machine that read it is nobody's business.
        file="" if is_address else printable(PurePath(kept.source).name),
        url=kept.source if is_address else "",
        address=printable(kept.source) if is_address else "",
        confidence=round(100 * proposal.confidence),
        doubts=tuple(_doubts(proposal, language)) if proposal.is_optional else (),
    )


def _doubts(proposal: Proposal, language: Language) -> Iterator[str]:
    """Yield the reasons the reader gave, which may be those of an earlier version, or that it gave none."""
    if proposal.why is None:
        yield language.gettext("not said")
        return
    for doubt in printable(proposal.why).split("; "):
        yield language.marked_label("doubt", doubt)


def printable(text: str) -> str:
    """Return text from outside in one line, with ? for each character that the report's typefaces do not have.

    Such a character would be set in whatever typeface the machine has, and the finished PDF refused.
    """
    return "".join(character if ord(character) in _characters() else "?" for character in " ".join(text.split()))


@cache
def _characters() -> frozenset[int]:
    """Return the characters that both weights of the tables' typeface have."""
    names = [name for (family, _, style), name in FACES.items() if (family, style) == ("Source Sans Pro", "normal")]
    return frozenset.intersection(*(_face(str(files(package) / "files" / file)) for package, file in names))


def _face(path: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(path) as font:
        return frozenset(font.getBestCmap())


SECTION = Section(
    id="machine_read",
    title="Machine-read claims, not reviewed",
    order=75,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT}),
    build=build,
)
