"""Who does what only one process may do at a time; another takes over within seconds when it dies.

A lease saves work, it guards nothing: clocks of two hosts may disagree, and then both hold it. Whatever it is for must
stay right with two at work. Nor may it stay with nobody: one that was taken by a clock far ahead is free once it has
not been renewed for as long as two of its terms, by the clock of whoever waits.
"""

import datetime as dt
import time
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.tables import SharedTables


class Lease:
    """A lease of one name, as one process sees it.

    Args:
        database: where it is written down.
        tables: the shared tables.
        name: what it is for, 1 to 32 characters.
        clock: says when it runs out.
        ttl_s: seconds after which it is free unless it was held again; renewed after a third of it.
    """

    def __init__(
        self, database: Database, tables: SharedTables, name: str, clock: Clock, *, ttl_s: float = 3.0
    ) -> None:
        self.holder: uuid.UUID = new_id()
        self._database = database
        self._clock = clock
        self._ttl = dt.timedelta(seconds=ttl_s)
        self._renew_at: dt.datetime | None = None
        self._seen: tuple[uuid.UUID, dt.datetime] | None = None  # as another holds it
        self._seen_at = 0.0
        self._name = {"of_name": name}
        table = tables.lease
        insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert
        mine = table.c.name == sa.bindparam("of_name")
        self._read = sa.select(table.c.holder, table.c.until_at).where(mine)
        self._take = (
            sa.update(table)
            .where(
                mine,
                sa.or_(
                    table.c.holder == self.holder,
                    table.c.until_at <= sa.bindparam("at"),
                    table.c.until_at == sa.bindparam("left_at"),
                ),
            )
            .values(holder=self.holder, until_at=sa.bindparam("until"))
            .execution_options(preserve_rowcount=True)
        )
        self._make = (
            insert(table)
            .values(name=name, holder=self.holder, until_at=sa.bindparam("until"))
            .on_conflict_do_nothing()
            .execution_options(preserve_rowcount=True)
        )
        self._free = sa.delete(table).where(mine, table.c.holder == self.holder)

    def try_hold(self) -> bool:
        """Hold the lease, anew or still; returns whether this process has it now.

        Raises:
            RegistryError: the store cannot be used; STORE_UNAVAILABLE.
        """
        now = self._clock.now()
        if self._renew_at is not None and self._renew_at - self._ttl / 3 <= now < self._renew_at:
            return True
        self._renew_at = None
        with self._database.reading() as connection:
            row = connection.execute(self._read, self._name).one_or_none()
        if row is not None and row.holder != self.holder and row.until_at > now and not self._is_left(row):
            return False
        until = now + self._ttl
        with self._database.writing() as connection:
            if row is None:
                held = connection.execute(self._make, {"until": until}).rowcount == 1
            else:
                values = {**self._name, "at": now, "left_at": row.until_at, "until": until}
                held = connection.execute(self._take, values).rowcount == 1
        if held:
            self._renew_at = now + self._ttl / 3
        return held

    def release(self) -> None:
        """Let it go, so that another process need not wait; nothing happens if another has it."""
        self._renew_at = None
        with self._database.writing() as connection:
            connection.execute(self._free, self._name)

    def _is_left(self, row: Any) -> bool:
        """Whether another has held the lease for two terms without renewing it."""
        seen, now = (row.holder, row.until_at), time.monotonic()
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        return now - self._seen_at >= 2 * self._ttl.total_seconds()
