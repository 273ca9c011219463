"""Section "Brief": the head of the two pages for a decision maker.

Template: brief.html.j2, which sees only the BriefView built here.
"""

from dataclasses import dataclass

from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section, cover, summary


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefView:
    """The cover's figures and the summary's findings, for one page."""

    cover: cover.CoverView
    summary: summary.SummaryView


def build(edition: Edition, language: Language) -> BriefView:
    """Take the figures and findings of the full report."""
    return BriefView(cover=cover.build(edition, language), summary=summary.build(edition, language))


SECTION = Section(id="brief", title="Brief", order=10, kinds=frozenset({Kind.BRIEF}), build=build)
