"""The language of a text, from its letters and from what the file declares."""

import re
from functools import cache

import pycountry
from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNDETERMINED = "und"

# In fewer letters any language may be meant: names of places and persons are the same in all.
_LEAST_LETTERS = 20
# From so many on, a text is told from those of any language; a headline only from the usual ones of the subject.
_MANY_LETTERS = 200
_USUAL = frozenset({"de", "en", "es", "fr", "it", "pt"})
_SURE = 0.7
# The first sentences decide: later ones may be quotes.
_SAMPLE = 4000
_ADDRESS = re.compile(r"https?://\S+")


def language_of(text: str, declared: str) -> str:
    """Return the ISO 639-1 code of a text's language, or "und".

    What the letters clearly say comes before what the file declares: templates declare one language for all pages.
    """
    sample = _ADDRESS.sub("", text[:_SAMPLE])
    letters = sum(map(str.isalpha, sample))
    if letters >= _LEAST_LETTERS:
        shares = _shares(sample, is_short=letters < _MANY_LETTERS)
        code = max(shares, key=lambda candidate: shares[candidate])
        if shares[code] >= _SURE and _is_code(code):
            return code
    code = re.split("[-_]", declared.strip().lower(), maxsplit=1)[0]
    return code if _is_code(code) else UNDETERMINED


def _shares(sample: str, *, is_short: bool) -> dict[str, float]:
    """Return the probability of each language; of a short text among the usual ones."""
    shares = dict(_identifier().rank(sample))
    if is_short:
        shares = {code: share for code, share in shares.items() if code in _USUAL}
    whole = sum(shares.values())
    return {code: share / whole for code, share in shares.items()} if whole else dict.fromkeys(_USUAL, 0.0)


def _is_code(code: str) -> bool:
    return len(code) == 2 and pycountry.languages.get(alpha_2=code) is not None


@cache
def _identifier() -> LanguageIdentifier:
    """Return the language model; it takes half a second to load, and only those who read documents wait for it."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
