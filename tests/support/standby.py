"""A real PostgreSQL primary with hot standbys, for tests that kill, freeze and promote them.

Apart from the cluster that all tests share: it keeps its log for standbys and can be stopped without harm to others. A
unix socket each; on memory, with fsync off, because what is under test is who has what, not what a disk does.
"""

import contextlib
import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import sqlalchemy as sa
from tests.support.postgres import SERVER_ROLE, _root, _run

_SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_senders": "6",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "100ms",
    "log_min_messages": "fatal",
}


class Node:
    """One server: a primary, or a standby of one.

    Attributes:
        folder: of its socket; its data lies below.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.socket = folder / name
        self.data = folder / f"{name}.data"

    def url_of(self, database: str, user: str = "postgres") -> str:
        """Return the address of one of its databases."""
        return f"postgresql://{user}@/{database}?host={self.socket}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Execute a statement outside any transaction; returns its rows."""
        with psycopg.connect(self.url_of(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it."""
        _run(self.folder, "pg_ctl", "-D", self.data, "-l", self.folder / f"{self.name}.log", "-w", "start")

    def stop(self) -> None:
        """Stop it as a crash does, if it runs."""
        with contextlib.suppress(Exception):
            _run(self.folder, "pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def promote(self) -> None:
        """Make it the primary."""
        _run(self.folder, "pg_ctl", "-D", self.data, "-w", "promote")

    def kill(self) -> None:
        """End the whole server by SIGKILL: nothing is flushed, nobody is told. Returns when nothing of it is left."""
        found = self._processes()
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        latest = time.monotonic() + 30
        while any(Path(f"/proc/{process}").exists() for process in found) and time.monotonic() < latest:
            time.sleep(0.01)

    def freeze(self) -> None:
        """Stop all of its processes where they are, with their connections open."""
        for process in self._processes():
            os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    def make(self) -> None:
        """Make an empty server."""
        _run(self.folder, "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
             "--locale-provider=builtin", "--locale=C.UTF-8")  # fmt: skip
        self.configure(_SETTINGS)

    def copy_of(self, primary: "Node") -> None:
        """Make a standby of a running server."""
        _run(self.folder, "pg_basebackup", "-h", primary.socket, "-U", "postgres", "-D", self.data,
             "-X", "stream", "-c", "fast", "--no-sync")  # fmt: skip
        self.configure({"synchronous_standby_names": "''"})
        (self.data / "standby.signal").touch()
        _hand_over(self.data / "standby.signal")
        self.follow(primary)

    def follow(self, primary: "Node") -> None:
        """Say which server it follows; read when it starts."""
        address = f"host={primary.socket} user=postgres application_name={self.name}"
        self.configure({"primary_conninfo": f"'{address}'"})

    def configure(self, settings: dict[str, str]) -> None:
        """Add settings; the last of a name counts."""
        self.socket.mkdir(exist_ok=True)
        self.socket.chmod(0o777)
        settings = {**settings, "unix_socket_directories": f"'{self.socket}'"}
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def _processes(self) -> list[int]:
        found = self.data / "postmaster.pid"
        if not found.exists():
            return []
        parent = int(found.read_text().split()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children")
        return [parent, *map(int, children.read_text().split())] if children.exists() else []


def _hand_over(path: Path) -> None:
    if os.getuid() == 0:
        shutil.chown(path, "nobody")


@contextlib.contextmanager
def primary_with(*names: str) -> Iterator[list[Node]]:
    """Give a running primary, and a running standby of each name; all of them are stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="ks-", dir=_root()))
    folder.chmod(0o777)
    nodes = [Node(folder, name) for name in ("one", *names)]
    primary, *standbys = nodes
    try:
        primary.make()
        primary.start()
        primary.execute(f"CREATE ROLE {SERVER_ROLE} LOGIN")
        for standby in standbys:
            standby.copy_of(primary)
            standby.start()
        yield nodes
    finally:
        for node in nodes:
            node.thaw()
            node.stop()
        shutil.rmtree(folder, ignore_errors=True)


def new_database(primary: Node) -> str:
    """Make an empty database; returns its name."""
    name = f"t_{uuid.uuid4().hex}"
    primary.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return name


def several(nodes: list[Node], database: str, user: str = SERVER_ROLE) -> str:
    """Return the address of whichever of some servers is the primary."""
    hosts = "&".join(f"host={node.socket}" for node in nodes)
    return f"postgresql://{user}@/{database}?{hosts}&target_session_attrs=read-write"


def alone(node: Node, database: str, user: str = SERVER_ROLE) -> str:
    """Return the address of one server, whatever it is."""
    return sa.make_url(node.url_of(database, user)).render_as_string(hide_password=False)
