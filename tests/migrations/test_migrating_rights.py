"""The migrations of rights keep what a database held: participants, certificates, and both logs, up and down."""

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from kruispunt_server import migrate
from kruispunt_server.access.rights import Registration, Validity
from kruispunt_server.access.store import RightsStore
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.database import Database
from kruispunt_server.tables import new_metadata, shared_tables

STEPS = {"identity": ("0007", "0008"), "directory": ("0009", "0010")}
"""Of each service: the revision before the rights, and that of the rights."""
LAST = {"identity": ("0010", "0011"), "directory": ("0013", "0014")}
"""The revision before the index of changes of rights, and its own."""
AT = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
PARTICIPANTS = [
    {
        "participant_id": "office",
        "roles": "consumer,supplier",
        "sector": 5,
        "institution": 1,
        "active_from": dt.date(2026, 1, 1),
        "active_until": dt.date(2027, 1, 1),
    },
    {
        "participant_id": "service",
        "roles": "internal-service",
        "sector": None,
        "institution": None,
        "active_from": None,
        "active_until": None,
    },
]
CERTIFICATES = [
    {"uri": "spiffe://a", "participant_id": "office"},
    {"uri": "spiffe://b", "participant_id": "office"},
    {"uri": "spiffe://c", "participant_id": "service"},
]
COMMON = {
    "recorded_at": AT,
    "participant_id": "office",
    "method": "kruispunt.directory.v1.DossierService/RegisterDossier",
    "end_user": "clerk-7",
    "legal_basis": "18/042",
    "case_reference": "1",
    "subject": b"s" * 16,
}
CHANGE = {
    **COMMON,
    "change_id": uuid.UUID(int=1),
    "request_id": uuid.UUID(int=2),
    "commit_id": uuid.UUID(int=3),
    "kind": "dossier.created",
    "payload": b"{}",
}
ACCESS = {**COMMON, "access_id": uuid.UUID(int=4), "data_groups": "dossier", "result": "found"}


@contextmanager
def tables_of(url: str) -> Iterator[tuple[sa.Connection, sa.MetaData]]:
    """Give a connection, and the tables as they are in the database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    metadata = sa.MetaData()
    with engine.begin() as connection:
        metadata.reflect(connection)
        for (
            table
        ) in metadata.tables.values():  # SQLite tells no more than that they are characters or numbers
            for column in table.columns:
                if column.name in ("change_id", "request_id", "commit_id", "access_id", "key_id"):
                    column.type = sa.Uuid()
                elif column.name == "recorded_at":
                    column.type = sa.DateTime(timezone=True)
        yield connection, metadata


def fill(url: str) -> None:
    """Write what a database held before there were rights: a record of either log is sealed, one is not."""
    with tables_of(url) as (connection, metadata):
        for name, rows in (("participant", PARTICIPANTS), ("certificate", CERTIFICATES)):
            connection.execute(sa.insert(metadata.tables[name]), rows)
        for name, row in (("change", CHANGE), ("access", ACCESS)):
            other = {**row, f"{name}_id": uuid.uuid4(), "position": None}
            connection.execute(sa.insert(metadata.tables[name]), [{**row, "position": 0}, other])


def held(url: str) -> dict[str, list[dict[str, Any]]]:
    """Return what is in the tables that were filled, but for what the revision of rights added."""
    wanted = {
        "participant": list(PARTICIPANTS[0]),
        "certificate": list(CERTIFICATES[0]),
        "change": [*CHANGE, "position"],
        "access": [*ACCESS, "position"],
    }
    with tables_of(url) as (connection, metadata):
        return {
            name: [
                dict(row._mapping)
                for row in connection.execute(
                    sa.select(*(metadata.tables[name].c[column] for column in columns)).order_by(
                        *(metadata.tables[name].primary_key)
                    )
                )
            ]
            for name, columns in wanted.items()
        }


@pytest.mark.parametrize("service", sorted(STEPS))
def test_what_was_there_stays_up_and_down(empty_database_url: str, service: str) -> None:
    """Row by row; participants of before have neither quotas nor revoked certificates, and nobody has a grant."""
    before, rights = STEPS[service]
    migrate.upgrade(empty_database_url, service, before)
    fill(empty_database_url)
    filled = held(empty_database_url)

    migrate.upgrade(empty_database_url, service, rights)
    with tables_of(empty_database_url) as (connection, metadata):
        added = metadata.tables["participant"].c
        assert [("", "")] * 2 == [
            tuple(row) for row in connection.execute(sa.select(added.revoked_certificates, added.quotas))
        ]
        for log in ("change", "access"):
            assert [None, None] == list(connection.scalars(sa.select(metadata.tables[log].c.via)))
    assert filled == held(empty_database_url)

    migrate.downgrade(empty_database_url, service, before)
    assert filled == held(empty_database_url)
    migrate.upgrade(empty_database_url, service)
    assert filled == held(empty_database_url)


@pytest.mark.parametrize("service", sorted(STEPS))
def test_the_logs_stay_append_only_at_every_step(empty_database_url: str, service: str) -> None:
    """The new column too: who acted for whom cannot be rewritten afterwards."""
    before, rights = STEPS[service]
    migrate.upgrade(empty_database_url, service, before)
    fill(empty_database_url)
    for step, column in ((rights, "via"), (before, "participant_id"), ("head", "via")):
        move = migrate.downgrade if step == before else migrate.upgrade
        move(empty_database_url, service, step)
        for log in ("change", "access"):
            with pytest.raises(sa.exc.DatabaseError), tables_of(empty_database_url) as (connection, _):
                connection.execute(sa.text(f"UPDATE {log} SET {column} = 'somebody'"))
            with pytest.raises(sa.exc.DatabaseError), tables_of(empty_database_url) as (connection, _):
                connection.execute(sa.text(f"DELETE FROM {log}"))


@pytest.mark.parametrize("service", sorted(STEPS))
def test_the_servers_read_the_participants_of_before(empty_database_url: str, service: str) -> None:
    """With their names, days and institution, at the revision of now; the version begins at 0."""
    migrate.upgrade(empty_database_url, service, STEPS[service][0])
    fill(empty_database_url)
    migrate.upgrade(empty_database_url, service)
    database = Database.open(empty_database_url)
    try:
        rights, version = RightsStore(database, shared_tables(new_metadata())).read()
    finally:
        database.close()

    assert (0, (), ()) == (version, rights.legal_bases, rights.grants)
    assert (
        Registration(
            Participant("office", frozenset({Role.CONSUMER, Role.SUPPLIER}), InstitutionKey(5, 1)),
            ("spiffe://a", "spiffe://b"),
            Validity(dt.date(2026, 1, 1), dt.date(2027, 1, 1)),
        ),
        Registration(Participant("service", frozenset({Role.INTERNAL_SERVICE}), None), ("spiffe://c",)),
    ) == rights.registrations


@pytest.mark.parametrize("service", sorted(LAST))
def test_the_index_of_changes_of_rights_is_built_over_what_is_there(
    empty_database_url: str, service: str
) -> None:
    """And goes again, and comes again after a build that was broken off."""
    before, last = LAST[service]
    migrate.upgrade(empty_database_url, service, before)
    fill(empty_database_url)

    def indexes() -> set[str | None]:
        with tables_of(empty_database_url) as (connection, _):
            return {each["name"] for each in sa.inspect(connection).get_indexes("change")}

    for step, there in ((last, True), (before, False), (last, True)):
        move = migrate.downgrade if step == before else migrate.upgrade
        move(empty_database_url, service, step)
        assert there is ("ix_change_rights" in indexes())
    assert 2 == len(held(empty_database_url)["change"])
