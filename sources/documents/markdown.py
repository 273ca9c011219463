"""Markdown, with front matter: the text a reader of the rendered page sees.

Archives keep pages of the web in Markdown files, with HTML in them: it is rendered as it stands, and its text taken as
that of any page. Lines indented by four are text, not code, as in those files they are.
"""

import html
import re
from functools import cache

import yaml
from markdown_it import MarkdownIt

from sources import texts
from sources.dates import Dated
from sources.documents import dating
from sources.documents.extract import Extract, refusal, tree_of, with_title

# The parser's time goes by the lines and by the characters that may be marks; files have some thousands.
_MOST_LINES = 50_000
_MOST_MARKS = 60_000
_MARK = re.compile(r"[!$%&*+\-:<=>@\[\\\]^_`{|}~]")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<head>(?:(?!---|\.\.\.)[^\n]*\n){1,1000})(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_FIELD = re.compile(r"[\"']?[A-Za-z_][\w-]*[\"']?:\s")
_LINE = re.compile(r"(?P<name>[A-Za-z_][\w-]*):[ \t]+(?P<quote>[\"']?)(?P<text>.+?)(?P=quote)[ \t]*")
_SIGNS = re.compile(r"^ {0,3}#{1,6} |\]\(https?://", re.M)
# What a page prints below its title. Other fields are for machines.
_PRINTED = ("subtitle", "description", "summary", "notes")
# A copy may carry two days: that of the original is the document's.
_DAYS = ("original_published", "publication_date", "published_time", "date_published", "published", "pubdate", "date")
_LANGUAGES = ("language", "lang")
_DAYS_OF_A_YEAR = 366


def has_front_matter(text: str) -> bool:
    """Say whether a text begins with front matter: fields between two lines of ---, not a rule and a paragraph."""
    match = _FRONT_MATTER.match(text)
    return match is not None and _FIELD.match(match["head"]) is not None


def has_signs(text: str) -> bool:
    """Say whether a text has a heading or a link of Markdown."""
    return _SIGNS.search(text) is not None


def read(text: str, source: str) -> Extract:
    """Return the text of a Markdown file: title, then what is printed below it, then the body as it is rendered.

    A copy that was made later carries the day it was made; its name keeps the document's. So the day in the file's name
    counts where the front matter's is later by more than a year.

    Raises BadInput for front matter that is no YAML, and for a body that cannot be read whole.
    """
    fields: dict[str, str] = {}
    if has_front_matter(text) and (match := _FRONT_MATTER.match(text)):
        fields = _fields(match["head"], source)
        text = text[match.end() :]
    body, heading = _rendered(text, source)
    title = texts.one_line(html.unescape(fields.get("title", ""))) or heading
    printed = [_rendered(fields[name], source)[0] for name in _PRINTED if name in fields]
    days = [day for name in _DAYS if name in fields and (day := dating.written(fields[name]))]
    return Extract(
        title=title,
        text=with_title(title, *(part for part in printed if part not in body), body),
        published=_first_copy(days[0], source) if days else None,
        language=next((fields[name] for name in _LANGUAGES if name in fields), ""),
    )


def _first_copy(day: Dated, source: str) -> Dated:
    named = dating.in_name(source)
    is_later = named is not None and (day.first_day - named.last_day).days > _DAYS_OF_A_YEAR
    return named if named and is_later else day


def _fields(head: str, source: str) -> dict[str, str]:
    """Return the fields of front matter that are one text each, of a repeated one the first.

    A title with a colon in it makes the whole no YAML; where each line is a field, it is read as it stands.
    """
    try:
        return _yaml_fields(head)
    except yaml.YAMLError as error:
        lines = [_LINE.fullmatch(line) for line in head.splitlines() if line.strip()]
        if None in lines:
            found = f"what is no YAML: {' '.join(str(error).split())}"
            raise refusal(source, "front matter", found, "fields, each with a text") from error
        return {line["name"]: line["text"] for line in reversed(lines) if line}


def _yaml_fields(head: str) -> dict[str, str]:
    """Read YAML event by event: nothing in it is expanded, and nesting costs nothing."""
    fields: dict[str, str] = {}
    name: str | None = None
    depth = 0
    for event in yaml.parse(head, Loader=yaml.CBaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth != 1 or not isinstance(event, yaml.ScalarEvent | yaml.AliasEvent | yaml.CollectionEndEvent):
            continue
        value = event.value if isinstance(event, yaml.ScalarEvent) else ""
        if name is None:
            name = value
        else:
            fields.setdefault(name, value)
            name = None
    return fields


def _rendered(text: str, source: str) -> tuple[str, str]:
    """Return what a reader of the rendered page sees, and the first heading or ""."""
    if (marks := len(_MARK.findall(text))) > _MOST_MARKS:
        raise refusal(source, "text", f"{marks} marks of Markdown", f"up to {_MOST_MARKS}")
    if (lines := text.count("\n")) > _MOST_LINES:
        raise refusal(source, "text", f"{lines} lines of Markdown", f"up to {_MOST_LINES}")
    tree = tree_of(f"<!DOCTYPE html><html><body>{_renderer().render(text)}</body></html>", source)
    heading = next(tree.iter("h1", "h2", "h3", "h4", "h5", "h6"), None)
    return texts.text_of(tree), "" if heading is None else texts.one_line(texts.text_of(heading))


@cache
def _renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": 100}).enable("table").disable("code")
