"""Runs tell of themselves, and what nobody could be told of is found later; the rest concerns nobody."""

import asyncio
import importlib
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
import yaml
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger
from prefect.states import Crashed, Failed, Running, Scheduled

from flows import server, watch
from flows.notice import NotTold
from flows.serving import DEPLOYMENTS
from sources.errors import BadInput, Fault
from tests.relay.serving import Treatment, serving

OWNER = "owner@example.org"
# Prefect's client leaves sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

with DEPLOYMENTS.open(encoding="utf-8") as file:
    DEPLOYED = yaml.safe_load(file)["deployments"]


def flow_of(deployment):
    module, _, name = deployment["entrypoint"].rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_every_flow_that_is_deployed_tells_of_itself_but_the_one_that_tells():
    hooks = {one["name"]: (flow_of(one).on_failure_hooks, flow_of(one).on_crashed_hooks) for one in DEPLOYED}
    assert hooks.pop("tell-owner") == ([], [])
    assert len(hooks) == 6
    assert all(found == ([watch.tell_of_run], [watch.tell_of_run]) for found in hooks.values())


def test_what_is_watched_has_the_tag_and_what_watches_has_not():
    tagged = {one["name"] for one in DEPLOYED if watch.TAG in one["tags"]}
    assert tagged == {one["name"] for one in DEPLOYED} - {"tell-owner"}


def test_the_automations_are_such_as_prefect_knows():
    (zombies,) = server.automations()
    assert zombies.trigger.within == timedelta(minutes=3)
    assert [action.state for action in zombies.actions] == [StateType.CRASHED]
    triggers = [DeploymentEventTrigger.model_validate(one) for one in DEPLOYED[-1]["triggers"]]
    assert [trigger.within for trigger in triggers] == [timedelta(0), watch.LATE_AFTER]
    names = [zombies.name, *(trigger.name for trigger in triggers)]
    assert len(set(names)) == 3
    # A run is taken for dead when it has missed several of its heartbeats.
    beats = [one["work_pool"].get("job_variables", {}).get("env", {}) for one in DEPLOYED[:-1]]
    assert {float(one["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]) for one in beats} == {30}


@flow(name="tried")
async def tried() -> None:
    """Do nothing: only its runs are of interest."""


@pytest.fixture
def relay(tmp_path, monkeypatch):
    """Return the relay that the owner's mail comes to, with settings that name both."""
    monkeypatch.chdir(tmp_path)
    with serving() as relay:
        given = {"POLICYDIFF_HOME": str(tmp_path / "home"), "POLICYDIFF_WATCH__OWNER": OWNER, **relay.environment}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield relay


@pytest.fixture
def runs(server):  # noqa: ARG001
    """Return a function that makes runs of a new deployment in some states and returns their ids; all are let go."""
    deployments, made = [], []

    async def make(*states, tags=(watch.TAG,), is_deployed=True):
        async with get_client() as client:
            flow_id = await client.create_flow(tried)
            deployment_id = await client.create_deployment(flow_id, f"tried-{len(deployments)}", tags=list(tags))
            deployments.append(deployment_id)
            found = []
            for state in states:
                if is_deployed:
                    due = Scheduled(scheduled_time=state.state_details.scheduled_time)
                    run = await client.create_flow_run_from_deployment(deployment_id, state=due)
                else:
                    run = await client.create_flow_run(tried, tags=list(tags))
                await client.set_flow_run_state(run.id, state, force=True)
                found.append(run.id)
            made.extend(found)
            return found

    async def let_go():
        async with get_client() as client:
            for run_id in made:
                await client.delete_flow_run(run_id)
            for deployment_id in deployments:
                await client.delete_deployment(deployment_id)

    yield lambda *states, **more: asyncio.run(make(*states, **more))
    asyncio.run(let_go())


def texts(relay):
    """Return the mails that came, with soft line breaks undone."""
    return [kept.content.replace(b"=\r\n", b"").decode() for kept in relay.kept]


def hook(run_id):
    """Run the hook of a run, as Prefect does."""

    async def run():
        async with get_client() as client:
            found = await client.read_flow_run(run_id)
            await watch.tell_of_run(flow=tried, flow_run=found, state=found.state)

    asyncio.run(run())


def look(run_id=None):
    return asyncio.run(watch.tell_owner(run_id))


def test_a_hook_and_an_automation_tell_of_a_run_once(relay, runs):
    (run_id,) = runs(Failed(message="SourcesFailed: 1 of 18 sources failed"))
    hook(run_id)
    assert look(run_id) == 0
    (text,) = texts(relay)
    assert "Subject: policydiff: tried/tried-0 failed" in text
    assert "Error: SourcesFailed: 1 of 18 sources failed" in text


def test_an_automation_tells_of_a_run_that_could_not(relay, runs):
    (run_id,) = runs(Crashed(message="killed"))
    assert look(run_id) == 1
    hook(run_id)
    assert len(relay.kept) == 1


def test_a_run_that_is_no_longer_in_trouble_is_not_told(relay, runs):
    (run_id,) = runs(Running())
    assert look(run_id) == 0
    assert not relay.kept


@pytest.mark.usefixtures("server", "relay")
def test_a_run_that_was_deleted_meanwhile_is_nothing_to_tell():
    assert look(uuid4()) == 0


@pytest.mark.parametrize("more", [{"is_deployed": False}, {"tags": ()}], ids=["of no deployment", "not watched"])
def test_a_run_that_is_not_watched_is_told_by_nobody(relay, runs, more):
    (run_id,) = runs(Failed(), **more)
    hook(run_id)
    assert look(run_id) == 0
    assert look() == 0
    assert not relay.kept


def test_a_look_finds_what_nobody_could_be_told_of(relay, runs):
    due = datetime.now(UTC) - timedelta(minutes=6)
    late = Scheduled(scheduled_time=due)
    late.name = "Late"
    just_late = Scheduled(scheduled_time=datetime.now(UTC) - timedelta(minutes=1))
    just_late.name = "Late"
    runs(Failed(message="a"), Failed(message="a"), Crashed(message="b"), late, just_late, Running())
    # Two with the same error are one thing to tell.
    assert look() == 3
    assert look() == 0
    assert sorted(text.partition("Subject: ")[2].partition("\r\n")[0] for text in texts(relay)) == [
        "policydiff: tried/tried-0 crashed",
        "policydiff: tried/tried-0 failed",
        "policydiff: tried/tried-0 late",
    ]


def test_a_relay_that_fails_is_logged_by_the_hook_and_the_next_look_tells(relay, runs, caplog):
    (run_id,) = runs(Failed(message="a"))
    relay.treat(OWNER, Treatment.GREYLIST, Treatment.GREYLIST)
    hook(run_id)
    assert "the owner was not told of" in caplog.text
    assert "450 4.7.1 greylisted" in caplog.text
    # A look that cannot tell is red itself.
    with pytest.raises(NotTold, match="greylisted"):
        look()
    assert look() == 1
    assert len(relay.kept) == 1


def test_a_hook_with_broken_settings_says_so_and_raises_nothing(relay, runs, caplog, monkeypatch):
    (run_id,) = runs(Failed(message="a"))
    monkeypatch.setenv("POLICYDIFF_WATCH__OWNER", "nobody")
    hook(run_id)
    assert "POLICYDIFF_WATCH__OWNER: watch.owner: found 'nobody'" in caplog.text
    assert not relay.kept


@pytest.mark.usefixtures("server", "relay")
def test_without_an_owner_nobody_is_told(monkeypatch, caplog):
    monkeypatch.delenv("POLICYDIFF_WATCH__OWNER")
    with caplog.at_level("INFO"):
        assert look() == 0
    assert "nobody is told of anything: the settings name neither watch.owner nor watch.webhook" in caplog.text


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("error", "has_traceback"),
    [(BadInput([Fault(file="a.toml", path="b", found="c", expected="d")]), False), (ValueError("unforeseen"), True)],
    ids=["what a user can mend", "what nobody foresaw"],
)
def test_a_log_has_a_traceback_only_of_what_nobody_foresaw(caplog, error, has_traceback):
    @task
    async def failing_task():
        raise error

    @flow
    async def failing():
        await failing_task()

    state = asyncio.run(failing(return_state=True))
    assert state.is_failed()
    assert str(error) in state.message
    assert str(error) in caplog.text
    assert ("Traceback" in caplog.text) is has_traceback


def test_the_hook_of_a_run_without_a_deployment_asks_nobody(monkeypatch):
    monkeypatch.setattr(watch, "get_client", None)
    run = SimpleNamespace(deployment_id=None, id="1", name="a", flow_id="2")
    monkeypatch.setattr(watch, "flow_run_logger", lambda _: None)
    asyncio.run(watch.tell_of_run(flow=tried, flow_run=run, state=None))
