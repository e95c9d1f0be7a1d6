"""Opaque page tokens: a keyset position, bound to the query and to this registry by a keyed hash."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence

from kruispunt_server.errors import Reason, RegistryError

_MAC_BYTES = 16

Position = Sequence[str | int | None]


class PageTokens:
    """Makes and reads page tokens.

    Args:
        key: at least 16 secret bytes; the same in every worker of one registry, different elsewhere.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, query: bytes, position: Position) -> str:
        """Return the token that continues `query` after `position`.

        Args:
            query: whatever fixes the list: method and criteria, without page size and token.
            position: the key of the last row given.
        """
        body = json.dumps(list(position), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(query, body) + body).decode()

    def read(self, query: bytes, token: str) -> list[str | int | None]:
        """Return the position in `token`.

        Raises:
            RegistryError: forged, of another query or another registry; INVALID_ARGUMENT / PAGE_TOKEN_INVALID.
        """
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            raw = b""
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(query, body)):
            raise RegistryError(
                Reason.PAGE_TOKEN_INVALID,
                "the page token does not belong to this query",
                field="page_token",
            )
        position: list[str | int | None] = json.loads(body)
        return position

    def _mac(self, query: bytes, body: bytes) -> bytes:
        inner = hashlib.blake2b(query, digest_size=32).digest()
        return hashlib.blake2b(inner + body, key=self._key, digest_size=_MAC_BYTES).digest()
