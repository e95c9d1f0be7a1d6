"""Referrals: what stands in an answer in place of the number of a protected person."""

import base64
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kruispunt.ssin import Ssin
from kruispunt_server.errors import Reason, RegistryError

_NONCE: Final = 12
_NUMBER: Final = 8


class Referrals:
    """Encrypts numbers, so that only this registry reads them.

    Two referrals of one person differ, so that two answers do not tell that they are about the same person. Nothing is
    kept, and a referral does not expire: it opens nothing to whoever may not see protected persons.

    Args:
        key: 32 secret bytes; the same in every worker.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def make(self, person: int) -> str:
        """Return a new referral; 48 characters."""
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, person.to_bytes(_NUMBER), None)
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def read(self, referral: str, field: str) -> Ssin:
        """Return whom a referral names.

        Raises:
            RegistryError: it is none of this registry; INVALID_ARGUMENT / FIELD_INVALID.
        """
        try:
            raw = base64.b64decode(referral, altchars=b"-_", validate=True)
            number = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], None)
        except (ValueError, InvalidTag):
            raise RegistryError(
                Reason.FIELD_INVALID, "the referral is none of this registry", field=field
            ) from None
        return Ssin(int.from_bytes(number))
