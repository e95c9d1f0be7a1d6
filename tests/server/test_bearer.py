"""Bearer tokens beside certificates, over mutual TLS: what is forged, stale, foreign or replayed is refused."""

import base64
import dataclasses
import datetime as dt
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_directory.settings import DirectorySettings
from kruispunt_server.bearer.key_set import Expected, KeySet, KeySetError
from kruispunt_server.bearer.key_source import KeySource, file_reader, url_reader
from kruispunt_server.bearer.tokens import BearerTokens
from kruispunt_server.call import InstitutionKey, Participant
from kruispunt_server.events import Events
from kruispunt_server.settings import SettingsError

from .conftest import NAME, NOON, OFFICE, PURPOSE, Served, refusal_of, serve

ISSUER, AUDIENCE = "https://login.example", "https://registry.example"
EXPECTED = Expected(ISSUER, AUDIENCE)
RSA = rsa.generate_private_key(65537, 2048)
KEYS: dict[str, Any] = {
    "RS256": RSA,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
PUBLIC = RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
WORK = Participant("work-office", OFFICE.roles, InstitutionKey(18, 1))


def at(seconds: float) -> int:
    """Return an instant from noon, as claims have it."""
    return int(NOON.timestamp() + seconds)


def jwk(key: Any, **more: Any) -> dict[str, Any]:
    """Return the public part of a key."""
    kinds = {
        rsa.RSAPrivateKey: "RS256",
        ec.EllipticCurvePrivateKey: "ES256",
        ed25519.Ed25519PrivateKey: "EdDSA",
    }
    name = next(name for kind, name in kinds.items() if isinstance(key, kind))
    return {**json.loads(get_default_algorithms()[name].to_jwk(key.public_key())), **more}


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys or [jwk(key, kid=name) for name, key in KEYS.items()]}).encode()


def claims(**more: Any) -> dict[str, Any]:
    """Return the claims of a good token; none: left out."""
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "clerk-7",
        "exp": at(300),
        "nbf": at(-10),
        "kruispunt_institution": "5/1",
        **more,
    }
    return {name: value for name, value in good.items() if value is not None}


def token(
    algorithm: str = "RS256", *, key: Any = None, header: dict[str, Any] | None = None, **more: Any
) -> str:
    """Return a signed token."""
    return jwt.encode(
        claims(**more), key or KEYS[algorithm], algorithm, headers={"kid": algorithm, **(header or {})}
    )


def raw(header: dict[str, Any], sign: Callable[[bytes], bytes] = lambda _: b"") -> str:
    """Return a token as no library would make it."""

    def coded(part: bytes) -> bytes:
        return base64.urlsafe_b64encode(part).rstrip(b"=")

    signed = coded(json.dumps(header).encode()) + b"." + coded(json.dumps(claims()).encode())
    return (signed + b"." + coded(sign(signed))).decode()


def thumbprint(served: Served, client: str) -> str:
    pem = (served.folder / "clients" / f"{client}.crt").read_text()
    return (
        base64.urlsafe_b64encode(hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()).rstrip(b"=").decode()
    )


def bearing(value: str | None) -> tuple[tuple[str, str], ...]:
    return PURPOSE if value is None else (*PURPOSE, ("authorization", f"Bearer {value}"))


def serving(authority: Path, tmp_path: Path, *, required: bool) -> Iterator[Served]:
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set())

    def bearer(events: Events) -> BearerTokens:
        keys = KeySource(file_reader(file), EXPECTED, events, every_s=0.1)
        keys.refresh()
        return BearerTokens(keys, 30.0, events, required=required)

    for served in serve(authority, bearer=bearer):
        served.participants.found["spiffe://test/participant/work-office"] = WORK
        yield served


@pytest.fixture
def strict(authority: Path, tmp_path: Path) -> Iterator[Served]:
    """A server that requires tokens."""
    yield from serving(authority, tmp_path, required=True)


@pytest.fixture
def lenient(authority: Path, tmp_path: Path) -> Iterator[Served]:
    """A server that looks at tokens, and requires none."""
    yield from serving(authority, tmp_path, required=False)


def check_of(served: Served, value: str | None, **options: Any) -> str:
    """Call with a token that must be refused; return which check failed, as only the log has it."""
    refusal = served.refused(metadata=bearing(value), **options)
    assert (
        grpc.StatusCode.UNAUTHENTICATED,
        "TOKEN_REFUSED",
        "authorization",
        "the bearer token is missing, or not accepted with this certificate and purpose",
    ) == (refusal.code, refusal.reason, refusal.metadata.get("field"), refusal.text)
    assert [] == served.journal.kept
    return str([line["check"] for line in served.lines() if line["event"] == "token_refused"][-1])


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_good_token_is_accepted(strict: Served, algorithm: str):
    """Of each kind of key; the second time from memory."""
    good = token(algorithm)

    assert [b"\x18\x01"] * 2 == [strict.call(metadata=bearing(good)) for _ in range(2)]
    assert good not in strict.log.getvalue()


def test_a_token_that_is_sent_again_and_again_does_not_fill_the_log(strict: Served):
    """The first refusal of a participant for a failed check is told at once, those of the next ten seconds later, as one."""
    for _ in range(5):
        check_of(strict, token(exp=at(-31)))
    other = check_of(strict, token(aud="https://other.example"))

    told = [(line["check"], line["count"]) for line in strict.lines() if line["event"] == "token_refused"]
    assert ("audience", [("expired", 1), ("audience", 1)]) == (other, told)


FORGED: dict[str, tuple[str, str]] = {
    "signed by another key": (token(key=rsa.generate_private_key(65537, 2048)), "signature"),
    "changed": (token()[:-8] + "AAAAAAAA", "signature"),
    "alg none": (raw({"alg": "none", "kid": "RS256"}), "algorithm"),
    "alg None": (raw({"alg": "None", "kid": "RS256"}), "algorithm"),
    "HS256 with the public key": (
        raw({"alg": "HS256", "kid": "RS256"}, lambda part: hmac.digest(PUBLIC, part, "sha256")),
        "algorithm",
    ),
    "an algorithm that is not taken": (token("RS256", header={"alg": "RS512"}), "algorithm"),
    "the algorithm of another key": (token("ES256", header={"kid": "RS256"}), "algorithm"),
    "a key that is not known": (token(header={"kid": "other"}), "key"),
    "no key named among several": (raw({"alg": "RS256"}), "key"),
    "its own key": (raw({"alg": "RS256", "jwk": jwk(RSA)}), "key"),
    "critical header": (raw({"alg": "RS256", "kid": "RS256", "crit": ["b64"], "b64": True}), "crit"),
    "critical header that nobody knows": (
        raw({"alg": "RS256", "kid": "RS256", "crit": ["x"], "x": 1}),
        "form",
    ),
    "expired": (token(exp=at(-31)), "expired"),
    "not yet valid": (token(nbf=at(31)), "not yet valid"),
    "no end": (token(exp=None), "claims"),
    "an end that is none": (token(exp=float("nan")), "time"),
    "an end that is true": (token(exp=True), "time"),
    "another issuer": (token(iss="https://other.example"), "issuer"),
    "no issuer": (token(iss=None), "claims"),
    "another audience": (token(aud="https://other.example"), "audience"),
    "no audience": (token(aud=None), "claims"),
    "another institution": (token(kruispunt_institution="18/1"), "institution"),
    "no institution": (token(kruispunt_institution=None), "institution"),
    "several institutions": (token(kruispunt_institution=["5/1", "18/1"]), "institution"),
    "another end user": (token(sub="clerk-8"), "subject"),
    "no end user": (token(sub=None), "claims"),
    "bound to another certificate": (token(cnf={"x5t#S256": "AAAA"}), "confirmation"),
    "bound to a key that nobody shows": (token(cnf={"jkt": "AAAA"}), "confirmation"),
    "no token": ("nonsense", "form"),
    "empty": ("", "form"),
    "too long": ("a" * 8193, "size"),
}


@pytest.mark.parametrize(("given", "check"), FORGED.values(), ids=FORGED.keys())
def test_a_token_that_is_not_good_is_refused(strict: Served, given: str, check: str):
    """The caller is told one sentence, whichever check failed; the log tells which."""
    assert check == check_of(strict, given)


@pytest.mark.parametrize("given", ["Basic dXNlcjpwYXNz", token(), "Bearer"], ids=["basic", "bare", "alone"])
def test_another_scheme_is_refused(strict: Served, given: str):
    """Nothing else is taken for a token."""
    refusal = strict.refused(metadata=(*PURPOSE, ("authorization", given)))

    assert "TOKEN_REFUSED" == refusal.reason


def test_two_tokens_are_refused(strict: Served):
    """It would be open which counts."""
    assert (
        "TOKEN_REFUSED"
        == strict.refused(metadata=(*bearing(token()), ("authorization", f"Bearer {token()}"))).reason
    )


def test_clocks_may_differ_a_little(strict: Served):
    """By the leeway, on either side."""
    for good in (token(exp=at(-29)), token(nbf=at(29))):
        assert b"\x18\x01" == strict.call(metadata=bearing(good))


def test_a_token_is_of_no_use_with_another_certificate(strict: Served):
    """Replayed by another institution; and one that is bound to a certificate, by the institution's other one."""
    stolen, bound = token(), token(cnf={"x5t#S256": thumbprint(strict, "pension-office")})
    assert "institution" == check_of(strict, stolen, client="work-office")
    assert "confirmation" == check_of(strict, bound, client="pension-office-renewed")

    assert b"\x18\x01" == strict.call(metadata=bearing(bound))


def test_without_a_token_a_call_is_refused_only_if_one_is_required(strict: Served, lenient: Served):
    """A token that is brought must be good in either case; the registry's own services bring none."""
    assert "absent" == check_of(strict, None)
    assert "expired" == check_of(lenient, token(exp=at(-60)))
    assert b"\x18\x01" == lenient.call()
    assert b"" == strict.call("GetCoverage", metadata=())
    strict.participants.found["spiffe://test/participant/pension-office"] = dataclasses.replace(
        OFFICE, institution=None
    )
    assert b"\x18\x01" == strict.call()


def test_a_remembered_token_expires_too(strict: Served):
    """Its signature is remembered, its time is not."""
    good = token(exp=at(10))
    strict.call(metadata=bearing(good))
    strict.journal.kept.clear()
    strict.edge.clock.advance(dt.timedelta(seconds=41))

    assert "expired" == check_of(strict, good)


def test_a_stream_ends_with_its_token(strict: Served):
    """The next message is refused, so that a stream does not outlive what opened it."""
    expired = threading.Event()

    def requests() -> Iterator[bytes]:
        yield pb.ResolveDossiersRequest(chunk=1).SerializeToString()
        expired.wait(5)
        yield pb.ResolveDossiersRequest(chunk=2).SerializeToString()

    invoke = strict.channel().stream_stream(f"/{NAME}/ResolveDossiers")
    answers = invoke(requests(), metadata=bearing(token(exp=at(10))), timeout=5)
    next(answers)
    strict.edge.clock.advance(dt.timedelta(seconds=41))
    expired.set()
    with pytest.raises(grpc.RpcError) as caught:
        next(answers)

    assert "TOKEN_REFUSED" == refusal_of(caught.value).reason
    assert [1] == [look.person for look in strict.journal.kept]


def test_where_no_issuer_is_set_tokens_are_not_looked_at(served: Served):
    """Off by default."""
    assert b"\x18\x01" == served.call(metadata=bearing("nonsense"))


def source(read: Callable[[], bytes], events: Events | None = None) -> KeySource:
    return KeySource(read, EXPECTED, events or Events(strict=True), every_s=0.05)


def wait_until(condition: Callable[[], bool]) -> None:
    latest = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < latest
        time.sleep(0.02)


def test_keys_are_exchanged_live_and_garbage_changes_nothing(tmp_path: Path):
    """A key that was taken out counts no longer."""
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set())
    keys = source(file_reader(file))
    keys.start()
    try:
        wait_until(lambda: keys.current is not None)
        first = keys.current
        assert first is not None
        first.claims(token("RS256"))
        file.write_bytes(b"garbage")
        time.sleep(0.2)
        assert first is keys.current
        file.write_bytes(key_set(jwk(KEYS["ES256"], kid="ES256")))
        wait_until(lambda: keys.current is not first)
        assert keys.current is not None
        with pytest.raises(Exception, match="key"):
            keys.current.claims(token("RS256"))
        keys.current.claims(token("ES256"))
    finally:
        keys.stop()


@pytest.fixture
def address() -> Iterator[tuple[str, list[str]]]:
    """An address that serves keys, and another that leads there; with what was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path != "/keys":
                self.send_response(302)
                self.send_header("Location", "/keys")
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(key_set())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_keys_are_fetched_beside_the_calls(address: tuple[str, list[str]]):
    """And no redirect is followed."""
    base, asked = address
    keys = source(url_reader(f"{base}/keys"))
    keys.start()
    wait_until(lambda: keys.current is not None)
    keys.stop()
    led_astray = source(url_reader(f"{base}/elsewhere"))
    led_astray.refresh()

    assert led_astray.current is None
    assert "/elsewhere" == asked[-1]


def test_until_keys_are_there_every_token_is_refused(authority: Path):
    """Rather than let in; the address is not asked by the call."""

    def bearer(events: Events) -> BearerTokens:
        def away() -> bytes:
            raise OSError

        keys = source(away, events)
        keys.refresh()
        return BearerTokens(keys, 30.0, events, required=True)

    for served in serve(authority, bearer=bearer):
        assert "no keys yet" == check_of(served, token())
        assert ["OSError"] == [
            line["exception"] for line in served.lines() if line["event"] == "token_keys_unreadable"
        ]


UNUSABLE = {
    "no JSON": b"{",
    "no set": b"[]",
    "empty": b'{"keys": []}',
    "a shared secret": key_set({"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "1"}),
    "a private key": key_set(json.loads(get_default_algorithms()["RS256"].to_jwk(RSA))),
    "a short key": key_set(jwk(rsa.generate_private_key(65537, 1024))),
    "another curve": key_set(jwk(ec.generate_private_key(ec.SECP384R1()))),
    "for encryption": key_set(jwk(RSA, use="enc")),
    "for another algorithm": key_set(jwk(RSA, alg="RS512")),
    "two of one name": key_set(jwk(RSA, kid="1"), jwk(KEYS["ES256"], kid="1")),
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_set_without_a_usable_key_is_none(text: bytes):
    """Nothing in it can verify a token that we take."""
    with pytest.raises(KeySetError):
        KeySet(text, EXPECTED)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"oidc_issuer": ISSUER, "oidc_jwks_url": "https://login.example/keys"}, "oidc_audience"),
        ({"oidc_audience": AUDIENCE}, "oidc_audience"),
        ({"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE}, "oidc_jwks_url"),
        ({"oidc_jwks_url": "https://login.example/keys"}, "oidc_jwks_url"),
        (
            {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks_url": "http://login.example/keys"},
            "oidc_jwks_url",
        ),
        ({"oidc_required": True}, "oidc_required"),
    ],
)
def test_half_of_the_settings_are_a_fault(tmp_path: Path, given: dict[str, Any], fault: str):
    """So that nobody believes that tokens are checked when they are not."""
    secret = tmp_path / "secret"
    secret.write_text("s" * 32)
    with pytest.raises(SettingsError) as caught:
        DirectorySettings.load(
            secret_file=secret, database_url="sqlite:////x", plaintext_participant="me", **given
        )

    assert [fault] == [line.split(" ")[0] for line in caught.value.faults]
