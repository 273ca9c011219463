"""The conversation with the relay (RFC 5321), one message at a time, with the moment before the final dot in our hands.

smtplib speaks the protocol; its `sendmail` sends body and final dot together, takes a partial refusal for success and
ignores the server's SIZE, so MAIL, RCPT, DATA and the dot are sent here one by one. What fails before the dot was
certainly not delivered; what fails after it nobody can tell. TLS is verified, and nothing is sent where it was asked
for and is not offered.
"""

import binascii
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from flows.settings import MailSettings, Tls
from sources.errors import PolicydiffError
from sources.texts import one_line

_OK = 250
_START_INPUT = 354
_CLOSING = 421
_TOO_LARGE = 552
_LOGIN_WANTED = 530
# An enhanced status code (RFC 3463) at the beginning of a server's words.
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)")
_ANSWER = re.compile(rb"(?P<code>[2-5][0-9]{2})(?:(?P<mark>[ -])(?P<words>.*))?", re.DOTALL)
# RFC 5321 gives a line 512 bytes and an answer no limit; no relay comes near these.
_LONGEST_LINE = 8192
_MOST_LINES = 100
# The logins that smtplib can speak.
_LOGINS = frozenset({"CRAM-MD5", "PLAIN", "LOGIN"})
_SHOWN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A server's answer: its code and words, in one line; the code is -1 where the answer has none."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}" if self.code >= 0 else f"an answer without a code: {self.text}"

    @property
    def status(self) -> str:
        """Return the enhanced status code (RFC 3463), such as 5.1.1, or nothing."""
        found = _STATUS.match(self.text)
        return found.group() if found else ""

    @property
    def is_refusal(self) -> bool:
        """Whether it says that something is not taken, now (4xx) or ever (5xx)."""
        return 400 <= self.code < 600

    @property
    def is_permanent(self) -> bool:
        """Whether it refuses for good: trying again is of no use (5xx)."""
        return 500 <= self.code < 600


class RelayMisconfigured(PolicydiffError):
    """The relay cannot be used as the settings say: correct them. Nothing was sent."""


class RelayUnavailable(PolicydiffError):
    """The relay does not answer, or broke off before the final dot: the message was not delivered; try later."""


class Rejected(PolicydiffError):
    """The relay answered one message with a refusal: it was not delivered."""

    def __init__(self, phase: str, reply: Reply) -> None:
        self.phase = phase
        self.reply = reply
        super().__init__(f"{phase}: {reply}")

    @property
    def is_about_size(self) -> bool:
        """Whether the message is too large for the relay, by the size that was announced."""
        return self.phase == "MAIL" and (self.reply.status == "5.3.4" or self.reply.code == _TOO_LARGE)

    @property
    def is_sender_refused(self) -> bool:
        """Whether no mail of ours is taken, whoever it is for; some relays say so only when they hear the recipient."""
        if not self.reply.is_permanent:
            return False
        if self.reply.status in ("5.1.7", "5.1.8") or self.reply.code == _LOGIN_WANTED:
            return True
        # 5.6.7 is about this recipient's address, which only UTF-8 can write.
        return self.phase == "MAIL" and self.reply.status != "5.6.7"

    @property
    def is_bad_address(self) -> bool:
        """Whether it says that there is no such mailbox, or none at that domain: nothing more should be sent to it."""
        is_told = self.phase != "MAIL" and self.reply.is_permanent
        return is_told and self.reply.status in ("5.1.1", "5.1.2", "5.1.3", "5.1.10")


class TooLarge(PolicydiffError):
    """The relay takes no message of this size: send a smaller one. `limit_bytes` is the most it takes."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"the message has {size_bytes} bytes, the relay takes no more than {limit_bytes}")


class AnswerLost(PolicydiffError):
    """The connection broke after the final dot: nobody can tell whether the message was taken."""


class _Connection(smtplib.SMTP):
    """A connection that reads answers strictly and to their end.

    smtplib takes a line that was cut off for a whole one and "+25" for a code, and waits for ever where a byte comes
    now and then.
    """

    def getreply(self) -> tuple[int, bytes]:
        """Return the code and the words of an answer; the code is -1 where it is none."""
        return self.answer(self.timeout)

    def answer(self, seconds: float) -> tuple[int, bytes]:
        """Return the same for an answer that has some seconds to become whole."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        if self.file is None:
            # smtplib forgets it when encryption begins, and with it what was said before.
            self.file = _Lines(self.sock)
        try:
            return self.file.answer(time.monotonic() + seconds)
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(str(error)) from error
        finally:
            if self.sock is not None:
                self.sock.settimeout(self.timeout)

    def hurry(self) -> None:
        """Let small pieces leave at once: a final dot else waits for the receipt of the message before it."""
        if self.sock is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _EncryptedConnection(_Connection, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""


class _Lines:
    """What comes over a connection, line by line."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._read = b""

    def answer(self, until: float) -> tuple[int, bytes]:
        """Return the code and the words of an answer that is whole at an instant of the monotonic clock."""
        words: list[bytes] = []
        while len(words) < _MOST_LINES:
            line = self._line(until)
            found = _ANSWER.fullmatch(line)
            if not found:
                return -1, line
            words.append(found["words"] or b"")
            if found["mark"] != b"-":
                return int(found["code"]), b"\n".join(words)
        return -1, b"an answer without end"

    def _line(self, until: float) -> bytes:
        while b"\n" not in self._read:
            if len(self._read) > _LONGEST_LINE:
                raise ConnectionAbortedError("a line without end")
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._connection.settimeout(left)
            read = self._connection.recv(_LONGEST_LINE)
            if not read:
                raise ConnectionAbortedError("the relay hung up")
            self._read += read
        line, _, self._read = self._read.partition(b"\n")
        return line.removesuffix(b"\r")

    def close(self) -> None:
        """Close nothing: the connection is closed by its owner, who closes this too."""


class Session:
    """An open connection to the relay; `limit_bytes` is the largest message it takes, None where it does not say."""

    def __init__(self, connection: _Connection, answer_seconds: float) -> None:
        """Take a connection that has greeted; `answer_seconds` is how long to wait for the answer to a final dot."""
        self._connection = connection
        self._answer_seconds = answer_seconds
        size = connection.esmtp_features.get("size", "")
        # RFC 1870: up to twenty digits, and 0 is no limit.
        self.limit_bytes = (int(size) or None) if re.fullmatch("[0-9]{1,20}", size) else None

    def send(self, sender: str, recipient: str, message: bytes, before_dot: Callable[[], None]) -> Reply:
        """Send one message to one recipient and return the answer to its final dot, a 2xx.

        `before_dot` is called when nothing but the final dot is left to send; if it raises, the connection is closed
        without it. Raises TooLarge, Rejected, RelayUnavailable: certainly not delivered; AnswerLost: unknown.
        """
        if self.limit_bytes is not None and len(message) > self.limit_bytes:
            raise TooLarge(len(message), self.limit_bytes)
        is_international = not ((sender + recipient).isascii() and message.isascii())
        if is_international and not self._connection.has_extn("smtputf8"):
            text = f"5.6.7 the relay takes no addresses beyond ASCII (SMTPUTF8), such as {recipient}"
            raise Rejected("MAIL", Reply(code=553, text=text))
        with _broken_before_dot():
            options = f" SIZE={len(message)}" if self._connection.has_extn("size") else ""
            options += " BODY=8BITMIME SMTPUTF8" if is_international else ""
            # With SMTPUTF8 addresses go over the wire as UTF-8 (RFC 6531).
            self._connection.command_encoding = "utf-8" if is_international else "ascii"
            try:
                self._command("MAIL", f"MAIL FROM:<{sender}>{options}", _OK)
            except Rejected as refusal:
                if refusal.is_about_size:
                    raise TooLarge(len(message), len(message) - 1) from refusal
                raise
            # 251 takes it for another address, 252 without having looked.
            self._command("RCPT", f"RCPT TO:<{recipient}>", _OK, 251, 252)
            self._command("DATA", "DATA", _START_INPUT)
            self._connection.send(_stuffed(message))
        try:
            before_dot()
        except BaseException:
            # An unfinished DATA can only be given up with the connection.
            self.close()
            raise
        return self._finish()

    def _finish(self) -> Reply:
        try:
            self._connection.send(b".\r\n")
            # RFC 5321, 4.5.3.2.6: a server may take ten minutes for it.
            reply = _reply(*self._connection.answer(self._answer_seconds))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise AnswerLost(f"no answer to the final dot: {_shown(str(error))}") from error
        if 200 <= reply.code < 300:
            return reply
        if reply.is_refusal:
            raise Rejected("DATA", reply)
        self.close()
        raise AnswerLost(f"no answer to the final dot that can be read: {reply}")

    def _command(self, phase: str, command: str, *good: int) -> None:
        self._connection.putcmd(command)
        reply = _reply(*self._connection.getreply())
        if reply.code in good:
            return
        if reply.code == _CLOSING or not reply.is_refusal:
            # It closes, is out of step or speaks something else.
            self.close()
            raise RelayUnavailable(f"{phase}: {reply}")
        raise Rejected(phase, reply)

    @property
    def is_open(self) -> bool:
        """Whether the connection was not closed from our side."""
        return self._connection.sock is not None

    def is_ready(self) -> bool:
        """Ask the relay whether it takes another message: some close a connection after a time or a number."""
        try:
            return self.is_open and self._connection.rset()[0] == _OK
        except (OSError, smtplib.SMTPException):
            self.close()
            return False

    def close(self) -> None:
        """Close the connection without ceremony."""
        self._connection.close()


@contextmanager
def session(settings: MailSettings) -> Iterator[Session]:
    """Open a session with the relay: connected, encrypted and logged in as the settings say.

    Raises RelayUnavailable if it does not answer, RelayMisconfigured if it is not what the settings promise.
    """
    connection = _connect(settings)
    opened = Session(connection, settings.answer_seconds)
    try:
        yield opened
        if opened.is_open:
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()
    finally:
        connection.close()


def _connect(settings: MailSettings) -> _Connection:
    where = f"the relay {settings.host}:{settings.port}"
    context = _trusting(settings)
    with _opening(where):
        if settings.tls is Tls.IMPLICIT:
            connection: _Connection = _EncryptedConnection(
                settings.host, settings.port, timeout=settings.timeout_seconds, context=context
            )
        else:
            connection = _Connection(settings.host, settings.port, timeout=settings.timeout_seconds)
        try:
            connection.hurry()
            connection.ehlo_or_helo_if_needed()
            if settings.tls is Tls.STARTTLS:
                if not connection.has_extn("starttls"):
                    raise RelayMisconfigured(f"{where} offers no STARTTLS, as the settings ask for; nothing was sent")
                connection.starttls(context=context)
                connection.ehlo_or_helo_if_needed()
            if settings.username:
                _log_in(connection, settings, where)
        except BaseException:
            connection.close()
            raise
        return connection


def _trusting(settings: MailSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    except OSError as error:
        raise RelayMisconfigured(
            f"mail.ca_file {settings.ca_file}: expected a file of certificates in PEM: {_shown(str(error))}"
        ) from error


def _log_in(connection: _Connection, settings: MailSettings, where: str) -> None:
    if not _LOGINS & set(connection.esmtp_features.get("auth", "").split()):
        raise RelayMisconfigured(
            f"{where} offers no login of {', '.join(sorted(_LOGINS))}, and the settings name a user; nothing was sent"
        )
    if settings.password is None:
        raise RelayMisconfigured("the settings name a user and no password: set POLICYDIFF_MAIL__PASSWORD")
    password = settings.password.get_secret_value()
    if not (settings.username + password).isascii():
        raise RelayMisconfigured("the user and the password of the relay have to be ASCII")
    try:
        connection.login(settings.username, password)
    # Neither the server's words nor the error that carries them are passed on: some servers repeat what they were sent.
    except smtplib.SMTPAuthenticationError as error:
        reply = _reply(error.smtp_code, error.smtp_error)
        kind = RelayMisconfigured if reply.is_permanent else RelayUnavailable
        answer = f"{reply.code} {reply.status}".rstrip()
        raise kind(f"{where} refuses the login of {settings.username}: {answer}; nothing was sent") from None
    except (smtplib.SMTPException, binascii.Error):
        raise RelayUnavailable(f"{where} broke off the login of {settings.username}") from None


@contextmanager
def _opening(where: str) -> Iterator[None]:
    """Say of each way in which a connection does not come about whether to correct the settings or to try later."""
    try:
        yield
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise RelayUnavailable(f"{where} broke off: {_shown(str(error))}") from error
    except ssl.SSLError as error:
        certificate = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else ""
        reason = certificate or error.reason or str(error)
        raise RelayMisconfigured(f"{where} cannot be trusted: {_shown(reason)}; nothing was sent") from error
    except smtplib.SMTPResponseException as error:
        reply = _reply(error.smtp_code, error.smtp_error)
        kind = RelayMisconfigured if reply.is_permanent else RelayUnavailable
        raise kind(f"{where} does not let us in: {reply}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise RelayUnavailable(f"{where} does not answer: {_shown(str(error))}") from error
    except UnicodeError as error:
        raise RelayMisconfigured(f"{where}: expected the name of a host") from error


@contextmanager
def _broken_before_dot() -> Iterator[None]:
    try:
        yield
    except (OSError, smtplib.SMTPException) as error:
        raise RelayUnavailable(f"the relay broke off before the final dot: {_shown(str(error))}") from error


def _stuffed(message: bytes) -> bytes:
    """Return a message as it goes over the wire, without the final dot: CRLF, and a dot before a leading dot."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)


def _reply(code: int, text: bytes | str) -> Reply:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return Reply(code=code, text=_shown(words))


def _shown(text: str) -> str:
    """Return a server's words as one line of bounded length, with nothing that steers a terminal."""
    return one_line("".join(c if c.isprintable() else " " for c in text))[:_SHOWN]
