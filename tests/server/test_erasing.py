"""Who is erased cannot be read any more, in no file of the database; and the log still verifies."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.calls import NOON, PSEUDONYMS, call_of, change_log, said_in, subject_keys
from tests.support.postgres import Cluster

from kruispunt_server.audit.erasing import Eraser, Erasure, holds
from kruispunt_server.audit.verifying import Verifier
from kruispunt_server.change import Change
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.sealing.heads import HeadStore
from kruispunt_server.sealing.seal_keys import SealKeys
from kruispunt_server.sealing.sealer import Sealer
from kruispunt_server.tables import SharedTables

ANNA, BERT = 85_010_100_123, 85_010_100_222
CANARY = "Canary Street 17"


class Registry:
    """A change log with Anna, Bert and two hundred others in it."""

    def __init__(self, database: Database, tables: SharedTables) -> None:
        self.database, self.tables, self.clock = database, tables, FixedClock(NOON)
        self.keys = subject_keys(database, tables, self.clock)
        heads = HeadStore(tables, "directory", SealKeys(b"s" * 32), self.clock)
        self.sealer = Sealer(database, tables, heads)
        self.write([ANNA, BERT, *range(90_000_000_000, 90_000_000_200)])

    def write(self, persons: list[int]) -> None:
        """Record a change of each person, and seal."""
        changes = [Change(person, "dossier.created", None, {"street": CANARY}) for person in persons]
        log = change_log(self.database, self.tables, self.clock)
        with self.database.writing() as connection:
            log.record(connection, call_of(), changes, request_id=new_id())
        self.sealer.seal_once()

    def erase(self, *persons: int, patience_s: float = 5.0) -> Erasure:
        """Erase persons."""
        eraser = Eraser(self.database, self.tables, PSEUDONYMS, self.keys, self.clock, patience_s=patience_s)
        return eraser.erase(persons)

    def wrapped(self, person: int) -> bytes:
        """Return the key of a person as the database keeps it."""
        key = self.tables.seals.subject_key
        with self.database.reading() as connection:
            found = sa.select(key.c.wrapped).where(
                key.c.subject == PSEUDONYMS.of(person), key.c.wrapped.is_not(None)
            )
            return bytes(connection.scalar(found) or b"")

    def changes(self, person: int) -> list[sa.Row[tuple[object, ...]]]:
        """Return the records of a person, in their order."""
        change = self.tables.change
        with self.database.reading() as connection:
            found = sa.select(change).where(change.c.subject == PSEUDONYMS.of(person))
            return list(connection.execute(found.order_by(change.c.entry_no)))


@pytest.fixture
def registry(database: Database, tables: SharedTables) -> Registry:
    """On each kind of database."""
    return Registry(database, tables)


def test_what_was_said_of_who_is_erased_is_unreadable(registry: Registry) -> None:
    """Of others it is not; that it was done is a record without anything of a person."""
    assert Erasure(destroyed=1, gone=True) == registry.erase(ANNA)

    created, erased = registry.changes(ANNA)
    with registry.database.reading() as connection:
        assert {} == registry.keys.named(connection, [created.key_id])
        (bert,) = registry.changes(BERT)
        assert {"street": CANARY} == said_in(connection, registry.keys, bert)["after"]
    assert ("subject.erased", "operator", None, b"{}") == (
        erased.kind,
        erased.participant_id,
        erased.key_id,
        bytes(erased.payload),
    )


def test_the_log_verifies_as_before(registry: Registry) -> None:
    """Erasing adds a record and alters none."""
    registry.erase(ANNA)
    registry.sealer.seal_once()

    report = Verifier(registry.database, registry.tables, "directory").verify("change")
    assert ([], 203) == (report.faults, report.size)


def test_erasing_again_records_nothing_more(registry: Registry) -> None:
    """It cleans the files again, in case that was broken off."""
    registry.erase(ANNA)

    assert Erasure(destroyed=0, gone=True) == registry.erase(ANNA)
    assert 2 == len(registry.changes(ANNA))


def test_who_was_never_seen_leaves_no_record(registry: Registry) -> None:
    """Nor a key."""
    assert Erasure(destroyed=0, gone=True) == registry.erase(85_010_100_321)
    assert [] == registry.changes(85_010_100_321)


def test_what_comes_after_the_erasure_has_a_new_key(registry: Registry) -> None:
    """It is readable, and erased by erasing again."""
    registry.erase(ANNA)
    registry.write([ANNA])

    with registry.database.reading() as connection:
        assert CANARY in str(said_in(connection, registry.keys, registry.changes(ANNA)[-1]))
    assert Erasure(destroyed=1, gone=True) == registry.erase(ANNA)


def test_no_file_of_sqlite_holds_the_key(sqlite_url: str, tables: SharedTables, tmp_path: Path) -> None:
    """Neither file nor log beside it nor a copy made afterwards; and what was said was never there in the clear."""
    database = Database.open(sqlite_url)
    registry = Registry(database, tables)
    file = tmp_path / "directory.db"
    anna, bert = registry.wrapped(ANNA), registry.wrapped(BERT)
    assert holds(file, [anna])

    registry.erase(ANNA)

    with sqlite3.connect(file) as source, sqlite3.connect(tmp_path / "copy.db") as copy:
        source.backup(copy)
    database.close()
    for each in sorted(tmp_path.iterdir()):
        content = each.read_bytes()
        assert (False, False) == (anna in content, CANARY.encode() in content), each.name
    assert holds(file, [bert])


def test_a_copy_that_a_moved_page_left_is_found_and_goes(
    sqlite_url: str, tables: SharedTables, tmp_path: Path
) -> None:
    """A row deleted without overwriting it stays in its page until the file is written anew."""
    database = Database.open(sqlite_url)
    registry = Registry(database, tables)
    anna = registry.wrapped(ANNA)
    with database.writing() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete=off")
        connection.exec_driver_sql("CREATE TABLE left_over (it BLOB)")
        connection.exec_driver_sql("INSERT INTO left_over VALUES (:it)", {"it": anna})
    with database.writing() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete=off")
        connection.exec_driver_sql("DELETE FROM left_over")

    assert registry.erase(ANNA).gone
    assert not holds(tmp_path / "directory.db", [anna])
    database.close()


def test_no_file_of_a_postgresql_table_holds_the_key(
    postgres_url: str, postgres: Cluster, tables: SharedTables
) -> None:
    """Old versions of the row go too; the write-ahead log is another matter, and the documents say so."""
    database = Database.open(postgres_url)
    registry = Registry(database, tables)
    anna, bert = registry.wrapped(ANNA), registry.wrapped(BERT)
    registry.erase(ANNA)
    postgres.execute("CHECKPOINT")

    with database.reading() as connection:
        table = "pg_read_binary_file(pg_relation_filepath('subject_key'))"
        content = bytes(connection.scalar(sa.text(f"SELECT {table}")))
    database.close()
    assert (False, True) == (anna in content, bert in content)


def test_somebody_who_reads_a_state_from_before_keeps_it_alive(registry: Registry) -> None:
    """The key is destroyed; that its bytes are still there is said, and erasing again cleans up."""
    with registry.database.snapshot() as reader:
        reader.execute(sa.select(registry.tables.seals.subject_key)).first()
        assert Erasure(destroyed=1, gone=False) == registry.erase(ANNA, patience_s=0.1)

    assert Erasure(destroyed=0, gone=True) == registry.erase(ANNA)


def test_a_key_across_two_pieces_of_a_file_is_found(tmp_path: Path) -> None:
    """A piece is a megabyte."""
    (tmp_path / "file").write_bytes(b"." * ((1 << 20) - 3) + b"secret" + b"." * 100)

    assert (True, False) == (
        holds(tmp_path / "file", [b"secret"]),
        holds(tmp_path / "file", [b"sacred"]),
    )
