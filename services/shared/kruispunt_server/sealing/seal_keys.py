"""The keys that heads are signed with: Ed25519, replaced by putting a new one in front.

Without a file of its own the key is derived from the operator's secret. In the file the first key signs; those behind
it signed before, and vouch once for their successor. They can be taken out afterwards.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from kruispunt.signed_heads import key_id_of

_END = b"-----END PRIVATE KEY-----"


class SealKeyError(Exception):
    """The file of keys cannot be used."""


class SealKey:
    """One key.

    Attributes:
        public: 32 bytes.
        key_id: names it.
    """

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = key_id_of(self.public)

    def sign(self, text: str) -> bytes:
        """Return the signature over the UTF-8 of `text`, 64 bytes."""
        return self._private.sign(text.encode())

    def pem(self) -> bytes:
        """Return the key as it stands in a file."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class SealKeys:
    """The keys at hand, read anew when their file changes.

    Args:
        derived: 32 bytes from the operator's secret.
        file: PEM private keys, the one that signs first; none: the derived one signs.

    Raises:
        SealKeyError: the file cannot be used.
    """

    def __init__(self, derived: bytes, file: Path | None = None) -> None:
        self._derived = SealKey(Ed25519PrivateKey.from_private_bytes(derived))
        self._file = file
        self._stamp: tuple[int, int, int] | None = None
        self._keys: Sequence[SealKey] = [self._derived]
        self.all()

    def all(self) -> Sequence[SealKey]:
        """Return the keys, the one that signs first; the derived one, which may have to vouch, last."""
        if self._file is None:
            return self._keys
        try:
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._keys = [*read_keys(self._file.read_bytes()), self._derived]
                self._stamp = stamp
        except OSError as error:
            raise SealKeyError(f"the file of seal keys cannot be read: {error.strerror}") from None
        return self._keys


def read_keys(pem: bytes) -> list[SealKey]:
    """Return the keys of a file, in their order.

    Raises:
        SealKeyError: it holds no key, or another kind of key.
    """
    blocks = [block + _END for block in pem.split(_END)[:-1]]
    try:
        keys = [load_pem_private_key(block.lstrip(), None) for block in blocks]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SealKeyError("the file of seal keys holds something else than PEM private keys") from None
    if not keys or not all(isinstance(key, Ed25519PrivateKey) for key in keys):
        raise SealKeyError("the file of seal keys holds no Ed25519 key, or another kind of key")
    return [SealKey(key) for key in keys if isinstance(key, Ed25519PrivateKey)]


def put_new_key(file: Path) -> SealKey:
    """Make a key and put it in front of those in `file`, which need not be there yet; it signs from now on.

    Raises:
        SealKeyError: what is in the file cannot be used.
    """
    before = file.read_bytes() if file.exists() else b""
    if before:
        read_keys(before)
    made = SealKey(Ed25519PrivateKey.generate())
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(made.pem() + before)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
    return made
