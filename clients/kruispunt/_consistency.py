"""What a client remembers in order to read what it wrote: values and rules only, for threads and for asyncio.

A registry may answer reads from copies of its database that are a moment behind. The answer to a change brings a
token; a read that brings the token back sees the change, whichever copy answers. A client does so by itself.
"""

import re
import threading
from collections.abc import Iterable
from typing import Final, Literal, get_args

CONSISTENCY_KEY: Final = "kruispunt-consistency"
TOKEN_KEY: Final = "kruispunt-consistency-token"  # noqa: S105 - the name of an entry

_DATABASE: Final = slice(0, 19)  # of a token: what names the database
_FORM: Final = re.compile(r"[0-9a-f-]{44}", re.ASCII).fullmatch


Freshness = Literal["eventual", "read-your-writes", "latest"]
"""How fresh answers must be.

eventual: an answer may be as old as the operator allows, a second unless set otherwise; what the client itself wrote a
    moment ago may be missing from it.
read-your-writes: the same, but what the client wrote is there; what others wrote may be missing for as long.
latest: nothing that was acknowledged before the call is missing.
"""


def later_of(held: str, got: str) -> str:
    """Return which of two tokens to go on with; empty: none.

    Tokens of one database sort as text. Of two databases the one that came last counts: the registry moved to it.
    """
    if not held or held[_DATABASE] != got[_DATABASE]:
        return got or held
    return max(held, got)


Trailing = Iterable[tuple[str, str | bytes]]


def token_in(trailing: Trailing) -> str:
    """Return the token that an answer brought in its trailing metadata; empty: none."""
    for key, value in trailing:
        if key == TOKEN_KEY and isinstance(value, str):
            return value
    return ""


class TokenMemory:
    """The latest token of one endpoint; shared by all views, threads and streams of a client."""

    def __init__(self) -> None:
        self._token = ""
        self._lock = threading.Lock()

    @property
    def token(self) -> str:
        """The token; empty: nothing was written yet, or the registry has no copies."""
        return self._token

    def keep(self, token: str) -> None:
        """Go on with a token, if it is later than what is kept."""
        if token and token != self._token:
            with self._lock:
                self._token = later_of(self._token, token)

    def metadata(self, freshness: Freshness) -> tuple[tuple[str, str], ...]:
        """Return what goes with a call."""
        token = self._token
        if token and freshness == "read-your-writes":
            return (_WORDS[freshness], (TOKEN_KEY, token))
        return (_WORDS[freshness],)


_WORDS: Final[dict[Freshness, tuple[str, str]]] = {
    each: (CONSISTENCY_KEY, each) for each in get_args(Freshness)
}


def checked_freshness(freshness: Freshness) -> Freshness:
    """Return how fresh answers must be.

    Raises:
        ValueError: there is no such word.
    """
    if freshness not in _WORDS:
        raise ValueError(f"consistency is one of {', '.join(_WORDS)}")
    return freshness


def checked_token(token: str) -> str:
    """Return a token that was handed over; empty: none.

    Raises:
        ValueError: it never was one.
    """
    if token and not _FORM(token):
        raise ValueError("that is no consistency token")
    return token
