"""A small certificate authority for development and tests: P-256, short-lived, files that are never half written.

In production certificates come from the operator's authority; the registry only reads them.
"""

import contextlib
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


class PkiError(Exception):
    """It cannot be made or read: says why, without anything of a key."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a certificate says.

    Attributes:
        common_name: of whom; nobody looks at it.
        issuer: common name of the authority.
        uris: that name the participant.
        hosts: DNS names and IP addresses, of a server.
        begin: UTC; `end` likewise.
        fingerprint: SHA-256 of the certificate as DER, as `revoked_certificates` of a rights file has it.
    """

    common_name: str
    issuer: str
    uris: tuple[str, ...]
    hosts: tuple[str, ...]
    begin: dt.datetime
    end: dt.datetime
    fingerprint: str


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


def renew(folder: Path, certificate: Path) -> tuple[Pair, Path]:
    """Replace a certificate and its key, `NAME.crt` and `NAME.key`, by new ones with the same names.

    Returns:
        The pair, and where the old certificate is kept; it counts until its end.

    Args:
        folder: holds `ca.crt` and `ca.key`.
        certificate: of a server or client, by the authority there.

    Raises:
        PkiError: it is no certificate of that authority.
    """
    pem = _content(certificate)
    old = _parsed(certificate, pem)[0]
    authority = _parsed(folder / "ca.crt", _content(folder / "ca.crt"))[0]
    try:
        old.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        raise PkiError(f"{certificate} is not of the authority in {folder}") from None
    names = _names(old)
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    with contextlib.suppress(x509.ExtensionNotFound):
        usage = next(iter(old.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value))
    kept = certificate.with_name(f"{certificate.stem}.{_fingerprint(old)[:8]}.old.crt")
    replace_file(kept, pem, 0o644)
    pair = Pair(certificate, certificate.with_suffix(".key"))
    return _issue(folder, pair, _common(old.subject), names, usage), kept


def describe(certificate: Path) -> list[Described]:
    """Return what the certificates in a PEM file say, in their order.

    Raises:
        PkiError: there is none.
    """
    return [_described(one) for one in _parsed(certificate, _content(certificate))]


def described(pem: bytes) -> list[Described]:
    """Return what certificates in PEM say, in their order.

    Raises:
        PkiError: there is none.
    """
    return [_described(one) for one in _parsed(Path("the text"), pem)]


def _described(one: x509.Certificate) -> Described:
    names = _names(one)
    return Described(
        _common(one.subject),
        _common(one.issuer),
        tuple(each.value for each in names if isinstance(each, x509.UniformResourceIdentifier)),
        tuple(str(each.value) for each in names if isinstance(each, x509.DNSName | x509.IPAddress)),
        one.not_valid_before_utc,
        one.not_valid_after_utc,
        _fingerprint(one),
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PkiError(f"{path}: {error.strerror or type(error).__name__}") from None


def _parsed(path: Path, pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise PkiError(f"{path} holds no certificate in PEM") from None


def _names(one: x509.Certificate) -> list[x509.GeneralName]:
    try:
        return list(one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _common(name: x509.Name) -> str:
    return "".join(str(each.value) for each in name.get_attributes_for_oid(NameOID.COMMON_NAME)[:1])


def _fingerprint(one: x509.Certificate) -> str:
    return one.fingerprint(hashes.SHA256()).hex()


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
    authority = _parsed(folder / "ca.crt", _content(folder / "ca.crt"))[0]
    try:
        signer = serialization.load_pem_private_key(_content(folder / "ca.key"), None)
    except (ValueError, TypeError):
        raise PkiError(f"{folder / 'ca.key'} holds no private key in PEM") from None
    if not isinstance(signer, ec.EllipticCurvePrivateKey) or signer.public_key() != authority.public_key():
        raise PkiError(f"{folder / 'ca.key'} is not the key of {folder / 'ca.crt'}")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(name, _common(authority.subject), key.public_key())
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
    drafts = [
        _draft(pair.key, pem, 0o600),
        _draft(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644),
    ]
    for draft, path in zip(drafts, (pair.key, pair.certificate), strict=True):
        draft.replace(path)


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file of `mode` such that whoever reads it sees the old content or the new, never a part."""
    _draft(path, content, mode).replace(path)


def _draft(path: Path, content: bytes, mode: int) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
