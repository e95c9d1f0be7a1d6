"""Who makes many calls waits behind itself: turns, shares of the threads, shares of the queue."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_server import fair_pool
from kruispunt_server.call import Call, InstitutionKey, Participant, Role
from kruispunt_server.fair_pool import CallPool

from .conftest import NAME, OFFICE, PURPOSE, Served, refusal_of, serve

WORK_OFFICE = Participant("work-office", frozenset({Role.CONSUMER}), InstitutionKey(18, 1))
LIST = f"/{NAME}/ListDossiers"


def submit(pool: CallPool, caller: str, work: Callable[[], Any]) -> "Future[Any]":
    """Submit as gRPC does, with a caller in place of its event."""
    return pool.submit(lambda _function, _caller: work(), None, caller)


@pytest.fixture
def by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_pool, "_caller_of", lambda arguments: (arguments[1].encode(),))


@pytest.mark.usefixtures("by_name")
def test_callers_have_turns():
    """Ten of a noisy one before the first of another: that one is second."""
    pool, begin, order = CallPool(1), threading.Event(), []
    first = submit(pool, "noisy", lambda: begin.wait(10))
    _until(lambda: pool.waiting() == 0)
    waiting = [submit(pool, "noisy", lambda n=n: order.append(f"noisy-{n}")) for n in range(10)]
    waiting += [submit(pool, "quiet", lambda n=n: order.append(f"quiet-{n}")) for n in range(2)]
    assert 12 == pool.waiting()

    begin.set()
    for one in [first, *waiting]:
        one.result(10)

    assert ["noisy-0", "quiet-0", "noisy-1", "quiet-1", "noisy-2"] == order[:5]
    assert [f"noisy-{n}" for n in range(10)] == [each for each in order if each.startswith("noisy")]
    assert 0 == pool.waiting()


@pytest.mark.usefixtures("by_name")
def test_among_several_nobody_has_more_than_half_of_the_threads():
    """So that a thread is free when another calls."""
    pool, end, running = CallPool(4), threading.Event(), Counter[str]()
    calls = [submit(pool, "quiet", lambda: None)]

    def hold() -> None:
        running["noisy"] += 1
        end.wait(10)

    calls += [submit(pool, "noisy", hold) for _ in range(10)]
    _until(lambda: running["noisy"] == 2)
    time.sleep(0.05)
    assert 2 == running["noisy"]
    submit(pool, "quiet", lambda: None).result(10)
    assert 2 == running["noisy"]

    end.set()
    for one in calls:
        one.result(10)


@pytest.mark.usefixtures("by_name")
def test_alone_a_caller_has_all_threads(monkeypatch: pytest.MonkeyPatch):
    """Again, too, when the others have gone."""
    monkeypatch.setattr(fair_pool, "_SHARED_S", 0.2)
    pool, end, running = CallPool(4), threading.Semaphore(0), Counter[str]()
    submit(pool, "quiet", lambda: None).result(10)

    def hold() -> None:
        running["noisy"] += 1
        end.acquire(timeout=10)

    calls = [submit(pool, "noisy", hold) for _ in range(12)]

    _until(lambda: running["noisy"] == 4)
    end.release(20)
    for one in calls:
        one.result(10)


@settings(max_examples=60, deadline=None)
@given(calls=st.lists(st.sampled_from("abc"), min_size=1, max_size=60), threads=st.integers(1, 5))
def test_every_call_is_served_once(calls: list[str], threads: int):
    """In the order of its caller, whoever else calls."""
    asked, fair_pool._caller_of = fair_pool._caller_of, lambda arguments: (arguments[1].encode(),)
    try:
        pool, served, lock = CallPool(threads), [], threading.Lock()

        def serve_one(number: int) -> int:
            with lock:
                served.append(number)
            return number

        done = [submit(pool, caller, lambda n=n: serve_one(n)) for n, caller in enumerate(calls)]
        assert list(range(len(calls))) == [one.result(10) for one in done]
        pool.shutdown()
    finally:
        fair_pool._caller_of = asked

    assert sorted(served) == list(range(len(calls)))
    assert (0, {}) == (pool.waiting(), pool._lanes)


@pytest.mark.usefixtures("by_name")
def test_a_fault_of_a_call_ends_no_thread():
    """The next one is served."""
    pool = CallPool(1)

    with pytest.raises(ZeroDivisionError):
        submit(pool, "a", lambda: 1 // 0).result(10)

    assert 1 == submit(pool, "a", lambda: 1).result(10)


def test_beyond_its_share_of_the_queue_a_caller_is_refused_and_others_are_not(authority: Path):
    """Known by its certificate, before it has a thread; the installed gRPC hands over what that takes."""
    release = threading.Event()

    def slow(request: Any, call: Call) -> Any:
        if call.participant == OFFICE:
            release.wait(20)
        call.look(1, "dossier", "none")
        return pb.ListDossiersResponse(complete=True)

    pool = CallPool(2, share=3)
    for served in serve(authority, pool=pool, shed_above=20):
        served.servicer.list_dossiers = slow
        served.participants.found["spiffe://test/participant/work-office"] = WORK_OFFICE
        other = served.channel("work-office").unary_unary(LIST)
        assert b"\x18\x01" == other(b"", metadata=PURPOSE, timeout=20)
        noisy = [_begin(served) for _ in range(4)]  # one is served, three wait
        _until(lambda: pool.waiting() == 3)

        refusal = served.refused(timeout=20)
        assert ("TOO_MANY_CALLS", 0.5) == (refusal.reason, refusal.retry_s)
        for _ in range(5):
            assert b"\x18\x01" == other(b"", metadata=PURPOSE, timeout=20)

        release.set()
        assert [b"\x18\x01"] * 4 == [one.result() for one in noisy]


def test_callers_that_cannot_be_told_apart_are_one(authority: Path):
    """In plaintext: an ordinary pool, without shares."""
    pool = CallPool(1, share=1)
    for served in serve(authority, pool=pool, plaintext_participant="pension-office"):
        invoke = served.channel(None).unary_unary(LIST)
        futures = [invoke.future(b"", metadata=PURPOSE, timeout=20) for _ in range(20)]
        try:
            assert [b"\x18\x01"] * 20 == [one.result() for one in futures]
        except grpc.RpcError as error:
            pytest.fail(refusal_of(error).reason)


def _begin(served: Served) -> Any:
    before = served.edge.running.count()
    begun = served.channel().unary_unary(LIST).future(b"", metadata=PURPOSE, timeout=20)
    if before == 0:
        _until(lambda: served.edge.running.count() == 1)
    return begun


def _until(condition: Callable[[], bool]) -> None:
    latest = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < latest
        time.sleep(0.01)
