"""How moments are stored: UTC and zone-aware in Python, on SQLite whole microseconds since 1970, which compare as they follow."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """A moment: zone-aware UTC `datetime` here, `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Choose the column type."""
        return dialect.type_descriptor(sa.BigInteger() if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> Any:
        """Store; refuses a datetime without zone, which would mean another moment on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant has a time zone")
        return (value - _EPOCH) // _MICROSECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> dt.datetime | None:
        """Load, in UTC."""
        if value is None:
            return None
        loaded: dt.datetime = _EPOCH + value * _MICROSECOND if dialect.name == "sqlite" else value
        return loaded.astimezone(dt.UTC)
