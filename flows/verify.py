"""The command `policydiff verify`: is a report's PDF as it was published? It needs the file alone, no store.

Exit codes: 0 it is, 1 it was altered, 2 it is no report.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sources.errors import BadInput, Fault, PolicydiffError

if TYPE_CHECKING:
    from reports.comparison import Row
    from reports.state import Clock
    from reports.verify import Verification
    from sources.codebook import Codebook

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
ALTERED = 1


class Altered(PolicydiffError):
    """A report is not as it was published: get it again from who made it."""


@click.command()
@click.argument("file", type=FILE, metavar="FILE.pdf")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def verify(file: Path, is_json: bool) -> None:
    """Say whether a report is as it was published, or name what was altered.

    A valid file is whole; who made it, it does not show: compare its edition with the publisher's.
    """
    found = _verified(file)
    if is_json:
        told = {
            "file": str(file),
            "valid": found.is_valid,
            "edition": found.edition,
            "pages": found.pages,
            "attachments": list(found.attachments),
            "altered": [{"part": one.part, "finding": one.finding} for one in found.alterations],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    elif found.is_valid:
        click.echo(f"valid: edition {found.edition}, {found.pages} pages, {len(found.attachments)} attachments")
    else:
        for one in found.alterations:
            click.echo(f"altered: {one}")
    if not found.is_valid:
        sys.exit(ALTERED)


def _verified(file: Path) -> "Verification":
    from reports.verify import verify as verify_content

    return verify_content(file.read_bytes(), str(file))


def read(file: Path) -> "tuple[Codebook, Clock, tuple[Row, ...]]":
    """Return what a report's attachments hold: the codebook in its scope, its clocks and its rows.

    Raises Altered if the report is not as it was published, BadInput if it is none or another version made it.
    """
    from pydantic import ValidationError

    from reports import archive

    found = _verified(file)
    if not found.is_valid:
        raise Altered(f"{file} was altered: " + "; ".join(str(one) for one in found.alterations))
    try:
        return archive.opened(archive.attached(file.read_bytes()))
    except ValidationError as error:
        expected = "attachments as this version writes them; the manifest names the version that made it"
        raise BadInput([Fault(file=str(file), path=error.title, found="another form", expected=expected)]) from error
