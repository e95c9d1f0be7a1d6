"""Whoever alters a log is found, and where: with full rights on the database, triggers dropped first."""

import json
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.calls import NOON, PSEUDONYMS, call_of, change_log

from kruispunt_server import append_only
from kruispunt_server.audit.exported_heads import ExportedHeads, HeadsFileError
from kruispunt_server.audit.verifying import Report, Verifier
from kruispunt_server.change import Change
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.journal import AccessJournal
from kruispunt_server.sealing.heads import HeadStore, export_head
from kruispunt_server.sealing.records import PARTS
from kruispunt_server.sealing.seal_keys import SealKeys
from kruispunt_server.sealing.sealer import Sealer
from kruispunt_server.tables import SharedTables

ANNA = 85_010_100_123
SEED = b"s" * 32
PUBLIC = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
LOGS = ("change", "access")


class Registry:
    """A database with sealed logs, and somebody with full rights on it."""

    def __init__(self, database: Database, tables: SharedTables, folder: Path) -> None:
        self.database, self.tables = database, tables
        self.clock = FixedClock(NOON)
        self.heads = HeadStore(tables, "directory", SealKeys(SEED), self.clock)
        self.sealer = Sealer(database, tables, self.heads)
        self.file = folder / "heads.jsonl"

    def fill(self, seals: int, records: int) -> None:
        """Write and seal; after the last seal the heads are exported."""
        log = change_log(self.database, self.tables, self.clock)
        journal = AccessJournal(self.database, self.tables, PSEUDONYMS, self.clock)
        for _ in range(seals):
            with self.database.writing() as connection:
                changes = [Change(ANNA + n, "k", None, {"n": n}) for n in range(records)]
                log.record(connection, call_of(), changes, request_id=new_id())
            call = call_of()
            for number in range(records):
                call.look(ANNA + number, "dossier", "found")
            journal.commit(call)
            self.sealer.seal_once()
        with self.database.reading() as connection:
            for name in LOGS:
                head = self.heads.latest(connection, name)
                assert head is not None
                export_head(self.file, head)

    def verify(self, log: str, *, exported: bool = False, anchors: tuple[bytes, ...] = (PUBLIC,)) -> Report:
        """Verify a log."""
        with ExportedHeads(self.file if exported else None) as heads:
            verifier = Verifier(self.database, self.tables, "directory", anchors=anchors, exported=heads)
            return verifier.verify(log)

    def places(self, log: str) -> list[int | None]:
        """Return the positions of the faults found with everything that is at hand."""
        return [fault.position for fault in self.verify(log, exported=True).faults]

    def unguard(self) -> None:
        """Drop what guards the logs, as somebody with full rights would."""
        dialect = self.database.dialect
        with self.database.writing() as connection:
            statements = [
                *(each for log in LOGS for each in append_only.letting_go(dialect, log)),
                *(each for each in append_only.thawing(dialect, "tree_head")),
                *(each for each in append_only.thawing(dialect, "tree_key")),
            ]
            for statement in statements:
                connection.execute(sa.text(statement))

    def run(self, statement: Any, values: Any = None) -> None:
        """Execute anything."""
        with self.database.writing() as connection:
            connection.execute(sa.text(statement) if isinstance(statement, str) else statement, values)


@pytest.fixture
def registry(database: Database, tables: SharedTables, tmp_path: Path) -> Registry:
    """Four seals of 100 records in each log: more than a tile."""
    made = Registry(database, tables, tmp_path)
    made.fill(4, 100)
    return made


@pytest.mark.parametrize("log", LOGS)
def test_what_was_not_altered_is_said_to_be_so(registry: Registry, log: str) -> None:
    """All records, and all heads, the exported one included."""
    report = registry.verify(log, exported=True)

    assert ([], 400, 5, 0) == (report.faults, report.size, report.heads, report.unsealed)


def test_what_is_not_sealed_yet_is_counted(registry: Registry) -> None:
    """It is no fault."""
    call = call_of()
    call.look(ANNA, "dossier", "found")
    AccessJournal(registry.database, registry.tables, PSEUDONYMS, registry.clock).commit(call)

    report = registry.verify("access")
    assert ([], 400, 1) == (report.faults, report.size, report.unsealed)


@pytest.mark.parametrize(
    ("alteration", "place"),
    [
        ("UPDATE access SET result = 'none' WHERE position = 7", 7),
        ("UPDATE access SET end_user = 'clerk-8' WHERE position = 299", 299),
        ("DELETE FROM access WHERE position = 42", 42),
        ("DELETE FROM access WHERE position = 399", 399),
        ("UPDATE access SET position = 400 WHERE position = 3", 3),
        ("UPDATE log SET size = 401 WHERE name = 'access'", 400),
        ("DELETE FROM tree_head WHERE log = 'access' AND tree_size = 400", 300),
        ("UPDATE tree_head SET tree_size = 399 WHERE log = 'access' AND tree_size = 400", 399),
        ("UPDATE tree_tile SET hashes = substr(hashes, 1, 32) WHERE log = 'access' AND tile_no = 1", 257),
    ],
)
def test_an_alteration_is_found_where_it_is(registry: Registry, alteration: str, place: int) -> None:
    """The first fault names the record, or the size of the tree that the head is over."""
    registry.unguard()
    registry.run(alteration)

    assert place in registry.places("access")


@pytest.mark.parametrize(
    "alteration",
    [
        "UPDATE access SET position = 'x' WHERE position = 7",
        "UPDATE log SET size = 'x' WHERE name = 'access'",
        "UPDATE tree_head SET root_hash = 'x' WHERE log = 'access'",
        "UPDATE tree_head SET signed_at = 'x' WHERE log = 'access'",
        "UPDATE tree_head SET tree_size = 'x' WHERE log = 'access' AND tree_size = 400",
        "UPDATE tree_key SET public_key = 'x'",
        "UPDATE tree_tile SET hashes = 'x'",
        "INSERT INTO tree_head SELECT log, 0, root_hash, signed_at, key_id, signature FROM tree_head LIMIT 1",
    ],
)
def test_what_cannot_be_read_is_a_fault(
    sqlite_url: str, tables: SharedTables, tmp_path: Path, alteration: str
) -> None:
    """SQLite keeps text where a number belongs; verifying says so, and does not break."""
    database = Database.open(sqlite_url)
    registry = Registry(database, tables, tmp_path)
    registry.fill(4, 100)
    registry.unguard()
    registry.run("DROP TRIGGER log_rising")
    registry.run(alteration)

    assert [] != registry.verify("access", exported=True).faults
    database.close()


def test_memory_does_not_grow_with_the_heads(registry: Registry) -> None:
    """There is one for each seal, several a second."""
    many = [
        {"log": "access", "tree_size": 1000 + number, "root_hash": bytes(32), "signed_at": NOON}
        | {"key_id": "0" * 16, "signature": bytes(64)}
        for number in range(20_000)
    ]
    with registry.database.writing() as connection:
        connection.execute(sa.insert(registry.tables.seals.tree_head), many)
    del many
    registry.verify("access")  # what is imported and compiled once

    tracemalloc.start()
    report = registry.verify("access")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 20_004 == report.heads
    assert most < 3_000_000


def test_parts_moved_over_their_border_are_found(registry: Registry) -> None:
    """A value with the separator in it has the same text, and one part too many."""
    registry.unguard()
    registry.run(
        "UPDATE access SET end_user = 'clerk-7\x1f08/027\x1ffile-12', legal_basis = '', case_reference = ''"
        " WHERE position = 5"
    )

    assert 5 in registry.places("access")


def test_two_records_that_changed_places_are_found(registry: Registry) -> None:
    """Both."""
    registry.unguard()
    for place, other in ((10, -1), (20, 10), (-1, 20)):
        registry.run(f"UPDATE access SET position = {other} WHERE position = {place}")

    assert {10, 20} <= set(registry.places("access"))


def test_a_tail_that_was_cut_off_is_found_by_the_exported_head(registry: Registry) -> None:
    """The database by itself looks well."""
    registry.unguard()
    if registry.database.dialect == "sqlite":
        registry.run("DROP TRIGGER log_rising")
    else:
        registry.run("DROP TRIGGER log_rising ON log")
    registry.run("DELETE FROM access WHERE position >= 300")
    registry.run("DELETE FROM tree_head WHERE log = 'access' AND tree_size > 300")
    registry.run("UPDATE log SET size = 300 WHERE name = 'access'")
    registry.run(
        "UPDATE tree_tile SET hashes = substr(hashes, 1, 44 * 32) WHERE log = 'access' AND level = 0 AND tile_no = 1"
    )

    assert [] == registry.verify("access").faults
    assert [400] == registry.places("access")


def test_a_log_in_place_of_another_is_found(
    registry: Registry, empty_database_url: str, tables: SharedTables, tmp_path: Path
) -> None:
    """Written and sealed by the registry itself, even with its own key."""
    from kruispunt_server import migrate

    migrate.upgrade(empty_database_url, "directory")
    database = Database.open(empty_database_url)
    other = Registry(database, tables, tmp_path / "..")
    other.file = tmp_path / "other.jsonl"
    other.fill(4, 100)

    other.file = registry.file
    assert None in other.places("access")
    database.close()


@pytest.mark.parametrize("log", LOGS)
def test_a_log_sealed_anew_with_another_key_is_found(registry: Registry, log: str) -> None:
    """Altered, all heads and tiles made anew, the key written down as if it were the first."""
    registry.unguard()
    registry.run(f"UPDATE {log} SET participant_id = 'nobody' WHERE position = 1")
    registry.run("DELETE FROM tree_head")
    registry.run("DELETE FROM tree_tile")
    registry.run("DELETE FROM tree_key")
    registry.run("DROP TRIGGER log_rising" + (" ON log" if registry.database.dialect != "sqlite" else ""))
    registry.run("UPDATE log SET size = 0")
    for each in LOGS:
        registry.run(f"UPDATE {each} SET position = NULL")
    heads = HeadStore(registry.tables, "directory", SealKeys(b"e" * 32), registry.clock)
    Sealer(registry.database, registry.tables, heads).seal_once()

    assert "the head is signed with a key that nobody vouches for" in {
        fault.what for fault in registry.verify(log).faults
    }
    assert [] == registry.verify(log, anchors=()).faults  # without anything from outside, nobody can tell
    assert [] != registry.verify(log, exported=True, anchors=()).faults


@pytest.mark.parametrize(
    "content", ["{}", "nonsense", '{"log": "access", "note": "x", "key_id": "", "signature": ""}']
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    """Before anything is verified against it."""
    (tmp_path / "heads").write_text(content)

    with pytest.raises(HeadsFileError):
        ExportedHeads(tmp_path / "heads")


@pytest.mark.parametrize("torn", [1, 5, 40, -2])
def test_a_line_that_was_torn_spoils_no_other(registry: Registry, torn: int) -> None:
    """A crash or a full disk cut it off; what was exported before and afterwards still counts."""
    before = registry.file.read_text()
    registry.file.write_text(before + before.splitlines()[0][:torn])
    with registry.database.reading() as connection:
        head = registry.heads.latest(connection, "access")
    assert head is not None
    export_head(registry.file, head)

    with ExportedHeads(registry.file) as heads:
        assert 3 == heads.count
    assert [] == registry.verify("access", exported=True).faults


def test_a_file_of_heads_is_read_line_by_line(registry: Registry) -> None:
    """It grows by a line a minute for ever: 3 MB of heads take no more memory than a few, in whatever order."""
    lines = registry.file.read_text().splitlines(keepends=True)
    tracemalloc.start()
    try:
        for times, most in ((1, 500_000), (4000, 500_000)):
            registry.file.write_text("".join(reversed(lines)) * times)
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            with ExportedHeads(registry.file) as heads:
                assert times * 2 == heads.count
                assert {400} == {head.note.tree_size for head in heads.of("access")}
            assert tracemalloc.get_traced_memory()[1] - before < most
    finally:
        tracemalloc.stop()


def test_exported_heads_come_by_size(registry: Registry) -> None:
    """Of one log, from a size on, however the file was put together."""
    registry.fill(1, 10)
    lines = registry.file.read_text().splitlines(keepends=True)
    registry.file.write_text("".join(reversed(lines)))

    with ExportedHeads(registry.file) as heads:
        assert [400, 410] == [head.note.tree_size for head in heads.of("access")]
        assert [410] == [head.note.tree_size for head in heads.of("access", least_size=401)]
    assert [] == registry.verify("access", exported=True).faults


def _flip(seed: random.Random, row: dict[str, Any], log: str) -> tuple[str, Any]:
    """Return a column of a row and another value for it."""
    column = seed.choice(PARTS[log])
    value = row[column]
    if isinstance(value, bytes):
        at = seed.randrange(len(value))
        return column, value[:at] + bytes([value[at] ^ 1 << seed.randrange(8)]) + value[at + 1 :]
    if isinstance(value, str):
        at = seed.randrange(len(value))
        return column, value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    if column == "recorded_at":
        return column, value + seed.choice([-1, 1]) * (value.resolution)
    return column, new_id()


def _manipulate(seed: random.Random, connection: sa.Connection, table: sa.Table, size: int) -> str:
    """Alter a log at random; returns what was done."""
    place, other = seed.sample(range(size), 2)
    at = table.c.position == place
    kind = seed.choice(["flip", "delete", "insert", "swap", "tile", "head"])
    if kind == "flip":
        row = dict(connection.execute(sa.select(table).where(at)).mappings().one())
        column, value = _flip(seed, row, table.name)
        connection.execute(sa.update(table).where(at).values({column: value}))
    elif kind == "delete":
        connection.execute(sa.delete(table).where(at))
    elif kind == "insert":
        row = dict(connection.execute(sa.select(table).where(at)).mappings().one())
        row |= {"entry_no": 10_000_000, f"{table.name}_id": new_id(), "position": size}
        connection.execute(sa.insert(table).values(row))
    elif kind == "swap":
        for one, two in ((place, -1), (other, place), (-1, other)):
            connection.execute(sa.update(table).where(table.c.position == one).values(position=two))
    else:
        column, name = (
            ("hashes", "tree_tile WHERE level = 0 AND")
            if kind == "tile"
            else ("root_hash", "tree_head WHERE")
        )
        where = f"{name} log = '{table.name}' AND {'tile_no' if kind == 'tile' else 'tree_size'} = "
        where += "0" if kind == "tile" else str(size)
        row_value = bytes(connection.scalar(sa.text(f"SELECT {column} FROM {where}")))
        at_byte = seed.randrange(len(row_value))
        flipped = row_value[:at_byte] + bytes([row_value[at_byte] ^ 1]) + row_value[at_byte + 1 :]
        statement = f"UPDATE {where.replace(' WHERE', f' SET {column} = :v WHERE', 1)}"
        connection.execute(sa.text(statement), {"v": flipped})
    return kind


def _all_found(registry: Registry, count: int) -> None:
    seed = random.Random(20261125)
    registry.unguard()
    missed, kinds = [], set()

    for number in range(count):
        table = seed.choice([registry.tables.change, registry.tables.access])
        try:
            with registry.database.writing() as connection:
                kind = _manipulate(seed, connection, table, 400)
                kinds.add(kind)
                verifier = Verifier(registry.database, registry.tables, "directory", anchors=[PUBLIC])
                report = _verified_in(connection, verifier, table.name)
                if not report.faults:
                    missed.append((number, kind))
                connection.rollback()
        except sa.exc.InvalidRequestError:  # the transaction was undone in it
            pass
    assert [] == missed
    assert {"flip", "delete", "insert", "swap", "tile", "head"} == kinds
    assert [] == registry.verify("change").faults + registry.verify("access").faults


def _verified_in(connection: sa.Connection, verifier: Verifier, log: str) -> Report:
    """Verify in the transaction that altered the log, which is undone afterwards."""
    from kruispunt_server.audit.verifying import _Reading

    reading: Callable[..., Any] = _Reading
    report: Report = reading(verifier, connection, log, lambda _count: None).report()
    return report


def test_sixty_random_manipulations_are_found(registry: Registry) -> None:
    """Every one; with a seed."""
    _all_found(registry, 60)


@pytest.mark.full
def test_a_thousand_random_manipulations_are_found(registry: Registry) -> None:
    """Every one; with a seed."""
    _all_found(registry, 1000)


def test_the_operators_command_says_where(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 0, then 1 after a flip."""
    from typer.testing import CliRunner

    from kruispunt.cli.app import app

    url = registry.database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    (tmp_path / "secret").write_bytes(b"k" * 32)
    (tmp_path / "settings.toml").write_text(
        f'database_url = "{url}"\nsecret_file = "{tmp_path / "secret"}"\nplaintext_participant = "x"\n'
    )
    command = ["audit", "verify", "--service", "directory", "--config", str(tmp_path / "settings.toml")]
    command += ["--key", PUBLIC.hex(), "--heads", str(registry.file)]
    monkeypatch.delenv("KRUISPUNT_DIRECTORY_PORT", raising=False)

    well = CliRunner().invoke(app, [*command, "--json"])
    assert (0, [[], []]) == (
        well.exit_code,
        [json.loads(line)["faults"] for line in well.stdout.splitlines()],
    )
    registry.unguard()
    registry.run("UPDATE change SET kind = 'x' WHERE position = 12")
    altered = CliRunner().invoke(app, command)
    assert 1 == altered.exit_code
    assert "at 12: the record was altered" in altered.stdout
