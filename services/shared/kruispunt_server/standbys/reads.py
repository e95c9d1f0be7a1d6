"""Where reads are made: each call at a standby that is fresh enough for it, or at the primary."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from kruispunt_server.call import Call
from kruispunt_server.database import Database
from kruispunt_server.standbys.primary import Primary
from kruispunt_server.standbys.read_place import StandbyFailedError, reading_at
from kruispunt_server.standbys.routed import RoutedDatabase
from kruispunt_server.standbys.standby import Standby
from kruispunt_server.standbys.tokens import ConsistencyToken
from kruispunt_server.standbys.wishes import Wish

T = TypeVar("T")
HEALTH_NAME: Final = "kruispunt.standbys"
"""The name of health that says whether every standby can be read; only where there are any."""


class Counting(Protocol):
    """Counts reads that a standby was allowed to answer."""

    def read_at(self, place: str) -> None:
        """Count one: at "standby", or at "primary" because none was fresh enough or "failed" because it broke."""
        ...


class Reads:
    """Sends calls to standbys. Safe to share between threads.

    Args:
        database: the primary.
        primary: its positions.
        standbys: at least one.
        staleness_s: how old may be what a standby shows.
        patience_s: how long a call waits at most for a standby to show what its caller wrote.
        counted: told of every read.
    """

    def __init__(
        self,
        database: Database,
        primary: Primary,
        standbys: Sequence[Standby],
        *,
        staleness_s: float,
        patience_s: float,
        counted: Counting | None = None,
    ) -> None:
        self.database = RoutedDatabase(database, standbys)
        self._primary = primary
        self._standbys = tuple(standbys)
        self._staleness_s = staleness_s
        self._patience_s = patience_s
        self._counted = counted
        self._turns = itertools.count()

    def start(self) -> None:
        """Begin to watch the primary and the standbys."""
        self._primary.start()
        for standby in self._standbys:
            standby.start()

    def stop(self) -> None:
        """Watch no more, and close the connections to the standbys."""
        for standby in self._standbys:
            standby.stop()
        self._primary.stop()

    def answer(self, call: Call, work: Callable[[], T]) -> T:
        """Run `work` with its reads where `call.wish` allows; should the standby fail, once more at the primary.

        Args:
            call: what `work` notes on it and does not bring about is forgotten.
            work: reads, and changes nothing that may not be changed twice.

        Raises:
            Exception: whatever `work` raises; never for the state of a standby.
        """
        standby = self._choose(call.wish) if call.wish is not None else None
        if standby is None:
            self._count("primary")
            return work()
        looks, misses = len(call.looks), call.misses
        try:
            answer = reading_at(standby, work)
        except StandbyFailedError as failure:
            del call.looks[looks:]
            call.misses = misses
            self._count("failed" if failure.broken else "primary")
            return work()
        self._count("standby")
        return answer

    def from_now_on(self) -> Wish:
        """Return the wish to see at least what is committed by now; errors as of `Primary.token`."""
        return Wish(ConsistencyToken.read(self._primary.token()))

    def token(self) -> str:
        """Return the token of what is committed by now; errors as of `Primary.token`."""
        return self._primary.token()

    def is_foreign(self, wish: Wish) -> bool:
        """Whether a caller brought the token of another database: it wants one of this."""
        return wish.token is not None and not self._primary.is_of(wish.token)

    def behind_s(self) -> Mapping[str, float | None]:
        """Return by how many seconds each standby may be behind; none: it cannot be used."""
        return {standby.name: standby.behind_s() for standby in self._standbys}

    def all_serve(self) -> bool:
        """Whether every standby can be read now."""
        return all(standby.shows(None, self._staleness_s) for standby in self._standbys)

    def _choose(self, wish: Wish) -> Standby | None:
        """Return the standby whose turn it is among those that show enough; none: the primary."""
        token = wish.token
        if token is not None and not self._primary.is_of(token):
            return None
        position = token.position if token is not None else None
        first = next(self._turns) % len(self._standbys)
        in_turn = self._standbys[first:] + self._standbys[:first]
        for standby in in_turn:
            if standby.shows(position, self._staleness_s):
                return standby
        if position is None or position.timeline > self._primary.timeline:
            return None
        for standby in in_turn:
            if standby.shows(None, self._staleness_s):
                shown = standby.comes_to(position, self._staleness_s, self._patience_s)
                return standby if shown else None
        return None

    def _count(self, place: str) -> None:
        if self._counted is not None:
            self._counted.read_at(place)
