"""Where numbers lead: asked from our registers in one snapshot, then from the national register in one call."""

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING

from kruispunt.ssin import Ssin, SsinKind
from kruispunt_identity.domain.national import NationalRegister
from kruispunt_identity.domain.number import Outcome, Register, Resolved

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_identity.store.numbers import NumberStore
    from kruispunt_server.database import Database


class NumberResolver:
    """Follows numbers to those that stand."""

    def __init__(self, database: "Database", numbers: "NumberStore", national: NationalRegister) -> None:
        self._database = database
        self._numbers = numbers
        self._national = national

    def resolve(self, asked: Collection[Ssin], known_at: dt.datetime | None = None) -> dict[Ssin, Resolved]:
        """Return where each of at most 10,000 numbers leads, today or as it stood at `known_at`.

        A national number of which nothing was written here stands if the national register knows it; that register
        tells what it says today only.

        Raises:
            RegistryError: the national register cannot be asked, and has to be; UNAVAILABLE / REGISTER_UNAVAILABLE.
        """
        with self._database.snapshot() as connection:
            known = self._numbers.resolve_many(connection, sorted(set(asked)), known_at)
            elsewhere = sorted(
                {ssin for ssin in asked if ssin not in known and ssin.kind is SsinKind.NATIONAL}
            )
            # Nothing may have been written of them then, and a mark since.
            protected = self._numbers.protections.among(connection, elsewhere if known_at else ())
        national = self._national.find_many(elsewhere) if elsewhere else {}
        found = {}
        for ssin in asked:
            if ssin in known:
                found[ssin] = known[ssin]
            elif ssin in national:
                found[ssin] = Resolved(
                    ssin, Outcome.CURRENT, ssin, Register.NATIONAL, protected=ssin in protected
                )
            else:
                found[ssin] = Resolved(ssin, Outcome.UNKNOWN)
        return found
