"""A client goes on when its certificate is renewed and the old one revoked: calls, watches and streams, without a restart."""

import shutil
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.directory.service.conftest import ADMINISTRATOR, PENSIONS, PURPOSE, Directory
from tests.identity.service.conftest import REGISTRAR, Identity
from tests.support.rights import SANDBOX

from kruispunt import CertificateRevoked, ClientCertificates, DirectoryClient, IdentityClient, Ssin
from kruispunt.feeds import NOW
from kruispunt.rights_file import read_rights
from kruispunt_server import pki

ANNA, BEA = Ssin.parse("85073003328"), Ssin.parse("75060898009")


class Holder:
    """A participant with certificate files of its own, which can be renewed and revoked."""

    def __init__(self, server: Any, participant: str, folder: Path) -> None:
        self._server = server
        self._participant = participant
        for end in ("crt", "key"):
            shutil.copyfile(server.pki / "clients" / f"{participant}.{end}", folder / f"mine.{end}")
        self.certificate = folder / "mine.crt"
        self.certificates = ClientCertificates.from_files(
            server.pki / "ca.crt", self.certificate, folder / "mine.key"
        )

    def renew(self) -> str:
        """Renew the files; return the digest of the old certificate."""
        (old,) = pki.describe(self.certificate)
        pki.renew(self._server.pki, self.certificate)
        return old.fingerprint

    def revoke(self, fingerprint: str) -> None:
        """Revoke a certificate, and wait until that holds."""
        rights = read_rights(SANDBOX).message
        (mine,) = (each for each in rights.participants if each.participant_id == self._participant)
        mine.revoked_certificates.append(fingerprint)
        with self._server.client(ADMINISTRATOR) as administrator:
            administrator.apply_rights(rights)
        time.sleep(1.2)


@pytest.fixture
def holder(directory: Directory, tmp_path: Path) -> Holder:
    return Holder(directory, PENSIONS, tmp_path)


@pytest.fixture
def client(directory: Directory, holder: Holder) -> Iterator[DirectoryClient]:
    with DirectoryClient(directory.endpoint, certificates=holder.certificates, purpose=PURPOSE) as one:
        yield one


def test_calls_go_on_over_a_renewal(holder: Holder, client: DirectoryClient) -> None:
    """Of a client that was idle meanwhile: its first call finds that the certificate was revoked, and the new one."""
    list(client.list_dossiers(ANNA))
    view = client.with_purpose(PURPOSE)
    holder.revoke(holder.renew())
    client._connection._pool._look_at = float("inf")  # as if it had just looked

    assert [] == list(client.list_dossiers(ANNA))
    assert [] == list(view.list_dossiers(ANNA))


def test_calls_without_a_pause_never_fail_over_a_renewal(holder: Holder, client: DirectoryClient) -> None:
    """Several threads call all the time."""
    faults: list[Exception] = []
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            try:
                list(client.list_dossiers(ANNA))
            except Exception as error:  # noqa: BLE001 - any would be wrong
                faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    holder.revoke(holder.renew())
    over.set()
    for thread in threads:
        thread.join()

    assert [] == faults


def test_a_watch_goes_on_over_a_renewal(holder: Holder, client: DirectoryClient) -> None:
    """It is ended for the old certificate, and opened again with the new one."""
    watch = client.watch_notices(NOW, heartbeat_s=1, heartbeats=True)
    next(watch)
    generation = client._connection.line.generation
    holder.revoke(holder.renew())
    began = time.monotonic()
    while time.monotonic() < began + 5:
        next(watch)

    assert (0, 1) == (generation, client._connection.line.generation)


def test_a_stream_goes_on_over_a_renewal(holder: Holder, client: DirectoryClient) -> None:
    """Nothing is asked for in vain: every person is answered once, in order."""

    def persons() -> Iterator[Ssin]:
        yield from [ANNA] * 4
        holder.revoke(holder.renew())
        yield from [BEA] * 4

    answered = [each.asked for each in client.resolve_dossiers(persons(), chunk=1)]

    assert [str(ANNA)] * 4 + [str(BEA)] * 4 == answered


def test_a_revoked_certificate_that_was_not_renewed_is_told(holder: Holder, client: DirectoryClient) -> None:
    """At once, by calls, watches and streams."""
    (mine,) = pki.describe(holder.certificate)
    watch = client.watch_notices(NOW, heartbeat_s=1, heartbeats=True)
    next(watch)
    holder.revoke(mine.fingerprint)

    with pytest.raises(CertificateRevoked):
        list(client.list_dossiers(ANNA))
    with pytest.raises(CertificateRevoked):
        list(client.resolve_dossiers([ANNA]))
    with pytest.raises(CertificateRevoked):
        deque(watch, maxlen=0)


def test_an_export_goes_on_over_a_renewal(identity: Identity, tmp_path: Path) -> None:
    """It is opened again after the last person that came."""
    holder = Holder(identity, REGISTRAR, tmp_path)
    with IdentityClient(
        identity.endpoint, certificates=holder.certificates, purpose=PURPOSE, timeout_s=20
    ) as client:
        list(client.export_persons())
        holder.revoke(holder.renew())
        client._connection._pool._look_at = float("inf")

        assert [] == list(client.export_persons())
