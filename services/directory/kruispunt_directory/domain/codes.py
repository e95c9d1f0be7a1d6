"""Whether an institution may hold a dossier in a capacity and phase on a day.

Source: domain.md §4 (capacity and phase must exist on that date).
"""

import datetime as dt

from kruispunt_directory.domain.knowledge import Knowledge
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError


def check_codes(
    knowledge: Knowledge, institution: InstitutionKey, capacity: int, phase: int, day: dt.date
) -> None:
    """Make sure that the codes exist.

    Args:
        knowledge: the code tables.
        institution: who holds the dossier.
        capacity: 0 to 999.
        phase: 0 to 99.
        day: begin of the dossier.

    Raises:
        RegistryError: institution, capacity or phase does not exist on that day; FAILED_PRECONDITION.
    """
    if knowledge.find_institution(institution, day) is None:
        raise RegistryError(
            Reason.INSTITUTION_UNKNOWN,
            "the institution does not exist at the begin of the period",
            field="institution",
        )
    entry = knowledge.find_capacity(institution.sector, capacity, day)
    if entry is None:
        raise RegistryError(
            Reason.CAPACITY_UNKNOWN,
            "the capacity does not exist in the institution's sector at the begin of the period",
            field="capacity",
        )
    if not entry.has_phase(phase):
        raise RegistryError(Reason.PHASE_UNKNOWN, "the phase does not exist in the capacity", field="phase")
