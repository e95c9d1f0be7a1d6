"""ParticipantService over mutual TLS: rights are read, applied, explained; nobody else may."""

import datetime as dt
import hashlib
import ssl
import time
import uuid
from collections import deque
from typing import Any

import pytest
import sqlalchemy as sa
from tests.directory.service.conftest import ADMINISTRATOR, AUDITOR, PENSIONS, PURPOSE, WELFARE, Directory
from tests.support.rights import SANDBOX

from kruispunt import (
    CertificateRevoked,
    ChangeOfRights,
    ClientCertificates,
    DirectoryClient,
    EtagMismatch,
    FieldInvalid,
    FieldRequired,
    GrantExpired,
    GrantMissing,
    ParticipantUnknown,
    Purpose,
    RightsChange,
    RightsDetail,
    RightsEffect,
    RightsInvalid,
    RoleMissing,
    Ssin,
)
from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.feeds import NOW
from kruispunt.rights_file import read_rights
from kruispunt_server import pki

ANNA = Ssin.parse("85073003328")
SOON_S = 5.0
"""Within which a revocation bites."""


def sandbox() -> pb.Rights:
    """Return the rights that the sandbox has."""
    return read_rights(SANDBOX).message


def revisions(directory: Directory) -> list[tuple[str, str]]:
    """Return (participant, kind) of what the change log says of rights."""
    change = directory.tables.shared.change
    with directory.database.reading() as connection:
        statement = sa.select(change.c.participant_id, change.c.kind).where(change.c.kind.like("rights.%"))
        return [(row.participant_id, row.kind) for row in connection.execute(statement)]


def until_refused(call: Any, kind: type[Exception]) -> float:
    """Call until it is refused; return after how many seconds."""
    began = time.monotonic()
    while True:
        try:
            call()
        except kind:
            return time.monotonic() - began
        assert time.monotonic() - began < SOON_S
        time.sleep(0.05)


def test_rights_are_read_as_the_file_says(directory: Directory) -> None:
    """By those who oversee them."""
    for reader in (ADMINISTRATOR, AUDITOR):
        rights, etag = directory.client(reader).get_rights()
        given = sandbox()

        assert sorted(each.participant_id for each in given.participants) == [
            each.participant_id for each in rights.participants
        ]
        assert sorted(each.SerializeToString() for each in given.grants) == sorted(
            each.SerializeToString() for each in rights.grants
        )
        assert "1" == etag


def test_rights_are_applied_once(directory: Directory) -> None:
    """A rehearsal says what would change, the change is journalled, and the second time nothing is to be done."""
    rights = sandbox()
    rights.participants.add(participant_id="new", roles=[pb.ROLE_AUDITOR], uris=["spiffe://new"])
    rights.grants[0].shows_protected = True
    client = directory.client(ADMINISTRATOR)

    rehearsed = client.apply_rights(rights, validate_only=True)
    before = revisions(directory)
    applied = client.apply_rights(rights, etag=rehearsed.etag)
    again = client.apply_rights(rights)

    widens = RightsEffect.WIDENS
    assert (
        RightsChange(
            ChangeOfRights.ADDED,
            "participants.new",
            (
                RightsDetail("roles", "", "auditor", widens),
                RightsDetail("uris", "", "spiffe://new", widens),
            ),
            widens,
        ),
        RightsChange(
            ChangeOfRights.CHANGED,
            "grants.institutions-work",
            (RightsDetail("shows_protected", "", "true", widens),),
            widens,
        ),
    ) == applied.changes
    assert (rehearsed.changes, "1") == (applied.changes, rehearsed.etag)
    assert ([], "2", "2", ()) == (before, applied.etag, again.etag, again.changes)
    assert [(ADMINISTRATOR, "rights.added"), (ADMINISTRATOR, "rights.changed")] == revisions(directory)


def test_a_repeated_request_gets_its_first_answer(directory: Directory) -> None:
    """As every mutation."""
    rights = sandbox()
    del rights.grants[0]
    client, request_id = directory.client(ADMINISTRATOR), uuid.uuid4()

    first = client.apply_rights(rights, request_id=request_id)

    assert first == client.apply_rights(rights, request_id=request_id)
    assert ["grants.institutions-work"] == [each.entry for each in first.changes]


def test_rights_with_faults_are_refused_whole(directory: Directory) -> None:
    """Every fault is a violation with its path."""
    rights = sandbox()
    owner = rights.participants[0]
    rights.participants[1].uris.append(owner.uris[0])
    rights.grants[0].methods.append("IdentityService/Steal")

    with pytest.raises(RightsInvalid) as caught:
        directory.client(ADMINISTRATOR).apply_rights(rights)

    assert (
        (
            "rights.participants[1].uris[1]",
            f'"{owner.uris[0]}" belongs to the participant "{owner.participant_id}" already',
        ),
        ("rights.grants[0].methods[5]", 'there is no method or service "IdentityService/Steal"'),
    ) == caught.value.violations
    assert ("rights.participants[1].uris[1]", "2") == (caught.value.field, caught.value.metadata["faults"])
    assert [] == revisions(directory)


def test_very_many_faults_are_told_as_far_as_they_fit(directory: Directory) -> None:
    """A refusal stays small; it says how many there are."""
    rights = sandbox()
    for number in range(500):
        rights.participants.add(
            participant_id=f"no {number}", roles=[pb.ROLE_AUDITOR], uris=[f"x://{number}"]
        )

    with pytest.raises(RightsInvalid) as caught:
        directory.client(ADMINISTRATOR).apply_rights(rights)

    assert (40, "500") == (len(caught.value.violations), caught.value.metadata["faults"])


def test_a_name_longer_than_is_kept_is_refused(directory: Directory) -> None:
    """However long its scheme is: on every database alike, and not as a fault of ours."""
    rights = sandbox()
    rights.participants[0].uris.append("a" * 251 + "://x")
    client = directory.client(ADMINISTRATOR)
    assert 1 == len(client.apply_rights(rights, validate_only=True).changes)
    rights.participants[0].uris[-1] = "a" * 252 + "://x"

    with pytest.raises(RightsInvalid) as caught:
        client.apply_rights(rights)

    assert f"rights.participants[0].uris[{len(rights.participants[0].uris) - 1}]" == caught.value.field


def test_malformed_values_are_refused(directory: Directory) -> None:
    """Of every kind, each with its path."""
    rights = sandbox()
    one = rights.participants.add(participant_id="A", roles=[0, 99], uris=["no"], revoked_certificates=["f"])
    one.institution.sector = 1000
    one.begin.year = 2026
    one.quotas.reads.calls = 1
    rights.legal_bases.add(legal_basis="a b", title="\n", data_groups=["x y"])
    rights.grants.add(grant_id="", participants=["B"], methods=["x"], legal_basis="a b").quota.per_seconds = 1
    at, basis, grant = len(rights.participants) - 1, len(rights.legal_bases) - 1, len(rights.grants) - 1

    with pytest.raises(RightsInvalid) as caught:
        directory.client(ADMINISTRATOR).apply_rights(rights)

    assert {
        f"rights.participants[{at}].participant_id",
        f"rights.participants[{at}].uris[0]",
        f"rights.participants[{at}].revoked_certificates[0]",
        f"rights.participants[{at}].institution.sector",
        f"rights.participants[{at}].roles[0]",
        f"rights.participants[{at}].roles[1]",
        f"rights.participants[{at}].begin",
        f"rights.participants[{at}].quotas.reads",
        f"rights.legal_bases[{basis}].legal_basis",
        f"rights.legal_bases[{basis}].title",
        f"rights.legal_bases[{basis}].data_groups[0]",
        f"rights.grants[{grant}].legal_basis",
        f"rights.grants[{grant}].quota",
        f"rights.grants[{grant}].grant_id",
        f"rights.grants[{grant}].participants[0]",
        f"rights.grants[{grant}].methods[0]",
        f"rights.grants[{grant}].data_groups",
    } == {path for path, _ in caught.value.violations}


def _digest(directory: Directory, participant: str) -> str:
    pem = directory.certificates(participant).certificate.decode()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@pytest.mark.parametrize("slip", ["gone", "role", "name", "over", "revoked"])
def test_an_administrator_does_not_lock_itself_out(directory: Directory, slip: str) -> None:
    """By leaving itself out, by another role, another name, an end of its days, or by revoking its certificate."""
    rights = sandbox()
    own = next(each for each in rights.participants if each.participant_id == ADMINISTRATOR)
    rights.participants.add(participant_id="other", roles=[pb.ROLE_ADMINISTRATOR], uris=["spiffe://other"])
    if slip == "gone":
        rights.participants.remove(own)
    elif slip == "role":
        own.roles[:] = [pb.ROLE_AUDITOR]
    elif slip == "name":
        own.uris[:] = ["spiffe://misspelt"]
    elif slip == "revoked":
        other = next(each for each in rights.participants if each.participant_id == "other")
        other.revoked_certificates.append(_digest(directory, ADMINISTRATOR))
    else:
        own.end.year, own.end.month, own.end.day = 2026, 3, 3

    with pytest.raises(RightsInvalid, match="cannot be applied") as caught:
        directory.client(ADMINISTRATOR).apply_rights(rights)

    assert (
        ("rights.participants", "you would no longer be an administrator who can connect today"),
    ) == caught.value.violations


def test_an_etag_of_before_is_refused(directory: Directory) -> None:
    """Two administrators do not overwrite each other."""
    rights = sandbox()
    del rights.grants[0]
    client = directory.client(ADMINISTRATOR)
    client.apply_rights(rights, etag="1")

    with pytest.raises(EtagMismatch):
        client.apply_rights(sandbox(), etag="1")
    with pytest.raises(FieldInvalid):
        client.apply_rights(sandbox(), etag="one")


@pytest.mark.parametrize("caller", [PENSIONS, AUDITOR])
def test_only_administrators_change_rights(directory: Directory, caller: str) -> None:
    """An auditor reads them."""
    with pytest.raises(RoleMissing):
        directory.client(caller).apply_rights(sandbox())


def test_a_grant_that_is_taken_away_bites_at_once(directory: Directory) -> None:
    """On the open connection, within seconds; given back, it works again."""
    rights = sandbox()
    client, administrator = directory.client(PENSIONS), directory.client(ADMINISTRATOR)
    list(client.list_dossiers(ANNA))
    administrator.apply_rights(
        pb.Rights(
            participants=rights.participants,
            legal_bases=rights.legal_bases,
            grants=[each for each in rights.grants if each.grant_id != "institutions-work"],
        )
    )

    assert SOON_S > until_refused(lambda: list(client.list_dossiers(ANNA)), GrantMissing)


def test_a_participant_that_is_taken_away_is_unknown(directory: Directory) -> None:
    """Its certificate names nobody any more."""
    rights = sandbox()
    client = directory.client(PENSIONS)
    list(client.list_dossiers(ANNA))
    for grant in rights.grants:
        if PENSIONS in grant.participants:
            grant.participants.remove(PENSIONS)
    left = [each for each in rights.participants if each.participant_id != PENSIONS]
    grants = [each for each in rights.grants if each.participants]
    directory.client(ADMINISTRATOR).apply_rights(
        pb.Rights(participants=left, legal_bases=rights.legal_bases, grants=grants)
    )

    assert SOON_S > until_refused(lambda: list(client.list_dossiers(ANNA)), ParticipantUnknown)


def test_a_legal_basis_that_ended_opens_nothing(directory: Directory) -> None:
    """The refusal names the grant to the one that has it."""
    rights = sandbox()
    end = next(each for each in rights.legal_bases if each.legal_basis == "18/042").end
    end.year, end.month, end.day = 2026, 3, 3  # the day it is here
    directory.client(ADMINISTRATOR).apply_rights(rights)
    client = directory.client(PENSIONS)

    until_refused(lambda: list(client.list_dossiers(ANNA)), GrantExpired)
    with pytest.raises(GrantExpired) as caught:
        list(client.list_dossiers(ANNA))

    assert {"grant": "institutions-work", "field": "kruispunt-legal-basis"} == caught.value.metadata


def test_whether_a_legal_basis_exists_is_not_told(directory: Directory) -> None:
    """One that is not granted and one that there is not are refused alike."""
    refusals = []
    for legal_basis in ("registry/following", "no/such"):
        client = directory.client(PENSIONS, Purpose(legal_basis, PURPOSE.end_user, PURPOSE.case))
        with pytest.raises(GrantMissing) as caught:
            list(client.list_dossiers(ANNA))
        refusals.append((str(caught.value), caught.value.metadata))

    assert refusals[0] == refusals[1]


def test_access_is_explained(directory: Directory) -> None:
    """Rule by rule, up to the first that refuses."""
    client = directory.client(AUDITOR)

    allowed = client.explain_access("DirectoryService/ListDossiers", "18/042", participant=PENSIONS)
    no_role = client.explain_access("DossierService/RegisterDossier", "18/042", participant=AUDITOR)
    no_grant = client.explain_access("DirectoryService/ListDossiers", "18/043", participant=PENSIONS)
    nobody = client.explain_access("DirectoryService/ListDossiers", "18/042", participant="nobody")
    code_tables = client.explain_access("KnowledgeService/ListSectors", participant=PENSIONS)

    assert (True, "institutions-work") == (allowed.allowed, allowed.grant)
    assert ["participant", "role", "purpose", "grant", "data group", "quota"] == [
        check.rule for check in allowed.checks
    ]
    assert "dossier" in allowed.data_groups
    assert [(False, "role"), (False, "grant"), (False, "participant")] == [
        (each.allowed, each.checks[-1].rule) for each in (no_role, no_grant, nobody)
    ]
    assert (True, "") == (code_tables.allowed, code_tables.grant)


def test_everybody_asks_about_itself_and_not_about_others(directory: Directory) -> None:
    """Whether there is such a participant is not told either."""
    client = directory.client(PENSIONS)

    assert client.explain_access("DirectoryService/ListDossiers", "18/042").allowed
    for other in (WELFARE, "nobody"):
        with pytest.raises(RoleMissing):
            client.explain_access("DirectoryService/ListDossiers", "18/042", participant=other)
    with pytest.raises(FieldInvalid):
        client.explain_access("IdentityService/GetPerson", "18/042")
    with pytest.raises(FieldRequired):
        client.explain_access("")


def test_who_may_obtain_a_data_group_is_listed(directory: Directory) -> None:
    """By participant and grant."""
    client = directory.client(AUDITOR)
    access = [(each.participant, each.grant, each.legal_basis) for each in client.list_grantees("access")]

    assert [
        ("registry-auditor", "auditors-read", "18/042"),
        ("registry-auditor", "auditors-try", "SANDBOX"),
        ("registry-officer", "auditors-read", "18/042"),
        ("registry-officer", "auditors-try", "SANDBOX"),
    ] == access
    with pytest.raises(FieldInvalid):
        client.list_grantees("shoe_size")
    with pytest.raises(RoleMissing):
        directory.client(PENSIONS).list_grantees("access")


def test_who_may_not_call_a_method_is_not_listed_with_it(directory: Directory) -> None:
    """A grant over a whole service opens only what the role lets be called; methods of the other server it lists."""
    listed = directory.client(AUDITOR).list_grantees("route")
    methods = {method for each in listed for method in each.methods}

    assert {"DirectoryService/GetRoute", "DirectoryService/CheckAccess"} == methods
    assert "identity-service" not in {each.participant for each in listed}
    assert [] == directory.client(AUDITOR).list_grantees("residential_address")


def test_who_may_is_listed_for_a_day(directory: Directory) -> None:
    """With the day on which it ends."""
    rights = sandbox()
    grant = next(each for each in rights.grants if each.grant_id == "auditors-read")
    grant.end.year, grant.end.month, grant.end.day = 2026, 6, 1
    directory.client(ADMINISTRATOR).apply_rights(rights)
    client = directory.client(AUDITOR)
    time.sleep(1.1)

    before, after = (
        {(each.grant, each.end) for each in client.list_grantees("access", day=day)}
        for day in (dt.date(2026, 5, 31), dt.date(2026, 6, 1))
    )

    assert {("auditors-read", dt.date(2026, 6, 1)), ("auditors-try", None)} == before
    assert {("auditors-try", None)} == after


def test_a_revoked_certificate_ends_calls_and_watches(directory: Directory) -> None:
    """Within seconds of the change, on open connections and watches; another certificate of the participant counts on."""
    rights = sandbox()
    pensions = next(each for each in rights.participants if each.participant_id == PENSIONS)
    other = pki.issue_client(directory.pki, "renewed-5-1", list(pensions.uris))
    revoked = hashlib.sha256(
        ssl.PEM_cert_to_DER_cert((directory.pki / "clients" / f"{PENSIONS}.crt").read_text())
    ).hexdigest()
    client = directory.client(PENSIONS)
    watch = client.watch_notices(NOW, heartbeat_s=1, heartbeats=True)
    assert next(watch) is not None
    pensions.revoked_certificates.append(revoked)
    directory.client(ADMINISTRATOR).apply_rights(rights)
    applied_at = time.monotonic()

    until_refused(lambda: list(client.list_dossiers(ANNA)), CertificateRevoked)
    with pytest.raises(CertificateRevoked):
        deque(watch, maxlen=0)
    took_s = time.monotonic() - applied_at

    assert took_s < SOON_S
    certificates = ClientCertificates.from_files(directory.pki / "ca.crt", other.certificate, other.key)
    with DirectoryClient(directory.endpoint, certificates=certificates, purpose=PURPOSE) as renewed:
        assert [] == list(renewed.list_dossiers(ANNA))
