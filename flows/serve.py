"""The command `policydiff serve`: Prefect's server, its worker and the schedules on this machine, behind a login."""

from typing import TYPE_CHECKING

import click

from flows.options import say

if TYPE_CHECKING:
    from flows.settings import Settings
    from flows.supervise import Plan


@click.command()
@click.option("--host", metavar="ADDRESS", help="Listen on this address of the machine (default: 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Listen on this port (default: 4200).")
def serve(host: str | None, port: int | None) -> None:
    """Run Prefect's server, its worker and the schedules on this machine, with a login, until it is stopped."""
    import asyncio

    from flows import serving, settings, supervise

    given = settings.load()
    wanted = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    given = given.model_copy(update={"serve": given.serve.model_copy(update=wanted)})
    is_new = serving.make_login(given)
    made = supervise.plan(given)
    supervise.check_port(made)
    if is_new:
        say(f"made a login: {serving.secret_file(given)}")
    if not given.serve.is_loopback:
        say(f"warning: other machines can reach {made.host}, port {made.port}, without encryption: put TLS before it")
    with serving.serving(given, made.api_url):
        asyncio.run(supervise.run(made, _told(given, made)))


def _told(given: "Settings", made: "Plan") -> str:
    """Say where it is and how to log in; never the login itself."""
    from flows import serving

    file = serving.secret_file(given)
    login = "POLICYDIFF_SERVE__SECRET" if given.serve.secret else f"the text in {file}"
    variable = '"$POLICYDIFF_SERVE__SECRET"' if given.serve.secret else f'"$(cat {file})"'
    return (
        f"serving at {made.address}\n"
        f"  log in with {login}\n"
        f"  from a shell: export PREFECT_API_URL={made.api_url} PREFECT_API_AUTH_STRING={variable}\n"
        "  `policydiff doctor` says whether schedules are kept; Ctrl-C stops it"
    )
