"""One hot standby: what it has replayed, and whether it may answer.

Its own thread asks it, twenty times a second, and at once when a call waits for it to come further. No other thread
asks, so a standby that hangs holds up nobody but that thread: what was known of it grows old, and it is not used.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import sqlalchemy as sa

from kruispunt_server.database import Database
from kruispunt_server.standbys.primary import Primary, mark_of
from kruispunt_server.standbys.tokens import Position
from kruispunt_server.tables import SharedTables

_INTERVAL_S: Final = 0.05
_HURRIED_S: Final = 0.001
_KNOWN_S: Final = 0.5  # what was heard longer ago counts for nothing
_REPLAYED: Final = "(pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint"
_GREETING: Final = f"SELECT pg_is_in_recovery(), system_identifier, {_REPLAYED} FROM pg_control_system()"  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the standby said last.

    Attributes:
        at: when it was asked, by `time.monotonic()`.
        position: what it has replayed, on the timeline of the primary.
        fresh_at: the time by `time.monotonic()` of which it shows everything.
    """

    at: float
    position: Position
    fresh_at: float


class Standby:
    """A standby, once `opened` has given it its database.

    Args:
        name: for health, metrics and log: host and port.
        primary: to be compared with.
        changed: told the name, whether it serves by now, and why not.
    """

    database: Database

    def __init__(
        self, name: str, primary: Primary, changed: Callable[[str, bool, str], None] = lambda *_: None
    ) -> None:
        self.name = name
        self._primary = primary
        self._changed = changed
        self._heard: _Heard | None = None
        self._why = "not asked yet"
        self._told: str | None = None
        self._promised = 0
        self._waiting = 0
        self._moved = threading.Condition()
        self._hurry = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="standby", daemon=True)

    def over(self, database: Database, tables: SharedTables) -> None:
        """Reach the standby by a database whose connections were `greet`ed."""
        self.database = database
        marks = tables.lease
        marked = sa.select(marks.c.name).where(marks.c.name == sa.bindparam("mark", type_=sa.Text)).exists()
        self._ask = database.hot(
            sa.select(
                sa.literal_column("pg_is_in_recovery()"), sa.literal_column(_REPLAYED), marked.label("marked")
            )
        )

    def greet(self, connection: "psycopg.Connection[Any]") -> None:
        """Refuse a new connection to what is no standby of the primary, or to one that has gone back.

        A standby that was killed begins to serve from where it last was consistent, which may be before what it
        showed already. Its old connections are gone then; so each new one is measured against what was promised.

        Raises:
            psycopg.OperationalError: it must not be used.
        """
        promised = self._promised  # before it is asked, or it might be measured by what came later
        row = connection.execute(_GREETING).fetchone()
        assert row is not None, "one row"
        in_recovery, system, replayed = row
        if not in_recovery:
            self._why = "no standby"
        elif self._primary.system not in (None, system):
            self._why = "of another database"
        elif replayed < promised:
            self._why = "gone back"
        else:
            return
        raise psycopg.OperationalError("the server is not used as a standby now")

    def start(self) -> None:
        """Begin to ask it."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more, and close its connections."""
        self._end.set()
        self._hurry.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        self.database.close()

    def behind_s(self) -> float | None:
        """Return by how many seconds it may be behind the primary; none: it cannot be used, whatever a caller allows."""
        heard, now = self._heard, time.monotonic()
        if heard is None or now - heard.at > _KNOWN_S or heard.position.timeline != self._primary.timeline:
            return None
        return now - heard.fresh_at

    def shows(self, position: Position | None, within_s: float) -> bool:
        """Whether it shows everything before a position, and everything older than `within_s`."""
        behind_s = self.behind_s()
        if behind_s is None or behind_s > within_s:
            return False
        heard = self._heard
        return position is None or (
            heard is not None
            and position.timeline <= heard.position.timeline
            and position.byte <= heard.position.byte
        )

    def comes_to(self, position: Position, within_s: float, patience_s: float) -> bool:
        """As `shows`, and wait for it a little."""
        with self._moved:
            self._waiting += 1
            self._hurry.set()
            try:
                return self._moved.wait_for(lambda: self.shows(position, within_s), patience_s)
            finally:
                self._waiting -= 1

    def lost(self) -> None:
        """Note that it broke under a read: it is not used before it has answered again."""
        self._heard = None

    def look(self) -> None:
        """Ask it now."""
        heard = self._look()
        with self._moved:
            self._heard = heard
            if heard is not None:
                self._promised = max(self._promised, heard.position.byte)
            self._moved.notify_all()
        told = "" if heard is not None else self._why
        if told != self._told:
            self._told = told
            if heard is None:  # what it left open may be dead, and would fail when it is back
                self.database.engine.dispose()
            self._changed(self.name, heard is not None, told)

    def _look(self) -> _Heard | None:
        began, timeline = time.monotonic(), self._primary.timeline
        self._why = "not reached"
        try:
            ((in_recovery, replayed, marked),) = self._ask.rows(mark=mark_of(timeline))
        except Exception:  # noqa: BLE001 - whatever it is, this standby cannot be used now
            return None
        if not in_recovery:
            self._why = "no standby"
            return None
        if not marked:
            self._why = "not on the timeline of the primary"
            return None
        fresh_at = self._primary.fresh_at(replayed)
        if fresh_at is None:
            self._why = "far behind"
            return None
        return _Heard(began, Position(timeline, replayed), fresh_at)

    def _watch(self) -> None:
        while not self._end.is_set():
            self._hurry.clear()
            self.look()
            self._hurry.wait(_HURRIED_S if self._waiting else _INTERVAL_S)
