"""The public keys of an issuer, as a JSON Web Key Set (RFC 7517), and what is told by tokens that they signed.

A key decides by its kind which algorithm a token must have been signed with, never the token: neither "none", nor a
public key taken for a shared secret, can pass.
"""

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from kruispunt_server.bearer.refusal import UnacceptableTokenError

_LONGEST: Final = 8192
_LEAST_RSA_BITS: Final = 2048
_MOST_KEYS: Final = 100
_REMEMBERED: Final = 2048


class KeySetError(Exception):
    """The text is no set of keys that can be used: says why."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What every token must say.

    Attributes:
        issuer: "iss", to the letter.
        audience: among "aud".
        institution_claim: name of the claim that holds the institution.
    """

    issuer: str
    audience: str
    institution_claim: str = "kruispunt_institution"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, its signature, issuer and audience verified; its time is not.

    Attributes:
        subject: "sub".
        institution: such as "5/1".
        begin: "nbf" in Unix seconds; none: at once.
        end: "exp" in Unix seconds.
        certificate: base64url of the SHA-256 of the only certificate it goes with ("cnf", RFC 8705); empty: any of
            the institution.
    """

    subject: str
    institution: str
    begin: float | None
    end: float
    certificate: str


class KeySet:
    """Verifies tokens; remembers those that were good.

    Args:
        text: of the set, JSON. Keys that are of no use here are passed over.
        expected: what every token must say.

    Raises:
        KeySetError: it is none, or holds no key for RS256, ES256 or EdDSA.
    """

    def __init__(self, text: bytes, expected: Expected) -> None:
        self._expected = expected
        self._keys = _keys(text)
        self.claims = functools.lru_cache(_REMEMBERED)(self._claims)

    def _claims(self, token: str) -> Claims:
        """Return what a token says; raises UnacceptableTokenError."""
        if len(token) > _LONGEST:
            raise UnacceptableTokenError("size")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise UnacceptableTokenError("form") from None
        if "crit" in header:  # it asks for what we do not know
            raise UnacceptableTokenError("crit")
        algorithm, key = self._key(header.get("kid"))
        if header.get("alg") != algorithm:
            raise UnacceptableTokenError("algorithm")
        try:
            said = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._expected.issuer,
                audience=self._expected.audience,
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    # By the registry's own clock, at every call.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError as error:
            raise UnacceptableTokenError(_CHECKS.get(type(error), "form")) from None
        return self._read(said)

    def _key(self, kid: Any) -> tuple[str, Any]:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        found = self._keys.get(kid) if isinstance(kid, str) else None
        if found is None:
            raise UnacceptableTokenError("key")
        return found

    def _read(self, said: Mapping[str, Any]) -> Claims:
        subject, institution = said["sub"], said.get(self._expected.institution_claim)
        if not isinstance(subject, str) or not subject:
            raise UnacceptableTokenError("subject")
        if not isinstance(institution, str) or not institution:
            raise UnacceptableTokenError("institution")
        begin = _instant(said["nbf"]) if "nbf" in said else None
        return Claims(subject, institution, begin, _instant(said["exp"]), _certificate(said))


_CHECKS: Final[dict[type[Exception], str]] = {
    jwt.InvalidSignatureError: "signature",
    jwt.InvalidIssuerError: "issuer",
    jwt.InvalidAudienceError: "audience",
    jwt.InvalidAlgorithmError: "algorithm",
    jwt.MissingRequiredClaimError: "claims",
}


def _instant(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnacceptableTokenError("time")
    return float(value)


def _certificate(said: Mapping[str, Any]) -> str:
    bound = said.get("cnf")
    if bound is None:
        return ""
    if not isinstance(bound, dict) or set(bound) != {"x5t#S256"} or not isinstance(bound["x5t#S256"], str):
        raise UnacceptableTokenError("confirmation")  # bound to something that we cannot see
    return bound["x5t#S256"]


def _keys(text: bytes) -> dict[str | None, tuple[str, Any]]:
    """Return the usable keys of a set and the algorithm of each, by "kid"."""
    try:
        listed = json.loads(text)["keys"]
    except (ValueError, KeyError, TypeError):
        raise KeySetError('it is no JSON of the form {"keys": […]}') from None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise KeySetError(f"it is a list of at most {_MOST_KEYS} keys")
    found: dict[str | None, tuple[str, Any]] = {}
    for each in listed:
        usable = _usable(each)
        if usable is None:
            continue
        kid = each.get("kid")
        if kid in found:
            raise KeySetError("two keys have the same kid")
        found[kid] = usable
    if not found:
        raise KeySetError("it has no public key for RS256 (2048 bits or more), ES256 or EdDSA (Ed25519)")
    return found


def _usable(entry: Any) -> tuple[str, Any] | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid", ""), str):
        return None
    try:
        key = jwt.PyJWK(entry).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    algorithm = None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS:
        algorithm = "RS256"
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        algorithm = "ES256"
    elif isinstance(key, ed25519.Ed25519PublicKey):
        algorithm = "EdDSA"
    if algorithm is None or entry.get("alg", algorithm) != algorithm or entry.get("use", "sig") != "sig":
        return None
    return algorithm, key
