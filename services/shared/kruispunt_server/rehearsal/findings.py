"""What is wrong with a client's habits, read off its calls. Every rule is a function of what was heard."""

import datetime as dt
import enum
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kruispunt_server.rehearsal.heard import Digest, Heard, Told

MINUTE: Final = dt.timedelta(minutes=1)
_UNDER_WAY: Final = dt.timedelta(seconds=1)  # calls that were sent before an answer could be heeded
_SLACK: Final = 0.9  # of RetryInfo: clocks differ
# What a replaced number is for: it is followed, its history read, its replacement undone.
_FOLLOWING: Final = frozenset(
    {
        "IdentityService/ResolveNumbers",
        "IdentityService/ListPersonVersions",
        "RegistrationService/SplitNumber",
    }
)
_UNSURE: Final = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN", "INTERNAL"})
_FINAL: Final = frozenset(
    {
        *("INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "UNAUTHENTICATED"),
        *("FAILED_PRECONDITION", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    }
)
_MANY_CALLS, _MANY_PERSONS, _MANY_CONNECTIONS = 20, 5, 5


class Fault(enum.Enum):
    """What a client does wrong; the values are those of the contract, which explains them."""

    NO_DEADLINE = 1
    NO_PURPOSE = 2
    SAME_PURPOSE = 3
    NO_REQUEST_ID = 4
    REQUEST_ID_REUSED = 5
    REQUEST_ID_NOT_KEPT = 6
    REPLACED_NUMBER_USED = 7
    PAGES_FROM_START = 8
    RETRY_TOO_EARLY = 9
    RETRY_WITHOUT_HOPE = 10
    CONNECTION_PER_CALL = 11
    WATCH_NOT_RESUMED = 12
    ACKNOWLEDGES_LATE = 13


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault at a method, how often, and when it was seen first and last."""

    fault: Fault
    method: str
    count: int
    first_at: dt.datetime
    last_at: dt.datetime


Calls = Sequence[Heard]


def findings_of(calls: Calls, told: Sequence[Told], now: dt.datetime) -> list[Finding]:
    """Return what is wrong, by fault and method.

    Args:
        calls: in the order in which they came in.
        told: notices that went out, in their order.
        now: until when.
    """
    found = []
    for fault, rule in RULES.items():
        by_method: dict[str, list[dt.datetime]] = defaultdict(list)
        for call in rule(calls):
            by_method[call.method].append(call.came_at)
        found += [
            Finding(fault, method, len(at), min(at), max(at)) for method, at in sorted(by_method.items())
        ]
    return [*found, *_acknowledges_late(calls, told, now)]


def _no_deadline(calls: Calls) -> Iterator[Heard]:
    return (call for call in calls if not call.streams and not call.states_deadline)


def _refused_for(reason: str) -> Callable[[Calls], Iterator[Heard]]:
    return lambda calls: (call for call in calls if call.answered.reason == reason)


def _no_request_id(calls: Calls) -> Iterator[Heard]:
    return (call for call in calls if call.said.request_id == b"")


def _same_purpose(calls: Calls) -> Iterator[Heard]:
    stated = [call for call in calls if call.purpose]
    persons = {number for call in stated for number in call.said.numbers}
    one = len({call.purpose for call in stated}) == 1
    return iter(stated if one and len(stated) >= _MANY_CALLS and len(persons) >= _MANY_PERSONS else [])


def _request_id_not_kept(calls: Calls) -> Iterator[Heard]:
    """Yield mutations that say what one said whose outcome the caller cannot know, under another name."""
    unsure: dict[Digest, Heard] = {}
    for call in calls:
        if not call.said.request_id:
            continue
        before = unsure.pop(call.said.work, None)
        if before is not None and before.said.request_id != call.said.request_id and _soon(before, call):
            yield call
        if call.answered.status in _UNSURE or call.answered.reason == "CONCURRENT_CHANGE":
            unsure[call.said.work] = call


def _replaced_number_used(calls: Calls) -> Iterator[Heard]:
    told: dict[Digest, dt.datetime] = {}
    attempts: set[Digest] = set()
    for call in calls:
        again = call.said.request_id and call.said.request_id in attempts
        known = [told[number] for number in call.said.numbers if number in told]
        heeded = any(call.came_at > at + _UNDER_WAY for at in known)
        if heeded and not again and call.method not in _FOLLOWING and not call.said.page_token:
            yield call
        if call.said.request_id:
            attempts.add(call.said.request_id)
        for number in call.answered.replaced:
            told.setdefault(number, call.ended_at)


def _pages_from_start(calls: Calls) -> Iterator[Heard]:
    """Yield beginnings of a list that was left unfinished; one for each list is forgiven: a program may be restarted."""
    waiting: dict[tuple[Digest, Digest], Digest] = {}
    begun_again: dict[tuple[Digest, Digest], list[Heard]] = defaultdict(list)
    for call in calls:
        if not call.said.query or call.answered.status != "OK":
            continue
        reading = call.said.query, call.purpose
        if not call.said.page_token and waiting.get(reading):
            begun_again[reading].append(call)
        waiting[reading] = call.answered.next_page
    for again in begun_again.values():
        yield from again if len(again) > 1 else ()


def _retry_too_early(calls: Calls) -> Iterator[Heard]:
    for before, call in _repetitions(calls):
        wait_s = before.answered.retry_after_s
        if wait_s and call.came_at < before.ended_at + dt.timedelta(seconds=wait_s * _SLACK):
            yield call


def _retry_without_hope(calls: Calls) -> Iterator[Heard]:
    """Yield repetitions of what was refused for good; the first is forgiven: a person may ask again."""
    repeated: dict[tuple[str, Digest], list[Heard]] = defaultdict(list)
    for before, call in _repetitions(calls):
        final = before.answered.status in _FINAL and before.answered.retry_after_s is None
        if final and call.answered.reason == before.answered.reason and _soon(before, call):
            repeated[call.method, call.said.whole].append(call)
    for again in repeated.values():
        yield from again if len(again) > 1 else ()


def _connection_per_call(calls: Calls) -> Iterator[Heard]:
    """Yield the first call of each connection, if more than half of the calls are one."""
    first = list({call.connection: call for call in reversed(calls)}.values())
    return iter(first if len(first) >= _MANY_CONNECTIONS and 2 * len(first) > len(calls) else [])


def _watch_not_resumed(calls: Calls) -> Iterator[Heard]:
    """Yield watches that were not the first of their kind, and begin elsewhere than where one was.

    After a position that is no longer kept another beginning is the way back.
    """
    opened: set[str] = set()
    for call in calls:
        if not call.said.start:
            continue
        if call.answered.status == "OK":
            if call.method in opened and call.said.start not in ("resume_token", "unacknowledged"):
                yield call
            opened.add(call.method)
        elif call.answered.reason == "POSITION_TOO_OLD":
            opened.discard(call.method)


def _acknowledges_late(calls: Calls, told: Sequence[Told], now: dt.datetime) -> Iterator[Finding]:
    acknowledged = [
        (call.came_at, call.said.up_to_no)
        for call in calls
        if call.said.up_to_no and call.answered.status == "OK"
    ]
    first_told: dict[int, dt.datetime] = {}
    for batch in told:
        for number in range(batch.first_no, batch.last_no + 1):
            first_told.setdefault(number, batch.at)
    late = [
        at
        for number, at in first_told.items()
        if next((then for then, up_to in acknowledged if up_to >= number), now) > at + MINUTE
    ]
    if late:
        method = "NoticeService/AcknowledgeNotices"
        yield Finding(Fault.ACKNOWLEDGES_LATE, method, len(late), min(late), max(late))


def _repetitions(calls: Calls) -> Iterator[tuple[Heard, Heard]]:
    """Yield calls that say exactly what a call of the same method said before, after that one had ended."""
    latest: dict[tuple[str, Digest, Digest], Heard] = {}
    for call in calls:
        key = (call.method, call.said.whole, call.purpose)
        before = latest.get(key)
        if call.said.whole and before is not None and before.ended_at <= call.came_at:
            yield before, call
        latest[key] = call


def _soon(before: Heard, call: Heard) -> bool:
    return before.ended_at <= call.came_at <= before.ended_at + MINUTE


RULES: Final[dict[Fault, Callable[[Calls], Iterable[Heard]]]] = {
    Fault.NO_DEADLINE: _no_deadline,
    Fault.NO_PURPOSE: _refused_for("PURPOSE_REQUIRED"),
    Fault.SAME_PURPOSE: _same_purpose,
    Fault.NO_REQUEST_ID: _no_request_id,
    Fault.REQUEST_ID_REUSED: _refused_for("REQUEST_ID_REUSED"),
    Fault.REQUEST_ID_NOT_KEPT: _request_id_not_kept,
    Fault.REPLACED_NUMBER_USED: _replaced_number_used,
    Fault.PAGES_FROM_START: _pages_from_start,
    Fault.RETRY_TOO_EARLY: _retry_too_early,
    Fault.RETRY_WITHOUT_HOPE: _retry_without_hope,
    Fault.CONNECTION_PER_CALL: _connection_per_call,
    Fault.WATCH_NOT_RESUMED: _watch_not_resumed,
}
"""Yields the calls at which a fault shows; late acknowledgements are told by notices instead."""
