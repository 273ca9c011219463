"""The network: one polite, bounded GET at a time. No other module reads it.

Every request is identified, spaced by the publisher's rate limit, asked conditionally when we have a copy, and
bounded in time, size (after decompression) and redirects. What waiting can mend is tried again with growing waits.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO, cast
from urllib.parse import urljoin, urlsplit

import httpx
import lxml.html

from sources.connector import Request, Source
from sources.errors import SourceChanged, SourceRefused, SourceUnavailable
from sources.formats import Format, recognise
from sources.snapshots import Observation

_ERROR_BODY_BYTES = 4096
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WORTH_WAITING = frozenset({408, 425, 429, 500, 502, 503, 504})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NO_ENTRY = frozenset({401, 403, 407, 451})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how often a request is tried, in seconds; each further attempt waits twice as long as the last."""

    connect_seconds: float = 15
    read_seconds: float = 60
    total_seconds: float = 1800
    attempts: int = 4
    first_wait_seconds: float = 2
    longest_wait_seconds: float = 300
    redirects: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a publisher answered: a body in a temporary file, or None if nothing changed since the earlier look."""

    file: BinaryIO | None
    media_type: str
    etag: str | None
    last_modified: str | None


class _Again(Exception):
    """An attempt failed in a way that waiting may mend."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        self.reason = reason
        self.wait = wait
        super().__init__(reason)


class Fetcher:
    """Gets documents for one run; shared by its threads, so that the rate limits hold over all of them."""

    def __init__(
        self, user_agent: str, limits: Limits | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._limits = limits or Limits()
        self._sleep = sleep
        self._turns: dict[str, float] = {}
        self._lock = threading.Lock()
        self._client = httpx.Client(
            headers={"User-Agent": user_agent},
            timeout=httpx.Timeout(self._limits.read_seconds, connect=self._limits.connect_seconds),
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def get(self, request: Request, source: Source, earlier: Observation | None) -> Iterator[Answer]:
        """Get a document, or learn that it has not changed since `earlier`.

        Raises SourceUnavailable if waiting may mend it, SourceRefused if we are not let in, SourceChanged for an
        answer the connector does not expect: another status or format, too many bytes or redirects.
        """
        limits = self._limits
        deadline = time.monotonic() + limits.total_seconds
        wait = limits.first_wait_seconds
        for attempt in range(1, limits.attempts + 1):
            try:
                with TemporaryFile() as file:
                    yield self._attempt(request, source, earlier, cast(BinaryIO, file), deadline)
                    return
            except _Again as failure:
                pause = min(failure.wait if failure.wait is not None else wait, limits.longest_wait_seconds)
                if attempt == limits.attempts or time.monotonic() + pause > deadline:
                    tries = f"{attempt} attempt{'s' if attempt > 1 else ''}"
                    raise SourceUnavailable(source.id, f"{request.url}: {failure.reason} ({tries})") from failure
                self._sleep(pause)
                wait *= 2

    def _attempt(
        self, request: Request, source: Source, earlier: Observation | None, file: BinaryIO, deadline: float
    ) -> Answer:
        url, headers = request.url, dict(request.headers)
        if earlier and earlier.etag:
            headers["If-None-Match"] = earlier.etag
        if earlier and earlier.last_modified:
            headers["If-Modified-Since"] = earlier.last_modified
        for _ in range(self._limits.redirects + 1):
            self._wait_turn(url, source)
            try:
                with self._client.stream("GET", url, headers=headers) as response:
                    if response.status_code in _REDIRECTS and (target := response.headers.get("location")):
                        moved = _redirect(url, target, source)
                        if urlsplit(moved).netloc != urlsplit(url).netloc:
                            # A key is for the host it was given for.
                            headers = {name: value for name, value in headers.items() if name.startswith("If-")}
                        url = moved
                        continue
                    return self._read(response, request, source, file, deadline)
            except httpx.InvalidURL as error:
                raise SourceChanged(source.id, f"{url!r} is not an address: {error}") from error
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise _Again(f"{type(error).__name__} {error}".strip()) from error
        raise SourceChanged(source.id, f"{request.url}: more than {self._limits.redirects} redirects")

    def _read(
        self, response: httpx.Response, request: Request, source: Source, file: BinaryIO, deadline: float
    ) -> Answer:
        status = response.status_code
        if status == 304:
            return _answer(response, None)
        if status in _WORTH_WAITING:
            raise _Again(f"answered {status}", _retry_after(response))
        if status in _NO_ENTRY:
            raise SourceRefused(source.id, f"{request.url}: answered {status}; {_own_words(response)}")
        if status not in (200, 204):
            raise SourceChanged(source.id, f"{request.url}: answered {status}; {_own_words(response)}")
        size = 0
        for block in response.iter_bytes():
            size += len(block)
            if size > source.max_bytes:
                raise SourceChanged(source.id, f"{request.url}: more than {source.max_bytes} bytes, its bound")
            if time.monotonic() > deadline:
                raise SourceUnavailable(
                    source.id, f"{request.url}: not complete after {self._limits.total_seconds:g} s ({size} bytes)"
                )
            file.write(block)
        format_ = recognise(file)
        if format_ not in request.formats:
            _refuse_format(format_, file, request, source)
        return _answer(response, file)

    def _wait_turn(self, url: str, source: Source) -> None:
        """Keep the publisher's rate limit for its host, over all threads; this machine itself needs no sparing."""
        host = urlsplit(url).netloc
        if urlsplit(url).hostname in _LOOPBACK:
            return
        with self._lock:
            turn = max(time.monotonic(), self._turns.get(host, 0.0))
            self._turns[host] = turn + 1 / source.requests_per_second
        if (pause := turn - time.monotonic()) > 0:
            self._sleep(pause)


def _answer(response: httpx.Response, file: BinaryIO | None) -> Answer:
    return Answer(
        file=file,
        media_type=response.headers.get("content-type", ""),
        etag=response.headers.get("etag"),
        last_modified=response.headers.get("last-modified"),
    )


def _redirect(url: str, target: str, source: Source) -> str:
    moved = urljoin(url, target)
    before, after = urlsplit(url).scheme, urlsplit(moved).scheme
    if after not in ("http", "https") or (before, after) == ("https", "http"):
        raise SourceChanged(source.id, f"{url}: redirected from {before} to {after}, which is not followed")
    return moved


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds a publisher asks us to wait, if it says so in seconds."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None


def _own_words(response: httpx.Response) -> str:
    """Return the beginning of an error's body in one line, for the message."""
    body = b""
    for block in response.iter_bytes():
        body += block
        if len(body) >= _ERROR_BODY_BYTES:
            break
    text = " ".join(body[:_ERROR_BODY_BYTES].decode("utf-8", errors="replace").split())
    return f"it says {text[:200]!r}" if text else "it says nothing"


def _refuse_format(found: Format, file: BinaryIO, request: Request, source: Source) -> None:
    wanted = " or ".join(sorted(request.formats))
    if found is Format.HTML:
        file.seek(0)
        title = lxml.html.fromstring(file.read(1 << 16)).findtext(".//title") or "without a title"
        raise SourceRefused(
            source.id,
            f"{request.url}: answered with a web page ({' '.join(title.split())[:80]}) where {wanted} was expected; "
            "if the publisher blocks programs, download the file and hand it over with --from",
        )
    raise SourceChanged(source.id, f"{request.url}: answered with {found} content; expected {wanted}")
