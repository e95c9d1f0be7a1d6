"""The clock of the stub: it stands still until it is told otherwise."""

import datetime as dt

from kruispunt_server.clock import FixedClock

_MOMENT = dt.timedelta(milliseconds=1)


class FrozenClock(FixedClock):
    """Stands still; `advance` moves it on by a span, `set` to an instant.

    It goes on by a millisecond each time something was written: what is recorded one after the other has one instant
    after the other, and none lies in the future of the next call.
    """

    def set(self, instant: dt.datetime) -> None:
        """Stand at an instant.

        Args:
            instant: zone-aware; may lie before the one it stood at.

        Raises:
            ValueError: it names no zone.
        """
        if instant.tzinfo is None:
            raise ValueError("an instant needs its zone")
        self._instant = instant.astimezone(dt.UTC)

    def tick(self) -> None:
        """Go on by a moment."""
        self.advance(_MOMENT)
