"""Runs in trouble on a real server: each ends in a clear state, and its owner is told once over each channel."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from flows import server_checks
from flows.server_checks import Server, ServerWrong
from tests.flows.serving.conftest import HEARTBEAT, processes

_PATIENCE_SECONDS = 120
FAILED = "policydiff tells of a run that failed or crashed"
LATE = "policydiff tells of a run that nobody takes up"
ZOMBIE = "policydiff ends runs that are not heard of"
# The shortest time that Prefect waits for something that does not come.
_SHORTEST_SECONDS = 10


@pytest.fixture(scope="module")
def api(served):
    """Return a client of the server."""
    with served.client() as client:
        yield client


def start(api, deployment, parameters, **more):
    """Start a run of a deployment and return its id."""
    found = api.get(f"/deployments/name/{deployment}").raise_for_status().json()
    made = api.post(f"/deployments/{found['id']}/create_flow_run", json={"parameters": parameters, **more})
    return made.raise_for_status().json()["id"]


def until(found, what):
    """Wait until something is found and return it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (seen := found()):
        assert time.monotonic() < deadline, what
        time.sleep(0.5)
    return seen


def state(api, run_id):
    return api.get(f"/flow_runs/{run_id}").raise_for_status().json()["state"]


def ended(api, run_id):
    """Wait until a run has ended and return its state."""
    endings = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
    return until(lambda: (now := state(api, run_id))["type"] in endings and now, f"{run_id} did not end")


def telling_of(api, run_id):
    """Wait until the run that an automation starts to tell of another has ended, and return its state."""
    wanted = {"flows": {"name": {"any_": ["watch"]}}}

    def found():
        runs = api.post("/flow_runs/filter", json=wanted).raise_for_status().json()
        return [run for run in runs if run["parameters"]["flow_run_id"] == run_id]

    (telling,) = until(found, f"no automation told of {run_id}")
    return ended(api, telling["id"])


def automations(api):
    """Return the automations by name."""
    found = api.post("/automations/filter", json={}).raise_for_status().json()
    assert len({one["name"] for one in found}) == len(found)
    return {one["name"]: one for one in found}


@contextmanager
def hurried(api, name):
    """Have an automation wait as short as it can."""
    before = automations(api)[name]
    trigger = {**before["trigger"], "within": _SHORTEST_SECONDS}
    kept = ("name", "description", "enabled", "actions")
    given = {key: before[key] for key in kept}
    api.put(f"/automations/{before['id']}", json={**given, "trigger": trigger}).raise_for_status()
    yield
    api.put(f"/automations/{before['id']}", json={**given, "trigger": before["trigger"]}).raise_for_status()


# With an error that no other test here has: of the same one nobody is told twice a day.
def test_a_run_that_fails_tells_its_owner_once(served, api, owner):
    run_id = start(api, "build-report/on-demand", {"parameters": {"report": "instrument", "instruments": []}})
    assert ended(api, run_id)["type"] == "FAILED"
    assert telling_of(api, run_id)["type"] == "COMPLETED"
    (mail,) = owner.mails(run_id)
    assert mail.startswith("policydiff: build-report/on-demand failed\n")
    assert "an instrument report needs at least one instrument" in mail
    assert f"{served.api_url.removesuffix('/api')}/runs/flow-run/{run_id}" in mail
    assert "`policydiff doctor`" in mail
    assert "Traceback" not in mail
    (called,) = owner.calls(run_id)
    assert (called["state"], called["flow"], called["deployment"]) == ("failed", "build-report", "on-demand")


def test_a_run_that_is_killed_crashes_and_its_owner_is_told_once(api, owner):
    run_id = start(api, "build-report/on-demand", {"parameters": {"report": "full"}})
    until(lambda: state(api, run_id)["type"] == "RUNNING", f"{run_id} did not start")
    killed = time.monotonic()
    for number in processes(f"PREFECT__FLOW_RUN_ID={run_id}"):
        os.kill(number, signal.SIGKILL)
    assert ended(api, run_id)["type"] == "CRASHED"
    assert time.monotonic() - killed < 60
    assert telling_of(api, run_id)["type"] == "COMPLETED"
    assert len(owner.mails(run_id)) == len(owner.calls(run_id)) == 1
    assert owner.calls(run_id)[0]["state"] == "crashed"


def test_a_run_that_is_not_heard_of_any_more_crashes_and_its_owner_is_told_once(api, owner):
    # As one that was killed together with its worker: nobody is left who could say so.
    deployment = api.get(f"/deployments/name/{HEARTBEAT}").raise_for_status().json()
    with hurried(api, ZOMBIE):
        run = {"flow_id": deployment["flow_id"], "deployment_id": deployment["id"], "tags": ["policydiff"]}
        running = {"type": "RUNNING", "name": "Running"}
        run_id = api.post("/flow_runs/", json={**run, "state": running}).raise_for_status().json()["id"]
        heard = {
            "id": str(uuid4()),
            "event": "prefect.flow-run.heartbeat",
            "occurred": datetime.now(UTC).isoformat(),
            "resource": {"prefect.resource.id": f"prefect.flow-run.{run_id}"},
            "related": [{"prefect.resource.id": "prefect.tag.policydiff", "prefect.resource.role": "tag"}],
        }
        api.post("/events", json=[heard]).raise_for_status()
        found = ended(api, run_id)
    assert (found["type"], found["message"][:24]) == ("CRASHED", "It was not heard of for ")
    assert telling_of(api, run_id)["type"] == "COMPLETED"
    assert len(owner.mails(run_id)) == len(owner.calls(run_id)) == 1


def test_a_run_that_nobody_takes_up_is_told_as_late_once(api, owner):
    with hurried(api, LATE):
        api.patch("/work_pools/policydiff", json={"is_paused": True}).raise_for_status()
        try:
            run_id = start(api, "build-report/on-demand", {"parameters": {"report": "brief"}})
            assert telling_of(api, run_id)["type"] == "COMPLETED"
            assert state(api, run_id)["name"] == "Late"
        finally:
            api.delete(f"/flow_runs/{run_id}").raise_for_status()
            api.patch("/work_pools/policydiff", json={"is_paused": False}).raise_for_status()
    (mail,) = owner.mails(run_id)
    assert mail.startswith("policydiff: build-report/on-demand late\n")
    assert len(owner.calls(run_id)) == 1


def set_up_again(served):
    words = [sys.executable, "-m", "flows.server"]
    done = subprocess.run(words, cwd=served.folder, env=served.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_setting_up_again_puts_an_automation_back_as_the_file_has_it_and_makes_none_twice(served, api):
    before = automations(api)
    assert {FAILED, LATE, ZOMBIE} == set(before)
    with hurried(api, ZOMBIE):
        set_up_again(served)
        after = automations(api)[ZOMBIE]
    assert after["id"] == before[ZOMBIE]["id"]
    assert after["trigger"]["within"] == before[ZOMBIE]["trigger"]["within"] == 180


def test_the_doctor_names_an_automation_that_is_switched_off_or_gone(served, api):
    server = Server(api_url=served.api_url, login=served.login)
    found = automations(api)[ZOMBIE]
    api.patch(f"/automations/{found['id']}", json={"enabled": False}).raise_for_status()
    with pytest.raises(ServerWrong, match=f"switched off: {ZOMBIE}"):
        server_checks.has_automations(server)
    api.delete(f"/automations/{found['id']}").raise_for_status()
    with pytest.raises(ServerWrong, match=f"no automation {ZOMBIE}"):
        server_checks.has_automations(server)
    set_up_again(served)
    assert server_checks.has_automations(server) == "3 watch the runs"
