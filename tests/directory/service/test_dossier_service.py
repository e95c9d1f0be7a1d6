"""Institutions register, change, close, remove and reconfirm dossiers, over the wire."""

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from tests.directory.service.conftest import ANNA, BEA, NOON, PENSIONS, WELFARE, Directory
from tests.support.calls import said_in

from kruispunt import (
    DossierUnknown,
    EtagMismatch,
    InstitutionRef,
    NotOwnInstitution,
    NumberCancelled,
    Period,
    PhaseOverlap,
    ReconfirmationOutcome,
    RegistrationOutcome,
    RequestIdReused,
    RoleMissing,
    WarningReason,
    errors,
    shapes,
)
from kruispunt_directory.domain.number import NumberStatus


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def period(begin: str, end: str | None = None) -> Period:
    return Period(day(begin), day(end) if end else None)


def test_registration_is_listed(directory: Directory) -> None:
    """What one institution registers, another sees."""
    done = directory.client(PENSIONS).register_dossier(
        ANNA, capacity=100, period=period("2020-01-01"), source="intake"
    )

    listed = list(directory.client(WELFARE).list_dossiers(ANNA))

    assert RegistrationOutcome.CREATED == done.outcome
    assert [done.dossier] == listed
    assert (InstitutionRef(5, 1), 100, 0, period("2020-01-01"), "intake", "1") == (
        listed[0].institution,
        listed[0].capacity,
        listed[0].phase,
        listed[0].period,
        listed[0].source,
        listed[0].etag,
    )


def test_repetition_is_a_warning(directory: Directory) -> None:
    """The same registration under another request_id changes nothing and says so."""
    client = directory.client(PENSIONS)
    first = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01"))

    again = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01"))

    assert (RegistrationOutcome.UNCHANGED, first.dossier) == (again.outcome, again.dossier)
    assert [WarningReason.ALREADY_REGISTERED] == [warning.reason for warning in again.warnings]
    assert 1 == directory.count(directory.tables.dossiers.dossier_version)


def test_overlap_extends(directory: Directory) -> None:
    """An overlapping period extends, and the history keeps both states."""
    client = directory.client(PENSIONS)
    first = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01", "2021-01-01"))
    directory.clock.advance(dt.timedelta(hours=1))

    second = client.register_dossier(ANNA, capacity=100, period=period("2020-07-01", "2022-01-01"))

    assert (RegistrationOutcome.EXTENDED, first.dossier.dossier_id, period("2020-01-01", "2022-01-01")) == (
        second.outcome,
        second.dossier.dossier_id,
        second.dossier.period,
    )
    then = list(client.list_dossiers(ANNA, valid_at=day("2020-06-01"), known_at=NOON))
    assert [period("2020-01-01", "2021-01-01")] == [dossier.period for dossier in then]


def test_same_request_id_gives_the_first_answer(directory: Directory) -> None:
    """A retry writes nothing and is answered as the first attempt was."""
    client, request_id = directory.client(PENSIONS), uuid.uuid4()
    first = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01"), request_id=request_id)
    client.close_dossier(ANNA, first.dossier.dossier_id, end=day("2025-01-01"))

    again = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01"), request_id=request_id)

    assert (first.outcome, first.dossier) == (again.outcome, again.dossier)
    assert 2 == directory.count(directory.tables.dossiers.dossier_version)


def test_same_request_id_with_another_request_is_refused(directory: Directory) -> None:
    """A request_id names one request for ever."""
    client, request_id = directory.client(PENSIONS), uuid.uuid4()
    client.register_dossier(ANNA, capacity=100, period=period("2020-01-01"), request_id=request_id)

    with pytest.raises(RequestIdReused) as refusal:
        client.register_dossier(BEA, capacity=100, period=period("2020-01-01"), request_id=request_id)

    assert "request_id" == refusal.value.field
    assert [] == list(client.list_dossiers(BEA))


def test_concurrent_registrations_leave_one_dossier(directory: Directory) -> None:
    """Sixteen overlapping registrations at once make one dossier of their union."""
    client = directory.client(PENSIONS)

    def register(number: int) -> None:
        client.register_dossier(
            ANNA, capacity=100, period=Period(dt.date(2000 + number, 1, 1), dt.date(2002 + number, 1, 1))
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(register, range(16)))

    assert [period("2000-01-01", "2017-01-01")] == [
        dossier.period for dossier in client.list_dossiers(ANNA, every_period=True)
    ]


def test_validate_only_writes_nothing(directory: Directory) -> None:
    """A rehearsal answers as if done."""
    client = directory.client(PENSIONS)
    changes = directory.count(directory.tables.shared.change)

    done = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01"), validate_only=True)

    assert RegistrationOutcome.CREATED == done.outcome
    assert [] == list(client.list_dossiers(ANNA))
    assert 0 == directory.count(directory.tables.dossiers.dossier_version)
    assert changes == directory.count(directory.tables.shared.change)
    assert 0 == directory.count(directory.tables.shared.idempotency)


def test_only_the_institution_itself_writes(directory: Directory) -> None:
    """Naming another institution is refused; its dossiers are unknown to others."""
    registered = directory.client(PENSIONS).register_dossier(ANNA, capacity=100, period=period("2020-01-01"))
    other = directory.client(WELFARE)

    with pytest.raises(NotOwnInstitution):
        other.register_dossier(
            ANNA, capacity=2, period=period("2020-01-01"), institution=InstitutionRef(5, 1)
        )
    with pytest.raises(DossierUnknown):
        other.close_dossier(ANNA, registered.dossier.dossier_id, end=day("2021-01-01"))
    other.remove_dossiers(ANNA, shapes.All())

    assert [registered.dossier] == list(other.list_dossiers(ANNA))


def test_who_supplies_nothing_may_not_write(directory: Directory) -> None:
    """An auditor has no right to register."""
    with pytest.raises(RoleMissing):
        directory.client("registry-auditor").register_dossier(ANNA, capacity=2, period=period("2020-01-01"))


@pytest.mark.parametrize(
    ("capacity", "phase", "begin", "error", "field"),
    [
        (555, 0, "2020-01-01", errors.CapacityUnknown, "capacity"),
        (100, 77, "2020-01-01", errors.PhaseUnknown, "phase"),
        (100, 0, "1950-01-01", errors.InstitutionUnknown, "institution"),
    ],
)
def test_codes_must_exist(
    directory: Directory,
    capacity: int,
    phase: int,
    begin: str,
    error: type[errors.KruispuntError],
    field: str,
) -> None:
    """Institution, capacity and phase must exist when the dossier begins."""
    with pytest.raises(error) as refusal:
        directory.client(PENSIONS).register_dossier(
            ANNA, capacity=capacity, phase=phase, period=period(begin)
        )

    assert field == refusal.value.field
    assert 0 == directory.count(directory.tables.dossiers.dossier)


def test_phase_turns_and_stale_etag_is_refused(directory: Directory) -> None:
    """A new phase splits the dossier; who saw the older state is refused."""
    client = directory.client(WELFARE)
    first = client.register_dossier(ANNA, capacity=2, phase=10, period=period("2024-01-01")).dossier

    turned = client.update_dossier(
        ANNA, first.dossier_id, etag=first.etag, phase=20, effective_from=day("2025-01-01")
    )

    assert (20, period("2025-01-01")) == (turned.dossier.phase, turned.dossier.period)
    with pytest.raises(EtagMismatch):
        client.close_dossier(ANNA, first.dossier_id, end=day("2024-06-01"), etag=first.etag)
    with pytest.raises(PhaseOverlap):
        client.register_dossier(ANNA, capacity=2, phase=10, period=period("2025-06-01"))
    assert [(10, period("2024-01-01", "2025-01-01")), (20, period("2025-01-01"))] == [
        (dossier.phase, dossier.period) for dossier in client.list_dossiers(ANNA, every_period=True)
    ]


def test_cut_splits(directory: Directory) -> None:
    """Cutting out of the middle leaves two dossiers."""
    client = directory.client(PENSIONS)
    standing = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01")).dossier

    removal = client.remove_dossiers(
        ANNA, shapes.Cut(standing.dossier_id, period("2021-01-01", "2022-01-01"))
    )

    assert [period("2020-01-01", "2021-01-01"), period("2022-01-01")] == [
        dossier.period for dossier in removal.remaining
    ]
    assert standing.dossier_id == removal.remaining[0].dossier_id


def test_removed_dossiers_stay_known_to_the_past(directory: Directory) -> None:
    """After a removal the past still shows what was known."""
    client = directory.client(PENSIONS)
    standing = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01")).dossier
    directory.clock.advance(dt.timedelta(hours=1))

    removal = client.remove_dossiers(ANNA, shapes.InCapacity(100))

    assert [standing.dossier_id] == list(removal.removed)
    assert [] == list(client.list_dossiers(ANNA))
    assert [standing] == list(client.list_dossiers(ANNA, known_at=NOON))


def test_reconfirmation_answers_each(directory: Directory) -> None:
    """Own dossiers are confirmed, others are unknown, in the order asked."""
    client = directory.client(PENSIONS)
    own = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01")).dossier
    other = directory.client(WELFARE).register_dossier(ANNA, capacity=2, period=period("2020-01-01")).dossier
    directory.clock.advance(dt.timedelta(days=3))

    outcomes = client.reconfirm_dossiers([(ANNA, other.dossier_id), (ANNA, own.dossier_id)])

    assert [ReconfirmationOutcome.DOSSIER_UNKNOWN, ReconfirmationOutcome.CONFIRMED] == list(outcomes)
    confirmed = next(d for d in client.list_dossiers(ANNA) if d.dossier_id == own.dossier_id)
    assert NOON + dt.timedelta(days=3) == confirmed.confirm_time


def replace_number(directory: Directory, old: int, new: int, status: NumberStatus) -> None:
    """Say in the directory's projection where a number leads, as identity's feed will."""
    with directory.database.writing() as transaction:
        transaction.execute(
            sa.insert(directory.tables.dossiers.number).values(
                ssin=int(old),
                current_ssin=int(new),
                status=int(status),
                replaced_on=day("2026-01-15"),
                recorded_at=NOON,
            )
        )


def test_replaced_number_is_followed(directory: Directory) -> None:
    """A write under a former number stands under the current one, and the answer says so."""
    replace_number(directory, ANNA, BEA, NumberStatus.ACTIVE)

    done = directory.client(PENSIONS).register_dossier(ANNA, capacity=100, period=period("2020-01-01"))
    listing = directory.client(WELFARE).list_dossiers(ANNA)

    assert (BEA, ANNA) == (done.dossier.ssin, done.dossier.registered_ssin)
    assert (BEA, True, day("2026-01-15")) == (
        done.resolution.current,
        done.resolution.replaced,
        done.resolution.replace_date,
    )
    assert WarningReason.NUMBER_REPLACED in [warning.reason for warning in done.warnings]
    assert [done.dossier] == list(listing)


def test_cancelled_number_is_refused(directory: Directory) -> None:
    """Nothing is registered under a number that leads nowhere."""
    replace_number(directory, ANNA, ANNA, NumberStatus.CANCELLED)

    with pytest.raises(NumberCancelled):
        directory.client(PENSIONS).register_dossier(ANNA, capacity=100, period=period("2020-01-01"))


def test_every_change_is_journalled(directory: Directory) -> None:
    """Each dossier touched leaves one change, with what it was before and after, under a pseudonym."""
    client = directory.client(PENSIONS)
    standing = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01")).dossier
    client.close_dossier(ANNA, standing.dossier_id, end=day("2025-01-01"))
    client.remove_dossiers(ANNA, shapes.All())

    table = directory.tables.shared.change
    with directory.database.reading() as connection:
        rows = connection.execute(
            sa.select(table).where(table.c.kind.like("dossier.%")).order_by(table.c.entry_no)
        ).all()

    assert ["dossier.created", "dossier.changed", "dossier.removed"] == [row.kind for row in rows]
    with directory.database.reading() as connection:
        said = [said_in(connection, directory.subject_keys, row) for row in rows]
    assert [(None, None), (None, "2025-01-01"), ("2025-01-01", None)] == [
        (one.get("before", {}).get("end"), one.get("after", {}).get("end")) for one in said
    ]
    assert all(str(ANNA) not in repr(tuple(row)) and str(int(ANNA)) not in repr(tuple(row)) for row in rows)
    assert [
        ("RegisterDossier", "dossier", "written"),
        ("CloseDossier", "dossier", "written"),
        ("RemoveDossiers", "dossier", "written"),
    ] == directory.accesses()


def test_reconfirmation_under_two_numbers_confirms_once(directory: Directory) -> None:
    """One dossier named under its old and its new number is one dossier, of one person, in the log too."""
    client = directory.client(PENSIONS)
    own = client.register_dossier(BEA, capacity=100, period=period("2020-01-01")).dossier
    replace_number(directory, ANNA, BEA, NumberStatus.REPLACED)

    outcomes = client.reconfirm_dossiers(
        [(ANNA, own.dossier_id), (BEA, own.dossier_id), (BEA, str(uuid.uuid4()))]
    )

    assert [
        ReconfirmationOutcome.CONFIRMED,
        ReconfirmationOutcome.CONFIRMED,
        ReconfirmationOutcome.DOSSIER_UNKNOWN,
    ] == list(outcomes)
    assert ["2"] == [dossier.etag for dossier in client.list_dossiers(BEA)]
    table = directory.tables.shared.access
    with directory.database.reading() as connection:
        looks = connection.execute(sa.select(table.c.subject, table.c.result)).all()
    assert 1 == len({bytes(look.subject) for look in looks})
    assert ["confirmed", "confirmed", "none"] == sorted(
        look.result for look in looks if look.result in ("confirmed", "none")
    )[:3]


def test_opposite_reconfirmations_do_not_deadlock(directory: Directory) -> None:
    """Two lists of the same persons in opposite order, under old and new numbers, both end."""
    client = directory.client(PENSIONS)
    first = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01")).dossier
    second = client.register_dossier(BEA, capacity=100, period=period("2020-01-01")).dossier

    def confirm(turn: int) -> None:
        both = [(ANNA, first.dossier_id), (BEA, second.dossier_id)]
        client.reconfirm_dossiers(both if turn % 2 else both[::-1], timeout_s=20)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(confirm, range(24)))

    assert {"25"} == {dossier.etag for person in (ANNA, BEA) for dossier in client.list_dossiers(person)}


def test_declarations_of_one_instant_are_both_kept(directory: Directory) -> None:
    """Two workers declaring at once is no fault; the later word counts, also when it takes the earlier back."""
    client = directory.client(PENSIONS)
    client.reconfirm_dossiers([], synchronised_until=NOON - dt.timedelta(hours=1))
    client.reconfirm_dossiers([], synchronised_until=NOON - dt.timedelta(hours=9))

    coverage = client.get_coverage(sector=5, institution=1).first().items[0]

    assert 2 == directory.count(directory.tables.dossiers.synchronisation)
    assert NOON - dt.timedelta(hours=9) == coverage.synchronised_until


def test_code_ended_later_does_not_bind_other_changes(directory: Directory) -> None:
    """An update of the period is held to the codes; one of the source is not."""
    client = directory.client(PENSIONS)
    standing = client.register_dossier(ANNA, capacity=100, period=period("2020-01-01")).dossier

    with pytest.raises(errors.InstitutionUnknown):
        client.update_dossier(ANNA, standing.dossier_id, period=period("1950-01-01"))
    assert (
        "front-desk" == client.update_dossier(ANNA, standing.dossier_id, source="front-desk").dossier.source
    )
