"""Who may call what: every rpc x role x purpose x institution of the reviewed table, over real connections."""

import contextlib
import dataclasses
import datetime as dt
import importlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import error_details_pb2, status_pb2
from tests.access.asking import REQUESTS, Asked, request_for
from tests.access.matrix import LETTERS, PURPOSES, Cell, cells, rows_wanted
from tests.directory.service.conftest import Directory
from tests.identity.service.conftest import Identity
from tests.support.rights import SANDBOX, put_rights

import kruispunt
from kruispunt import (
    Birth,
    Evidence,
    EvidenceKind,
    Gender,
    Name,
    PartialDate,
    Period,
    Place,
    Sex,
    Ssin,
    Statement,
)
from kruispunt_server.access.catalogue import FILES, METHODS
from kruispunt_server.access.loading import rights_in
from kruispunt_server.access.rights import Grant, LegalBasis, Rights, Validity
from kruispunt_server.call import InstitutionKey, Role

HOLDERS = {
    Role.SUPPLIER: "institution-17-1",
    Role.CONSUMER: "institution-18-1",
    Role.REGISTRAR: "registry-registrar",
    Role.ADMINISTRATOR: "institution-7-1",
    Role.AUDITOR: "institution-10-1",
    Role.DATA_PROTECTION_OFFICER: "institution-12-1",
    Role.INTERNAL_SERVICE: "institution-15-1",
}
"""Of the sandbox's participants, each with an institution: the one that has this role, and no other, here."""
OTHER = {"sector": 5, "institution": 1}
LEGAL_BASES = {"right": "18/042", "wrong": "99/999", "expired": "10/001"}
ANNA, BEA = Ssin.parse("85073003328"), Ssin.parse("75060898009")
DESCRIPTORS: dict[str, MethodDescriptor] = {
    f"{name}/{method.name}": method
    for file in FILES
    for name, service in file.services_by_name.items()
    for method in service.methods
}
SERVED_BY_BOTH = ("AuditService", "ParticipantService")
OF_IDENTITY = ("IdentityService", "RegistrationService", "IdentityFeedService")


class Caller(NamedTuple):
    """A connection, and whom requests over it are about."""

    channel: grpc.Channel
    asked: Asked


def matrix_rights() -> Rights:
    """Return rights by which every role may everything under one legal basis, and might have under another."""
    given = rights_in(SANDBOX)
    role_of = {name: role for role, name in HOLDERS.items()}
    registrations = tuple(
        dataclasses.replace(one, participant=dataclasses.replace(one.participant, roles=frozenset({role})))
        for one in given.registrations
        if (role := role_of.get(one.participant.participant_id)) is not None
    )
    everything = tuple(f"{service}/*" for service in METHODS)
    holders = tuple(sorted(role_of))
    long_ago = Validity(None, dt.date(2020, 1, 1))
    return Rights(
        registrations,
        (
            LegalBasis(LEGAL_BASES["right"], "In force", ("all",)),
            LegalBasis(LEGAL_BASES["wrong"], "Of nobody here", ("all",)),
            LegalBasis(LEGAL_BASES["expired"], "Over", ("all",), long_ago),
        ),
        (
            Grant("right", holders, everything, LEGAL_BASES["right"], ("all",)),
            Grant("over", holders, everything, LEGAL_BASES["expired"], ("all",)),
        ),
    )


def institution_of(role: Role) -> InstitutionKey:
    """Return whom the holder of a role acts for."""
    (one,) = (each for each in matrix_rights().registrations if each.participant.roles == frozenset({role}))
    assert one.participant.institution is not None
    return one.participant.institution


def asked_by(role: Role, person: Ssin, stranger: Ssin, further: Ssin) -> Asked:
    """Return whom the holder of a role asks about."""
    institution = institution_of(role)
    own = {"sector": institution.sector, "institution": institution.institution}
    return Asked(str(person), str(stranger), str(further), own, OTHER)


def what_becomes(channel: grpc.Channel, method: MethodDescriptor, request: bytes, purpose: str) -> str:
    """Call, and return the letter of what becomes of it; a refusal that is not about rights is no refusal here."""
    metadata = (
        ()
        if purpose == "none"
        else (
            ("kruispunt-legal-basis", LEGAL_BASES[purpose]),
            ("kruispunt-end-user", "clerk-7"),
            ("kruispunt-case", "2026/1"),
        )
    )
    path = f"/{method.containing_service.full_name}/{method.name}"
    try:
        if method.client_streaming:
            answers: Any = channel.stream_stream(path)(iter([request]), timeout=20, metadata=metadata)
        elif method.server_streaming:
            answers = channel.unary_stream(path)(request, timeout=20, metadata=metadata)
        else:
            channel.unary_unary(path)(request, timeout=20, metadata=metadata)
            return "A"
        with contextlib.closing(_Cancelled(answers)):
            next(answers, None)
    except grpc.RpcError as error:
        reason = _reason_of(error)
        if reason in ("", "INTERNAL_FAULT", "METHOD_UNKNOWN"):
            return f"a fault: {error.code()}, {error.details()}"
        return {name: letter for letter, name in LETTERS.items()}.get(reason, "A")
    return "A"


class _Cancelled:
    def __init__(self, stream: Any) -> None:
        self.close = stream.cancel


def _reason_of(error: Any) -> str:
    packed = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    for detail in status_pb2.Status.FromString(packed).details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return ""


def check(services: tuple[str, ...], caller: Callable[[Role], Caller]) -> None:
    """Compare every cell of some services with what a server does."""
    wrong = []
    by_role: dict[Role, list[Cell]] = defaultdict(list)
    for cell in cells():
        if cell.method.partition("/")[0] in services:
            by_role[cell.role].append(cell)
    for role, wanted in by_role.items():
        channel, asked = caller(role)
        for cell in wanted:
            method = DESCRIPTORS[cell.method]
            request = request_for(method, asked, own=cell.own).SerializeToString()
            found = what_becomes(channel, method, request, cell.purpose)
            if found != cell.letter:
                about = "own" if cell.own else "other"
                wrong.append(f"{cell.method} {role.value} {cell.purpose} {about}: {cell.letter}, not {found}")
    assert by_role
    assert [] == wrong


@pytest.fixture
def in_identity(identity: Identity) -> Callable[[Role], Caller]:
    """Identity, in which every role's institution has a dossier on one person and none on another."""
    desk = identity.client("registry-registrar")
    person, stranger, further = (
        desk.register_person(
            [
                Statement(Name(family, ("Mia",)), evidence=Evidence(EvidenceKind.PASSPORT, "X1", "FR")),
                Statement(Birth(PartialDate(1980, 1, day), Place("FR", municipality_name="Lille"))),
                Statement(Gender(Sex.FEMALE)),
            ]
        ).person.ssin
        for family, day in (("Matrix", 1), ("Zwaluw", 9), ("Ooievaar", 17))
    )
    identity.holders.everybody = False
    identity.holders.held = {(institution_of(role), person) for role in Role}
    put_rights(identity.database, identity.tables.shared, matrix_rights())
    identity.assembly.parts.rights._good_until = 0.0  # now, and not within a second
    return lambda role: Caller(identity.channel(HOLDERS[role]), asked_by(role, person, stranger, further))


@pytest.fixture
def in_directory(directory: Directory) -> Callable[[Role], Caller]:
    """The directory, in which one institution has a dossier on somebody."""
    directory.client("institution-5-1").register_dossier(
        BEA, capacity=100, period=Period(dt.date(2020, 1, 1))
    )
    put_rights(directory.database, directory.tables.shared, matrix_rights())
    directory.rights._good_until = 0.0
    return lambda role: Caller(directory.channel(HOLDERS[role]), asked_by(role, ANNA, BEA, BEA))


def test_every_rpc_has_a_row_for_every_role() -> None:
    """A new rpc without expectations, or without a request to try it by, fails here."""
    rows = [(cell.method, cell.role) for cell in cells() if cell.own and cell.purpose == PURPOSES[0]]

    assert rows_wanted() == set(rows)
    assert len(set(rows)) == len(rows)
    assert set(DESCRIPTORS) == set(REQUESTS)


def test_every_service_of_the_contract_has_its_rows() -> None:
    """Those of a new file of the contract too; about itself everybody may ask a sandbox."""
    root = Path(kruispunt.__file__).parent
    modules = [
        importlib.import_module(".".join(("kruispunt", *path.relative_to(root).with_suffix("").parts)))
        for path in root.glob("*/v1/*_pb2.py")
    ]
    services = {name for module in modules for name in module.DESCRIPTOR.services_by_name}

    assert {*METHODS, "RehearsalService"} == services


@pytest.mark.parametrize("service", [*OF_IDENTITY, *SERVED_BY_BOTH])
def test_identity_lets_in_whom_the_table_says(in_identity: Callable[[Role], Caller], service: str) -> None:
    """Every cell of a service."""
    check((service,), in_identity)


@pytest.mark.parametrize("service", sorted(set(METHODS) - set(OF_IDENTITY)))
def test_the_directory_lets_in_whom_the_table_says(
    in_directory: Callable[[Role], Caller], service: str
) -> None:
    """Every cell of a service."""
    check((service,), in_directory)
