"""Values that every part of the contract shares: protobuf to domain and back.

`parse_*` reads a value of a request; `field` is its path there and stands in the refusal. `*_message` builds one.
They lie on the hot path: no reflection, no path is put together before something is wrong.
"""

import datetime as dt
import hashlib
import re
import uuid
from functools import lru_cache
from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from kruispunt.common.v1 import values_pb2
from kruispunt.common.v1.error_reason_pb2 import ErrorReason
from kruispunt.period import EARLIEST, LATEST, Period
from kruispunt.ssin import Ssin, SsinError
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.write_keys import WriteKey

REASON_NUMBERS: Final = {reason: ErrorReason.Value(f"ERROR_REASON_{reason.label}") for reason in Reason}
"""The numbers of the reasons in the contract, by which outcomes of imports are kept."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PAGE_SIZE_DEFAULT, _PAGE_SIZE_MOST = 100, 1000


def parse_ssin(text: str, field: str) -> Ssin:
    """Read a social security number.

    Raises:
        RegistryError: empty, INVALID_ARGUMENT / FIELD_REQUIRED; no such number, INVALID_ARGUMENT /
            NUMBER_MALFORMED with `fault` in the metadata.
    """
    if not text:
        raise RegistryError(Reason.FIELD_REQUIRED, "a social security number is required", field=field)
    try:
        return Ssin.parse(text)
    except SsinError as error:
        raise RegistryError(
            Reason.NUMBER_MALFORMED,
            "the text is no social security number",
            field=field,
            metadata={"fault": error.fault.value},
        ) from None


def parse_day(date: Date, field: str) -> dt.date:
    """Read a mandatory whole date, 1800-01-01 to 2999-12-31.

    Raises:
        RegistryError: absent or wholly unknown, INVALID_ARGUMENT / FIELD_REQUIRED; incomplete, no calendar day
            or out of range, INVALID_ARGUMENT / DATE_INVALID.
    """
    year, month, day = date.year, date.month, date.day
    if not (year or month or day):
        raise RegistryError(Reason.FIELD_REQUIRED, "a date is required", field=field)
    return _day(year, month, day, field)


def parse_optional_day(holder: Message, name: str, path: str = "") -> dt.date | None:
    """Read the date field `name` of `holder`, which lies at `path`; none if it is absent.

    A date that is there but empty is no absent one: it is refused rather than taken for an open end.

    Raises:
        RegistryError: there and not whole, no calendar day or out of range; INVALID_ARGUMENT / DATE_INVALID.
    """
    if not holder.HasField(name):
        return None
    date: Date = getattr(holder, name)
    return _day(date.year, date.month, date.day, f"{path}.{name}" if path else name)


def parse_period(period: values_pb2.Period, field: str) -> Period:
    """Read a mandatory period.

    Raises:
        RegistryError: no begin, INVALID_ARGUMENT / FIELD_REQUIRED; a date as in `parse_day`; begin not before
            end, INVALID_ARGUMENT / PERIOD_INVERTED.
    """
    begin = parse_day(period.begin, f"{field}.begin")
    end = parse_optional_day(period, "end", field)
    if end is not None and begin >= end:
        raise RegistryError(Reason.PERIOD_INVERTED, "the period does not begin before it ends", field=field)
    return Period(begin, end)


def parse_instant(timestamp: Timestamp, field: str, not_after: dt.datetime | None = None) -> dt.datetime:
    """Read an instant, to the microsecond (the rest is cut off), in UTC.

    Args:
        timestamp: present; whether it is must be asked before.
        field: its path.
        not_after: the latest instant that makes sense, usually now.

    Raises:
        RegistryError: no timestamp between the years 1 and 9999, INVALID_ARGUMENT / FIELD_INVALID; later than
            `not_after`, INVALID_ARGUMENT / TIME_IN_FUTURE.
    """
    seconds, nanos = timestamp.seconds, timestamp.nanos
    try:
        instant = EPOCH + dt.timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError:
        instant = None
    if instant is None or not 0 <= nanos < 1_000_000_000:
        raise RegistryError(Reason.FIELD_INVALID, "the timestamp is out of range", field=field)
    if not_after is not None and instant > not_after:
        raise RegistryError(Reason.TIME_IN_FUTURE, "the instant lies in the future", field=field)
    return instant


def parse_institution(ref: values_pb2.InstitutionRef, field: str) -> InstitutionKey:
    """Read which institution is meant; whether the message is there at all must be asked before.

    Raises:
        RegistryError: sector or institution outside 0 to 999; INVALID_ARGUMENT / FIELD_INVALID.
    """
    sector, institution = ref.sector, ref.institution
    if not 0 <= sector <= 999:
        raise _out_of_range(f"{field}.sector", 0, 999)
    if not 0 <= institution <= 999:
        raise _out_of_range(f"{field}.institution", 0, 999)
    return InstitutionKey(sector, institution)


def parse_request_id(text: str, field: str = "request_id") -> uuid.UUID:
    """Read a UUID in its usual form: 32 hexadecimal digits in five groups.

    The nil UUID is refused: it is what a program sends that forgot to make one.

    Raises:
        RegistryError: empty, INVALID_ARGUMENT / FIELD_REQUIRED; no UUID, INVALID_ARGUMENT / FIELD_INVALID.
    """
    if not text:
        raise RegistryError(Reason.FIELD_REQUIRED, "a request identifier is required", field=field)
    if UUID_FORM.fullmatch(text) is not None:
        request_id = uuid.UUID(text)
        if request_id.int:
            return request_id
    raise RegistryError(Reason.FIELD_INVALID, "the request identifier is no UUID", field=field)


def parse_code(value: int, field: str, low: int, high: int) -> int:
    """Read a number from `low` to `high`, both included.

    Raises:
        RegistryError: out of range; INVALID_ARGUMENT / FIELD_INVALID.
    """
    if low <= value <= high:
        return value
    raise _out_of_range(field, low, high)


def parse_write_key(request: Any) -> WriteKey:
    """Return what makes a mutation repeatable: its id, and a digest of everything it says.

    Raises:
        RegistryError: `request_id` absent or no UUID; INVALID_ARGUMENT.
    """
    request_id = parse_request_id(request.request_id)
    body: Message = request
    if request.validate_only:  # a rehearsal says the same as what it rehearses
        body = type(request)()
        body.CopyFrom(request)
        body.ClearField("validate_only")
    said = body.DESCRIPTOR.full_name.encode() + b"\0" + body.SerializeToString(deterministic=True)
    return WriteKey(request_id, hashlib.sha256(said).digest(), bool(request.validate_only))


def parse_page_size(value: int, field: str) -> int:
    """Read how many rows a page holds: 0 means 100, more than 1000 means 1000.

    Raises:
        RegistryError: negative; INVALID_ARGUMENT / FIELD_INVALID.
    """
    if value < 0:
        raise RegistryError(Reason.FIELD_INVALID, "a page size is not negative", field=field)
    return min(value or _PAGE_SIZE_DEFAULT, _PAGE_SIZE_MOST)


@lru_cache(maxsize=16_384)
def date_message(day: dt.date) -> Date:
    """Build a date. Shared between answers, not to be changed; putting it into a message copies it."""
    return Date(year=day.year, month=day.month, day=day.day)


def period_message(period: Period) -> values_pb2.Period:
    """Build a period; no end if it is open."""
    if period.end is None:
        return values_pb2.Period(begin=date_message(period.begin))
    return values_pb2.Period(begin=date_message(period.begin), end=date_message(period.end))


def timestamp_message(instant: dt.datetime) -> Timestamp:
    """Build a timestamp from a zone-aware instant."""
    since = instant - EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1000)


def institution_message(key: InstitutionKey) -> values_pb2.InstitutionRef:
    """Build which institution is meant."""
    return values_pb2.InstitutionRef(sector=key.sector, institution=key.institution)


def _day(year: int, month: int, day: int, field: str) -> dt.date:
    try:
        read = dt.date(year, month, day)
    except ValueError:
        read = None
    if read is None or not EARLIEST <= read <= LATEST:
        raise RegistryError(Reason.DATE_INVALID, "the date is no whole day from 1800 to 2999", field=field)
    return read


def _out_of_range(field: str, low: int, high: int) -> RegistryError:
    return RegistryError(Reason.FIELD_INVALID, f"the value lies outside {low} to {high}", field=field)
