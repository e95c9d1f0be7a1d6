"""What became of each row of each import of persons."""

import json
from collections.abc import Mapping
from typing import Any, Final

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.importing import RowOutcome, RowResult
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason
from kruispunt_server.importing import KeptRows

_COLUMNS: Final = ("outcome", "ssin", "reason", "field", "candidates")


class ImportRows(KeptRows[RowResult]):
    """Keeps outcomes.

    Args:
        database: where to.
        tables: of identity.
        reasons: the number by which each reason is kept.
    """

    def __init__(self, database: Database, tables: IdentityTables, reasons: Mapping[Reason, int]) -> None:
        super().__init__(database, tables.registration.import_row, _COLUMNS, reasons)

    def _row(self, result: RowResult) -> tuple[Any, ...]:
        return (
            result.row,
            int(result.outcome),
            None if result.ssin is None else int(result.ssin),
            None if result.reason is None else self._numbers[result.reason],
            result.field or None,
            json.dumps([int(each) for each in result.candidates]) if result.candidates else None,
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
