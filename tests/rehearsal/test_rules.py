"""What the rules forgive, call by call: habits that look wrong and are right."""

import datetime as dt
from dataclasses import replace

import pytest

from kruispunt_server.rehearsal.findings import Fault, findings_of
from kruispunt_server.rehearsal.heard import Answered, Heard, Said, Told

NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
LIST, WATCH = "DirectoryService/ListDossiers", "NoticeService/WatchNotices"
REFUSED = Answered("UNAVAILABLE", "STORE_UNAVAILABLE", 1.0)


def call(after_s: float, method: str = LIST, *, answered: Answered = Answered(), **said: object) -> Heard:  # noqa: B008
    """Return a well-formed call some seconds after noon, answered at once."""
    at = NOON + dt.timedelta(seconds=after_s)
    asked = Said(**{"whole": b"whole", "work": b"work", **said})  # type: ignore[arg-type]
    return Heard(method, at, at, False, b"connection", True, b"purpose", asked, answered)


def faults(*calls: Heard, told: tuple[Told, ...] = (), after_s: float = 600) -> list[tuple[Fault, int]]:
    """Return what is found after so many seconds."""
    found = findings_of(calls, told, NOON + dt.timedelta(seconds=after_s))
    return [(one.fault, one.count) for one in found]


TOLD = call(0, answered=Answered(replaced=frozenset({b"old"})), numbers=frozenset({b"old"}))


@pytest.mark.parametrize(
    "later",
    [
        call(1, numbers=frozenset({b"old"})),
        call(60, numbers=frozenset({b"new"})),
        call(60, "IdentityService/ResolveNumbers", numbers=frozenset({b"old"})),
        call(60, "IdentityService/ListPersonVersions", numbers=frozenset({b"old"})),
        call(60, "RegistrationService/SplitNumber", numbers=frozenset({b"old"})),
        call(60, numbers=frozenset({b"old"}), page_token=b"next"),
    ],
)
def test_a_replaced_number_may_be_used(later: Heard) -> None:
    """By a call that was under way, to follow, read and split it, and to read a list on that was begun with it."""
    assert [] == faults(TOLD, later)


def test_a_repetition_may_name_a_replaced_number() -> None:
    """A mutation is sent again as it was, by its name."""
    again = call(60, "DossierService/RegisterDossier", numbers=frozenset({b"old"}), request_id=b"one")
    first = replace(again, came_at=NOON, ended_at=NOON, answered=TOLD.answered)

    assert [] == faults(first, again)
    assert [(Fault.REPLACED_NUMBER_USED, 1)] == faults(
        first, replace(again, said=replace(again.said, request_id=b"two", work=b"other"))
    )


def test_a_position_that_is_lost_may_be_given_up() -> None:
    """After POSITION_TOO_OLD a snapshot is the way back; without, it is none."""
    opened, resumed = call(0, WATCH, start="beginning"), call(9, WATCH, start="resume_token")
    too_old = replace(resumed, answered=Answered("OUT_OF_RANGE", "POSITION_TOO_OLD"))
    snapshot = call(10, WATCH, start="snapshot", whole=b"snapshot")

    assert [] == faults(opened, too_old, snapshot)
    assert [(Fault.WATCH_NOT_RESUMED, 1)] == faults(opened, resumed, snapshot)


def test_what_passes_may_be_repeated_when_its_time_has_come() -> None:
    """Nine tenths of what RetryInfo said are enough: clocks differ."""
    first = call(0, answered=REFUSED)

    assert [] == faults(first, call(0.9), call(2))
    assert [(Fault.RETRY_TOO_EARLY, 1)] == faults(first, call(0.8))


def test_a_mutation_with_an_open_outcome_may_be_repeated_under_its_name_only() -> None:
    """UNAVAILABLE leaves it open; a refusal does not, and neither does a day later."""
    first = call(0, request_id=b"one", answered=Answered("UNAVAILABLE"))
    other = call(9, request_id=b"two", whole=b"again")
    refused = replace(first, answered=Answered("NOT_FOUND", "PERSON_UNKNOWN"))

    assert [(Fault.REQUEST_ID_NOT_KEPT, 1)] == faults(first, other)
    assert [] == faults(refused, other)
    assert [] == faults(first, replace(first, came_at=other.came_at, ended_at=other.ended_at))
    assert [] == faults(first, call(90, request_id=b"two", whole=b"again"))


def test_two_clerks_may_read_the_same_list() -> None:
    """Each from its beginning."""
    page = Answered(next_page=b"next")
    calls = [replace(call(n, query=b"query", answered=page), purpose=b"%d" % n) for n in range(4)]

    assert [] == faults(*calls)
    assert [(Fault.PAGES_FROM_START, 3)] == faults(*(replace(one, purpose=b"same") for one in calls))


def test_notices_may_come_again() -> None:
    """What counts is when they were told first; acknowledged within a minute they are in time."""
    told = (Told(NOON, 1, 3), Told(NOON + dt.timedelta(seconds=300), 2, 3))
    acknowledge = "NoticeService/AcknowledgeNotices"

    assert [] == faults(call(60, acknowledge, up_to_no=3), told=told)
    assert [(Fault.ACKNOWLEDGES_LATE, 3)] == faults(call(61, acknowledge, up_to_no=3), told=told)
    assert [] == faults(told=told, after_s=60)


def test_four_connections_are_a_pool() -> None:
    """The fifth is one too many, if it has done no more than the others."""
    calls = [replace(call(n, whole=b"%d" % n), connection=b"%d" % n) for n in range(5)]

    assert [] == faults(*calls[:4])
    assert [(Fault.CONNECTION_PER_CALL, 5)] == faults(*calls)
    more = (replace(call(n, whole=b"%d" % n), connection=b"0") for n in range(5, 10))
    assert [] == faults(*calls, *more)
