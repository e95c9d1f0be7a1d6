"""Referrals in memory: what stands in an answer in place of the number of a protected person."""

import secrets
from collections import OrderedDict
from typing import Final

from kruispunt.ssin import Ssin
from kruispunt_server.errors import Reason, RegistryError

_BYTES: Final = 36
_MOST: Final = 10_000


class MemoryReferrals:
    """Remembers what it gave out; two referrals of one person differ."""

    def __init__(self) -> None:
        self._given: OrderedDict[str, Ssin] = OrderedDict()

    def make(self, person: int) -> str:
        """Return a new referral; 48 characters."""
        made = secrets.token_urlsafe(_BYTES)
        self._given[made] = Ssin(person)
        if len(self._given) > _MOST:
            self._given.popitem(last=False)
        return made

    def read(self, referral: str, field: str) -> Ssin:
        """Return whom a referral names.

        Raises:
            RegistryError: it is none of this registry; INVALID_ARGUMENT / FIELD_INVALID.
        """
        if referral not in self._given:
            raise RegistryError(Reason.FIELD_INVALID, "the referral is none of this registry", field=field)
        return self._given[referral]
