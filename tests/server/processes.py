"""Real server processes, started by the command as an operator starts them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from tests.conftest import as_server

from kruispunt._service_config import channel_options
from kruispunt_directory.code_tables import load_code_tables
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.tables import directory_tables, shared
from kruispunt_server import pki
from kruispunt_server.access.loading import load_rights, rights_in
from kruispunt_server.clock import SystemClock
from kruispunt_server.database import Database

PATIENCE_S = 120.0  # cores are shared with other tests


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a server: compiled modules are kept, or each start would compile them anew."""
    cache = Path(tempfile.gettempdir()) / f"kruispunt-tests-{os.getuid()}"
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(cache), **more}


RIGHTS = """
participants:
  pension-office:
    institution: 5/1
    quotas: {reads: 1000000/s, bulk: 1000000/s}
    roles: [supplier, consumer]
    uris: [spiffe://test/participant/pension-office]
  administrator:
    roles: [administrator]
    uris: [spiffe://test/participant/administrator]
legal_bases:
  18/042:
    title: Tests
    data_groups: [all]
grants:
  everything:
    participants: [pension-office]
    methods: [DirectoryService/*, DossierService/*, NoticeService/*, IdentityService/*, RegistrationService/*]
    legal_basis: 18/042
    data_groups: [all]
"""


def wait_until(condition: Any, what: str) -> Any:
    """Wait until `condition()` is true, and return what it returned."""
    latest = time.monotonic() + PATIENCE_S
    while time.monotonic() < latest:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain until {what}")


def run(package: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", package, *arguments],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment(**variables),
    )  # fmt: skip


@dataclass
class Home:
    """A folder with certificates, a migrated database and a configuration."""

    folder: Path
    service: str = "directory"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def package(self) -> str:
        return f"kruispunt_{self.service}"

    @property
    def config(self) -> Path:
        return self.folder / f"{self.service}.toml"

    def write(self, **settings: Any) -> None:
        """Write the configuration."""
        pki = self.folder / "pki"
        self.settings = {
            "port": 0,
            "workers": 1,
            "threads": 4,
            "lame_duck_s": 0.3,
            "probe_interval_s": 0.2,
            "strict_events": True,
            "secret_file": str(pki / "secret"),
            "tls_certificate": str(pki / "server.crt"),
            "tls_key": str(pki / "server.key"),
            "tls_authority": str(pki / "ca.crt"),
            "database_url": f"sqlite:///{self.folder / self.service}.db",
            **self.settings,
            **settings,
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in self.settings.items()]
        self.config.write_text("\n".join(lines))

    def channel(self, address: str) -> grpc.Channel:
        """Open a channel of the published client configuration."""
        clients = self.folder / "pki" / "clients"
        credentials = grpc.ssl_channel_credentials(
            (self.folder / "pki" / "ca.crt").read_bytes(),
            (clients / "pension-office.key").read_bytes(),
            (clients / "pension-office.crt").read_bytes(),
        )
        return grpc.secure_channel(address, credentials, channel_options())


def prepared_home(folder: Path, urls: dict[str, str], *, code_tables: bool = False) -> Home:
    """Return a home whose databases, by service, know one participant, and code tables if so; the servers own nothing."""
    pki.issue_all(folder / "pki", {"pension-office": ["spiffe://test/participant/pension-office"]})
    pki.replace_file(folder / "pki" / "secret", b"s" * 32, 0o600)
    (folder / "rights.yaml").write_text(RIGHTS)
    for service, url in urls.items():
        database = Database.open(url, pool_size=1)
        load_rights(database, shared, SystemClock(), rights_in(folder / "rights.yaml"))
        if code_tables and service == "directory":
            load_into(database, directory_tables(), SystemClock(), load_code_tables(None))
        database.close()
    home = Home(folder)
    home.write(database_url=as_server(urls["directory"]))
    return home


class Running:
    """A server process with its workers."""

    def __init__(self, home: Home, name: str = "server", **settings: Any) -> None:
        self.ready_file = home.folder / f"{name}.ready"
        self.log = home.folder / f"{name}.log"
        home.write(ready_file=str(self.ready_file), **settings)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", home.package, "serve", "--config", str(home.config)],
                stdout=subprocess.DEVNULL, stderr=log, env=environment(),
            )  # fmt: skip

    def address(self) -> str:
        """Wait until all workers serve; returns host:port."""
        wait_until(lambda: self.ready_file.exists() or self.process.poll() is not None, "the server is ready")
        assert self.ready_file.exists(), self.log.read_text()
        return self.ready_file.read_text().strip()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of that name so far."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]
        return [line for line in lines if line["event"] == name]

    def stop(self) -> int:
        """Ask it to stop, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End it however it is; its workers notice by themselves."""
        if self.process.poll() is None:
            self.stop()
