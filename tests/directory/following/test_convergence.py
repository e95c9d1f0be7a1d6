"""Whoever follows, and wherever it dies: in the end the directory is as the registers are, and told it once."""

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.directory.following.conftest import PENSIONS, WELFARE, World, make_world
from tests.directory.following.scenario import NUMBERS, Scenario, span

from kruispunt_directory.domain.told import SnapshotPart
from kruispunt_directory.following.applying import OvertakenError
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError

ROOT = Path(__file__).parents[3]


class DiedError(Exception):
    """A follower died here."""


def perhaps_die(luck: random.Random, chance: float) -> None:
    """Die, with some chance."""
    if luck.random() < chance:
        raise DiedError


@contextmanager
def dying(database: Database, chance: float, seed: int) -> Iterator[None]:
    """Let followers die before any statement."""
    luck = random.Random(seed)

    def before(*_: object) -> None:
        if threading.current_thread().name.startswith("follower"):
            perhaps_die(luck, chance)

    sa.event.listen(database.engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", before)


def follow(world: World, scenario: Scenario, seed: int, until: float) -> int:
    """Follow to the end of the story, dying now and then; returns how often it died or came too late."""
    luck, failures = random.Random(seed), 0
    while time.monotonic() < until:
        try:
            cursor = world.applier.cursor()
            after = cursor.resume_token if cursor else None
            if after == scenario.last:
                return failures
            for message in scenario.after(after):
                world.applier.apply(message, after)
                perhaps_die(luck, 0.05)
                after = message.resume_token
        except (DiedError, OvertakenError, RegistryError):
            failures += 1
        except sa.exc.StatementError as error:
            if not isinstance(error.orig, DiedError):  # else it died while a statement was put together
                raise
            failures += 1
    raise AssertionError("it never came to the end")


def register_meanwhile(world: World, scenario: Scenario, count: int, seed: int) -> None:
    """Register dossiers of WELFARE under whatever numbers, while others follow."""
    luck = random.Random(seed)
    slots = scenario.model.slots.setdefault(WELFARE, {})
    for slot in range(count):
        under = luck.choice(NUMBERS)
        while True:
            try:
                world.register(under, WELFARE, *span(slot))
            except RegistryError:  # the store was busy
                continue
            break
        slots[slot] = under


def assert_converged(world: World, scenario: Scenario) -> None:
    """Compare with the model."""
    for number in NUMBERS:
        assert scenario.model.listed(number) == world.listed(number)
        with world.database.reading() as connection:
            current = world.dossiers.numbers.resolve(connection, number).current
        assert scenario.model.root(number) == current
    assert scenario.model.numbered() == world.noticed(PENSIONS)
    numbers = [number for number, *_ in world.noticed(WELFARE)]
    assert list(range(1, len(numbers) + 1)) == numbers


def converge(world: World, seed: int, length: int, chance: float) -> int:
    """Tell a story to two followers that die, while an institution writes; returns how often they failed."""
    scenario = Scenario(seed, length)
    scenario.prepare(world)
    until = time.monotonic() + 120
    with (
        dying(world.database, chance, seed),
        ThreadPoolExecutor(2, thread_name_prefix="follower") as followers,
        ThreadPoolExecutor(1, thread_name_prefix="institution") as institution,
    ):
        writing = institution.submit(register_meanwhile, world, scenario, length // 3, seed)
        running = [followers.submit(follow, world, scenario, seed + each, until) for each in range(2)]
        writing.result()
        failures = sum(each.result() for each in running)
    assert_converged(world, scenario)
    return failures


@pytest.mark.parametrize("seed", range(3))
def test_two_followers_that_die_converge(world: World, seed: int) -> None:
    """At any statement, or after a commit of which they never learned; while an institution registers dossiers."""
    assert converge(world, seed, length=30, chance=0.02) > 0


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 120))
def test_long_stories_converge(world: World, seed: int) -> None:
    """The same, for longer, with more deaths."""
    assert converge(world, seed, length=120, chance=0.04) > 0


def restore_and_converge(world: World, seed: int, told: int, lost: int) -> None:
    """Follow a story, lose the end of it at the registers, and follow what happened in its place."""
    before = Scenario(seed, told)
    before.prepare(world)
    until = time.monotonic() + 120
    follow(world, before, seed, until)
    restored = Scenario(seed, told - lost)
    assert restored.before == before.before
    noticed = len(world.noticed(PENSIONS))
    left = {slot: restored.model.root(under) for slot, under in restored.before.items()}
    cursor = world.applier.cursor()
    assert cursor is not None
    world.applier.start_over(cursor)
    restored.restore(seed + 1, 20)
    parts = len([each for each in restored.messages if isinstance(each.content, SnapshotPart)])

    for message in restored.messages[:parts]:
        world.apply(message)
    told_again = world.noticed(PENSIONS)[noticed:]
    for slot, under in before.before.items():
        if before.model.root(under) != left[slot]:
            assert left[slot] in {current for *_, current in told_again}, "it moved, and nobody was told"
    # Of what followed, institutions were told as if nothing had been lost.
    since = len(told_again)
    with dying(world.database, 0.02, seed):
        follow(world, restored, seed, until)
    expected = restored.model.noticed[len(Scenario(seed, told - lost).model.noticed) :]
    assert expected == [each[1:] for each in world.noticed(PENSIONS)[noticed + since :]]
    for number in NUMBERS:
        assert restored.model.listed(number) == world.listed(number)
        with world.database.reading() as connection:
            current = world.dossiers.numbers.resolve(connection, number).current
        assert restored.model.root(number) == current


@pytest.mark.parametrize("seed", range(8))
def test_a_directory_converges_with_registers_that_lost_their_end(world: World, seed: int) -> None:
    """What they lost is undone, who held a dossier is told, and what follows is as if it had never been."""
    restore_and_converge(world, seed, told=16, lost=6)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(200, 240))
def test_long_stories_converge_after_a_loss(world: World, seed: int) -> None:
    """The same, for longer."""
    restore_and_converge(world, seed, told=60, lost=30)


def run(url: str, seed: int, length: int) -> None:
    """Follow in a process of its own, which is killed from outside."""
    scenario = Scenario(seed, length)
    database = Database.open(url)
    from kruispunt_directory.tables import directory_tables

    world = make_world(database, directory_tables())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    follow(world, scenario, seed, time.monotonic() + 120)
    database.close()


@pytest.mark.full
def test_killed_processes_converge(database_url: str, directory_tables: DirectoryTables) -> None:
    """Killed by the operating system, at any instant, over and over."""
    seed, length, luck = 7, 400, random.Random(7)
    database = Database.open(database_url)
    world = make_world(database, directory_tables)
    scenario = Scenario(seed, length)
    scenario.prepare(world)
    call = (
        f"from tests.directory.following.test_convergence import run; run({database_url!r}, {seed}, {length})"
    )
    kills = 0
    for turn in itertools.count():
        process = subprocess.Popen(
            [sys.executable, "-c", call], cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ}
        )
        assert process.stdout is not None
        assert b"ready\n" == process.stdout.readline()
        try:
            status = process.wait(timeout=luck.uniform(0.0, 0.4) if turn < 12 else 120)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            status = process.wait()
            kills += 1
        finally:
            process.stdout.close()
        if status == 0:
            break
    assert_converged(world, scenario)
    assert kills > 3
    database.close()
