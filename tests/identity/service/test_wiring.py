"""What the identity server refuses to start without."""

from pathlib import Path

import pytest

from kruispunt_identity.settings import IdentitySettings
from kruispunt_identity.wiring import wire
from kruispunt_server.assembly import Telemetry
from kruispunt_server.credentials import CredentialsError
from kruispunt_server.events import Events


def test_a_server_without_the_pepper_of_its_keys_does_not_start(
    identity_sqlite_url: str, tmp_path: Path
) -> None:
    """Else every search would fail later; the refusal names the setting and the command."""
    secret, peppers = tmp_path / "secret", tmp_path / "peppers.toml"
    secret.write_bytes(b"s" * 32)
    peppers.touch(mode=0o600)
    settings = IdentitySettings(
        database_url=identity_sqlite_url,
        plaintext_participant="nobody",
        secret_file=secret,
        pepper_file=peppers,
    )

    with pytest.raises(CredentialsError, match=r"^pepper_file: .+ rebuild-keys --rotate-pepper writes one$"):
        wire(settings, Telemetry(Events("identity")))
