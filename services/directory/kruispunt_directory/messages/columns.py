"""Dossiers column by column, for answers on very many persons."""

import datetime as dt
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_server.wire import EPOCH

OPEN: Final = 2_147_483_647
_FIRST_DAY: Final = dt.date(1970, 1, 1).toordinal()
_MICROSECOND: Final = dt.timedelta(microseconds=1)


def write_columns(message: pb.DossierColumns, persons: Sequence[int], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows, in the order of `DossierRow` as either driver gives them, into an empty message.

    Args:
        message: where to.
        persons: for each row the place of the person in the answer.
        rows: at least one.
    """
    (_, registered, sector, institution, capacity, phase, begin, end, level, source, *rest) = zip(
        *rows, strict=True
    )
    dossier_id, version, recorded_at, confirmed_at = rest
    message.person.extend(persons)
    message.dossier_id.extend(map(_identifier, dossier_id))
    message.registered_ssin.extend(registered)
    message.sector.extend(sector)
    message.institution.extend(institution)
    message.capacity.extend(capacity)
    message.phase.extend(phase)
    message.begin.extend(map(_days, begin))
    message.end.extend([OPEN if day is None else _days(day) for day in end])
    message.network_level.extend(level)
    message.source.extend(source)
    message.record_time.extend(map(_microseconds, recorded_at))
    message.confirm_time.extend(map(_microseconds, confirmed_at))
    message.etag.extend(map(str, version))


@lru_cache(maxsize=16_384)
def _days(day: dt.date | str) -> int:
    if isinstance(day, str):
        day = dt.date.fromisoformat(day)
    return day.toordinal() - _FIRST_DAY


def _identifier(identifier: uuid.UUID | str) -> bytes:
    """Return the bytes of a UUID; SQLite keeps it as 32 hexadecimal digits."""
    return identifier.bytes if isinstance(identifier, uuid.UUID) else bytes.fromhex(identifier)


def _microseconds(instant: dt.datetime | int) -> int:
    return instant if isinstance(instant, int) else (instant - EPOCH) // _MICROSECOND
