"""How far the registers were followed, wherever that is kept."""

import datetime as dt
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a feed was followed.

    Attributes:
        resume_token: goes on after what was applied; none: with a snapshot.
        position: of the last change applied; -1: none.
        applied_at: of the last effects, here; only grows.
        told_until: up to then everything was applied; none: the first snapshot is not complete.
        refused: name of the reason why the registers do not take the token; none: as far as is known, they do.
        unread: position of the first commit that could not be read, and that no snapshot has made up for yet; none:
            there is none.
    """

    resume_token: str | None = field(repr=False)
    position: int
    applied_at: dt.datetime
    told_until: dt.datetime | None
    refused: str | None = None
    unread: int | None = None

    def anew(self) -> "Cursor":
        """Return the cursor that goes on with a snapshot."""
        return replace(self, resume_token=None, refused=None)

    def again(self) -> "Cursor":
        """Return the cursor that goes on where it stands, though the registers refused that."""
        return replace(self, refused=None)
