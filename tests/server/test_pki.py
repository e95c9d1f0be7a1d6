"""The development authority."""

from pathlib import Path

import pytest
from cryptography import x509

from kruispunt_server import pki

CLIENTS = {"pension-office": ["spiffe://test/participant/pension-office"]}


def uris(certificate: Path) -> list[str]:
    """Return the URI names in a certificate."""
    names = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return names.value.get_values_for_type(x509.UniformResourceIdentifier)


def test_certificates_are_issued_once(tmp_path: Path):
    """A server and a client; again, and both stay."""
    issued = pki.issue_all(tmp_path, CLIENTS)

    assert ["server.crt", "pension-office.crt"] == [pair.certificate.name for pair in issued]
    assert CLIENTS["pension-office"] == uris(issued[1].certificate)
    assert [] == pki.issue_all(tmp_path, CLIENTS)


def test_a_new_authority_issues_everything_anew(tmp_path: Path):
    """What another one signed is of no use."""
    pki.issue_all(tmp_path, CLIENTS)
    (tmp_path / "ca.key").unlink()

    assert 2 == len(pki.issue_all(tmp_path, CLIENTS))


def test_a_certificate_that_cannot_be_read_is_issued_anew(tmp_path: Path):
    """Half a file is no certificate."""
    pki.issue_all(tmp_path, CLIENTS)
    (tmp_path / "server.crt").write_bytes(b"garbage")

    assert ["server.crt"] == [pair.certificate.name for pair in pki.issue_all(tmp_path, CLIENTS)]


@pytest.mark.parametrize("name", ["ca.key", "server.key", "clients/pension-office.key"])
def test_keys_are_for_their_owner(tmp_path: Path, name: str):
    """Mode 0600 from the first moment on."""
    pki.issue_all(tmp_path, CLIENTS)

    assert 0o600 == (tmp_path / name).stat().st_mode & 0o777
    assert [] == [path.name for path in tmp_path.rglob(".*")]
