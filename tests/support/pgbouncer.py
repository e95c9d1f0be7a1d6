"""A real PgBouncer in transaction mode before the shared PostgreSQL, for tests that want one in between.

From the Debian package `pgbouncer`, 1.18 or newer: older ones may hand the cancelling of one statement to another.
It keeps few connections to each database, so that sessions of ours do share them. As root it runs as an unprivileged
user, because it insists.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from .postgres import SERVER_ROLE, Cluster, unprivileged

_PORT = 6432
_CONNECTIONS = 5  # to each database
_CONFIGURATION = """
[databases]
* = host={cluster} port=5432
[pgbouncer]
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 500
listen_port = {port}
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
logfile = {folder}/log
pidfile = {folder}/pid
admin_users = postgres
server_lifetime = 600
ignore_startup_parameters = {ignored}
"""


def program() -> str | None:
    """Return where the program is; none: it is not installed."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def need_pgbouncer() -> None:
    """Skip the test, saying what is missing, where there is no PgBouncer."""
    if program() is None:
        pytest.skip("PgBouncer is not installed: apt-get install pgbouncer")


class Pooler:
    """A running PgBouncer.

    Attributes:
        folder: of its socket.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url_of(self, url: str, *, named: bool = True) -> str:
        """Return the address of a database through the pooler.

        Args:
            url: the address of the database itself.
            named: whether the address says that there is a pooler.
        """
        parsed = sa.make_url(url).set(port=_PORT)
        parsed = parsed.update_query_dict({"host": str(self.folder)})
        if named:
            parsed = parsed.update_query_dict({"pooler": "transaction"})
        return parsed.render_as_string(hide_password=False)


@contextlib.contextmanager
def running(cluster: Cluster, *, ignored: str = "") -> Iterator[Pooler]:
    """Give a PgBouncer before `cluster`, ended afterwards.

    Args:
        cluster: that listens on a socket.
        ignored: start-up parameters that it drops where it otherwise refuses the connection.
    """
    found = program()
    assert found is not None, "asked by need_pgbouncer"
    folder = Path(tempfile.mkdtemp(prefix="kruispunt-pgbouncer-"))
    folder.chmod(0o777)
    (folder / "users").write_text(f'"postgres" ""\n"{SERVER_ROLE}" "kruispunt"\n')
    (folder / "ini").write_text(
        _CONFIGURATION.format(
            cluster=cluster.url.query["host"],
            connections=_CONNECTIONS,
            port=_PORT,
            folder=folder,
            ignored=ignored,
        )
    )
    process = subprocess.Popen(
        [*unprivileged(), found, "-q", folder / "ini"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(process, folder / f".s.PGSQL.{_PORT}")
        yield Pooler(folder)
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _await(process: "subprocess.Popen[bytes]", socket: Path) -> None:
    """Wait until it listens."""
    for _ in range(200):
        if socket.exists():
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            break
    raise AssertionError("PgBouncer does not listen; see the log in its folder")
