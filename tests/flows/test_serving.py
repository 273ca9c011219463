"""The login of `policydiff serve`, its settings, what its parts are given, and how a machine knows that it serves."""

import os
import socket
from pathlib import Path

import pytest

from flows import serving, settings, supervise
from flows.serving import ServeFailed
from flows.settings import ServeSettings, Settings
from sources.errors import BadInput

LOGIN = "someone:correct horse battery"


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Return settings with data in an empty folder, and none of this machine's own."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("POLICYDIFF", "PREFECT_API")):
            monkeypatch.delenv(name)
    return Settings(home=tmp_path / "home")


def with_serve(given, **wanted):
    """Return settings with other settings of `serve`."""
    return given.model_copy(update={"serve": ServeSettings(**wanted)})


def test_a_login_is_made_once_and_only_its_owner_may_read_it(given):
    assert serving.make_login(given)
    made = serving.login(given)
    assert not serving.make_login(given)
    assert serving.login(given) == made
    name, _, password = made.partition(":")
    assert name == "policydiff"
    assert len(password) == 32
    assert serving.secret_file(given).stat().st_mode & 0o777 == 0o600


def test_a_login_that_is_given_makes_no_file(given):
    given = with_serve(given, secret=LOGIN)
    assert not serving.make_login(given)
    assert serving.login(given) == LOGIN
    assert not given.home.exists()


def test_without_a_login_nothing_is_served(given):
    with pytest.raises(ServeFailed, match=r"server\.secret: no login; `policydiff serve` makes one"):
        supervise.plan(given)


def test_a_login_that_others_can_read_is_refused(given):
    serving.make_login(given)
    serving.secret_file(given).chmod(0o640)
    with pytest.raises(ServeFailed, match=r"others may read it \(mode 0640\); expected 0600"):
        serving.login(given)


@pytest.mark.parametrize(
    "content", [b"", b"policydiff:short\n", b"no-colon-but-long-enough\n", "policydiff:ñandúñandúñandú".encode()]
)
def test_a_file_that_is_no_login_is_refused_without_showing_it(given, content):
    serving.make_login(given)
    serving.secret_file(given).write_bytes(content)
    with pytest.raises(ServeFailed, match="expected one line, NAME:PASSWORD in ASCII") as refusal:
        serving.login(given)
    assert "short" not in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        (
            "POLICYDIFF_SERVE__SECRET",
            "policydiff:short",
            "NAME:PASSWORD in ASCII, the password of 12 characters or more",
        ),
        ("POLICYDIFF_SERVE__DATABASE", "mysql://me:hidden@db/prefect", "leave it out for SQLite"),
        ("POLICYDIFF_SERVE__DATABASE", "hidden", "a URL such as postgresql://user:password@host/database"),
    ],
)
@pytest.mark.usefixtures("given")
def test_a_wrong_secret_is_refused_without_showing_it(monkeypatch, variable, value, expected):
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadInput, match=expected) as refusal:
        settings.load()
    assert variable in str(refusal.value)
    assert value not in str(refusal.value)


def test_secrets_may_not_stand_in_the_file(given, tmp_path):
    (tmp_path / "policydiff.toml").write_text(
        f'[serve]\nsecret = "{LOGIN}"\ndatabase = "postgresql://me:hidden@db/prefect"\n', encoding="utf-8"
    )
    with pytest.raises(BadInput) as refusal:
        settings.load()
    assert [fault.path for fault in refusal.value.faults] == ["serve.secret", "serve.database"]
    assert "hidden" not in str(refusal.value)
    assert given.serve.secret is None


def test_a_database_without_a_password_may(given, tmp_path):
    (tmp_path / "policydiff.toml").write_text('[serve]\ndatabase = "postgresql://db/prefect"\n', encoding="utf-8")
    given = settings.load()
    serving.make_login(given)
    environment = supervise.plan(given).environment
    assert environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] == "postgresql+asyncpg://db/prefect"


def test_every_part_gets_absolute_folders_the_address_and_the_login(given, tmp_path):
    given = with_serve(given.model_copy(update={"home": Path("home")}), secret=LOGIN, port=4300)
    environment = supervise.plan(given).environment
    assert environment["POLICYDIFF_HOME"] == str(tmp_path / "home")
    assert environment["PREFECT_HOME"] == str(tmp_path / "home" / "server")
    assert environment["PREFECT_API_URL"] == "http://127.0.0.1:4300/api"
    assert environment["PREFECT_API_AUTH_STRING"] == environment["PREFECT_SERVER_API_AUTH_STRING"] == LOGIN
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environment["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == "http://127.0.0.1:4300"
    # Prefect's own choice, memory, would hold a deployment's limit for ever after a stop.
    assert environment["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"].endswith(".filesystem")


@pytest.mark.parametrize(
    ("host", "address", "is_loopback"),
    [
        ("127.0.0.1", "http://127.0.0.1:4200", True),
        ("::1", "http://[::1]:4200", True),
        ("10.0.0.5", "http://10.0.0.5:4200", False),
        ("0.0.0.0", "http://127.0.0.1:4200", False),
        ("::", "http://[::1]:4200", False),
    ],
)
def test_only_this_machine_can_reach_it_unless_it_is_told_otherwise(given, host, address, is_loopback):
    given = with_serve(given, secret=LOGIN, host=host)
    assert supervise.plan(given).address == address
    assert given.serve.is_loopback == is_loopback


def test_a_port_that_somebody_listens_on_is_refused(given):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        made = supervise.plan(with_serve(given, secret=LOGIN, port=port))
        with pytest.raises(ServeFailed, match=f"cannot listen on 127.0.0.1, port {port}.*choose another with --port"):
            supervise.check_port(made)
    supervise.check_port(made)


def test_a_server_is_known_while_it_serves_and_forgotten_after(given):
    assert serving.find(given) is None
    with serving.serving(given, "http://127.0.0.1:4200/api"):
        assert serving.find(given) == serving.Serving(api_url="http://127.0.0.1:4200/api", is_running=True)
        with pytest.raises(ServeFailed, match="another `policydiff serve` runs"), serving.serving(given, "another"):
            pass
        assert serving.find(given) == serving.Serving(api_url="http://127.0.0.1:4200/api", is_running=True)
    assert serving.find(given) is None


def test_a_server_that_was_killed_is_known_as_such(given):
    record = serving.data_folder(given) / "serving.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"api_url": "http://127.0.0.1:4200/api"}', encoding="utf-8")
    assert serving.find(given) == serving.Serving(api_url="http://127.0.0.1:4200/api", is_running=False)
    with serving.serving(given, "http://127.0.0.1:4300/api"):
        assert serving.find(given) == serving.Serving(api_url="http://127.0.0.1:4300/api", is_running=True)
