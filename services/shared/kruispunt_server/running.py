"""How many calls are being served: the drain waits until there are none."""

import threading


class Running:
    """Counts calls between their begin and their end."""

    def __init__(self) -> None:
        self._count = 0
        self._none = threading.Condition()

    def enter(self) -> None:
        """One more."""
        with self._none:
            self._count += 1

    def leave(self) -> None:
        """One less."""
        with self._none:
            self._count -= 1
            if not self._count:
                self._none.notify_all()

    def count(self) -> int:
        """How many there are."""
        return self._count

    def wait_none(self, timeout_s: float) -> bool:
        """Wait until there are none; False if there still were after `timeout_s` seconds."""
        with self._none:
            return self._none.wait_for(lambda: not self._count, timeout_s)
