"""What imports have in common: one stream of requests, and what became of each row, which makes it resumable."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt_server.bulk import bulk_insert_columns
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import parse_request_id

_MOST_ROWS: Final = 10**12
_OWNER: Final = 0


class ImportRequest(Protocol):
    """What every request of an import says."""

    import_id: str
    validate_only: bool
    first_row: int

    @property
    def rows(self) -> Sequence[Any]:
        """The rows."""
        ...


class ImportJob(Protocol):
    """Which import it is, and whether it is a dry run."""

    @property
    def import_id(self) -> uuid.UUID:
        """Names the import."""
        ...

    @property
    def validate_only(self) -> bool:
        """Whether nothing stays."""
        ...


@dataclass(slots=True)
class ImportStream:
    """How far one stream of an import has come.

    Attributes:
        import_id: names the import.
        validate_only: check only; nothing stays.
        next_row: number of the row that must come next.
    """

    import_id: uuid.UUID
    validate_only: bool
    next_row: int

    def advance(self, count: int) -> int:
        """Note that so many rows came; returns the number of the first of them."""
        first = self.next_row
        self.next_row += count
        return first


def continued(stream: ImportStream | None, request: ImportRequest, most: int) -> ImportStream:
    """Return the stream with its next request.

    Args:
        stream: as it was; none before the first request.
        request: the next one.
        most: rows a request at most.

    Raises:
        RegistryError: a request that does not go on where the one before ended, or is of another import;
            INVALID_ARGUMENT / FIELD_INVALID. Too many rows; RESOURCE_EXHAUSTED / TOO_MANY_ELEMENTS.
    """
    if len(request.rows) > most:
        raise RegistryError(
            Reason.TOO_MANY_ELEMENTS,
            "too many rows in one message",
            field="rows",
            metadata={"limit": str(most)},
        )
    import_id = parse_request_id(request.import_id, "import_id")
    if not 1 <= request.first_row <= _MOST_ROWS:
        raise RegistryError(Reason.FIELD_INVALID, "rows are numbered from 1 on", field="first_row")
    if stream is None:
        return ImportStream(import_id, request.validate_only, request.first_row)
    if import_id != stream.import_id:
        raise RegistryError(Reason.FIELD_INVALID, "one stream is one import", field="import_id")
    if request.validate_only != stream.validate_only:
        raise RegistryError(
            Reason.FIELD_INVALID,
            "a stream is a dry run or none, from its first message on",
            field="validate_only",
        )
    if request.first_row != stream.next_row:
        raise RegistryError(Reason.FIELD_INVALID, "the rows do not follow those before", field="first_row")
    return stream


class KeptRows:
    """What became of each row of each import, in a table of the service.

    Row 0 is no row of the import: it says, in `field`, which participant the import is of.

    Args:
        database: where to.
        table: led by `import_id`, `row_number`, `outcome`; has a `field`.
        columns: what is kept of a row besides the first two.
    """

    def __init__(self, database: Database, table: sa.Table, columns: Sequence[str]) -> None:
        self._database = database
        self._table = table
        self._columns = ("import_id", "row_number", *columns)
        insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert
        self._claim = insert(table).on_conflict_do_nothing()
        of_import = table.c.import_id == sa.bindparam("of_import")
        # Primary key, all three.
        self._owner = sa.select(table.c.field).where(of_import, table.c.row_number == _OWNER)
        self._last = sa.select(sa.func.max(table.c.row_number)).where(of_import)
        self._kept = sa.select(table.c.row_number, *(table.c[name] for name in columns)).where(
            of_import, table.c.row_number.between(sa.bindparam("first"), sa.bindparam("last"))
        )

    def begin(self, connection: sa.Connection, job: ImportJob, participant_id: str, first: int) -> None:
        """Let no other stream of the import run beside this transaction, and check that it may go on from `first`.

        Raises:
            RegistryError: it is another participant's, INVALID_ARGUMENT / REQUEST_ID_REUSED; rows before the first are
                missing, INVALID_ARGUMENT / FIELD_INVALID.
        """
        import_id = job.import_id
        self._database.lock(connection, _lock_of(import_id))
        connection.execute(
            self._claim,
            {"import_id": import_id, "row_number": _OWNER, "outcome": _OWNER, "field": participant_id},
        )
        if connection.scalar(self._owner, {"of_import": import_id}) != participant_id:
            raise RegistryError(
                Reason.REQUEST_ID_REUSED, "this import_id is another participant's", field="import_id"
            )
        last: int = connection.scalar(self._last, {"of_import": import_id}) or 0
        if not job.validate_only and first > last + 1:
            raise RegistryError(Reason.FIELD_INVALID, "rows before this one are missing", field="first_row")

    def find(self, connection: sa.Connection, import_id: uuid.UUID, first: int, last: int) -> Sequence[Any]:
        """Return what is kept of rows `first` to `last`: row number, and the columns."""
        parameters = {"of_import": import_id, "first": max(first, _OWNER + 1), "last": last}
        return connection.execute(self._kept, parameters).all()

    def add(self, connection: sa.Connection, import_id: uuid.UUID, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write down what became of rows, each a row number and the columns, at the driver's speed."""
        if rows:
            columns = [[import_id] * len(rows), *zip(*rows, strict=True)]
            bulk_insert_columns(connection, self._table, dict(zip(self._columns, columns, strict=True)))


def _lock_of(import_id: uuid.UUID) -> int:
    """Return what two streams of one import meet on: a signed 64-bit number."""
    folded = (import_id.int >> 64) ^ (import_id.int & (1 << 64) - 1)
    return folded - (1 << 63)
