"""Editions to messages: what a recipient reads before opening the report, as RFC 5322 bytes.

One message is for one recipient: plain text, HTML with its styles inline, and the files. It says what changed since
this recipient's last report, with row codes, and carries the banners of the report. The words are in reports/locales/.
Templates: message.txt.j2 and message.html.j2, which see only a Letter and the reader's language.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy, compat32
from functools import cache
from pathlib import Path
from urllib.parse import quote

import jinja2

from reports.changes import Changed
from reports.edition import Edition
from reports.language import Language
from reports.narrative import headline, headline_word
from reports.sections import cover
from sources.model import Existence, Side

# More rows than a mail is read for; the report has them all.
LINES = 25
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a message: its neutral ASCII name and its bytes."""

    name: str
    content: bytes

    @property
    def ending(self) -> str:
        """Return its format."""
        return self.name.rsplit(".", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Why a report is sent once more: the day of the wrong one, and the reason."""

    of: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One changed row: its code, what is compared and what it is about, what it said and says, and why."""

    code: str
    comparison: str
    subject: str
    before: str
    after: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a message says of an edition, the same for all who get it; `since` is None for a first report.

    `lines` are the first LINES of `count` changed rows that matter to the recipients. `unknown_rows` of `rows` are not
    known as they turned out. `left_out` names what is too large to be sent, and `link` where it is.
    """

    language: str
    title: str
    scope: str
    as_of: date
    edition_id: str
    since: date | None
    count: int
    lines: tuple[Line, ...]
    rows: int
    unknown_rows: int
    stale: tuple[str, ...]
    withheld_rows: int
    correction: Correction | None = None
    left_out: tuple[tuple[str, int], ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """For whom a message is, from whom, and what its headers need. All are checked values, never free text.

    Domains are in their ASCII form. `message_id` is without angle brackets; a test stands in for `test_of`.
    """

    message_id: str
    written: datetime
    sender: str
    sender_name: str
    recipient: str
    recipient_name: str
    reply_to: str = ""
    list_id: str = ""
    unsubscribe_mail: str = ""
    unsubscribe_url: str = ""
    test_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What the templates of a message may show."""

    news: News
    subject: str
    recipient_name: str
    files: tuple[tuple[str, int], ...]
    unsubscribe_url: str
    unsubscribe_mail: str
    test_of: str


def news(
    edition: Edition,
    classes: Sequence[Existence] = (),
    minimum_magnitude: int | None = None,
    correction: Correction | None = None,
) -> News:
    """Return what a message says of an edition. Of the changed rows those matter that `chosen` keeps."""
    language = Language(edition.request.language)
    changed = chosen(edition.changes, classes, minimum_magnitude)
    return News(
        language=language.code,
        title=cover.title(edition, language),
        scope=cover.scope(edition, language),
        as_of=edition.request.clock.as_of,
        edition_id=edition.id,
        since=edition.since.as_of if edition.since else None,
        count=len(changed),
        lines=tuple(_line(change, language) for change in changed[:LINES]),
        rows=edition.coverage.cells,
        unknown_rows=edition.coverage.unknown[Side.ACTUAL],
        stale=tuple(f"{source.publisher}, {source.title}" for source in edition.stale_sources),
        withheld_rows=edition.withheld_rows,
        correction=correction,
    )


def chosen(
    changed: Sequence[Changed], classes: Sequence[Existence], minimum_magnitude: int | None
) -> tuple[Changed, ...]:
    """Return the changed rows that matter to somebody who asked for classes of headlines or a magnitude.

    A class counts whether the row came to it or left it. A row whose magnitude nobody coded counts only where no
    magnitude was asked for.
    """
    return tuple(
        change
        for change in changed
        if (not classes or change.row.change.existence in classes or (change.then and change.then.existence in classes))
        and (minimum_magnitude is None or (change.row.change.magnitude or 0) >= minimum_magnitude)
    )


def _line(change: Changed, language: Language) -> Line:
    row, then = change.row, change.then
    before = headline_word(then.existence, row.comparison, then.is_carried, language) if then else ""
    return Line(
        code=row.code,
        comparison=language.word("comparison", row.comparison),
        subject=f"{language.text(row.instrument.short_names)}, {language.place(row.country_code)}",
        before=before or language.gettext("no row"),
        after=headline(row, language),
        cause=language.word("cause", change.cause),
    )


def subject(said: News, is_test: bool) -> str:
    """Return the subject: that it is a test or a correction, what changed since when, and what the report is on."""
    language = Language(said.language)
    if said.since is None:
        text = language.gettext("%(title)s, as of %(day)s") % {"title": said.title, "day": language.day(said.as_of)}
    elif said.count:
        text = language.ngettext(
            "%(count)s change since %(day)s: %(title)s", "%(count)s changes since %(day)s: %(title)s", said.count
        ) % {"count": language.number(said.count), "day": language.day(said.since), "title": said.title}
    else:
        text = language.gettext("No change since %(day)s: %(title)s") % {
            "day": language.day(said.since),
            "title": said.title,
        }
    if said.stale:
        text = language.gettext("%s (with stale sources)") % text
    if said.correction:
        text = language.gettext("Correction: %s") % text
    return language.gettext("TEST: %s") % text if is_test else text


def compose(said: News, envelope: Envelope, attachments: Sequence[Attachment]) -> tuple[bytes, ...]:
    """Return a message in segments whose concatenation it is; a file's segment is the same in every message.

    Shape: multipart/mixed of multipart/alternative (text/plain, text/html) and the files. Lines end in CRLF, nothing
    is longer than RFC 5322 allows, and everything is ASCII but the headers of an address that is not.
    """
    language = Language(said.language)
    policy = _policy(envelope)
    letter = Letter(
        news=said,
        subject=subject(said, bool(envelope.test_of)),
        recipient_name=envelope.recipient_name,
        files=tuple((file.name, len(file.content)) for file in attachments),
        unsubscribe_url=envelope.unsubscribe_url,
        unsubscribe_mail=envelope.unsubscribe_mail,
        test_of=envelope.test_of,
    )
    message = EmailMessage(policy=policy)
    _head(message, letter, envelope)
    words = {"letter": letter, "news": said, "language": language, "_": language.gettext, "ngettext": language.ngettext}
    message.set_content(_templates(False).get_template("message.txt.j2").render(words), cte="quoted-printable")
    message.add_alternative(
        _templates(True).get_template("message.html.j2").render(words), subtype="html", cte="quoted-printable"
    )
    message.make_mixed()
    # Set here because what begins with Content moves into the first part when parts are made.
    message["Content-Language"] = said.language
    for attachment in attachments:
        message.attach(_part(attachment, _printed_name(said, attachment, language)))
    # A boundary is else drawn by lot; one made of the key is as safe, since no line of the parts begins with it.
    for number, part in enumerate(p for p in message.walk() if p.is_multipart()):
        part.set_boundary(f"=_{number}_{envelope.message_id.partition('@')[0][:40]}")
    return _segments(message.as_bytes(policy=policy), attachments)


def _policy(envelope: Envelope) -> "EmailPolicy[EmailMessage]":
    """Return how the message is written: ASCII with encoded words, but for an address that only UTF-8 can write."""
    is_ascii = (envelope.recipient + envelope.sender + envelope.reply_to).isascii()
    # Headers made here are folded as they should be; what is folded already stays.
    return (SMTP if is_ascii else SMTPUTF8).clone(refold_source="none")


def _head(message: EmailMessage, letter: Letter, envelope: Envelope) -> None:
    message["From"] = _address(envelope.sender_name, envelope.sender)
    message["To"] = _address(envelope.recipient_name, envelope.recipient)
    if envelope.reply_to:
        message["Reply-To"] = _address("", envelope.reply_to)
    message["Subject"] = letter.subject
    message["Date"] = envelope.written
    message["Message-ID"] = f"<{envelope.message_id}>"
    # RFC 3834: no vacation notice answers a report.
    message["Auto-Submitted"] = "auto-generated"
    if envelope.list_id:
        message["List-Id"] = f"<{envelope.list_id}>"
    ways = [f"<{envelope.unsubscribe_url}>"] if envelope.unsubscribe_url else []
    if envelope.unsubscribe_mail:
        ways.append(f"<mailto:{envelope.unsubscribe_mail}?subject=unsubscribe>")
    if ways:
        message["List-Unsubscribe"] = ", ".join(ways)
    if envelope.unsubscribe_url:
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)


def _part(attachment: Attachment, name: str) -> EmailMessage:
    """Return a file as a part with an ASCII name for every reader and one in the recipient's language (RFC 2231)."""
    # The policy of newer messages reads headers and writes them anew, with one of the two names.
    part: EmailMessage = EmailMessage(policy=compat32)
    part["Content-Type"] = f'{MEDIA_TYPES[attachment.ending]};\r\n name="{attachment.name}"'
    part["Content-Transfer-Encoding"] = "base64"
    part["Content-Disposition"] = (
        f"attachment;\r\n filename=\"{attachment.name}\";\r\n filename*=utf-8''{quote(name, safe='')}"
    )
    part.set_payload(_base64(attachment.content).decode("ascii"))
    return part


def _base64(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def _printed_name(said: News, attachment: Attachment, language: Language) -> str:
    """Return a file's name in the recipient's language: nothing in it is a path or steers a file system."""
    title = _NOT_IN_NAMES.sub("-", f"{said.title} - {said.scope}")[:_LONGEST_NAME].strip(" .-")
    return f"{title} {said.as_of.isoformat()} {language.code}.{attachment.ending}"


def _segments(message: bytes, attachments: Sequence[Attachment]) -> tuple[bytes, ...]:
    """Cut a message at its files."""
    segments, rest = [], message
    for attachment in attachments:
        encoded = _base64(attachment.content)
        before, found, rest = rest.partition(encoded)
        if not found:
            raise ValueError(f"{attachment.name} is not in the message as it was encoded")
        segments += [before, encoded]
    return (*segments, rest)


@cache
def _templates(is_html: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=is_html,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
