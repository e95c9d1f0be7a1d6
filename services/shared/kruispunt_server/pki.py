"""A small certificate authority for development and tests: P-256, short-lived, files that are never half written.

In production certificates come from the operator's authority; the registry only reads them.
"""

import datetime as dt
import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("localhost", "127.0.0.1", "::1")

_DAYS = 90
_WEEK = dt.timedelta(days=7)
_SLACK = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, as files in PEM."""

    certificate: Path
    key: Path


def make_authority(folder: Path, *, name: str = "Kruispunt development authority") -> Pair:
    """Make an authority in `folder`: `ca.crt` and `ca.key`. One that is there already stays."""
    pair = Pair(folder / "ca.crt", folder / "ca.key")
    if pair.certificate.exists() and pair.key.exists():
        return pair
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(pair, key, certificate)
    return pair


def issue_server(
    folder: Path,
    *,
    name: str = "server",
    hosts: Sequence[str] = LOOPBACK,
) -> Pair:
    """Issue `server.crt` and `server.key` in `folder`, by the authority there.

    Args:
        folder: holds `ca.crt` and `ca.key`.
        name: common name; nobody looks at it.
        hosts: DNS names and IP addresses that clients may use.
    """
    names = [_host(host) for host in hosts]
    pair = Pair(folder / "server.crt", folder / "server.key")
    return _issue(folder, pair, name, names, ExtendedKeyUsageOID.SERVER_AUTH)


def issue_client(folder: Path, name: str, uri: str | Sequence[str]) -> Pair:
    """Issue `clients/NAME.crt` and `clients/NAME.key` in `folder`, by the authority there.

    Args:
        folder: holds `ca.crt` and `ca.key`.
        name: of the files, and common name.
        uri: what names the participant; several or none are for tests of refusal.
    """
    uris = [uri] if isinstance(uri, str) else uri
    pair = Pair(folder / "clients" / f"{name}.crt", folder / "clients" / f"{name}.key")
    pair.key.parent.mkdir(exist_ok=True)
    names = [x509.UniformResourceIdentifier(one) for one in uris]
    return _issue(folder, pair, name, names, ExtendedKeyUsageOID.CLIENT_AUTH)


def issue_all(
    folder: Path, clients: Mapping[str, Sequence[str]], *, hosts: Sequence[str] = LOOPBACK
) -> list[Pair]:
    """Issue what a server and its clients lack: what is there, of this authority and good for a week, stays.

    Args:
        folder: gets the authority too, if it has none.
        clients: URI names by file name.
        hosts: of the server.
    """
    authority = x509.load_pem_x509_certificate(make_authority(folder).certificate.read_bytes())
    issued = []
    if not _stays(Pair(folder / "server.crt", folder / "server.key"), authority):
        issued.append(issue_server(folder, hosts=hosts))
    for name, uris in clients.items():
        pair = Pair(folder / "clients" / f"{name}.crt", folder / "clients" / f"{name}.key")
        if not _stays(pair, authority):
            issued.append(issue_client(folder, name, uris))
    return issued


def _stays(pair: Pair, authority: x509.Certificate) -> bool:
    if not (pair.certificate.exists() and pair.key.exists()):
        return False
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return certificate.not_valid_after_utc > dt.datetime.now(dt.UTC) + _WEEK


def _issue(
    folder: Path,
    pair: Pair,
    name: str,
    names: Sequence[x509.GeneralName],
    usage: x509.ObjectIdentifier,
) -> Pair:
    authority = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    signer = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey), "the authority's key is P-256"
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = str(authority.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    builder = (
        _builder(name, issuer, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    _write(pair, key, builder.sign(signer, hashes.SHA256()))
    return pair


def _builder(name: str, issuer: str, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_common_name(name))
        .issuer_name(_common_name(issuer))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + dt.timedelta(days=_DAYS))
    )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(pair: Pair, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    """Write the key first: whoever sees a new certificate finds its key."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    replace_file(pair.key, pem, 0o600)
    replace_file(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file of `mode` such that whoever reads it sees the old content or the new, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
