"""What a difference of rights does: told by key, in the words of the file; and never too harmless."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.drawn import BASES, DAYS, NAMES, amended, rights

from kruispunt_server.access.difference import Difference, Effect, differences, effect_of
from kruispunt_server.access.rights import (
    Grant,
    LegalBasis,
    Quota,
    Registration,
    Rights,
    RightsIndex,
    Validity,
)
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.edge import MethodClass
from kruispunt_server.errors import RegistryError

TRIED = (
    "IdentityService/GetPerson",
    "IdentityService/SearchPersons",
    "IdentityService/ListPersonVersions",
    "DirectoryService/ListDossiers",
    "DirectoryService/GetRoute",
    "RegistrationService/UpdatePerson",
)
USUAL = {MethodClass.READS: Quota(2, 1)}
OFFICE = Registration(
    Participant("office", frozenset({Role.CONSUMER}), InstitutionKey(5, 1)),
    ("spiffe://test/office",),
    Validity(dt.date(2026, 1, 1), dt.date(2027, 1, 1)),
    ("0a" * 32,),
    {MethodClass.READS: Quota(60, 60)},
)
BASIS = LegalBasis("18/042", "Pensions", ("name", "birth"), Validity(dt.date(2026, 1, 1)))
GRANT = Grant(
    "read",
    ("office",),
    ("IdentityService/GetPerson",),
    "18/042",
    ("name",),
    requires_dossier=True,
    validity=Validity(dt.date(2026, 2, 1), dt.date(2026, 9, 1)),
    quota=Quota(10, 60),
)
RIGHTS = Rights((OFFICE,), (BASIS,), (GRANT,))


def changed(before: Any, **values: Any) -> Any:
    """Return an entry with other values; roles and institution are those of its participant."""
    of_participant = {name: values.pop(name) for name in ("roles", "institution") if name in values}
    if of_participant:
        values["participant"] = dataclasses.replace(before.participant, **of_participant)
    return dataclasses.replace(before, **values)


def details(before: Any, **values: Any) -> list[tuple[str, str, str, Effect]]:
    """Return what is told of an entry that is given other values."""
    after = changed(before, **values)
    kinds = {Registration: "registrations", LegalBasis: "legal_bases", Grant: "grants"}
    (one,) = differences(RIGHTS, dataclasses.replace(RIGHTS, **{kinds[type(before)]: (after,)}))
    return [(each.key, each.before, each.after, each.effect) for each in one.details(USUAL)]


WIDENS, NARROWS, NEUTRAL = Effect.WIDENS, Effect.NARROWS, Effect.NEUTRAL


@pytest.mark.parametrize(
    ("before", "values", "told"),
    [
        (OFFICE, {"roles": frozenset({Role.CONSUMER, Role.SUPPLIER})}, [("roles", "", "supplier", WIDENS)]),
        (
            OFFICE,
            {"roles": frozenset({Role.AUDITOR})},
            [("roles", "", "auditor", WIDENS), ("roles", "consumer", "", NARROWS)],
        ),
        (OFFICE, {"institution": InstitutionKey(5, 2)}, [("institution", "5/1", "5/2", WIDENS)]),
        # No bearer token is asked of a part of the registry.
        (OFFICE, {"institution": None}, [("institution", "5/1", "", WIDENS)]),
        (
            OFFICE,
            {"uris": ("spiffe://test/office", "spiffe://test/new")},
            [("uris", "", "spiffe://test/new", WIDENS)],
        ),
        (
            OFFICE,
            {"revoked_certificates": ()},
            [("revoked_certificates", "0a" * 32, "", WIDENS)],
        ),
        (
            OFFICE,
            {"revoked_certificates": ("0a" * 32, "0b" * 32)},
            [("revoked_certificates", "", "0b" * 32, NARROWS)],
        ),
        (
            OFFICE,
            {"validity": Validity(None, dt.date(2026, 7, 1))},
            [("from", "2026-01-01", "", WIDENS), ("until", "2027-01-01", "2026-07-01", NARROWS)],
        ),
        (
            OFFICE,
            {"validity": Validity(dt.date(2025, 12, 31), dt.date(2027, 1, 1))},
            [("from", "2026-01-01", "2025-12-31", WIDENS)],
        ),
        (
            OFFICE,
            {"quotas": {MethodClass.READS: Quota(61, 60)}},
            [("quotas.reads", "60/min", "61/min", WIDENS)],
        ),
        # As many in the mean, more at once.
        (
            OFFICE,
            {"quotas": {MethodClass.READS: Quota(3600, 3600)}},
            [("quotas.reads", "60/min", "3600/hour", WIDENS)],
        ),
        (OFFICE, {"quotas": {MethodClass.READS: Quota(1, 1)}}, [("quotas.reads", "60/min", "1/s", NARROWS)]),
        # Left out, the server's usual 2/s counts: more in the mean, and none bounds searches.
        (OFFICE, {"quotas": {}}, [("quotas.reads", "60/min", "", WIDENS)]),
        (
            OFFICE,
            {"quotas": {**OFFICE.quotas, MethodClass.SEARCHES: Quota(1, 30)}},
            [("quotas.searches", "", "1/30s", NARROWS)],
        ),
        (BASIS, {"title": "Wages"}, [("title", "Pensions", "Wages", NEUTRAL)]),
        (BASIS, {"data_groups": ("all",)}, [("data_groups", "", "all", WIDENS), ("data_groups", "name, birth", "", NEUTRAL)]),
        (BASIS, {"data_groups": ("name",)}, [("data_groups", "birth", "", NARROWS)]),
        (BASIS, {"data_groups": ("birth", "name")}, [("data_groups", "name, birth", "birth, name", NEUTRAL)]),
        (
            GRANT,
            {"methods": ("IdentityService/*",)},
            [
                ("methods", "", "IdentityService/*", WIDENS),
                ("methods", "IdentityService/GetPerson", "", NEUTRAL),
            ],
        ),
        (GRANT, {"participants": ("office", "other")}, [("participants", "", "other", WIDENS)]),
        (GRANT, {"legal_basis": "18/043"}, [("legal_basis", "18/042", "18/043", WIDENS)]),
        (GRANT, {"requires_dossier": False}, [("requires_dossier", "true", "", WIDENS)]),
        (GRANT, {"shows_protected": True}, [("shows_protected", "", "true", WIDENS)]),
        (
            GRANT,
            {"validity": Validity(dt.date(2026, 2, 1), dt.date(2026, 9, 2))},
            [("until", "2026-09-01", "2026-09-02", WIDENS)],
        ),
        (GRANT, {"quota": None}, [("quota", "10/min", "", WIDENS)]),
    ],
)  # fmt: skip
def test_what_is_different_is_told_by_key(
    before: Any, values: dict[str, Any], told: list[tuple[str, str, str, Effect]]
) -> None:
    """As the file writes it, and whether it widens."""
    assert told == details(before, **values)


def test_a_new_entry_widens_and_one_that_is_gone_narrows() -> None:
    """Whatever they say."""
    rights = dataclasses.replace(RIGHTS, registrations=(changed(OFFICE, revoked_certificates=()),))
    added, removed = differences(Rights(), rights), differences(rights, Rights())

    assert [Difference.ADDED] * 3 + [Difference.REMOVED] * 3 == [each.kind for each in added + removed]
    assert {WIDENS} == {effect_of(each.kind, each.details()) for each in added}
    assert {NARROWS} == {effect_of(each.kind, each.details()) for each in removed}


def test_an_entry_that_is_gone_with_revoked_certificates_widens() -> None:
    """A digest counts whosever certificate it is of: without it, that of another may be let in again."""
    other = changed(OFFICE, uris=("spiffe://test/other",), revoked_certificates=(), quotas={})
    other = dataclasses.replace(other, participant=Participant("other", frozenset({Role.AUDITOR}), None))
    before, after = Rights((OFFICE, other)), Rights((other,))
    assert RightsIndex(before).revoked_certificates > RightsIndex(after).revoked_certificates

    (gone,) = differences(before, after)
    details = gone.details(USUAL)

    assert WIDENS is effect_of(gone.kind, details)
    assert ["revoked_certificates"] == [each.key for each in details if each.effect is WIDENS]


def may(all_rights: Rights) -> set[tuple[str, ...]]:
    """Return all that anybody may: who may connect, by what, and which calls it may make on which day, as what comes with them."""
    index = RightsIndex(all_rights)
    found: set[tuple[str, ...]] = set()
    for name, one in index.registrations.items():
        for day in DAYS:
            if not one.validity.holds(day):
                continue
            found |= {(name, str(day), "connects by", uri) for uri in one.uris}
            found |= {(name, str(day), "is a", role) for role in one.participant.roles}
            if one.participant.institution is not None:
                found.add((name, str(day), "acts for", str(one.participant.institution)))
            found |= _calls(index, name, day)
    return found


def _calls(index: RightsIndex, name: str, day: dt.date) -> set[tuple[str, ...]]:
    found = set()
    for legal_basis in BASES:
        for method in TRIED:
            try:
                right = index.right_of(name, method, legal_basis, day)
            except RegistryError:
                continue
            call = (name, str(day), method, legal_basis)
            found.add(call)
            found |= {(*call, "is shown", group) for group in right.data_groups}
            found |= {(*call, "without a dossier")} if not right.requires_dossier else set()
            found |= {(*call, "protected persons")} if right.shows_protected else set()
    return found


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_is_not_called_widening_lets_nobody_do_more(data: st.DataObject) -> None:
    """Of random rights and random changes of them, by the decisions that calls meet."""
    before = data.draw(rights())
    after = data.draw(amended(before))
    changes = differences(before, after)
    effects = {effect_of(each.kind, each.details(USUAL)) for each in changes}
    gained = may(after) - may(before)

    if WIDENS not in effects:
        assert set() == gained
    if effects <= {NEUTRAL}:
        assert may(after) == may(before)
    assert set(NAMES) >= {each[0] for each in gained}
