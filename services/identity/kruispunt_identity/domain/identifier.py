"""Foreign identifiers: numbers by which other countries and schemes know a person.

Source: domain.md §3: key (country, scheme, identifier); only the validity may change.
"""

import datetime as dt
import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.values import Validity
from kruispunt_server.call import InstitutionKey

_SEPARATORS = str.maketrans("", "", " -./")


class Scheme(enum.IntEnum):
    """Scheme of a foreign identifier; the numbers of the contract, as stored."""

    NATIONAL_NUMBER = 1
    PASSPORT = 2
    SOCIAL_SECURITY = 3
    PENSION = 4
    DRIVING_LICENCE = 5
    IDENTITY_CARD = 6
    TAX_NUMBER = 7
    BIRTH_CERTIFICATE = 8
    EIDAS = 9


@dataclass(frozen=True, slots=True, repr=False)
class IdentifierKey:
    """Country (ISO 3166-1 alpha-2), scheme, and the identifier as written, 1 to 64 printable characters."""

    country: str
    scheme: Scheme
    identifier: str

    @property
    def folded(self) -> str:
        """The identifier as it is compared: without spaces, "-", "." and "/", in upper case."""
        return self.identifier.translate(_SEPARATORS).upper()


@dataclass(frozen=True, slots=True)
class ForeignIdentifier:
    """A foreign identifier, linked to a person for a period.

    Attributes:
        link_id: UUIDv7, never reused.
        registered_under: number under which it was linked.
        key: what is linked.
        validity: days on which the link holds.
        source: who linked it.
        version: 1 for the first state, one more with every change.
        recorded_at: when this state was recorded.
    """

    link_id: uuid.UUID
    registered_under: Ssin
    key: IdentifierKey
    validity: Validity
    source: InstitutionKey
    version: int
    recorded_at: dt.datetime

    @property
    def etag(self) -> str:
        """Changes with every change of the link."""
        return str(self.version)


def described(link: ForeignIdentifier) -> Mapping[str, Any]:
    """Return a link for the journal: which one, of what scheme, when; never the identifier itself."""
    return {
        "link_id": str(link.link_id),
        "country": link.key.country,
        "scheme": link.key.scheme.name.lower(),
        "begin": link.validity.begin.isoformat() if link.validity.begin else None,
        "end": link.validity.end.isoformat() if link.validity.end else None,
        "source": str(link.source),
        "version": link.version,
    }
