"""What a call may: grants, legal bases, days; kept on both databases, and never older than a moment."""

import dataclasses
import datetime as dt
import time
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.support.calls import NOON, call_of, change_log
from tests.support.rights import put_rights

from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.access.book import RightsBook
from kruispunt_server.access.catalogue import DATA_GROUPS, METHODS, methods_of
from kruispunt_server.access.difference import Difference, differences
from kruispunt_server.access.rights import (
    Grant,
    LegalBasis,
    Quota,
    Registration,
    Rights,
    RightsIndex,
    Validity,
)
from kruispunt_server.access.store import RightsStore
from kruispunt_server.call import InstitutionKey, Participant, Right, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.edge import MethodClass
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id

URI = "spiffe://test/pension-office"
OFFICE = Registration(
    Participant("pension-office", frozenset({Role.CONSUMER}), InstitutionKey(5, 1)),
    (URI,),
    Validity(dt.date(2026, 1, 1), dt.date(2027, 1, 1)),
    ("0a" * 32,),
    {MethodClass.READS: Quota(10, 1), MethodClass.SEARCHES: Quota(3, 60)},
)
SERVICE = Registration(
    Participant("identity-service", frozenset({Role.INTERNAL_SERVICE}), None), ("spiffe://test/identity",)
)
BASIS = LegalBasis("18/042", "Pensions", ("name", "birth", "dossier"), Validity(None, dt.date(2026, 7, 1)))
READ = Grant(
    "pensions-read",
    ("pension-office",),
    ("IdentityService/GetPerson", "DirectoryService/*"),
    "18/042",
    ("all",),
    requires_dossier=True,
    validity=Validity(dt.date(2026, 2, 1)),
    quota=Quota(5, 86_400),
)
SERVERS = Grant(
    "servers", ("identity-service",), ("DirectoryService/ListDossiers",), "*", ("dossier", "route")
)
RIGHTS = Rights((SERVICE, OFFICE), (BASIS,), (READ, SERVERS))
DAY = dt.date(2026, 3, 3)


def refusal(participant: str, method: str, legal_basis: str, day: dt.date = DAY) -> Reason:
    """Return why a call is refused."""
    with pytest.raises(RegistryError) as caught:
        RightsIndex(RIGHTS).right_of(participant, method, legal_basis, day)
    return caught.value.reason


def test_a_grant_gives_what_its_legal_basis_covers() -> None:
    """`all` is all that the deliberation lets be obtained."""
    right = RightsIndex(RIGHTS).right_of("pension-office", "IdentityService/GetPerson", "18/042", DAY)

    assert Right("pensions-read", frozenset({"name", "birth", "dossier"}), requires_dossier=True) == right


def test_a_grant_under_any_legal_basis_gives_all_it_says() -> None:
    """Whatever the one named covers; but it has to exist."""
    right = RightsIndex(RIGHTS).right_of("identity-service", "DirectoryService/ListDossiers", "18/042", DAY)

    assert frozenset({"dossier", "route"}) == right.data_groups
    assert Reason.GRANT_MISSING is refusal("identity-service", "DirectoryService/ListDossiers", "18/043")


@pytest.mark.parametrize(
    ("participant", "method", "legal_basis"),
    [
        ("pension-office", "IdentityService/GetPerson", "18/043"),
        ("pension-office", "IdentityService/SearchPersons", "18/042"),
        ("pension-office", "IdentityService/GetPerson", "*"),
        ("nobody", "IdentityService/GetPerson", "18/042"),
    ],
)
def test_without_a_grant_nothing_may(participant: str, method: str, legal_basis: str) -> None:
    """Whether the legal basis exists is not told."""
    assert Reason.GRANT_MISSING is refusal(participant, method, legal_basis)


@pytest.mark.parametrize("day", [dt.date(2026, 1, 31), dt.date(2026, 7, 1)])
def test_a_grant_that_is_not_in_force_gives_nothing(day: dt.date) -> None:
    """Before its own first day, and after the last of its legal basis."""
    assert Reason.GRANT_EXPIRED is refusal("pension-office", "IdentityService/GetPerson", "18/042", day)


def test_a_pattern_names_every_method_of_a_service_or_one() -> None:
    """And nothing else."""
    assert METHODS["AuditService"] == methods_of("AuditService/*")
    assert ("AuditService/GetProof",) == methods_of("AuditService/GetProof")
    assert ((), (), (), ()) == tuple(map(methods_of, ("AuditService/Get", "*/GetProof", "*", "AuditService")))


DAYS = st.none() | st.dates(dt.date(2026, 1, 1), dt.date(2026, 1, 9))


@given(DAYS, DAYS, DAYS, DAYS)
def test_periods_overlap_when_they_have_a_day_in_common(
    a: dt.date | None, b: dt.date | None, c: dt.date | None, d: dt.date | None
) -> None:
    """Against all days, one by one."""
    one, other = Validity(a, b), Validity(c, d)
    days = [dt.date(2025, 12, 1) + dt.timedelta(days=n) for n in range(60)]
    proper = all(v.begin is None or v.end is None or v.begin < v.end for v in (one, other))

    if proper:
        assert any(one.holds(day) and other.holds(day) for day in days) is one.overlaps(other)


def store_of(database: Database, tables: DirectoryTables) -> RightsStore:
    """Return the store."""
    return RightsStore(database, tables.shared)


def test_what_is_kept_is_what_was_given(database: Database, directory_tables: DirectoryTables) -> None:
    """Every field; in the order of names."""
    put_rights(database, directory_tables.shared, RIGHTS)

    assert (RIGHTS.in_order(), 1) == store_of(database, directory_tables).read()


def test_the_same_again_changes_nothing(database: Database, directory_tables: DirectoryTables) -> None:
    """Neither the version nor the change log, in whatever order."""
    store, shared = store_of(database, directory_tables), directory_tables.shared
    log = change_log(database, shared, FixedClock(NOON))

    with database.writing() as connection:
        first = store.replace(connection, log, call_of(), RIGHTS, request_id=new_id())
    with database.writing() as connection:
        again = store.replace(connection, log, call_of(), RIGHTS.in_order(), request_id=new_id())
    with database.reading() as connection:
        kinds = connection.scalars(sa.select(shared.change.c.kind)).all()

    assert ["participants.identity-service", "participants.pension-office", "legal_bases.18/042"] == [
        change.entry for change in first[0]
    ][:3]
    assert ["rights.added"] * 5 == kinds
    assert ([], 1) == again


def test_rights_that_changed_meanwhile_are_not_overwritten(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """The etag is the version."""
    put_rights(database, directory_tables.shared, RIGHTS)
    store = store_of(database, directory_tables)
    log = change_log(database, directory_tables.shared, FixedClock(NOON))

    with pytest.raises(RegistryError) as caught, database.writing() as connection:
        store.replace(connection, log, call_of(), Rights(), request_id=new_id(), expected=0)

    assert Reason.ETAG_MISMATCH is caught.value.reason
    assert RIGHTS.in_order() == store.read()[0]


def test_differences_say_what_is_new_gone_and_different() -> None:
    """Key by key, in the words of the file; of what is new or gone, everything."""
    other = dataclasses.replace(
        OFFICE, participant=dataclasses.replace(OFFICE.participant, roles=frozenset())
    )
    after = Rights((other,), (BASIS,), (READ, dataclasses.replace(SERVERS, grant_id="new")))

    of_servers = [
        "participants: identity-service",
        "methods: DirectoryService/ListDossiers",
        "legal_basis: *",
        "data_groups: dossier, route",
    ]
    assert [
        (
            Difference.REMOVED,
            "participants.identity-service",
            ["roles: internal-service", "uris: spiffe://test/identity"],
        ),
        (Difference.CHANGED, "participants.pension-office", ["roles: consumer"]),
        (Difference.ADDED, "grants.new", of_servers),
        (Difference.REMOVED, "grants.servers", of_servers),
    ] == [
        (each.kind, each.entry, [f"{one.key}: {one.before or one.after}" for one in each.details()])
        for each in differences(RIGHTS, after)
    ]


def test_a_participant_is_known_by_its_names_while_it_is_active(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """By certificate, identifier and institution, from its first day to its last in Brussels."""
    put_rights(database, directory_tables.shared, RIGHTS)
    store = store_of(database, directory_tables)

    def known(instant: dt.datetime) -> list[bool]:
        book = RightsBook(store, FixedClock(instant))
        found = (book.by_uri(URI), book.by_id("pension-office"), book.by_institution(InstitutionKey(5, 1)))
        return [one == OFFICE.participant for one in found]

    assert [True] * 3 == known(dt.datetime(2025, 12, 31, 23, 30, tzinfo=dt.UTC))
    assert [False] * 3 == known(dt.datetime(2025, 12, 31, 22, 30, tzinfo=dt.UTC))
    assert [False] * 3 == known(dt.datetime(2026, 12, 31, 23, 30, tzinfo=dt.UTC))


def test_a_change_is_noticed_when_the_time_is_up(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """And not before: an answer is remembered for a moment."""
    put_rights(database, directory_tables.shared, RIGHTS)
    store, clock = store_of(database, directory_tables), FixedClock(NOON)
    lasting, brief = RightsBook(store, clock, ttl_s=60), RightsBook(store, clock, ttl_s=0)
    before = [book.by_uri(URI) for book in (lasting, brief)]

    put_rights(database, directory_tables.shared, Rights((SERVICE,)))

    assert [OFFICE.participant] * 2 == before
    assert [OFFICE.participant, None] == [book.by_uri(URI) for book in (lasting, brief)]


def test_every_data_group_and_method_of_the_contract_is_in_the_catalogue() -> None:
    """Grants are about all of it."""
    assert (
        "name",
        "birth",
        "decease",
        "gender",
        "nationalities",
        "civil_state",
        "residential_address",
        "contact_address",
        "foreign_identifier",
        "number",
        "dossier",
        "route",
        "notice",
        "change",
        "access",
    ) == DATA_GROUPS
    assert {
        "AuditService", "DirectoryService", "DossierService", "IdentityFeedService", "IdentityService",
        "KnowledgeService", "NoticeService", "ParticipantService", "RegistrationService",
    } == set(METHODS)  # fmt: skip


class Failing:
    """A store that cannot be reached; counts how often it was tried."""

    def __init__(self) -> None:
        self.tried = 0

    def version(self) -> int:
        """Never told."""
        raise AssertionError

    def read(self) -> tuple[Rights, int]:
        """Fail as a database does that is away."""
        self.tried += 1
        raise RegistryError(Reason.STORE_UNAVAILABLE, "the store cannot be reached")


def test_who_waited_for_a_store_that_is_away_does_not_wait_again() -> None:
    """One tries in a fifth of a second, the others are refused at once; nobody is let in meanwhile."""
    store: Any = Failing()
    book = RightsBook(store, FixedClock(NOON))

    for _ in range(10):
        with pytest.raises(RegistryError) as caught:
            book.by_uri(URI)
        assert Reason.STORE_UNAVAILABLE is caught.value.reason
    assert 1 == store.tried
    time.sleep(0.25)
    with pytest.raises(RegistryError):
        book.by_uri(URI)
    assert 2 == store.tried
