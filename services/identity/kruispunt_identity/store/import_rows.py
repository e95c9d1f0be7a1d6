"""What became of each row of each import: that is what makes an import resumable.

Row 0 is no row of the import: it says, in `field`, which participant the import is of.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.importing import RowOutcome, RowResult
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.bulk import bulk_insert_columns
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

_OWNER: Final = 0
_COLUMNS: Final = ("import_id", "row_number", "outcome", "ssin", "reason", "field", "candidates")


class ImportRows:
    """Keeps outcomes.

    Args:
        database: where to.
        tables: of identity.
        reasons: the number by which each reason is kept.
    """

    def __init__(self, database: Database, tables: IdentityTables, reasons: Mapping[Reason, int]) -> None:
        self._table = table = tables.registration.import_row
        self._numbers = reasons
        self._reasons = {number: reason for reason, number in reasons.items()}
        insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert
        self._claim = insert(table).on_conflict_do_nothing()
        of_import = table.c.import_id == sa.bindparam("of_import")
        # Primary key, all three.
        self._owner = sa.select(table.c.field).where(of_import, table.c.row_number == _OWNER)
        self._last = sa.select(sa.func.max(table.c.row_number)).where(of_import)
        self._recorded = sa.select(
            table.c.row_number,
            table.c.outcome,
            table.c.ssin,
            table.c.reason,
            table.c.field,
            table.c.candidates,
        ).where(of_import, table.c.row_number.between(sa.bindparam("first"), sa.bindparam("last")))

    def claim(self, connection: sa.Connection, import_id: uuid.UUID, participant_id: str) -> None:
        """Say whose import it is; waits for another transaction that begins the same one.

        Raises:
            RegistryError: it is another participant's; INVALID_ARGUMENT / REQUEST_ID_REUSED.
        """
        connection.execute(
            self._claim,
            {"import_id": import_id, "row_number": _OWNER, "outcome": _OWNER, "field": participant_id},
        )
        if connection.scalar(self._owner, {"of_import": import_id}) != participant_id:
            raise RegistryError(
                Reason.REQUEST_ID_REUSED, "this import_id is another participant's", field="import_id"
            )

    def last(self, connection: sa.Connection, import_id: uuid.UUID) -> int:
        """Return the highest row of which an outcome is kept; 0 if none is."""
        return connection.scalar(self._last, {"of_import": import_id}) or 0

    def recorded(
        self, connection: sa.Connection, import_id: uuid.UUID, first: int, last: int
    ) -> dict[int, RowResult]:
        """Return what became of rows `first` to `last`, as it is answered to who sends them again."""
        parameters = {"of_import": import_id, "first": max(first, _OWNER + 1), "last": last}
        return {row[0]: self._result(*row) for row in connection.execute(self._recorded, parameters)}

    def keep(self, connection: sa.Connection, import_id: uuid.UUID, results: Sequence[RowResult]) -> None:
        """Write down what became of rows, at the driver's speed."""
        if not results:
            return
        rows = [
            (
                import_id,
                result.row,
                int(result.outcome),
                None if result.ssin is None else int(result.ssin),
                None if result.reason is None else self._numbers[result.reason],
                result.field or None,
                json.dumps([int(each) for each in result.candidates]) if result.candidates else None,
            )
            for result in results
        ]
        bulk_insert_columns(
            connection, self._table, dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True))
        )

    def _result(self, row: int, outcome: int, ssin: int | None, *rest: Any) -> RowResult:
        reason, field, candidates = rest
        kept = RowOutcome(outcome)
        return RowResult(
            row,
            RowOutcome.REPEATED if kept is RowOutcome.IMPORTED else kept,
            None if ssin is None else Ssin(ssin),
            None if reason is None else self._reasons[reason],
            field or "",
            tuple(Ssin(each) for each in json.loads(candidates)) if candidates else (),
        )
