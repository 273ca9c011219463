"""The items of a feed, or of an archived list of items, as the connector for feeds reads them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd

from sources import dates
from sources.connectors import feeds
from sources.documents.extract import Extract, refusal, with_title
from sources.errors import BadInput, Fault, SourceChanged
from sources.snapshots import Snapshot

EXPECTED = "RSS 2.0 or 1.0, Atom, or a JSON list of items"
# When the bytes were taken is the caller's to know; nothing that is read here depends on it.
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def read(content: bytes, source: str, withhold: Callable[[Fault], None] | None) -> tuple[Extract, ...]:
    """Return the items of a feed in its order, the title first.

    Raises BadInput for another form, for a feed without items and, without `withhold`, for items that cannot be read.
    """
    # Each item of a list is an object; the connector counts those of a feed itself.
    if content.lstrip().startswith(b"[") and content.count(b"{") > feeds.SOURCE.max_rows:
        raise refusal(source, "feed", f"more than {feeds.SOURCE.max_rows} items", EXPECTED)
    snapshot = Snapshot.of(content, source_id=feeds.SOURCE.id, name=source, retrieved=_SOME_TIME)
    try:
        parsed = feeds.parse(snapshot)
    except SourceChanged as error:
        raise refusal(source, "feed", error.reason.removeprefix(f"{source}: "), EXPECTED) from error
    faults = [
        Fault(
            file=source,
            path=f"item {row.row}, {row.column}",
            found=row.reason.removeprefix("found "),
            expected=row.rule,
        )
        for row in parsed.withheld
    ]
    if withhold is not None:
        for fault in faults:
            withhold(fault)
    elif faults:
        raise BadInput(faults)
    if not len(parsed.documents):
        raise refusal(source, "feed", "no item that can be read", EXPECTED)
    rows = parsed.documents.sort_index()
    return tuple(
        Extract(
            title=title,
            text=with_title(title, text),
            published=None if pd.isna(day) else dates.on_day(day.date()),
            language=language,
        )
        for title, text, day, language in zip(
            rows["title"], rows["text"], rows["published_date"], rows["language"], strict=True
        )
    )
