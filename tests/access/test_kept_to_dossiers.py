"""A grant that asks for a dossier is honoured by every method that touches persons, or refused when it is applied."""

import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest
from tests.access.asking import request_for
from tests.access.conftest import change_grants
from tests.access.test_matrix import (
    ANNA,
    BEA,
    DESCRIPTORS,
    OF_IDENTITY,
    Caller,
    in_directory,
    in_identity,
    matrix_rights,
    what_becomes,
)
from tests.directory.service.conftest import PENSIONS, Directory
from tests.identity.service.conftest import Identity
from tests.support.rights import put_rights

from kruispunt import AccessQuestion, DataSetRef, NoDossier, Period, RouteVerdict
from kruispunt_directory import policies as directory_policies
from kruispunt_identity import policies as identity_policies
from kruispunt_server.access.catalogue import METHODS, told_by
from kruispunt_server.access.dossiers import KEPT, Keeping, unkept_among
from kruispunt_server.access.rights import Grant
from kruispunt_server.audit.servicer import POLICIES as AUDIT_SERVICE
from kruispunt_server.call import Role
from kruispunt_server.edge import Policy

__all__ = ["in_directory", "in_identity"]

POLICIES: dict[str, dict[str, Policy]] = {
    "DossierService": directory_policies.DOSSIER_SERVICE,
    "DirectoryService": directory_policies.DIRECTORY_SERVICE,
    "NoticeService": directory_policies.NOTICE_SERVICE,
    "IdentityService": identity_policies.IDENTITY_SERVICE,
    "RegistrationService": identity_policies.REGISTRATION_SERVICE,
    "IdentityFeedService": identity_policies.FEED_SERVICE,
    "AuditService": AUDIT_SERVICE,
}
ASKED = sorted(method for method, kept in KEPT.items() if kept.keeping is Keeping.ASKED)


def policy_of(method: str) -> Policy:
    """Return what a method asks of its callers."""
    service, _, name = method.partition("/")
    return POLICIES[service][name]


def requiring(grant: Grant) -> Grant:
    """Return a grant that asks for a dossier."""
    return dataclasses.replace(grant, requires_dossier=True)


def test_of_every_method_about_persons_it_is_said() -> None:
    """A new one fails the build until somebody has looked."""
    personal = {
        f"{service}/{name}"
        for service, policies in POLICIES.items()
        for name, policy in policies.items()
        if policy.personal
    }

    assert personal == set(KEPT)
    assert all(told_by(method) for method in KEPT)


def test_what_only_registrars_call_is_said_to_be_so_of_nothing_else() -> None:
    """For naming the whole service passes over it."""
    assert {method for method in KEPT if policy_of(method).roles == {Role.REGISTRAR}} == {
        method for method, kept in KEPT.items() if kept.keeping is Keeping.REGISTRARS
    }


def test_every_method_that_is_refused_says_why() -> None:
    """And no other is refused, alone or with its service."""
    refused = {method for method, kept in KEPT.items() if kept.because}

    assert refused == {method for method in KEPT if unkept_among(method)}
    assert {"DirectoryService", "KnowledgeService", "NoticeService", "ParticipantService"} == {
        service for service in METHODS if not unkept_among(f"{service}/*")
    }


def put_requiring(one: Identity | Directory) -> None:
    """Let every grant of a server ask for a dossier."""
    rights = matrix_rights()
    put_rights(
        one.database,
        one.tables.shared,
        dataclasses.replace(rights, grants=tuple(map(requiring, rights.grants))),
    )


@pytest.mark.parametrize("method", [each for each in ASKED if each.partition("/")[0] in OF_IDENTITY])
def test_identity_asks_before_it_looks(
    identity: Identity, in_identity: Callable[[Role], Caller], method: str
) -> None:
    """About somebody on whom the caller's institution has no dossier, and about one on whom it has."""
    put_requiring(identity)
    identity.assembly.parts.rights._good_until = 0.0

    assert ("D", True) == about(in_identity(Role.SUPPLIER), method)


@pytest.mark.parametrize("method", [each for each in ASKED if each.partition("/")[0] not in OF_IDENTITY])
def test_the_directory_asks_before_it_looks(
    directory: Directory, in_directory: Callable[[Role], Caller], method: str
) -> None:
    """Likewise."""
    role = next(iter(sorted(policy_of(method).roles & {Role.SUPPLIER, Role.CONSUMER})))
    put_requiring(directory)
    directory.rights._good_until = 0.0

    letter, _ = about(in_directory(role), method)

    assert letter == "D"


def about(caller: Caller, method: str) -> tuple[str, bool]:
    """Return what becomes of a call about a stranger, and whether one about one's own person is not refused so."""
    descriptor = DESCRIPTORS[method]
    letters = [
        what_becomes(
            caller.channel,
            descriptor,
            request_for(descriptor, caller.asked, own=own).SerializeToString(),
            "right",
        )
        for own in (False, True)
    ]
    # Two numbers are asked for both; the other of the pair is a stranger in any case.
    pairs = ("PreviewReplacement", "ReplaceNumber")
    return letters[0], letters[1] != "D" or method.endswith(pairs)


def test_routes_are_told_of_ones_own_persons_only(directory: Directory) -> None:
    """GetRoute refuses, CheckAccess answers as for nobody; without the condition both answer of everybody."""
    client = directory.client(PENSIONS)
    client.register_dossier(BEA, capacity=100, period=Period(dt.date(2020, 1, 1)))
    data_set = DataSetRef("PENSION-RIGHTS")
    questions = [AccessQuestion(number, data_set) for number in (ANNA, BEA)]
    before = client.get_route(ANNA, data_set).verdict, client.check_access(questions)
    change_grants(directory.database, directory.tables.shared, requiring)
    directory.rights._good_until = 0.0

    with pytest.raises(NoDossier):
        client.get_route(ANNA, data_set)
    after = client.check_access(questions)

    assert RouteVerdict.NO_OWN_DOSSIER is after[0]
    assert before[1][1] is after[1]
    assert client.get_route(BEA, data_set).verdict is after[1]
    assert {
        ("GetRoute", "route", "NO_DOSSIER"),
        ("CheckAccess", "route", "no_own_dossier"),
        ("CheckAccess", "route", after[1].name.lower()),
        ("GetRoute", "route", after[1].name.lower()),
    } == set(directory.accesses()[-4:])
