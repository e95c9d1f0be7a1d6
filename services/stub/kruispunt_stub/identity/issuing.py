"""Giving out bis numbers from counters in memory."""

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.issuing import LAST_SEQUENCE, series_of
from kruispunt_identity.domain.values import Gender, PartialDate
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.memory import Transaction


class MemoryIssuer:
    """Gives out numbers that nobody has."""

    def __init__(self, rows: IdentityRows) -> None:
        self._rows = rows

    def allocate(self, connection: Transaction, birth: PartialDate, gender: Gender) -> Ssin:  # noqa: ARG002
        """Give out one number; those taken over from elsewhere are skipped.

        Raises:
            RegistryError: every number of a month is given out; FAILED_PRECONDITION / NUMBERS_EXHAUSTED.
        """
        for series in series_of(birth, gender):
            for sequence in series.after(self._rows.counters.get(series, 0)):
                number = series.number(sequence)
                if number not in self._rows.numbers:
                    self._rows.counters[series] = sequence
                    return number
            self._rows.counters[series] = LAST_SEQUENCE
        raise RegistryError(Reason.NUMBERS_EXHAUSTED, "every number for this birth date was given out")
