"""Who may connect: kept in the database, written as a whole from a file, looked up on every call."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.tables import SharedTables

_REMEMBERED = 10_000
_LOCK = -2  # nor the code tables; no person's number


@dataclass(frozen=True, slots=True)
class Registration:
    """One participant as an administrator declares it.

    Attributes:
        participant: who it is and what it may be.
        uris: URI names of its certificates.
        active_from: first day in Brussels; none: always.
        active_until: the day after the last; none: for ever.
    """

    participant: Participant
    uris: tuple[str, ...]
    active_from: dt.date | None = None
    active_until: dt.date | None = None

    def active_on(self, day: dt.date) -> bool:
        """Whether it may connect on that day."""
        return (self.active_from is None or self.active_from <= day) and (
            self.active_until is None or day < self.active_until
        )


@dataclass(slots=True)
class Replacement:
    """What replacing the participants changed: ids, in order."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


class ParticipantStore:
    """Participants in the database."""

    def __init__(self, database: Database, tables: SharedTables) -> None:
        self._database = database
        self._tables = tables
        participant, certificate = tables.participant, tables.certificate
        self._columns = sa.select(
            participant.c.participant_id,
            participant.c.roles,
            participant.c.sector,
            participant.c.institution,
            participant.c.active_from,
            participant.c.active_until,
        )
        # By primary key: certificate.uri, participant.participant_id.
        self._by_uri = self._columns.join(
            certificate, certificate.c.participant_id == participant.c.participant_id
        ).where(certificate.c.uri == sa.bindparam("wanted"))
        self._by_id = self._columns.where(participant.c.participant_id == sa.bindparam("wanted"))

    def find_by_uri(self, uri: str) -> Registration | None:
        """Return the participant whose certificate bears `uri`, active or not, without its list of URIs.

        Raises:
            RegistryError: the database cannot be reached; UNAVAILABLE / STORE_UNAVAILABLE.
        """
        return self._find(self._by_uri, uri)

    def find_by_id(self, participant_id: str) -> Registration | None:
        """Return the participant of that name, active or not, without its list of URIs."""
        return self._find(self._by_id, participant_id)

    def list_all(self) -> list[Registration]:
        """Return every participant with its URIs, by id."""
        with self._database.snapshot() as connection:
            return list(self._read_all(connection).values())

    def replace_all(self, registrations: Iterable[Registration]) -> Replacement:
        """Make the database say exactly what `registrations` say, in one transaction; repeating it changes nothing.

        Raises:
            RegistryError: the database cannot be reached; nothing was changed.
        """
        wanted = {one.participant.participant_id: one for one in registrations}
        outcome = Replacement()
        with self._database.writing() as connection:
            self._database.lock(connection, _LOCK)
            present = self._read_all(connection)
            gone = [name for name in present if name not in wanted]
            differing = [name for name, one in wanted.items() if name in present and present[name] != one]
            self._delete(connection, gone + differing)
            for name, one in wanted.items():
                if present.get(name) != one:
                    self._insert(connection, one)
        outcome.removed = sorted(gone)
        outcome.changed = sorted(differing)
        outcome.added = sorted(wanted.keys() - present.keys())
        outcome.unchanged = sorted(present.keys() - set(gone) - set(differing))
        return outcome

    def _find(self, statement: sa.Select[Any], wanted: str) -> Registration | None:
        with self._database.reading() as connection:
            row = connection.execute(statement, {"wanted": wanted}).one_or_none()
        return None if row is None else _registration(row, ())

    def _read_all(self, connection: sa.Connection) -> dict[str, Registration]:
        certificate = self._tables.certificate
        uris: dict[str, list[str]] = {}
        named = sa.select(certificate.c.participant_id, certificate.c.uri).order_by(certificate.c.uri)
        for participant_id, uri in connection.execute(named):
            uris.setdefault(participant_id, []).append(uri)
        rows = connection.execute(self._columns.order_by(self._tables.participant.c.participant_id))
        return {row.participant_id: _registration(row, uris.get(row.participant_id, ())) for row in rows}

    def _delete(self, connection: sa.Connection, names: list[str]) -> None:
        if not names:
            return
        for table in (self._tables.certificate, self._tables.participant):
            connection.execute(
                sa.delete(table).where(table.c.participant_id == sa.bindparam("name")),
                [{"name": name} for name in names],
            )

    def _insert(self, connection: sa.Connection, one: Registration) -> None:
        institution = one.participant.institution
        row = {
            "participant_id": one.participant.participant_id,
            "roles": ",".join(sorted(one.participant.roles)),
            "sector": institution.sector if institution else None,
            "institution": institution.institution if institution else None,
            "active_from": one.active_from,
            "active_until": one.active_until,
        }
        connection.execute(sa.insert(self._tables.participant), row)
        if one.uris:
            connection.execute(
                sa.insert(self._tables.certificate),
                [{"uri": uri, "participant_id": row["participant_id"]} for uri in one.uris],
            )


class ParticipantCache:
    """Looks participants up, and remembers them for a moment.

    Args:
        store: where they are kept.
        clock: says which day it is: who is not active on it is unknown.
        ttl_s: after which a look-up goes to the store again: a revocation bites within it, on open connections too.
    """

    def __init__(self, store: ParticipantStore, clock: Clock, ttl_s: float = 1.0) -> None:
        self._store = store
        self._clock = clock
        self._ttl_s = ttl_s
        self._known: dict[tuple[str, str], tuple[float, Participant | None]] = {}
        self._asking = threading.Lock()

    def by_uri(self, uri: str) -> Participant | None:
        """Return the active participant whose certificate bears `uri`.

        Raises:
            RegistryError: not remembered and the store cannot be reached; UNAVAILABLE / STORE_UNAVAILABLE.
        """
        known = self._known.get(("uri", uri))
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        return self._ask("uri", uri, self._store.find_by_uri)

    def by_id(self, participant_id: str) -> Participant | None:
        """Return the active participant of that name; errors as of `by_uri`."""
        known = self._known.get(("id", participant_id))
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        return self._ask("id", participant_id, self._store.find_by_id)

    def _ask(self, kind: str, name: str, find: Callable[[str], Registration | None]) -> Participant | None:
        with self._asking:  # one asks, the others wait for its answer
            known = self._known.get((kind, name))
            if known is not None and time.monotonic() < known[0]:
                return known[1]
            found = find(name)
            active = found is not None and found.active_on(self._clock.today())
            participant = found.participant if found is not None and active else None
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[kind, name] = time.monotonic() + self._ttl_s, participant
            return participant


def _registration(row: Any, uris: Iterable[str]) -> Registration:
    institution = None if row.sector is None else InstitutionKey(row.sector, row.institution)
    roles = frozenset(Role(role) for role in row.roles.split(",") if role)
    return Registration(
        Participant(row.participant_id, roles, institution), tuple(uris), row.active_from, row.active_until
    )
