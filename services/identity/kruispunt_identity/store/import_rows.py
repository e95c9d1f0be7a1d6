"""What became of each row of each import of persons."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.importing import RowOutcome, RowResult
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason
from kruispunt_server.importing import KeptRows

_COLUMNS: Final = ("outcome", "ssin", "reason", "field", "candidates")


class ImportRows(KeptRows):
    """Keeps outcomes.

    Args:
        database: where to.
        tables: of identity.
        reasons: the number by which each reason is kept.
    """

    def __init__(self, database: Database, tables: IdentityTables, reasons: Mapping[Reason, int]) -> None:
        super().__init__(database, tables.registration.import_row, _COLUMNS)
        self._numbers = reasons
        self._reasons = {number: reason for reason, number in reasons.items()}

    def recorded(
        self, connection: sa.Connection, import_id: uuid.UUID, first: int, last: int
    ) -> dict[int, RowResult]:
        """Return what became of rows `first` to `last`, as it is answered to who sends them again."""
        return {row[0]: self._result(*row) for row in self.find(connection, import_id, first, last)}

    def keep(self, connection: sa.Connection, import_id: uuid.UUID, results: Sequence[RowResult]) -> None:
        """Write down what became of rows, at the driver's speed."""
        rows = [
            (
                result.row,
                int(result.outcome),
                None if result.ssin is None else int(result.ssin),
                None if result.reason is None else self._numbers[result.reason],
                result.field or None,
                json.dumps([int(each) for each in result.candidates]) if result.candidates else None,
            )
            for result in results
        ]
        self.add(connection, import_id, rows)

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
