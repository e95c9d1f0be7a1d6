"""The rights of the stub: those of the sandbox, or a rights file as a registry takes it; never written to."""

import functools
from collections.abc import Iterable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Final

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.rights_file import RightsFile, parse_rights, read_rights
from kruispunt_server.access.judging import checked, judged
from kruispunt_server.access.rights import Registration, Rights
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_stub.faults import OWN

_SANDBOX: Final = files("kruispunt_server") / "data" / "sandbox_rights.yaml"
_WORKING: Final = frozenset({Role.SUPPLIER, Role.CONSUMER})
_OF_INSTITUTIONS: Final = frozenset({"institutions-work", "institutions-try"})


class MemoryRights:
    """Gives the rights to whoever asks for them, as `RightsStore` does from a database."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        self._version = 1

    def version(self) -> int:
        """Return the version of the rights: one higher after each change."""
        return self._version

    def read(self) -> tuple[Rights, int]:
        """Return the rights and their version."""
        return self._rights, self._version

    def apply(self, rights: Rights) -> None:
        """Make the rights exactly these."""
        self._rights = rights
        self._version += 1


@functools.cache
def sandbox_rights() -> Rights:
    """Return the rights that come along: an institution of each of several sectors, and the registry's own desks."""
    return _rights_of(parse_rights(_SANDBOX.read_text("utf-8")))


def rights_in(path: Path) -> Rights:
    """Return what a rights file declares; the registry's own servers get their rights if the file does not name them.

    Raises:
        RightsFileError: anything in it is wrong: all faults at once.
    """
    return with_own_servers(_rights_of(read_rights(path)))


def rights_of(message: pb.Rights) -> Rights:
    """Return rights as `ParticipantService.ApplyRights` takes them.

    Raises:
        RegistryError: anything in them is wrong; INVALID_ARGUMENT / RIGHTS_INVALID.
    """
    return with_own_servers(checked(message, "rights"))


def with_own_servers(rights: Rights) -> Rights:
    """Return rights by which the two servers may ask each other."""
    known = {one.participant.participant_id for one in rights.registrations}
    if known >= OWN:
        return rights
    sandbox = sandbox_rights()
    missing = OWN - known
    bases = {basis.legal_basis for basis in rights.legal_bases}
    grants = [
        replace(each, participants=tuple(sorted(missing & set(each.participants))))
        for each in sandbox.grants
        if missing & set(each.participants)
    ]
    return Rights(
        (
            *rights.registrations,
            *(one for one in sandbox.registrations if one.participant.participant_id in missing),
        ),
        (
            *rights.legal_bases,
            *(
                basis
                for basis in sandbox.legal_bases
                if basis.legal_basis.startswith("registry/") and basis.legal_basis not in bases
            ),
        ),
        (*rights.grants, *grants),
    )


def with_institutions(rights: Rights, institutions: Iterable[InstitutionKey]) -> Rights:
    """Return rights by which further institutions may what those of the sandbox may."""
    known = {one.participant.institution for one in rights.registrations}
    new = [each for each in institutions if each not in known]
    names = tuple(participant_of(each) for each in new)
    registrations = tuple(
        Registration(Participant(name, _WORKING, each), (f"spiffe://sandbox.kruispunt.example/{name}",))
        for name, each in zip(names, new, strict=True)
    )
    grants = tuple(
        replace(grant, participants=(*grant.participants, *names))
        if grant.grant_id in _OF_INSTITUTIONS
        else grant
        for grant in rights.grants
    )
    return replace(rights, registrations=(*rights.registrations, *registrations), grants=grants)


def participant_of(institution: InstitutionKey) -> str:
    """Return the name of the participant that an institution of the sandbox is."""
    return f"institution-{institution.sector}-{institution.institution}"


def _rights_of(file: RightsFile) -> Rights:
    rights, faults = judged(file.message)
    if faults:
        raise file.refused([(fault.path, fault.sentence) for fault in faults])
    return rights.in_order()
