"""A standby that is away, behind, frozen, elsewhere or no standby costs no caller an answer: the primary gives it."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.directory.service.conftest import ANNA, BEA, PENSIONS, WELFARE
from tests.server.processes import wait_until
from tests.standbys.conftest import Pair, catch_up, migrated, served
from tests.standbys.test_reading_writes import count, write
from tests.support.calls import call_of
from tests.support.postgres import SERVER_ROLE
from tests.support.standby import Node, primary_with, several

from kruispunt.errors import InternalFault
from kruispunt_server.standbys.reads import HEALTH_NAME
from kruispunt_server.standbys.wishes import Wish

pytestmark = pytest.mark.xdist_group("standbys")

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def health_of(pair: Pair, name: str) -> int:
    """Ask the server how it is."""
    stub = health_pb2_grpc.HealthStub(pair.directory.channel(WELFARE))
    return stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=20).status


def said(pair: Pair) -> list[tuple[bool, str]]:
    """Return what was logged of the standby."""
    lines = [line for line in pair.directory.lines() if line["event"] == "standby_changed"]
    return [(line["serving"], line["why"]) for line in lines]


@pytest.fixture
def own(sandbox_pki: Path) -> Iterator[Pair]:
    """The directory on a primary and a standby of this test alone, to be maltreated."""
    with primary_with("two") as nodes:
        migrated(nodes[0])
        nodes[0].execute("CREATE DATABASE own TEMPLATE template_directory")
        settings = {
            "probe_interval_s": 0.1,
            "standby_timeout_s": 0.5,
            "usual_reads": "unlimited",
            "usual_bulk": "unlimited",
        }
        with served(nodes[0].url_of("own"), sandbox_pki, nodes, "own", **settings) as one:
            one.catch_up()
            yield one


def test_a_standby_that_is_too_far_behind_is_not_read(own: Pair) -> None:
    """Behind by more than the operator allows: health says so under its own name, and the server serves all the same."""
    reader = own.directory.client(WELFARE)
    wait_until(lambda: health_of(own, HEALTH_NAME) == SERVING, "the standby is healthy")
    with own.held_up():
        write(own.directory.client(PENSIONS))
        assert (0, "standby") == (count(reader), own.places.last())

        own.reads._staleness_s = 0.2

        wait_until(lambda: count(reader) == 1, "it is read at the primary")
        wait_until(lambda: health_of(own, HEALTH_NAME) == NOT_SERVING, "health says so")
        assert SERVING == health_of(own, "")
    wait_until(lambda: own.places.last() == "standby" or not count(reader), "the standby is read again")


def test_nobody_notices_that_a_standby_is_killed_and_comes_back(own: Pair) -> None:
    """Under load, in unary calls and streams: every call is answered."""
    over, answers, errors = threading.Event(), [0, 0], list[Exception]()
    write(own.directory.client(PENSIONS))
    own.catch_up()

    def ask(number: int) -> None:
        client = own.directory.client(WELFARE)
        while not over.is_set():
            try:
                if number:
                    found = sum(len(each.dossiers) for each in client.resolve_dossiers([ANNA, BEA]))
                else:
                    found = count(client)
                assert 1 == found
                answers[number] += 1
            except Exception as error:  # noqa: BLE001 - none may come
                errors.append(error)
                return

    threads = [threading.Thread(target=ask, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            own.places.seen.clear()
            wait_until(lambda: own.places.seen.count("standby") > 20, "the standby is read")
            own.standby.kill()
            own.places.seen.clear()
            wait_until(lambda: own.places.seen.count("primary") > 20, "the primary is read")
            own.standby.start()
        before = list(answers)
        wait_until(lambda: errors or (answers[0] > before[0] and answers[1] > before[1]), "both go on")
    finally:
        over.set()
        for thread in threads:
            thread.join()

    assert [] == errors
    assert (True, "") in said(own)
    assert (False, "not reached") in said(own)


def test_a_frozen_standby_holds_nobody_up_for_long(own: Pair) -> None:
    """Its connections stay open and nothing comes: given up after the operator's time, and not tried again."""
    reader = own.directory.client(WELFARE)
    assert (0, "standby") == (count(reader), own.places.last())
    own.standby.freeze()
    try:
        assert 0 == count(reader)
        wait_until(lambda: own.reads.behind_s() == {own.reads._standbys[0].name: None}, "it is given up")
        own.places.seen.clear()
        assert [0] * 20 == [count(reader) for _ in range(20)]
        assert ["primary"] * 20 == own.places.seen
    finally:
        own.standby.thaw()
    wait_until(own.reads.all_serve, "it is read again")


def test_a_frozen_standby_is_not_waited_for_at_the_door_either(own: Pair) -> None:
    """Who needs a new connection to it gives up after the operator's time too, and is answered by the primary."""
    reader = own.directory.client(WELFARE)
    standby = own.reads._standbys[0]
    assert (0, "standby") == (count(reader), own.places.last())
    own.standby.freeze()
    try:
        standby.database._hot_pool._drop_idle()
        assert 0 == count(reader)
    finally:
        own.standby.thaw()
    wait_until(own.reads.all_serve, "it is read again")


def test_a_statement_that_gave_way_to_replay_is_asked_of_the_primary(own: Pair) -> None:
    """PostgreSQL cancels a read at a standby that stands in the way of what it replays; the caller gets its answer."""
    own.standby.execute("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    own.standby.execute("SELECT pg_reload_conf()")
    own.primary.execute("CREATE TABLE scratch AS SELECT 1 AS one", own.database)
    own.primary.execute(f"GRANT SELECT ON scratch TO {SERVER_ROLE}", own.database)
    own.catch_up()
    call, seen = call_of(), list[int]()
    call.wish = Wish()

    def work() -> int:
        call.look(1, "dossier", "found")
        with own.reads.database.snapshot() as connection:
            count = connection.scalar(sa.text("SELECT count(*) FROM scratch")) or 0
            seen.append(count)
            if len(seen) == 1:
                own.primary.execute("DELETE FROM scratch", own.database)
                own.primary.execute("VACUUM scratch", own.database)
                for _ in range(2000):
                    connection.execute(sa.text("SELECT pg_sleep(0.01)"))
            return count

    assert 0 == own.reads.answer(call, work)
    assert [1, 0] == seen
    assert ["failed"] == own.places.seen
    assert 1 == len(call.looks)  # what the broken attempt noted is forgotten


def test_no_answer_leaves_a_standby_without_its_record_at_the_primary(own: Pair) -> None:
    """The record is there when the answer is; and where it cannot be written there is no answer."""
    reader = own.directory.client(WELFARE)
    records = own.directory.count(own.directory.tables.shared.access)
    assert (0, "standby") == (count(reader), own.places.last())
    assert records + 1 == own.directory.count(own.directory.tables.shared.access)
    own.primary.execute(f"REVOKE INSERT ON access FROM {SERVER_ROLE}", own.database)
    try:
        own.places.seen.clear()
        with pytest.raises(InternalFault):
            count(reader)
        assert ["standby"] == own.places.seen
    finally:
        own.primary.execute(f"GRANT INSERT ON access TO {SERVER_ROLE}", own.database)


def test_the_primary_is_no_standby(nodes: list[Node], fresh: str, sandbox_pki: Path) -> None:
    """Named as one by mistake, or promoted since: everything is read at the primary, and health says why."""
    primary, _ = nodes
    with served(
        primary.url_of(fresh), sandbox_pki, nodes, fresh, standby_urls=[primary.url_of(fresh, SERVER_ROLE)]
    ) as pair:
        wait_until(lambda: said(pair) == [(False, "no standby")], "it is said")
        assert (0, "primary") == (count(pair.directory.client(WELFARE)), pair.places.last())


def test_a_server_starts_without_its_standby(nodes: list[Node], fresh: str, sandbox_pki: Path) -> None:
    """It is read when it comes."""
    nowhere = f"postgresql://{SERVER_ROLE}@/{fresh}?host=/nowhere"
    with served(nodes[0].url_of(fresh), sandbox_pki, nodes, fresh, standby_urls=[nowhere]) as pair:
        wait_until(lambda: said(pair) == [(False, "not reached")], "it is said")
        assert (0, "primary") == (count(pair.directory.client(WELFARE)), pair.places.last())


@pytest.mark.full
def test_a_standby_that_went_back_is_not_read_before_it_has_come_forward_again(own: Pair) -> None:
    """Restarted from an earlier state, it shows less than it showed: new connections are measured by that."""
    reader = own.directory.client(WELFARE)
    own.standby.stop()
    earlier = own.standby.data.with_suffix(".earlier")
    subprocess.run(["cp", "-a", own.standby.data, earlier], check=True)
    own.standby.start()
    write(own.directory.client(PENSIONS))
    own.catch_up()
    assert (1, "standby") == (count(reader), own.places.last())

    own.standby.stop()
    shutil.rmtree(own.standby.data)
    earlier.rename(own.standby.data)
    own.standby.configure({"primary_conninfo": "''"})
    own.standby.start()

    wait_until(lambda: (False, "gone back") in said(own), "it is told apart")
    assert (1, "primary") == (count(reader), own.places.last())
    own.standby.follow(own.primary)
    own.standby.execute("SELECT pg_reload_conf()")
    own.catch_up()
    assert (1, "standby") == (count(reader), own.places.last())


def test_a_standby_of_the_old_timeline_is_not_read(sandbox_pki: Path) -> None:
    """It followed further than the one that was promoted: what it shows never was, though its position would do."""
    with primary_with("two", "three") as (one, two, three):
        migrated(one)
        one.execute("CREATE DATABASE own TEMPLATE template_directory")
        url = several([one, two], "own", "postgres")
        with served(url, sandbox_pki, [one, three], "own") as pair:
            pair.catch_up()
            catch_up(one, two)
            two.stop()
            write(pair.directory.client(PENSIONS))  # two never gets it
            pair.catch_up()
            one.kill()
            two.start()
            two.promote()

            reader = pair.directory.client(WELFARE)
            wait_until(
                lambda: (False, "not on the timeline of the primary") in said(pair), "it is told apart"
            )
            assert (0, "primary") == (count(reader), pair.places.last())
