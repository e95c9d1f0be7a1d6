"""How one service is told where the other is: checked at start, all faults at once."""

from pathlib import Path
from typing import Any

import pytest

from kruispunt_directory.settings import DirectorySettings
from kruispunt_identity.settings import IdentitySettings
from kruispunt_server import pki
from kruispunt_server.peers import peer_certificates
from kruispunt_server.settings import SettingsError


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("peers")
    pki.issue_all(folder, {name: [f"spiffe://x.example/{name}"] for name in ("one", "other")})
    return folder


@pytest.fixture
def base(tmp_path: Path) -> dict[str, Any]:
    secret = tmp_path / "secret"
    secret.write_text("s" * 32)
    return {"secret_file": secret, "database_url": "sqlite:////nowhere", "plaintext_participant": "me"}


def faults(base: dict[str, Any], **given: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        IdentitySettings.load(**base, **given)
    return sorted(caught.value.faults)


def test_alone_nothing_is_named(base: dict[str, Any]) -> None:
    """Either service runs without the other."""
    identity, directory = IdentitySettings.load(**base), DirectorySettings.load(**base)

    assert (None, False, None) == (
        identity.directory_endpoint,
        identity.without_directory,
        identity.pepper_file,
    )
    assert (None, None) == (directory.identity_endpoint, peer_certificates(directory, "identity"))


def test_mutual_tls_is_read(base: dict[str, Any], certificates: Path) -> None:
    """Certificate, key and authorities are those of the files."""
    settings = DirectorySettings.load(
        **base,
        identity_endpoint="identity.example:8441",
        identity_certificate=certificates / "clients/one.crt",
        identity_key=certificates / "clients/one.key",
        identity_authority=certificates / "ca.crt",
    )

    read = peer_certificates(settings, "identity")

    assert read is not None
    assert ((certificates / "clients/one.crt").read_bytes(), (certificates / "ca.crt").read_bytes()) == (
        read.certificate,
        read.ca,
    )


@pytest.mark.parametrize("endpoint", ["127.0.0.1:8442", "[::1]:8442", "localhost:8442"])
def test_plaintext_is_for_loopback(base: dict[str, Any], endpoint: str) -> None:
    """There no certificate is needed."""
    assert endpoint == IdentitySettings.load(**base, directory_endpoint=endpoint).directory_endpoint


def test_a_far_endpoint_needs_certificates(base: dict[str, Any]) -> None:
    """Nothing is spoken in plaintext over a network."""
    assert [
        (
            "directory_certificate (KRUISPUNT_IDENTITY_DIRECTORY_CERTIFICATE): is required with directory_endpoint: "
            "plaintext is spoken to a loopback host only"
        )
    ] == faults(base, directory_endpoint="directory.example:8442")


def test_every_fault_of_a_peer_is_told_at_once(base: dict[str, Any], certificates: Path) -> None:
    """A line each: half a set of files, a contradiction, a folder that is not there, peppers for all to read."""
    peppers = certificates / "peppers"
    peppers.write_text("")
    peppers.chmod(0o644)

    assert [
        (
            "directory_authority (KRUISPUNT_IDENTITY_DIRECTORY_AUTHORITY): stands together with directory_certificate, "
            "or neither does"
        ),
        "directory_key (KRUISPUNT_IDENTITY_DIRECTORY_KEY): stands together with directory_certificate, or neither does",
        "national_register_file (KRUISPUNT_IDENTITY_NATIONAL_REGISTER_FILE): lies in a folder that does not exist",
        f"pepper_file (KRUISPUNT_IDENTITY_PEPPER_FILE): {peppers} must be readable by its owner only (chmod 600)",
        "without_directory (KRUISPUNT_IDENTITY_WITHOUT_DIRECTORY): contradicts directory_endpoint",
    ] == faults(
        base,
        directory_endpoint="127.0.0.1:8442",
        directory_certificate=certificates / "clients/one.crt",
        without_directory=True,
        national_register_file=certificates / "nowhere/national.db",
        pepper_file=peppers,
    )


def test_files_without_an_endpoint_are_a_fault(base: dict[str, Any], certificates: Path) -> None:
    """Somebody meant to say where, and did not."""
    assert [
        "directory_authority (KRUISPUNT_IDENTITY_DIRECTORY_AUTHORITY): is of no use without directory_endpoint"
    ] == faults(base, directory_authority=certificates / "ca.crt")


def test_a_key_of_another_certificate_is_a_fault(base: dict[str, Any], certificates: Path) -> None:
    """Told at start, not at the first call."""
    (fault,) = faults(
        base,
        directory_endpoint="directory.example:8442",
        directory_certificate=certificates / "clients/one.crt",
        directory_key=certificates / "clients/other.key",
        directory_authority=certificates / "ca.crt",
    )

    assert "directory_authority" in fault
    assert "certificate and key do not belong together" in fault


@pytest.mark.parametrize("endpoint", ["directory", "https://directory.example:8442", "a b:1", ":8442"])
def test_an_endpoint_is_host_and_port(base: dict[str, Any], endpoint: str) -> None:
    """Nothing else."""
    (fault,) = faults(base, directory_endpoint=endpoint)

    assert fault.startswith("directory_endpoint (KRUISPUNT_IDENTITY_DIRECTORY_ENDPOINT): ")
