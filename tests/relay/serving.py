"""A relay that serves: aiosmtpd, which treats each recipient as it was told and keeps what it takes."""

import asyncio
import re
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session, syntax


class Treatment(StrEnum):
    """What becomes of one attempt to send to a recipient."""

    TAKE = "250"
    GREYLIST = "450 at RCPT"
    NO_MAILBOX = "550 5.1.1 at RCPT"
    POLICY = "550 5.7.1 at RCPT"
    CUT_AT_RCPT = "hangs up instead of answering RCPT"
    CUT_AT_DATA = "hangs up instead of answering DATA"
    CUT_TAKEN = "takes the message and hangs up instead of saying so"
    CUT_LOST = "hangs up after the final dot and has taken nothing"


_ANSWERS = {
    Treatment.GREYLIST: "450 4.7.1 greylisted, come back later",
    Treatment.NO_MAILBOX: "550 5.1.1 there is no such mailbox",
    Treatment.POLICY: "550 5.7.1 not taken here",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message that was taken: for whom, and its bytes without the dots of the wire."""

    recipient: str
    content: bytes

    @property
    def key(self) -> str:
        """Return the delivery's key, which the Message-ID is made of."""
        found = re.search(rb"(?im)^Message-ID: <([^@>]+)@", self.content)
        return found[1].decode("ascii") if found else ""


class Relay:
    """A running relay. `login` is the user and the password it asks for."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        size_limit: int | None = None,
        is_international: bool = True,
    ) -> None:
        self.kept: list[Kept] = []
        self._login = login
        self._treatments: dict[str, list[Treatment]] = {}
        self._loop = asyncio.new_event_loop()
        self._open: list[_Protocol] = []

        def protocol() -> "_Protocol":
            options = {"tls_context": tls, "require_starttls": tls is not None}
            made = _Protocol(
                self,
                hostname="relay.test",
                data_size_limit=size_limit,
                enable_SMTPUTF8=is_international,
                authenticator=self._authenticate if login else None,
                auth_required=login is not None,
                loop=self._loop,
                **options,
            )
            self._open.append(made)
            return made

        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(self._loop.create_server(protocol, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of a command that sends through it, in clear text."""
        given = {"HOST": "127.0.0.1", "PORT": str(self.port), "TLS": "none", "SENDER": "reports@policy.example"}
        return {f"POLICYDIFF_MAIL__{name}": value for name, value in given.items()}

    def treat(self, recipient: str, *treatments: Treatment) -> None:
        """Treat the next attempts to send to a recipient so; after them its mail is taken."""
        self._treatments[recipient] = list(treatments)

    def count(self) -> Counter[str]:
        """Return how often the message of each delivery was taken, by key."""
        return Counter(kept.key for kept in self.kept)

    def stop(self) -> None:
        """Stop serving."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for protocol in self._open:
            if protocol.transport:
                protocol.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def _authenticate(self, _server, _session, _envelope, _mechanism, data) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._login, handled=False)

    async def handle_RCPT(self, server, session: Session, envelope: Envelope, address: str, _options) -> str:  # noqa: N802
        waiting = self._treatments.get(address)
        session.treatment = waiting.pop(0) if waiting else Treatment.TAKE
        if session.treatment is Treatment.CUT_AT_RCPT:
            server.transport.abort()
        if answer := _ANSWERS.get(session.treatment):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if session.treatment is not Treatment.CUT_LOST:
            self.kept.extend(Kept(recipient=name, content=envelope.original_content) for name in envelope.rcpt_tos)
        if session.treatment in (Treatment.CUT_LOST, Treatment.CUT_TAKEN):
            server.transport.abort()
        return "250 2.0.0 taken"


class _Protocol(SMTP):
    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        treatment = getattr(self.session, "treatment", Treatment.TAKE)
        if treatment is Treatment.CUT_AT_DATA:
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


@contextmanager
def serving(**options) -> Iterator[Relay]:
    """Run a relay for as long as the block."""
    relay = Relay(**options)
    try:
        yield relay
    finally:
        relay.stop()
