"""Which tables hold rows that are each one person's: those can be spread over partitions, see `partitioning`."""

from typing import Final

import sqlalchemy as sa

_OWNER: Final = "owned_by"


def owned_by(column: str) -> dict[str, str]:
    """Return the `info` of a table whose rows are each one person's, whose number stands in `column`."""
    return {_OWNER: column}


def owned(metadata: sa.MetaData) -> dict[str, str]:
    """Return the tables whose rows are persons', with the column of the person's number."""
    return {
        table.name: table.info[_OWNER]
        for table in metadata.sorted_tables
        if table.info.get(_OWNER) is not None
    }
