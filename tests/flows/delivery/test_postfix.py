"""A real Postfix as the relay: connections that break after the message, and what its own log proves of them."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from flows.delivery.ledger import State
from tests.relay import desk as desks
from tests.relay.desk import RELEASE, mail
from tests.relay.serving import Treatment, serving

_SECONDS = 30
# What a service of a mail system needs, and no more: `type private unprivileged chroot wakeup limit command`.
_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.test
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = smtp:[127.0.0.1]:{sink}
relay_transport = $default_transport
alias_maps =
alias_database =
local_recipient_maps =
"""
# What TZ and the option --zone call the zone in which it writes its log; away from UTC, so that it matters.
_TZ, ZONE = "<-06>6", "America/Guatemala"


class Postfix:
    """A running Postfix with a queue and a log of its own, that passes everything on to a port."""

    def __init__(self, folder: Path, sink: int) -> None:
        self.log = folder / "log"
        self.port = _free_port()
        self._pid_file = folder / "queue/pid/master.pid"
        for name in ("etc", "queue", "data"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix")
        (folder / "etc/main.cf").write_text(_MAIN.format(folder=folder, sink=sink), encoding="ascii")
        (folder / "etc/master.cf").write_text(_SERVICES.format(port=self.port), encoding="ascii")
        subprocess.run(
            [_command(), "-c", str(folder / "etc"), "start"],
            env={**os.environ, "TZ": _TZ},
            check=True,
            capture_output=True,
            timeout=120,
        )
        wait_until(self._is_listening)

    def lines(self) -> list[str]:
        """Return the lines of its log."""
        return self.log.read_text(encoding="utf-8").splitlines(keepends=True)

    def stop(self) -> None:
        """End it by the number of its own process, with its daemons."""
        pid = int(self._pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not Path(f"/proc/{pid}").exists())

    def _is_listening(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), _SECONDS) as connection:
            return connection.recv(3) == b"220"
        return False


def _command() -> str | None:
    return shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + _SECONDS
    while not is_so():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


class Cut(StrEnum):
    """What a line does to a connection once the message is sent."""

    ANSWER = "the relay has the message, and its answer is lost"
    DOT = "the relay has all but the final dot"
    MESSAGE = "the relay has nothing of it"


@contextmanager
def poor_line(port: int, cuts: Mapping[str, Cut]) -> Iterator[int]:
    """Pass connections on to a port, and cut those with messages for some recipients; yield the port to connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        is_over, threads = threading.Event(), []

        def listen() -> None:
            while not is_over.is_set():
                with suppress(TimeoutError):
                    client, _ = listening.accept()
                    thread = threading.Thread(target=_pass_on, args=(client, port, cuts))
                    threads.append(thread)
                    thread.start()

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield listening.getsockname()[1]
        finally:
            is_over.set()
            for thread in (listener, *threads):
                thread.join(_SECONDS)


def _pass_on(client: socket.socket, port: int, cuts: Mapping[str, Cut]) -> None:
    client.settimeout(_SECONDS)
    with client, socket.create_connection(("127.0.0.1", port), _SECONDS) as relay, suppress(OSError):
        answers, cut, within = relay.makefile("rb"), None, False
        client.sendall(answers.readline())
        for line in client.makefile("rb"):
            is_dot = within and line == b".\r\n"
            if is_dot and cut in (Cut.DOT, Cut.MESSAGE):
                return
            if not (within and cut is Cut.MESSAGE):
                relay.sendall(line)
            if within and not is_dot:
                continue
            answer = answers.readline()
            if is_dot and cut is Cut.ANSWER:
                return
            while answer[3:4] == b"-":
                client.sendall(answer)
                answer = answers.readline()
            client.sendall(answer)
            if line.startswith(b"RCPT TO:"):
                cut = cuts.get(line.partition(b"<")[2].partition(b">")[0].decode())
            within = answer.startswith(b"354")


@pytest.fixture(scope="module")
def sink():
    with serving() as sink:
        yield sink


@pytest.fixture(scope="module")
def postfix(sink):
    """Return a running Postfix that delivers to the sink, or skip and say so."""
    if _command() is None or os.geteuid() != 0:
        pytest.skip("no Postfix is tried: it has to be installed (apt-get install postfix), and is started by root")
    # Its daemons are no longer root and have to get there: not below a folder for root alone.
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)
    running = Postfix(folder, sink.port)
    yield running
    running.stop()
    shutil.rmtree(folder)


PEOPLE = [f"reader{number}@example.org" for number in range(50)]
CUTS = dict(zip(PEOPLE[3::4], [Cut.ANSWER, Cut.DOT, Cut.MESSAGE] * 4, strict=True))
# The sink refuses it, so that Postfix gives it back.
BOUNCED = PEOPLE[3]


def test_what_broke_after_the_dot_is_settled_by_the_log_and_everybody_gets_one(
    postfix, sink, tmp_path, monkeypatch, run
):
    sink.treat(BOUNCED, Treatment.NO_MAILBOX)
    with desks.desk(tmp_path / "home") as desk:
        desk.now = datetime.now(UTC)
        keys = dict(zip(PEOPLE, desk.ready(PEOPLE), strict=True))
        with poor_line(postfix.port, CUTS) as port:
            desk.run(mail(port))
        assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 38, State.UNKNOWN: 12}
        lost = {keys[person] for person, cut in CUTS.items() if cut is not Cut.ANSWER}
        there = set(keys.values()) - lost - {keys[BOUNCED]}
        wait_until(lambda: set(sink.count()) >= there and any("status=bounced" in line for line in postfix.lines()))
        wait_until(lambda: sum("lost connection after DATA" in line for line in postfix.lines()) == len(lost))

        def reconcile(name, *parts):
            log = tmp_path / name
            log.write_text("".join(parts), encoding="utf-8")
            return run("reconcile", RELEASE, "--log", str(log), "--zone", ZONE)

        monkeypatch.setenv("POLICYDIFF_HOME", str(tmp_path / "home"))
        written = postfix.lines()
        earlier, later = (
            f"{desk.now + wait:%Y-%m-%dT%H:%M:%S}+00:00 relay postfix/anvil[1]: statistics: max connection rate 1/60s\n"
            for wait in (-timedelta(hours=1), timedelta(hours=1))
        )
        # A log that ends with the last message may not show everything yet: what was taken is settled, no more.
        code, out, err = reconcile("young", earlier, *written)
        assert code == 3
        assert (out.count("accepted"), out.count(", bounced"), out.count("the log covers only")) == (3, 1, 8)
        assert "8 deliveries of 2026-W48 are still unknown" in err
        # One that was rotated in between has no word of the time.
        code, out, _ = reconcile("rotated", earlier, later)
        assert (code, out.count("it is not whole")) == (3, 8)

        code, out, err = reconcile("whole", earlier, *written, later)
        assert (code, out.count("ready"), out.count("it was not taken")) == (0, 8, 8)
        assert "0 deliveries of 2026-W48 are still unknown" in err
        assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 41, State.READY: 8, State.BOUNCED: 1}
        desk.run(mail(postfix.port))
        assert desk.ledger.tally(RELEASE) == {State.ACCEPTED: 49, State.BOUNCED: 1}
    wait_until(lambda: set(sink.count()) >= there | lost)
    assert {sink.count()[key] for key in there | lost} == {1}
    assert sink.count()[keys[BOUNCED]] == 0


def test_a_message_id_on_a_line_of_its_own_is_in_the_log_all_the_same(postfix, tmp_path):
    with desks.desk(tmp_path) as desk:
        desk.now = datetime.now(UTC)
        [key] = desk.ready(["folded@example.org"])
        folded = f"From: reports@policy.example\r\nMessage-ID:\r\n <{key}@policy.example>\r\n\r\nNothing.\r\n".encode()
        desk.ledger.end(key, State.PLANNED, desk.now, "to be folded")
        desk.ledger.freeze({key: [folded]}, desk.now)
        desk.run(mail(postfix.port))
        assert desk.state(key) is State.ACCEPTED
    wait_until(lambda: any(f"message-id=<{key}@policy.example>" in line for line in postfix.lines()))
