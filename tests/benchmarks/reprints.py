"""Time, memory and quality of finding reprints, against hashing the runs of three words of each text.

Run `python -m tests.benchmarks.reprints [documents] [pairs]`. Invented articles of 3 to 6 KB share names, phrases,
footers and long quotations; a tenth are notices made from one form. A fifth of the documents are reprints: another
headline, cut down, a paragraph more, other words, or a corrected figure. Each side runs in a child process of its own,
in turn, and reports its seconds and its peak of memory above what it had with the texts made. Quality is how
many of the pairs grouped are reprints of one text, and how many of the reprints were found, by kind.
"""

import json
import random
import resource
import statistics
import subprocess
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations

SYLLABLES = ("ba", "co", "di", "fe", "gu", "la", "mo", "ni", "per", "ra", "sen", "ti", "tor", "ver", "zan")
PLACES = ("Arvia", "Belmar", "Corvo", "Dalia", "Estra", "Fonta", "Garda", "Huela", "Istra", "Jandra")

Article = list[str]
"""An article's sentences; the first is its headline."""


def _vocabulary(chance: random.Random) -> tuple[list[str], list[str], list[str]]:
    """Return words, names and stock phrases."""
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(6_000)]
    names = ["".join(chance.choices(SYLLABLES, k=3)).capitalize() for _ in range(400)]
    phrases = [" ".join(_words(chance, words, 5)) for _ in range(400)]
    return words, names, phrases


def _words(chance: random.Random, words: list[str], count: int) -> list[str]:
    # Few words are frequent and many are rare, as in any language.
    return [words[int(len(words) * chance.random() ** 3)] for _ in range(count)]


class Press:
    """Writes articles and reprints of them, the same each time."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.words, self.names, self.phrases = _vocabulary(self.chance)
        self.footer = ". ".join(self.sentence(self.names[:5]) for _ in range(5))
        self.quotations = [". ".join(self.sentence(self.names[:9]) for _ in range(14)) for _ in range(20)]
        self.form = [self.sentence(self.names[:9]).split() for _ in range(40)]

    def sentence(self, names: list[str]) -> str:
        """Return a sentence of words, two names, a number now and then and a stock phrase."""
        chance = self.chance
        parts = _words(chance, self.words, chance.randint(6, 16))
        for extra in (chance.choice(names), chance.choice(names), chance.choice(self.phrases)):
            parts.insert(chance.randint(1, len(parts)), extra)
        if chance.random() < 0.4:
            parts.insert(chance.randint(1, len(parts)), str(chance.randint(3, 90_000)))
        return " ".join(parts).capitalize() if parts[0].islower() else " ".join(parts)

    def article(self) -> Article:
        """Return an article on one of forty subjects, each with ten names; some with a quotation or a footer."""
        subject = self.chance.randrange(40)
        names = self.names[subject * 10 : subject * 10 + 10]
        made = [self.sentence(names) for _ in range(self.chance.randint(28, 45))]
        if self.chance.random() < 0.1:
            made.insert(self.chance.randint(2, 9), f"\u201c{self.chance.choice(self.quotations)}.\u201d")
        if self.chance.random() < 0.1:
            made.append(self.footer)
        return made

    def notice(self) -> Article:
        """Return the form, filled in for one place: its name, a date and a count in every third sentence."""
        place, number = self.chance.choice(PLACES), str(self.chance.randint(100, 99_999))
        sentences = [list(words) for words in self.form]
        for words in sentences[::3]:
            words[3], words[5] = place, number
        return [" ".join(words) for words in sentences]

    def headline(self, article: Article) -> Article:
        """Return it under another headline, with an agency's name."""
        return [self.sentence(self.names).title(), "Belmar (NP) - " + article[0], *article[1:]]

    def cut(self, article: Article) -> Article:
        """Return its first two to four fifths."""
        return article[: int(len(article) * self.chance.uniform(0.4, 0.8))]

    def longer(self, article: Article) -> Article:
        """Return it with a paragraph of its own."""
        place = self.chance.randint(1, len(article))
        own = [self.sentence(self.names) for _ in range(self.chance.randint(3, 8))]
        return [*article[:place], *own, *article[place:]]

    def reworded(self, article: Article) -> Article:
        """Return it with 4 to 12 in 100 words changed, names and numbers kept."""
        share = self.chance.uniform(0.04, 0.12)
        return [
            " ".join(
                self.chance.choice(self.words) if word.islower() and self.chance.random() < share else word
                for word in sentence.split()
            )
            for sentence in article
        ]

    def corrected(self, article: Article) -> Article:
        """Return it with one figure changed, cut a little."""
        place = self.chance.randrange(len(article))
        changed = " ".join("77" if word.isdigit() else word for word in article[place].split())
        return [*article[:place], changed, *article[place + 1 : -2]]


def documents(count: int, seed: int) -> tuple[list[tuple[str, str]], dict[str, tuple[str, str]]]:
    """Return so many (key, text), and for each key the article it is of and in what way."""
    press = Press(seed)
    originals = [press.notice() if n % 10 == 0 else press.article() for n in range(count * 4 // 5)]
    ways: dict[str, Callable[[Article], Article]] = {
        "headline": press.headline,
        "cut": press.cut,
        "longer": press.longer,
        "reworded": press.reworded,
        "corrected": press.corrected,
        "reworded and cut": lambda article: press.cut(press.reworded(article)),
    }
    articles = [(article, (f"a{number}", "original")) for number, article in enumerate(originals)]
    for number in range(count - len(originals)):
        of = press.chance.randrange(len(originals))
        way = list(ways)[number % len(ways)]
        articles.append((ways[way](originals[of]), (f"a{of}", way)))
    press.chance.shuffle(articles)
    texts = [(f"d{number:05}", ".\n\n".join(article) + ".") for number, (article, _) in enumerate(articles)]
    return texts, {key: origin for (key, _), (_, origin) in zip(texts, articles, strict=True)}


def _pairs(groups: dict[str, str]) -> Iterator[tuple[str, str]]:
    members = defaultdict(list)
    for key, group in groups.items():
        members[group].append(key)
    for keys in members.values():
        yield from combinations(sorted(keys), 2)


def _quality(groups: dict[str, str], origins: dict[str, tuple[str, str]]) -> dict[str, float]:
    """Return the share of grouped pairs that are right, and of each kind of reprint the share found."""
    grouped = list(_pairs(groups))
    right = sum(origins[one][0] == origins[other][0] for one, other in grouped)
    originals = {article: key for key, (article, way) in origins.items() if way == "original"}
    tried, found = Counter[str](), Counter[str]()
    for key, (article, way) in origins.items():
        if way != "original":
            tried[way] += 1
            found[way] += groups[key] == groups[originals[article]]
    return {"right of the pairs": right / len(grouped), **{way: found[way] / tried[way] for way in tried}}


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _child(side: str, count: int) -> dict[str, float]:
    """Run one side in this process; return its seconds, its bytes above the texts and, of ours, the quality."""
    from sources import reprints

    texts, origins = documents(count, seed=7)
    size, before, started = sum(len(text) for _, text in texts), _peak_bytes(), time.perf_counter()
    quality: dict[str, float] = {}
    if side == "ours":
        groups = reprints.groups(texts)
    else:
        for _, text in texts:
            words = text.casefold().split()
            {zlib.crc32(" ".join(run).encode()) for run in zip(words, words[1:], words[2:], strict=False)}
    seconds, used = time.perf_counter() - started, _peak_bytes() - before
    if side == "ours":
        quality = _quality(groups, origins)
    return {"seconds": seconds, "bytes": used, "size": size, **quality}


def _run(side: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.reprints", side, str(count)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main(count: int, pairs: int) -> None:
    """Measure both sides in turn; print their medians, the ratio and the quality."""
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "hashing": []}
    for _ in range(pairs):
        for side, of_side in runs.items():
            of_side.append(_run(side, count))
    medians = {side: statistics.median(run["seconds"] for run in of_side) for side, of_side in runs.items()}
    first = runs["ours"][0]
    print(f"{count:,} documents, {first.pop('size') / 1e6:.0f} MB, {pairs} pairs")
    print(f"   ours: {medians['ours']:.2f} s, peak {first.pop('bytes') / (1 << 20):.0f} MiB above the texts")
    print(f"hashing: {medians['hashing']:.2f} s; ours / hashing: {medians['ours'] / medians['hashing']:.2f}")
    first.pop("seconds")
    for name, share in first.items():
        print(f"{name}: {share:.3f}")


if __name__ == "__main__":
    given = sys.argv[1:]
    if given and not given[0].isdigit():
        print(json.dumps(_child(given[0], int(given[1]))))
    else:
        main(int(given[0]) if given else 5_000, int(given[1]) if len(given) > 1 else 5)
