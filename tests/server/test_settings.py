"""Settings are checked at start, all faults at once."""

from pathlib import Path

import pytest

from kruispunt_directory.settings import DirectorySettings
from kruispunt_identity.settings import IdentitySettings
from kruispunt_server.settings import SettingsError


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("s" * 32)
    return path


def test_every_fault_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A line each, with the name of the setting and of its variable, and without a value."""
    short, config = tmp_path / "short", tmp_path / "directory.toml"
    short.write_text("s" * 31)
    config.write_text(f'secret_file = "{short}"\nworkers = "many"\ncolour = "red"\n')
    monkeypatch.setenv("KRUISPUNT_DIRECTORY_HOST", "0.0.0.0")
    monkeypatch.setenv("KRUISPUNT_DIRECTORY_PLAINTEXT_PARTICIPANT", "myself")
    monkeypatch.setenv("KRUISPUNT_DIRECTORY_PORT", "99999")
    monkeypatch.setenv("KRUISPUNT_DIRECTORY_TLS_KEY", "/nowhere/key")
    monkeypatch.setenv("KRUISPUNT_DIRECTORY_PROT", "1")

    with pytest.raises(SettingsError) as caught:
        DirectorySettings.load(config)

    assert [
        "KRUISPUNT_DIRECTORY_PROT: there is no such setting",
        "colour (KRUISPUNT_DIRECTORY_COLOUR): Extra inputs are not permitted",
        "database_url (KRUISPUNT_DIRECTORY_DATABASE_URL): Field required",
        "plaintext_participant (KRUISPUNT_DIRECTORY_PLAINTEXT_PARTICIPANT): plaintext is allowed on a loopback host only",
        "port (KRUISPUNT_DIRECTORY_PORT): Input should be less than or equal to 65535",
        "secret_file (KRUISPUNT_DIRECTORY_SECRET_FILE): holds less than 32 bytes",
        "tls_key (KRUISPUNT_DIRECTORY_TLS_KEY): Path does not point to a file",
        "workers (KRUISPUNT_DIRECTORY_WORKERS): Input should be a valid integer, unable to parse string as an integer",
    ] == sorted(caught.value.faults)


def test_without_plaintext_all_of_tls_is_required(secret: Path):
    """Nothing is served half protected."""
    with pytest.raises(SettingsError) as caught:
        IdentitySettings.load(secret_file=secret, database_url="sqlite:////nowhere")

    assert [
        "tls_authority (KRUISPUNT_IDENTITY_TLS_AUTHORITY): is required for mutual TLS",
        "tls_certificate (KRUISPUNT_IDENTITY_TLS_CERTIFICATE): is required for mutual TLS",
        "tls_key (KRUISPUNT_IDENTITY_TLS_KEY): is required for mutual TLS",
    ] == sorted(caught.value.faults)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_plaintext_on_loopback_is_allowed_by_name(secret: Path, host: str):
    """The name is that of a participant."""
    settings = DirectorySettings.load(
        secret_file=secret, database_url="sqlite:////nowhere", host=host, plaintext_participant="myself"
    )

    assert ("myself", 8442) == (settings.plaintext_participant, settings.port)


def test_the_environment_wins_over_the_file(secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """So that one file serves several hosts."""
    config = tmp_path / "directory.toml"
    config.write_text(
        f'secret_file = "{secret}"\ndatabase_url = "sqlite:////a"\nplaintext_participant = "me"\nworkers = 3\nthreads = 5\n'
    )
    monkeypatch.setenv("KRUISPUNT_DIRECTORY_WORKERS", "4")

    settings = DirectorySettings.load(config)

    assert (4, 5) == (settings.workers, settings.threads)


def test_a_missing_file_is_a_fault_like_another():
    """Beside those of the settings."""
    with pytest.raises(SettingsError) as caught:
        DirectorySettings.load(Path("/nowhere/directory.toml"))

    assert "--config: there is no file /nowhere/directory.toml" == caught.value.faults[0]
    assert len(caught.value.faults) > 1


def test_a_file_that_is_no_toml_is_a_fault(tmp_path: Path):
    """Not a traceback."""
    config = tmp_path / "directory.toml"
    config.write_text("workers = \n")

    with pytest.raises(SettingsError, match="--config: "):
        DirectorySettings.load(config)


def test_every_setting_says_what_it_is_for():
    """The table in the documentation is made of it."""
    silent = [
        name
        for settings in (DirectorySettings, IdentitySettings)
        for name, field in settings.model_fields.items()
        if not field.description
    ]

    assert [] == silent


def test_a_password_is_not_shown(secret: Path):
    """Neither is the rest of the database's address."""
    settings = DirectorySettings.load(
        secret_file=secret, database_url="postgresql://me:hunter2@host/name", plaintext_participant="me"
    )

    assert "hunter2" not in repr(settings)


def test_standbys_are_servers_of_postgresql_one_each(secret: Path):
    """What was heard from one connection would say nothing of another, were there several behind an address."""
    given = {"secret_file": secret, "plaintext_participant": "myself"}
    several = [
        "postgresql://a,b/name",
        "postgresql://user:p@/name?host=a&host=b",
        "postgresql://a/n?host=b,c",
    ]
    for url in several:
        with pytest.raises(SettingsError) as caught:
            DirectorySettings.load(**given, database_url="postgresql://a/name", standby_urls=[url])
        assert [
            "standby_urls (KRUISPUNT_DIRECTORY_STANDBY_URLS): each names one server; several are several entries"
        ] == caught.value.faults
    with pytest.raises(SettingsError) as caught:
        DirectorySettings.load(
            **given, database_url="sqlite:////tmp/x", standby_urls=["postgresql://a:5433/name"]
        )
    assert [
        "standby_urls (KRUISPUNT_DIRECTORY_STANDBY_URLS): only PostgreSQL has standbys"
    ] == caught.value.faults


def test_standbys_are_read_from_the_environment_as_a_list(secret: Path, monkeypatch: pytest.MonkeyPatch):
    """As JSON."""
    monkeypatch.setenv(
        "KRUISPUNT_DIRECTORY_STANDBY_URLS", '["postgresql://u@b:5433/n", "postgresql://u@c/n"]'
    )

    settings = DirectorySettings.load(
        secret_file=secret, plaintext_participant="myself", database_url="postgresql://u@a/n"
    )

    assert ("postgresql://u@b:5433/n", "postgresql://u@c/n") == settings.standby_urls
