"""The examples of containers and clusters say what the code says: variables, pools, ports, commands, files."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import yaml
from prefect import settings as of_prefect
from pydantic import BaseModel

from flows import cli
from flows.serving import DEPLOYMENTS, POOL
from flows.settings import _SECRETS, ServeSettings, Settings

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
CONTAINERFILE = (EXAMPLES / "Containerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((EXAMPLES / "compose.yaml").read_bytes())
CLUSTER = list(yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_bytes()))
POOLS = {name: json.loads((EXAMPLES / f"{name}-pool.json").read_bytes()) for name in ("docker", "kubernetes")}
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLES.iterdir()}
PORT = ServeSettings().port


def is_setting(variable, model=Settings):
    """Say whether a variable of the environment is one that our settings know, or Prefect's."""
    if variable.startswith("PREFECT_"):
        return hasattr(of_prefect, variable)
    name, _, rest = variable.removeprefix("POLICYDIFF_").lower().partition("__")
    if name not in model.model_fields:
        return False
    if not rest:
        return True
    kinds = (model.model_fields[name].annotation, *get_args(model.model_fields[name].annotation))
    return any(isinstance(kind, type) and issubclass(kind, BaseModel) and is_setting(rest, kind) for kind in kinds)


def containers():
    """Return the containers of the cluster by name."""
    found = [one["spec"]["template"]["spec"]["containers"] for one in CLUSTER if "template" in one.get("spec", {})]
    return {container["name"]: container for some in found for container in some}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_variable_is_one_that_is_read(name):
    variables = set(re.findall(r"\b(?:POLICYDIFF|PREFECT)_[A-Z][A-Z_]*[A-Z]\b", TEXTS[name]))
    assert [variable for variable in sorted(variables) if not is_setting(variable)] == []


def test_a_variable_that_nobody_reads_would_be_seen():
    assert is_setting("POLICYDIFF_SERVE__SECRET")
    for wrong in (
        "POLICYDIFF_SERVE__SECRETS",
        "POLICYDIFF_SERVER__SECRET",
        "POLICYDIFF_HOME__STORE",
        "PREFECT_API_ADDRESS",
    ):
        assert not is_setting(wrong)


def test_no_secret_is_written_down():
    secret = {f"POLICYDIFF_{path.upper().replace('.', '__')}" for path in _SECRETS} | {"POSTGRES_PASSWORD"}
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            if name in secret or name == "PREFECT_API_AUTH_STRING":
                assert "${" in value, name
    given = {entry["name"]: entry for container in containers().values() for entry in container["env"]}
    assert not secret & given.keys()
    assert "secretKeyRef" in given["PREFECT_API_AUTH_STRING"]["valueFrom"]
    assert not re.search(r"^(ENV|ARG) .*(SECRET|PASSWORD|KEY)", CONTAINERFILE, re.MULTILINE)


def test_workers_take_from_the_pool_of_the_deployments():
    deployments = yaml.safe_load(DEPLOYMENTS.read_bytes())["deployments"]
    pools = {deployment["work_pool"]["name"] for deployment in deployments}
    named = {name for text in TEXTS.values() for name in re.findall(r"--pool,? ([a-z-]+)", text)}
    named |= set(re.findall(r"work-pool create ([a-z-]+)", TEXTS["README.md"]))
    assert named == {POOL}
    assert named <= pools


def test_the_commands_are_there_and_take_their_options():
    commands = [service["command"] for service in COMPOSE["services"].values() if "command" in service]
    commands += [container["command"] for container in containers().values()]
    commands.append(json.loads(re.findall(r"^CMD (.*)$", CONTAINERFILE, re.MULTILINE)[-1]))
    assert {tuple(command[:2]) for command in commands} == {("policydiff", "serve"), ("prefect", "worker")}
    assert "serve" in cli.policydiff.commands
    command = [sys.executable, "-m", "prefect", "worker", "start", "--help"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    options = {word for command in commands for word in command if word.startswith("--")}
    assert options == {option for option in options if option in told}


def test_ports_are_those_that_are_listened_on():
    assert f"EXPOSE {PORT}\n" in CONTAINERFILE
    assert f"127.0.0.1:{PORT}/api/health" in CONTAINERFILE
    server, worker = COMPOSE["services"]["server"], COMPOSE["services"]["worker"]
    assert server["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert worker["environment"]["PREFECT_API_URL"] == f"http://server:{PORT}/api"
    health = worker["environment"]["PREFECT_WORKER_WEBSERVER_PORT"]
    assert f"127.0.0.1:{health}/health" in worker["healthcheck"]["test"][-1]
    (service,) = (one for one in CLUSTER if one["kind"] == "Service")
    found = containers()
    assert service["metadata"]["name"] == "server"
    assert (
        [port["port"] for port in service["spec"]["ports"]] == [found["server"]["ports"][0]["containerPort"]] == [PORT]
    )
    given = {entry["name"]: entry.get("value") for entry in found["worker"]["env"]}
    assert given["PREFECT_API_URL"] == f"http://server:{PORT}/api"
    assert int(given["PREFECT_WORKER_WEBSERVER_PORT"]) == found["worker"]["ports"][0]["containerPort"]


def test_the_image_has_what_the_program_needs():
    copied = {word for line in re.findall(r"^COPY (.*)$", CONTAINERFILE, re.MULTILINE) for word in line.split()[:-1]}
    assert all((ROOT / name).exists() for name in copied)
    assert {
        "flows",
        "reports",
        "sources",
        "pyproject.toml",
        "README.md",
        "requirements.lock",
        DEPLOYMENTS.name,
    } <= copied
    libraries = re.search(
        r'^apt_libraries="(.*)"$', (ROOT / ".ci" / "set-up").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert libraries is not None
    assert libraries[1] in CONTAINERFILE
    assert "--require-hashes -r requirements.lock" in CONTAINERFILE
    assert "\nUSER policydiff\n" in CONTAINERFILE
    lock = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    assert {"psycopg", "psycopg-binary"} <= set(re.findall(r"^(psycopg[a-z-]*)", lock, re.MULTILINE))


def test_runs_work_in_one_folder_everywhere():
    work, home = "/srv/policydiff", "/var/lib/policydiff"
    assert CONTAINERFILE.count(f"WORKDIR {work}\n") == CONTAINERFILE.count(f"ENV POLICYDIFF_HOME={home}\n") == 1
    in_compose = {volume.split(":")[1] for volume in COMPOSE["services"]["worker"]["volumes"]}
    in_cluster = {mount["mountPath"] for mount in containers()["worker"]["volumeMounts"]}
    (run,) = POOLS["kubernetes"]["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]["containers"]
    in_jobs = {mount["mountPath"] for mount in run["volumeMounts"]}
    volumes = POOLS["docker"]["variables"]["properties"]["volumes"]["default"]
    in_docker = {volume.split(":")[1] for volume in volumes}
    needed = {f"{work}/policydiff.toml", f"{work}/subscriptions.toml", f"{work}/out", home}
    for mounted in (in_compose, in_cluster, in_jobs, in_docker):
        assert needed <= mounted
    assert COMPOSE["services"]["server"]["volumes"] == COMPOSE["services"]["worker"]["volumes"]
    assert containers()["server"]["volumeMounts"] == containers()["worker"]["volumeMounts"]


def test_what_the_cluster_refers_to_is_made_there_or_in_the_readme():
    made = {(one["kind"], one["metadata"]["name"]) for one in CLUSTER}
    made |= {("Secret", name) for name in re.findall(r"create secret generic ([a-z-]+)", TEXTS["README.md"])}
    text = TEXTS["kubernetes.yaml"] + TEXTS["kubernetes-pool.json"]
    for kind, pattern in (
        ("Secret", r'(?:secretKeyRef|secretRef)"?: \{"?name"?: "?([a-z-]+)|secretName"?: "?([a-z-]+)'),
        ("ConfigMap", r'(?:configMapKeyRef|configMap)"?: \{"?name"?: "?([a-z-]+)'),
        ("PersistentVolumeClaim", r'claimName"?: "?([a-z-]+)'),
    ):
        named = {next(filter(None, found.groups())) for found in re.finditer(pattern, text)}
        assert named
        assert {(kind, name) for name in named} <= made
    assert {one["metadata"].get("namespace", "policydiff") for one in CLUSTER} == {"policydiff"}


@pytest.mark.parametrize("name", sorted(POOLS))
def test_the_template_of_a_pool_takes_what_it_declares(name):
    pool = POOLS[name]
    taken = set(re.findall(r"\{\{ ([a-z_]+) \}\}", json.dumps(pool["job_configuration"])))
    assert taken == set(pool["variables"]["properties"])
