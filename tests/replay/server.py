"""The replay server: real HTTP on loopback, the publishers' quirks in `publishers/`, faults on demand.

A source's base address is `http://127.0.0.1:<port>/<source_id>`. The server answers conditional requests by itself
(an ETag made of the body), counts what it was asked, and can be told to fail: see `Fault`.
"""

import hashlib
import importlib
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FIXTURES = Path(__file__).parents[1] / "fixtures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as a publisher sees it: `path` without the source's prefix, header names in small letters."""

    base_url: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a publisher answers; with `is_stamped` it sends no ETag, as pages that change on each look do."""

    body: bytes
    media_type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    is_stamped: bool = False


class Fault(StrEnum):
    """Ways in which a publisher fails."""

    BUSY = "429 with Retry-After"
    ERROR = "500"
    HANG = "no answer"
    DRIP = "one byte at a time"
    CUT = "a body shorter than its Content-Length"
    HTML = "an HTML page with 200"
    LOOP = "a redirect to itself"
    BOMB = "a small gzip body that unpacks to gigabytes"
    CHARSET = "bytes that are not UTF-8"
    EMPTY = "nothing, with 200"


class Replay:
    """A running server. `folder` holds the files of each source in a folder of its own (default: the fixtures)."""

    def __init__(self, folder: Path = FIXTURES) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self._faults: dict[str, list[Fault]] = {}
        self._stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"replay": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def base_url(self, source_id: str) -> str:
        """Return the base address of a source."""
        return f"http://127.0.0.1:{self._server.server_port}/{source_id}"

    def fail(self, source_id: str, fault: Fault, times: int = 1_000_000) -> None:
        """Let the next requests for a source fail in a way; then it answers as usual."""
        self._faults[source_id] = [fault] * min(times, 1000)

    def heal(self) -> None:
        """Let every source answer as usual."""
        self._faults.clear()

    def next_fault(self, source_id: str) -> Fault | None:
        """Take the fault of the next request."""
        faults = self._faults.get(source_id)
        return faults.pop() if faults else None

    def wait_stopped(self, seconds: float) -> bool:
        """Wait as a hanging publisher does; true once the server is being stopped."""
        return self._stopped.wait(seconds)

    def stop(self) -> None:
        """Stop answering."""
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running(folder: Path = FIXTURES) -> Iterator[Replay]:
    """Run a server for as long as the block."""
    replay = Replay(folder)
    try:
        yield replay
    finally:
        replay.stop()


@cache
def _bomb() -> bytes:
    """Return some hundred kilobytes of gzip that unpack to 128 MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(128)), packer.flush()])


class _Handler(BaseHTTPRequestHandler):
    replay: Replay
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        """Answer until the client goes; one that hangs up in the middle is no error of ours."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: object) -> None:
        """Say nothing: what was asked is in `replay.asked`."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        _, source_id, *rest = parts.path.split("/", 2)
        self.replay.asked.append(self.path)
        if fault := self.replay.next_fault(source_id):
            self._fail(fault)
            return
        publisher = importlib.import_module(f"tests.replay.publishers.{source_id}")
        asked = Asked(
            base_url=self.replay.base_url(source_id),
            path="/" + (rest[0] if rest else ""),
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        self._answer(publisher.answer(asked, self.replay.folder / source_id))

    def _answer(self, reply: Reply) -> None:
        tag = f'"{hashlib.sha256(reply.body).hexdigest()[:16]}"'
        is_tagged = reply.status == 200 and not reply.is_stamped
        if is_tagged and self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
            return
        headers = {"Content-Type": reply.media_type, "Content-Length": str(len(reply.body)), **reply.headers}
        if is_tagged:
            headers["ETag"] = tag
        self._send(reply.status, headers, reply.body)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def _fail(self, fault: Fault) -> None:
        text = {"Content-Type": "text/plain"}
        match fault:
            case Fault.BUSY:
                self._send(429, {**text, "Retry-After": "0", "Content-Length": "4"}, b"busy")
            case Fault.ERROR:
                self._send(500, {**text, "Content-Length": "5"}, b"error")
            case Fault.HANG:
                self.replay.wait_stopped(30)
                self.close_connection = True
            case Fault.DRIP:
                self._drip()
            case Fault.CUT:
                self._send(200, {**text, "Content-Length": "1000"}, b"a,b\n1,2\n")
                self.close_connection = True
            case Fault.HTML:
                page = b"<!DOCTYPE html><html><head><title>Request Access</title></head><body>Blocked</body></html>"
                self._send(200, {"Content-Type": "text/html", "Content-Length": str(len(page))}, page)
            case Fault.LOOP:
                self._send(302, {"Location": self.path, "Content-Length": "0"}, b"")
            case Fault.BOMB:
                bomb = _bomb()
                headers = {**text, "Content-Encoding": "gzip", "Content-Length": str(len(bomb))}
                self._send(200, headers, bomb)
            case Fault.CHARSET:
                body = "año,país\n".encode("latin-1") * 3
                self._send(200, {"Content-Type": "text/csv; charset=utf-8", "Content-Length": str(len(body))}, body)
            case Fault.EMPTY:
                self._send(200, {**text, "Content-Length": "0"}, b"")

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not self.replay.wait_stopped(0.05):
            try:
                self.wfile.write(b"a")
            except ConnectionError:
                break
        self.close_connection = True
