"""What a Prefect server must have before the deployments of prefect.yaml can be made: the work pool and the variables.

`python -m flows.server` makes them on the server that PREFECT_API_URL names. It can be run again at any time: what
somebody set by hand is left as it is, but for the pool's limit, which is a setting.
"""

import asyncio
import os
import sys

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import VariableCreate, WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound

from flows import settings
from flows.serving import POOL
from flows.settings import Settings
from sources.errors import PolicydiffError

# What prefect.yaml takes from variables, and what it is until somebody sets it: nothing leaves unless that is wanted.
VARIABLES = {"policydiff_is_sent": False}


async def set_up(given: Settings) -> None:
    """Make the pool and the variables if they are missing; set how many runs the pool takes at once."""
    async with get_client() as client:
        await _pool(client, given.serve.runs_at_once)
        for name, value in VARIABLES.items():
            if await client.read_variable_by_name(name) is None:
                await client.create_variable(VariableCreate(name=name, value=value))


async def _pool(client: PrefectClient, runs_at_once: int) -> None:
    description = "Runs on machines that have policydiff, its data folder and its settings."
    try:
        await client.read_work_pool(POOL)
    except ObjectNotFound:
        await client.create_work_pool(
            WorkPoolCreate(name=POOL, type="process", description=description, concurrency_limit=runs_at_once)
        )
    else:
        await client.update_work_pool(POOL, WorkPoolUpdate(concurrency_limit=runs_at_once))


def main() -> int:
    """Set up the server that PREFECT_API_URL names."""
    if "PREFECT_API_URL" not in os.environ:
        # Prefect would start a server of its own, and what is made there would vanish with it.
        print("error: PREFECT_API_URL: not set; expected the server's address, ending in /api", file=sys.stderr)
        return 2
    try:
        asyncio.run(set_up(settings.load()))
    except (PolicydiffError, httpx.HTTPError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
