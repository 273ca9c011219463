"""Read a text as a document of a day, and tell what is proposed in one line a proposal."""

import pytest

from sources import dates
from sources.model import SourceKind
from sources.proposals import propose
from tests import make


def told(proposal):
    """Return a proposal in a line: instrument, countries, period, basis, property, value and modality.

    "not" follows where it is negated, "optional" where the rules are not sure.
    """
    words = [
        proposal.instrument_id,
        "+".join(proposal.country_codes),
        proposal.period,
        str(proposal.basis),
        proposal.property,
        proposal.value,
        str(proposal.modality),
    ]
    words += ["not"] if proposal.is_negated else []
    words += ["optional"] if proposal.is_optional else []
    return " ".join(words)


@pytest.fixture(scope="session")
def propose_from(book):
    """Return a function from a text to what the shipped codebook's wording proposes from it."""

    def read(text, day="2024-11-19", *, language="en", kind=SourceKind.NEWS, title="A title", source="notes/one.txt"):
        published = dates.parse(day) if day else None
        document = make.document(text, published=published, language=language, kind=kind, title=title, source=source)
        return propose(document, book)

    return read


@pytest.fixture(scope="session")
def tell(propose_from):
    """Return a function from a text to its proposals, a line each."""

    def read(text, day="2024-11-19", **values):
        return [told(proposal) for proposal in propose_from(text, day, **values)]

    return read
