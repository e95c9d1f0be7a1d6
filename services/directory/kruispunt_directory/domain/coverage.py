"""Up to when institutions told the directory: tells "no dossier" from "not told yet"."""

import datetime as dt
from dataclasses import dataclass

from kruispunt_server.call import InstitutionKey


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one institution told.

    Attributes:
        institution: which.
        last_change_at: when its last change was recorded; none if it never told anything.
        synchronised_until: up to when it declared to have told everything; none if it never did.
    """

    institution: InstitutionKey
    last_change_at: dt.datetime | None
    synchronised_until: dt.datetime | None
