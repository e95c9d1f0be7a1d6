"""Calls as the boundary would make them."""

import datetime as dt
import time

from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.keys import Keys, Pseudonyms

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
METHOD = "kruispunt.directory.v1.DirectoryService/ListDossiers"
PENSIONS = Participant("pensions", frozenset({Role.CONSUMER, Role.SUPPLIER}), InstitutionKey(9, 1))
PURPOSE = Purpose(legal_basis="08/027", end_user="clerk-7", case="file-12")
PSEUDONYMS = Pseudonyms(Keys(b"k" * 32).derive("pseudonym"))


def call_of(
    *,
    participant: Participant = PENSIONS,
    purpose: Purpose | None = PURPOSE,
    method: str = METHOD,
    seconds_left: float = 20.0,
) -> Call:
    """Return a call that came in at noon."""
    return Call(method, participant, purpose, NOON, time.monotonic() + seconds_left)
