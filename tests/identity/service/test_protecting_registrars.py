"""Registrars whose grant does not show protected persons: they mark, and are shown no more than others."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.identity.service.conftest import PENSIONS, REGISTRAR, Identity
from tests.identity.service.test_protecting import (
    LIFTED,
    bare,
    facts_of,
    flagged,
    protect,
    protected,
    refusal,
    registered,
    replaced,
)
from tests.support.rights import SANDBOX, put_rights

import kruispunt
from kruispunt import IdentityClient, ImportRow, ProtectionState, Purpose, Register, RowOutcome
from kruispunt_server.access.loading import rights_in

BLIND = Purpose(legal_basis="SANDBOX", end_user="clerk-8", case="2026/2")
SHOWN = "legal_basis: SANDBOX\n    data_groups: [all]\n    shows_protected: true"


@pytest.fixture
def blind(identity: Identity, tmp_path: Path) -> IdentityClient:
    """A registrar who sees protected persons under another legal basis only."""
    text = SANDBOX.read_text("utf-8")
    assert 1 == text.count(SHOWN)
    rights = tmp_path / "rights.yaml"
    rights.write_text(text.replace(SHOWN, SHOWN.replace("true", "false")), "utf-8")
    put_rights(identity.database, identity.tables.shared, rights_in(rights))
    return identity.client(REGISTRAR, BLIND)


def test_exports_leave_protected_persons_out(identity: Identity, blind: IdentityClient) -> None:
    """Whether a selection holds them would tell of them; nor is anybody noted as looked at."""
    protected(identity)
    other = registered(identity, "Kaat", "Wouters")

    assert [other] == [each.ssin for each in blind.export_persons(born_from=1991, born_until=1991)]
    assert ["exported"] == [result for _, result in flagged(identity, "ExportPersons")]


def test_suspected_duplicates_leave_protected_persons_out(identity: Identity, blind: IdentityClient) -> None:
    """The parts of the score would tell how two persons compare; who sees both has the pair."""
    ssin, other = protected(identity), registered(identity, "Kaat", "Wouters")
    with identity.database.writing() as connection:
        connection.execute(
            sa.insert(identity.tables.registration.suspected_duplicate),
            {
                "low_ssin": min(ssin, other),
                "high_ssin": max(ssin, other),
                "grade": 3,
                "log2_odds": 1.0,
                "parts": "[]",
                "rules_version": 1,
                "found_at": identity.clock.now(),
            },
        )

    assert [] == list(blind.suspected_duplicates())
    assert 1 == len(list(identity.client(REGISTRAR).suspected_duplicates()))


def test_an_import_says_that_there_are_candidates_and_not_who(
    identity: Identity, blind: IdentityClient
) -> None:
    """The row is not imported either way."""
    ssin = protected(identity)
    rows = [ImportRow(tuple(facts_of()))]
    found = []
    for client in (blind, identity.client(REGISTRAR)):
        (result,) = client.import_persons(rows, import_id=uuid.uuid4(), search_duplicates=True)
        found.append((result.outcome, result.candidates))

    assert [(RowOutcome.CANDIDATES, ()), (RowOutcome.CANDIDATES, (ssin,))] == found


def test_they_mark_and_do_not_lift(identity: Identity, blind: IdentityClient) -> None:
    """Or they would lift, look, and mark again."""
    ssin = registered(identity)
    answer = blind.set_protection(ssin, ProtectionState.PROTECTED, reference="court 26/17")

    assert (False, (), "", True) == (
        answer.unchanged,
        answer.protections,
        answer.etag,
        answer.resolution.protected,
    )
    assert "state" == refusal(
        kruispunt.PersonProtected, lambda: blind.set_protection(ssin, LIFTED, reference="x")
    )
    assert bare(ssin, blind.get_person(ssin))


def test_they_do_not_change_numbers_that_they_do_not_see(identity: Identity, blind: IdentityClient) -> None:
    """Split, cancel and move are refused as replacements are, and nothing is written."""
    anna, bea = registered(identity), registered(identity, "Kaat", "Wouters")
    replaced(identity, anna, bea)
    protect(identity, bea)
    before = identity.counts()
    actions: list[Callable[[], object]] = [
        lambda: blind.split_number(anna),
        lambda: blind.cancel_number(bea),
    ]
    for action in actions:
        assert "ssin" == refusal(kruispunt.PersonProtected, action)

    assert before == identity.counts()


def test_an_answer_from_before_the_mark_does_not_come_back(identity: Identity) -> None:
    """A replacement that is sent again after the mark is refused: its first answer showed the person."""
    anna, bea = registered(identity), registered(identity, "Kaat", "Wouters")
    client, request_id = identity.client(PENSIONS), uuid.uuid4()

    def replace() -> object:
        return client.replace_number(
            anna, bea, reason=kruispunt.NumberChangeReason.DUPLICATE, request_id=request_id
        )

    replace()
    protect(identity, bea)

    assert "former_ssin" == refusal(kruispunt.PersonProtected, replace)


def test_a_register_is_not_told(identity: Identity, blind: IdentityClient) -> None:
    """RAD would tell that somebody left."""
    ssin = protected(identity)

    assert [Register.UNSPECIFIED] == [each.register for each in blind.resolve_numbers([ssin])]
