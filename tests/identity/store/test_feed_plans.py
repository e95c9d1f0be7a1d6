"""No read of the feed reads a whole table: the planner is asked, on a log of twenty thousand changes."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from tests.identity.past import Past
from tests.support.calls import subject_keys
from tests.support.plans import explain, plan_of, scans

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.values import ALWAYS, DataGroup, Name
from kruispunt_identity.store.feed import FeedStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import InstitutionKey
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id

BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
CHANGES, TO_A_HEAD = 20_000, 5
APART = (NOON - BEGIN) / CHANGES
PERSONS = [
    Ssin.assemble(850_101 + month * 100, sequence, born_from_2000=False)
    for month in range(12)
    for sequence in range(1, 401)
]
GROWING = "change|tree_head|subject_key|number|fact"


def recorded(place: int) -> dt.datetime:
    """Return when a change was recorded: evenly, over two days and a half."""
    return BEGIN + place * APART


@pytest.fixture
def store(identity_database: Database, identity_tables: IdentityTables) -> FeedStore:
    """A feed of 20,000 changes of 4,800 persons, and as many signed heads as after a quiet day."""
    shared = identity_tables.shared
    key_ids = [new_id() for _ in PERSONS]
    changes = [
        {
            "change_id": new_id(),
            "recorded_at": recorded(place),
            "participant_id": "x",
            "method": "m",
            "request_id": new_id(),
            "commit_id": new_id(),
            "subject": b"s" * 16,
            "kind": "person.updated",
            "key_id": key_ids[place % len(PERSONS)],
            "payload": b"",
            "position": place,
        }
        for place in range(CHANGES)
    ]
    keys = [
        {
            "key_id": key_id,
            "subject": key_id.bytes,
            "wrapped": None,
            "made_at": BEGIN,
            "destroyed_at": BEGIN,
        }
        for key_id in key_ids
    ]
    heads = [
        {
            "log": log,
            "tree_size": size,
            "root_hash": b"r" * 32,
            "signed_at": recorded(size),
            "key_id": "k",
            "signature": b"s",
        }
        for log in ("access", "change")
        for size in range(TO_A_HEAD, CHANGES + 1, TO_A_HEAD)
    ]
    past, nobody = Past(identity_database, identity_tables), InstitutionKey(5, 1)
    with identity_database.writing() as connection:
        for table, rows in (
            (shared.change, changes),
            (shared.seals.subject_key, keys),
            (shared.seals.tree_head, heads),
        ):
            connection.execute(sa.insert(table), rows)
        past.numbers.insert_many(connection, [(person, Register.BIS) for person in PERSONS], BEGIN)
        past.facts.add_many(
            connection,
            [
                Fact(new_id(), person, DataGroup.NAME, Name("X"), ALWAYS, nobody, None, BEGIN)
                for person in PERSONS
                for _ in range(2)
            ],
        )
        connection.execute(sa.update(shared.seals.log).values(size=CHANGES))
    with identity_database.reading() as connection:
        connection.exec_driver_sql("ANALYZE")
    clock = FixedClock(NOON)
    return FeedStore(
        identity_database, identity_tables, subject_keys(identity_database, shared, clock), clock
    )


QUERIES: dict[str, Callable[[FeedStore], Any]] = {
    "log_id": lambda store: store.log_id(),
    "read": lambda store: store.read(10_000, 19_999),
    "before": lambda store: store.before(recorded(10_000)),
    "before the end": lambda store: store.before(NOON),
    # A thousand of so few persons are rightly read by a scan of so few facts.
    "numbers": lambda store: store.numbers(int(PERSONS[-20])),
    "digest": lambda store: store.digest(dt.date(2026, 3, 2)),
    "digest of today": lambda store: store.digest(dt.date(2026, 3, 3)),
}


def test_no_read_of_the_feed_scans(identity_database: Database, store: FeedStore) -> None:
    """Every read goes by an index on the tables that grow."""
    scanning = []
    for name, query in QUERIES.items():
        plan = plan_of(identity_database, lambda query=query: query(store))  # type: ignore[misc]
        assert plan, name
        # That index holds nothing but what is not sealed yet.
        through = [line for line in plan if "ix_change_unsealed" not in line]
        scanning += [f"{name}: {line}" for line in scans(identity_database, through, GROWING)]

    assert [] == scanning


def test_an_instant_is_looked_up(identity_database: Database, store: FeedStore) -> None:
    """Heads are not gone through, nor all changes up to there: both are entered in the middle."""
    for name in ("before", "digest"):
        plan = plan_of(identity_database, lambda query=QUERIES[name]: query(store))  # type: ignore[misc]
        of_heads = [line for line in plan if "tree_head" in line]

        assert of_heads, name
        assert [] == [line for line in of_heads if "ix_tree_head_signed_at" not in line], name
        assert [] != [line for line in plan if "uq_change_position" in line], name


def test_a_feed_begins_with_what_was_recorded_at_the_instant(store: FeedStore) -> None:
    """Exactly: the one before lies before the instant; after the last nothing follows."""
    places = (0, 1, 4, 5, 6, 10_000, 19_999)

    assert [place - 1 for place in places] == [store.before(recorded(place)) for place in places]
    assert CHANGES - 1 == store.before(NOON)


def test_a_clock_that_was_set_back_hides_nothing(
    identity_database: Database, identity_tables: IdentityTables, store: FeedStore
) -> None:
    """A head that was signed late bears an early instant: what was recorded before it is found all the same."""
    head = identity_tables.shared.seals.tree_head
    late = {
        "log": "change",
        "tree_size": CHANGES + 1,
        "root_hash": b"r" * 32,
        "key_id": "k",
        "signature": b"s",
    }
    with identity_database.writing() as connection:
        connection.execute(sa.insert(head), [{**late, "signed_at": recorded(5_000) - APART / 2}])

    assert 9_999 == store.before(recorded(10_000))


def test_a_scan_would_be_seen(identity_database: Database, store: FeedStore) -> None:
    """The tests above can fail: a question without index is found out."""
    plan = explain(identity_database, "SELECT position FROM change WHERE method = 'x'")

    assert 1 == len(scans(identity_database, plan, GROWING))
