"""`policydiff serve` for real: nobody gets in without the login, schedules are kept, and it leaves nothing behind."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import time

import httpx
import pytest

from flows import server_checks
from flows.server_checks import Server
from flows.serving import DEPLOYMENTS
from tests.flows.serving.conftest import Served, free_port

# Prefect's client leaves sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(sys.platform != "linux", reason="the processes left are found in /proc"),
]

SCHEDULED = {
    "flows.gather.gather_sources": ["30 5 * * *"],
    "flows.pipeline.pipeline": ["*/5 7-11 * * 1"],
    "flows.deliver_report.deliver_report": ["20 * * * *"],
    "flows.heartbeat.heartbeat": ["*/5 * * * *"],
    "flows.build_report.build_report": [],
    "flows.read_documents.read_documents": [],
    "flows.watch.tell_owner": ["*/10 * * * *"],
}


def deployments(served):
    """Return the deployments of the server by entrypoint."""
    with served.client() as client:
        found = client.post("/deployments/filter", json={}).raise_for_status().json()
    return {deployment["entrypoint"]: deployment for deployment in found}


def test_the_login_is_made_for_its_owner_alone_and_never_printed(served):
    path = served.home / "server.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((served.home / "server").stat().st_mode) == 0o700
    assert str(path) in served.said
    assert served.login.partition(":")[2] not in served.said


def test_every_route_refuses_a_request_without_the_login_but_the_two_that_probes_need(served):
    with served.client() as known:
        paths = known.get("/openapi.json").raise_for_status().json()["paths"]
    routes = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    name = served.login.partition(":")[0]
    for auth in (None, (name, "a wrong password")):
        with httpx.Client(base_url=served.api_url, auth=auth, timeout=60) as stranger:
            let_in = {route for route in routes if stranger.request(*route).status_code != 401}
        assert let_in == {("GET", "/health"), ("GET", "/ready")}
    assert len(routes) > 150


def test_the_page_asks_for_the_login_and_the_host_it_came_from(served):
    shown = httpx.get(served.api_url.removesuffix("/api") + "/ui-settings", timeout=60).json()
    assert (shown["auth"], shown["api_url"], shown["default_ui"]) == ("BASIC", "/api", "v1")


def test_another_site_may_not_read_answers(served):
    with served.client() as client:
        own, other = (
            client.get("/health", headers={"Origin": origin}).headers.get("access-control-allow-origin")
            for origin in (served.api_url.removesuffix("/api"), "https://example.org")
        )
    assert own == served.api_url.removesuffix("/api")
    assert other is None


def test_the_doctor_says_what_to_do_without_the_right_login(served):
    with pytest.raises(server_checks.ServerWrong, match="refuses the login: PREFECT_API_AUTH_STRING must be"):
        server_checks.answers(Server(api_url=served.api_url, login="policydiff:a wrong password"))


def test_nothing_is_sent_until_the_variable_says_so(served):
    assert deployments(served)["flows.pipeline.pipeline"]["parameters"]["is_sent"] is False


def test_a_bad_parameter_is_refused_before_a_run_is_made(served):
    weekly = deployments(served)["flows.pipeline.pipeline"]
    with served.client() as client:
        answer = client.post(
            f"/deployments/{weekly['id']}/create_flow_run", json={"parameters": {"is_sent": "perhaps"}}
        )
    assert answer.status_code == 409
    assert "is_sent" in answer.text


def test_a_second_serve_with_the_same_data_is_refused(served):
    words = [sys.executable, "-m", "flows.cli", "serve", "--port", str(free_port())]
    done = subprocess.run(words, cwd=served.folder, env=served.bare, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"error: another `policydiff serve` runs with the data in {served.home}\n"


def test_a_port_that_is_taken_is_refused(served, tmp_path):
    words = [sys.executable, "-m", "flows.cli", "serve", "--port", str(served.port)]
    home = {"POLICYDIFF_HOME": str(tmp_path / "home")}
    done = subprocess.run(words, cwd=tmp_path, env={**served.bare, **home}, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"error: cannot listen on 127.0.0.1, port {served.port}" in done.stderr


@pytest.fixture
def another(tmp_path):
    """Start a second `policydiff serve` with data of its own, and leave nothing of it."""
    found = Served(tmp_path)
    yield found
    if found.process.poll() is None:
        found.end(signal.SIGTERM)
    assert found.alive() == {}
    assert not (found.home / "server" / "serving.json").exists()


def test_a_signal_while_it_comes_up_stops_what_was_started(another):
    another.wait_for("starting the server")
    assert another.end(signal.SIGTERM) == 0
    assert "stopping the server" in another.said


def test_when_the_worker_dies_it_says_so_and_stops_the_server(another):
    another.wait_for("serving at")
    worker = next(number for number, command in another.alive().items() if "--pool policydiff --name" in command)
    os.kill(worker, signal.SIGKILL)
    assert another.process.wait(120) == 1
    assert "error: the worker was killed by SIGKILL" in another.said
    assert another.said.index("stopping the worker") < another.said.index("stopping the server")


# A minute has passed meanwhile.
def test_a_schedule_of_one_minute_makes_a_run_that_completes(served):
    heartbeat = deployments(served)["flows.heartbeat.heartbeat"]
    wanted = {
        "deployments": {"id": {"any_": [heartbeat["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
    }
    completed, deadline = [], time.monotonic() + 240
    with served.client() as client:
        while not completed and time.monotonic() < deadline:
            time.sleep(1)
            completed = client.post("/flow_runs/filter", json=wanted).raise_for_status().json()
    assert completed, served.said
    assert completed[0]["auto_scheduled"]
    assert completed[0]["name"].endswith(" heartbeat")
    # The work is done in the folder where it was started, on the data it was given.
    assert f"alive; data in {served.home}, reports in out" in served.said


def _in_time(check, server):
    """Return what a check finds, once Prefect's scheduler has come by: it does so once a minute."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with contextlib.suppress(server_checks.ServerWrong):
            return check(server)
        time.sleep(1)
    return check(server)


def test_the_doctor_finds_a_server_that_works_right(served):
    server = Server(api_url=served.api_url, login=served.login)
    assert server_checks.answers(server) == f"Prefect 3.8.8 at {served.api_url}"
    assert server_checks.refuses_strangers(server).endswith("routes refuse a request without a login")
    assert server_checks.has_worker(server).startswith("online: ")
    assert _in_time(server_checks.has_deployments, server) == "7 deployed, 5 of them with runs to come"
    assert server_checks.has_automations(server) == "3 watch the runs"
    assert "completed at" in server_checks.keeps_schedules(server)


# It sets the schedules back.
def test_deploying_again_leaves_the_same_deployments(served):
    before = deployments(served)
    deploy = ("prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(DEPLOYMENTS))
    for words in (("flows.server",), deploy):
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=served.folder, env=served.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    after = deployments(served)
    assert {name: one["id"] for name, one in after.items()} == {name: one["id"] for name, one in before.items()}
    crons = {name: [made["schedule"]["cron"] for made in one["schedules"]] for name, one in after.items()}
    assert crons == SCHEDULED
    assert {made["schedule"]["timezone"] for one in after.values() for made in one["schedules"]} == {"America/New_York"}
    assert all(one["description"] and one["tags"] and one["enforce_parameter_schema"] for one in after.values())
    assert all(one["global_concurrency_limit"]["limit"] >= 1 for one in after.values())
    assert all(one["concurrency_options"]["collision_strategy"] for one in after.values())
