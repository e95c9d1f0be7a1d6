"""What imports have in common: one stream of requests, and what became of each row, which makes it resumable."""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import sqlalchemy as sa

from kruispunt_server.bulk import bulk_insert_columns
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import parse_request_id

ResultT = TypeVar("ResultT")

_MOST_ROWS: Final = 10**12
_OF_PARTICIPANTS: Final = uuid.UUID("5f0c9a52-7f5e-5c0c-8d53-6b7275697371")


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
    def kept_as(self) -> uuid.UUID:
        """Names it among the imports of all participants."""
        ...

    @property
    def validate_only(self) -> bool:
        """Whether nothing stays."""
        ...


@dataclass(slots=True)
class ImportStream:
    """How far one stream of an import has come.

    Attributes:
        import_id: names the import, as the caller does.
        kept_as: names it among the imports of all participants.
        validate_only: check only; nothing stays.
        next_row: number of the row that must come next.
    """

    import_id: uuid.UUID
    kept_as: uuid.UUID
    validate_only: bool
    next_row: int

    def advance(self, count: int) -> int:
        """Note that so many rows came; returns the number of the first of them."""
        first = self.next_row
        self.next_row += count
        return first


def continued(
    stream: ImportStream | None, request: ImportRequest, most: int, participant_id: str
) -> ImportStream:
    """Return the stream with its next request.

    An import is its participant's: two who choose the same import_id, such as for files of the same content, have two
    imports, and neither learns of the other's.

    Args:
        stream: as it was; none before the first request.
        request: the next one.
        most: rows a request at most.
        participant_id: who imports.

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
        kept_as = uuid.uuid5(_OF_PARTICIPANTS, f"{participant_id} {import_id}")
        return ImportStream(import_id, kept_as, request.validate_only, request.first_row)
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


class KeptRows(ABC, Generic[ResultT]):
    """What became of each row of each import, in a table of the service.

    Args:
        database: where to.
        table: led by `import_id`, `row_number`.
        columns: what is kept of a row besides the first two.
        reasons: the number by which each reason is kept.
    """

    def __init__(
        self, database: Database, table: sa.Table, columns: Sequence[str], reasons: Mapping[Reason, int]
    ) -> None:
        self._database = database
        self._table = table
        self._numbers = reasons
        self._reasons = {number: reason for reason, number in reasons.items()}
        self._columns = ("import_id", "row_number", *columns)
        of_import = table.c.import_id == sa.bindparam("of_import")
        # Primary key, both.
        self._last = sa.select(sa.func.max(table.c.row_number)).where(of_import)
        self._kept = sa.select(table.c.row_number, *(table.c[name] for name in columns)).where(
            of_import, table.c.row_number.between(sa.bindparam("first"), sa.bindparam("last"))
        )

    def begin(self, connection: sa.Connection, job: ImportJob, first: int) -> None:
        """Let no other stream of the import run beside this transaction, and check that it may go on from `first`.

        Raises:
            RegistryError: rows before the first are missing, INVALID_ARGUMENT / FIELD_INVALID.
        """
        import_id = job.kept_as
        self._database.lock(connection, _lock_of(import_id))
        last: int = connection.scalar(self._last, {"of_import": import_id}) or 0
        if not job.validate_only and first > last + 1:
            raise RegistryError(Reason.FIELD_INVALID, "rows before this one are missing", field="first_row")

    def recorded(
        self, connection: sa.Connection, import_id: uuid.UUID, first: int, last: int
    ) -> dict[int, ResultT]:
        """Return what became of rows `first` to `last`, as it is answered to who sends them again."""
        parameters = {"of_import": import_id, "first": first, "last": last}
        return {row[0]: self._result(*row) for row in connection.execute(self._kept, parameters)}

    def keep(self, connection: sa.Connection, import_id: uuid.UUID, results: Sequence[ResultT]) -> None:
        """Write down what became of rows, at the driver's speed."""
        if results:
            rows = map(self._row, results)
            columns = [[import_id] * len(results), *zip(*rows, strict=True)]
            bulk_insert_columns(connection, self._table, dict(zip(self._columns, columns, strict=True)))

    @abstractmethod
    def _row(self, result: ResultT) -> tuple[Any, ...]:
        """Return the row number and the columns of what became of a row."""

    @abstractmethod
    def _result(self, row: int, *kept: Any) -> ResultT:
        """Return what became of a row, of its number and the columns."""


def _lock_of(import_id: uuid.UUID) -> int:
    """Return what two streams of one import meet on: a signed 64-bit number."""
    folded = (import_id.int >> 64) ^ (import_id.int & (1 << 64) - 1)
    return folded - (1 << 63)
