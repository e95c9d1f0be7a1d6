"""Writing what the directory knows about numbers: the projection of identity's chains, and where numbers led earlier."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.chains import Chains, NumberState, Step
from kruispunt_directory.domain.number import NumberStatus
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.arrays import among, array
from kruispunt_server.database import Database

_COLUMNS = (
    "ssin",
    "current_ssin",
    "status",
    "next_ssin",
    "replaced_on",
    "deceased",
    "register",
)


class NumberProjection:
    """Loads and writes numbers; every method runs inside the transaction of whoever follows, and nobody else writes."""

    def __init__(self, database: Database, tables: DirectoryTables) -> None:
        self._dialect = database.dialect
        number = tables.dossiers.number
        read = sa.select(*(number.c[name] for name in _COLUMNS))
        # Index: primary key.
        self._of = read.where(among(number.c.ssin, "ssins", self._dialect))
        # Index: ix_number_leading.
        self._leading = read.where(
            number.c.next_ssin.is_not(None), among(number.c.current_ssin, "roots", self._dialect)
        )
        insert = postgresql.insert if self._dialect == "postgresql" else sqlite.insert
        made = insert(number)
        self._upsert = made.on_conflict_do_update(
            index_elements=[number.c.ssin],
            set_={name: made.excluded[name] for name in (*_COLUMNS[1:], "recorded_at")},
        )
        step = tables.dossiers.number_step
        read_step = sa.select(step.c.former_ssin, step.c.next_ssin, step.c.recorded_at, step.c.superseded_at)
        # Index: primary key.
        self._steps_of = read_step.where(among(step.c.former_ssin, "ssins", self._dialect))
        # Index: ix_number_step_next_ssin.
        self._steps_to = read_step.where(among(step.c.next_ssin, "ssins", self._dialect))
        self._insert_step = sa.insert(step)
        self._close_step = (
            sa.update(step)
            .where(step.c.former_ssin == sa.bindparam("of_former"), step.c.superseded_at.is_(None))
            .values(superseded_at=sa.bindparam("at"))
        )
        self._insert_version = sa.insert(tables.dossiers.number_version)

    def load(self, connection: sa.Connection, numbers: Iterable[Ssin]) -> Chains:
        """Return every number of each lineage that one of `numbers` belongs to."""
        asked = sorted({int(number) for number in numbers})
        found = {state.ssin: state for state in self._read(connection, self._of, "ssins", asked)}
        roots = {int(state.current) for state in found.values()} | set(asked)
        missing = sorted(roots - {int(ssin) for ssin in found})
        for statement, name, values in (
            (self._leading, "roots", sorted(roots)),
            (self._of, "ssins", missing),
        ):
            found.update((state.ssin, state) for state in self._read(connection, statement, name, values))
        return Chains(found.values())

    def steps(self, connection: sa.Connection, numbers: Iterable[Ssin]) -> list[Step]:
        """Return every replacement, undone ones too, among `numbers` and all that were ever joined with them."""
        found: dict[tuple[Ssin, dt.datetime], Step] = {}
        seen: set[Ssin] = set()
        new = set(numbers)
        while new:
            ssins = {"ssins": array(sorted(map(int, new)), self._dialect)}
            for statement in (self._steps_of, self._steps_to):
                for former, next_, joined_at, undone_at in connection.execute(statement, ssins):
                    step = Step(Ssin(former), Ssin(next_), joined_at, undone_at)
                    found[step.former, joined_at] = step
            seen |= new
            new = {number for step in found.values() for number in (step.former, step.next_)} - seen
        return [found[key] for key in sorted(found)]

    def keep_steps(self, connection: sa.Connection, chains: Chains) -> None:
        """Write the replacements that were made and undone since the chains were loaded, in order."""
        events: list[tuple[dt.datetime, Step | Ssin]] = [(step.joined_at, step) for step in chains.made]
        events += [(at, number) for number, at in chains.undone]
        for at, event in sorted(events, key=lambda each: each[0]):
            if isinstance(event, Step):
                values = {"former_ssin": int(event.former), "next_ssin": int(event.next_), "recorded_at": at}
                connection.execute(self._insert_step, values)
            else:
                connection.execute(self._close_step, {"of_former": int(event), "at": at})
        chains.made.clear()
        chains.undone.clear()

    def write(self, connection: sa.Connection, chains: Chains, now: dt.datetime) -> None:
        """Write what has changed; `now` is later than any earlier change of these numbers."""
        changed = chains.changed()
        if not changed:
            return
        connection.execute(self._upsert, [{**_values(state), "recorded_at": now} for state in changed])
        versions = [
            {
                "ssin": int(state.ssin),
                "recorded_at": now,
                "current_ssin": int(state.current),
                "status": int(state.status),
                "replaced_on": state.replaced_on,
            }
            for state in changed
            if _seen(state) != _seen(chains.before(state.ssin))
        ]
        if versions:
            connection.execute(self._insert_version, versions)

    def _read(
        self, connection: sa.Connection, statement: sa.Select[Any], name: str, values: list[int]
    ) -> list[NumberState]:
        if not values:
            return []
        return [_state(row) for row in connection.execute(statement, {name: array(values, self._dialect)})]


def _seen(state: NumberState) -> tuple[Ssin, NumberStatus, dt.date | None]:
    """Return what reads tell of a number."""
    return state.current, state.status, state.replaced_on


def _values(state: NumberState) -> dict[str, Any]:
    return {
        "ssin": int(state.ssin),
        "current_ssin": int(state.current),
        "status": int(state.status),
        "next_ssin": None if state.next_ is None else int(state.next_),
        "replaced_on": state.replaced_on,
        "deceased": state.deceased,
        "register": state.register,
    }


def _state(row: Any) -> NumberState:
    ssin, current, status, next_, replaced_on, deceased, register = row
    return NumberState(
        ssin=Ssin(ssin),
        current=Ssin(current),
        next_=None if next_ is None else Ssin(next_),
        replaced_on=replaced_on,
        cancelled=status == NumberStatus.CANCELLED,
        deceased=deceased,
        register=register,
    )
