"""Broken inputs, made from a good one by a seeded random: what publishers, networks and editors do to files."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from sources import tables
from sources.connector import Connector
from sources.errors import SourceChanged
from sources.snapshots import Snapshot
from sources.tables import Parsed
from tests.make import RETRIEVED

JUNK = ("", " ", "abc", "-5", "1e999", "9" * 400, "=1+1", "NaN", "1.5", "1,234", "012", "<b>x</b>", "\u0660\u0661", "-")
PAGE = b"<!DOCTYPE html><html><head><title>Sorry</title></head><body>Sorry</body></html>"
TIMES = 500


def of_text(content: bytes, random: random.Random) -> bytes:
    """Break a file of lines and cells: one, two or three accidents."""
    for _ in range(random.randint(1, 3)):
        content = random.choice(_TEXT_ACCIDENTS)(content, random)
    return content


def _lines(content: bytes) -> list[bytes]:
    return content.split(b"\n")


def _place(lines: list[bytes], random: random.Random) -> int:
    return random.randrange(len(lines))


def _drop_line(content: bytes, random: random.Random) -> bytes:
    lines = _lines(content)
    del lines[_place(lines, random)]
    return b"\n".join(lines)


def _repeat_line(content: bytes, random: random.Random) -> bytes:
    lines = _lines(content)
    place = _place(lines, random)
    return b"\n".join([*lines[: place + 1], *lines[place:]])


def _change_cell(content: bytes, random: random.Random) -> bytes:
    lines = _lines(content)
    place = _place(lines, random)
    cells = lines[place].split(b",")
    cells[random.randrange(len(cells))] = random.choice(JUNK).encode()
    lines[place] = b",".join(cells)
    return b"\n".join(lines)


def _swap_cells(content: bytes, random: random.Random) -> bytes:
    lines = _lines(content)
    place = _place(lines, random)
    cells = lines[place].split(b",")
    random.shuffle(cells)
    lines[place] = b",".join(cells)
    return b"\n".join(lines)


def _drop_column(content: bytes, random: random.Random) -> bytes:
    lines = _lines(content)
    column = random.randrange(max(1, lines[0].count(b",") + 1))
    return b"\n".join(b",".join(c for n, c in enumerate(line.split(b",")) if n != column) for line in lines)


def _cut(content: bytes, random: random.Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def _flip(content: bytes, random: random.Random) -> bytes:
    if not content:
        return content
    place = random.randrange(len(content))
    return content[:place] + bytes([random.randrange(256)]) + content[place + 1 :]


def _insert(content: bytes, random: random.Random) -> bytes:
    place = random.randrange(len(content) + 1)
    return (
        content[:place] + random.choice((b",", b'"', b"\x00", b"\xff", b"\r", b"\n", b"\xef\xbb\xbf")) + content[place:]
    )


def _windows(content: bytes, random: random.Random) -> bytes:  # noqa: ARG001
    return b"\xef\xbb\xbf" + content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _page(content: bytes, random: random.Random) -> bytes:
    return random.choice((PAGE, PAGE + content, b""))


def _twice(content: bytes, random: random.Random) -> bytes:  # noqa: ARG001
    return content + content


_TEXT_ACCIDENTS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_drop_line, _repeat_line, _change_cell, _change_cell, _change_cell, _swap_cells, _drop_column),
    *(_cut, _flip, _flip, _insert, _windows, _page, _twice),
)


def of_json(content: bytes, random: random.Random) -> bytes:
    """Break a JSON document: change, remove or rename something in its tree, or break its text."""
    if random.random() < 0.2:
        return random.choice((_cut, _flip, _insert, _page))(content, random)
    document = json.loads(content)
    for _ in range(random.randint(1, 3)):
        places = list(_places(document))
        if not places:
            break
        parent, key = random.choice(places)
        match random.randrange(4):
            case 0:
                del parent[key]
            case 1 if isinstance(parent, dict):
                parent[f"{key}_new"] = parent.pop(key)
            case 2 if isinstance(parent, list):
                parent.append(parent[key])
            case _:
                parent[key] = random.choice((None, [], {}, True, -1, 1.5, 1e300, "", "abc", "=1+1", "9" * 400, [[1]]))
    return json.dumps(document).encode()


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in pairs:
        yield node, key
        yield from _places(child)


def check(
    connector: Connector,
    content: bytes,
    mutate: Callable[[bytes, random.Random], bytes],
    oracle: Callable[[bytes], Any],
    read: Callable[[Parsed], Any],
    name: str = "payload",
    times: int = TIMES,
) -> None:
    """Hold a connector against broken inputs: each is refused by name, or read as the oracle reads it.

    `oracle` reads the broken bytes by simpler means, and `read` takes the same out of what the connector gave. At
    least a tenth must be read, so that a connector that refuses everything does not pass.
    """
    are_read = 0
    for seed in range(times):
        broken = mutate(content, random.Random(seed))
        snapshot = Snapshot.of(broken, source_id=connector.source.id, name=name, retrieved=RETRIEVED)
        try:
            parsed = tables.check(connector.parse(snapshot), connector.source.id)
        except SourceChanged:
            continue
        if not parsed.rows:
            # Nothing is left to be let in: that is below the least number of rows, and refused.
            continue
        are_read += 1
        assert read(parsed) == oracle(broken), f"seed {seed}"
    assert are_read >= times / 10
