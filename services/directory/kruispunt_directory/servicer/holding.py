"""Whether the caller's own institution holds a dossier, where the grant of the call asks for one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import DossierFilter
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.reading import DossierReader


class OwnDossiers:
    """Keeps a caller whose grant says so to the persons on whom its institution has a dossier that is open today.

    It is asked before anything is told: of a person without such a dossier, of one whom nobody holds and of a number
    that there is not, the answer is the same.

    Args:
        reader: of dossiers.
        clock: says what today is.
    """

    def __init__(self, reader: "DossierReader", clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def check(self, call: Call, asked: Ssin, field: str, groups: str = "dossier") -> None:
        """Let the call ask about a person, or raise; `groups` are what it asks for, for the access log.

        Raises:
            RegistryError: the grant asks for a dossier, and there is none; PERMISSION_DENIED / NO_DOSSIER.
        """
        held = self.among(call, [asked])
        if held is not None and asked not in held:
            call.look(int(asked), groups, Reason.NO_DOSSIER.label)
            raise RegistryError(
                Reason.NO_DOSSIER, "only an institution with a dossier on the person may ask", field=field
            )

    def among(self, call: Call, asked: Sequence[Ssin]) -> frozenset[Ssin] | None:
        """Return the numbers that the call may ask about; none: all, its grant asks for no dossier."""
        if not call.right.requires_dossier:
            return None
        institution = call.participant.own_institution()
        resolved = self._reader.resolve_all(asked, None)
        current = {number: resolved[number].current if number in resolved else number for number in asked}
        rows = self._reader.list_of_many(
            list({*current.values()}),
            valid_at=self._clock.today(),
            known_at=None,
            narrowed=DossierFilter(institution.sector, institution.institution),
        )
        held = {row[0] for row in rows}
        return frozenset(number for number, stands in current.items() if int(stands) in held)
