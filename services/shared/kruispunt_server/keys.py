"""Keys derived from the one secret that an operator keeps, and the pseudonyms made with one of them."""

import hashlib


class Keys:
    """Derives a key per use, so that knowing one does not give another.

    Args:
        secret: at least 32 random bytes; the same for every process of one registry.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def derive(self, use: str) -> bytes:
        """Return 32 bytes for `use`, such as "page-token"."""
        return hashlib.blake2b(
            use.encode(), key=self._secret[:64], digest_size=32, person=b"kruispunt"
        ).digest()


class Pseudonyms:
    """Turns a person's number into 16 bytes that only the holder of the key can recompute."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, person: int) -> bytes:
        """Return the pseudonym of one number."""
        return hashlib.blake2b(b"%d" % person, key=self._key, digest_size=16).digest()
