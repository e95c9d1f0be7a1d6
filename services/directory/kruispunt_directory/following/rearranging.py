"""Letting numbers lead elsewhere, and their dossiers with them, in the transaction of whoever follows."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.chains import Chains
from kruispunt_directory.domain.dividing import divided
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.joining import joined
from kruispunt_server.call import Call

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.dossiers import DossierStore
    from kruispunt_directory.store.projection import NumberProjection

_MOMENT = dt.timedelta(microseconds=1)


class Rearranging:
    """What one commit of the registers does to numbers and dossiers.

    Args:
        transaction: in which all of it happens.
        chains: all numbers of each person concerned.
        dossiers: writes dossiers.
        projection: keeps what happened to numbers.
        call: the registry itself, for the journal.
        now: later than anything written before under these numbers; every step has an instant of its own.
    """

    def __init__(
        self,
        transaction: Any,
        chains: Chains,
        dossiers: "DossierStore",
        projection: "NumberProjection",
        call: Call,
        now: dt.datetime,
    ) -> None:
        self.now = now
        self.undecided = 0
        self.chains = chains
        self._transaction = transaction
        self._dossiers = dossiers
        self._projection = projection
        self._call = call

    def standing(self, number: Ssin) -> list[Dossier]:
        """Return the dossiers of whatever period that stand under a number."""
        return self._dossiers.standing(self._transaction, [number])

    def join(self, former: Ssin, next_: Ssin, day: dt.date | None, request_id: uuid.UUID) -> None:
        """Let a number that stands lead to another, and join their dossiers; they are not one person yet."""
        root = self.chains.root(next_)
        self._step()
        plans = joined(root, self._dossiers.standing(self._transaction, [former, root]), self.now)
        self._dossiers.carry_out(self._transaction, self._call, plans, request_id)
        self.chains.join(former, next_, day, self.now)
        self._projection.keep_steps(self._transaction, self.chains)

    def split(self, number: Ssin, request_id: uuid.UUID) -> Ssin:
        """Let a number that was replaced stand again, and give its dossiers back; returns the remaining number."""
        root = self.chains.root(number)
        lineage = self.chains.lineage(root)
        self._step()
        steps = self._projection.steps(self._transaction, lineage.numbers)
        numbers = {*lineage.numbers, *(each for step in steps for each in (step.former, step.next_))}
        history = self._dossiers.history(self._transaction, numbers)
        division = divided(lineage, number, steps, history, self.now)
        self._dossiers.carry_out(self._transaction, self._call, division.plans, request_id)
        self._dossiers.report_undecided(
            self._transaction, self._call, (root, number), division.undecided, request_id
        )
        self.undecided += len(division.undecided)
        self.chains.split(number, self.now)
        self._projection.keep_steps(self._transaction, self.chains)
        return root

    def lead(
        self, number: Ssin, next_: Ssin, day: dt.date | None, request_id: uuid.UUID
    ) -> tuple[Sequence[Dossier], Sequence[Dossier]] | None:
        """Let a number lead to another, wherever it led before.

        Returns:
            The dossiers that stood under either number just before; none if it led there already, or if the other
            leads to it: then what is told lies behind what is known, and the rest follows.
        """
        state = self.chains.state(number)
        if state.next_ == next_:
            return None
        if state.next_ is not None:
            self.split(number, request_id)
        if self.chains.root(next_) == number:
            return None
        before = self.standing(number), self.standing(self.chains.root(next_))
        self.join(number, next_, day, request_id)
        return before

    def _step(self) -> None:
        self.now += _MOMENT
