"""Numbers: which stand, and where the others lead."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.lineage import Lineage, steps_from
from kruispunt_identity.domain.number import (
    Number,
    NumberEvent,
    NumberStatus,
    Register,
    Replacement,
    Resolved,
    registered,
)
from kruispunt_identity.domain.past import outcome_of
from kruispunt_identity.store.number_history import NumberHistory
from kruispunt_identity.store.number_rows import (
    event_values,
    number_columns,
    number_of,
    replacement_of,
    step_columns,
)
from kruispunt_identity.store.protections import Protections, has_mark
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.arrays import among, array
from kruispunt_server.bulk import bulk_insert_columns
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError


class NumberStore:
    """Reads and writes numbers; every method takes the running connection.

    Who writes holds the lock of the person: `Database.lock` on the number that stands, read again afterwards.
    """

    def __init__(self, database: Database, tables: IdentityTables) -> None:
        self._dialect = database.dialect
        self._tables = tables.persons
        self._history = NumberHistory(database, tables)
        number = self._tables.number
        root = number.alias("root")
        # Index: primary key.
        numbers = sa.select(*number_columns(number))
        self._one = database.hot(numbers.where(number.c.ssin == sa.bindparam("of_ssin")))
        self._many = database.hot(numbers.where(among(number.c.ssin, "ssins", self._dialect)))
        # Index: ix_number_root_ssin.
        self._steps = database.hot(
            sa.select(number.c.root_ssin, *step_columns(number)).where(
                among(number.c.root_ssin, "ssins", self._dialect), number.c.replaced_by.is_not(None)
            )
        )
        self.protections = Protections(self._dialect, self._tables)
        # Index: primary key, of both; then as of `has_mark`.
        marked = has_mark(self._tables, number.c.root_ssin)
        self._leads = database.hot(
            sa.select(number.c.ssin, number.c.root_ssin, root.c.status, root.c.register, marked)
            .select_from(number.join(root, root.c.ssin == number.c.root_ssin))
            .where(among(number.c.ssin, "ssins", self._dialect))
        )
        insert = postgresql.insert if self._dialect == "postgresql" else sqlite.insert
        self._insert = insert(number).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        self._insert_event = sa.insert(self._tables.number_event)
        self._touch = (
            sa.update(number)
            .where(number.c.ssin == sa.bindparam("of_ssin"))
            .values(version=number.c.version + 1, recorded_at=sa.bindparam("at"))
            .returning(number.c.version)
        )

    def find(self, connection: sa.Connection, ssin: Ssin) -> Number | None:
        """Return a number as it stands; none if nothing was ever written of it here."""
        rows = self._one.rows_on(connection, of_ssin=int(ssin))
        return number_of(rows[0]) if rows else None

    def find_many(self, connection: sa.Connection, ssins: Collection[Ssin]) -> dict[int, Number]:
        """Return those of many numbers of which something was written here."""
        if not ssins:
            return {}
        rows = self._many.rows_on(connection, ssins=array(sorted(ssins), self._dialect))
        return {row[0]: number_of(row) for row in rows}

    def lineage(self, connection: sa.Connection, root: Ssin, known_at: dt.datetime | None = None) -> Lineage:
        """Return every number that leads to `root`, today or as it stood at `known_at`."""
        return self.lineages(connection, [root], known_at)[int(root)]

    def lineages(
        self, connection: sa.Connection, roots: Iterable[Ssin], known_at: dt.datetime | None = None
    ) -> dict[int, Lineage]:
        """Return the lineage of each of many numbers; a number that nothing leads to has itself alone."""
        roots = list(roots)
        if known_at is not None:
            return self._history.lineages(connection, roots, known_at)
        steps = self._steps_below(connection, roots)
        return {int(root): Lineage(root, tuple(steps[int(root)])) for root in roots}

    def resolve_many(
        self, connection: sa.Connection, ssins: Sequence[Ssin], known_at: dt.datetime | None = None
    ) -> dict[int, Resolved]:
        """Return where many numbers lead, today or as it stood at `known_at`.

        Numbers of which nothing was written here (by then) are left out: the national register may know them.
        Two statements however many numbers; about the past, one for each level of the longest chain and one for who is
        protected now.
        """
        if not ssins:
            return {}
        if known_at is not None:
            return self._marked(connection, self._history.resolve_many(connection, ssins, known_at))
        rows = self._leads.rows_on(connection, ssins=array(sorted(set(ssins)), self._dialect))
        replaced = {Ssin(root) for ssin, root, *_ in rows if ssin != root}
        next_of = {
            step.former: step for steps in self._steps_below(connection, replaced).values() for step in steps
        }
        resolved = {}
        for ssin, root, status, register, protected in rows:
            outcome = outcome_of(NumberStatus(status), ssin != root)
            chain = steps_from(Ssin(ssin), Ssin(root), next_of)
            resolved[ssin] = Resolved(
                Ssin(ssin), outcome, Ssin(root), Register(register), chain, bool(protected)
            )
        return resolved

    def events(
        self, connection: sa.Connection, numbers: Collection[Ssin], known_at: dt.datetime | None = None
    ) -> list[NumberEvent]:
        """Return what happened to `numbers`, by number and then in order; up to `known_at` if it is given."""
        return self._history.events(connection, numbers, known_at)

    def about(
        self, connection: sa.Connection, numbers: Collection[Ssin], known_at: dt.datetime | None = None
    ) -> list[NumberEvent]:
        """Return the replacements and splits that name one of `numbers` as the other number."""
        return self._history.about(connection, numbers, known_at)

    def insert(self, connection: sa.Connection, ssin: Ssin, register: Register, now: dt.datetime) -> Number:
        """Write a number down that stands from now on, with its first event.

        Raises:
            RegistryError: it stands there already, and nothing was written; FAILED_PRECONDITION / NUMBER_TAKEN.
        """
        if connection.execute(self._insert, _row(ssin, register, now)).rowcount != 1:
            raise RegistryError(Reason.NUMBER_TAKEN, "the number is in use", field="ssin")
        connection.execute(self._insert_event, event_values(registered(ssin, register, now)))
        return Number(ssin, register, NumberStatus.ACTIVE, ssin, 0, None, 1, now)

    def insert_many(
        self, connection: sa.Connection, numbers: Sequence[tuple[Ssin, Register]], now: dt.datetime
    ) -> None:
        """Write many numbers down at the driver's speed.

        Raises:
            sqlalchemy.exc.IntegrityError: one of them is there already; the transaction is lost.
        """
        if not numbers:
            return
        ssins = [int(ssin) for ssin, _ in numbers]
        own = {"ssin": ssins, "register": [int(register) for _, register in numbers]}
        number, event = _row(*numbers[0], now), event_values(registered(*numbers[0], now))
        bulk_insert_columns(
            connection, self._tables.number, {**_alike(number, len(ssins)), **own, "root_ssin": ssins}
        )
        bulk_insert_columns(connection, self._tables.number_event, {**_alike(event, len(ssins)), **own})

    def touch(self, connection: sa.Connection, root: Ssin, now: dt.datetime) -> int:
        """Say that something of the person under `root` changed; returns the new version."""
        version: int = connection.execute(self._touch, {"of_ssin": int(root), "at": now}).scalar_one()
        return version

    def _marked(self, connection: sa.Connection, resolved: dict[int, Resolved]) -> dict[int, Resolved]:
        """Return where numbers led, with whether either end is of somebody who is protected now."""
        ends = {
            number for one in resolved.values() for number in (one.asked, one.current) if number is not None
        }
        protected = self.protections.among(connection, ends)
        return {
            ssin: replace(one, protected=not protected.isdisjoint((one.asked, one.current)))
            for ssin, one in resolved.items()
        }

    def _steps_below(
        self, connection: sa.Connection, roots: Collection[Ssin]
    ) -> defaultdict[int, list[Replacement]]:
        steps: defaultdict[int, list[Replacement]] = defaultdict(list)
        if roots:
            for root, *row in self._steps.rows_on(connection, ssins=array(sorted(roots), self._dialect)):
                steps[root].append(replacement_of(row))
        return steps


def _row(ssin: Ssin, register: Register, now: dt.datetime) -> dict[str, Any]:
    return {
        "ssin": int(ssin),
        "register": int(register),
        "status": int(NumberStatus.ACTIVE),
        "stands": True,
        "root_ssin": int(ssin),
        "root_stands": True,
        "height": 0,
        "version": 1,
        "recorded_at": now,
    }


def _alike(row: Mapping[str, Any], count: int) -> dict[str, list[Any]]:
    """Return the columns of `count` rows that are all like this one."""
    return {name: [value] * count for name, value in row.items()}
