"""The evidence in force: the shipped codebook, and over it what was accepted in review, which stands in the store."""

from dataclasses import replace

from flows.settings import Settings
from sources import codebook, stores
from sources.codebook import Codebook
from sources.errors import BadInput

_REVIEW = "review"


def review_location(settings: Settings) -> str:
    """Return where readings and decisions are kept: what is accepted holds for every machine with the same store."""
    return f"{settings.store_location.rstrip('/')}/{_REVIEW}"


def load(settings: Settings) -> Codebook:
    """Return the codebook that every command compares; where nothing was accepted it is the shipped one.

    Raises BadInput as `over` does.
    """
    return over(codebook.load(), settings)


def as_it_was(settings: Settings, overlay_sha256: str | None) -> Codebook:
    """Return the shipped codebook with what had been accepted when the hash of it all was this; None for nothing.

    Decisions are only ever added, so what stood then stood after some number of them. Where no number of them gives the
    hash it is the codebook in force.
    """
    shipped = codebook.load()
    if overlay_sha256 is None:
        return shipped
    from sources.review import Review

    review = Review(review_location(settings))
    for number in range(len(review.decisions()), 0, -1):
        if codebook.overlay_sha256(additions := review.overlay(number)) == overlay_sha256:
            return codebook.lay_over(shipped, additions)
    return over(shipped, settings)


def over(book: Codebook, settings: Settings) -> Codebook:
    """Return the shipped codebook with what was accepted.

    Raises BadInput naming every statement accepted earlier that no longer fits.
    """
    if not stores.place(settings.store_location).folders(_REVIEW):
        return book
    from sources.review import Review

    try:
        return codebook.lay_over(book, Review(review_location(settings)).overlay())
    except BadInput as error:
        mend = "or reject it: `policydiff review reject {}`"
        raise BadInput(
            [
                replace(fault, expected=f"{fault.expected}; {mend.format(fault.file.replace('L-', 'P-', 1))}")
                for fault in error.faults
            ]
        ) from error
