"""The database itself keeps every history from being rewritten."""

import pytest
import sqlalchemy as sa

from kruispunt_directory.code_tables import load_code_tables
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.clock import SystemClock
from kruispunt_server.database import Database

HISTORIES = [
    "knowledge_revision",
    "sector",
    "institution",
    "capacity",
    "data_set",
    "deliberation",
    "availability",
    "authorisation",
]


@pytest.mark.parametrize("change", ["DELETE FROM {0}", "UPDATE {0} SET recorded_at = recorded_at"])
def test_revisions_cannot_be_rewritten(
    database: Database, directory_tables: DirectoryTables, change: str
) -> None:
    """No revision of any code table is changed or deleted, by whatever hand."""
    load_into(database, directory_tables, SystemClock(), load_code_tables())
    for history in HISTORIES:
        with (
            pytest.raises(sa.exc.IntegrityError, match=f"{history} is append-only"),
            database.writing() as transaction,
        ):
            transaction.execute(sa.text(change.format(history)))
