"""Profiles: endpoint, certificates and purpose by name."""

from pathlib import Path

import pytest

from kruispunt import DirectoryClient, IdentityClient, InstitutionRef, ProfileError, Purpose, load_profile

TEXT = """
[default]
endpoint = "localhost:1"
legal_basis = "18/042"
end_user = "batch"
case = "nightly"

[institution-17-1]
endpoint = "localhost:2"
ca = "ca.pem"
certificate = "c.pem"
key = "c.key"
institution = "17/1"
"""


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(TEXT)
    monkeypatch.setenv("KRUISPUNT_PROFILES", str(path))
    return path


def test_profile_is_found_where_the_environment_says(profiles: Path) -> None:
    """The file is that of `$KRUISPUNT_PROFILES`, and paths in it are relative to it."""
    profile = load_profile("institution-17-1")

    assert "localhost:2" == profile.endpoint
    assert profiles.parent / "ca.pem" == profile.ca
    assert InstitutionRef(17, 1) == profile.institution


def test_client_is_made_from_a_profile(profiles: Path) -> None:
    """A name is enough for a client."""
    with DirectoryClient.from_profile() as client:
        assert isinstance(client, DirectoryClient)


def test_what_is_given_goes_before_what_the_profile_says(profiles: Path) -> None:
    """The purpose is put together part by part."""
    assert Purpose("18/042", "clerk", "nightly") == load_profile().purpose(end_user="clerk")


def test_purpose_must_be_whole(profiles: Path) -> None:
    """A part given nowhere is named."""
    with pytest.raises(ProfileError, match="end_user, case"):
        load_profile("institution-17-1").purpose(legal_basis="18/042")


def test_missing_certificate_is_named(profiles: Path) -> None:
    """A file that is not there is said to be so."""
    with pytest.raises(ProfileError, match=r"cannot read .*ca\.pem"):
        load_profile("institution-17-1").certificates()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[default", "no TOML"),
        ("[default]\nca = 'x'", "no endpoint"),
        ("[default]\nendpoint = 'x:1'\nport = '3'", "unknown settings: port"),
        ("[default]\nendpoint = 'x:1'\ncase = 3", "every setting is a text"),
        ("[default]\nendpoint = 'x:1'\ninstitution = '17'", "sector/institution"),
        ("[other]\nendpoint = 'x:1'", "no profile 'default'.*there are: other;.*KRUISPUNT_PROFILE"),
    ],
)
def test_wrong_file_says_what_is_wrong(profiles: Path, text: str, expected: str) -> None:
    """Each fault of the file has its own sentence."""
    profiles.write_text(text)

    with pytest.raises(ProfileError, match=expected):
        load_profile()


def test_absent_file_says_where_it_was_looked_for(profiles: Path) -> None:
    """The path is told, and why the playground's may be gone."""
    profiles.unlink()

    with pytest.raises(ProfileError, match=r"profiles\.toml; .*does make run still serve\?"):
        load_profile()


def test_fault_of_another_profile_does_not_matter(profiles: Path) -> None:
    """One that has no endpoint is told when it is asked for, and spoils no other."""
    profiles.write_text(TEXT + "\n[half-written]\nca = 'x'\n")

    assert "localhost:1" == load_profile().endpoint
    with pytest.raises(ProfileError, match="profile half-written has no endpoint"):
        load_profile("half-written")


def test_one_profile_serves_both_clients(profiles: Path) -> None:
    """`identity_endpoint` is where identity is; without it the client of identity says what is missing."""
    profiles.write_text(TEXT.replace('"localhost:1"', '"localhost:1"\nidentity_endpoint = "localhost:3"'))

    assert "localhost:3" == load_profile().identity_endpoint
    with IdentityClient.from_profile() as client:
        assert isinstance(client, IdentityClient)
    with pytest.raises(ProfileError, match="profile institution-17-1 has no identity_endpoint"):
        IdentityClient.from_profile("institution-17-1", purpose=Purpose("1", "2", "3"))
