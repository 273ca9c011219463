"""Reader's language: words from the .po files, country names, dates and numbers from the CLDR (Babel).

A language is one file, reports/locales/<language>.po. Message ids are English sentences, or keys such as
`existence.reinstated` for the words of a scale; a key or a sentence without a translation stops the build. The texts of
the codebook stand in the instrument files in the languages those are written in; another language has them in its .po
file too, by the English text. The keys `form.*` hold what the language writes in its own way: the patterns of days, and
from which number on thousands are set apart.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale
from babel.core import get_global
from babel.dates import format_date
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup

from sources.countries import AREAS
from sources.dates import Dated
from sources.errors import PolicydiffError
from sources.model import CitedSource

LOCALES = Path(__file__).parent / "locales"

# Stands for any number of things where none is said.
MANY = 2

_KEY = re.compile(r"[a-z_]+\.[A-Za-z0-9_+/-]+")
# Spanish writes "e" for "y" before the same sound; a diphthong (hielo, Iowa) has another.
_SAME_SOUND = re.compile(r"h?[ií](?![aeou])", re.IGNORECASE)
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_+/-]+")


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
        """Return the word for an id that a source brings along: a measure, a kind of act.

        In English the id itself, with spaces, stands in, so that a new source needs no entry here; another language
        needs one.
        """
        return self._brought(scale, value, self.gettext)

    def counted(self, scale: str, value: str, number: float = MANY) -> str:
        """Return the word for a unit or for what is counted, in the form that fits a number: "flight", "flights".

        What a source brings along stands in for itself in English, as in `name`.
        """
        # Fractions are many, but for a gettext catalog a number is whole.
        count = int(number) if float(number).is_integer() else MANY
        return self._brought(scale, value, lambda key: self.ngettext(key, key, count))

    def _brought(self, scale: str, value: str, look_up: Callable[[str], str]) -> str:
        try:
            return look_up(_key(scale, value))
        except MissingTranslation:
            if self.code == "en":
                return value.replace("_", " ")
            raise

    def label(self, scale: str, value: str) -> str | None:
        """Return the word for a publisher's own label, or None where only the label itself can be printed."""
        try:
            return self.name(scale, value)
        except MissingTranslation:
            return None

    def amount(self, figure: str, number: float, unit: str, unit_of_count: str | None) -> str:
        """Return a written number with its unit: "68,000 people", "25 percent", "5 million U.S. dollars (grants)"."""
        counted = self.counted("count", unit_of_count, number) if unit_of_count else ""
        if unit == "count":
            return f"{figure} {counted}".rstrip()
        if unit == "percent":
            amount = self.gettext("%s percent") % figure
        else:
            amount = f"{figure} {self.counted('unit', unit, number)}"
        return f"{amount} ({counted})" if counted else amount

    def text(self, texts: Mapping[str, str]) -> str:
        """Return a curated text in this language.

        English stands in only for what is in English alone, the statements that were accepted on one machine.
        """
        if self.code in texts:
            return texts[self.code]
        english = texts["en"]
        return english if _is_english_alone(texts) else self.gettext(english)

    def marked_text(self, texts: Mapping[str, str]) -> str:
        """Return a curated text for a page: what is in English alone is marked as English."""
        return self.foreign(texts["en"]) if _is_english_alone(texts) else self.text(texts)

    def publisher(self, source: CitedSource) -> str:
        """Return who published a source, with what is to be said of it: "A paper (copy on a blog)"."""
        return f"{source.publisher} ({self.text(source.note)})" if source.note else source.publisher

    def marked_label(self, scale: str, value: str) -> str:
        """Return the word for a publisher's own label for a page; the label itself is marked as English."""
        return self.label(scale, value) or self.foreign(value)

    def foreign(self, text: str, code: str = "en") -> str:
        """Return a name or a text that keeps its own language, marked with it on a page of another language."""
        return text if code in (self.code, "und") else Markup('<span lang="{}">{}</span>').format(code, text)

    def place(self, code: str) -> str:
        """Return the name of a country, of the region or of the whole world."""
        if code in AREAS:
            return self.word("place", code)
        alpha_2 = get_global("territory_aliases")[code][0]
        return str(Locale(self.code).territories[alpha_2])

    def places(self, codes: tuple[str, ...]) -> str:
        """Return several places in one phrase, in the order given."""
        return ", ".join(self.place(code) for code in codes)

    def listed(self, items: Sequence[str]) -> str:
        """Return items as one phrase, joined as the language does: "a, b, and c"; markup stays markup."""
        joined = format_list(list(items), locale=self.code)
        if self.code == "es" and len(items) > 1 and _SAME_SOUND.match(items[-1]):
            joined = f"{joined.removesuffix(f' y {items[-1]}')} e {items[-1]}"
        # Markup where every item is: only the language's own joining words have come in.
        return Markup(joined) if all(isinstance(item, Markup) for item in items) else joined

    def day(self, value: date) -> str:
        """Return a day in long form: 21 January 2025."""
        return self._dated(value, "day")

    def short_day(self, value: date) -> str:
        """Return a day with a short month: 21 Jan 2025."""
        return self._dated(value, "short_day")

    def when(self, value: Dated | None) -> str:
        """Return an imprecise date no more precisely than it is known."""
        if value is None:
            return self.gettext("undated")
        forms = {"day": "short_day", "month": "month", "quarter": "quarter", "year": "year"}
        if form := forms.get(value.precision):
            return self._dated(value.first_day, form)
        return f"{self.short_day(value.first_day)} – {self.short_day(value.last_day)}"

    def _dated(self, value: date, form: str) -> str:
        return format_date(value, self.word("form", form), locale=self.code)

    def number(self, value: float) -> str:
        """Return a number with this language's separators."""
        is_grouped = abs(value) >= int(self.word("form", "grouped_from"))
        return format_decimal(value, locale=self.code, group_separator=is_grouped)


def _is_english_alone(texts: Mapping[str, str]) -> bool:
    return texts.keys() == {"en"}


def _key(scale: str, value: str) -> str:
    """Return the message id of an id or label of a source: what cannot stand in a key becomes an underscore."""
    return f"{scale}.{_NOT_IN_KEYS.sub('_', value).strip('_') or '_'}"
