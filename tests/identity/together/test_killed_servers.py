"""Both servers are killed, over and over, while registers change and institutions register: in the end all is as it was told.

Real processes over mutual TLS, ended by SIGKILL with their workers at whatever they are doing. Whoever writes repeats
a call with its `request_id` until it is answered, as the published policy says.
"""

import datetime as dt
import itertools
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from tests.directory.following.conftest import PENSIONS as PENSIONS_KEY
from tests.directory.following.conftest import WELFARE as WELFARE_KEY
from tests.directory.following.conftest import World, make_world
from tests.directory.following.scenario import Model, span
from tests.directory.service.conftest import PENSIONS, WELFARE
from tests.identity.service.conftest import REGISTRAR
from tests.identity.together.pair import Pair, Process
from tests.identity.together.test_following import register
from tests.server.processes import wait_until

from kruispunt import (
    CallCancelled,
    ContactAddress,
    DeadlineExceeded,
    DirectoryClient,
    IdentityClient,
    NumberChangeReason,
    Period,
    Ssin,
    Statement,
    Unavailable,
    Validity,
)
from kruispunt_directory.store.cursors import CursorStore
from kruispunt_directory.tables import directory_tables
from kruispunt_server.database import Database

T = TypeVar("T")
_GIVE_UP_S = 120.0
_SETTLED = dt.timedelta(seconds=3)  # more than a seal, and what a sign of life says too early


@pytest.fixture
def pair(tmp_path: Path, sandbox_pki: Path, database_url: str, identity_url: str) -> Iterator[Pair]:
    """Both servers, on databases of one kind; not started."""
    one = Pair(tmp_path, sandbox_pki, database_url, identity_url)
    yield one
    one.close()


def insist(call: Callable[[uuid.UUID], T]) -> T:
    """Repeat a call, always the same one, until somebody lives long enough to answer it."""
    request_id, latest = uuid.uuid4(), time.monotonic() + _GIVE_UP_S
    while True:
        try:
            return call(request_id)
        except (Unavailable, CallCancelled, DeadlineExceeded):
            if time.monotonic() > latest:
                raise


class Killer(threading.Thread):
    """Kills servers at random moments, and starts them again at once or a while later."""

    def __init__(self, pair: Pair, luck: random.Random, kills: int) -> None:
        super().__init__(daemon=True)
        self.killed: list[Process] = []
        self.fault: BaseException | None = None
        self._pair = pair
        self._luck = luck
        # Each of the two, and now and then both at once.
        one, other = pair.identity, pair.directory
        rounds = itertools.cycle([[one], [other], [one], [one, other]])
        self._victims = list(itertools.islice(rounds, kills))
        luck.shuffle(self._victims)

    def run(self) -> None:
        """Kill all of them."""
        try:
            for victims in self._victims:
                time.sleep(self._luck.uniform(0.2, 3.0))
                for process in victims:
                    process.kill()
                    self.killed.append(process)
                time.sleep(self._luck.choice([0.0, self._luck.uniform(0.0, 2.0)]))
                for process in victims:
                    process.start()
        except BaseException as error:  # noqa: BLE001 - told by `finish`
            self.fault = error

    def finish(self) -> None:
        """Wait until all have been killed and started again."""
        self.join()
        if self.fault is not None:
            raise self.fault


class Story:
    """What a registrar does to four persons of which two institutions hold dossiers, and what must become of it."""

    def __init__(self, pair: Pair, luck: random.Random) -> None:
        self.model = Model()
        self._luck = luck
        self._registrar = pair.client(IdentityClient, REGISTRAR)
        self._pensions = pair.client(DirectoryClient, PENSIONS)
        self._welfare = pair.client(DirectoryClient, WELFARE)
        self._told = itertools.count()
        self.numbers = [register(self._registrar) for _ in range(4)]
        self.model.slots = {PENSIONS_KEY: {}, WELFARE_KEY: {}}
        for slot in range(4):
            under = luck.choice(self.numbers)
            self._pensions.register_dossier(under, capacity=100, period=Period(*span(slot)))
            self.model.slots[PENSIONS_KEY][slot] = under

    def step(self) -> None:
        """Do one thing, and know what it must bring about."""
        if self._luck.random() < 0.25:
            self._register()
            return
        number, other = self._luck.sample(self.numbers, 2)
        model = self.model
        if number in model.leads:
            insist(lambda request_id: self._registrar.split_number(number, request_id=request_id))
            model.split(number)
        elif model.root(other) == other and self._luck.random() < 0.6:
            insist(
                lambda request_id: self._registrar.replace_number(
                    number, other, reason=NumberChangeReason.DUPLICATE, request_id=request_id
                )
            )
            model.replace(number, other)
        else:
            self._tell(number)

    def _tell(self, number: Ssin) -> None:
        place = next(self._told)
        since = Validity(dt.date(2000, 1, 1) + dt.timedelta(days=place))
        address = ContactAddress(
            "BE", postal_code="1000", municipality_name="Brussel", house_number=str(place + 1)
        )
        insist(
            lambda request_id: self._registrar.update_person(
                number, [Statement(address, since)], all_or_none=True, request_id=request_id
            )
        )
        self.model.facts(number)

    def _register(self) -> None:
        slots = self.model.slots[WELFARE_KEY]
        slot, under = len(slots), self._luck.choice(self.numbers)
        insist(
            lambda request_id: self._welfare.register_dossier(
                under, capacity=2, phase=10, period=Period(*span(slot)), request_id=request_id
            )
        )
        slots[slot] = under


def converge(pair: Pair, directory_url: str, seed: int, kills: int) -> None:
    """Tell a story while servers are killed, let the directory come to its end, and compare with the model."""
    luck = random.Random(seed)
    pair.identity.start()
    pair.directory.start()
    story = Story(pair, luck)
    killer = Killer(pair, random.Random(seed + 1), kills)
    killer.start()
    steps = 0
    while killer.is_alive() or steps < kills:
        story.step()
        steps += 1
        time.sleep(luck.uniform(0.0, 0.3))
    killer.finish()
    database = Database.open(directory_url)
    try:
        world = make_world(database, directory_tables())
        cursors, end = CursorStore(database, directory_tables()), dt.datetime.now(dt.UTC) + _SETTLED
        wait_until(lambda: (until := cursors.followed_until()) and until > end, "the directory has followed")
        assert_converged(world, story)
    finally:
        database.close()
    assert {pair.identity, pair.directory} == set(killer.killed)
    assert [] == pair.directory.events("following_refused") + pair.directory.events("call_failed")
    assert [] == pair.identity.events("call_failed")


def assert_converged(world: World, story: Story) -> None:
    """Compare numbers, dossiers and notices with the model."""
    model = story.model
    for number in story.numbers:
        with world.database.reading() as connection:
            current = world.dossiers.numbers.resolve(connection, number).current
        assert model.root(number) == current
        expected = [(institution, begin, end) for institution, _, begin, end in model.listed(number)]
        assert expected == [(institution, begin, end) for institution, _, begin, end in world.listed(number)]
    assert model.numbered() == world.noticed(PENSIONS_KEY)
    numbers = [number for number, *_ in world.noticed(WELFARE_KEY)]
    assert list(range(1, len(numbers) + 1)) == numbers


def test_killed_servers_converge(pair: Pair, database_url: str) -> None:
    """Identity and the directory that follows it, each in turn and both at once."""
    converge(pair, database_url, seed=1, kills=4)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10, 15))
def test_servers_killed_for_long_converge(pair: Pair, database_url: str, seed: int) -> None:
    """The same, for longer."""
    converge(pair, database_url, seed, kills=16)
