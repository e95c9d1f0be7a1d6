"""Participants: the file, the store on both databases, the cache."""

import datetime as dt
from pathlib import Path

import pytest

from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.participant_file import ParticipantFileError, parse_participants, read_participants
from kruispunt_server.participants import ParticipantCache, ParticipantStore, Registration

URI = "spiffe://test/participant/pension-office"
OFFICE = Participant("pension-office", frozenset({Role.SUPPLIER, Role.CONSUMER}), InstitutionKey(5, 1))
ADMIN = Participant("admin", frozenset({Role.ADMINISTRATOR}), None)
FIRST = Registration(OFFICE, (URI,), dt.date(2026, 1, 1), dt.date(2027, 1, 1))
SECOND = Registration(ADMIN, ("spiffe://test/participant/admin", "spiffe://test/participant/admin-2"))


def test_a_file_is_read_as_it_is_meant(tmp_path: Path):
    """Every key, by id."""
    path = tmp_path / "participants.toml"
    path.write_text(f"""
        [[participant]]
        id = "pension-office"
        roles = ["supplier", "consumer"]
        sector = 5
        institution = 1
        uris = ["{URI}"]
        active_from = 2026-01-01
        active_until = 2027-01-01

        [[participant]]
        id = "admin"
        roles = ["administrator"]
        uris = ["spiffe://test/participant/admin-2", "spiffe://test/participant/admin"]
    """)

    assert [SECOND, FIRST] == read_participants(path)


def test_all_faults_of_a_file_are_told_at_once():
    """With the place of each."""
    document = {
        "participants": [],
        "participant": [
            {"id": "a", "roles": ["king"], "uris": [URI]},
            {"id": "A b", "roles": ["consumer"], "uris": [URI], "colour": "red"},
            {"id": "a", "roles": ["consumer"], "uris": ["pension-office"], "sector": 5},
            {"id": "c", "roles": ["consumer"], "uris": [], "sector": 5, "institution": 1000},
            {
                "id": "d", "roles": "consumer", "uris": ["x://d"],
                "active_from": dt.date(2026, 1, 1), "active_until": dt.date(2026, 1, 1),
            },
        ],
    }  # fmt: skip

    with pytest.raises(ParticipantFileError) as caught:
        parse_participants(document)

    roles = "administrator, auditor, consumer, data-protection-officer, internal-service, registrar, supplier"
    assert [
        '"participants" is no key of the file; entries are [[participant]]',
        f"participant 1: roles are at least one of {roles}; not king",
        'participant 2: "colour" is no key of a participant',
        'participant 2: id is 1 to 64 of a-z, 0-9 and "-"',
        f'participant 2: uri "{URI}" belongs to participant 1 already',
        "participant 3: sector and institution are given together, each 0 to 999",
        "participant 3: a uri is scheme://…, printable ASCII, at most 255 characters",
        'participant 3: id "a" is given twice',
        "participant 4: sector and institution are given together, each 0 to 999",
        "participant 4: uris has at least one entry",
        "participant 5: roles is a list of strings",
        f"participant 5: roles are at least one of {roles}; not none",
        "participant 5: active_from lies before active_until",
    ] == caught.value.faults


@pytest.fixture
def store(database: Database, directory_tables: DirectoryTables) -> ParticipantStore:
    return ParticipantStore(database, directory_tables.shared)


def test_replacing_makes_the_database_say_the_same(store: ParticipantStore):
    """Again, and nothing changes."""
    first = store.replace_all([FIRST, SECOND])
    again = store.replace_all([FIRST, SECOND])

    assert (["admin", "pension-office"], []) == (first.added, first.unchanged)
    assert ([], ["admin", "pension-office"]) == (again.added, again.unchanged)
    assert [SECOND, FIRST] == store.list_all()


def test_replacing_removes_changes_and_moves_names(store: ParticipantStore):
    """A certificate name may go from one participant to another."""
    store.replace_all([FIRST, SECOND])
    moved = Registration(Participant("new-office", frozenset({Role.CONSUMER}), None), FIRST.uris)

    outcome = store.replace_all([moved, Registration(ADMIN, ("spiffe://test/participant/admin",))])

    assert (["new-office"], ["admin"], ["pension-office"]) == (
        outcome.added,
        outcome.changed,
        outcome.removed,
    )
    found = store.find_by_uri(URI)
    assert found is not None
    assert moved.participant == found.participant


def test_a_participant_is_known_by_its_names(store: ParticipantStore):
    """By URI and by id; by no other."""
    store.replace_all([FIRST, SECOND])
    cache = ParticipantCache(store, FixedClock(dt.datetime(2026, 3, 1, tzinfo=dt.UTC)))

    assert OFFICE == cache.by_uri(URI)
    assert ADMIN == cache.by_uri("spiffe://test/participant/admin-2")
    assert ADMIN == cache.by_id("admin")
    assert None is cache.by_uri("admin")
    assert None is cache.by_id(URI)


@pytest.mark.parametrize(
    ("instant", "active"),
    [
        (dt.datetime(2025, 12, 31, 22, 59, tzinfo=dt.UTC), False),
        (dt.datetime(2025, 12, 31, 23, 0, tzinfo=dt.UTC), True),  # midnight in Brussels
        (dt.datetime(2026, 12, 31, 22, 59, tzinfo=dt.UTC), True),
        (dt.datetime(2026, 12, 31, 23, 0, tzinfo=dt.UTC), False),
    ],
)
def test_a_participant_is_unknown_outside_its_days(
    store: ParticipantStore, instant: dt.datetime, active: bool
):
    """Days are Brussels days, half open."""
    store.replace_all([FIRST])

    assert active is (ParticipantCache(store, FixedClock(instant)).by_uri(URI) is not None)


def test_a_revocation_is_noticed_when_the_time_is_up(store: ParticipantStore):
    """Not before: that is what the cache is for."""
    store.replace_all([FIRST])
    clock = FixedClock(dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    lasting, brief = ParticipantCache(store, clock, ttl_s=60), ParticipantCache(store, clock, ttl_s=0)
    assert OFFICE == lasting.by_uri(URI) == brief.by_uri(URI)

    store.replace_all([])

    assert OFFICE == lasting.by_uri(URI)
    assert None is brief.by_uri(URI)
