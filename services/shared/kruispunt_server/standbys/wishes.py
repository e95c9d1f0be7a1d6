"""How fresh a caller wants its answers: two entries of the call's metadata."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.standbys.tokens import TOKEN_KEY, ConsistencyToken

CONSISTENCY_KEY: Final = "kruispunt-consistency"


class Consistency(enum.StrEnum):
    """What a caller may ask for."""

    EVENTUAL = "eventual"
    READ_YOUR_WRITES = "read-your-writes"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Wish:
    """Of a call that a standby may answer.

    Attributes:
        token: where the standby must have come; none: the caller wrote nothing yet, or does not mind.
    """

    token: ConsistencyToken | None = None


_ANYWHERE: Final = Wish()


def read_wish(metadata: Iterable[tuple[str, str | bytes]]) -> Wish | None:
    """Return what a caller wants of a standby; none: it wants the primary.

    Who says nothing may know nothing of tokens, and reads the primary. `eventual` takes what a standby has, within the
    operator's bound; `read-your-writes` likewise, but never less than its token; a token alone says the same;
    `latest` is the primary.

    Args:
        metadata: of the call, as received: pairs of key and value.

    Raises:
        RegistryError: no such word, no such token, or one of them twice; INVALID_ARGUMENT / FIELD_INVALID with
            the name of the entry as `field`.
    """
    word: Consistency | None = None
    token: ConsistencyToken | None = None
    for key, value in metadata:
        if key == CONSISTENCY_KEY:
            if word is not None or value not in _WORDS:
                raise _no_such_word()
            word = _WORDS[value]
        elif key == TOKEN_KEY:
            if token is not None:
                raise RegistryError(
                    Reason.FIELD_INVALID, f'the metadata "{TOKEN_KEY}" is given once', field=TOKEN_KEY
                )
            token = ConsistencyToken.read(value)
    if word is Consistency.EVENTUAL:
        return _ANYWHERE
    if token is not None:
        return None if word is Consistency.LATEST else Wish(token)
    return _ANYWHERE if word is Consistency.READ_YOUR_WRITES else None


_WORDS: Final[dict[str | bytes, Consistency]] = {one.value: one for one in Consistency}


def _no_such_word() -> RegistryError:
    words = ", ".join(Consistency)
    return RegistryError(
        Reason.FIELD_INVALID,
        f'the metadata "{CONSISTENCY_KEY}" is one of {words}, given once',
        field=CONSISTENCY_KEY,
    )
