"""The sealer: positions in commit order, nothing skipped, nothing twice, and a tree that proves it."""

import datetime as dt
import itertools
import json
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from tests.support.calls import NOON, PSEUDONYMS, call_of, change_log

from kruispunt import merkle
from kruispunt.signed_heads import HeadNote, endorsement_text, key_id_of
from kruispunt_server.change import Change
from kruispunt_server.changes import ChangeLog
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.events import Events
from kruispunt_server.ids import new_id
from kruispunt_server.journal import AccessJournal
from kruispunt_server.lease import Lease
from kruispunt_server.sealing import records, tiles
from kruispunt_server.sealing.heads import HeadStore
from kruispunt_server.sealing.seal_keys import SealKeyError, SealKeys, put_new_key
from kruispunt_server.sealing.sealer import Sealer
from kruispunt_server.sealing.worker import SealingThread
from kruispunt_server.tables import SharedTables

ANNA = 85_010_100_123
SEED = b"s" * 32


class Logs:
    """Both logs of one database, and their sealer."""

    def __init__(self, database: Database, tables: SharedTables) -> None:
        self.database, self.tables = database, tables
        self.clock = FixedClock(NOON)
        self.changes: ChangeLog = change_log(database, tables, self.clock)
        self.journal = AccessJournal(database, tables, PSEUDONYMS, self.clock)
        self.heads = HeadStore(tables, "directory", SealKeys(SEED), self.clock)
        self.sealer = Sealer(database, tables, self.heads, most=50)

    def change(self, *kinds: str) -> None:
        """Record changes in one transaction."""
        with self.database.writing() as connection:
            self.changes.record(
                connection, call_of(), [Change(ANNA, kind) for kind in kinds], request_id=new_id()
            )

    def look(self, count: int = 1) -> None:
        """Commit access records."""
        call = call_of()
        for number in range(count):
            call.look(ANNA + number, "dossier", "found")
        self.journal.commit(call)

    def kinds(self) -> list[str]:
        """Return the kinds of the sealed changes by position."""
        change = self.tables.change
        with self.database.reading() as connection:
            rows = connection.execute(
                sa.select(change.c.position, change.c.kind)
                .where(change.c.position.is_not(None))
                .order_by(change.c.position)
            ).all()
        assert list(range(len(rows))) == [row.position for row in rows]
        return [row.kind for row in rows]

    def texts(self, log: str) -> list[str]:
        """Return the texts of the sealed records by position, as Python makes them."""
        table = self.tables.change if log == "change" else self.tables.access
        columns = [table.c[name] for name in records.PARTS[log]]
        statement = sa.select(*columns).where(table.c.position.is_not(None)).order_by(table.c.position)
        with self.database.reading() as connection:
            return [records.text_of(log, tuple(row)) for row in connection.execute(statement)]

    def head(self, log: str) -> Any:
        """Return the latest head."""
        with self.database.reading() as connection:
            return self.heads.latest(connection, log)


@pytest.fixture
def logs(database: Database, tables: SharedTables) -> Logs:
    """Logs on each kind of database."""
    return Logs(database, tables)


def test_nothing_is_sealed_where_nothing_is(logs: Logs) -> None:
    """No head is signed for it either."""
    assert 0 == logs.sealer.seal_once()
    assert logs.head("change") is None


def test_the_head_is_over_the_texts_of_all_records(logs: Logs) -> None:
    """What the database hashes is what Python hashes; seal by seal."""
    for round_ in range(3):
        logs.change("a", f"b{round_}")
        logs.look(3)
        assert 5 == logs.sealer.seal_once()

    for log, size in (("change", 6), ("access", 9)):
        leaves = [merkle.leaf_hash(text.encode()) for text in logs.texts(log)]
        head = logs.head(log)
        assert (size, merkle.root_of(leaves)) == (head.note.tree_size, head.note.root_hash)
        Ed25519PublicKey.from_public_bytes(head.public_key).verify(head.signature, head.note.text().encode())
        assert head.note == HeadNote.parse(head.note.text())
        assert head.note.origin.startswith(f"kruispunt/directory/{log}/")


def test_a_text_has_as_many_parts_as_its_form(logs: Logs) -> None:
    """Absent values are marked, bytes are hexadecimal, instants microseconds."""
    with logs.database.writing() as connection:
        logs.changes.record(connection, call_of(purpose=None), [Change(None, "k")], request_id=new_id())
    logs.sealer.seal_once()

    parts = logs.texts("change")[0].split("\x1f")
    assert "change/1" == parts[0]
    assert 14 == len(parts)
    assert str(int(NOON.timestamp()) * 1_000_000) == parts[2]
    assert ["\x1e"] * 3 == parts[5:8]
    assert ["\x1e", "k", "\x1e", b"{}".hex()] == parts[10:]


def test_a_writer_held_open_across_a_seal_is_not_skipped(postgres_url: str, tables: SharedTables) -> None:
    """It drew its numbers first and commits last: it comes last, and nothing is left out."""
    database = Database.open(postgres_url)
    logs = Logs(database, tables)
    with database.writing() as open_one:
        logs.changes.record(open_one, call_of(), [Change(1, "late")], request_id=new_id())
        logs.change("early")
        assert 1 == logs.sealer.seal_once()
        assert ["early"] == logs.kinds()
    logs.change("after")
    assert 2 == logs.sealer.seal_once()

    assert ["early", "late", "after"] == logs.kinds()
    database.close()


def test_commits_stay_together_in_the_order_of_their_last_number(
    postgres_url: str, tables: SharedTables
) -> None:
    """Two transactions that interleave are told one after the other; that which drew last comes last."""
    database = Database.open(postgres_url)
    logs = Logs(database, tables)
    with database.writing() as one, database.writing() as other:
        logs.changes.record(one, call_of(), [Change(1, "one.1")], request_id=new_id())
        logs.changes.record(other, call_of(), [Change(2, "other.1")], request_id=new_id())
        logs.changes.record(one, call_of(), [Change(1, "one.2")], request_id=new_id())
    logs.sealer.seal_once()

    assert ["other.1", "one.1", "one.2"] == logs.kinds()
    database.close()


def test_a_commit_is_never_cut(logs: Logs) -> None:
    """One that is larger than a seal takes is sealed whole, by itself."""
    logs.change(*(["few"] * 3))
    logs.change(*(["many"] * 80))
    logs.change("last")

    assert [3, 80, 1, 0] == [logs.sealer.seal_once() for _ in range(4)]
    assert ["few"] * 3 + ["many"] * 80 + ["last"] == logs.kinds()


def test_two_sealers_at_once_give_every_position_once(logs: Logs) -> None:
    """While eight writers write; the tree is that of the rows."""
    other = Sealer(logs.database, logs.tables, logs.heads, most=7)
    done = threading.Event()

    def seal(sealer: Sealer) -> None:
        while not done.is_set():
            sealer.seal_once()

    sealing = [threading.Thread(target=seal, args=(sealer,)) for sealer in (logs.sealer, other)]
    for thread in sealing:
        thread.start()
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda n: logs.change(f"{n}.1", f"{n}.2"), range(60)))
    done.set()
    for thread in sealing:
        thread.join()
    while logs.sealer.seal_once():
        pass

    kinds = logs.kinds()
    assert 120 == len(kinds)
    assert all(
        kinds[at][:-1] == kinds[at + 1][:-1] and (kinds[at][-1], kinds[at + 1][-1]) == ("1", "2")
        for at in range(0, 120, 2)
    )
    leaves = [merkle.leaf_hash(text.encode()) for text in logs.texts("change")]
    assert merkle.root_of(leaves) == logs.head("change").note.root_hash


def test_a_position_is_given_once(logs: Logs) -> None:
    """The database itself refuses another."""
    logs.change("k")
    logs.sealer.seal_once()

    with pytest.raises(sa.exc.IntegrityError, match="append-only"), logs.database.writing() as connection:
        connection.execute(sa.update(logs.tables.change).values(position=7))


@pytest.mark.parametrize("table", ["tree_head", "tree_key"])
def test_heads_and_keys_stay(logs: Logs, table: str) -> None:
    """Neither can be changed or deleted."""
    logs.change("k")
    logs.sealer.seal_once()

    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET key_id = key_id"):
        with (
            pytest.raises(sa.exc.IntegrityError, match="append-only"),
            logs.database.writing() as connection,
        ):
            connection.execute(sa.text(statement))


def test_the_size_of_a_log_never_falls(logs: Logs) -> None:
    """Nor does the log get another name or identifier."""
    logs.change("k")
    logs.sealer.seal_once()

    for change in ("size = 0", "name = 'x'", f"log_id = '{uuid.uuid4().hex}'"):
        with (
            pytest.raises(sa.exc.IntegrityError, match="append-only"),
            logs.database.writing() as connection,
        ):
            connection.execute(sa.text(f"UPDATE log SET {change} WHERE name = 'change'"))


class Tree:
    """A tree in memory."""

    def __init__(self, count: int) -> None:
        self.leaves = [merkle.leaf_hash(str(number).encode()) for number in range(count)]
        self.tiles: dict[tuple[int, int], bytes] = {}

    def fetch(self, level: int, tile_no: int) -> bytes:
        """Return a tile."""
        return self.tiles.get((level, tile_no), b"")


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.data())
def test_tiles_give_the_roots_and_paths_of_the_tree(parts: list[int], drawn: st.DataObject) -> None:
    """However it grew, for every size it had; across the border of a tile."""
    total = sum(parts)
    tree = Tree(total)
    size = 0
    for part in parts:
        tree.tiles |= tiles.appended(tree.fetch, size, tree.leaves[size : size + part])
        size += part
    second = drawn.draw(st.integers(1, total))
    first = drawn.draw(st.integers(1, second))
    position = drawn.draw(st.integers(0, second - 1))
    root = merkle.root_of(tree.leaves[:second])

    assert root == tiles.root(tree.fetch, second)
    inclusion = tiles.inclusion_path(tree.fetch, position, second)
    assert merkle.is_included(tree.leaves[position], position, second, inclusion, root)
    consistency = tiles.consistency_path(tree.fetch, first, second)
    assert merkle.is_consistent(first, merkle.root_of(tree.leaves[:first]), second, root, consistency)


def test_a_third_level_of_tiles_is_right() -> None:
    """65,537 leaves fill 256 tiles and begin another."""
    tree = Tree(65_537)
    tree.tiles = tiles.appended(tree.fetch, 0, tree.leaves)

    assert {0: 257, 1: 1, 2: 1} == {
        level: sum(1 for each, _ in tree.tiles if each == level) for level in (0, 1, 2)
    }
    root = merkle.root_of(tree.leaves)
    assert root == tiles.root(tree.fetch, 65_537)
    path = tiles.inclusion_path(tree.fetch, 65_536, 65_537)
    assert merkle.is_included(tree.leaves[-1], 65_536, 65_537, path, root)


def test_the_next_key_is_vouched_for_by_the_one_before(logs: Logs, tmp_path: Path) -> None:
    """From the derived key to one of a file, and on to a second; old heads keep their keys."""
    file = tmp_path / "seal.pem"
    logs.change("a")
    logs.sealer.seal_once()
    derived = logs.head("change")
    first = put_new_key(file)
    keys = SealKeys(SEED, file)
    heads = HeadStore(logs.tables, "directory", keys, logs.clock)
    logs.clock.advance(dt.timedelta(seconds=1))
    logs.change("b")
    Sealer(logs.database, logs.tables, heads).seal_once()
    second = put_new_key(file)
    logs.clock.advance(dt.timedelta(seconds=1))
    logs.change("c")
    Sealer(logs.database, logs.tables, heads).seal_once()

    key = logs.tables.seals.tree_key
    with logs.database.reading() as connection:
        rows = connection.execute(sa.select(key).order_by(key.c.first_used_at)).all()
        used = [heads.of_size(connection, "change", size) for size in (1, 2, 3)]
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    assert [key_id_of(public), first.key_id, second.key_id] == [row.key_id for row in rows]
    assert [None, key_id_of(public), first.key_id] == [row.endorsed_by for row in rows]
    assert [derived.key_id, first.key_id, second.key_id] == [head and head.key_id for head in used]
    for before, row in itertools.pairwise(rows):
        signed = endorsement_text(bytes(row.public_key)).encode()
        Ed25519PublicKey.from_public_bytes(bytes(before.public_key)).verify(row.endorsement, signed)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"]
)
def test_a_file_without_keys_is_refused(tmp_path: Path, content: bytes) -> None:
    """Before anything is sealed with something else."""
    file = tmp_path / "seal.pem"
    file.write_bytes(content)

    with pytest.raises(SealKeyError):
        SealKeys(SEED, file)


def test_one_process_holds_a_lease_until_it_runs_out(database: Database, tables: SharedTables) -> None:
    """The holder renews it; another gets it when the holder is silent, or lets go."""
    clock = FixedClock(NOON)
    one, other = (Lease(database, tables, "sealer", clock, ttl_s=3) for _ in range(2))

    assert [True, False, True] == [one.try_hold(), other.try_hold(), one.try_hold()]
    clock.advance(dt.timedelta(seconds=2))
    assert [True, False] == [one.try_hold(), other.try_hold()]
    clock.advance(dt.timedelta(seconds=2))
    assert [False] == [other.try_hold()]
    clock.advance(dt.timedelta(seconds=2))
    assert [True, False] == [other.try_hold(), one.try_hold()]
    other.release()
    assert [True, False] == [one.try_hold(), other.try_hold()]


def test_a_lease_is_given_to_one_of_many(database: Database, tables: SharedTables) -> None:
    """However many ask at once."""
    leases = [Lease(database, tables, "sealer", FixedClock(NOON)) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        assert [False] * 7 + [True] == sorted(threads.map(Lease.try_hold, leases))


def test_a_lease_taken_by_a_clock_far_ahead_is_free_soon_after(
    database: Database, tables: SharedTables
) -> None:
    """Its holder has died; nobody waits until the others' clocks are there."""
    ahead, clock = FixedClock(NOON + dt.timedelta(days=1)), FixedClock(NOON)
    one, other = (Lease(database, tables, "sealer", each, ttl_s=0.3) for each in (ahead, clock))
    assert [True, False] == [one.try_hold(), other.try_hold()]

    time.sleep(0.4)
    ahead.advance(dt.timedelta(seconds=0.2))
    assert [True, False] == [one.try_hold(), other.try_hold()]  # it lives
    time.sleep(0.7)
    assert [True, True] == [other.try_hold(), other.try_hold()]


def test_a_lease_is_renewed_when_the_clock_was_set_back(database: Database, tables: SharedTables) -> None:
    """Or it would not be free for that long after its holder died."""
    clock = FixedClock(NOON)
    one, other = (Lease(database, tables, "sealer", clock, ttl_s=3) for _ in range(2))
    assert one.try_hold()
    clock.advance(dt.timedelta(hours=-1))

    assert [True, False] == [one.try_hold(), other.try_hold()]
    clock.advance(dt.timedelta(seconds=4))
    assert other.try_hold()


@pytest.fixture
def thread(logs: Logs, tmp_path: Path) -> Iterator[SealingThread]:
    """A sealing thread, not yet begun."""
    made = SealingThread(
        logs.sealer,
        Lease(logs.database, logs.tables, "sealer", logs.clock),
        interval_s=0.01,
        heads_file=tmp_path / "heads.jsonl",
        heads=logs.heads,
        database=logs.database,
        events=Events("directory", strict=True),
    )
    yield made
    made.stop()


def test_the_thread_seals_wakes_and_exports(logs: Logs, thread: SealingThread, tmp_path: Path) -> None:
    """What is there when it stops is sealed, and the last heads are in the file."""
    woken = threading.Event()
    thread.listen(woken.set)
    thread.start()
    logs.change("a")
    assert woken.wait(10)
    logs.look()
    thread.stop()

    lines = [json.loads(line) for line in (tmp_path / "heads.jsonl").read_text().splitlines()]
    latest = {line["log"]: HeadNote.parse(line["note"]).tree_size for line in lines}
    assert {"change": 1, "access": 1} == latest
    assert ["a"] == logs.kinds()
    with logs.database.reading() as connection:
        assert 0 == connection.scalar(sa.select(sa.func.count()).select_from(logs.tables.lease))


def test_a_fault_does_not_end_the_thread(
    logs: Logs, thread: SealingThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tries again, and goes on where it was."""
    work, faults = logs.sealer.seal_once, [OSError("no"), OSError("no")]

    def failing() -> int:
        if faults:
            raise faults.pop()
        return work()

    monkeypatch.setattr(logs.sealer, "seal_once", failing)
    monkeypatch.setattr("kruispunt_server.sealing.worker._PAUSE_AFTER_FAULT_S", 0.01)
    woken = threading.Event()
    thread.listen(woken.set)
    thread.start()
    logs.change("a")

    assert woken.wait(10)
    assert ["a"] == logs.kinds()
