"""Health says whether the directory follows: real servers, over mutual TLS."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.directory.service.conftest import PENSIONS, Directory
from tests.identity.together.pair import FollowingHealth, Pair
from tests.server.processes import wait_until

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
        (line["name"], line["serving"]) for line in changed
    ]


def _note(watch: Iterator[health_pb2.HealthCheckResponse], seen: list[int]) -> None:
    with contextlib.suppress(grpc.RpcError):
        seen.extend(answer.status for answer in watch)


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
