"""Rights as an administrator declares them: participants, legal bases, grants; and what one call may."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kruispunt_server.access.catalogue import groups_of, methods_of
from kruispunt_server.call import InstitutionKey, Participant, Right
from kruispunt_server.edge import MethodClass
from kruispunt_server.errors import Reason, RegistryError

ANY = "*"
"""As a legal basis: whichever."""


@dataclass(frozen=True, slots=True)
class Validity:
    """Days in Brussels, half open.

    Attributes:
        begin: first day; none: always.
        end: the day after the last; none: for ever.
    """

    begin: dt.date | None = None
    end: dt.date | None = None

    def holds(self, day: dt.date) -> bool:
        """Whether `day` belongs to it."""
        return (self.begin is None or self.begin <= day) and (self.end is None or day < self.end)

    def within(self, other: "Validity") -> bool:
        """Whether all its days belong to `other`; an open end of its own counts as that of `other`."""
        begins = self.begin is None or other.begin is None or other.begin <= self.begin
        return begins and (self.end is None or other.end is None or self.end <= other.end)

    def overlaps(self, other: "Validity") -> bool:
        """Whether they have a day in common."""
        return (self.begin is None or other.end is None or self.begin < other.end) and (
            other.begin is None or self.end is None or other.begin < self.end
        )


@dataclass(frozen=True, slots=True)
class Quota:
    """So many calls in so many seconds, in the mean; as many may come at once."""

    calls: int
    per_seconds: int


@dataclass(frozen=True, slots=True)
class Registration:
    """One participant.

    Attributes:
        participant: who it is and what it may be.
        uris: URI names of its certificates, in order.
        validity: when it may connect.
        revoked_certificates: SHA-256 of certificates that no longer count, in hexadecimal.
        quotas: by kind of method; of the others the server's setting counts.
    """

    participant: Participant
    uris: tuple[str, ...]
    validity: Validity = Validity()
    revoked_certificates: tuple[str, ...] = ()
    quotas: Mapping[MethodClass, Quota] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A deliberation, as far as the registry itself goes by it.

    Attributes:
        legal_basis: its name, such as "18/042".
        title: what it is about.
        data_groups: what it covers at most.
        validity: when it is in force.
    """

    legal_basis: str
    title: str
    data_groups: tuple[str, ...]
    validity: Validity = Validity()


@dataclass(frozen=True, slots=True)
class Grant:
    """Lets participants call methods under a legal basis.

    Attributes:
        grant_id: its name.
        participants: who has it.
        methods: "Service/Method" or "Service/*".
        legal_basis: that the call must name; `ANY` for internal services.
        data_groups: what comes with it.
        requires_dossier: only of persons on whom the institution has an open dossier.
        shows_protected: also of protected persons.
        validity: when, within that of the legal basis.
        quota: calls under it, for each participant; none: only the participant's own count.
    """

    grant_id: str
    participants: tuple[str, ...]
    methods: tuple[str, ...]
    legal_basis: str
    data_groups: tuple[str, ...]
    requires_dossier: bool = False
    shows_protected: bool = False
    validity: Validity = Validity()
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """All rights of a registry."""

    registrations: tuple[Registration, ...] = ()
    legal_bases: tuple[LegalBasis, ...] = ()
    grants: tuple[Grant, ...] = ()

    def in_order(self) -> "Rights":
        """Return the same with everything whose order means nothing in the order of names, as it is kept."""
        registrations = (
            replace(
                one,
                uris=tuple(sorted(one.uris)),
                revoked_certificates=tuple(sorted(one.revoked_certificates)),
            )
            for one in self.registrations
        )
        return Rights(
            tuple(sorted(registrations, key=lambda one: one.participant.participant_id)),
            tuple(sorted(self.legal_bases, key=lambda one: one.legal_basis)),
            tuple(sorted(self.grants, key=lambda one: one.grant_id)),
        )


class RightsIndex:
    """Rights, to be asked on every call.

    Args:
        rights: without faults (`kruispunt_server.access.checking`).
        version: that they are.
    """

    def __init__(self, rights: Rights, version: int = 0) -> None:
        self.rights = rights
        self.version = version
        self.registrations = {one.participant.participant_id: one for one in rights.registrations}
        self._by_uri = {uri: one for one in rights.registrations for uri in one.uris}
        self._by_institution = {
            one.participant.institution: one
            for one in rights.registrations
            if one.participant.institution is not None
        }
        self.revoked_certificates = frozenset(
            each for one in rights.registrations for each in one.revoked_certificates
        )
        self.legal_bases = {one.legal_basis: one for one in rights.legal_bases}
        self.grants = {one.grant_id: one for one in rights.grants}
        self._grants: dict[tuple[str, str], list[tuple[frozenset[str], Grant]]] = defaultdict(list)
        for grant in rights.grants:
            methods = frozenset(method for pattern in grant.methods for method in methods_of(pattern))
            for name in grant.participants:
                self._grants[name, grant.legal_basis].append((methods, grant))
        self._rights: dict[tuple[str, str], Right] = {}

    def find_by_uri(self, uri: str) -> Registration | None:
        """Return the participant whose certificates bear `uri`, active or not."""
        return self._by_uri.get(uri)

    def find_by_institution(self, institution: InstitutionKey) -> Registration | None:
        """Return the participant that acts for an institution, active or not."""
        return self._by_institution.get(institution)

    def grants_for(self, participant_id: str, method: str, legal_basis: str) -> list[Grant]:
        """Return the grants of whatever day that let a participant call a method under a legal basis."""
        return [
            grant
            for named in (legal_basis, ANY)
            for methods, grant in self._grants.get((participant_id, named), ())
            if method in methods
        ]

    def right_of(self, participant_id: str, method: str, legal_basis: str, day: dt.date) -> Right:
        """Return what a participant may by a method under a legal basis on a day.

        Raises:
            RegistryError: no grant, PERMISSION_DENIED / GRANT_MISSING; none that is in force, or the legal basis is not,
                PERMISSION_DENIED / GRANT_EXPIRED.
        """
        grants = self.grants_for(participant_id, method, legal_basis)
        basis = self.legal_bases.get(legal_basis)
        if not grants or basis is None:
            raise RegistryError(
                Reason.GRANT_MISSING,
                "no grant lets the participant call this method under this legal basis",
                field="kruispunt-legal-basis",
            )
        grant = next((each for each in grants if each.validity.holds(day)), None)
        if grant is None or not basis.validity.holds(day):
            raise RegistryError(
                Reason.GRANT_EXPIRED,
                "the grant or its legal basis is not in force on that day",
                field="kruispunt-legal-basis",
                metadata={"grant": (grant or grants[-1]).grant_id},
            )
        return self._right(grant, basis)

    def _right(self, grant: Grant, basis: LegalBasis) -> Right:
        key = grant.grant_id, basis.legal_basis
        right = self._rights.get(key)
        if right is None:
            groups = groups_of(grant.data_groups)
            if (
                grant.legal_basis != ANY
            ):  # the registry's own work: to ask for a dossier is no part of a deliberation
                groups &= groups_of(basis.data_groups)
            right = Right(grant.grant_id, groups, grant.requires_dossier, grant.shows_protected)
            self._rights[key] = right
        return right
