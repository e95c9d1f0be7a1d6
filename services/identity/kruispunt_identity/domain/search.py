"""A search that was made, wherever the account of it is kept."""

import datetime as dt
import uuid
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Search:
    """A search as it is kept.

    Attributes:
        search_id: names it; RegisterPerson takes it for a while.
        participant_id: who searched.
        made_at: when.
        rules_version: of the rules that ranked.
        criteria_digest: 16 bytes, keyed: equal criteria can be told, the criteria themselves cannot.
        candidates: (number, grade, log2 odds) of whom it showed, best first.
    """

    search_id: uuid.UUID
    participant_id: str
    made_at: dt.datetime
    rules_version: int
    criteria_digest: bytes = field(repr=False)
    candidates: tuple[tuple[int, int, float], ...] = field(repr=False)
