"""Waiting for the database holds no thread for long when nobody comes out of it."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.hot import HotPool
from kruispunt_server.time_left import works_until
from kruispunt_server.turnstile import Stall, Turnstile

PATIENT_S = 600.0


def hold(turnstile: Turnstile, threads: ThreadPoolExecutor, release: Event) -> "Future[None]":
    """Be inside until released; returns once inside, or waiting."""
    begun = Event()

    def inside() -> None:
        begun.set()
        with turnstile.passing():
            release.wait(60)

    held = threads.submit(inside)
    begun.wait(60)
    return held


def reason_of(work: Callable[[], object]) -> Reason | None:
    try:
        work()
    except RegistryError as error:
        return error.reason
    return None


def passed(turnstile: Turnstile) -> None:
    with turnstile.passing():
        pass


def until(condition: Callable[[], bool]) -> None:
    latest = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < latest
        time.sleep(0.005)


def test_so_many_are_inside_at_once() -> None:
    """One more waits until somebody comes out."""
    turnstile, release = Turnstile(2, PATIENT_S), Event()
    with ThreadPoolExecutor(4) as threads:
        held = [hold(turnstile, threads, release) for _ in range(2)]
        until(lambda: turnstile._inside == 2)
        waiting = threads.submit(passed, turnstile)
        release.set()

        assert [None] * 3 == [each.result(60) for each in (*held, waiting)]
    assert 0 == turnstile._inside


def test_who_comes_while_nobody_gets_out_is_refused_at_once() -> None:
    """The one who came before goes on waiting: it has a thread already."""
    turnstile, release = Turnstile(1, PATIENT_S, stalled_s=0.05), Event()
    with ThreadPoolExecutor(4) as threads:
        held = hold(turnstile, threads, release)
        until(lambda: turnstile._inside == 1)
        waiting = hold(turnstile, threads, release)
        until(lambda: turnstile._stall.since is not None)
        time_of_meeting = turnstile._stall.since or 0.0
        until(lambda: time.monotonic() > time_of_meeting + 0.05)
        refused = reason_of(lambda: passed(turnstile))
        still_waiting = not waiting.done()
        release.set()
        held.result(60)
        waiting.result(60)

        assert (Reason.STORE_UNAVAILABLE, True) == (refused, still_waiting)
    assert None is reason_of(lambda: passed(turnstile))  # somebody came out: all is well again


def test_a_stall_is_told_by_when_the_last_came_out() -> None:
    """Not by how many came: the first to find no room starts the clock, whoever comes out stops it."""
    stall = Stall(after_s=PATIENT_S)
    first = reason_of(stall.meet)
    began = stall.since
    second = reason_of(stall.meet)
    stall.since = time.monotonic() - PATIENT_S

    assert (None, None, Reason.STORE_UNAVAILABLE) == (first, second, reason_of(stall.meet))
    assert began is not None


def test_a_hot_pool_refuses_at_once_too() -> None:
    """When all connections are in use and none came back for too long; one that comes back ends it."""
    pool = HotPool(object, 1, PATIENT_S)  # type: ignore[arg-type]  # nothing is asked of the session
    only = pool.take()
    pool._stall.since = time.monotonic() - PATIENT_S
    refused = reason_of(pool.take)
    pool.give_back(only)

    assert Reason.STORE_UNAVAILABLE == refused
    assert only is pool.take()


def test_who_has_no_time_does_not_wait() -> None:
    """It is told that its time is over."""
    turnstile, release = Turnstile(1, PATIENT_S), Event()
    with ThreadPoolExecutor(1) as threads:
        held = hold(turnstile, threads, release)
        until(lambda: turnstile._inside == 1)
        works_until(time.monotonic() - 1)
        refused = reason_of(lambda: passed(turnstile))
        works_until(None)
        release.set()
        held.result(60)

    assert Reason.DEADLINE_OVER == refused


@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
def test_a_refused_transaction_leaves_room(request: pytest.FixtureRequest, kind: str) -> None:
    """Whatever goes wrong inside, who comes next gets in."""
    database = Database.open(request.getfixturevalue(kind), pool_size=1)

    def fail() -> None:
        with database.writing():
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            fail()

    def read() -> None:
        with database.reading():
            pass

    with database.reading():
        works_until(time.monotonic() + 0.05)
        refused = reason_of(read)
        works_until(None)
    with database.snapshot() as connection:
        answer = connection.exec_driver_sql("SELECT 1").scalar()
    database.close()

    assert (Reason.DEADLINE_OVER, 1) == (refused, answer)
