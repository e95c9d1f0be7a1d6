"""Which certificates are refused where, and what their bearers see, over a real gRPC server with mutual TLS."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from google.rpc import error_details_pb2, status_pb2

from kruispunt_server import pki
from kruispunt_server.call import Participant

from .conftest import NAME, OFFICE, PURPOSE, Served

OURS = "spiffe://test/participant/pension-office"
ANOTHERS = "spiffe://test/participant/another"
NO_CONNECTION = ("UNAVAILABLE", "")
NO_NAME = ("UNAUTHENTICATED", "CERTIFICATE_REQUIRED")
UNCLEAR = ("UNAUTHENTICATED", "PARTICIPANT_UNKNOWN")
LET_IN = ("OK", "")
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Shown:
    """A certificate to be shown; as it stands it is good.

    Attributes:
        names: subject alternative names.
        begin: of its days, from now; `end` likewise.
        signer: "ours", "another" authority, or "itself".
        common_name: that nobody should look at.
        usage: what it may be used for.
    """

    names: Sequence[x509.GeneralName] = field(default=(x509.UniformResourceIdentifier(OURS),))
    begin: dt.timedelta = -DAY
    end: dt.timedelta = DAY
    signer: str = "ours"
    common_name: str = "pension-office"
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH

    def files(self, authorities: dict[str, Path]) -> tuple[bytes, bytes]:
        """Return key and certificate in PEM."""
        now, key = dt.datetime.now(dt.UTC), ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.common_name)])
        signer, issuer = key, subject
        if self.signer != "itself":
            folder = authorities[self.signer]
            read = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
            assert isinstance(read, ec.EllipticCurvePrivateKey)
            signer = read
            issuer = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes()).subject
        builder = (
            x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now + self.begin)
            .not_valid_after(now + self.end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([self.usage]), critical=False)
        )
        if self.names:
            builder = builder.add_extension(x509.SubjectAlternativeName(self.names), critical=False)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return pem, builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def authorities(authority: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """That of the server, and another of the same name."""
    another = tmp_path_factory.mktemp("another")
    pki.make_authority(another)
    return {"ours": authority, "another": another}


def outcome(served: Served, key: bytes, certificate: bytes) -> tuple[str, str]:
    """Call with a certificate; return status and reason."""
    ca = (served.folder / "ca.crt").read_bytes()
    credentials = grpc.ssl_channel_credentials(ca, key, certificate)
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(f"127.0.0.1:{served.port}", credentials, options) as channel:
        try:
            channel.unary_unary(f"/{NAME}/ListDossiers")(b"", metadata=PURPOSE, timeout=10)
        except grpc.RpcError as error:
            details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
            info = error_details_pb2.ErrorInfo()
            for detail in status_pb2.Status.FromString(details).details:
                detail.Unpack(info)
            return error.code().name, info.reason
    return "OK", ""


TABLE = {
    "good": (Shown(), LET_IN),
    "whatever common name": (Shown(common_name="somebody else"), LET_IN),
    "expired": (Shown(begin=-2 * DAY, end=-DAY), NO_CONNECTION),
    "not yet valid": (Shown(begin=DAY, end=2 * DAY), NO_CONNECTION),
    "of another authority of the same name": (Shown(signer="another"), NO_CONNECTION),
    "self-signed": (Shown(signer="itself"), NO_CONNECTION),
    "for servers": (Shown(usage=ExtendedKeyUsageOID.SERVER_AUTH), NO_CONNECTION),
    "no alternative name": (Shown(names=()), NO_NAME),
    "only a common name that is the URI": (Shown(names=(), common_name=OURS), NO_NAME),
    "a DNS name that looks like the URI": (Shown(names=(x509.DNSName(OURS),)), NO_NAME),
    "a mail address that looks like the URI": (Shown(names=(x509.RFC822Name(OURS),)), NO_NAME),
    "a URI of nobody": (Shown(names=(x509.UniformResourceIdentifier(OURS + "/"),)), UNCLEAR),
    "URIs of two participants": (
        Shown(names=(x509.UniformResourceIdentifier(OURS), x509.UniformResourceIdentifier(ANOTHERS))),
        UNCLEAR,
    ),
    "a DNS name that looks like the URI of another": (
        Shown(names=(x509.UniformResourceIdentifier(OURS), x509.DNSName(ANOTHERS))),
        LET_IN,
    ),
}


@pytest.mark.parametrize(("shown", "expected"), TABLE.values(), ids=TABLE.keys())
def test_what_a_certificate_opens(
    served: Served, authorities: dict[str, Path], shown: Shown, expected: tuple[str, str]
):
    """The handshake refuses what is not trusted or not in time, the boundary what does not say who calls."""
    served.participants.found = {
        OURS: OFFICE,
        ANOTHERS: Participant("another", OFFICE.roles, None),
        "pension-office": OFFICE,
    }

    assert expected == outcome(served, *shown.files(authorities))
    assert (1 if expected == LET_IN else 0) == len(served.journal.kept)
