"""What the registers tell is applied once, in order, with everything that follows from it."""

import datetime as dt

import pytest
from tests.directory.following.conftest import NOON, PENSIONS, WELFARE, A, B, C, World

from kruispunt_directory.domain.number import NumberStatus
from kruispunt_directory.domain.told import (
    DECEASE_GROUP,
    ChangeKind,
    RegisterChange,
    RegisteredNumber,
    SnapshotPart,
)
from kruispunt_directory.following.applying import OvertakenError
from kruispunt_directory.servicer.notice_source import NoticeSource
from kruispunt_directory.store.notices import LetGo
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id

JAN, JUNE, DECEMBER = dt.date(2020, 1, 1), dt.date(2020, 6, 1), dt.date(2020, 12, 1)
DAY = dt.date(2026, 3, 3)


def replaced(former: object, next_: object) -> list[RegisterChange]:
    """Return the changes of one replacement."""
    return [
        RegisterChange(ChangeKind.NUMBER_REPLACED, former, next_, new_id(), effective_on=DAY),
        RegisterChange(ChangeKind.NUMBER_JOINED, next_, former, new_id(), effective_on=DAY),
    ]


def split(former: object, next_: object) -> list[RegisterChange]:
    """Return the changes of one split."""
    return [
        RegisterChange(ChangeKind.NUMBER_SPLIT, former, next_, new_id(), effective_on=DAY),
        RegisterChange(ChangeKind.NUMBER_PARTED, next_, former, new_id(), effective_on=DAY),
    ]


def facts(number: object, **about: object) -> RegisterChange:
    """Return that facts were told."""
    return RegisterChange(ChangeKind.FACTS_TOLD, number, change_id=new_id(), groups=frozenset({1}), **about)


def test_a_replacement_moves_dossiers_and_tells_who_holds_them(world: World) -> None:
    """Both institutions' stand under the new number; each is told of its number, nobody else."""
    world.register(A, PENSIONS, JAN)
    world.register(B, WELFARE, JUNE)

    world.tell(*replaced(A, B))

    assert [(PENSIONS, 20, JAN, None), (WELFARE, 20, JUNE, None)] == world.listed(B)
    assert [] == world.listed(A)
    assert [(1, "NUMBER_REPLACED", A, B)] == world.noticed(PENSIONS)
    assert [(1, "NUMBER_JOINED", B, B)] == world.noticed(WELFARE)
    with world.database.reading() as connection:
        resolution = world.dossiers.numbers.resolve(connection, A)
    assert (B, NumberStatus.ACTIVE, DAY) == (resolution.current, resolution.status, resolution.replaced_on)


def test_a_split_gives_dossiers_back(world: World) -> None:
    """As before, and both institutions are told."""
    world.register(A, PENSIONS, JAN)
    world.register(B, WELFARE, JUNE)

    world.tell(*replaced(A, B))
    world.tell(*split(A, B))

    assert [(PENSIONS, 20, JAN, None)] == world.listed(A)
    assert [(WELFARE, 20, JUNE, None)] == world.listed(B)
    assert [(1, "NUMBER_REPLACED", A, B), (2, "NUMBER_SPLIT", A, A)] == world.noticed(PENSIONS)
    assert [(1, "NUMBER_JOINED", B, B), (2, "NUMBER_PARTED", B, B)] == world.noticed(WELFARE)


def test_who_held_a_dossier_on_the_days_is_told_and_nobody_else(world: World) -> None:
    """A correction of the past reaches a dossier that was closed long ago; one of other days does not."""
    world.register(A, PENSIONS, JAN, JUNE)
    world.register(A, WELFARE, JUNE, DECEMBER)

    world.tell(facts(A, affects_from=JAN, affects_until=JUNE))
    world.tell(facts(A, affects_from=DECEMBER))

    assert [(1, "DATA_CHANGED", A, A)] == world.noticed(PENSIONS)
    assert [] == world.noticed(WELFARE)


def test_nobody_is_told_what_it_changed_itself(world: World) -> None:
    """The source knows."""
    world.register(A, PENSIONS, JAN)
    world.register(A, WELFARE, JAN)

    world.tell(facts(A, source=PENSIONS))

    assert ([], [(1, "DATA_CHANGED", A, A)]) == (world.noticed(PENSIONS), world.noticed(WELFARE))


def test_a_decease_ends_the_number_and_is_told_as_such(world: World) -> None:
    """And taking it back lets the number live again."""
    world.register(A, PENSIONS, JAN)
    groups = frozenset({DECEASE_GROUP})

    world.tell(RegisterChange(ChangeKind.FACTS_TOLD, A, change_id=new_id(), groups=groups, deceased=True))
    with world.database.reading() as connection:
        assert world.dossiers.numbers.resolve(connection, A).status is NumberStatus.DECEASED
    world.tell(
        RegisterChange(ChangeKind.FACT_RETRACTED, A, change_id=new_id(), groups=groups, deceased=False)
    )

    with world.database.reading() as connection:
        assert world.dossiers.numbers.resolve(connection, A).status is NumberStatus.ACTIVE
    assert [(1, "DECEASED", A, A), (2, "DATA_CHANGED", A, A)] == world.noticed(PENSIONS)


@pytest.mark.parametrize(
    "kind",
    [
        ChangeKind.PERSON_REGISTERED,
        ChangeKind.PERSON_IMPORTED,
        ChangeKind.TOLD_APART,
        ChangeKind.PERSON_PROTECTED,
        ChangeKind.PROTECTION_LIFTED,
    ],
)
def test_some_changes_are_nobodys_business(world: World, kind: ChangeKind) -> None:
    """They change nothing about a dossier."""
    world.register(A, PENSIONS, JAN)

    world.tell(RegisterChange(kind, A, change_id=new_id()))

    assert [] == world.noticed(PENSIONS)


@pytest.mark.parametrize(
    ("kind", "noticed"),
    [
        (ChangeKind.NUMBER_CANCELLED, "NUMBER_CANCELLED"),
        (ChangeKind.REGISTER_MOVED, "REGISTER_MOVED"),
        (ChangeKind.IDENTIFIER_LINKED, "IDENTIFIER_CHANGED"),
        (ChangeKind.IDENTIFIER_ENDED, "IDENTIFIER_CHANGED"),
    ],
)
def test_other_kinds_are_told_by_their_name(world: World, kind: ChangeKind, noticed: str) -> None:
    """One notice each."""
    world.register(A, PENSIONS, JAN)

    world.tell(RegisterChange(kind, A, change_id=new_id(), register=1))

    assert [(1, noticed, A, A)] == world.noticed(PENSIONS)


def test_an_erased_person_changes_nothing(world: World) -> None:
    """The cursor advances all the same."""
    world.register(A, PENSIONS, JAN)

    world.tell(RegisterChange(ChangeKind.FACTS_TOLD, None))

    cursor = world.applier.cursor()
    assert cursor is not None
    assert (0, []) == (cursor.position, world.noticed(PENSIONS))


def test_a_message_is_applied_once(world: World) -> None:
    """Whoever comes too late with it is refused, and nothing changes."""
    world.register(A, PENSIONS, JAN)
    message = world.tell(*replaced(A, B))

    for after in (None, "another"):
        with pytest.raises(OvertakenError):
            world.applier.apply(message, after)
    world.applier.apply(message, message.resume_token)  # told again by a stream that was opened again

    assert [(1, "NUMBER_REPLACED", A, B)] == world.noticed(PENSIONS)
    assert [(PENSIONS, 20, JAN, None)] == world.listed(B)


def test_a_fault_leaves_neither_effects_nor_cursor(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """They share a transaction: after it all is as before, and the message can be applied."""
    world.register(A, PENSIONS, JAN)
    message = world.told(*replaced(A, B))
    with monkeypatch.context() as broken:
        broken.setattr(world.applier._cursors, "write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.apply(message)

    assert ([], [(PENSIONS, 20, JAN, None)]) == (world.noticed(PENSIONS), world.listed(A))
    assert world.applier.cursor() is None
    world.apply(message)
    assert [(PENSIONS, 20, JAN, None)] == world.listed(B)


def test_what_is_registered_under_a_former_number_stands_under_the_later(world: World) -> None:
    """And goes back with it."""
    world.tell(*replaced(A, B))
    world.register(A, PENSIONS, JAN)
    assert [(PENSIONS, 20, JAN, None)] == world.listed(B)

    world.tell(*split(A, B))

    assert ([(PENSIONS, 20, JAN, None)], []) == (world.listed(A), world.listed(B))


def test_what_is_registered_later_is_recorded_later(world: World) -> None:
    """Whatever the clocks of two hosts say: else a split would take it for what the other side brought along."""
    world.tell(*replaced(A, B))
    world.clock.advance(dt.timedelta(seconds=-60))

    world.register(A, PENSIONS, JAN)
    world.clock.advance(dt.timedelta(seconds=120))
    world.tell(*split(A, B))

    assert ([(PENSIONS, 20, JAN, None)], []) == (world.listed(A), world.listed(B))


def test_a_snapshot_brings_numbers_in_line(world: World) -> None:
    """What had been replaced or cancelled meanwhile is caught up with, and told."""
    world.register(A, PENSIONS, JAN)
    world.register(C, WELFARE, JAN)

    world.show(
        SnapshotPart(
            [RegisteredNumber(A, B, DAY), RegisteredNumber(B), RegisteredNumber(C, cancelled=True)], last=True
        )
    )

    assert [(PENSIONS, 20, JAN, None)] == world.listed(B)
    assert [(1, "NUMBER_REPLACED", A, B)] == world.noticed(PENSIONS)
    assert [(1, "NUMBER_CANCELLED", C, C)] == world.noticed(WELFARE)


def test_a_snapshot_undoes_what_no_longer_holds(world: World) -> None:
    """A number that was split off while nobody followed stands again, with its dossiers."""
    world.register(A, PENSIONS, JAN)
    world.tell(*replaced(A, B))

    world.show(SnapshotPart([RegisteredNumber(A), RegisteredNumber(B)], last=True))

    assert ([(PENSIONS, 20, JAN, None)], []) == (world.listed(A), world.listed(B))


def test_a_sign_of_life_says_how_far(world: World) -> None:
    """Nothing else changes."""
    world.beat(NOON)

    cursor = world.applier.cursor()
    assert cursor is not None
    assert NOON == cursor.told_until


def test_acknowledging(world: World) -> None:
    """Beyond the last is refused and changes nothing; a lower number changes nothing."""
    world.register(A, PENSIONS, JAN)
    world.tell(facts(A))
    world.tell(facts(A))

    with pytest.raises(RegistryError) as refused:
        world.notices.acknowledge(PENSIONS, 3)
    assert refused.value.reason is Reason.POSITION_BEYOND_END
    assert [2, 2] == [world.notices.acknowledge(PENSIONS, number).acknowledged_no for number in (2, 1)]


def test_only_acknowledged_notices_are_let_go(world: World) -> None:
    """The numbers go on."""
    world.register(A, PENSIONS, JAN)
    for _ in range(3):
        world.tell(facts(A))
    world.notices.acknowledge(PENSIONS, 2)

    assert LetGo(2, 1) == world.notices.let_go(NOON + dt.timedelta(days=1))
    world.tell(facts(A))

    assert [3, 4] == [number for number, *_ in world.noticed(PENSIONS)]
    state = world.notices.state(PENSIONS)
    assert (4, 2, 3) == (state.last_no, state.acknowledged_no, state.kept_from)


def test_news_are_of_those_who_were_told_something_since(world: World) -> None:
    """Whatever the clock says: an instant is never earlier than that of the commit before."""
    world.register(A, PENSIONS, JAN)
    world.register(B, WELFARE, JAN)
    world.tell(facts(A))
    source = NoticeSource(world.notices, "x")

    assert {} == source.news()
    world.clock.advance(dt.timedelta(hours=-1))
    world.tell(facts(A))
    world.tell(facts(A), facts(B))
    assert {PENSIONS: 3, WELFARE: 1} == source.news()
    assert {} == source.news()
    world.tell(facts(B))
    assert {WELFARE: 2} == source.news()
    assert {PENSIONS: 3, WELFARE: 2} == source.ends([PENSIONS, WELFARE])


def test_news_begin_before_the_first_notice_of_all(world: World) -> None:
    """Where nobody was ever told anything the first notice is news."""
    world.register(A, PENSIONS, JAN)
    source = NoticeSource(world.notices, "x")

    assert {} == source.news()
    world.tell(facts(A))
    assert {PENSIONS: 1} == source.news()
