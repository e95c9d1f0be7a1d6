"""Many values in one parameter: an array on PostgreSQL, JSON text on SQLite. One statement for any count."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa


def among(column: sa.ColumnElement[Any], name: str, dialect: str) -> sa.ColumnElement[bool]:
    """Return the condition that `column` is one of the values bound to `name`."""
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(sa.BigInteger)))
    each = sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued("value")
    return column.in_(sa.select(each.c.value))


def array(values: Sequence[int], dialect: str) -> Any:
    """Return `values` as the parameter that `among` expects."""
    return (
        [int(value) for value in values] if dialect == "postgresql" else json.dumps([int(v) for v in values])
    )
