"""Speed of reading documents to proposals, against splitting sentences alone and one expression of all aliases.

Run `python -m tests.benchmarks.reading [pairs] [folder]`. Without a folder the texts are invented: reports in which one
sentence in eight names an instrument, and the same English report as text, Markdown, HTML and PDF. Of a folder every
file that can be read is taken. Lexicons and models are loaded before anything is measured; what that takes is told
apart. Times are of the processor, on one core: nothing here starts a thread or a process.
"""

import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pymupdf

from sources import codebook, documents, proposals
from sources.codebook import Codebook
from sources.errors import BadInput
from sources.model import Document, SourceKind
from sources.proposals.passages import sentences
from sources.proposals.patterns import fold
from tests import make

KILOBYTES = 400
TELLING = {
    "en": (
        "The president-elect said he would bring back Remain in Mexico if the neighbours refuse to help.",
        "Officials of the department ended the parole program for 70,000 people in March.",
        "Honduras does not plan to accept deportation flights, its foreign minister said.",
    ),
    "es": (
        "El presidente electo dijo que restablecería Quédate en México si los vecinos se niegan a ayudar.",
        "El gobierno suspendió el programa de permiso humanitario para 70.000 personas en marzo.",
        "Honduras no prevé aceptar vuelos de deportación, dijo su canciller.",
    ),
    "pt": (
        "O presidente eleito disse que retomaria o programa Fique no México se os vizinhos se recusarem a ajudar.",
        "O governo suspendeu o Estatuto de Proteção Temporária de 70.000 pessoas em março.",
        "Honduras não pretende aceitar voos de deportação, disse o chanceler.",
    ),
}
OTHER = {
    "en": (
        "The council of the town opened a library by the river, and three hundred people came to see it.",
        "Prices of maize rose a little in the spring, which farmers of the valley had expected.",
        "She told reporters on Monday that the bridge will be closed for repairs until the end of the year.",
        "A company from Peru will build the second hall, according to the ministry of public works.",
    ),
    "es": (
        "El consejo del pueblo abrió una biblioteca junto al río y trescientas personas vinieron a verla.",
        "Los precios del maíz subieron un poco en primavera, como esperaban los campesinos del valle.",
        "Ella dijo el lunes que el puente estará cerrado por reparaciones hasta el final del año.",
        "Una empresa de Perú construirá la segunda sala, según el ministerio de obras públicas.",
    ),
    "pt": (
        "O conselho da cidade abriu uma biblioteca junto ao rio e trezentas pessoas vieram vê-la.",
        "Os preços do milho subiram um pouco na primavera, como esperavam os agricultores do vale.",
        "Ela disse na segunda-feira que a ponte ficará fechada para obras até o fim do ano.",
        "Uma empresa do Peru vai construir a segunda sala, segundo o ministério de obras públicas.",
    ),
}


def report(language: str, chance: random.Random) -> str:
    """Return a report of many paragraphs."""
    paragraphs, size = [], 0
    while size < KILOBYTES * 1000:
        made = [chance.choice((TELLING if chance.random() < 1 / 8 else OTHER)[language]) for _ in range(6)]
        paragraphs.append(" ".join(made))
        size += len(paragraphs[-1])
    return "\n\n".join(paragraphs)


def files(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield a report in every format, as (name, bytes)."""
    paragraphs = text.split("\n\n")
    yield "report.txt", text.encode()
    yield "report.md", ("# A report\n\n" + text).encode()
    yield "report.html", f"<html><body><article><p>{'</p><p>'.join(paragraphs)}</p></article></body></html>".encode()
    pages = pymupdf.open()
    for start in range(0, len(paragraphs), 5):
        box = pymupdf.Rect(50, 50, 545, 790)
        pages.new_page().insert_textbox(box, "\n\n".join(paragraphs[start : start + 5]), fontsize=10)
    yield "report.pdf", pages.tobytes()


def expression_of_aliases(book: Codebook) -> re.Pattern[str]:
    """Return one expression that finds every alias in a folded text."""
    aliases = {fold(alias) for item in book.instruments for names in item.aliases.values() for alias in names}
    return re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(aliases, key=len, reverse=True))) + r")\b")


def seconds(sides: Sequence[Callable[[], object]], pairs: int) -> list[float]:
    """Run the sides in turn and return the median of each."""
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(pairs):
        for side, times in zip(sides, taken, strict=True):
            started = time.process_time()
            side()
            times.append(time.process_time() - started)
    return [statistics.median(times) for times in taken]


def compare(name: str, found: Sequence[Document], book: Codebook, pairs: int) -> None:
    """Print how fast documents are read to proposals, and the ratios to the simpler things."""
    aliases = expression_of_aliases(book)
    size = sum(len(document.text.encode()) for document in found) / 1000
    ours, split, plain = seconds(
        (
            lambda: [proposals.propose(document, book) for document in found],
            lambda: [list(sentences(document.text, document.language)) for document in found],
            lambda: [aliases.findall(fold(document.text)) for document in found],
        ),
        pairs,
    )
    claims = sum(len(proposals.propose(document, book)) for document in found)
    print(
        f"{name}: {size:,.0f} KB, {claims} claims, {size / ours:,.0f} KB/s; "
        f"{ours / split:.1f} x splitting sentences, {ours / plain:.2f} x finding the aliases"
    )


def extract(name: str, content: bytes, pairs: int) -> None:
    """Print how fast a file becomes text."""
    size = sum(len(d.text.encode()) for d in documents.read(content, name, SourceKind.NEWS)) / 1000
    (taken,) = seconds((lambda: documents.read(content, name, SourceKind.NEWS),), pairs)
    print(f"{name}: {size:,.0f} KB of text out of {len(content) / 1000:,.0f} KB, {size / taken:,.0f} KB/s")


def of_folder(folder: Path) -> Iterator[Document]:
    """Yield the documents of a folder that can be read."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                yield from documents.read(path.read_bytes(), str(path), SourceKind.NEWS, withhold=lambda _: None)
            except BadInput:
                continue


def main(pairs: int, folder: Path | None) -> None:
    """Measure invented reports, or the documents of a folder."""
    started = time.process_time()
    book = codebook.load()
    for language, lines in TELLING.items():
        proposals.propose(make.document(text=lines[0], language=language), book)
    print(f"loading the codebook and {len(TELLING)} lexicons: {time.process_time() - started:.2f} s")
    if folder:
        compare(folder.name, list(of_folder(folder)), book, pairs)
        return
    chance = random.Random(7)
    texts = {language: report(language, chance) for language in TELLING}
    for language, text in texts.items():
        compare(language, [make.document(text=text, language=language)], book, pairs)
    for name, content in files(texts["en"]):
        extract(name, content, pairs)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 5, Path(given[1]) if len(given) > 1 else None)
