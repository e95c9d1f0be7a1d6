"""The client shows its certificate, and trusts only the authority it was given."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.clients.registry_stand_in import ANNA, Script, route, serving

from kruispunt import ClientCertificates, DirectoryClient, KruispuntError, Profile, ProfileError, Purpose
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_server import pki

NAME = "spiffe://sandbox.kruispunt.example/institution/17/1"


class NameNoter:
    """Answers routes, and notes by the certificate who asked."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def answer(self, _request: object, context: grpc.ServicerContext) -> pb.GetRouteResponse:
        names: Any = context.auth_context()["x509_subject_alternative_name"]
        self.names += [name.decode() for name in names]
        return route(allowed=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    pki.make_authority(folder)
    pki.issue_server(folder)
    pki.issue_client(folder, "institution-17-1", NAME)
    return folder


@pytest.fixture
def noter() -> NameNoter:
    return NameNoter()


@pytest.fixture
def script(noter: NameNoter) -> Script:
    script = Script()
    script.on("GetRoute", noter.answer)
    return script


@pytest.fixture
def endpoint(folder: Path, script: Script) -> Iterator[str]:
    pair = ((folder / "server.key").read_bytes(), (folder / "server.crt").read_bytes())
    authority = (folder / "ca.crt").read_bytes()
    credentials = grpc.ssl_server_credentials([pair], authority, require_client_auth=True)
    with serving(script, credentials=credentials) as endpoint:
        yield endpoint


def profile(folder: Path, endpoint: str, ca: Path) -> Path:
    path = folder / "profiles.toml"
    path.write_text(
        f'[default]\nendpoint = "{endpoint}"\nca = "{ca}"\ncertificate = "clients/institution-17-1.crt"\n'
        'key = "clients/institution-17-1.key"\nlegal_basis = "18/042"\nend_user = "a"\ncase = "b"\n'
    )
    return path


def test_certificate_of_the_profile_is_shown(folder: Path, endpoint: str, noter: NameNoter) -> None:
    """The server sees the name in the certificate that the profile names."""
    with DirectoryClient.from_profile(path=profile(folder, endpoint, folder / "ca.crt")) as client:
        assert client.get_route(ANNA, "PENSION-RIGHTS").allowed

    assert [NAME] == noter.names


def test_server_of_another_authority_is_not_spoken_to(
    folder: Path, endpoint: str, noter: NameNoter, tmp_path: Path
) -> None:
    """A server whose certificate somebody else signed gets nothing to see."""
    other = pki.make_authority(tmp_path / "other")
    with (
        DirectoryClient.from_profile(
            path=profile(folder, endpoint, other.certificate), timeout_s=1.0
        ) as client,
        pytest.raises(KruispuntError, match="never connected to"),
    ):
        client.get_route(ANNA, "PENSION-RIGHTS")

    assert [] == noter.names


def test_certificate_of_another_authority_is_told(
    folder: Path, endpoint: str, noter: NameNoter, tmp_path: Path
) -> None:
    """Who is refused at the handshake is asked whether the certificate is of a trusted authority."""
    pki.make_authority(tmp_path)
    pki.issue_client(tmp_path, "stranger", NAME)
    certificates = ClientCertificates.from_files(
        folder / "ca.crt", tmp_path / "clients/stranger.crt", tmp_path / "clients/stranger.key"
    )
    with (
        DirectoryClient(
            endpoint, certificates=certificates, purpose=Purpose("1", "2", "3"), timeout_s=1.0
        ) as client,
        pytest.raises(KruispuntError, match="is your certificate of an authority that it trusts"),
    ):
        client.get_route(ANNA, "PENSION-RIGHTS")

    assert [] == noter.names


def test_key_of_another_certificate_is_refused_when_read(folder: Path, tmp_path: Path) -> None:
    """Certificate and key must belong together, which a handshake would tell too late and darkly."""
    pki.make_authority(tmp_path)
    pki.issue_client(tmp_path, "stranger", NAME)

    with pytest.raises(ValueError, match="certificate and key do not belong together"):
        ClientCertificates.from_files(
            folder / "ca.crt", folder / "clients/institution-17-1.crt", tmp_path / "clients/stranger.key"
        )


@pytest.mark.parametrize(
    ("broken", "expected"),
    [("ca", "authorities hold no certificate"), ("certificate", "PEM"), ("key", "PEM")],
)
def test_file_that_is_no_pem_is_refused_when_read(
    folder: Path, tmp_path: Path, broken: str, expected: str
) -> None:
    """A file of another form is a fault of the profile, told with its name."""
    files = {
        "ca": folder / "ca.crt",
        "certificate": folder / "clients/institution-17-1.crt",
        "key": folder / "clients/institution-17-1.key",
    }
    files[broken] = tmp_path / "no.pem"
    files[broken].write_text("nothing")

    with pytest.raises(ProfileError, match=f"profile mine: .*{expected}"):
        Profile("mine", "localhost:1", **files).certificates()


def test_key_is_not_shown(folder: Path) -> None:
    """Neither key nor certificate appears where a value is printed."""
    shown = repr(
        ClientCertificates.from_files(
            folder / "ca.crt",
            folder / "clients/institution-17-1.crt",
            folder / "clients/institution-17-1.key",
        )
    )

    assert "ClientCertificates()" == shown
