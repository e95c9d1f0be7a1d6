"""Dossiers of one institution under several numbers, moved by the rules themselves, without a database."""

import datetime as dt
import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import DossierBook, Plan, Registration
from kruispunt_directory.domain.chains import Chains, Step
from kruispunt_directory.domain.dividing import Undecided, Version, divided
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.joining import joined
from kruispunt_directory.domain.knowledge import NetworkLevel
from kruispunt_server.call import InstitutionKey

PENSIONS = InstitutionKey(5, 1)
WELFARE = InstitutionKey(17, 1)
START = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
FIRST = dt.date(2020, 1, 1)
FOREVER = 20
A, B, C, D = (
    Ssin.parse("42012205181"),
    Ssin.parse("75060898009"),
    Ssin.parse("85073003328"),
    Ssin.parse("00000100166"),
)
NUMBERS = [A, B, C, D]

Said = tuple[int, int, int, int | None]  # capacity, phase, first day, day after the last


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def period(begin: int, end: int | None) -> Period:
    return Period(day(begin), None if end is None else day(end))


@dataclass
class World:
    """The history of every dossier, and where numbers lead."""

    history: list[Version] = field(default_factory=list)
    chains: Chains = field(default_factory=lambda: Chains([]))
    steps: list[Step] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    _ticks: itertools.count = field(default_factory=itertools.count)

    def now(self) -> dt.datetime:
        return START + dt.timedelta(hours=next(self._ticks))

    def standing(self, number: Ssin) -> list[Dossier]:
        states: dict[uuid.UUID, Version] = {}
        for version in self.history:
            if version.dossier.person == number:
                states[version.dossier.dossier_id] = version
        return [version.dossier for version in states.values() if version.standing]

    def register(
        self,
        under: Ssin,
        said: Said,
        institution: InstitutionKey = PENSIONS,
    ) -> None:
        capacity, phase, begin, end = said
        registration = Registration(capacity, phase, period(begin, end), None, None)
        self.tell(
            under,
            institution,
            lambda book: book.register(
                registration, registered_under=under, default_level=NetworkLevel.PRIMARY
            ),
        )

    def tell(self, under: Ssin, institution: InstitutionKey, command: Callable[[DossierBook], Plan]) -> None:
        root = self.chains.root(under)
        own = [each for each in self.standing(root) if each.institution == institution]
        self.carry_out([command(DossierBook(root, institution, own, self.now()))])

    def replace(self, former: Ssin, next_: Ssin) -> None:
        now, root = self.now(), self.chains.root(next_)
        self.carry_out(joined(root, [*self.standing(former), *self.standing(root)], now))
        self.chains.join(former, next_, now.date(), now)
        self.steps.append(self.chains.made[-1])

    def split(self, number: Ssin) -> None:
        lineage = self.chains.lineage(self.chains.root(number))
        now = self.now()
        division = divided(lineage, number, self.steps, self.history, now)
        self.carry_out(division.plans)
        self.undecided += division.undecided
        self.chains.split(number, now)
        (undone,) = [step for step in self.steps if step.former == number and step.undone_at is None]
        self.steps[self.steps.index(undone)] = replace(undone, undone_at=now)

    def carry_out(self, plans: list[Plan]) -> None:
        for plan in plans:
            for before, after in plan.changed:
                if before.person != after.person:
                    mark = replace(before, version=after.version, recorded_at=after.recorded_at)
                    self.history.append(Version(mark, standing=False))
            self.history += [Version(after, standing=False) for _, after in plan.removed]
            self.history += [Version(after, standing=True) for _, after in plan.changed]
            self.history += [Version(created, standing=True) for created in plan.created]

    def listed(self, number: Ssin, institution: InstitutionKey = PENSIONS) -> list[Said]:
        """Return what stands under a number, in order."""
        return sorted(
            (
                each.capacity,
                each.phase,
                (each.period.begin - FIRST).days,
                None if each.period.end is None else (each.period.end - FIRST).days,
            )
            for each in self.standing(number)
            if each.institution == institution
        )
