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
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, compat32
from email.utils import format_datetime
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import quote

import jinja2

from reports.changes import Changed
from reports.edition import Edition
from reports.language import Language
from reports.narrative import headline_then, headline_with_degree, otherwise
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
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*]+')
# A name stands on one line of a header, where each byte takes three characters at most.
_LONGEST_NAME_BYTES = 200
# Longer words would make a line of a header longer than readers expect.
_LONGEST_WORD = 60
# What no text of others may bring into a mail: controls, and marks that turn the direction or are not seen.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with messages: its neutral ASCII name and its bytes."""

    name: str
    content: bytes

    @cached_property
    def encoded(self) -> bytes:
        """The bytes as every message carries them: base64 in lines."""
        return base64.encodebytes(self.content).replace(b"\n", b"\r\n")

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
    """One changed row: its code, what is compared and what it is about, what it said and says, and why.

    `before` is empty where the headline is the same; `details` are what else it says otherwise.
    """

    code: str
    comparison: str
    subject: str
    before: str
    after: str
    details: tuple[str, ...]
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a message says of an edition, the same for all who get it; `since` is None for a first report.

    `lines` are the first LINES of `count` changed rows that matter to the recipients. `unknown_rows` of `rows` are not
    known as they turned out. `left_out` names what is too large to be sent, with bytes, and `link` says where it is.
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
    """What the templates of a message may show; `files` and `left_out` are names with kilobytes."""

    news: News
    subject: str
    files: tuple[tuple[str, int], ...]
    left_out: tuple[tuple[str, int], ...]
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
        title=cover.subject(edition, language),
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
    before = headline_then(row, then, language) if then else language.gettext("no row")
    after = headline_with_degree(row, language)
    return Line(
        code=row.code,
        comparison=language.word("comparison", row.comparison),
        subject=f"{language.text(row.instrument.short_names)}, {language.place(row.country_code)}",
        before=before if before != after else "",
        after=after,
        details=tuple(otherwise(row, then, language)) if then else (),
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
    return _plain(language.gettext("TEST: %s") % text if is_test else text)


def compose(said: News, envelope: Envelope, attachments: Sequence[Attachment]) -> tuple[bytes, ...]:
    """Return a message in segments whose concatenation it is; a file's segment is the same in every message.

    Shape: multipart/mixed of multipart/alternative (text/plain, text/html) and the files. Lines end in CRLF, nothing
    is longer than RFC 5322 allows, and everything is ASCII but an address that is not (RFC 6532).
    """
    language = Language(said.language)
    letter = Letter(
        news=said,
        subject=subject(said, bool(envelope.test_of)),
        files=tuple((file.name, _kilobytes(len(file.content))) for file in attachments),
        left_out=tuple((name, _kilobytes(size)) for name, size in said.left_out),
        unsubscribe_url=envelope.unsubscribe_url,
        unsubscribe_mail=envelope.unsubscribe_mail,
        test_of=envelope.test_of,
    )
    # What stands in a file already broken into lines stays so.
    content = EmailMessage(policy=SMTP.clone(refold_source="none"))
    words = {"letter": letter, "news": said, "language": language, "_": language.gettext, "ngettext": language.ngettext}
    content.set_content(_templates(False).get_template("message.txt.j2").render(words), cte="quoted-printable")
    content.add_alternative(
        _templates(True).get_template("message.html.j2").render(words), subtype="html", cte="quoted-printable"
    )
    content.make_mixed()
    # A file is long and the same in every message: a mark keeps its place while the rest is written.
    for number, attachment in enumerate(attachments):
        content.attach(_part(attachment, _printed_name(said, attachment, language), _mark(number)))
    # A boundary is else drawn by lot; no line of a part is one, since "=_" is in none of their encodings.
    for number, part in enumerate(p for p in content.walk() if p.is_multipart()):
        part.set_boundary(f"=_{number}_{envelope.message_id.partition('@')[0][:40]}")
    first, *rest = _segments(content.as_bytes(), attachments)
    return (_head(letter, envelope) + first, *rest)


def _kilobytes(size: int) -> int:
    return max(1, round(size / 1000))


def _head(letter: Letter, envelope: Envelope) -> bytes:
    """Return the headers of a message, but those of its content.

    They are written here and not by the library, which on some versions breaks a long name or address so that another
    address or header comes of it.
    """
    headers = [
        ("From", _mailbox("From", envelope.sender_name, envelope.sender)),
        ("To", _mailbox("To", envelope.recipient_name, envelope.recipient)),
        *([("Reply-To", f"<{envelope.reply_to}>")] if envelope.reply_to else []),
        ("Subject", _text("Subject", letter.subject)),
        ("Date", format_datetime(envelope.written)),
        ("Message-ID", f"<{envelope.message_id}>"),
        # RFC 3834: no vacation notice answers a report.
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", letter.news.language),
    ]
    if envelope.list_id:
        headers.append(("List-Id", f"<{envelope.list_id}>"))
    ways = [f"<{envelope.unsubscribe_url}>"] if envelope.unsubscribe_url else []
    if envelope.unsubscribe_mail:
        ways.append(f"<mailto:{quote(envelope.unsubscribe_mail, safe='@')}?subject=unsubscribe>")
    if ways:
        headers.append(("List-Unsubscribe", ",\r\n ".join(ways)))
    if envelope.unsubscribe_url:
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode()


def _mailbox(header: str, name: str, address: str) -> str:
    """Return an address with a name. One that is not short and ASCII is encoded: no comma or quote of it is left."""
    name = _plain(name)
    if not name:
        return f"<{address}>"
    if _is_ascii(name) and len(name) <= _LONGEST_WORD:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'
    return f"{_encoded(header, name)}\r\n <{address}>"


def _text(header: str, text: str) -> str:
    """Return text as the value of a header, broken into lines, in ASCII or in encoded words (RFC 2047)."""
    if _is_ascii(text) and all(len(word) <= _LONGEST_WORD for word in text.split()):
        return Header(text, "us-ascii", header_name=header).encode(linesep="\r\n")
    return _encoded(header, text)


def _is_ascii(text: str) -> bool:
    """Say whether text can stand in a header as it is, and no reader takes a part of it for an encoded word."""
    return text.isascii() and "=?" not in text


def _encoded(header: str, text: str) -> str:
    return Header(text, "utf-8", header_name=header).encode(linesep="\r\n")


def _plain(text: str) -> str:
    """Return text on one line, without what steers a display or a protocol: texts of others may hold it."""
    return " ".join(_UNSEEN.sub("", _CONTROLS.sub(" ", text)).split())


def _part(attachment: Attachment, name: str, mark: str) -> EmailMessage:
    """Return a part for a file, with an ASCII name for every reader and one in the recipient's language (RFC 2231).

    It holds a mark where the file goes.
    """
    # The policy of newer messages reads headers and writes them anew, with one of the two names.
    part: EmailMessage = EmailMessage(policy=compat32)
    part["Content-Type"] = f'{MEDIA_TYPES[attachment.ending]};\r\n name="{attachment.name}"'
    part["Content-Transfer-Encoding"] = "base64"
    part["Content-Disposition"] = (
        f"attachment;\r\n filename=\"{attachment.name}\";\r\n filename*=utf-8''{quote(name, safe='')}"
    )
    part.set_payload(mark)
    return part


def _mark(number: int) -> str:
    """Return what stands for a file: no text becomes it, since "=_" is in no encoding of the letter."""
    return f"=_file_{number}_"


def _printed_name(said: News, attachment: Attachment, language: Language) -> str:
    """Return a file's name in the recipient's language: nothing in it is a path or steers a file system."""
    title = _NOT_IN_NAMES.sub("-", _plain(said.title))
    title = title.encode()[:_LONGEST_NAME_BYTES].decode(errors="ignore").strip(" .-")
    return f"{title} {said.as_of.isoformat()} {language.code}.{attachment.ending}"


def _segments(content: bytes, attachments: Sequence[Attachment]) -> tuple[bytes, ...]:
    """Cut a message at its marks and put the files there."""
    segments, rest = [], content
    for number, attachment in enumerate(attachments):
        before, found, rest = rest.partition(_mark(number).encode())
        if not found:
            raise ValueError(f"{attachment.name} has no place in the message")
        segments += [before, attachment.encoded]
    return (*segments, rest)


@cache
def _templates(is_html: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=is_html,
        finalize=lambda value: _plain(value) if isinstance(value, str) else value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
