"""Certificates that no longer count, over a real gRPC server with mutual TLS."""

import hashlib
import ssl
import threading
from typing import Any

import grpc
import pytest

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_server import caller

from .conftest import NAME, PURPOSE, Served, refusal_of

Code = grpc.StatusCode


def fingerprint(served: Served, client: str = "pension-office") -> str:
    """Return the SHA-256 of a client's certificate, as openssl tells it."""
    pem = (served.folder / "clients" / f"{client}.crt").read_text()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def revoke(served: Served, client: str = "pension-office") -> None:
    """Let a client's certificate count no longer."""
    served.participants.revoked = frozenset({fingerprint(served, client)})


def test_a_revoked_certificate_is_refused(served: Served):
    """Although its name still stands; the log tells which one it was, and nothing is looked at."""
    revoke(served)

    refusal = served.refused()

    assert (Code.UNAUTHENTICATED, "CERTIFICATE_REVOKED") == (refusal.code, refusal.reason)
    (line,) = [line for line in served.lines() if line["event"] == "call_refused"]
    assert (fingerprint(served), ["spiffe://test/participant/pension-office"]) == (
        line["certificate"],
        line["uris"],
    )
    assert [] == served.journal.kept


def test_the_other_certificates_of_the_participant_count_on(served: Served):
    """A renewed certificate bears the same name as the one that was revoked."""
    revoke(served)

    assert b"\x18\x01" == served.call(client="pension-office-renewed")


def test_revoked_certificates_are_refused_everywhere(served: Served):
    """A method that touches no person and one that does not exist too."""
    revoke(served)

    assert ["CERTIFICATE_REVOKED"] * 2 == [
        served.refused(method, metadata=()).reason for method in ("GetCoverage", "Nonsense")
    ]


def test_a_revoked_certificate_is_refused_on_an_open_connection(served: Served):
    """The certificate is that of the handshake; whether it counts is asked on every call."""
    invoke = served.channel().unary_unary(f"/{NAME}/ListDossiers")
    invoke(b"", metadata=PURPOSE, timeout=5)
    revoke(served)

    with pytest.raises(grpc.RpcError) as caught:
        invoke(b"", metadata=PURPOSE, timeout=5)

    assert "CERTIFICATE_REVOKED" == refusal_of(caught.value).reason


def test_a_revoked_certificate_is_refused_on_an_open_stream(served: Served):
    """The next message is not looked at."""
    revoked = threading.Event()

    def requests() -> Any:
        yield pb.ResolveDossiersRequest(chunk=1).SerializeToString()
        revoked.wait(5)
        yield pb.ResolveDossiersRequest(chunk=2).SerializeToString()

    answers = served.channel().stream_stream(f"/{NAME}/ResolveDossiers")(
        requests(), metadata=PURPOSE, timeout=5
    )
    next(answers)
    revoke(served)
    revoked.set()
    with pytest.raises(grpc.RpcError) as caught:
        next(answers)

    assert "CERTIFICATE_REVOKED" == refusal_of(caught.value).reason
    assert [1] == [look.person for look in served.journal.kept]


def test_a_stranger_is_not_told_that_its_certificate_was_revoked(served: Served):
    """Whose name is nobody's learns that, and no more."""
    revoke(served, "stranger")

    assert "PARTICIPANT_UNKNOWN" == served.refused(client="stranger").reason


def test_a_fingerprint_is_reckoned_once_and_only_if_any_is_revoked(served: Served):
    """While no certificate is revoked the check costs a look at an empty set; afterwards one at a memory."""
    caller._fingerprint.cache_clear()
    invoke = served.channel().unary_unary(f"/{NAME}/ListDossiers")
    invoke(b"", metadata=PURPOSE, timeout=5)
    before = caller._fingerprint.cache_info()
    served.participants.revoked = frozenset({"0" * 64})
    for _ in range(3):
        invoke(b"", metadata=PURPOSE, timeout=5)
    after = caller._fingerprint.cache_info()

    assert (0, 0) == (before.hits, before.misses)
    assert (2, 1) == (after.hits, after.misses)
    assert after.maxsize is not None
