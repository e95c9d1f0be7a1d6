"""Buckets: as a simple model says, over several processes, whoever dies."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kruispunt_server.quotas import memory
from kruispunt_server.quotas.buckets import Bucket, Buckets
from kruispunt_server.quotas.memory import END_USERS, PARTICIPANTS, STRIPES, QuotaMemory


@dataclass
class Clock:
    """Seconds as a test says."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    calls=st.integers(1, 20),
    per_seconds=st.integers(1, 100),
    pauses=st.lists(st.integers(0, 3000).map(lambda ms: ms / 1000), max_size=80),
)
def test_a_bucket_does_what_the_model_does(calls: int, per_seconds: int, pauses: list[float]):
    """Lets in while one is there; and who waits as long as it is told is let in, and a little earlier is not."""
    clock = Clock()
    shared = QuotaMemory()
    buckets = Buckets(shared, clock)
    bucket = Bucket(PARTICIPANTS, shared.key("p"), calls, per_seconds)
    level = float(calls)
    for pause in pauses:
        clock.now += pause
        level = min(float(calls), level + pause * calls / per_seconds)
        if abs(level - 1) < 1e-4:  # the two round differently
            return
        refused = buckets.take(1, [bucket])
        assert (level >= 1) is (refused is None)
        if refused is None:
            level -= 1
        else:
            assert pytest.approx((1 - level) * per_seconds / calls, abs=1e-4) == refused[1]


def test_in_the_mean_no_more_pass_than_the_quota_says():
    """Ten in 5 seconds at once, and then two a second, however often one asks."""
    clock, shared = Clock(), QuotaMemory()
    buckets = Buckets(shared, clock)
    bucket = Bucket(PARTICIPANTS, shared.key("p"), 10, 5)
    passed = 0
    for _ in range(10_000):  # 100 s
        passed += buckets.take(1, [bucket]) is None
        clock.now += 0.01

    assert 10 + 100 * 2 - 1 <= passed <= 10 + 100 * 2


def test_from_several_buckets_one_is_taken_of_each_or_of_none():
    """And the one that is waited for longest is told."""
    clock, shared = Clock(), QuotaMemory()
    buckets = Buckets(shared, clock)
    wide = Bucket(PARTICIPANTS, shared.key("p", "reads"), 5, 10, "reads")
    narrow = Bucket(PARTICIPANTS, shared.key("p", "grant"), 2, 60, "grant")
    both = [wide, narrow]

    assert [None, None] == [buckets.take(1, both) for _ in range(2)]
    refused = [buckets.take(1, both) for _ in range(20)]
    assert [(narrow, 30.0)] * 20 == [one and (one[0], round(one[1], 6)) for one in refused]
    assert [None] * 3 == [buckets.take(1, [wide]) for _ in range(3)]  # the refused cost nothing
    assert buckets.take(1, [wide]) is not None


def test_a_quota_that_became_shorter_is_no_debt_of_the_longer_one():
    """What was used up of a day does not keep one out for a day when the quota is of a second."""
    clock, shared = Clock(), QuotaMemory()
    buckets = Buckets(shared, clock)
    key = shared.key("p")
    day = Bucket(PARTICIPANTS, key, 1, 86_400)
    assert buckets.take(1, [day]) is None
    assert buckets.take(1, [day]) is not None

    second = Bucket(PARTICIPANTS, key, 1, 1)
    assert buckets.take(1, [second]) is None
    refused = buckets.take(1, [second])
    assert refused is not None
    assert 1.0 == pytest.approx(refused[1])


@pytest.mark.parametrize("spoiled", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_number_that_nobody_wrote_keeps_nobody_out_for_longer_than_the_quota(spoiled: float):
    """It counts as a full bucket."""
    clock, shared = Clock(), QuotaMemory()
    bucket = Bucket(PARTICIPANTS, shared.key("p"), 1, 10)
    shared.put(PARTICIPANTS, 1, bucket.key, spoiled, 0.0)
    buckets = Buckets(shared, clock)

    assert buckets.take(1, [bucket]) is None
    refused = buckets.take(1, [bucket])
    assert refused is not None
    assert 10.0 == pytest.approx(refused[1])
    clock.now += 10.0
    assert buckets.take(1, [bucket]) is None


def test_owners_do_not_take_from_each_other():
    """A thousand participants, each with its own bucket of one."""
    clock, shared = Clock(), QuotaMemory()
    buckets = Buckets(shared, clock)
    keys = [shared.key(f"participant-{n}") for n in range(1000)]
    asked = [Bucket(PARTICIPANTS, key, 1, 60) for key in keys]

    assert [None] * 1000 == [buckets.take(one.key, [one]) for one in asked]
    assert all(buckets.take(one.key, [one]) is not None for one in asked)


def test_any_number_of_end_users_leaves_the_bucket_of_their_participant_alone():
    """They have an area of their own: whoever invents end users does not get its participant's bucket back."""
    clock, shared = Clock(), QuotaMemory()
    buckets = Buckets(shared, clock)
    own = Bucket(PARTICIPANTS, shared.key("p", "searches"), 1, 3600)
    assert buckets.take(1, [own]) is None
    for n in range(20_000):
        assert buckets.take(1, [Bucket(END_USERS, shared.key("p", "end_user", str(n)), 1, 3600)]) is None

    assert buckets.take(1, [own]) is not None


def test_who_asked_nothing_for_a_while_makes_room():
    """A full bucket is the same as none."""
    clock, shared = Clock(), QuotaMemory()
    buckets = Buckets(shared, clock)
    kept = Bucket(END_USERS, shared.key("kept"), 1, 100_000)
    assert buckets.take(1, [kept]) is None
    for n in range(50_000):
        clock.now += 1
        assert buckets.take(1, [Bucket(END_USERS, shared.key(str(n)), 1, 1)]) is None

    assert buckets.take(1, [kept]) is not None


def test_windows_begin_with_what_is_counted():
    """And end after their time, each by itself."""
    clock, shared = Clock(), QuotaMemory()
    buckets = Buckets(shared, clock)

    assert [(0, 3), (3, 5)] == [buckets.add(1, count, 600) for count in (3, 2)]
    assert (0, 1) == buckets.add(65, 1, 600)  # the same stripe
    clock.now += 599
    assert (5, 6) == buckets.add(1, 1, 600)
    clock.now += 1
    assert (0, 4) == buckets.add(1, 4, 600)
    assert (4, 2**20 - 1) == buckets.add(1, 2**30, 600)


_TAKER = """
import sys
from kruispunt_server.quotas.buckets import Bucket, Buckets
from kruispunt_server.quotas.memory import PARTICIPANTS, QuotaMemory
shared = QuotaMemory.inherited()
buckets = Buckets(shared)
key = shared.key("p")
bucket = Bucket(PARTICIPANTS, key, 5_000, 86_400)
print("ready", flush=True)
sys.stdin.readline()
print(sum(buckets.take(key, [bucket]) is None for _ in range(4_000)))
"""

_HOLDER = """
import sys, time
from kruispunt_server.quotas.memory import QuotaMemory
with QuotaMemory.inherited().locked(1):
    print("ready", flush=True)
    time.sleep(600)
"""


def process(script: str, file: int) -> "subprocess.Popen[str]":
    """Start a process that inherits the file, and wait until it is ready."""
    started = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[file],
        env={**os.environ, memory.VARIABLE: str(file)},
    )  # fmt: skip
    assert started.stdout is not None
    assert "ready\n" == started.stdout.readline()
    return started


def test_processes_take_from_the_same_bucket():
    """Three at once get exactly what is in it."""
    with memory.shared_file() as file:
        takers = [process(_TAKER, file.fileno()) for _ in range(3)]
        for taker in takers:
            assert taker.stdin is not None
            taker.stdin.write("go\n")
            taker.stdin.flush()
        passed = [int(taker.communicate(timeout=60)[0]) for taker in takers]

    # A day is long: while they run, nothing to speak of is refilled.
    assert 5_000 <= sum(passed) <= 5_005


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_is_killed_or_stopped_with_the_lock_keeps_nobody_waiting(how: signal.Signals):
    """The kernel frees the lock of the dead at once; for the stopped one waits a moment, and goes on without."""
    with memory.shared_file() as file:
        shared = QuotaMemory(file.fileno())
        buckets, bucket = Buckets(shared), Bucket(PARTICIPANTS, shared.key("p"), 2, 86_400)
        assert buckets.take(1, [bucket]) is None
        holder = process(_HOLDER, file.fileno())
        try:
            holder.send_signal(how)
            if how == signal.SIGKILL:
                holder.wait(30)
            began = time.monotonic()
            assert buckets.take(1, [bucket]) is None
            took_s = time.monotonic() - began
            assert buckets.take(1, [bucket]) is not None  # what was kept is still there
        finally:
            holder.kill()
            holder.communicate()

    assert took_s < 5.0


def test_the_dead_leave_no_lock():
    """The lock itself can be had again, not only its absence be borne."""
    with memory.shared_file() as file:
        holder = process(_HOLDER, file.fileno())
        assert not QuotaMemory._take(file.fileno(), 1)
        assert QuotaMemory._take(file.fileno(), 2)  # others are free
        holder.kill()
        holder.communicate()

        assert QuotaMemory._take(file.fileno(), 1)


def test_a_slot_killed_half_way_is_empty_or_whole():
    """Whatever store was the last, the key leads to the number that was put, or to none."""
    shared = QuotaMemory()
    stripe = 3 % STRIPES
    shared.put(PARTICIPANTS, stripe, 77, 5.0, 0.0)
    (at,) = [at for at in range(len(shared._keys)) if shared._keys[at] == 77]

    shared._keys[at] = 0  # as it is between the stores
    assert shared.find(PARTICIPANTS, stripe, 77) is None
    shared.put(PARTICIPANTS, stripe, 77, 6.0, 0.0)
    assert 6.0 == shared.find(PARTICIPANTS, stripe, 77)


def test_without_a_parent_the_memory_is_of_the_process_alone(monkeypatch: pytest.MonkeyPatch):
    """And so it is where the environment names a file that is not there."""
    for said in ("", "not a number", "987654"):
        monkeypatch.setenv(memory.VARIABLE, said)
        one, other = QuotaMemory.inherited(), QuotaMemory.inherited()
        one.put(PARTICIPANTS, 1, 5, 1.0, 0.0)

        assert other.find(PARTICIPANTS, 1, 5) is None
