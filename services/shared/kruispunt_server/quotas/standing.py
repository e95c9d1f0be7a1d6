"""How a participant stands with the quotas that its calls are counted by."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from kruispunt_server.access.rights import Quota


class Source(enum.IntEnum):
    """Where a quota comes from; the numbers of the contract."""

    PARTICIPANT = 1
    GRANT = 2
    SERVER = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """A quota as a call meets it.

    Attributes:
        name: as in the refusal, such as "reads" or "grant".
        quota: how much it lets through.
        source: where it comes from.
        left: calls that would be let through at once now, on this host; none: it depends on the end user.
        grant_id: that it belongs to; empty: none.
    """

    name: str
    quota: Quota
    source: Source
    left: int | None
    grant_id: str = ""


def nearest_of(standings: Sequence[Standing]) -> int | None:
    """Return the place of the quota that would be used up first; none: there are none.

    Of one that depends on the end user, an end user counts who has asked nothing yet.
    """
    left = [each.quota.calls if each.left is None else each.left for each in standings]
    return left.index(min(left)) if left else None
