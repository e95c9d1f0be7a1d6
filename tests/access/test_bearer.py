"""The clients' `token`, with a directory that asks for one."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from tests.directory.service.conftest import NOON, PENSIONS, PURPOSE, WELFARE, Directory, serving_directory

from kruispunt import DirectoryClient, Profile, ProfileError, Ssin, TokenRefused, load_profile
from kruispunt.feeds import NOW

ANNA = Ssin.parse("85073003328")
KEY = ec.generate_private_key(ec.SECP256R1())
AUDIENCE = "https://registry.example"


def token(end: dt.datetime = NOON + dt.timedelta(minutes=5), sub: str = PURPOSE.end_user) -> str:
    claims = {
        "iss": "https://login.example",
        "aud": AUDIENCE,
        "sub": sub,
        "exp": int(end.timestamp()),
        "institution": "5/1",
    }
    return jwt.encode(claims, KEY, "ES256")


@pytest.fixture
def asking(database_url: str, sandbox_pki: Path, tmp_path: Path) -> Iterator[Directory]:
    """A directory that requires tokens."""
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [json.loads(ECAlgorithm.to_jwk(KEY.public_key()))]}))
    with serving_directory(
        database_url,
        sandbox_pki,
        oidc_issuer="https://login.example",
        oidc_audience=AUDIENCE,
        oidc_jwks_file=file,
        oidc_institution_claim="institution",
        oidc_required=True,
    ) as one:
        yield one


def client(asking: Directory, given: Any, participant: str = PENSIONS) -> DirectoryClient:
    one = DirectoryClient(
        asking.endpoint, certificates=asking.certificates(participant), purpose=PURPOSE, token=given
    )
    asking.clients.append(one)
    return one


def test_a_token_goes_with_every_call(asking: Directory) -> None:
    """As a text or as what returns one, in views too; calls and streams."""
    for given in (token(), token):
        one = client(asking, given)

        assert [] == list(one.list_dossiers(ANNA))
        assert [] == list(one.with_purpose(PURPOSE).list_dossiers(ANNA))
        assert [str(ANNA)] == [each.asked for each in one.resolve_dossiers([ANNA])]


@pytest.mark.parametrize("given", [None, token(sub="clerk-8")], ids=["none", "of another end user"])
def test_a_call_without_a_good_token_is_refused(asking: Directory, given: str | None) -> None:
    """By calls, streams and watches, and none is opened again and again."""
    one = client(asking, given)

    with pytest.raises(TokenRefused):
        list(one.list_dossiers(ANNA))
    with pytest.raises(TokenRefused):
        list(one.resolve_dossiers([ANNA]))
    with pytest.raises(TokenRefused):
        next(one.watch_notices(NOW, heartbeat_s=1, heartbeats=True))


def test_a_stolen_token_is_of_no_use(asking: Directory) -> None:
    """With the certificate of another institution."""
    with pytest.raises(TokenRefused):
        list(client(asking, token(), WELFARE).list_dossiers(ANNA))


def test_code_tables_need_no_token(asking: Directory) -> None:
    """They are nobody's data."""
    assert list(client(asking, None).knowledge.list_sectors())


def test_a_watch_goes_on_with_a_fresh_token(asking: Directory) -> None:
    """It ends with the token that opened it, and is opened again with the one of that moment."""
    asked: list[dt.datetime] = []

    def fresh() -> str:
        asked.append(asking.clock.now())
        return token(asking.clock.now() + dt.timedelta(minutes=5))

    watch = client(asking, fresh).watch_notices(NOW, heartbeat_s=1, heartbeats=True)
    next(watch)
    asking.clock.advance(dt.timedelta(minutes=6))
    for _ in range(6):
        next(watch)

    assert [NOON, NOON + dt.timedelta(minutes=6)] == asked


def test_a_watch_whose_token_stays_ends_with_it(asking: Directory) -> None:
    """Nobody can bring another."""
    watch = client(asking, token()).watch_notices(NOW, heartbeat_s=1, heartbeats=True)
    next(watch)
    asking.clock.advance(dt.timedelta(minutes=6))

    with pytest.raises(TokenRefused):
        for _ in watch:
            pass


def test_a_profile_names_a_file_that_is_kept_fresh(asking: Directory, tmp_path: Path) -> None:
    """It is read at each call."""
    file, clients = tmp_path / "token.jwt", asking.pki / "clients"
    (tmp_path / "profiles.toml").write_text(
        f'[default]\nendpoint = "{asking.endpoint}"\nca = "{asking.pki}/ca.crt"\n'
        f'certificate = "{clients}/{PENSIONS}.crt"\nkey = "{clients}/{PENSIONS}.key"\n'
        'legal_basis = "18/042"\nend_user = "clerk-7"\ncase = "2026/1"\ntoken_file = "token.jwt"\n'
    )
    with DirectoryClient.from_profile(path=tmp_path / "profiles.toml") as one:
        with pytest.raises(ProfileError, match="cannot read the bearer token"):
            list(one.list_dossiers(ANNA))
        file.write_text(token() + "\n")
        assert [] == list(one.list_dossiers(ANNA))
        file.write_text("nonsense")
        with pytest.raises(TokenRefused):
            list(one.list_dossiers(ANNA))


def test_a_token_is_not_shown(tmp_path: Path) -> None:
    """Neither in a profile that is printed, nor in what is said of a faulty one."""
    (tmp_path / "profiles.toml").write_text(
        '[one]\nendpoint = "x:1"\ntoken = "c2VjcmV0"\n\n[two]\nendpoint = "x:1"\ntoken = "c2VjcmV0"\ntoken_file = "t"\n'
    )

    profile = load_profile("one", tmp_path / "profiles.toml")

    assert (Profile, "c2VjcmV0") == (type(profile), profile.token)
    assert "c2VjcmV0" not in repr(profile)
    with pytest.raises(ProfileError) as caught:
        load_profile("two", tmp_path / "profiles.toml")
    assert "c2VjcmV0" not in str(caught.value)
