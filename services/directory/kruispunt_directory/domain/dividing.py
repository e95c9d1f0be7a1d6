"""What becomes of dossiers when a replacement is undone: each side gets back what is its own.

Day by day, within one institution and capacity, the history of the dossiers is played again, and with it whose each day
is: of the number under which it was registered; of growth, of whose the dossier was that grew. Replacements put the
days of two numbers together, splits take them apart. Days that are of both sides stay with both, each with the phase
that it had. A day of which nobody can say whose it is, because the dossier that grew was of both, stays with the
remaining number and is reported.

Source: decision 0020.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import Outcome, Plan
from kruispunt_directory.domain.chains import Lineage, Step
from kruispunt_directory.domain.days import Line
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.owning import Day, Side, parted, stood_on, together, written
from kruispunt_server.call import InstitutionKey
from kruispunt_server.ids import new_id


@dataclass(frozen=True, slots=True)
class Version:
    """A state of a dossier, as it was recorded.

    Attributes:
        dossier: the state.
        standing: false: it marks the end of the dossier under its number.
    """

    dossier: Dossier
    standing: bool


@dataclass(frozen=True, slots=True)
class Undecided:
    """Days of a dossier that stay with the remaining number because nobody can say whose they are."""

    institution: InstitutionKey
    capacity: int
    period: Period


@dataclass(frozen=True, slots=True)
class Division:
    """How dossiers are given back.

    Attributes:
        plans: one for each institution that has some, in order.
        undecided: what stays for want of a better reason.
    """

    plans: list[Plan]
    undecided: list[Undecided]


def divided(
    lineage: Lineage, number: Ssin, steps: Sequence[Step], history: Iterable[Version], now: dt.datetime
) -> Division:
    """Return how the dossiers under the root of a lineage are shared out when a number is split off.

    Args:
        lineage: as it was until now.
        number: what is split off, with all that lead to it; it was replaced.
        steps: every replacement among these numbers and those that were ever joined to them, undone ones too.
        history: every state of every dossier that ever stood under one of all these numbers.
        now: when; later than any of them.
    """
    division = Division([], [])
    books: dict[InstitutionKey, dict[int, list[Version]]] = {}
    for version in history:
        dossier = version.dossier
        books.setdefault(dossier.institution, {}).setdefault(dossier.capacity, []).append(version)
    for institution in sorted(books):
        plan = Plan(Outcome.EXTENDED)
        for capacity in sorted(books[institution]):
            replay = _Replay(steps, books[institution][capacity])
            side = parted(replay.days(lineage.root), set(lineage.below(number)))
            if side.leaving:
                _Sharing(replay, lineage, number, now).plan(side, plan)
            division.undecided.extend(Undecided(institution, capacity, period) for period in side.undecided)
        if plan.changed or plan.created or plan.removed:
            division.plans.append(plan)
    return division


class _Replay:
    """The dossiers of one institution in one capacity, played again over all numbers.

    Attributes:
        versions: the last version of each dossier, under whatever number.
        ended: the last state of each dossier that stands under none of the numbers.
    """

    def __init__(self, steps: Sequence[Step], history: Sequence[Version]) -> None:
        self.versions: dict[uuid.UUID, int] = {}
        self._standing: dict[Ssin, dict[uuid.UUID, Dossier]] = {}
        self._days: dict[Ssin, Line[Day]] = {}
        self._leads: dict[Ssin, Ssin] = {}
        last: dict[uuid.UUID, Dossier] = {}
        moves: dict[dt.datetime, list[Step]] = {}
        for step in steps:
            moves.setdefault(step.joined_at, []).append(step)
            if step.undone_at is not None:
                moves.setdefault(step.undone_at, []).append(step)
        rows = sorted(
            history, key=lambda each: (each.dossier.recorded_at, each.dossier.person, each.dossier.version)
        )
        writes = {
            instant: list(group)
            for instant, group in groupby(rows, key=lambda each: each.dossier.recorded_at)
        }
        for instant in sorted({*moves, *writes}):
            moved = {person for step in moves.get(instant, ()) for person in self._move(step, instant)}
            for person, group in groupby(writes.get(instant, ()), key=lambda each: each.dossier.person):
                before = dict(self.standing(person))
                for version in group:
                    self._record(version)
                    last[version.dossier.dossier_id] = version.dossier
                if person not in moved:
                    numbers = {person, *self._below(person)}
                    self._days[person] = written(
                        self._days.get(person, []), before, self.standing(person), person, numbers
                    )
        standing = {each for book in self._standing.values() for each in book}
        self.ended = [dossier for identifier, dossier in last.items() if identifier not in standing]

    def standing(self, number: Ssin) -> dict[uuid.UUID, Dossier]:
        """Return what stands under a number."""
        return self._standing.setdefault(number, {})

    def days(self, number: Ssin) -> Line[Day]:
        """Return whose the days are that stand under a number."""
        return stood_on(self._days.get(number, []), self.standing(number).values(), number)

    def _record(self, version: Version) -> None:
        dossier = version.dossier
        book = self.standing(dossier.person)
        if version.standing:
            book[dossier.dossier_id] = dossier
        else:
            book.pop(dossier.dossier_id, None)
        known = self.versions.get(dossier.dossier_id, 0)
        self.versions[dossier.dossier_id] = max(known, dossier.version)

    def _move(self, step: Step, instant: dt.datetime) -> tuple[Ssin, Ssin]:
        """Make or undo a replacement; returns the two persons concerned."""
        if instant == step.joined_at:
            root = self._root(step.next_)
            self._leads[step.former] = step.next_
            self._days[root] = together(self._days.get(root, []), self._days.pop(step.former, []))
        else:
            root = self._root(step.former)
            side = parted(self._days.get(root, []), {step.former, *self._below(step.former)})
            del self._leads[step.former]
            self._days[step.former], self._days[root] = side.leaving_days, side.staying_days
        return step.former, root

    def _root(self, number: Ssin) -> Ssin:
        while number in self._leads:
            number = self._leads[number]
        return number

    def _below(self, number: Ssin) -> set[Ssin]:
        """Return the numbers that lead to `number` at the instant being played."""
        found: set[Ssin] = set()
        while more := {former for former, next_ in self._leads.items() if next_ in {number, *found}} - found:
            found |= more
        return found


class _Sharing:
    """Plans which dossier stands under which of two numbers, and when."""

    def __init__(self, replay: _Replay, lineage: Lineage, number: Ssin, now: dt.datetime) -> None:
        self._replay = replay
        self._number = number
        self._root = lineage.root
        self._leaving = set(lineage.below(number))
        self._remaining = set(lineage.numbers) - self._leaving
        self._now = now
        self._standing = list(replay.standing(lineage.root).values())
        self._taken: set[uuid.UUID] = set()

    def plan(self, side: Side, plan: Plan) -> None:
        """Add to a plan what is to be written.

        A dossier goes on on the side of the number that it is registered under; the other side goes on with one of its
        own that was joined into it, or with a new one.
        """
        for person, line, numbers in (
            (self._number, side.leaving, self._leaving),
            (self._root, side.staying, self._remaining),
        ):
            own = [each for each in self._standing if each.registered_under in numbers]
            heirs = own + [each for each in self._replay.ended if each.registered_under in numbers]
            if person == self._root:
                heirs += [each for each in self._standing if each not in own]
            for period, phase in line:
                self._carry_on(plan, person, numbers, heirs, period, phase)
        plan.removed.extend(
            (each, replace(each, version=self._version(each), recorded_at=self._now))
            for each in self._standing
            if each.dossier_id not in self._taken
        )

    def _carry_on(
        self,
        plan: Plan,
        person: Ssin,
        numbers: set[Ssin],
        heirs: Sequence[Dossier],
        period: Period,
        phase: int,
    ) -> None:
        source = min((each for each in self._standing if each.period.overlaps(period)), key=_age)
        free = [each for each in heirs if each.dossier_id not in self._taken and each.period.overlaps(period)]
        heir = min(
            free,
            key=lambda each: (each not in self._standing, each.phase != phase, *_age(each)),
            default=None,
        ) or replace(source, dossier_id=new_id(), version=0)
        self._taken.add(heir.dossier_id)
        under = heir.registered_under if heir.registered_under in numbers else person
        after = replace(
            source,
            dossier_id=heir.dossier_id,
            person=person,
            registered_under=under,
            phase=phase,
            period=period,
            version=self._version(heir),
            recorded_at=self._now,
        )
        before = next((each for each in self._standing if each.dossier_id == heir.dossier_id), None)
        if before is None:
            plan.created.append(after)
        elif (before.person, before.period, before.phase, before.registered_under) != (
            person,
            period,
            phase,
            under,
        ):
            plan.changed.append((before, after))

    def _version(self, dossier: Dossier) -> int:
        return self._replay.versions.get(dossier.dossier_id, 0) + 1


def _age(dossier: Dossier) -> tuple[dt.date, uuid.UUID]:
    return dossier.period.begin, dossier.dossier_id
