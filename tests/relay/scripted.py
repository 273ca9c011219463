"""A relay that follows a script on a bare socket: it can break every rule, and keeps what it heard, byte for byte."""

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from itertools import chain, repeat

_SECONDS = 30


class Trouble(StrEnum):
    """What a relay does instead of answering."""

    STALL = "nothing"
    CUT = "hangs up"
    DRIP = "sends one byte after the other"
    ENDLESS = "sends lines of an answer, and never the last"


Answer = bytes | Trouble

_EHLO = b"250-relay.test\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
GOOD: Mapping[str, bytes] = {
    "banner": b"220 relay.test ESMTP\r\n",
    "EHLO": _EHLO,
    "STARTTLS": b"220 go on\r\n",
    "AUTH": b"235 2.7.0 welcome\r\n",
    "MAIL": b"250 2.1.0 ok\r\n",
    "RCPT": b"250 2.1.5 ok\r\n",
    "DATA": b"354 go on\r\n",
    "dot": b"250 2.0.0 taken\r\n",
    "RSET": b"250 2.0.0 ok\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}


def ehlo(*extensions: str) -> bytes:
    """Return an answer to EHLO that offers some extensions."""
    lines = ["relay.test", *extensions]
    marks = ["-"] * len(extensions) + [" "]
    return b"".join(f"250{mark}{line}\r\n".encode() for mark, line in zip(marks, lines, strict=True))


class Scripted:
    """A running relay. `script` holds its answers by phase, in order; after them, and in others, it is a good one.

    Phases: banner, the commands in capitals, `body` (troubles only, while the message is sent) and `dot`. A message is
    kept when the answer to its dot is a 2xx, or with `takes_before_trouble` also when there is no such answer.
    `clear` is what was heard before encryption began, `heard` is all. It encrypts with `tls` after STARTTLS, with
    `is_implicit` from the first byte, and with `cuts_handshake` it hangs up as soon as it should. With
    `hangs_up_after_dot` its answer to a final dot is the last thing it says; before it, it thinks for some seconds.
    """

    def __init__(
        self,
        script: Mapping[str, Sequence[Answer]],
        tls: ssl.SSLContext | None = None,
        is_implicit: bool = False,
        cuts_handshake: bool = False,
        takes_before_trouble: bool = False,
        hangs_up_after_dot: bool = False,
        thinks_seconds: float = 0,
    ) -> None:
        self.kept: list[bytes] = []
        self.clear = bytearray()
        self.heard = bytearray()
        self.begin(script)
        self.tls = tls
        self.is_implicit = is_implicit
        self.cuts_handshake = cuts_handshake
        self.hangs_up_after_dot = hangs_up_after_dot
        self.thinks_seconds = thinks_seconds
        self._takes_before_trouble = takes_before_trouble
        self._stopped = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.05)
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        """Stop answering."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(_SECONDS)
        self._listening.close()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listening.accept()
                connection.settimeout(_SECONDS)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            _Conversation(self, connection).run()
        # Whatever it has become by encryption was closed by the conversation.
        connection.close()

    def begin(self, script: Mapping[str, Sequence[Answer]]) -> None:
        """Follow another script from now on."""
        self._script = {phase: list(answers) for phase, answers in script.items()}

    def next_answer(self, phase: str) -> Answer | None:
        """Take the next answer of the script for a phase, or that of a good relay."""
        waiting = self._script.get(phase)
        return waiting.pop(0) if waiting else GOOD.get(phase)

    def takes(self, answer: Answer | None) -> bool:
        """Say whether a message is kept that is answered so."""
        if isinstance(answer, bytes) and answer[:1] in (b"2", b"4", b"5"):
            return answer.startswith(b"2")
        return self._takes_before_trouble

    def wait_stopped(self, seconds: float) -> bool:
        """Wait; true once the relay is being stopped."""
        return self._stopped.wait(seconds)


class _Conversation:
    def __init__(self, relay: Scripted, connection: socket.socket) -> None:
        self._relay = relay
        self._connection = connection
        self._file = connection.makefile("rb")
        self._is_clear = True

    def run(self) -> None:
        """Answer until the client goes or the script says so."""
        try:
            if self._relay.is_implicit:
                self._encrypt()
            goes_on = self._say(self._relay.next_answer("banner"))
            while goes_on and (line := self._hear()):
                command = line[:4].upper().decode("ascii", "replace").strip()
                phase = "STARTTLS" if line.upper().startswith(b"STARTTLS") else command
                answer = self._relay.next_answer(phase) or b"500 5.5.1 what?\r\n"
                goes_on = self._say(answer)
                if not isinstance(answer, bytes):
                    continue
                if phase == "STARTTLS" and answer.startswith(b"220"):
                    self._encrypt()
                elif phase == "DATA" and answer.startswith(b"354"):
                    goes_on = self._take()
                elif phase == "QUIT":
                    goes_on = False
        finally:
            self._file.close()
            self._connection.close()

    def _hear(self) -> bytes:
        line = self._file.readline()
        self._relay.heard += line
        if self._is_clear:
            self._relay.clear += line
        return line

    def _encrypt(self) -> None:
        context = self._relay.tls
        assert context
        self._file.close()
        if self._relay.cuts_handshake:
            raise ConnectionAbortedError
        self._connection = context.wrap_socket(self._connection, server_side=True)
        self._file = self._connection.makefile("rb")
        self._is_clear = False

    def _take(self) -> bool:
        """Read a message to its dot and answer; false if that was the end."""
        trouble = self._relay.next_answer("body")
        if trouble is Trouble.STALL:
            return self._say(trouble)
        lines = []
        while (line := self._hear()) and line != b".\r\n":
            lines.append(line.removeprefix(b"."))
            if trouble is Trouble.CUT:
                return False
        if not line:
            return False
        answer = self._relay.next_answer("dot")
        if self._relay.takes(answer):
            self._relay.kept.append(b"".join(lines))
        self._relay.wait_stopped(self._relay.thinks_seconds)
        return self._say(answer) and not self._relay.hangs_up_after_dot

    def _say(self, answer: Answer | None) -> bool:
        match answer:
            case bytes():
                self._connection.sendall(answer)
                return not answer.startswith(b"421")
            case Trouble.STALL:
                self._relay.wait_stopped(_SECONDS)
            case Trouble.DRIP:
                for byte in chain(b"250 ", repeat(ord("x"))):
                    if self._relay.wait_stopped(0.05):
                        break
                    self._connection.sendall(bytes([byte]))
            case Trouble.ENDLESS:
                while not self._relay.wait_stopped(0.05):
                    self._connection.sendall(b"250-and more\r\n")
        return False


@contextmanager
def scripted(script: Mapping[str, Sequence[Answer]] | None = None, **options) -> Iterator[Scripted]:
    """Run a relay for as long as the block."""
    relay = Scripted(script or {}, **options)
    try:
        yield relay
    finally:
        relay.stop()
