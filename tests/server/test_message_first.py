"""A call has a thread when its message is there: who sends none holds none."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from kruispunt_server import message_first
from kruispunt_server.fair_pool import CallPool

from .conftest import NAME, PURPOSE, Served, serve

LIST = f"/{NAME}/ListDossiers"
ANSWER = b"\x18\x01"


@pytest.fixture
def narrow(authority: Path) -> Iterator[Served]:
    """A server of one thread."""
    yield from serve(authority, pool=CallPool(1))


def _connected(served: Served) -> grpc.Channel:
    """Return a connection that is open, so that calls arrive in the order in which they are made."""
    channel = served.channel()
    assert ANSWER == channel.unary_unary(LIST)(b"", metadata=PURPOSE, timeout=10)
    return channel


def _silent(channel: grpc.Channel, until: threading.Event) -> Any:
    """Begin a call whose headers go out at once, and whose only message does not."""

    def messages() -> Iterator[bytes]:
        until.wait(20)
        yield b""

    return channel.stream_unary(LIST).future(messages(), metadata=PURPOSE, timeout=20)


def test_callers_that_send_no_message_hold_no_thread(narrow: Served):
    """Three calls without a message come first, over the same connection; the one thread serves the fourth."""
    channel, speak = _connected(narrow), threading.Event()
    silent = [_silent(channel, speak) for _ in range(3)]

    assert ANSWER == channel.unary_unary(LIST)(b"", metadata=PURPOSE, timeout=10)
    assert [False] * 3 == [one.done() for one in silent]
    assert 0 == narrow.edge.running.count()

    speak.set()
    assert [ANSWER] * 3 == [one.result(10) for one in silent]


def test_a_caller_that_goes_before_its_message_leaves_nothing_behind(narrow: Served):
    """Neither a thread nor a look."""
    channel, never = _connected(narrow), threading.Event()
    silent = [_silent(channel, never) for _ in range(3)]
    assert ANSWER == channel.unary_unary(LIST)(b"", metadata=PURPOSE, timeout=10)
    for one in silent:
        one.cancel()

    assert ANSWER == channel.unary_unary(LIST)(b"", metadata=PURPOSE, timeout=10)
    assert 3 == len(narrow.journal.kept)
    never.set()


def test_a_call_that_ends_without_a_message_is_refused(narrow: Served):
    """As gRPC refuses it, and the thread is free again."""
    channel = _connected(narrow)
    with pytest.raises(grpc.RpcError) as caught:
        channel.stream_unary(LIST)(iter(()), metadata=PURPOSE, timeout=10)

    assert grpc.StatusCode.UNIMPLEMENTED == caught.value.code()
    assert ANSWER == channel.unary_unary(LIST)(b"", metadata=PURPOSE, timeout=10)


def test_a_grpc_of_another_kind_does_it_itself(narrow: Served, monkeypatch: pytest.MonkeyPatch):
    """Where its private functions have other names, calls are served as gRPC serves them."""
    monkeypatch.setattr(message_first, "_KNOWN", False)

    assert ANSWER == narrow.call()


def test_the_installed_grpc_is_as_expected():
    """A new release that names them otherwise is noticed here, not by a slower server."""
    assert message_first._KNOWN
