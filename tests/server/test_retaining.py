"""What need no longer be kept goes, broken off or not; and what is left is proved as before."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support.calls import NOON, PENSIONS, PSEUDONYMS, call_of, change_log

from kruispunt.merkle import is_included
from kruispunt_server import append_only
from kruispunt_server.audit.exported_heads import ExportedHeads
from kruispunt_server.audit.retaining import Retained, Retainer, Retention
from kruispunt_server.audit.verifying import Report, Verifier
from kruispunt_server.change import Change
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.journal import AccessJournal
from kruispunt_server.sealing.heads import HeadStore, export_head
from kruispunt_server.sealing.seal_keys import SealKeys
from kruispunt_server.sealing.sealer import Sealer
from kruispunt_server.sealing.tiles import TileStore, inclusion_path
from kruispunt_server.tables import SharedTables

ANNA = 85_010_100_123
LOGS = ("change", "access")
DAY = dt.timedelta(days=1)
HUNDRED_DAYS = Retention(access=100, change=100, requests=100)


class Registry:
    """Three hundred records in each log and as many stored answers: those of 200, 150 and 50 days ago."""

    def __init__(self, database: Database, tables: SharedTables) -> None:
        self.database, self.tables = database, tables
        self.clock = FixedClock(NOON)
        self.heads = HeadStore(tables, "directory", SealKeys(b"s" * 32), self.clock)
        self.sealer = Sealer(database, tables, self.heads)
        for days in (200, 150, 50):
            self.write(NOON - days * DAY)
        self.clock.advance(NOON - self.clock.now())

    def write(self, moment: dt.datetime) -> None:
        """Write a hundred of each, and seal."""
        self.clock.advance(moment - self.clock.now())
        call = call_of()
        call.now = moment
        log = change_log(self.database, self.tables, self.clock)
        stored = {
            "participant_id": PENSIONS.participant_id,
            "method": "m",
            "digest": b"",
            "response": b"",
            "recorded_at": moment,
        }
        with self.database.writing() as connection:
            log.record(
                connection, call, [Change(ANNA, "k", None, {}) for _ in range(100)], request_id=new_id()
            )
            answers = [{**stored, "request_id": new_id()} for _ in range(100)]
            connection.execute(sa.insert(self.tables.idempotency), answers)
        for number in range(100):
            call.look(ANNA + number, "dossier", "found")
        AccessJournal(self.database, self.tables, PSEUDONYMS, self.clock).commit(call)
        self.sealer.seal_once()

    def retainer(self, batch: int = 30) -> Retainer:
        """Return what deletes, thirty rows at a time."""
        return Retainer(self.database, self.tables, self.clock, batch=batch)

    def rows(self) -> tuple[int, int, int]:
        """Return how many changes, looks and stored answers there are."""
        with self.database.reading() as connection:
            counts = [
                connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in (self.tables.change, self.tables.access, self.tables.idempotency)
            ]
        return (counts[0], counts[1], counts[2])

    def verify(self, log: str, **more: Any) -> Report:
        """Verify a log."""
        return Verifier(self.database, self.tables, "directory", **more).verify(log)

    def forge(self, said: dict[str, Any], first: int = 299) -> None:
        """Let looks below a position go as somebody with full rights can, and write a record that says so; sealed."""
        record = {
            "change_id": new_id(),
            "recorded_at": self.clock.now(),
            "participant_id": "operator",
            "method": "audit retain",
            "request_id": new_id(),
            "commit_id": new_id(),
            "kind": "journal.retained",
            "payload": json.dumps({"after": {"access": first, "change": 0}, **said}).encode(),
        }
        with self.database.writing() as connection:
            connection.execute(sa.insert(self.tables.change).values(record))
            connection.execute(sa.text(f"UPDATE log SET kept_from = {first} WHERE name = 'access'"))
            connection.execute(sa.text(f"DELETE FROM access WHERE position < {first}"))
        self.sealer.seal_once()


@pytest.fixture
def registry(database: Database, tables: SharedTables) -> Registry:
    """On each kind of database."""
    return Registry(database, tables)


def test_what_is_older_goes_and_the_rest_stays(registry: Registry) -> None:
    """One record more in the change log: what was let go."""
    retained = registry.retainer().retain(HUNDRED_DAYS)

    assert (
        Retained({"change": 200, "access": 200}, {"change": 200, "access": 200, "requests": 200}) == retained
    )
    assert (101, 100, 100) == registry.rows()
    change = registry.tables.change
    with registry.database.reading() as connection:
        said = connection.execute(sa.select(change).where(change.c.kind == "journal.retained")).one()
    under = {"days": 100, "at": "2026-03-02T12:00:00+00:00"}
    assert {
        "after": {"access": 200, "change": 200},
        "under": {"access": under, "change": under},
    } == json.loads(said.payload)
    assert ("operator", None) == (said.participant_id, said.subject)


def test_again_nothing_happens(registry: Registry) -> None:
    """Nor is anything recorded."""
    registry.retainer().retain(HUNDRED_DAYS)
    registry.sealer.seal_once()

    again = registry.retainer().retain(HUNDRED_DAYS)
    assert {"change": 0, "access": 0, "requests": 0} == again.deleted
    assert (101, 100, 100) == registry.rows()


@pytest.mark.parametrize("log", LOGS)
def test_both_logs_verify_afterwards(registry: Registry, log: str) -> None:
    """Sealed or not is what says what was let go."""
    registry.retainer().retain(HUNDRED_DAYS)
    assert ([], 200) == (registry.verify(log).faults, registry.verify(log).kept_from)

    registry.sealer.seal_once()
    assert [] == registry.verify(log).faults


def test_a_record_that_is_left_is_proved_as_before(registry: Registry) -> None:
    """Its path goes by hashes of records that are gone."""
    registry.retainer().retain(HUNDRED_DAYS)

    tiles = TileStore(registry.database, registry.tables)
    with registry.database.snapshot() as connection:
        fetch = tiles.fetch(connection, "access")
        leaf = fetch(0, 0)[32 * 250 : 32 * 251]
        path = inclusion_path(fetch, 250, 300)
        head = registry.heads.latest(connection, "access")
    assert head is not None
    assert is_included(leaf, 250, 300, path, head.note.root_hash)


def test_what_has_no_limit_is_kept_for_ever(registry: Registry) -> None:
    """Each by itself."""
    retained = registry.retainer().retain(Retention(access=100, change=None, requests=None))

    assert {"change": 0, "access": 200} == retained.kept_from
    assert (301, 100, 300) == registry.rows()
    assert [] == registry.verify("access").faults + registry.verify("change").faults


def test_everything_may_be_old(registry: Registry) -> None:
    """Then all that is sealed goes, and the next record has the next position."""
    registry.retainer().retain(Retention(access=10, change=10, requests=10))
    registry.sealer.seal_once()

    assert (1, 0, 0) == registry.rows()
    assert ([], 301, 300) == (
        registry.verify("change").faults,
        registry.verify("change").size,
        registry.verify("change").kept_from,
    )


def test_what_is_not_sealed_yet_is_kept(registry: Registry) -> None:
    """However old: no proof of it was given yet."""
    call = call_of()
    call.look(ANNA, "dossier", "found")
    clock = FixedClock(NOON - 500 * DAY)
    AccessJournal(registry.database, registry.tables, PSEUDONYMS, clock).commit(call)

    registry.retainer().retain(Retention(access=10, change=None, requests=None))
    assert 1 == registry.rows()[1]


class _Cut(Exception):  # noqa: N818 - not an error
    """The power goes."""


@pytest.mark.parametrize("commits", [1, 4, 8, 14, 20])
def test_broken_off_it_goes_on_the_next_time(registry: Registry, commits: int) -> None:
    """What is left in between verifies too."""
    left = commits

    def cut(_deleted: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise _Cut

    with pytest.raises(_Cut):
        registry.retainer().retain(HUNDRED_DAYS, cut)
    assert [] == registry.verify("change").faults + registry.verify("access").faults

    registry.retainer().retain(HUNDRED_DAYS)
    assert (101, 100, 100) == registry.rows()
    assert [] == registry.verify("change").faults + registry.verify("access").faults


def test_who_lets_records_go_and_does_not_say_so_is_found(registry: Registry) -> None:
    """Raising `kept_from` is no way to delete unnoticed."""
    registry.retainer().retain(HUNDRED_DAYS)
    registry.sealer.seal_once()
    with registry.database.writing() as connection:
        connection.execute(sa.text("UPDATE log SET kept_from = 250 WHERE name = 'access'"))
        connection.execute(sa.text("DELETE FROM access WHERE position < 250"))

    (fault,) = registry.verify("access").faults
    assert 200 == fault.position


def test_the_database_itself_keeps_what_is_not_let_go(registry: Registry) -> None:
    """The trigger of the log."""
    registry.retainer().retain(HUNDRED_DAYS)

    with (
        pytest.raises(sa.exc.IntegrityError, match=append_only.ERROR),
        registry.database.writing() as connection,
    ):
        connection.execute(sa.text("DELETE FROM access WHERE position = 200"))


def test_records_that_were_sealed_late_stay_until_their_seal_is_old(registry: Registry) -> None:
    """Old by what they say of themselves, and not by what was signed: nobody could tell that they were."""
    call = call_of()
    call.look(ANNA, "dossier", "found")
    clock = FixedClock(NOON - 500 * DAY)
    AccessJournal(registry.database, registry.tables, PSEUDONYMS, clock).commit(call)
    registry.sealer.seal_once()

    assert 300 == registry.retainer().retain(Retention(10, None, None)).kept_from["access"]
    registry.clock.advance(11 * DAY)
    assert 301 == registry.retainer().retain(Retention(10, None, None)).kept_from["access"]


def test_a_log_that_does_not_rise_keeps_the_retention_it_rose_under(registry: Registry) -> None:
    """A longer one since does not make what was let go under a shorter one a fault."""
    registry.retainer().retain(Retention(access=40, change=None, requests=None))
    registry.retainer().retain(Retention(access=9000, change=100, requests=None))
    registry.sealer.seal_once()

    assert ([], 40) == (registry.verify("access").faults, registry.verify("access").days)
    assert ([], 100) == (registry.verify("change").faults, registry.verify("change").days)


FORGED = {
    "no retention": {},
    "another log's": {"under": {"change": {"days": 1, "at": "2026-03-02T12:00:00+00:00"}}},
    "none of days": {"under": {"access": {"days": 0, "at": "2026-03-02T12:00:00+00:00"}}},
    "too young": {"under": {"access": {"days": 100, "at": "2026-03-02T12:00:00+00:00"}}},
    "dated later": {"under": {"access": {"days": 100, "at": "2036-03-02T11:00:00+00:00"}}},
    "nonsense": {"under": {"access": {"days": "many", "at": 7}}},
}


@pytest.mark.parametrize("said", FORGED.values(), ids=FORGED.keys())
def test_a_forged_record_of_letting_go_is_found(registry: Registry, said: dict[str, Any]) -> None:
    """Looks of 50 days ago went, and the heads say that they were no older."""
    registry.forge(said)

    assert 298 in [fault.position for fault in registry.verify("access").faults]
    assert [] == registry.verify("change").faults


def test_a_forged_record_with_few_days_is_found_by_who_knows_the_shortest(registry: Registry) -> None:
    """Verifying says how few days records name, and refuses fewer than were ever set."""
    registry.forge({"under": {"access": {"days": 30, "at": NOON.isoformat()}}})

    assert ([], 30) == (registry.verify("access").faults, registry.verify("access").days)
    assert [] == registry.verify("access", least_days={"access": 30, "change": 100}).faults
    (fault,) = registry.verify("access", least_days={"access": 100}).faults
    assert (298, True) == (fault.position, "30 days" in fault.what)


def test_a_forged_record_stays_one_after_the_next_retention(registry: Registry) -> None:
    """Every record that is still there counts, not the last alone."""
    registry.forge(FORGED["too young"])
    registry.clock.advance(200 * DAY)
    assert (
        300
        == registry.retainer().retain(Retention(access=100, change=None, requests=None)).kept_from["access"]
    )
    registry.sealer.seal_once()

    assert [298] == [fault.position for fault in registry.verify("access").faults]


def test_an_exported_head_says_until_when_a_record_was_written(registry: Registry, tmp_path: Path) -> None:
    """Who deletes the heads after a forged record makes it look later; heads that were kept elsewhere do not."""
    registry.forge({"under": {"access": {"days": 100, "at": (NOON + 60 * DAY).isoformat()}}})
    with registry.database.reading() as connection:
        head = registry.heads.latest(connection, "change")
    assert head is not None
    export_head(tmp_path / "heads", head)
    registry.write(NOON + 70 * DAY)
    with registry.database.writing() as connection:
        for statement in append_only.thawing(registry.database.dialect, "tree_head"):
            connection.execute(sa.text(statement))
        connection.execute(sa.text("DELETE FROM tree_head WHERE log = 'change' AND tree_size = 301"))

    assert [] == registry.verify("access").faults
    with ExportedHeads(tmp_path / "heads") as exported:
        assert [298] == [fault.position for fault in registry.verify("access", exported=exported).faults]
