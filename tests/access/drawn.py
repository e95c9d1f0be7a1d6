"""Random rights, small enough to meet each other often, and without faults."""

import datetime as dt
from dataclasses import fields, replace
from typing import Any

from hypothesis import strategies as st

from kruispunt_server.access.catalogue import ALL, DATA_GROUPS
from kruispunt_server.access.overlaps import overlapping
from kruispunt_server.access.rights import ANY, Grant, LegalBasis, Quota, Registration, Rights, Validity
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.edge import MethodClass

NAMES = ("p0", "p1", "p2")
BASES = ("b/0", "b/1")
FIRST_DAY = dt.date(2026, 3, 1)
DAYS = [FIRST_DAY + dt.timedelta(days=n) for n in range(6)]
PATTERNS = (
    "IdentityService/GetPerson",
    "IdentityService/SearchPersons",
    "IdentityService/ResolveNumbers",
    "IdentityService/*",
    "DirectoryService/ListDossiers",
    "DirectoryService/*",
    "RegistrationService/UpdatePerson",
)
GROUPS = ("name", "birth", "number", "dossier", "route")

quotas = st.builds(Quota, st.integers(1, 3), st.sampled_from([1, 60, 30, 3600]))
validities = (
    st.just(Validity())
    | st.just(Validity())
    | st.builds(
        lambda one, other: (
            Validity(*sorted([one, other])) if one and other and one != other else Validity(one, None)
        ),
        st.none() | st.sampled_from(DAYS),
        st.none() | st.sampled_from(DAYS),
    )
)
asking = st.just(frozenset({Role.CONSUMER, Role.SUPPLIER}))
groups = st.lists(st.sampled_from(GROUPS), min_size=1, max_size=4, unique=True).map(tuple) | st.just((ALL,))


@st.composite
def registrations(draw: st.DrawFn) -> tuple[Registration, ...]:
    """Draw participants: some of `NAMES`, each with an institution of its own or none."""
    found = []
    for number, name in enumerate(NAMES):
        if number and not draw(st.integers(0, 3)):
            continue
        found.append(
            Registration(
                Participant(
                    name,
                    draw(asking | st.frozensets(st.sampled_from(list(Role)), min_size=1, max_size=3)),
                    InstitutionKey(1, number) if draw(st.booleans()) else None,
                ),
                (f"spiffe://test/{name}", *([f"spiffe://test/{name}/2"] if draw(st.booleans()) else [])),
                draw(validities),
                tuple(draw(st.lists(st.sampled_from(["0a" * 32, "0b" * 32]), unique=True)))
                if not number
                else (),
                draw(st.dictionaries(st.sampled_from(list(MethodClass)), quotas, max_size=2)),
            )
        )
    return tuple(found)


@st.composite
def rights(draw: st.DrawFn) -> Rights:
    """Draw rights without faults as far as decisions go: of grants that meet the later one is left out."""
    holders = draw(registrations())
    names = [one.participant.participant_id for one in holders]
    internal = [
        one.participant.participant_id for one in holders if Role.INTERNAL_SERVICE in one.participant.roles
    ]
    bases = tuple(
        LegalBasis(name, f"Title {draw(st.integers(0, 1))}", draw(groups), draw(validities))
        for name in BASES
        if draw(st.integers(0, 9))
    )
    grants = [
        draw(_grant(f"g{number}", names, internal, [one.legal_basis for one in bases]))
        for number in range(draw(st.integers(2, 7)))
        if bases
    ]
    return _tidied(holders, bases, tuple(grants))


@st.composite
def _grant(draw: st.DrawFn, name: str, names: list[str], internal: list[str], bases: list[str]) -> Grant:
    under_any = bool(internal) and draw(st.integers(0, 3)) == 0
    return Grant(
        name,
        tuple(draw(st.lists(st.sampled_from(internal if under_any else names), min_size=1, unique=True))),
        tuple(draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True))),
        ANY if under_any else draw(st.sampled_from(bases)),
        draw(groups),
        requires_dossier=draw(st.booleans()),
        shows_protected=draw(st.booleans()),
        validity=draw(validities),
        quota=draw(st.none() | quotas),
    )


@st.composite
def amended(draw: st.DrawFn, before: Rights) -> Rights:
    """Draw rights that differ from some in a few places: an entry less, an entry more, a field of another value."""
    other = draw(rights())
    parts: list[tuple[Any, ...]] = []
    for olds, news in (
        (before.registrations, other.registrations),
        (before.legal_bases, other.legal_bases),
        (before.grants, other.grants),
    ):
        kept = {_name_of(one): one for one in olds if draw(st.integers(0, 7))}
        for one in news:
            old = kept.get(_name_of(one))
            if old is not None and draw(st.booleans()):
                name = draw(st.sampled_from([field.name for field in fields(one)][1:]))
                kept[_name_of(one)] = replace(old, **{name: getattr(one, name)})
            elif old is None and not draw(st.integers(0, 7)):
                kept[_name_of(one)] = one
        parts.append(tuple(kept.values()))
    return _tidied(*parts)


def _tidied(
    holders: tuple[Registration, ...], bases: tuple[LegalBasis, ...], grants: tuple[Grant, ...]
) -> Rights:
    names = {one.participant.participant_id for one in holders}
    held = [
        replace(grant, participants=tuple(name for name in grant.participants if name in names))
        for grant in grants
        if names & set(grant.participants)
    ]
    met = {second for _, second, _ in overlapping(held)}
    return Rights(holders, bases, tuple(grant for at, grant in enumerate(held) if at not in met)).in_order()


def _name_of(one: Any) -> str:
    for key in ("grant_id", "legal_basis"):
        if hasattr(one, key):
            return str(getattr(one, key))
    return str(one.participant.participant_id)


assert set(GROUPS) <= set(DATA_GROUPS)
