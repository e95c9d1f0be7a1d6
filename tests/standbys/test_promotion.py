"""The primary is killed under load and the standby promoted: the server goes on by itself, and nothing that was
acknowledged is lost."""

import datetime as dt
import functools
import itertools
import shutil
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.directory.service.conftest import ANNA, BEA, PENSIONS, WELFARE
from tests.server.processes import wait_until
from tests.standbys.conftest import Pair, catch_up, migrated, served
from tests.standbys.test_reading_writes import SINCE_2026, count, write
from tests.support.postgres import SERVER_ROLE
from tests.support.standby import Node, primary_with, several

from kruispunt import DirectoryClient, Ssin
from kruispunt.errors import DeadlineExceeded, KruispuntError, Unavailable
from kruispunt_server.audit.verifying import Verifier

pytestmark = pytest.mark.xdist_group("standbys")


def numbers() -> Iterator[Ssin]:
    """Give out numbers that are well formed, one person each."""
    day = dt.date(1950, 1, 1)
    for days, sequence in itertools.product(range(1000), range(1, 100)):
        born = day + dt.timedelta(days=days)
        base = int(f"{born:%y%m%d}{sequence:03d}")
        yield Ssin.parse(f"{base:09d}{97 - base % 97:02d}")


@dataclass
class Writer:
    """Registers one person's dossier after another, and reads each back, until it is told to stop.

    Attributes:
        acknowledged: whose registration was answered.
        refused: classes of the refusals, with how often they came.
        missed: whose dossier was acknowledged and then not read.
        at: how many were acknowledged when it was looked at last.
    """

    client: DirectoryClient
    persons: Iterator[Ssin]
    over: threading.Event
    acknowledged: list[Ssin] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    missed: list[Ssin] = field(default_factory=list)

    def run(self) -> None:
        """Write; the same request again until it is answered, as a caller does who must know."""
        for person in self.persons:
            request_id = uuid.uuid4()
            while not self._attempt(person, request_id):
                if self.over.is_set():
                    return
            if self.over.is_set():
                return

    def _attempt(self, person: Ssin, request_id: uuid.UUID) -> bool:
        try:
            self.client.register_dossier(person, capacity=10, period=SINCE_2026, request_id=request_id)
            self.acknowledged.append(person)
            if count(self.client, person) != 1:
                self.missed.append(person)
        except KruispuntError as error:
            self.refused[type(error).__name__] += 1
            return bool(self.acknowledged) and self.acknowledged[-1] == person
        return True


@pytest.fixture
def doomed(sandbox_pki: Path) -> Iterator[tuple[Pair, Node, Node]]:
    """The directory on whichever of two servers is the primary; it waits for its standby before it acknowledges."""
    with primary_with("two") as (one, two):
        migrated(one)
        one.execute("CREATE DATABASE own TEMPLATE template_directory")
        one.execute("ALTER SYSTEM SET synchronous_standby_names = 'two'")
        one.execute("SELECT pg_reload_conf()")
        url = several([one, two], "own", "postgres")
        with served(url, sandbox_pki, [one, two], "own", probe_interval_s=0.1) as pair:
            pair.catch_up()
            yield pair, one, two


def test_nothing_acknowledged_is_lost(doomed: tuple[Pair, Node, Node]) -> None:
    """Writers go on through the outage: refused as UNAVAILABLE at most, and each reads what it wrote, before and after."""
    pair, one, two = doomed
    over, persons = threading.Event(), numbers()
    shares = [itertools.islice(persons, turn * 20_000, (turn + 1) * 20_000) for turn in (0, 0, 0)]
    clients = [pair.directory.client(PENSIONS) for _ in shares]
    writers = [
        Writer(client.with_consistency("read-your-writes"), share, over)
        for client, share in zip(clients, shares, strict=True)
    ]
    for client in clients:
        client._timeout_s = 1.0
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: all(len(writer.acknowledged) > 30 for writer in writers), "they write")
        early = clients[0].consistency_token
        one.kill()
        before = [len(writer.acknowledged) for writer in writers]
        wait_until(lambda: all(writer.refused for writer in writers), "they notice")
        two.promote()
        wait_until(
            lambda: all(
                len(writer.acknowledged) > had + 30 for writer, had in zip(writers, before, strict=True)
            ),
            "they write again",
        )
    finally:
        over.set()
        for thread in threads:
            thread.join()

    assert set().union(*(writer.refused for writer in writers)) <= {
        "StoreUnavailable",
        "Unavailable",
        "DeadlineExceeded",
    }
    assert [[], [], []] == [writer.missed for writer in writers]
    reader = pair.directory.client(WELFARE)
    reader.note_consistency_token(early)
    written = [person for writer in writers for person in writer.acknowledged]
    assert [1] * len(written) == [len(each.dossiers) for each in reader.resolve_dossiers(written)]
    _check_journal(pair)


def _check_journal(pair: Pair) -> None:
    """Both logs are whole: everything is sealed, and nothing is other than it was sealed."""
    parts = pair.directory.parts
    parts.sealer.seal_once()
    for log in ("change", "access"):
        report = Verifier(parts.database, pair.directory.tables.shared, "directory").verify(log)
        assert [] == report.faults
        assert report.size > 60


@pytest.mark.full
def test_roles_may_change_and_old_tokens_are_understood(sandbox_pki: Path) -> None:
    """The old primary comes back as a standby and is read, by those too whose token is of before the promotion."""
    with primary_with("two") as (one, two):
        migrated(one)
        one.execute("CREATE DATABASE own TEMPLATE template_directory")
        standbys = [node.url_of("own", SERVER_ROLE) for node in (one, two)]
        url = several([one, two], "own", "postgres")
        with served(url, sandbox_pki, [one, two], "own", standby_urls=standbys) as pair:
            writer, reader = pair.directory.client(PENSIONS), pair.directory.client(WELFARE)
            wait_until(lambda: names_of_serving(pair) == [str(two.socket)], "two serves as a standby")
            write(writer)
            early = writer.consistency_token
            catch_up(one, two)

            one.kill()
            two.promote()
            wait_until(lambda: attempt(lambda: write(writer, BEA)), "two takes writes")
            shutil.rmtree(one.data)
            one.copy_of(two)
            one.start()
            wait_until(lambda: names_of_serving(pair) == [str(one.socket)], "one serves as a standby")

            reader.note_consistency_token(early)
            catch_up(two, one)
            wait_until(lambda: (count(reader), pair.places.last()) == (1, "standby"), "one is read")
            assert (1, "standby") == (count(writer, BEA), pair.places.last())
            assert early[:19] == writer.consistency_token[:19]
            assert early < writer.consistency_token


def test_what_the_standby_has_not_confirmed_is_not_acknowledged(doomed: tuple[Pair, Node, Node]) -> None:
    """Where the operator has the primary wait for it; the same request is answered once it is back, and made once."""
    pair, _one, two = doomed
    client, request_id = pair.directory.client(PENSIONS), uuid.uuid4()
    register = functools.partial(
        client.register_dossier, ANNA, capacity=10, period=SINCE_2026, request_id=request_id
    )
    two.kill()
    with pytest.raises((Unavailable, DeadlineExceeded)):
        register(timeout_s=3.0)

    two.start()
    wait_until(lambda: attempt(register), "it is acknowledged")
    assert 1 == count(client)


def attempt(work: Callable[[], object]) -> bool:
    """Do what may be refused for want of a database; returns whether it was done."""
    try:
        work()
    except (Unavailable, DeadlineExceeded):
        return False
    return True


def names_of_serving(pair: Pair) -> list[str]:
    """Return which standbys can be read."""
    return [name for name, seconds in pair.reads.behind_s().items() if seconds is not None]
