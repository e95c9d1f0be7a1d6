"""Pictures of whole histories: told, replaced, split off, replaced again, against stacks of facts."""

import datetime as dt
import uuid

from hypothesis import given
from hypothesis import strategies as st
from tests.identity.service.histories import Event, Joined, Parted, State, Told, after

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.number import ChangeReason, Replacement
from kruispunt_identity.domain.picture import paint
from kruispunt_identity.domain.values import DataGroup, Name, Validity
from kruispunt_server.call import InstitutionKey

NUMBERS = [Ssin.assemble(854_101, sequence, born_from_2000=False) for sequence in (1, 3, 5, 7)]
DAYS = [dt.date(2026, 1, day) for day in (1, 2, 3)]
PERIODS = [(None, None), (None, DAYS[1]), (DAYS[1], None), (DAYS[1], DAYS[2])]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Make events, each at an instant of its own, as the registers allow them; every number is told of first."""
    events: list[Event] = []
    state = State()
    for minute in range(len(NUMBERS) + draw(st.integers(0, 12))):
        at = dt.datetime(2026, 3, 1, 12, minute, tzinfo=dt.UTC)
        standing = [number for number in NUMBERS if number not in state.step]
        kind = draw(st.sampled_from(["tell", "join", "join", "part"])) if minute >= len(NUMBERS) else "first"
        event: Event
        if kind == "join" and len(standing) > 1:
            former, next_ = draw(st.permutations(standing))[:2]
            event = Joined(at, former, next_)
        elif kind == "part" and state.step:
            event = Parted(at, draw(st.sampled_from(sorted(state.step))))
        else:
            number = NUMBERS[minute] if kind == "first" else draw(st.sampled_from(NUMBERS))
            event = Told(at, str(uuid.UUID(int=minute)), number, 1, "", draw(st.sampled_from(PERIODS)))
        events.append(event)
        state.play(event)
    return events


def facts_and_steps(events: list[Event]) -> tuple[list[Fact], dict[Ssin, Replacement]]:
    """Return what the registers keep of a history: every fact, and the replacements that stand."""
    facts, steps = [], {}
    for event in events:
        if isinstance(event, Told):
            facts.append(
                Fact(
                    uuid.UUID(event.key),
                    Ssin(event.under),
                    DataGroup.NAME,
                    Name("X"),
                    Validity(*event.days),
                    InstitutionKey(5, 1),
                    None,
                    event.at,
                )
            )
        elif isinstance(event, Joined):
            former, next_ = Ssin(event.former), Ssin(event.next_)
            steps[former] = Replacement(former, next_, ChangeReason.DUPLICATE, DAYS[0], event.at)
        elif isinstance(event, Parted):
            del steps[Ssin(event.former)]
    return facts, steps


@given(histories())
def test_agrees_with_stacks_of_facts(events: list[Event]) -> None:
    """Whatever was replaced, split off and replaced again: of every person the uppermost fact of the stack is seen."""
    state = after(events, dt.datetime.max.replace(tzinfo=dt.UTC))
    facts, steps = facts_and_steps(events)
    for root in (number for number in NUMBERS if number not in steps):
        below = tuple(step for step in steps.values() if state.root(step.former) == root)
        lineage = Lineage(root, below)
        picture = paint([fact for fact in facts if fact.registered_under in lineage.numbers], lineage)
        for day in DAYS:
            expected = state.seen(root, 1, day)
            assert ([] if expected is None else [expected.key]) == [
                str(fact.fact_id) for fact, _ in picture.on(day)
            ]
