"""Whose signatures count: keys known from outside the database, and those that they vouch for, step by step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kruispunt.signed_heads import endorsement_text, key_id_of


@dataclass(frozen=True, slots=True)
class WrittenKey:
    """A public key as the database has it.

    Attributes:
        key_id: names it.
        public_key: 32 bytes.
        endorsed_by: the key that vouches for it; none: none does.
        endorsement: its signature.
    """

    key_id: str
    public_key: bytes
    endorsed_by: str | None
    endorsement: bytes | None


class TrustedKeys:
    """Checks signatures of heads.

    Args:
        anchors: public keys of 32 bytes, known from elsewhere than the database.
        written: the keys of the database, in the order in which they were first used.
    """

    def __init__(self, anchors: Iterable[bytes], written: Sequence[WrittenKey]) -> None:
        self._keys = {key_id_of(public): public for public in anchors}
        for key in written:
            if key.key_id == key_id_of(key.public_key) and self._is_vouched_for(key):
                self._keys[key.key_id] = key.public_key

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._keys

    def has_signed(self, key_id: str, signature: bytes, text: str) -> bool:
        """Return whether a trusted key signed the UTF-8 of `text`."""
        public = self._keys.get(key_id)
        return public is not None and _verifies(public, signature, text)

    def _is_vouched_for(self, key: WrittenKey) -> bool:
        if key.endorsed_by is None or key.endorsement is None:
            return False
        return self.has_signed(key.endorsed_by, key.endorsement, endorsement_text(key.public_key))


def _verifies(public: bytes, signature: bytes, text: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
