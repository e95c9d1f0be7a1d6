"""Both servers as an operator starts them: processes of their own, over mutual TLS, killed and started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.conftest import as_server
from tests.directory.service.conftest import NOON, PURPOSE
from tests.server.processes import PATIENCE_S, environment, wait_until
from tests.support.rights import load_sandbox

from kruispunt import ClientCertificates, DirectoryClient, IdentityClient
from kruispunt_directory.code_tables import load_code_tables
from kruispunt_directory.following.behind import HEALTH_NAME
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.tables import directory_tables, shared
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database

ClientT = TypeVar("ClientT", DirectoryClient, IdentityClient)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


class Process:
    """A server at one address for good, however often it is started.

    Args:
        service: "directory" or "identity".
        folder: of its settings and log.
        settings: of the operator.
    """

    def __init__(self, service: str, folder: Path, settings: dict[str, Any]) -> None:
        self.address = f"127.0.0.1:{settings['port']}"
        self.config = folder / f"{service}.toml"
        self.log = folder / f"{service}.log"
        self._package = f"kruispunt_{service}"
        self._ready = folder / f"{service}.ready"
        self._process: subprocess.Popen[bytes] | None = None
        self.write({**settings, "ready_file": str(self._ready)})

    def write(self, settings: dict[str, Any]) -> None:
        """Write its settings; they hold from the next start on."""
        self.settings = settings
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        self.config.write_text("\n".join(lines))

    def start(self) -> None:
        """Start it, and wait until it serves."""
        self._ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", self._package, "serve", "--config", str(self.config)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log, env=environment(), start_new_session=True
            )
        process = self._process
        wait_until(lambda: self._ready.exists() or process.poll() is not None, "the server is ready")
        assert self._ready.exists(), self.log.read_text()

    def kill(self) -> None:
        """Let the operating system end it, with its workers, at whatever it is doing."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(PATIENCE_S)
            self._process = None

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            assert self._process.wait(PATIENCE_S) == 0
            self._process = None

    def metric(self, name: str) -> float:
        """Return the value of a metric without labels."""
        port = self.events("metrics_served")[-1]["port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of that name, of all starts."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]
        return [line for line in lines if line["event"] == name]


class Pair:
    """Identity, and a directory that follows it; neither is started.

    Args:
        folder: for settings and logs.
        pki: certificates of the sandbox's participants.
        directory_url: database of the directory.
        identity_url: database of identity.
    """

    def __init__(self, folder: Path, pki: Path, directory_url: str, identity_url: str) -> None:
        self.pki = pki
        self._clients: list[DirectoryClient | IdentityClient] = []
        for url in (directory_url, identity_url):
            database = Database.open(url)
            load_sandbox(database, shared)
            if url == directory_url:
                load_into(database, directory_tables(), FixedClock(NOON), load_code_tables())
            database.close()
        common = {
            "workers": 1,
            "threads": 4,
            "lame_duck_s": 0,
            "probe_interval_s": 0.2,
            "strict_events": True,
            "secret_file": str(pki / "secret"),
            "tls_certificate": str(pki / "server.crt"),
            "tls_key": str(pki / "server.key"),
            "tls_authority": str(pki / "ca.crt"),
        }
        self.identity = Process(
            "identity",
            folder,
            {
                **common,
                "port": _free_port(),
                "database_url": as_server(identity_url),
                "without_directory": True,
            },
        )
        clients = pki / "clients"
        self.directory = Process(
            "directory",
            folder,
            {
                **common,
                "port": _free_port(),
                "database_url": as_server(directory_url),
                "identity_endpoint": self.identity.address,
                "identity_certificate": str(clients / "directory-service.crt"),
                "identity_key": str(clients / "directory-service.key"),
                "identity_authority": str(pki / "ca.crt"),
                "following_late_s": 3,
                "metrics_port": 0,
            },
        )

    def certificates(self, participant: str) -> ClientCertificates:
        """Return the certificates of a participant."""
        clients = self.pki / "clients"
        return ClientCertificates.from_files(
            self.pki / "ca.crt", clients / f"{participant}.crt", clients / f"{participant}.key"
        )

    def client(self, kind: type[ClientT], participant: str) -> ClientT:
        """Connect to one of the two as a participant."""
        address = (self.directory if kind is DirectoryClient else self.identity).address
        client = kind(address, certificates=self.certificates(participant), purpose=PURPOSE, timeout_s=20)
        self._clients.append(client)
        return client

    def channel(self, participant: str) -> grpc.Channel:
        """Connect to the directory without the client."""
        certificates = self.certificates(participant)
        return grpc.secure_channel(
            self.directory.address,
            grpc.ssl_channel_credentials(certificates.ca, certificates.key, certificates.certificate),
        )

    def close(self) -> None:
        """End both, however they are."""
        for client in self._clients:
            client.close()
        self.directory.kill()
        self.identity.kill()


class FollowingHealth:
    """What a directory's health says of its following."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = health_pb2_grpc.HealthStub(channel)

    def is_serving(self, name: str = HEALTH_NAME) -> bool:
        """Return whether a name serves."""
        status = self._stub.Check(health_pb2.HealthCheckRequest(service=name), wait_for_ready=True).status
        return bool(status == health_pb2.HealthCheckResponse.SERVING)

    def watch(self, name: str = HEALTH_NAME) -> Any:
        """Watch a name."""
        return self._stub.Watch(health_pb2.HealthCheckRequest(service=name), wait_for_ready=True)
