"""The same things asked of the stub and of a server are answered alike: sequences at random, from a seed."""

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.conftest import cast_of, serving_pair

from kruispunt.conformance.cast import PENSIONS, WELFARE, Cast
from kruispunt.conformance.world import World
from kruispunt.errors import KruispuntError
from kruispunt.period import Period
from kruispunt.persons import NumberChangeReason
from kruispunt.shapes import All, Cut, InCapacity, InCapacityAndPhase, Within
from kruispunt.ssin import Ssin
from kruispunt.testing import Registry
from kruispunt.values import Dossier

_PERSONS = 6
_FEW, _MANY = 70, 300
_CODES = {WELFARE: ((2, 10), (2, 20), (3, 10)), PENSIONS: ((100, 20), (20, 10), (100, 10))}

Step = tuple[Any, ...]


def _steps(chance: random.Random, count: int) -> Iterator[Step]:
    """Yield what is asked; persons and dossiers by their place, so that it means the same at both."""
    for _ in range(count):
        who = chance.choice((WELFARE, PENSIONS))
        person, other = chance.sample(range(_PERSONS), 2)
        kind = chance.choices(
            ("register", "update", "from", "close", "cut", "remove", "replace", "split", "confirm"),
            (10, 3, 3, 3, 3, 2, 2, 2, 1),
        )[0]
        yield kind, who, person, other, chance.choice(_CODES[who]), _period(chance), chance.randrange(4)


def _period(chance: random.Random) -> Period:
    begin = dt.date(2020, 1, 1) + dt.timedelta(days=30 * chance.randrange(24))
    end = None if chance.random() < 0.3 else begin + dt.timedelta(days=30 * chance.randrange(1, 18))
    return Period(begin, end)


class _Played:
    """One registry, and what it answered."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._persons = [world.person() for _ in range(_PERSONS)]

    def play(self, step: Step) -> Any:
        """Ask, and return what came of it and how everything stands afterwards, without what differs by nature."""
        try:
            said = self._asked(*step)
        except KruispuntError as refusal:
            said = (refusal.reason, refusal.field)
        if step[0] in ("replace", "split"):
            self._world.until(self._followed, "the directory followed")
        return said, [self._standing(person) for person in self._persons]

    def _asked(
        self, kind: str, who: str, at: int, to: int, code: tuple[int, int], period: Period, choice: int
    ) -> Any:
        directory, desk, person = self._world.directory(who), self._world.desk, self._persons[at]
        if kind == "register":
            answer = directory.register_dossier(person, capacity=code[0], phase=code[1], period=period)
            return answer.outcome.name, [each.reason.name for each in answer.warnings], len(answer.joined)
        if kind == "replace":
            done = desk.replace_number(person, self._persons[to], reason=NumberChangeReason.DUPLICATE)
            return done.already_replaced, self._place(done.person.ssin), len(done.conflicts)
        if kind == "split":
            receipt = desk.split_number(person)
            return self._place(receipt.split_off.ssin), self._place(receipt.remaining.ssin)
        if kind == "remove":
            shapes = (All(), InCapacity(code[0]), InCapacityAndPhase(*code), Within(period))
            return len(directory.remove_dossiers(person, shapes[choice]).removed)
        mine = [each for each in self._listed(person) if str(each.institution) == _OF[who]]
        if not mine:
            return "nothing there"
        chosen = mine[choice % len(mine)]
        if kind == "update":
            return len(directory.update_dossier(person, chosen.dossier_id, period=period).joined)
        if kind == "from":
            directory.update_dossier(person, chosen.dossier_id, phase=code[1], effective_from=period.begin)
            return "changed"
        if kind == "close":
            return directory.close_dossier(person, chosen.dossier_id, end=period.begin).dossier.period
        if kind == "cut":
            left = directory.remove_dossiers(person, Cut(chosen.dossier_id, period)).remaining
            return [each.period for each in left]
        return [each.name for each in directory.reconfirm_dossiers(mine)]

    def _followed(self) -> bool:
        leads = self._world.desk.resolve_numbers(self._persons)
        known = [self._world.welfare.list_dossiers(each).first().resolution for each in self._persons]
        return all(one.current == there.current for one, there in zip(leads, known, strict=True) if there)

    def _listed(self, person: Ssin) -> list[Dossier]:
        return list(self._world.welfare.list_dossiers(person, every_period=True))

    def _standing(self, person: Ssin) -> Any:
        return [
            (
                self._place(each.ssin),
                self._place(each.registered_ssin),
                str(each.institution),
                each.capacity,
                each.phase,
                each.period,
                each.etag,
            )
            for each in self._listed(person)
        ]

    def _place(self, person: Ssin) -> int:
        return self._persons.index(person)


_OF = {WELFARE: "17/101", PENSIONS: "5/1"}


def _compare(served: Cast, seed: int, count: int) -> None:
    with Registry() as registry, World(cast_of(registry)) as here, World(served, timeout_s=20) as there:
        stub, server = _Played(here), _Played(there)
        for number, step in enumerate(_steps(random.Random(seed), count)):
            expected = server.play(step)

            assert expected == stub.play(step), f"seed {seed}, step {number}: {step}"
        assert [] == registry.faults_of_its_own()


def test_stub_and_server_answer_alike(
    sqlite_url: str, identity_sqlite_url: str, tmp_path: Path, sandbox_pki: Path
) -> None:
    """What comes of each step, and everything that stands after it, is the same."""
    with serving_pair(tmp_path, sandbox_pki, sqlite_url, identity_sqlite_url) as served:
        _compare(served, 20260302, _FEW)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(8))
def test_stub_and_postgresql_answer_alike(
    seed: int, postgres_url: str, identity_postgres_url: str, tmp_path: Path, sandbox_pki: Path
) -> None:
    """The same, on PostgreSQL, for more seeds."""
    with serving_pair(tmp_path, sandbox_pki, postgres_url, identity_postgres_url) as served:
        _compare(served, seed, _MANY)
