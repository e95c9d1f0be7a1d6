"""A client takes over what its certificate files hold, when they hold something usable."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.clients.registry_stand_in import ANNA, Script, route, serving

from kruispunt import AsyncDirectoryClient, ClientCertificates, DirectoryClient, Profile, Purpose
from kruispunt import _pool as pools
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_server import pki

PURPOSE = Purpose("18/042", "clerk", "case")


class Shown:
    """Notes the certificates that were shown, and answers; the first call waits if it is told to."""

    def __init__(self) -> None:
        self.certificates: list[bytes] = []
        self.arrived = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def answer(self, _request: object, context: grpc.ServicerContext) -> pb.GetRouteResponse:
        peer: Any = context.auth_context()
        self.certificates += peer["x509_pem_cert"]
        self.arrived.set()
        self.go_on.wait(10)
        return route(allowed=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pki.issue_all(tmp_path, {"mine": ["spiffe://test/mine"]})
    return tmp_path


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def endpoint(folder: Path, shown: Shown) -> Iterator[str]:
    script = Script()
    script.on("GetRoute", shown.answer)
    pair = ((folder / "server.key").read_bytes(), (folder / "server.crt").read_bytes())
    credentials = grpc.ssl_server_credentials(
        [pair], (folder / "ca.crt").read_bytes(), require_client_auth=True
    )
    with serving(script, credentials=credentials) as endpoint:
        yield endpoint


@pytest.fixture
def client(folder: Path, endpoint: str) -> Iterator[DirectoryClient]:
    profile = Profile(
        "mine",
        endpoint,
        folder / "ca.crt",
        folder / "clients" / "mine.crt",
        folder / "clients" / "mine.key",
    )
    with DirectoryClient.from_profile(profile, purpose=PURPOSE, channels=2) as one:
        yield one


def ask(client: DirectoryClient) -> None:
    assert client.get_route(ANNA, "PENSION-RIGHTS").allowed


def look(client: DirectoryClient) -> None:
    """Let the client look at its files at the next call."""
    client._connection._pool._look_at = 0.0


def certificate(folder: Path) -> bytes:
    return (folder / "clients" / "mine.crt").read_bytes()


def test_a_renewed_certificate_is_shown_within_seconds(
    folder: Path, shown: Shown, client: DirectoryClient
) -> None:
    """By a client that was made from a profile, and by its views."""
    before = certificate(folder)
    ask(client)
    pki.renew(folder, folder / "clients" / "mine.crt")
    time.sleep(pools._LOOK_S + 0.1)
    ask(client)
    ask(client.with_purpose(PURPOSE))

    assert [before, certificate(folder), certificate(folder)] == shown.certificates


def test_files_that_stay_are_not_read_again(client: DirectoryClient) -> None:
    """The channels stay as they are; a file that was merely touched changes nothing."""
    look(client)
    ask(client)
    channels = client._connection._pool._channels
    files = client._connection._pool._certificates.files
    files[1].touch()
    look(client)
    ask(client)

    assert channels is client._connection._pool._channels


def test_half_a_replacement_is_left_alone(folder: Path, shown: Shown, client: DirectoryClient) -> None:
    """A new key beside the old certificate; when the certificate has come too, both are used."""
    before, path = certificate(folder), folder / "clients" / "mine.crt"
    pki.renew(folder, path)
    renewed = path.read_bytes()
    for content in (before, b"garbage", None, renewed):
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        else:
            path.symlink_to(folder / "nowhere")
        look(client)
        ask(client)

    assert [before, before, before, renewed] == shown.certificates


def test_a_call_under_way_ends_on_the_channel_that_it_began_on(
    folder: Path, shown: Shown, client: DirectoryClient
) -> None:
    """An exchange of channels cuts nobody off."""
    before = certificate(folder)
    shown.go_on.clear()
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: (ask(client), answers.append(True)))
    thread.start()
    assert shown.arrived.wait(10)
    pki.renew(folder, folder / "clients" / "mine.crt")
    look(client)
    shown.go_on.set()
    ask(client)
    thread.join(10)

    assert [True] == answers
    assert [before, certificate(folder)] == shown.certificates


def test_exchanged_channels_are_closed_in_the_end(
    folder: Path, client: DirectoryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ten minutes, or with the client."""
    pool = client._connection._pool
    ask(client)
    (old, _) = pool._channels
    pki.renew(folder, folder / "clients" / "mine.crt")
    look(client)
    ask(client)
    assert 1 == len(pool._retired)
    monkeypatch.setattr(pools, "_RETIRED_S", -1.0)
    look(client)
    ask(client)

    assert [] == pool._retired
    with pytest.raises(ValueError, match="closed"):
        old.unary_unary("/x/y")(b"", timeout=1)


def test_certificates_given_as_bytes_stay(folder: Path, shown: Shown, endpoint: str) -> None:
    """Nobody knows where newer ones would be."""
    before = certificate(folder)
    given = ClientCertificates(
        (folder / "ca.crt").read_bytes(), before, (folder / "clients" / "mine.key").read_bytes()
    )
    pki.renew(folder, folder / "clients" / "mine.crt")
    with DirectoryClient(endpoint, certificates=given, purpose=PURPOSE) as client:
        look(client)
        ask(client)

    assert [before] == shown.certificates


def test_tasks_go_over_to_a_renewed_certificate(
    folder: Path, shown: Shown, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As threads do; a call under way ends where it began, and what was exchanged is closed in the end."""
    before = certificate(folder)
    files = (folder / "ca.crt", folder / "clients" / "mine.crt", folder / "clients" / "mine.key")

    async def play() -> list[bool]:
        async with AsyncDirectoryClient(
            endpoint, certificates=ClientCertificates.from_files(*files), purpose=PURPOSE
        ) as client:
            shown.go_on.clear()
            under_way = asyncio.create_task(client.get_route(ANNA, "PENSION-RIGHTS"))
            assert await asyncio.to_thread(shown.arrived.wait, 10)
            pki.renew(folder, files[1])
            client._connection._pool._look_at = 0.0
            shown.go_on.set()
            answers = [await client.get_route(ANNA, "PENSION-RIGHTS"), await under_way]
            (retired,) = client._connection._pool._retired
            monkeypatch.setattr(pools, "_RETIRED_S", -1.0)
            client._connection._pool._look_at = 0.0
            answers.append(await client.get_route(ANNA, "PENSION-RIGHTS"))
            assert grpc.ChannelConnectivity.SHUTDOWN is retired[1][0].get_state()
            return [each.allowed for each in answers]

    assert [True] * 3 == asyncio.run(play())
    assert [before, certificate(folder), certificate(folder)] == shown.certificates
