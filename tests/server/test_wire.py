"""Values of the wire are read as they were meant, or refused with their own reason and path."""

import calendar
import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st

from kruispunt.common.v1 import values_pb2
from kruispunt.directory.v1.knowledge_service_pb2 import EntryQuery
from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.knowledge import Labels
from kruispunt_directory.messages import common
from kruispunt_server import wire
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError

DAYS = st.dates(dt.date(1800, 1, 1), dt.date(2999, 12, 31))
INSTANTS = st.datetimes(timezones=st.just(dt.UTC))
INT32 = st.integers(-(2**31), 2**31 - 1)
ID = uuid.UUID("0193f1a2-7c4d-7e55-8a11-0123456789ab")


def refusal(read: Callable[..., Any], *arguments: Any) -> tuple[Reason, str]:
    with pytest.raises(RegistryError) as refused:
        read(*arguments)
    return refused.value.reason, refused.value.field


def date(year: int, month: int = 1, day: int = 1) -> Date:
    return Date(year=year, month=month, day=day)


@given(DAYS)
def test_a_day_goes_there_and_back(day: dt.date) -> None:
    """Every calendar day from 1800 to 2999 survives the wire."""
    message = wire.date_message(day)

    assert (day.year, day.month, day.day) == (message.year, message.month, message.day)
    assert day == wire.parse_day(message, "day")


@given(st.one_of(st.integers(1790, 3010), INT32), st.one_of(st.integers(-1, 14), INT32), st.integers(-1, 33))
def test_what_is_no_day_is_refused(year: int, month: int, day: int) -> None:
    """The calendar module and this one agree on which triples are days; never anything but a refusal."""
    real = 1800 <= year <= 2999 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    message = Date(year=year, month=month, day=day)

    if real:
        assert dt.date(year, month, day) == wire.parse_day(message, "day")
    elif (year, month, day) == (0, 0, 0):
        assert (Reason.FIELD_REQUIRED, "day") == refusal(wire.parse_day, message, "day")
    else:
        assert (Reason.DATE_INVALID, "day") == refusal(wire.parse_day, message, "day")


@pytest.mark.parametrize(
    "incomplete", [Date(year=2020), Date(year=2020, month=5), Date(month=5, day=1), date(2023, 2, 29)]
)
def test_an_incomplete_day_is_refused(incomplete: Date) -> None:
    """Unknown parts are not guessed, and the calendar is kept."""
    assert (Reason.DATE_INVALID, "period.begin") == refusal(wire.parse_day, incomplete, "period.begin")


def test_an_absent_day_is_none_and_an_empty_one_is_refused() -> None:
    """An optional date that is there but says nothing is no absent one."""
    assert wire.parse_optional_day(EntryQuery(), "valid_at", "query") is None
    assert dt.date(2026, 5, 1) == wire.parse_optional_day(EntryQuery(valid_at=date(2026, 5)), "valid_at")
    empty = EntryQuery(valid_at=Date())
    assert (Reason.DATE_INVALID, "query.valid_at") == refusal(
        wire.parse_optional_day, empty, "valid_at", "query"
    )
    assert (Reason.DATE_INVALID, "valid_at") == refusal(wire.parse_optional_day, empty, "valid_at")


@given(DAYS, st.one_of(st.none(), DAYS))
def test_a_period_goes_there_and_back_or_is_inverted(begin: dt.date, end: dt.date | None) -> None:
    """Exactly the periods that begin before they end are read."""
    message = values_pb2.Period(
        begin=wire.date_message(begin), end=None if end is None else wire.date_message(end)
    )

    if end is not None and end <= begin:
        assert (Reason.PERIOD_INVERTED, "p") == refusal(wire.parse_period, message, "p")
    else:
        period = wire.parse_period(message, "p")
        assert (begin, end) == (period.begin, period.end)
        assert message == wire.period_message(period)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (values_pb2.Period(), (Reason.FIELD_REQUIRED, "p.begin")),
        (values_pb2.Period(end=date(2020)), (Reason.FIELD_REQUIRED, "p.begin")),
        (values_pb2.Period(begin=date(1799)), (Reason.DATE_INVALID, "p.begin")),
        (values_pb2.Period(begin=date(2020), end=Date()), (Reason.DATE_INVALID, "p.end")),
        (values_pb2.Period(begin=date(2020), end=date(3000)), (Reason.DATE_INVALID, "p.end")),
        (values_pb2.Period(begin=date(2020), end=date(2020)), (Reason.PERIOD_INVERTED, "p")),
    ],
)
def test_a_malformed_period_is_refused(message: values_pb2.Period, expected: tuple[Reason, str]) -> None:
    """The path leads to the date that is wrong, or to the period if the two do not fit."""
    assert expected == refusal(wire.parse_period, message, "p")


def test_an_open_period_is_read() -> None:
    """No end means still going on."""
    assert Period(dt.date(2020, 1, 1)) == wire.parse_period(values_pb2.Period(begin=date(2020)), "p")


@given(INSTANTS)
def test_an_instant_goes_there_and_back(instant: dt.datetime) -> None:
    """To the microsecond; protobuf's own conversion says the same."""
    message = wire.timestamp_message(instant)

    assert instant == wire.parse_instant(message, "known_at")
    assert instant == message.ToDatetime(tzinfo=dt.UTC)


@given(st.integers(-(2**63), 2**63 - 1), INT32)
def test_what_is_no_instant_is_refused(seconds: int, nanos: int) -> None:
    """Whatever two numbers come, there is an instant or a refusal, nothing else."""
    message = Timestamp(seconds=seconds, nanos=nanos)

    if -62_135_596_800 <= seconds <= 253_402_300_799 and 0 <= nanos <= 999_999_999:
        assert seconds == wire.timestamp_message(wire.parse_instant(message, "t")).seconds
    else:
        assert (Reason.FIELD_INVALID, "t") == refusal(wire.parse_instant, message, "t")


def test_an_instant_in_the_future_is_refused() -> None:
    """Now itself is no future, a microsecond later is."""
    now = dt.datetime(2026, 5, 1, 10, tzinfo=dt.UTC)
    later = wire.timestamp_message(now + dt.timedelta(microseconds=1))

    assert now == wire.parse_instant(wire.timestamp_message(now), "known_at", not_after=now)
    assert (Reason.TIME_IN_FUTURE, "known_at") == refusal(wire.parse_instant, later, "known_at", now)


@pytest.mark.parametrize(
    ("text", "expected", "fault"),
    [
        ("", (Reason.FIELD_REQUIRED, "ssins[2]"), None),
        ("8506130017", (Reason.NUMBER_MALFORMED, "ssins[2]"), "digits"),
        ("85133000105", (Reason.NUMBER_MALFORMED, "ssins[2]"), "month"),
        ("12345678901", (Reason.NUMBER_MALFORMED, "ssins[2]"), "month"),
        ("42012205182", (Reason.NUMBER_MALFORMED, "ssins[2]"), "check"),
    ],
)
def test_a_malformed_number_is_refused(text: str, expected: tuple[Reason, str], fault: str | None) -> None:
    """The refusal says which fault, and never the number."""
    with pytest.raises(RegistryError) as refused:
        wire.parse_ssin(text, "ssins[2]")

    assert expected == (refused.value.reason, refused.value.field)
    assert fault == refused.value.metadata.get("fault")
    assert not text or text not in str(refused.value)


def test_a_number_is_read() -> None:
    """Eleven digits with the right check."""
    assert Ssin(42012205181) == wire.parse_ssin("42012205181", "ssin")


@pytest.mark.parametrize("text", [str(ID), str(ID).upper()])
def test_a_request_id_is_read(text: str) -> None:
    """Capital letters are allowed, as RFC 9562 has it."""
    assert ID == wire.parse_request_id(text)


@pytest.mark.parametrize(
    "text",
    [
        ID.hex,
        f"{{{ID}}}",
        f"urn:uuid:{ID}",
        f"{ID}\n",
        f"{ID}0",
        "0193f1a2-7c4d-7e55-8a11-0123456789ag",
        "\u0660193f1a2-7c4d-7e55-8a11-0123456789ab",
        str(uuid.UUID(int=0)),
    ],
)
def test_what_is_no_request_id_is_refused(text: str) -> None:
    """One form only, and not the nil UUID that a forgetful program sends."""
    assert (Reason.FIELD_INVALID, "request_id") == refusal(wire.parse_request_id, text)


def test_an_absent_request_id_is_required() -> None:
    """An empty text is an absent field."""
    assert (Reason.FIELD_REQUIRED, "request_id") == refusal(wire.parse_request_id, "")


@pytest.mark.parametrize(
    ("sector", "institution", "field"),
    [(-1, 0, "i.sector"), (1000, 0, "i.sector"), (0, -1, "i.institution"), (0, 1000, "i.institution")],
)
def test_an_institution_out_of_range_is_refused(sector: int, institution: int, field: str) -> None:
    """The path leads to the part that is wrong."""
    ref = values_pb2.InstitutionRef(sector=sector, institution=institution)

    assert (Reason.FIELD_INVALID, field) == refusal(wire.parse_institution, ref, "i")


@pytest.mark.parametrize("key", [InstitutionKey(0, 0), InstitutionKey(999, 999), InstitutionKey(17, 102)])
def test_an_institution_goes_there_and_back(key: InstitutionKey) -> None:
    """Zero is a number like any other."""
    assert key == wire.parse_institution(wire.institution_message(key), "i")


def test_codes_are_read_within_their_bounds() -> None:
    """Both bounds belong to the range."""
    assert [0, 99] == [wire.parse_code(value, "phase", 0, 99) for value in (0, 99)]
    assert (Reason.FIELD_INVALID, "phase") == refusal(wire.parse_code, 100, "phase", 0, 99)
    assert (Reason.FIELD_INVALID, "phase") == refusal(wire.parse_code, -1, "phase", 0, 99)


def test_page_sizes_are_lowered_not_refused() -> None:
    """0 means 100, more than 1000 means 1000; negative is a mistake."""
    assert [100, 1, 1000, 1000] == [wire.parse_page_size(value, "n") for value in (0, 1, 1000, 1001)]
    assert (Reason.FIELD_INVALID, "n") == refusal(wire.parse_page_size, -1, "n")


def test_labels_go_there_and_back() -> None:
    """Four languages, and which of them are our own."""
    labels = Labels("a", "b", "c", "d", ("de", "en"))

    assert labels == common.parse_labels(common.labels_message(labels))
