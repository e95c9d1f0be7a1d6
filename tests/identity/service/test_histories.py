"""Whatever is told, corrected, replaced and split, every read says what a model of stacked facts says."""

import datetime as dt
import io
import random
import uuid
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.identity.service.conftest import NOON, Holders
from tests.identity.service.histories import ALWAYS, Closed, Event, Joined, Parted, State, Told, after
from tests.support.rights import EVERYTHING

from kruispunt.identity.v1 import identity_service_pb2 as reading_pb
from kruispunt.identity.v1 import person_pb2
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt_identity.domain.values import DataGroup
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.settings import IdentitySettings
from kruispunt_identity.tables import identity_tables
from kruispunt_identity.wiring import servicers, surroundings
from kruispunt_server.assembly import Telemetry, open_parts
from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.events import Events

SUPPLIER = Participant("pensions", frozenset({Role.SUPPLIER}), InstitutionKey(5, 1))
REGISTRAR = Participant("registrar", frozenset({Role.REGISTRAR}), InstitutionKey(25, 1))
FIRST = dt.date(2020, 1, 1)
CIVIL_STATE, NATIONALITIES, BIRTH = DataGroup.CIVIL_STATE, DataGroup.NATIONALITIES, DataGroup.BIRTH

days = st.integers(0, 8)
values = st.one_of(
    st.tuples(st.just(CIVIL_STATE), st.sampled_from([20, 30, 40])),
    st.tuples(st.just(NATIONALITIES), st.sampled_from(["MA", "TR", "PL"])),
    st.tuples(st.just(BIRTH), st.integers(1970, 1974)),
)


class Desk:
    """Identity, wired, without its server."""

    def __init__(self, url: str, folder: Path) -> None:
        self.clock = FixedClock(NOON)
        chosen = _settings(url, folder)
        tables = identity_tables()
        telemetry = Telemetry(Events("identity", stream=io.StringIO()))
        self.parts = open_parts(chosen, tables.shared, telemetry, clock=self.clock)
        around = surroundings(chosen, Guard(Holders(), alone=False))
        self.identity, self.registration, *_ = [each.servicer for each in servicers(self.parts, around)]
        self.made = 0

    def tick(self) -> dt.datetime:
        """Let a second pass."""
        self.clock.advance(dt.timedelta(seconds=1))
        return self.clock.now()

    def call(self, participant: Participant = SUPPLIER) -> Call:
        return Call(
            "test", participant, Purpose("18/042", "clerk", "case"), self.clock.now(), 1e18, right=EVERYTHING
        )

    def register(self) -> tuple[int, list[tuple[DataGroup, str, Any]]]:
        """Register somebody unlike anybody else; returns the number, and the facts that the model follows."""
        self.made += 1
        letters = random.Random(self.made)
        name = "".join(letters.choice("bdfgklmnprtvz") + letters.choice("aeiou") for _ in range(6)).title()
        statements = [
            person_pb2.FactStatement(
                value=person_pb2.FactValue(
                    name=person_pb2.Name(family_name=name, given_names=[name[::-1].title()])
                ),
                evidence=person_pb2.Evidence(kind=person_pb2.EVIDENCE_KIND_PASSPORT),
            ),
            person_pb2.FactStatement(value=value_of(BIRTH, 1970)),
            person_pb2.FactStatement(
                value=person_pb2.FactValue(residential_address=person_pb2.Address(country="MA"))
            ),
        ]
        request = pb.RegisterPersonRequest(request_id=str(uuid.uuid4()), facts=statements)
        response = self.registration.RegisterPerson(request, self.call())
        assert pb.PERSON_OUTCOME_CREATED == response.outcome
        (birth,) = [fact for fact in response.person.facts if fact.value.HasField("birth")]
        return int(response.person.ssin), [(BIRTH, birth.fact_id, 1970)]

    def change(self, number: int, group: DataGroup, value: Any, period: Any, corrects: str = "") -> Any:
        validity = None if group is BIRTH else validity_of(period)
        statement = person_pb2.FactStatement(value=value_of(group, value), validity=validity)
        request = pb.UpdatePersonRequest(
            request_id=str(uuid.uuid4()),
            ssin=f"{number:011d}",
            changes=[pb.FactChange(statement=statement, corrects_fact_id=corrects)],
        )
        (result,) = self.registration.UpdatePerson(request, self.call()).results
        return result

    def seen(
        self, number: int, day: dt.date, known_at: dt.datetime | None
    ) -> tuple[int | None, dict[int, str]]:
        """Return the current number, and of each followed group the fact that is seen."""
        request = reading_pb.GetPersonRequest(ssin=f"{number:011d}", valid_at=date_of(day))
        if known_at is not None:
            moment = Timestamp()
            moment.FromDatetime(known_at)
            request.known_at.CopyFrom(moment)
        try:
            person = self.identity.GetPerson(request, self.call()).person
        except RegistryError as refusal:
            if refusal.reason is not Reason.PERSON_UNKNOWN:
                raise
            return None, {}
        groups = {"civil_state": CIVIL_STATE, "nationalities": NATIONALITIES, "birth": BIRTH}
        return int(person.ssin), {
            int(groups[kind]): fact.fact_id
            for fact in person.facts
            if (kind := fact.value.WhichOneof("value")) in groups
        }


def value_of(group: DataGroup, value: Any) -> person_pb2.FactValue:
    if group is CIVIL_STATE:
        return person_pb2.FactValue(civil_state=person_pb2.CivilState(code=value))
    if group is NATIONALITIES:
        return person_pb2.FactValue(nationalities=person_pb2.Nationalities(countries=[value]))
    return person_pb2.FactValue(birth=person_pb2.Birth(date=Date(year=value, month=6, day=15)))


def date_of(day: dt.date) -> Date:
    return Date(year=day.year, month=day.month, day=day.day)


def validity_of(period: tuple[dt.date | None, dt.date | None]) -> person_pb2.Validity:
    begin, end = period
    return person_pb2.Validity(begin=begin and date_of(begin), end=end and date_of(end))


def period_of(begin: int, length: int) -> tuple[dt.date | None, dt.date | None]:
    """Return a period that begins on a day, or always, and lasts so many days, or for ever."""
    first = FIRST + dt.timedelta(begin) if begin else None
    return first, (FIRST + dt.timedelta(begin + length) if length else None)


class Histories(RuleBasedStateMachine):
    """Random sequences of commands, and reads as of any day and instant."""

    desk: Desk
    numbers = Bundle("numbers")
    facts = Bundle("facts")

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.state = State()
        self.mine: list[int] = []
        self.closed: set[str] = set()

    def note(self, event: Event) -> None:
        self.events.append(event)
        self.state.play(event)

    @initialize(target=numbers)
    def begin(self) -> Any:
        return multiple(*[self._register() for _ in range(4)])

    def _register(self) -> int:
        at = self.desk.tick()
        number, told = self.desk.register()
        for group, key, value in told:
            self.note(Told(at, key, number, int(group), value, ALWAYS))
        self.mine.append(number)
        return number

    @rule(target=facts, number=numbers, said=values, begin=days, length=days)
    def tell(self, number: int, said: Any, begin: int, length: int) -> Any:
        group, value = said
        period = ALWAYS if group is BIRTH else period_of(begin, length)
        at = self.desk.tick()
        result = self.desk.change(number, group, value, period)
        if result.outcome == pb.GROUP_OUTCOME_UNCHANGED:
            return multiple()
        assert pb.GROUP_OUTCOME_WRITTEN == result.outcome
        self.note(Told(at, result.fact.fact_id, number, int(group), value, period))
        return (number, group, result.fact.fact_id)

    @rule(target=facts, fact=facts, shift=st.integers(1, 3), begin=days, length=days)
    def correct(self, fact: Any, shift: int, begin: int, length: int) -> Any:
        number, group, key = fact
        at = self.desk.tick()
        value = {CIVIL_STATE: 40 + shift % 2, NATIONALITIES: ["ES", "IT", "FR"][shift - 1]}.get(
            group, 1980 + shift
        )
        period = ALWAYS if group is BIRTH else period_of(begin, length)
        result = self.desk.change(number, group, value, period, corrects=key)
        if key in self.closed:
            assert pb.GROUP_OUTCOME_REFUSED == result.outcome
            return multiple()
        if result.outcome == pb.GROUP_OUTCOME_UNCHANGED:
            return multiple()
        assert pb.GROUP_OUTCOME_WRITTEN == result.outcome
        self.closed.add(key)
        self.note(Closed(at, key))
        self.note(Told(at, result.fact.fact_id, number, int(group), value, period))
        return (number, group, result.fact.fact_id)

    @rule(fact=facts)
    def retract(self, fact: Any) -> None:
        number, _, key = fact
        at = self.desk.tick()
        request = pb.RetractFactRequest(request_id=str(uuid.uuid4()), ssin=f"{number:011d}", fact_id=key)
        if key in self.closed:
            with pytest.raises(RegistryError) as refused:
                self.desk.registration.RetractFact(request, self.desk.call())
            assert "FACT_SUPERSEDED" == refused.value.reason.label
            return
        self.desk.registration.RetractFact(request, self.desk.call())
        self.closed.add(key)
        self.note(Closed(at, key))

    @rule(former=numbers, next_=numbers)
    def replace(self, former: int, next_: int) -> None:
        at = self.desk.tick()
        request = pb.ReplaceNumberRequest(
            request_id=str(uuid.uuid4()),
            former_ssin=f"{former:011d}",
            next_ssin=f"{next_:011d}",
            reason=person_pb2.NUMBER_CHANGE_REASON_DUPLICATE,
        )
        if former != next_ and former not in self.state.step and next_ not in self.state.step:
            self.desk.registration.ReplaceNumber(request, self.desk.call())
            self.note(Joined(at, former, next_))
            return
        if self.state.step.get(former) == next_:
            assert self.desk.registration.ReplaceNumber(request, self.desk.call()).already_replaced
            return
        with pytest.raises(RegistryError) as refused:
            self.desk.registration.ReplaceNumber(request, self.desk.call())
        assert refused.value.reason.label in ("NUMBER_REPLACED", "SAME_PERSON")

    @precondition(lambda self: self.state.step)
    @rule(choice=st.randoms(use_true_random=False))
    def split(self, choice: random.Random) -> None:
        former = choice.choice(sorted(self.state.step))
        at = self.desk.tick()
        request = pb.SplitNumberRequest(request_id=str(uuid.uuid4()), ssin=f"{former:011d}")
        self.desk.registration.SplitNumber(request, self.desk.call(REGISTRAR))
        self.note(Parted(at, former))

    @rule(number=numbers, begin=days, choice=st.randoms(use_true_random=False))
    def read_as_of(self, number: int, begin: int, choice: random.Random) -> None:
        day = FIRST + dt.timedelta(begin)
        known_at = choice.choice([event.at for event in self.events])
        state = after(self.events, known_at)
        current, seen = self.desk.seen(number, day, known_at)
        if any(
            isinstance(event, Told) and event.under == number and event.at <= known_at
            for event in self.events
        ):
            assert state.root(number) == current
            assert self._expected(state, number, day) == seen
        else:
            assert current is None  # not registered yet

    @invariant()
    def today_is_as_the_model_says(self) -> None:
        for number in self.mine:
            current, seen = self.desk.seen(number, FIRST + dt.timedelta(4), None)
            assert self.state.root(number) == current
            assert self._expected(self.state, number, FIRST + dt.timedelta(4)) == seen

    def _expected(self, state: State, number: int, day: dt.date) -> dict[int, str]:
        tops = {group: state.seen(number, int(group), day) for group in (CIVIL_STATE, NATIONALITIES, BIRTH)}
        return {int(group): told.key for group, told in tops.items() if told is not None}


def test_every_read_says_what_the_model_says(identity_url: str, tmp_path: Path) -> None:
    """Create, tell, correct, retract, replace, split, read as of: the registers and the model never differ."""
    _run(identity_url, tmp_path, examples=12, steps=25)


@pytest.mark.full
def test_every_read_says_what_the_model_says_for_long(identity_url: str, tmp_path: Path) -> None:
    """The same, for longer."""
    _run(identity_url, tmp_path, examples=150, steps=60)


def _run(url: str, folder: Path, *, examples: int, steps: int) -> None:
    desk = Desk(url, folder)
    machine = type("Machine", (Histories,), {"desk": desk})
    try:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        desk.parts.journal.close()
        desk.parts.database.close()


def _settings(url: str, folder: Path) -> IdentitySettings:
    secret = folder / "secret"
    secret.write_bytes(b"s" * 32)
    return IdentitySettings(database_url=url, plaintext_participant="nobody", secret_file=secret)
