"""What a decision costs under the rights of a large registry, and how large they are: `python -m benchmarks.decision`.

3,000 institutions with four grants each, under 300 legal bases. The parts are timed as in `benchmarks.anatomy`.
"""

import datetime as dt
from typing import Any

from benchmarks.anatomy import best_us
from benchmarks.population import institution_of
from kruispunt_server.access.messages import rights_message
from kruispunt_server.access.rights import Grant, LegalBasis, Registration, Rights, RightsIndex
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.caller import Callers

INSTITUTIONS, GRANTS, LEGAL_BASES = 3_000, 4, 300

_DAY = dt.date(2026, 3, 3)
_GROUPS = ("number", "name", "birth", "dossier")
_METHODS = ("DossierService/*", "DirectoryService/*", "IdentityService/GetPerson")


class InMemory:
    """Participants as the book of a server has them at hand, without the look at its clock."""

    def __init__(self, index: RightsIndex) -> None:
        self._index = index

    def by_uri(self, uri: str) -> Participant | None:
        found = self._index.find_by_uri(uri)
        return found.participant if found is not None else None

    def by_id(self, _participant_id: str) -> Participant | None:
        return None

    def by_institution(self, institution: InstitutionKey) -> Participant | None:
        found = self._index.find_by_institution(institution)
        return found.participant if found is not None else None

    def revoked_certificates(self) -> frozenset[str]:
        return self._index.revoked_certificates


class Connection:
    """The context of a call, as gRPC hands it over, of one certificate."""

    def __init__(self, uri: str) -> None:
        self._peer = {"transport_security_type": [b"ssl"], "peer_uri": [uri.encode()]}

    def auth_context(self) -> dict[str, list[bytes]]:
        return self._peer

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return (
            ("kruispunt-legal-basis", "26/000"),
            ("kruispunt-end-user", "bench"),
            ("kruispunt-case", "bench"),
        )


def name_of(number: int) -> str:
    """Return the participant that acts for it."""
    institution = institution_of(number)
    return f"institution-{institution.sector}-{institution.institution}"


def uri_of(number: int) -> str:
    """Return the name in its certificate."""
    return f"spiffe://registry.example/participant/{name_of(number)}"


def basis_of(number: int, grant: int) -> str:
    """Return the legal basis of one of its grants."""
    return f"26/{(number + grant * 7) % LEGAL_BASES:03}"


def rights() -> Rights:
    """Return the rights of the registry."""
    roles = frozenset({Role.SUPPLIER, Role.CONSUMER})
    administrator = Participant("registry-administrator", frozenset({Role.ADMINISTRATOR}), None)
    return Rights(
        (
            Registration(administrator, ("spiffe://registry.example/participant/administrator",)),
            *(
                Registration(Participant(name_of(one), roles, institution_of(one)), (uri_of(one),))
                for one in range(INSTITUTIONS)
            ),
        ),
        tuple(
            LegalBasis(
                f"26/{one:03}", f"Deliberation {one} on the exchange of social data", (*_GROUPS, "route")
            )
            for one in range(LEGAL_BASES)
        ),
        tuple(
            Grant(f"{name_of(one)}-{grant}", (name_of(one),), _METHODS, basis_of(one, grant), _GROUPS)
            for one in range(INSTITUTIONS)
            for grant in range(GRANTS)
        ),
    )


def main() -> None:
    """Print size and costs."""
    all_rights = rights()
    index = RightsIndex(all_rights)
    callers = Callers(InMemory(index))
    numbers = range(0, INSTITUTIONS, 7)
    connections: list[Any] = [Connection(uri_of(number)) for number in numbers]
    asked = [(name_of(number), basis_of(number, 1)) for number in numbers]
    print(f"{len(rights_message(all_rights).SerializeToString()):,} bytes are the rights as one message")
    print(f"{best_us(callers.acting, connections):.2f} µs to find the caller and whom it acts for")
    right = best_us(lambda one: index.right_of(one[0], "DirectoryService/ListDossiers", one[1], _DAY), asked)
    print(f"{right:.2f} µs to find what it may")


if __name__ == "__main__":
    main()
