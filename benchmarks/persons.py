"""Identity databases that benchmarks read: invented persons, imported once as `kruispunt person import` does it."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks import imports
from benchmarks.cluster import WORK, Cluster, running
from benchmarks.processes import serving
from benchmarks.stores import Store
from kruispunt_server import migrate


@contextmanager
def opened(kind: str, persons: int) -> Iterator[Store]:
    """Give the store of `kind` ("sqlite" or "postgresql") with so many persons; made if there is none."""
    WORK.mkdir(exist_ok=True)
    name = f"identity_{persons}_{migrate.head('identity')}"
    if kind == "sqlite":
        file = WORK / f"{name}.db"
        if not file.exists():
            draft = file.with_suffix(".draft")
            for left in file.parent.glob(f"{draft.name}*"):
                left.unlink()
            _load(f"sqlite:///{draft}", persons)
            with sqlite3.connect(draft) as whole:
                whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            draft.rename(file)
        yield Store(f"sqlite:///{file}", f"sqlite {sqlite3.sqlite_version}", persons, None, rows_each=1)
        return
    with running() as cluster:
        yield _on_postgresql(cluster, name, persons)


def _on_postgresql(cluster: Cluster, name: str, persons: int) -> Store:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(f"DROP DATABASE IF EXISTS {name}_draft WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}_draft TEMPLATE template0")
            _load(cluster.url(f"{name}_draft"), persons)
            with psycopg.connect(cluster.url(f"{name}_draft"), autocommit=True) as loaded:
                loaded.execute("VACUUM ANALYZE")
            connection.execute(f"ALTER DATABASE {name}_draft RENAME TO {name}")
        version = connection.info.server_version // 10_000
    return Store(cluster.url(name), f"postgresql {version}", persons, cluster.pid, rows_each=1)


def _load(url: str, persons: int) -> None:
    migrate.upgrade(url, "identity")
    with tempfile.TemporaryDirectory() as made:
        certificates = imports.certified(Path(made))
        with serving("serve_imports", url, made) as importing:
            imports.Sender(importing, certificates, imports.file_of(persons)).send(persons)
