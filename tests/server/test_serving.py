"""Whole servers: started by the command, called over mutual TLS, killed, drained, replaced."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import sqlalchemy as sa
from grpc_health.v1 import health_pb2

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_directory.tables import shared
from kruispunt_server import pki
from kruispunt_server.database import Database

from .conftest import NAME, PURPOSE
from .processes import Home, Running, prepared_home, run, wait_until

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
ASKED = pb.ListDossiersRequest(ssin="85073003328").SerializeToString()


@pytest.fixture
def home(tmp_path: Path, sqlite_templates: dict[str, Path]) -> Home:
    """Certificates, a secret, and migrated databases that know one participant."""
    for service, template in sqlite_templates.items():
        shutil.copyfile(template, tmp_path / f"{service}.db")
    return prepared_home(
        tmp_path, {service: f"sqlite:///{tmp_path / service}.db" for service in sqlite_templates}
    )


@pytest.fixture
def servers() -> Iterator[list[Running]]:
    """Servers to be stopped however the test ends."""
    started: list[Running] = []
    yield started
    for one in started:
        one.kill()


def list_dossiers(channel: grpc.Channel, timeout: float = 30.0) -> pb.ListDossiersResponse:
    """Ask for the dossiers of a person who has none."""
    invoke = channel.unary_unary(f"/{NAME}/ListDossiers")
    return pb.ListDossiersResponse.FromString(invoke(ASKED, timeout=timeout, metadata=PURPOSE))


def check_health(channel: grpc.Channel, service: str = "") -> int:
    """Return what health says of a service."""
    invoke = channel.unary_unary("/grpc.health.v1.Health/Check")
    request = health_pb2.HealthCheckRequest(service=service).SerializeToString()
    return health_pb2.HealthCheckResponse.FromString(invoke(request, timeout=30, wait_for_ready=True)).status


def test_the_directory_answers_and_tells_what_it_serves(home: Home, servers: list[Running]):
    """Answers, health per service, reflection in both versions, metrics; ended, it leaves with 0."""
    servers.append(server := Running(home, metrics_port=0))
    with home.channel(server.address()) as channel:
        assert list_dossiers(channel).complete
        assert SERVING == check_health(channel)
        assert SERVING == check_health(channel, NAME)
        listed = channel.unary_unary("/grpc.health.v1.Health/List")(b"", timeout=30)
        assert {
            "",
            NAME,
            "kruispunt.directory.v1.DossierService",
            "kruispunt.directory.v1.KnowledgeService",
            "kruispunt.directory.v1.NoticeService",
            "kruispunt.access.v1.ParticipantService",
            "kruispunt.audit.v1.AuditService",
        } == {
            name
            for name, answer in health_pb2.HealthListResponse.FromString(listed).statuses.items()
            if answer.status == SERVING
        }
        for version in ("v1", "v1alpha"):
            assert {
                "grpc.health.v1.Health",
                "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection",
                "kruispunt.directory.v1.DirectoryService",
                "kruispunt.directory.v1.DossierService",
                "kruispunt.directory.v1.KnowledgeService",
                "kruispunt.directory.v1.NoticeService",
                "kruispunt.access.v1.ParticipantService",
                "kruispunt.audit.v1.AuditService",
            } == listed_services(channel, version)
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/grpc.health.v1.Health/Check")(b"\x0a\x02\xff\xfe", timeout=30)
        assert grpc.StatusCode.INVALID_ARGUMENT == caught.value.code()
    (served,) = server.events("metrics_served")
    with urllib.request.urlopen(f"http://127.0.0.1:{served['port']}/metrics", timeout=10) as page:
        metrics = page.read().decode()
    assert f'kruispunt_calls_total{{method="{NAME}/ListDossiers",status="OK"}} 1.0' in metrics

    assert 0 == server.stop()
    assert not server.ready_file.exists()
    assert [0] == [event["abandoned"] for event in server.events("worker_drained")]


def listed_services(channel: grpc.Channel, version: str) -> set[str]:
    """Return the services that reflection tells."""
    from grpc_reflection.v1alpha import reflection_pb2

    invoke = channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")
    request = reflection_pb2.ServerReflectionRequest(list_services="*").SerializeToString()
    (answer,) = invoke(iter([request]), timeout=30)
    listed = reflection_pb2.ServerReflectionResponse.FromString(answer).list_services_response
    return {service.name for service in listed.service}


def test_the_identity_server_starts_is_healthy_and_stops(home: Home, servers: list[Running]):
    """Its two services are told by reflection, next to health."""
    identity = Home(home.folder, "identity")
    servers.append(server := Running(identity))
    with identity.channel(server.address()) as channel:
        assert SERVING == check_health(channel)
        services = {
            "grpc.health.v1.Health",
            "kruispunt.identity.v1.IdentityService",
            "kruispunt.identity.v1.RegistrationService",
            "kruispunt.identity.v1.IdentityFeedService",
            "kruispunt.access.v1.ParticipantService",
            "kruispunt.audit.v1.AuditService",
        }
        assert services == {
            name for name in listed_services(channel, "v1") if not name.startswith("grpc.reflection")
        }

    assert 0 == server.stop()


def test_a_client_without_certificate_gets_no_connection(home: Home, servers: list[Running]):
    """The handshake fails, and no library writes a line of its own about it."""
    servers.append(server := Running(home))
    credentials = grpc.ssl_channel_credentials((home.folder / "pki" / "ca.crt").read_bytes())
    with (
        grpc.secure_channel(server.address(), credentials) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        list_dossiers(channel, timeout=10)
    assert grpc.StatusCode.UNAVAILABLE == caught.value.code()
    assert 0 == server.stop()
    lines = server.log.read_text().splitlines()
    assert "supervisor_stopped" == json.loads(lines[-1])["event"]
    assert lines == [line for line in lines if line.startswith("{")]


def test_watchers_are_told_before_the_drain(home: Home, servers: list[Running]):
    """SERVING turns into NOT_SERVING while calls are still taken."""
    servers.append(server := Running(home, lame_duck_s=3.0))
    with home.channel(server.address()) as channel:
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=120)
        heard = (health_pb2.HealthCheckResponse.FromString(answer).status for answer in watch)
        assert SERVING == next(heard)
        server.process.send_signal(signal.SIGTERM)
        assert NOT_SERVING == next(heard)
        assert list_dossiers(channel).complete
        watch.cancel()

    assert 0 == server.process.wait(60)


def test_certificate_key_and_authority_are_exchanged_live(home: Home, servers: list[Running]):
    """New connections see the new certificate, the old connection goes on, garbage changes nothing."""
    servers.append(server := Running(home))
    folder = home.folder / "pki"
    address = server.address()
    with home.channel(address) as before:
        list_dossiers(before)
        assert "server" == served_name(folder, address)

        pki.issue_server(folder, name="server-2")
        assert "server-2" == served_name(folder, address)
        assert list_dossiers(before).complete

        good = (folder / "server.crt").read_bytes()
        (folder / "server.crt").write_bytes(b"garbage")
        assert "server-2" == served_name(folder, address)
        assert ["CredentialsError"] == [
            event["exception"] for event in server.events("certificate_unreadable")
        ]
        (folder / "server.crt").write_bytes(good)
        assert "server-2" == served_name(folder, address)

    other = home.folder / "other"
    pki.make_authority(other, name="Another authority")
    pair = pki.issue_client(other, "pension-office", "spiffe://test/participant/pension-office")
    both = (folder / "ca.crt").read_bytes() + (other / "ca.crt").read_bytes()
    pki.replace_file(folder / "ca.crt", both, 0o644)
    credentials = grpc.ssl_channel_credentials(both, pair.key.read_bytes(), pair.certificate.read_bytes())
    with grpc.secure_channel(address, credentials) as channel:
        assert list_dossiers(channel).complete


def served_name(folder: Path, address: str) -> str:
    """Return the common name in the certificate that the server shows a new connection."""
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(
        folder / "clients" / "pension-office.crt", folder / "clients" / "pension-office.key"
    )
    host, port = address.split(":")
    with (
        socket.create_connection((host, int(port)), 30) as plain,
        context.wrap_socket(plain, server_hostname=host) as one,
    ):
        certificate = one.getpeercert()
    assert certificate is not None
    return str(certificate["subject"][0][0][1])


def test_a_killed_worker_is_replaced(home: Home, servers: list[Running]):
    """The other one goes on meanwhile."""
    servers.append(server := Running(home, workers=2))
    address = server.address()
    ready = server.events("worker_ready")
    os.kill(ready[0]["worker"], signal.SIGKILL)

    with home.channel(address) as channel:
        assert list_dossiers(channel).complete
    wait_until(lambda: len(server.events("worker_ready")) == 3, "there is a third worker")

    assert [-9] == [event["exit_code"] for event in server.events("worker_died")]
    assert 0 == server.stop()


def test_another_worker_seals_when_the_sealer_is_killed(home: Home, servers: list[Running]):
    """Each of two workers is killed in turn, one of them the sealer: all that was looked at is sealed each time."""
    servers.append(server := Running(home, workers=2))
    address = server.address()
    first = [each["worker"] for each in server.events("worker_ready")]
    database = Database.open(f"sqlite:///{home.folder / 'directory.db'}")
    waiting = sa.select(sa.func.count()).where(shared.access.c.position.is_(None))
    looks = sa.select(sa.func.count()).select_from(shared.access)

    def sealed(at_least: int) -> bool:
        with database.reading() as connection:
            return (connection.scalar(looks) or 0) >= at_least and connection.scalar(waiting) == 0

    for turn, worker in enumerate(first, 1):
        os.kill(worker, signal.SIGKILL)
        with home.channel(address) as channel:
            assert list_dossiers(channel).complete
        wait_until(lambda turn=turn: sealed(turn), "the looks are sealed")
    holders = sa.select(sa.func.count()).select_from(shared.lease)
    with database.reading() as connection:
        assert 1 == connection.scalar(holders)
    database.close()


def test_workers_end_when_their_parent_is_killed(home: Home, servers: list[Running]):
    """Nobody would ever ask them to stop."""
    servers.append(server := Running(home))
    server.address()
    (ready,) = server.events("worker_ready")

    server.process.kill()
    server.process.wait()

    wait_until(lambda: server.events("worker_drained"), "the worker has drained")
    wait_until(lambda: not Path(f"/proc/{ready['worker']}/exe").exists(), "the worker has ended")


def test_no_call_fails_while_a_successor_takes_over(home: Home, servers: list[Running]):
    """Eight clients that follow the published retry policy; the port goes from one server to the next and the next."""
    servers.append(server := Running(home, "first"))
    address = server.address()
    port = int(address.rpartition(":")[2])
    stop = threading.Event()
    answered, failed = [0] * 8, []

    def ask(index: int) -> None:
        with home.channel(address) as channel:
            while not stop.is_set():
                try:
                    list_dossiers(channel)
                    answered[index] += 1
                except grpc.RpcError as error:
                    failed.append((error.code(), error.details()))

    clients = [threading.Thread(target=ask, args=(index,)) for index in range(8)]
    for client in clients:
        client.start()
    try:
        for name in ("second", "third"):
            time.sleep(0.5)
            servers.append(successor := Running(home, name, port=port))
            assert address == successor.address()
            assert 0 == server.stop()
            server = successor
        before = list(answered)
        wait_until(
            lambda: all(now > then for now, then in zip(answered, before, strict=True)), "all are served"
        )
    finally:
        stop.set()
        for client in clients:
            client.join()

    assert [] == failed
    assert server.ready_file.exists()


def test_running_calls_end_before_the_server_does(home: Home, servers: list[Running]):
    """A stream that is open when the server is asked to stop gets its last answers."""
    servers.append(server := Running(home))
    with home.channel(server.address()) as channel:
        go_on = threading.Event()

        def requests() -> Iterator[bytes]:
            for chunk in (1, 2):
                yield pb.ResolveDossiersRequest(chunk=chunk, ssins=["85073003328"]).SerializeToString()
                go_on.wait(30)

        answers = channel.stream_stream(f"/{NAME}/ResolveDossiers")(requests(), timeout=60, metadata=PURPOSE)
        assert 1 == pb.ResolveDossiersResponse.FromString(next(answers)).chunk
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.events("worker_draining"), "it drains")
        time.sleep(0.5)
        go_on.set()
        assert [2] == [pb.ResolveDossiersResponse.FromString(answer).chunk for answer in answers]

    assert 0 == server.process.wait(60)
    assert [0] == [event["abandoned"] for event in server.events("worker_drained")]


def test_no_server_starts_on_the_wrong_revision(home: Home, tmp_path: Path):
    """Status 78, and the reason in the log; `migrate` mends it."""
    home.write(database_url=f"sqlite:///{tmp_path / 'fresh.db'}")

    refused = run(home.package, "serve", "--config", str(home.config))
    loaded = run(home.package, "load-rights", str(tmp_path / "rights.yaml"), "--config", str(home.config))
    migrated = run(home.package, "migrate", "--config", str(home.config))

    assert 78 == refused.returncode
    (event,) = [
        line for line in map(json.loads, refused.stderr.splitlines()) if line["event"] == "start_refused"
    ]
    assert event["faults"][0].startswith("the directory database has no tables yet")
    assert 78 == loaded.returncode
    assert "no tables yet" in loaded.stderr
    assert 0 == migrated.returncode
    assert migrated.stdout.startswith("the directory database is at revision ")


def test_a_port_that_somebody_else_has_is_told_in_a_line(home: Home):
    """Not by a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        home.write(port=other.getsockname()[1])
        refused = run(home.package, "serve", "--config", str(home.config))

    assert (78, "the server cannot listen:\n  Address already in use\n") == (
        refused.returncode,
        refused.stderr,
    )


def test_check_settings_tells_all_faults_and_leaves_with_78(home: Home):
    """A line each, on standard error."""
    good = run(home.package, "check-settings", "--config", str(home.config))
    bad = run(
        home.package, "check-settings", "--config", str(home.config),
        KRUISPUNT_DIRECTORY_PORT="-1", KRUISPUNT_DIRECTORY_WORKERS="0",
    )  # fmt: skip

    assert (0, "the settings are complete\n") == (good.returncode, good.stdout)
    assert 78 == bad.returncode
    assert [
        "the settings cannot be used:",
        "  port (KRUISPUNT_DIRECTORY_PORT): Input should be greater than or equal to 0",
        "  workers (KRUISPUNT_DIRECTORY_WORKERS): Input should be greater than or equal to 1",
    ] == bad.stderr.splitlines()


def test_code_tables_are_loaded_by_a_command(home: Home):
    """Twice is as good as once."""
    first = run(home.package, "load-code-tables", "--config", str(home.config))
    again = run(home.package, "load-code-tables", "--config", str(home.config))

    assert 0 == first.returncode, first.stderr
    created = first.stdout.split()[0]
    assert int(created) > 100
    assert f"0 created, 0 revised, {created} unchanged\n" == again.stdout


def test_participants_and_their_certificates_are_made_by_commands(home: Home):
    """What is there and still good stays; keys are for the owner only."""
    folder, file = home.folder / "fresh", home.folder / "rights.yaml"
    made = run(home.package, "dev-pki", str(folder), "--rights", str(file))
    again = run(home.package, "dev-pki", str(folder), "--rights", str(file))
    loaded = run(home.package, "load-rights", str(file), "--config", str(home.config))

    assert (f"{folder}: 3 certificates made, 0 stay\n", f"{folder}: 0 certificates made, 3 stay\n") == (
        made.stdout,
        again.stdout,
    )
    secrets = [*folder.rglob("*.key"), folder / "secret"]
    assert 5 == len(secrets)
    assert {0o600} == {path.stat().st_mode & 0o777 for path in secrets}
    assert "2 participants, 1 legal bases, 1 grants: no changes\n" == loaded.stdout


def test_half_an_authority_is_told_in_a_line(home: Home):
    """A key that is not that of the certificate signs nothing."""
    folder, other = home.folder / "fresh", home.folder / "other"
    pki.make_authority(folder)
    pki.replace_file(folder / "ca.key", pki.make_authority(other).key.read_bytes(), 0o600)

    made = run(home.package, "dev-pki", str(folder), "--rights", str(home.folder / "rights.yaml"))

    assert 78 == made.returncode
    assert f"nothing more was made:\n  {folder}/ca.key is not the key of {folder}/ca.crt\n" == made.stderr


_ASKED_AT_ANY_MOMENT = """
import io, os, signal, sys, threading, time
from kruispunt_server import supervisor
from kruispunt_server.events import Events
supervisor._TICK_S = 0.0  # waits and looks all the time, so that the signal falls into every step of it
for turn in range(40):
    parent = supervisor.Supervisor(
        ["true"], host="127.0.0.1", port=0, workers=0, events=Events(strict=True, stream=io.StringIO()))
    def ask():
        while signal.getsignal(signal.SIGTERM) in (signal.SIG_DFL, before):
            time.sleep(0)
        time.sleep(0.0003 * (turn % 7))
        os.kill(os.getpid(), signal.SIGTERM)
    before = signal.getsignal(signal.SIGTERM)
    asking = threading.Thread(target=ask)
    asking.start()
    assert parent.run() == 0
    asking.join()
sys.stdout.write("ended 40 times")
"""


def test_a_parent_ends_at_whichever_moment_it_is_asked_to():
    """A handler that took a lock would wait for ever for the wait that it interrupted."""
    asked = subprocess.run(
        [sys.executable, "-c", _ASKED_AT_ANY_MOMENT], capture_output=True, text=True, timeout=60, check=False
    )

    assert (0, "ready 127.0.0.1") == (asked.returncode, asked.stdout[:15]), asked.stderr
    assert asked.stdout.endswith("ended 40 times")


def test_the_parent_never_imports_grpc():
    """Its threads would not survive a fork."""
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            """
import sys, kruispunt_directory.__main__, kruispunt_identity.__main__, kruispunt_server.metrics
print('grpc' in sys.modules)
            """,
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "False\n" == loaded.stdout
