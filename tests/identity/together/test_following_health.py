"""Health says whether the directory follows: real servers, over mutual TLS."""

import contextlib
import itertools
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.directory.service.conftest import PENSIONS, WELFARE, Directory
from tests.identity.service.conftest import REGISTRAR
from tests.identity.together.pair import FollowingHealth, Pair
from tests.identity.together.test_following import SINCE, register
from tests.server.processes import run, wait_until

from kruispunt import DirectoryClient, IdentityClient, NumberChangeReason
from kruispunt.feeds import BEGINNING
from kruispunt.notices import NoticeKind
from kruispunt_directory.following.behind import HEALTH_NAME

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
NOTICES = "kruispunt.directory.v1.NoticeService"


@pytest.fixture
def pair(tmp_path: Path, sandbox_pki: Path, sqlite_url: str, identity_sqlite_url: str) -> Iterator[Pair]:
    """Both servers, not started."""
    one = Pair(tmp_path, sandbox_pki, sqlite_url, identity_sqlite_url)
    yield one
    one.close()


def test_a_directory_that_is_behind_says_so_and_serves_on(pair: Pair) -> None:
    """Late, while identity is away; back, once it was followed again; watched, and asked; and never as a whole."""
    pair.directory.start()
    with pair.channel(PENSIONS) as channel:
        health, seen = FollowingHealth(channel), []
        watched = threading.Thread(target=lambda: _note(health.watch(), seen), daemon=True)
        assert (False, True, True) == tuple(map(health.is_serving, (HEALTH_NAME, "", NOTICES)))
        watched.start()
        pair.identity.start()
        wait_until(health.is_serving, "the directory follows")

        pair.identity.kill()
        wait_until(lambda: not health.is_serving(), "the directory is late")
        assert (True, True) == (health.is_serving(""), health.is_serving(NOTICES))
        listed = health_pb2_grpc.HealthStub(channel).List(health_pb2.HealthListRequest()).statuses
        assert (NOT_SERVING, SERVING) == (listed[HEALTH_NAME].status, listed[""].status)

        pair.identity.start()
        wait_until(health.is_serving, "the directory follows again")
        wait_until(lambda: len(seen) >= 4, "the watch tells it too")
        pair.directory.stop()
        watched.join(20)
    assert [NOT_SERVING, SERVING, NOT_SERVING, SERVING, NOT_SERVING] == seen
    changed = pair.directory.events("condition_changed")
    assert [(HEALTH_NAME, False), (HEALTH_NAME, True)] * 2 == [
        (line["condition"], line["serving"]) for line in changed
    ]


def _note(watch: Iterator[health_pb2.HealthCheckResponse], seen: list[int]) -> None:
    with contextlib.suppress(grpc.RpcError):
        seen.extend(answer.status for answer in watch)


def test_a_directory_whose_identity_was_restored_waits_for_an_operator(
    pair: Pair, identity_sqlite_url: str
) -> None:
    """It says so at once, and for good, also when identity has grown again; then it follows what identity says now."""
    database = Path(identity_sqlite_url.removeprefix("sqlite:///"))
    pair.identity.start()
    pair.directory.start()
    registrar = pair.client(IdentityClient, REGISTRAR)
    welfare = pair.client(DirectoryClient, WELFARE)
    former, next_ = register(registrar), register(registrar)
    welfare.register_dossier(former, capacity=2, phase=10, period=SINCE)
    with pair.channel(PENSIONS) as channel:
        health = FollowingHealth(channel)
        wait_until(health.is_serving, "the directory follows")
        pair.identity.stop()
        shutil.copyfile(database, database.with_suffix(".copy"))
        pair.identity.start()
        registrar.replace_number(former, next_, reason=NumberChangeReason.DUPLICATE)
        wait_until(lambda: list(welfare.list_dossiers(next_)), "the dossier has moved")

        pair.identity.kill()
        for left in ("-wal", "-shm"):
            database.with_name(database.name + left).unlink(missing_ok=True)
        database.with_suffix(".copy").rename(database)
        pair.identity.start()
        wait_until(lambda: pair.directory.events("following_refused"), "the directory is refused")
        wait_until(lambda: not health.is_serving(), "health says so")
        wait_until(lambda: pair.directory.metric("kruispunt_following_refused"), "the metrics say so")
        for _ in range(4):
            register(registrar)
        time.sleep(2)
        assert (False, True) == (health.is_serving(), health.is_serving(""))
        assert ["POSITION_BEYOND_END"] == [
            line["reason"] for line in pair.directory.events("following_refused")
        ]

        done = run("kruispunt_directory", "refollow", "--config", str(pair.directory.config))
        assert (0, "") == (done.returncode, done.stderr)
        wait_until(health.is_serving, "the directory follows anew")
        assert [former] == [dossier.ssin for dossier in welfare.list_dossiers(former)]
        wait_until(lambda: not pair.directory.metric("kruispunt_following_refused"), "the metrics say so")
    told = itertools.islice(welfare.watch_notices(BEGINNING), 2)
    assert [NoticeKind.NUMBER_REPLACED, NoticeKind.NUMBER_SPLIT] == [
        notice.kind for item in told for notice in item.notices
    ]


def test_a_directory_that_follows_nobody_does_not_know_the_name(directory: Directory) -> None:
    """It answers as of every name that is not served, and a watch says so."""
    stub = health_pb2_grpc.HealthStub(directory.channel(PENSIONS))
    asked = health_pb2.HealthCheckRequest(service=HEALTH_NAME)

    with pytest.raises(grpc.RpcError) as refused:
        stub.Check(asked, timeout=20)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    watch = stub.Watch(asked, timeout=20)
    assert health_pb2.HealthCheckResponse.SERVICE_UNKNOWN == next(watch).status
    watch.cancel()
    assert HEALTH_NAME not in stub.List(health_pb2.HealthListRequest(), timeout=20).statuses
