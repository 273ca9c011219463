"""Reader's language: words from the .po files, country names, dates and numbers from the CLDR (Babel).

A language is one file, reports/locales/<language>.po. Message ids are English sentences, or keys such as
`existence.reinstated` for the words of a scale; a key or a sentence without a translation stops the build.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale
from babel.core import get_global
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from sources.countries import AREAS
from sources.dates import Dated
from sources.errors import PolicydiffError

LOCALES = Path(__file__).parent / "locales"

_KEY = re.compile(r"[a-z_]+\.[A-Za-z0-9_+/-]+")
_LONG_DAY = {"en": "d MMMM y", "es": "d 'de' MMMM 'de' y", "pt": "d 'de' MMMM 'de' y"}


class MissingTranslation(PolicydiffError):
    """A reader's string has no translation: add it to the language's .po file."""


class _Strict(NullTranslations):
    """What stands behind a catalog: English sentences in English, an error for everything else."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language

    def gettext(self, message: str) -> str:
        if self.language == "en" and not _KEY.fullmatch(message):
            return message
        raise MissingTranslation(f"reports/locales/{self.language}.po has no translation of {message!r}")

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


def languages() -> list[str]:
    """Return the languages a report can be made in: those with a .po file."""
    return sorted(path.stem for path in LOCALES.glob("*.po"))


@cache
def _translations(language: str) -> GNUTranslations:
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    translations = GNUTranslations(compiled)
    translations.add_fallback(_Strict(language))
    return translations


@dataclass(frozen=True, slots=True)
class Language:
    """Turns keys, dates, numbers and codes into a reader's words. Raises MissingTranslation, naming the key."""

    code: str

    def gettext(self, message: str) -> str:
        """Return a sentence, or the word of a key, in this language."""
        return _translations(self.code).gettext(message)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the form of a sentence that fits a count."""
        return _translations(self.code).ngettext(singular, plural, count)

    def word(self, scale: str, value: object) -> str:
        """Return the word for a value of a scale: word("existence", Existence.NEW)."""
        return self.gettext(f"{scale}.{value}")

    def name(self, scale: str, value: str) -> str:
        """Return the word for an id that a source brings along: a measure, a unit, a kind of act.

        In English the id itself, with spaces, stands in, so that a new source needs no entry here; another language
        needs one.
        """
        try:
            return self.word(scale, value)
        except MissingTranslation:
            if self.code == "en":
                return value.replace("_", " ")
            raise

    def text(self, texts: Mapping[str, str]) -> str:
        """Return a curated text in this language; English stands in where only English exists."""
        return texts.get(self.code) or texts["en"]

    def place(self, code: str) -> str:
        """Return the name of a country, of the region or of the whole world."""
        if code in AREAS:
            return self.word("place", code)
        alpha_2 = get_global("territory_aliases")[code][0]
        return str(Locale(self.code).territories[alpha_2])

    def places(self, codes: tuple[str, ...]) -> str:
        """Return several places in one phrase, in the order given."""
        return ", ".join(self.place(code) for code in codes)

    def day(self, value: date) -> str:
        """Return a day in long form: 21 January 2025."""
        return format_date(value, _LONG_DAY[self.code], locale=self.code)

    def short_day(self, value: date) -> str:
        """Return a day with a short month: 21 Jan 2025."""
        return format_date(value, "d MMM y", locale=self.code)

    def when(self, value: Dated | None) -> str:
        """Return an imprecise date no more precisely than it is known."""
        if value is None:
            return self.gettext("undated")
        forms = {"day": "d MMM y", "month": "MMM y", "quarter": "QQQ y", "year": "y"}
        if form := forms.get(value.precision):
            return format_date(value.first_day, form, locale=self.code)
        return f"{self.short_day(value.first_day)} – {self.short_day(value.last_day)}"

    def number(self, value: float) -> str:
        """Return a number with this language's separators."""
        return format_decimal(value, locale=self.code)
