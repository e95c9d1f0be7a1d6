"""What commands do to the dossiers of one institution on one person."""

import datetime as dt
import uuid

import pytest

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import DossierBook, Outcome, Plan, Registration, Revision, Selection
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.knowledge import NetworkLevel
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError

ANNA = Ssin.parse("85073003328")
PENSIONS = InstitutionKey(5, 1)
NOW = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def period(begin: str, end: str | None = None) -> Period:
    return Period(day(begin), day(end) if end else None)


def dossier(begin: str, end: str | None = None, *, capacity: int = 10, phase: int = 0) -> Dossier:
    return Dossier(
        dossier_id=uuid.uuid4(),
        person=ANNA,
        registered_under=ANNA,
        institution=PENSIONS,
        capacity=capacity,
        phase=phase,
        period=period(begin, end),
        network_level=NetworkLevel.PRIMARY,
        source="test",
        version=1,
        recorded_at=NOW - dt.timedelta(days=1),
        confirmed_at=NOW - dt.timedelta(days=1),
    )


def book(*standing: Dossier) -> DossierBook:
    return DossierBook(ANNA, PENSIONS, standing, NOW)


def register(standing: DossierBook, begin: str, end: str | None = None, *, phase: int = 0) -> Plan:
    registration = Registration(10, phase, period(begin, end), NetworkLevel.PRIMARY, "test")
    return standing.register(registration, registered_under=ANNA, default_level=NetworkLevel.SECONDARY)


def test_first_registration_creates() -> None:
    """With nothing standing a dossier is created at version 1."""
    plan = register(book(), "2020-01-01")

    assert Outcome.CREATED == plan.outcome
    assert [(period("2020-01-01"), 1)] == [(entry.period, entry.version) for entry in plan.created]


def test_same_registration_again_changes_nothing() -> None:
    """A repeated registration is UNCHANGED and shows what stands."""
    standing = dossier("2020-01-01", "2021-01-01")

    plan = register(book(standing), "2020-01-01", "2021-01-01")

    assert (Outcome.UNCHANGED, standing, [], []) == (plan.outcome, plan.subject, plan.created, plan.changed)


def test_registration_inside_a_period_changes_nothing() -> None:
    """What lies within a standing period is known already."""
    plan = register(book(dossier("2020-01-01", "2021-01-01")), "2020-03-01", "2020-04-01")

    assert Outcome.UNCHANGED == plan.outcome


def test_overlap_extends_and_keeps_the_identifier() -> None:
    """An overlapping period extends the dossier that stands."""
    standing = dossier("2020-01-01", "2021-01-01")

    plan = register(book(standing), "2020-06-01", "2022-01-01")

    (before, after) = plan.changed[0]
    assert (Outcome.EXTENDED, standing) == (plan.outcome, before)
    assert (standing.dossier_id, period("2020-01-01", "2022-01-01"), 2) == (
        after.dossier_id,
        after.period,
        after.version,
    )


def test_adjoining_period_extends() -> None:
    """A period that begins where another ends is one with it."""
    plan = register(book(dossier("2020-01-01", "2021-01-01")), "2021-01-01")

    assert period("2020-01-01") == plan.changed[0][1].period


def test_bridging_period_joins_several() -> None:
    """A period that touches two joins both into one."""
    first, second = dossier("2020-01-01", "2020-02-01"), dossier("2020-03-01", "2020-04-01")

    plan = register(book(first, second), "2020-02-01", "2020-03-01")

    assert [period("2020-01-01", "2020-04-01")] == [after.period for _, after in plan.changed]
    assert 1 == len(plan.removed)
    assert (first.dossier_id, second.dossier_id) == (
        plan.changed[0][0].dossier_id,
        plan.removed[0][0].dossier_id,
    )


def test_gap_of_a_day_creates_another() -> None:
    """Periods with a day between them are two dossiers."""
    plan = register(book(dossier("2020-01-01", "2020-12-31")), "2021-01-01")

    assert Outcome.CREATED == plan.outcome


def test_other_phase_on_the_same_days_is_refused() -> None:
    """On one day a dossier in one capacity has one phase."""
    with pytest.raises(RegistryError) as refusal:
        register(book(dossier("2020-01-01", "2021-01-01", phase=1)), "2020-12-31", phase=2)

    assert (Reason.PHASE_OVERLAP, "period") == (refusal.value.reason, refusal.value.field)


def test_other_phase_right_after_is_created() -> None:
    """The next phase may begin on the day the one before ends."""
    plan = register(book(dossier("2020-01-01", "2021-01-01", phase=1)), "2021-01-01", phase=2)

    assert Outcome.CREATED == plan.outcome


def test_phase_turns_on_a_day() -> None:
    """A new phase from a day on splits the dossier there."""
    standing = dossier("2020-01-01", phase=1)

    plan = book(standing).update(
        standing.dossier_id, "1", Revision(phase=2, effective_from=day("2020-06-01"))
    )

    assert period("2020-01-01", "2020-06-01") == plan.changed[0][1].period
    assert plan.subject is not None
    assert (2, period("2020-06-01"), 1) == (plan.subject.phase, plan.subject.period, plan.subject.version)


@pytest.mark.parametrize("turning", ["2020-01-01", "2019-12-31", "2021-01-01"])
def test_turning_day_lies_inside(turning: str) -> None:
    """A phase cannot turn on the first day, before it, or at the end."""
    standing = dossier("2020-01-01", "2021-01-01", phase=1)

    with pytest.raises(RegistryError) as refusal:
        book(standing).update(standing.dossier_id, "", Revision(phase=2, effective_from=day(turning)))

    assert (Reason.OUTSIDE_PERIOD, "effective_from") == (refusal.value.reason, refusal.value.field)


def test_update_that_changes_nothing_writes_nothing() -> None:
    """The same phase again makes no version."""
    standing = dossier("2020-01-01", phase=1)

    plan = book(standing).update(standing.dossier_id, "", Revision(phase=1))

    assert (Outcome.UNCHANGED, []) == (plan.outcome, plan.changed)


def test_stale_etag_is_refused() -> None:
    """Whoever saw an older state does not overwrite."""
    standing = dossier("2020-01-01")

    with pytest.raises(RegistryError) as refusal:
        book(standing).close(standing.dossier_id, "7", day("2021-01-01"))

    assert Reason.ETAG_MISMATCH == refusal.value.reason


def test_unknown_dossier_is_refused() -> None:
    """A dossier of another person or institution is not in the book."""
    with pytest.raises(RegistryError) as refusal:
        book(dossier("2020-01-01")).close(uuid.uuid4(), "", day("2021-01-01"))

    assert (Reason.DOSSIER_UNKNOWN, "dossier_id") == (refusal.value.reason, refusal.value.field)


@pytest.mark.parametrize("end", ["2020-01-01", "2019-01-01", "2022-01-02"])
def test_close_stays_inside_the_period(end: str) -> None:
    """Closing never lengthens a dossier and never leaves it without a day."""
    standing = dossier("2020-01-01", "2022-01-01")

    with pytest.raises(RegistryError) as refusal:
        book(standing).close(standing.dossier_id, "", day(end))

    assert (Reason.OUTSIDE_PERIOD, "end") == (refusal.value.reason, refusal.value.field)


SIX = {
    "a": ("2019-01-01", "2020-01-01", 10, 1),
    "b": ("2020-01-01", "2021-01-01", 10, 2),
    "c": ("2020-02-01", "2020-03-01", 20, 1),
    "d": ("2022-01-01", None, 20, 2),
}


@pytest.mark.parametrize(
    ("selection", "removed"),
    [
        (Selection(), "abcd"),
        (Selection(within=period("2020-01-01", "2021-01-01")), "bc"),
        (Selection(within=period("2020-01-01")), "bcd"),
        (Selection(capacity=20), "cd"),
        (Selection(capacity=20, within=period("2020-01-01", "2021-01-01")), "c"),
        (Selection(capacity=10, phase=2), "b"),
        (Selection(capacity=30), ""),
    ],
)
def test_removal_takes_what_fits(selection: Selection, removed: str) -> None:
    """Five shapes of removal, each by its own criteria."""
    standing = {
        name: dossier(begin, end, capacity=capacity, phase=phase)
        for name, (begin, end, capacity, phase) in SIX.items()
    }

    plan = book(*standing.values()).remove(selection)

    gone = {before.dossier_id for before, _ in plan.removed}
    assert removed == "".join(name for name, entry in standing.items() if entry.dossier_id in gone)


@pytest.mark.parametrize(
    ("span", "left"),
    [
        (("2020-03-01", "2020-04-01"), ["[2020-01-01, 2020-03-01)", "[2020-04-01, 2021-01-01)"]),
        (("2019-01-01", "2020-04-01"), ["[2020-04-01, 2021-01-01)"]),
        (("2020-03-01", None), ["[2020-01-01, 2020-03-01)"]),
        (("2020-01-01", "2021-01-01"), []),
    ],
)
def test_cut_leaves_what_is_outside(span: tuple[str, str | None], left: list[str]) -> None:
    """The sixth shape cuts a span out of one dossier, which may split it."""
    standing = dossier("2020-01-01", "2021-01-01")

    plan = book(standing).cut(standing.dossier_id, "", period(*span))

    assert left == [str(entry.period) for entry in plan.remaining]
    assert (0 if left else 1) == len(plan.removed)


def test_cut_outside_the_period_is_refused() -> None:
    """A span that shares no day with the dossier is a mistake."""
    standing = dossier("2020-01-01", "2021-01-01")

    with pytest.raises(RegistryError) as refusal:
        book(standing).cut(standing.dossier_id, "", period("2021-01-01"))

    assert Reason.OUTSIDE_PERIOD == refusal.value.reason


def test_time_never_runs_backwards_in_a_book() -> None:
    """A clock that was set back still records later than what stands."""
    standing = dossier("2020-01-01")
    earlier = DossierBook(ANNA, PENSIONS, [standing], NOW - dt.timedelta(days=30))

    plan = earlier.close(standing.dossier_id, "", day("2021-01-01"))

    assert plan.changed[0][1].recorded_at == standing.recorded_at + dt.timedelta(microseconds=1)


def said(level: NetworkLevel | None, source: str | None) -> Registration:
    return Registration(10, 0, period("2020-01-01", "2022-01-01"), level, source)


def test_what_is_not_said_stays() -> None:
    """Extending without level and source keeps those that stand."""
    standing = dossier("2020-01-01", "2021-01-01")

    plan = book(standing).register(
        said(None, None), registered_under=ANNA, default_level=NetworkLevel.SECONDARY
    )

    kept = plan.changed[0][1]
    assert (NetworkLevel.PRIMARY, "test") == (kept.network_level, kept.source)


def test_what_is_said_anew_is_kept() -> None:
    """The same period with another source is no mere repetition."""
    standing = dossier("2020-01-01", "2022-01-01")

    plan = book(standing).register(
        said(None, "payroll"), registered_under=ANNA, default_level=NetworkLevel.SECONDARY
    )

    assert (Outcome.EXTENDED, "payroll") == (plan.outcome, plan.changed[0][1].source)


def test_a_new_dossier_gets_the_level_of_its_institution() -> None:
    """Nothing said and nothing standing: the institution's level, and no source."""
    plan = book().register(said(None, None), registered_under=ANNA, default_level=NetworkLevel.SECONDARY)

    created = plan.created[0]
    assert (NetworkLevel.SECONDARY, "unspecified") == (created.network_level, created.source)


def test_a_phase_cannot_turn_into_itself() -> None:
    """`effective_from` with the phase that stands is a mistake, not a change of everything else."""
    standing = dossier("2020-01-01", phase=1)

    with pytest.raises(RegistryError) as refusal:
        book(standing).update(
            standing.dossier_id, "", Revision(phase=1, source="x", effective_from=day("2020-06-01"))
        )

    assert (Reason.FIELD_INVALID, "effective_from") == (refusal.value.reason, refusal.value.field)


def test_a_removal_is_not_forgotten_by_a_clock_set_back() -> None:
    """What is recorded after a removal is later than it, although nothing stands any more."""
    later = NOW + dt.timedelta(hours=1)
    emptied = DossierBook(ANNA, PENSIONS, [], NOW, latest=later)

    plan = register(emptied, "2020-01-01")

    assert later + dt.timedelta(microseconds=1) == plan.created[0].recorded_at


def test_a_plan_that_was_taken_is_seen_by_the_next() -> None:
    """What it removed stands no more, what it changed stands changed, and what comes after is recorded later."""
    one, other = dossier("2020-01-01", "2021-01-01"), dossier("2022-01-01", "2023-01-01")
    standing = book(one, other)

    bridging = register(standing, "2020-06-01", "2022-06-01")
    standing.take(bridging)
    after = register(standing, "2022-06-01", "2024-01-01")

    assert [other.dossier_id] == [before.dossier_id for before, _ in bridging.removed]
    assert not standing.holds(other.dossier_id)
    ((before, changed),) = after.changed
    assert [] == after.removed
    assert (one.dossier_id, period("2020-01-01", "2024-01-01"), 3) == (
        changed.dossier_id,
        changed.period,
        changed.version,
    )
    assert (before.recorded_at, before.recorded_at + dt.timedelta(microseconds=1)) == (
        NOW,
        changed.recorded_at,
    )
