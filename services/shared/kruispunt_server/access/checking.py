"""What is wrong with rights before they are applied: all faults at once, each with its path in the request."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kruispunt.quoting import quoted
from kruispunt_server.access.catalogue import ALL, DATA_GROUPS, groups_of, methods_of
from kruispunt_server.access.dossiers import KEPT, unkept_among
from kruispunt_server.access.overlaps import overlapping
from kruispunt_server.access.rights import ANY, Grant, LegalBasis, Registration, Rights, Validity
from kruispunt_server.call import OPERATOR, InstitutionKey, Role

_FIELD: Final = re.compile(r"\w+\[\d+\]\.\w+").match


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        path: of the field, such as "grants[2].methods[0]".
        sentence: what is wrong with it; names values, as rights hold nothing personal.
    """

    path: str
    sentence: str


class Malformed:
    """Which fields say nothing that could be judged: what follows from them is no fault of its own.

    Args:
        faults: of form.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._paths = {fault.path for fault in faults}
        self._fields = {found[0] for fault in faults if (found := _FIELD(fault.path))}

    def any_of(self, path: str, *fields: str) -> bool:
        """Return whether any of some fields of the entry at `path` is malformed."""
        return any(f"{path}.{field}" in self._fields for field in fields)

    def told(self, fault: Fault) -> bool:
        """Return whether something was said of that very place already."""
        return fault.path in self._paths


def faults_of(rights: Rights, of_form: Sequence[Fault] = ()) -> list[Fault]:
    """Return every fault of rights; none if they can be applied.

    Args:
        rights: as they were read; what is malformed stands in them as it came.
        of_form: what was malformed; stands first in the result.
    """
    malformed = Malformed(of_form)
    of_sense = [
        *_participants(rights.registrations),
        *_legal_bases(rights.legal_bases),
        *_grants(rights, malformed),
        *_overlaps(rights.grants, malformed),
        *_administrated(rights.registrations, malformed),
    ]
    return [*of_form, *(fault for fault in of_sense if not malformed.told(fault))]


def _participants(registrations: tuple[Registration, ...]) -> Iterator[Fault]:
    names: dict[str, int] = {}
    uris: dict[str, int] = {}
    institutions: dict[InstitutionKey, int] = {}
    for at, one in enumerate(registrations):
        path = f"participants[{at}]"
        name = one.participant.participant_id
        if names.setdefault(name, at) != at:
            yield Fault(f"{path}.participant_id", f"there is a participant {quoted(name)} already")
        if name == OPERATOR:
            yield Fault(
                f"{path}.participant_id", f"{quoted(name)} is what the log calls who works at the database"
            )
        yield from _inverted(one.validity, path)
        for place, uri in enumerate(one.uris):
            owner = uris.setdefault(uri, at)
            if owner != at:
                yield Fault(
                    f"{path}.uris[{place}]",
                    f"{quoted(uri)} belongs to {_named(registrations[owner])} already",
                )
        yield from _twice(one.uris, f"{path}.uris")
        institution = one.participant.institution
        if institution is not None:
            holder = institutions.setdefault(institution, at)
            if holder != at:
                yield Fault(
                    f"{path}.institution",
                    f"{_named(registrations[holder])} acts for {quoted(str(institution))} already",
                )


def _named(registration: Registration) -> str:
    return f"the participant {quoted(registration.participant.participant_id)}"


def _legal_bases(legal_bases: tuple[LegalBasis, ...]) -> Iterator[Fault]:
    names: dict[str, int] = {}
    for at, one in enumerate(legal_bases):
        path = f"legal_bases[{at}]"
        if names.setdefault(one.legal_basis, at) != at:
            yield Fault(f"{path}.legal_basis", f"there is a legal basis {quoted(one.legal_basis)} already")
        yield from _inverted(one.validity, path)
        yield from _unknown_groups(one.data_groups, path)


def _grants(rights: Rights, malformed: Malformed) -> Iterator[Fault]:
    holders = {one.participant.participant_id: (at, one) for at, one in enumerate(rights.registrations)}
    bases = {one.legal_basis: (at, one) for at, one in enumerate(rights.legal_bases)}
    names: dict[str, int] = {}
    for at, grant in enumerate(rights.grants):
        path = f"grants[{at}]"
        if names.setdefault(grant.grant_id, at) != at:
            yield Fault(f"{path}.grant_id", f"there is a grant {quoted(grant.grant_id)} already")
        yield from _inverted(grant.validity, path)
        yield from _holders(grant, holders, path, malformed)
        yield from _methods(grant, path)
        yield from _twice(grant.methods, f"{path}.methods")
        yield from _unknown_groups(grant.data_groups, path)
        if grant.legal_basis != ANY:
            yield from _beyond(grant, bases.get(grant.legal_basis), path, malformed)


def _methods(grant: Grant, path: str) -> Iterator[Fault]:
    for place, pattern in enumerate(grant.methods):
        where = f"{path}.methods[{place}]"
        if not methods_of(pattern):
            yield Fault(where, f"there is no method or service {quoted(pattern)}")
        elif grant.requires_dossier and (unkept := unkept_among(pattern)):
            yield Fault(
                where,
                f"{quoted(unkept)} cannot be kept to persons with a dossier: {KEPT[unkept].because}; "
                f"grant it apart, without requires_dossier",
            )


def _holders(
    grant: Grant, holders: dict[str, tuple[int, Registration]], path: str, malformed: Malformed
) -> Iterator[Fault]:
    for place, name in enumerate(grant.participants):
        where = f"{path}.participants[{place}]"
        if name not in holders:
            yield Fault(where, f"there is no participant {quoted(name)}")
            continue
        at, holder = holders[name]
        of_holder = f"participants[{at}]"
        if (
            grant.legal_basis == ANY
            and Role.INTERNAL_SERVICE not in holder.participant.roles
            and not malformed.any_of(of_holder, "roles")
        ):
            yield Fault(
                where, f"only an internal-service has a grant under any legal basis; {quoted(name)} is none"
            )
        elif grant.requires_dossier and Role.REGISTRAR in holder.participant.roles:
            yield Fault(where, f"the registrar {quoted(name)} works on everybody, with and without a dossier")
        elif (
            grant.requires_dossier
            and holder.participant.institution is None
            and not malformed.any_of(of_holder, "institution")
        ):
            yield Fault(where, f"{quoted(name)} has no institution, and so never a dossier")
    yield from _twice(grant.participants, f"{path}.participants")


def _beyond(
    grant: Grant, found: tuple[int, LegalBasis] | None, path: str, malformed: Malformed
) -> Iterator[Fault]:
    """Find what a grant gives that its legal basis does not."""
    if found is None:
        yield Fault(f"{path}.legal_basis", f"there is no legal basis {quoted(grant.legal_basis)}")
        return
    at, basis = found
    of_basis = f"legal_bases[{at}]"
    days = ("begin", "end")
    if not grant.validity.within(basis.validity) and not (
        malformed.any_of(path, *days) or malformed.any_of(of_basis, *days)
    ):
        yield Fault(path, f"the grant goes beyond the days of its legal basis {quoted(basis.legal_basis)}")
    if malformed.any_of(of_basis, "data_groups"):
        return
    covered = groups_of(basis.data_groups)
    for place, group in enumerate(grant.data_groups):
        if group != ALL and group in DATA_GROUPS and group not in covered:
            yield Fault(
                f"{path}.data_groups[{place}]",
                f"the legal basis {quoted(basis.legal_basis)} does not cover {quoted(group)}",
            )


def _overlaps(grants: tuple[Grant, ...], malformed: Malformed) -> Iterator[Fault]:
    judged = [
        (at, grant)
        for at, grant in enumerate(grants)
        if not malformed.any_of(f"grants[{at}]", "begin", "end")
    ]
    for first, second, name in overlapping([grant for _, grant in judged]):
        yield Fault(
            f"grants[{judged[second][0]}]",
            f"it decides the same calls of {quoted(name)} on the same days as the grant "
            f"{quoted(judged[first][1].grant_id)}",
        )


def _administrated(registrations: tuple[Registration, ...], malformed: Malformed) -> Iterator[Fault]:
    """Refuse rights that nobody could ever change again over the wire."""
    for at, one in enumerate(registrations):
        if Role.ADMINISTRATOR in one.participant.roles or malformed.any_of(f"participants[{at}]", "roles"):
            return
    yield Fault("participants", "at least one participant is an administrator")


def _unknown_groups(names: tuple[str, ...], path: str) -> Iterator[Fault]:
    for place, name in enumerate(names):
        if name != ALL and name not in DATA_GROUPS:
            yield Fault(f"{path}.data_groups[{place}]", f"there is no data group {quoted(name)}")
    yield from _twice(names, f"{path}.data_groups")


def _inverted(validity: Validity, path: str) -> Iterator[Fault]:
    if validity.begin is not None and validity.end is not None and validity.begin >= validity.end:
        yield Fault(
            f"{path}.begin", f"the first day, {validity.begin}, has to lie before the end, {validity.end}"
        )


def _twice(names: tuple[str, ...], path: str) -> Iterator[Fault]:
    named_twice = [name for name, count in Counter(names).items() if count > 1]
    if named_twice:
        yield Fault(path, f"{quoted(named_twice[0])} is named twice")
