"""Where a page of stale dossiers ended, whichever store reads it."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from kruispunt_directory.domain.dossier import Dossier


class AttentionPosition(NamedTuple):
    """Where a page ended: since when the last dossier waits, and which it is."""

    since: dt.datetime
    dossier_id: uuid.UUID

    @classmethod
    def of(cls, dossier: Dossier) -> Self:
        """Return the position of a dossier."""
        return cls(dossier.confirmed_at, dossier.dossier_id)

    @classmethod
    def read(cls, written: Sequence[Any]) -> Self:
        """Read what `written` gave."""
        return cls(dt.datetime.fromisoformat(written[0]), uuid.UUID(written[1]))

    def written(self) -> list[str | int | None]:
        """Return the position as plain values."""
        return [self.since.isoformat(), str(self.dossier_id)]
