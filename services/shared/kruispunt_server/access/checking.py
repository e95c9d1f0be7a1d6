"""What is wrong with rights before they are applied: all faults at once, each with its path in the request."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from kruispunt_server.access.catalogue import ALL, DATA_GROUPS, groups_of, methods_of
from kruispunt_server.access.rights import ANY, Grant, LegalBasis, Registration, Rights, Validity, overlapping
from kruispunt_server.call import InstitutionKey, Role


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        path: of the field, such as "grants[2].methods[0]".
        sentence: what is wrong with it.
    """

    path: str
    sentence: str


def faults_of(rights: Rights) -> list[Fault]:
    """Return every fault of rights whose single values are well formed; none if they can be applied."""
    return [
        *_participants(rights.registrations),
        *_legal_bases(rights.legal_bases),
        *_grants(rights),
        *_overlaps(rights.grants),
        *_administrated(rights.registrations),
    ]


def _participants(registrations: tuple[Registration, ...]) -> Iterator[Fault]:
    names: dict[str, int] = {}
    uris: dict[str, int] = {}
    institutions: dict[InstitutionKey, int] = {}
    for at, one in enumerate(registrations):
        path = f"participants[{at}]"
        first = names.setdefault(one.participant.participant_id, at)
        if first != at:
            yield Fault(f"{path}.participant_id", f"participants[{first}] has this identifier already")
        yield from _inverted(one.validity, path)
        for place, uri in enumerate(one.uris):
            owner = uris.setdefault(uri, at)
            if owner != at:
                yield Fault(f"{path}.uris[{place}]", f"the name belongs to participants[{owner}] already")
        yield from _twice(one.uris, f"{path}.uris")
        institution = one.participant.institution
        if institution is not None:
            holder = institutions.setdefault(institution, at)
            if holder != at:
                yield Fault(
                    f"{path}.institution", f"participants[{holder}] acts for this institution already"
                )


def _legal_bases(legal_bases: tuple[LegalBasis, ...]) -> Iterator[Fault]:
    names: dict[str, int] = {}
    for at, one in enumerate(legal_bases):
        path = f"legal_bases[{at}]"
        first = names.setdefault(one.legal_basis, at)
        if first != at:
            yield Fault(f"{path}.legal_basis", f"legal_bases[{first}] has this name already")
        yield from _inverted(one.validity, path)
        yield from _unknown_groups(one.data_groups, path)


def _grants(rights: Rights) -> Iterator[Fault]:
    participants = {one.participant.participant_id: one for one in rights.registrations}
    legal_bases = {one.legal_basis: one for one in rights.legal_bases}
    names: dict[str, int] = {}
    for at, grant in enumerate(rights.grants):
        path = f"grants[{at}]"
        first = names.setdefault(grant.grant_id, at)
        if first != at:
            yield Fault(f"{path}.grant_id", f"grants[{first}] has this identifier already")
        yield from _inverted(grant.validity, path)
        yield from _holders(grant, participants, path)
        for place, pattern in enumerate(grant.methods):
            if not methods_of(pattern):
                yield Fault(f"{path}.methods[{place}]", "there is no such method or service")
        yield from _twice(grant.methods, f"{path}.methods")
        yield from _unknown_groups(grant.data_groups, path)
        if grant.legal_basis != ANY:
            yield from _beyond(grant, legal_bases.get(grant.legal_basis), path)


def _holders(grant: Grant, participants: dict[str, Registration], path: str) -> Iterator[Fault]:
    for place, name in enumerate(grant.participants):
        holder = participants.get(name)
        where = f"{path}.participants[{place}]"
        if holder is None:
            yield Fault(where, "there is no such participant")
        elif grant.legal_basis == ANY and Role.INTERNAL_SERVICE not in holder.participant.roles:
            yield Fault(where, "only an internal service has a grant under any legal basis")
        elif grant.requires_dossier and Role.REGISTRAR in holder.participant.roles:
            yield Fault(where, "a registrar works on everybody, with and without a dossier")
        elif grant.requires_dossier and holder.participant.institution is None:
            yield Fault(where, "a participant without institution never has a dossier")
    yield from _twice(grant.participants, f"{path}.participants")


def _beyond(grant: Grant, basis: LegalBasis | None, path: str) -> Iterator[Fault]:
    """Find what a grant gives that its legal basis does not."""
    if basis is None:
        yield Fault(f"{path}.legal_basis", "there is no such legal basis")
        return
    if not grant.validity.within(basis.validity):
        yield Fault(path, "the grant goes beyond the days of its legal basis")
    covered = groups_of(basis.data_groups)
    for place, group in enumerate(grant.data_groups):
        if group != ALL and group in DATA_GROUPS and group not in covered:
            yield Fault(f"{path}.data_groups[{place}]", "the legal basis does not cover this data group")


def _overlaps(grants: tuple[Grant, ...]) -> Iterator[Fault]:
    places = {grant.grant_id: at for at, grant in enumerate(grants)}
    for first, second, name in overlapping(grants):
        yield Fault(
            f"grants[{places[second.grant_id]}]",
            f'it decides the same calls of "{name}" on the same days as grants[{places[first.grant_id]}]',
        )


def _administrated(registrations: tuple[Registration, ...]) -> Iterator[Fault]:
    """Refuse rights that nobody could ever change again over the wire."""
    if not any(Role.ADMINISTRATOR in one.participant.roles for one in registrations):
        yield Fault("participants", "at least one participant is an administrator")


def _unknown_groups(names: tuple[str, ...], path: str) -> Iterator[Fault]:
    for place, name in enumerate(names):
        if name != ALL and name not in DATA_GROUPS:
            yield Fault(f"{path}.data_groups[{place}]", "there is no such data group")
    yield from _twice(names, f"{path}.data_groups")


def _inverted(validity: Validity, path: str) -> Iterator[Fault]:
    if validity.begin is not None and validity.end is not None and validity.begin >= validity.end:
        yield Fault(f"{path}.begin", "the first day has to lie before the end")


def _twice(names: tuple[str, ...], path: str) -> Iterator[Fault]:
    if any(count > 1 for count in Counter(names).values()):
        yield Fault(path, "something is named twice")
