"""Whatever changes something can be rehearsed, and a rehearsal changes nothing."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from google.protobuf.descriptor import MethodDescriptor
from tests.access.test_participant_service import sandbox
from tests.directory.service.conftest import ADMINISTRATOR, PENSIONS, directory, sandbox_pki
from tests.identity.conftest import identity_postgres_url, identity_sqlite_url
from tests.identity.service.conftest import REGISTRAR, identity
from tests.identity.together.conftest import Both, both, identity_url
from tests.identity.together.test_following import following, register

from kruispunt import (
    Birth,
    ContactAddress,
    DirectoryClient,
    DistinctDecision,
    DistinctReason,
    Dossier,
    DossierRow,
    DossierRowOutcome,
    Evidence,
    EvidenceKind,
    Gender,
    IdentifierKey,
    IdentifierScheme,
    IdentityClient,
    ImportRow,
    Name,
    NumberChangeReason,
    PartialDate,
    Period,
    Place,
    ProtectionState,
    Register,
    Ssin,
    Statement,
    entries,
    shapes,
)
from kruispunt.access.v1 import participant_service_pb2
from kruispunt.entries import Labels
from kruispunt.sandbox import EXAMPLES
from kruispunt_directory.following.worker import FollowingThread
from kruispunt_identity.national.file import load
from kruispunt_server.access.catalogue import FILES
from kruispunt_server.database import Database

__all__ = [
    "both",
    "directory",
    "following",
    "identity",
    "identity_postgres_url",
    "identity_sqlite_url",
    "identity_url",
    "sandbox_pki",
]

READING = (
    *("Get", "BatchGet", "List", "Resolve", "Search", "Find", "Export", "Watch"),
    *("Check", "Explain", "Preview"),
)
"""What the name of a method begins with that changes nothing; every other one changes something."""

TRACES = frozenset({"access", "subject_key", "search"})
"""What a look leaves behind, of a rehearsal too: it is recorded who was shown something."""
SEALING = frozenset({"log", "lease", "tree_head", "tree_key", "tree_tile"})
"""What goes on beside the calls; it also gives rows their position."""
ANSWERS = frozenset({"identity.idempotency", "directory.idempotency"})
"""What a change writes although it changes nothing: its answer."""

SINCE = Period(dt.date(2026, 1, 1))
NATIONAL = Ssin.parse("85073003328")
SEEN = Evidence(EvidenceKind.PASSPORT, "X1", "GN")
HOME = Statement(ContactAddress("BE", street="Meir"))
KEY = IdentifierKey("GN", IdentifierScheme.PASSPORT, "GN 42")


def changing() -> dict[str, MethodDescriptor]:
    """Return every method of the contract that changes something, by its name."""
    return {
        f"{service.name}/{method.name}": method
        for file in FILES
        for service in file.services_by_name.values()
        for method in service.methods
        if not method.name.startswith(READING)
    }


def test_everything_that_changes_something_can_be_rehearsed() -> None:
    """Each request has `validate_only`."""
    methods = changing()

    assert {"DossierService/RegisterDossier", "NoticeService/AcknowledgeNotices"} <= methods.keys()
    assert [] == [
        name for name, one in methods.items() if "validate_only" not in one.input_type.fields_by_name
    ]


@dataclass
class World:
    """A registry in which every change can be made once, and what was made so far."""

    pensions: DirectoryClient
    teller: IdentityClient
    desk: IdentityClient
    administrators: tuple[DirectoryClient, IdentityClient]
    person: Ssin
    former: Ssin
    mistaken: Ssin
    notice_no: int = 0
    fact_id: str = ""
    link_id: str = ""


def _register_person(world: World, dry: bool) -> None:
    facts = [
        Statement(Name("Sylla", ("Fanta",)), evidence=SEEN),
        Statement(Birth(PartialDate(1984, 2, 3), Place("GN"))),
        Statement(Gender.FEMALE),
    ]
    world.teller.register_person(facts, validate_only=dry)


def _update_person(world: World, dry: bool) -> None:
    (result,) = world.teller.update_person(world.person, [HOME], validate_only=dry).results
    world.fact_id = result.fact.fact_id if result.fact else ""


def _record_distinct(world: World, dry: bool) -> None:
    decision = DistinctDecision(world.former, DistinctReason.HOMONYM, "another passport")
    world.teller.record_distinct(world.person, decision, validate_only=dry)


def _replace(world: World, dry: bool) -> None:
    reason = NumberChangeReason.DUPLICATE
    world.teller.replace_number(world.former, world.person, reason=reason, validate_only=dry)


def _link(world: World, dry: bool) -> None:
    world.link_id = world.teller.link_foreign_identifier(
        world.person, KEY, validate_only=dry
    ).identifier.link_id


def _end_link(world: World, dry: bool) -> None:
    end = dt.date(2027, 1, 1)
    world.teller.end_foreign_identifier_link(world.person, world.link_id, end=end, validate_only=dry)


def _protect(world: World, dry: bool) -> None:
    state = ProtectionState.PROTECTED
    world.desk.set_protection(world.person, state, reference="judgment 1", validate_only=dry)


def _import(world: World, dry: bool) -> None:
    facts = (
        Statement(Name("Kaba", ("Mory",)), evidence=SEEN),
        Statement(Birth(PartialDate(1971, 5, 6), Place("GN"))),
    )
    (result,) = world.desk.import_persons([ImportRow((*facts, Statement(Gender.MALE)))], validate_only=dry)
    assert not result.reason


def _register_dossier(world: World, dry: bool) -> None:
    world.pensions.register_dossier(world.person, capacity=10, phase=10, period=SINCE, validate_only=dry)


def _import_dossiers(world: World, dry: bool) -> None:
    rows = [DossierRow(world.person, 10, SINCE, phase=10)]
    (result,) = world.pensions.import_dossiers(rows, import_id=uuid.uuid4(), validate_only=dry)
    assert DossierRowOutcome.CREATED is result.outcome


def _dossier(world: World) -> Dossier:
    """Return the dossier as it stands."""
    (found,) = (one for one in world.pensions.list_dossiers(world.person) if one.capacity == 10)
    return found


def _write_entries(world: World, dry: bool) -> None:
    sector = entries.Sector(998, Labels(en="Rehearsed"), Period(dt.date(2026, 3, 1)))
    world.administrators[0].knowledge.write_entries([sector], validate_only=dry)


def _apply_rights(world: World, dry: bool) -> None:
    rights = sandbox()
    rights.participants.add(
        participant_id="new", roles=[participant_service_pb2.ROLE_AUDITOR], uris=["spiffe://new"]
    )
    for client in world.administrators:
        client.apply_rights(rights, validate_only=dry)


Change = Callable[[World, bool], object]
CHANGES: Mapping[str, Change] = {
    "RegistrationService/RegisterPerson": _register_person,
    "RegistrationService/UpdatePerson": _update_person,
    "RegistrationService/RetractFact": lambda world, dry: world.teller.retract_fact(
        world.person, world.fact_id, validate_only=dry
    ),
    "RegistrationService/RecordDistinct": _record_distinct,
    "RegistrationService/LinkForeignIdentifier": _link,
    "RegistrationService/EndForeignIdentifierLink": _end_link,
    "RegistrationService/ReplaceNumber": _replace,
    "RegistrationService/SplitNumber": lambda world, dry: world.desk.split_number(
        world.former, validate_only=dry
    ),
    "RegistrationService/CancelNumber": lambda world, dry: world.desk.cancel_number(
        world.mistaken, validate_only=dry
    ),
    "RegistrationService/MoveToRegister": lambda world, dry: world.desk.move_to_register(
        NATIONAL, Register.RAD, validate_only=dry
    ),
    "RegistrationService/ImportPersons": _import,
    "DossierService/RegisterDossier": _register_dossier,
    "DossierService/UpdateDossier": lambda world, dry: world.pensions.update_dossier(
        world.person, _dossier(world).dossier_id, source="rehearsed", validate_only=dry
    ),
    "DossierService/ReconfirmDossiers": lambda world, dry: world.pensions.reconfirm_dossiers(
        [_dossier(world)], validate_only=dry
    ),
    "DossierService/CloseDossier": lambda world, dry: world.pensions.close_dossier(
        world.person, _dossier(world).dossier_id, end=dt.date(2027, 1, 1), validate_only=dry
    ),
    "DossierService/RemoveDossiers": lambda world, dry: world.pensions.remove_dossiers(
        world.person, shapes.InCapacity(10), validate_only=dry
    ),
    "DossierService/ImportDossiers": _import_dossiers,
    "NoticeService/AcknowledgeNotices": lambda world, dry: world.pensions.acknowledge_notices(
        1, validate_only=dry
    ),
    "KnowledgeService/WriteEntries": _write_entries,
    "RegistrationService/SetProtection": _protect,
    "ParticipantService/ApplyRights": _apply_rights,
}
"""Each changes something when it is done the first time, in this order."""


@pytest.fixture
def world(both: Both, following: FollowingThread, tmp_path: Path) -> World:
    """Persons, a dossier on each, a national one, and a notice that waits."""
    teller = both.identity.client(PENSIONS)
    desk, pensions = both.identity.client(REGISTRAR), both.directory.client(PENSIONS)
    load(tmp_path / "national.db", map(json.dumps, EXAMPLES))
    person, former, mistaken = register(teller), register(teller), register(teller)
    for each in (person, former, mistaken, NATIONAL):
        pensions.register_dossier(each, capacity=100, phase=20, period=SINCE)
    desk.update_person(person, [Statement(Gender.FEMALE)])
    desk.update_person(former, [HOME])
    notice = next(one for item in pensions.watch_notices(give_up_s=20) for one in item.notices)
    following.stop()  # it would write between two looks at the tables
    administrators = both.directory.client(ADMINISTRATOR), both.identity.client(ADMINISTRATOR)
    return World(pensions, teller, desk, administrators, person, former, mistaken, notice.notice_no)


def test_every_change_is_tried() -> None:
    """A new method that changes something has no rehearsal here, and the build fails."""
    assert changing().keys() == CHANGES.keys()


def test_a_rehearsal_changes_nothing(both: Both, world: World) -> None:
    """No table of either database is other than before; when the same is done in earnest, one is."""
    in_rehearsal, in_earnest = {}, {}
    for name, change in CHANGES.items():
        before = content(both)
        change(world, True)
        rehearsed = content(both)
        change(world, False)
        in_rehearsal[name] = _differing(before, rehearsed)
        in_earnest[name] = _differing(rehearsed, content(both)) - ANSWERS

    assert {} == {name: tables for name, tables in in_rehearsal.items() if tables}
    assert [] == [name for name, tables in in_earnest.items() if not tables]


def _differing(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    return {table for table in before if before[table] != after[table]}


def content(both: Both) -> dict[str, bytes]:
    """Return a digest of each table that a call may write to, traces of looks and sealing aside."""
    databases = {
        "identity": (both.identity.database, both.identity.tables.shared.change.metadata),
        "directory": (both.directory.database, both.directory.tables.shared.change.metadata),
    }
    return {
        f"{service}.{table.name}": _digest(database, table)
        for service, (database, metadata) in databases.items()
        for table in metadata.sorted_tables
        if table.name not in TRACES | SEALING
    }


def _digest(database: Database, table: sa.Table) -> bytes:
    with database.reading() as connection:
        columns = [column for column in table.columns if column.name != "position"]
        rows = sorted(map(repr, connection.execute(sa.select(*columns)).all()))
    return hashlib.sha256("\n".join(rows).encode()).digest()
