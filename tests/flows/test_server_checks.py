"""What the doctor concludes about a server: from its runs, from the versions, and when there is none or it is gone."""

from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.schemas.objects import FlowRun, State, StateType

from flows import checks, server_checks, serving
from flows.server_checks import Server, ServerWrong, judge_heartbeats
from flows.settings import Settings

NOW = datetime(2026, 11, 24, 12, 7, tzinfo=UTC)


def heartbeat(minute, kind, message=None):
    """Return a heartbeat that a schedule made for a minute of this hour."""
    due = NOW.replace(minute=minute)
    end = due + timedelta(seconds=70) if kind is StateType.COMPLETED else None
    state = State(type=kind, message=message)
    return FlowRun(name="x", flow_id="0" * 32, expected_start_time=due, end_time=end, state=state)


COMING = [heartbeat(minute, StateType.SCHEDULED) for minute in (10, 15)]


def test_a_scheduled_run_that_completed_proves_it():
    runs = [heartbeat(0, StateType.COMPLETED), heartbeat(5, StateType.RUNNING), *COMING]
    assert judge_heartbeats(runs, NOW) == "the run scheduled for 12:00 UTC completed at 12:01 UTC"


@pytest.mark.parametrize(
    ("runs", "finding"),
    [
        ([], "no run of every-five-minutes was made: Prefect's scheduler makes none"),
        (COMING, "not proven yet: the first run is due at 12:10 UTC; ask again then"),
        ([heartbeat(5, StateType.SCHEDULED), *COMING], "the run scheduled for 12:05 UTC was made and not taken up"),
        ([heartbeat(5, StateType.PENDING), *COMING], "the run scheduled for 12:05 UTC is Pending, and none before it"),
        ([heartbeat(5, StateType.CRASHED, "no space")], "the run scheduled for 12:05 UTC ended as Crashed: no space"),
    ],
)
def test_anything_less_is_told_with_how_far_it_came(runs, finding):
    with pytest.raises(ServerWrong, match=finding):
        judge_heartbeats(runs, NOW)


@pytest.mark.parametrize(
    ("name", "number", "finding"),
    [
        ("fastapi", "0.155.0", "fastapi 0.155.0: Prefect's server ends as it starts"),
        ("fastapi", "0.152.1", "fastapi 0.152.1: `prefect deploy` fails with 422"),
        ("sqlalchemy", "2.1.0", "sqlalchemy 2.1.0: the server answers, and never makes a scheduled run"),
        ("prefect", "3.6.27", "prefect 3.6.27: its login can be passed by"),
    ],
)
def test_versions_that_do_not_work_together_are_named(monkeypatch, name, number, finding):
    found = {"prefect": "3.8.8", "fastapi": "0.141.1", "sqlalchemy": "2.0.58", name: number}
    monkeypatch.setattr(server_checks, "version", found.__getitem__)
    with pytest.raises(ServerWrong, match=finding):
        server_checks.versions()


def test_the_versions_installed_work_together():
    assert server_checks.versions() == "prefect 3.8.8, fastapi 0.141.1, sqlalchemy 2.0.58"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return settings of a machine where no server is configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("POLICYDIFF_HOME", str(tmp_path / "home"))
    return Settings()


@pytest.mark.usefixtures("here")
def test_a_machine_without_a_server_is_in_order():
    assert server_checks.find() is None


def test_the_server_that_serves_here_is_found_with_its_login(here):
    serving.make_login(here)
    with serving.serving(here, "http://127.0.0.1:4200/api"):
        assert server_checks.find() == Server(api_url="http://127.0.0.1:4200/api", login=serving.login(here))


def test_a_server_that_was_killed_is_to_be_started_again(here):
    record = serving.data_folder(here) / "serving.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"api_url": "http://127.0.0.1:4200/api"}', encoding="utf-8")
    with pytest.raises(ServerWrong, match="ended without being stopped: start it again"):
        server_checks.find()


@pytest.mark.usefixtures("here")
def test_a_server_that_does_not_answer_is_one_finding_and_no_more(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    (found,) = checks.of_server()
    assert not found.is_ok
    assert found.finding.startswith("http://127.0.0.1:9/api does not answer")
