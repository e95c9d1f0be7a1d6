"""Who looked at whom: what a registry would write into its journal before an answer leaves."""

import threading
from dataclasses import dataclass, field

from kruispunt.ssin import Ssin
from kruispunt_server.call import Call


@dataclass(frozen=True, slots=True)
class RecordedLook:
    """One access record.

    Attributes:
        participant: who looked.
        method: short name, such as "IdentityService/GetPerson".
        person: the number that was looked up.
        data_groups: what was shown, comma separated.
        result: what came of it, such as "found" or the reason of a refusal.
    """

    participant: str
    method: str
    person: Ssin = field(repr=False)
    data_groups: str
    result: str


class Looks:
    """The access journal; an answer leaves after its looks are in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[RecordedLook] = []

    def commit(self, call: Call) -> None:
        """Keep what a call looked at, and empty it."""
        self.commit_all([call])

    def commit_all(self, calls: list[Call]) -> None:
        """Keep what calls looked at, and empty them."""
        with self._lock:
            for call in calls:
                method = call.method.rsplit(".", 1)[-1]
                name = call.participant.participant_id
                self._kept += [
                    RecordedLook(name, method, Ssin(each.person), each.data_groups, each.result)
                    for each in call.looks
                ]
                call.looks.clear()

    def all(self) -> list[RecordedLook]:
        """Return everything that was looked at, in order."""
        with self._lock:
            return list(self._kept)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._kept.clear()
