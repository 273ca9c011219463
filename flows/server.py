"""What a Prefect server must have besides the deployments of prefect.yaml: work pools, variables, automations.

`python -m flows.server` makes them on the server that PREFECT_API_URL names, before anything is deployed. It can be run
again at any time: what somebody set by hand is left as it is, but for the pool's limit, which is a setting, and the
automations, which are as automations.yaml says.
"""

import asyncio
import os
import sys

import httpx
import yaml
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import VariableCreate, WorkPoolCreate, WorkPoolUpdate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound

from flows import settings
from flows.serving import AUTOMATIONS, POOL, WATCH_POOL
from flows.settings import Settings
from sources.errors import PolicydiffError

# What prefect.yaml takes from variables, and what it is until somebody sets it: nothing leaves unless that is wanted.
VARIABLES = {"policydiff_is_sent": False}
# To tell is quick, and several may be told of at once.
_WATCHED_AT_ONCE = 4


async def set_up(given: Settings) -> None:
    """Make pools, variables and automations if they are missing; set how many runs a pool takes at once."""
    async with get_client() as client:
        on_machines = "on machines that have policydiff, its data folder and its settings."
        await _pool(client, POOL, f"Runs {on_machines}", given.serve.runs_at_once)
        await _pool(client, WATCH_POOL, f"Tells of runs that failed or are late, {on_machines}", _WATCHED_AT_ONCE)
        for name, value in VARIABLES.items():
            if await client.read_variable_by_name(name) is None:
                await client.create_variable(VariableCreate(name=name, value=value))
        for automation in automations():
            await _automation(client, automation)


def automations() -> tuple[AutomationCore, ...]:
    """Return the automations of automations.yaml."""
    return tuple(map(AutomationCore.model_validate, yaml.safe_load(AUTOMATIONS.read_bytes())))


async def _pool(client: PrefectClient, name: str, description: str, runs_at_once: int) -> None:
    try:
        await client.read_work_pool(name)
    except ObjectNotFound:
        await client.create_work_pool(
            WorkPoolCreate(name=name, type="process", description=description, concurrency_limit=runs_at_once)
        )
    else:
        await client.update_work_pool(name, WorkPoolUpdate(concurrency_limit=runs_at_once))


async def _automation(client: PrefectClient, wanted: AutomationCore) -> None:
    """Make an automation, or have the one of its name be as it says; whether it is switched off is left as it is."""
    found = await client.read_automations_by_name(wanted.name)
    if not found:
        await client.create_automation(wanted)
        return
    first, *others = found
    as_wanted = wanted.model_copy(update={"enabled": first.enabled})
    if AutomationCore.model_validate(first.model_dump(include=set(AutomationCore.model_fields))) != as_wanted:
        await client.update_automation(first.id, as_wanted)
    # Two that set up at the same time make two.
    for other in others:
        await client.delete_automation(other.id)


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
