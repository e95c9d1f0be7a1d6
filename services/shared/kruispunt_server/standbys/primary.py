"""The primary, as those see it who decide whether a standby is fresh enough: where its log is, and since when.

A promotion begins a new timeline. A standby that followed the old one further than to where the new one left it holds
what never was, and would pass by its position alone. So whoever first sees a timeline leaves a mark of it in the
database (a row of `lease` that nobody renews), and a standby that does not show the mark is not on it.
"""

import functools
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.standbys.tokens import ConsistencyToken, Position, name_of
from kruispunt_server.tables import SharedTables

_INTERVAL_S: Final = 0.1
_SAMPLES: Final = 600
# What is flushed, not what is inserted: a standby gets nothing else, and the rest may stay unflushed for seconds.
_FLUSHED: Final = "pg_current_wal_flush_lsn()"


@dataclass(frozen=True, slots=True)
class _Sample:
    """Everything that was committed before `at`, by `time.monotonic()`, stands before `byte`."""

    at: float
    byte: int


class Primary:
    """Knows the positions of the primary; asks for them ten times a second.

    Args:
        database: the primary, or whichever server is it now.
        tables: the shared tables.
        key: secret, to name the database in tokens.
        clock: for the mark.
    """

    def __init__(self, database: Database, tables: SharedTables, key: bytes, clock: Clock) -> None:
        self._database = database
        self._name_of = functools.lru_cache(maxsize=4)(functools.partial(name_of, key=key))
        self._clock = clock
        self._where = database.hot(
            sa.select(
                sa.literal_column("system_identifier"),
                sa.literal_column(f"substr(pg_walfile_name({_FLUSHED}), 1, 8)"),
                sa.literal_column(f"({_FLUSHED} - '0/0'::pg_lsn)::bigint"),
            ).select_from(sa.func.pg_control_system())
        )
        self._mark = postgresql.insert(tables.lease).on_conflict_do_nothing()
        self._samples: deque[_Sample] = deque(maxlen=_SAMPLES)
        self._system: int | None = None
        self._timeline = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="primary", daemon=True)

    @property
    def system(self) -> int | None:
        """The identifier that the primary shares with its standbys; none: it has not told yet."""
        return self._system

    @property
    def timeline(self) -> int:
        """The timeline that it was last seen on; 0: none yet."""
        return self._timeline

    def start(self) -> None:
        """Look once now, then go on in a thread."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(10 * _INTERVAL_S)

    def token(self) -> str:
        """Return the token of now: who brings it sees everything that was committed before.

        Raises:
            RegistryError: the store cannot be used; STORE_UNAVAILABLE.
        """
        system, position = self._asked()
        return ConsistencyToken(self._name_of(system), position).written()

    def is_of(self, token: ConsistencyToken) -> bool:
        """Whether a token is of this database."""
        return self._system is not None and token.database == self._name_of(self._system)

    def fresh_at(self, byte: int) -> float | None:
        """Return the latest known `time.monotonic()` of which everything stands before `byte`; none: none is known."""
        for sample in reversed(tuple(self._samples)):
            if sample.byte <= byte:
                return sample.at
        return None

    def look(self) -> None:
        """Look now; while the primary does not answer, nothing becomes known, and every standby grows stale."""
        began = time.monotonic()
        try:
            system, position = self._asked()
            if (system, position.timeline) != (self._system, self._timeline):
                self._leave_mark(position.timeline)
                self._samples.clear()
                self._system, self._timeline = system, position.timeline
        except Exception:  # noqa: BLE001 - the probe of the database says so, to health and to the log
            return
        self._samples.append(_Sample(began, position.byte))

    def _watch(self) -> None:
        while not self._end.wait(_INTERVAL_S):
            self.look()

    def _asked(self) -> tuple[int, Position]:
        ((system, timeline, byte),) = self._where.rows()
        return system, Position(int(timeline, 16), byte)

    def _leave_mark(self, timeline: int) -> None:
        with self._database.writing() as connection:
            connection.execute(
                self._mark,
                {"name": mark_of(timeline), "holder": new_id(), "until_at": self._clock.now()},
            )


def mark_of(timeline: int) -> str:
    """Return the name of the mark of a timeline."""
    return f"timeline-{timeline:08x}"
