"""The command `policydiff rebuild`: make an edition again from its manifest, byte for byte, or say what differs.

Exit codes: 0 the bytes are the same, 2 what it was made from is not here as it was, 4 the bytes came out otherwise, and
nothing was kept.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sources.errors import BadInput, Fault, Refused

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from reports.publish import Published
    from reports.rebuild import Promise


@click.command()
@click.argument("edition", metavar="MANIFEST.json|EDITION")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write to (default: the manifest's)."
)
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def rebuild(edition: str, out: Path | None, is_json: bool) -> None:
    """Make an edition again from its manifest, or from its id if it stands in the output folder.

    Files are kept only if every byte is as it was.
    """
    from flows import editions, settings
    from reports import rebuild as rebuilding

    path = Path(edition) if Path(edition).is_file() else editions.find(edition, settings.load().out)[0]
    manifest = path.read_bytes()
    promise = rebuilding.read(manifest, path.name)
    published = again(promise, path, out or path.parent, lambda text: click.echo(text, err=True))
    other_making = rebuilding.other_making(promise)
    for difference in other_making:
        click.echo(f"not as it was: {difference}", err=True)
    if is_json:
        told = {
            "edition": published.edition_id,
            "same_bytes": True,
            "not_as_it_was": other_making,
            "files": [{"path": str(file.path), "bytes": file.size, "sha256": file.sha256} for file in published.files],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for file in published.files:
            click.echo(f"same bytes: {file.path}")


def again(promise: "Promise", path: Path, out: Path, say: Callable[[str], None]) -> "Published":
    """Make the edition of a manifest again and put its files in `out` if they are the same; `path` is the manifest.

    Raises BadInput naming every input that is not here as it was, Refused naming the files that came out otherwise and
    all that this edition was made with and that is not here.
    """
    from pydantic import ValidationError

    from flows import evidence, settings, unreviewed
    from flows.build import Evidence
    from flows.parameters import ReportParameters
    from reports import publish, rebuild
    from sources.codebook import OVERLAY

    formats = [Path(name).suffix.removeprefix(".") for name in promise.files]
    try:
        parameters = ReportParameters.of_inputs(promise.inputs, formats)
    except ValidationError as error:
        raise BadInput([_unknown(path.name, detail) for detail in error.errors()]) from error
    say("reading the instruments")
    configured = settings.load()
    book = evidence.as_it_was(configured, promise.inputs["codebook_sha256"].get(OVERLAY))
    read = promise.inputs.get("machine_read_sha256")
    claims = unreviewed.of_ids(configured, read) if read is not None else None
    made = Evidence(configured=configured, book=book, claims=claims).edition(parameters, path.parent, say)
    if faults := rebuild.other_inputs(promise, made, path.name):
        raise BadInput(faults)
    files = publish.make(made, parameters.formats, say)
    if unlike := rebuild.other_files(promise, files.files):
        raise Refused(_refusal(unlike, rebuild.other_making(promise)))
    return publish.put(files, made, out, path.read_bytes())


def _unknown(name: str, detail: "ErrorDetails") -> Fault:
    path = ".".join(("inputs", *map(str, detail["loc"])))
    return Fault(
        file=name, path=path, found=repr(detail["input"]), expected=f"an input as `build` takes it ({detail['msg']})"
    )


def _refusal(unlike: list[str], other_making: list[str]) -> str:
    """Say which files came out otherwise, and what may have done it."""
    why = [f"not as it was: {difference}" for difference in other_making]
    lines = [*unlike, *(why or ["though tools, fonts and code are those of the manifest"])]
    return "not the same bytes, and nothing was kept:" + "".join(f"\n  {line}" for line in lines)
