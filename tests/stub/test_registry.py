"""The registry in memory, as an institution's tests use it."""

import asyncio
import datetime as dt
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kruispunt import (
    DeadlineExceeded,
    GrantMissing,
    InstitutionRef,
    KruispuntError,
    PartialDate,
    Period,
    Purpose,
    Sex,
    Ssin,
)
from kruispunt.errors import MethodUnknown, PositionTooOld, QuotaExhausted, RegisterUnavailable, Unavailable
from kruispunt.feeds import BEGINNING, NOW, FeedStart
from kruispunt.notices import NoticeKind
from kruispunt.sandbox import population
from kruispunt.testing import (
    REGISTRAR,
    FaultKind,
    Registry,
    SeededDossier,
    SeededInstitution,
    SeededPerson,
)

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
PENSIONS = "institution-5-1"
SINCE = Period(dt.date(2020, 1, 1))
ANNA = SeededPerson(
    Ssin.parse("85073003328"), "Peeters", ("Bram",), PartialDate(1985, 7, 30), Sex.MALE, birth_place="Gent"
)
BEA = SeededPerson(
    Ssin.parse("75460898095"),
    "Janssens",
    ("Bea",),
    PartialDate(1975, 6, 8),
    Sex.FEMALE,
    birth_country="NL",
    nationalities=("NL",),
    dossiers=(SeededDossier(InstitutionRef(5, 1), 100, 20, SINCE),),
)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry(persons=[ANNA, BEA], now=NOON) as one:
        yield one
        assert [] == one.faults_of_its_own()


def test_what_is_seeded_is_known_and_was_recorded_before(registry: Registry) -> None:
    """A seeded person is in its register, a seeded dossier is held, both recorded 30 days before."""
    identity, directory = registry.identity(PENSIONS), registry.directory(PENSIONS)
    (dossier,) = directory.list_dossiers(BEA.ssin)

    assert "NATIONAL" == identity.get_person(ANNA.ssin).register.name
    assert "BIS" == identity.get_person(BEA.ssin).register.name
    assert NOON - dt.timedelta(days=30) == dossier.record_time
    assert [BEA.ssin] == [
        each.ssin
        for each in identity.search_persons("Jansens", PartialDate(1975), given_names=["Bea"]).candidates
    ]


def test_the_clock_stands_where_it_is_put(registry: Registry) -> None:
    """The first write is recorded at the instant that the clock stands at; today follows the clock."""
    directory = registry.directory(PENSIONS)
    first = directory.register_dossier(
        ANNA.ssin, capacity=100, phase=20, period=Period(dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    )
    assert NOON == first.dossier.record_time
    assert 1 == len(list(directory.list_dossiers(ANNA.ssin)))
    registry.clock.set(dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC))

    assert 0 == len(list(directory.list_dossiers(ANNA.ssin)))
    with pytest.raises(ValueError, match="zone"):
        registry.clock.set(dt.datetime(2026, 4, 1, 12))  # noqa: DTZ001 - that is what is refused
    with pytest.raises(ValueError, match="zone"):
        Registry(now=dt.datetime(2026, 4, 1, 12))  # noqa: DTZ001


def test_calls_are_recorded_with_purpose_message_and_outcome(registry: Registry) -> None:
    """Each attempt is there, by whom, why, with what, and what came of it."""
    purpose = Purpose("18/042", "clerk-7", "file-1")
    directory = registry.directory(PENSIONS, purpose=purpose)
    name = uuid.uuid4()
    directory.register_dossier(ANNA.ssin, capacity=100, phase=20, period=SINCE, request_id=name)
    with pytest.raises(KruispuntError):
        directory.register_dossier("85073003329", capacity=100, phase=20, period=SINCE)
    first, second = registry.calls.of("RegisterDossier")

    assert ("DossierService/RegisterDossier", PENSIONS, purpose, True) == (
        first.method,
        first.participant,
        first.purpose,
        first.timed,
    )
    assert (str(name), "OK", "") == (first.request.request_id, first.status, first.reason)  # type: ignore[attr-defined]
    assert ("INVALID_ARGUMENT", "NUMBER_MALFORMED") == (second.status, second.reason)
    registry.calls.clear()
    assert 0 == len(registry.calls)


def test_looks_are_those_of_a_journal(registry: Registry) -> None:
    """Who looked at whom is there, also where one service asked the other."""
    registry.directory(PENSIONS).register_dossier(ANNA.ssin, capacity=100, phase=20, period=SINCE)
    looks = [(look.participant, look.method, look.person, look.result) for look in registry.looks.all()]

    assert (PENSIONS, "DossierService/RegisterDossier", ANNA.ssin, "written") in looks
    assert ("directory-service", "IdentityService/ResolveNumbers", ANNA.ssin, "found") in looks


def test_a_client_outlives_a_registry_that_is_away(registry: Registry) -> None:
    """Twice unavailable, and the client's third attempt is answered; what was sent took effect once."""
    registry.faults.unavailable(times=2, method="RegisterDossier")
    directory = registry.directory(PENSIONS)
    directory.register_dossier(ANNA.ssin, capacity=100, phase=20, period=SINCE)
    attempts = registry.calls.of("RegisterDossier")

    assert ["UNAVAILABLE", "UNAVAILABLE", "OK"] == [call.status for call in attempts]
    assert 1 == len({call.request.request_id for call in attempts})  # type: ignore[attr-defined]
    assert 1 == len(list(directory.list_dossiers(ANNA.ssin)))
    assert [] == registry.faults.waiting()


def test_a_registry_that_stays_away_is_told(registry: Registry) -> None:
    """Unavailable for ever ends as an error of the client, within its time."""
    registry.faults.unavailable(times=None)
    with pytest.raises((Unavailable, DeadlineExceeded)):
        list(registry.directory(PENSIONS, timeout_s=1.0).list_dossiers(ANNA.ssin))
    registry.faults.clear()

    assert [] == list(registry.directory(PENSIONS).list_dossiers(ANNA.ssin))


def test_a_slow_registry_runs_into_the_deadline(registry: Registry) -> None:
    """A call that is taken up after its deadline changes nothing."""
    registry.faults.slow(30, method="DossierService/*")
    directory = registry.directory(PENSIONS, timeout_s=0.3)
    with pytest.raises(DeadlineExceeded):
        directory.register_dossier(ANNA.ssin, capacity=100, phase=20, period=SINCE)
    registry.faults.clear()

    assert [] == list(registry.directory(PENSIONS).list_dossiers(ANNA.ssin, every_period=True))


def test_quota_and_denial_are_refusals_with_their_details(registry: Registry) -> None:
    """A quota says when to come again; a denial names the legal basis. Only the participant named is met."""
    registry.faults.quota(times=None, method="ListDossiers", participant=PENSIONS, retry_after_s=7)
    registry.faults.denied(method="GetPerson")
    with pytest.raises(QuotaExhausted) as refusal:
        list(registry.directory(PENSIONS).list_dossiers(ANNA.ssin))
    with pytest.raises(GrantMissing) as denial:
        registry.identity(PENSIONS).get_person(ANNA.ssin)

    assert (7.0, "reads") == (refusal.value.retry_after_s, refusal.value.metadata["quota"])
    assert "kruispunt-legal-basis" == denial.value.field
    assert [] == list(registry.directory("institution-17-101").list_dossiers(ANNA.ssin))
    assert [FaultKind.QUOTA] == [each.kind for each in registry.faults.waiting()]


def test_one_service_can_lose_the_other(registry: Registry) -> None:
    """While the directory cannot ask identity, nobody registers a dossier; listing goes on."""
    registry.faults.unavailable(times=None, participant="directory-service")
    directory = registry.directory(PENSIONS, timeout_s=4.0)
    with pytest.raises((RegisterUnavailable, DeadlineExceeded)):
        directory.register_dossier(ANNA.ssin, capacity=100, phase=20, period=SINCE)

    assert [] == list(directory.list_dossiers(ANNA.ssin))


def test_a_replaced_number_is_followed_at_once(registry: Registry) -> None:
    """When the replacement has been answered, dossiers stand under the new number and institutions are told."""
    registry.replace_number(BEA.ssin, ANNA.ssin)
    directory = registry.directory(PENSIONS)
    (dossier,) = directory.list_dossiers(BEA.ssin)
    notice = next(notice for item in directory.watch_notices(BEGINNING) for notice in item.notices)

    assert (ANNA.ssin, BEA.ssin) == (dossier.ssin, dossier.registered_ssin)
    assert (1, NoticeKind.NUMBER_REPLACED, BEA.ssin, ANNA.ssin) == (
        notice.notice_no,
        notice.kind,
        notice.ssin,
        notice.current,
    )


def test_a_directory_that_is_held_lags_behind(registry: Registry) -> None:
    """Held, the directory knows nothing of a replacement; let go, it catches up."""
    registry.following.hold()
    registry.replace_number(BEA.ssin, ANNA.ssin)
    directory = registry.directory(PENSIONS)
    assert [BEA.ssin] == [each.ssin for each in directory.list_dossiers(BEA.ssin)]
    registry.following.go_on()

    assert [ANNA.ssin] == [each.ssin for each in directory.list_dossiers(BEA.ssin)]


def test_a_watch_outlives_a_restart_of_the_feed(registry: Registry) -> None:
    """Broken off, the client opens the watch again after what it has read: nothing is missed, nothing told twice."""
    directory = registry.directory(PENSIONS)
    watch = (notice for item in directory.watch_notices(NOW) for notice in item.notices)
    told = []
    reading = threading.Thread(target=lambda: told.extend([next(watch), next(watch)]), daemon=True)
    reading.start()
    registry.calls.wait_for("WatchNotices")
    registry.replace_number(BEA.ssin, ANNA.ssin)
    registry.faults.restart_feeds()
    registry.calls.wait_for("WatchNotices", count=2)
    registry.identity(REGISTRAR).split_number(BEA.ssin)
    reading.join(20)

    assert [NoticeKind.NUMBER_REPLACED, NoticeKind.NUMBER_SPLIT] == [each.kind for each in told]
    assert "CANCELLED" == registry.calls.of("WatchNotices")[0].status


def test_a_position_can_become_too_old(registry: Registry) -> None:
    """After a gap a reader that resumes is told so, and a snapshot is the way back."""
    directory = registry.directory(PENSIONS)
    registry.replace_number(BEA.ssin, ANNA.ssin)
    item = next(iter(directory.watch_notices(BEGINNING)))
    registry.identity(REGISTRAR).split_number(BEA.ssin)
    registry.faults.forget_feeds()
    with pytest.raises(PositionTooOld):
        next(iter(directory.watch_notices(FeedStart.after(item.resume_token), give_up_s=5)))
    first = next(
        iter(directory.watch_notices(FeedStart.after(item.resume_token), start_over=True, give_up_s=5))
    )

    assert [BEA.ssin] == [each.current for each in first.holdings]


def test_rights_decide_as_at_a_registry(registry: Registry, tmp_path: Path) -> None:
    """A rights file says who may what; what it does not name takes no part."""
    path = tmp_path / "rights.yaml"
    path.write_text(
        """
participants:
  office:
    institution: 5/1
    roles: [supplier]
    uris: [spiffe://example/office]
  desk:
    roles: [administrator]
    uris: [spiffe://example/desk]
legal_bases:
  1/1: {title: Dossiers, data_groups: [dossier]}
grants:
  office-works:
    participants: [office]
    methods: [DossierService/*]
    legal_basis: 1/1
    data_groups: [dossier]
"""
    )
    purpose = Purpose("1/1", "clerk", "case")
    with Registry(persons=[ANNA], rights=path, now=NOON) as own:
        assert ["desk", "office"] == own.participants()
        directory = own.directory("office", purpose=purpose)
        directory.register_dossier(ANNA.ssin, capacity=100, phase=20, period=SINCE)
        with pytest.raises(GrantMissing):
            list(directory.list_dossiers(ANNA.ssin))
        with pytest.raises(LookupError):
            own.directory(PENSIONS)


def test_further_institutions_may_what_those_of_the_sandbox_may() -> None:
    """An institution of a test's own is in the code tables and in the rights."""
    mine = SeededInstitution(InstitutionRef(17, 909), "Public Welfare Centre of Nowhere")
    with Registry(persons=[ANNA], institutions=[mine], now=NOON) as registry:
        directory = registry.directory(mine.ref)
        directory.register_dossier(ANNA.ssin, capacity=2, phase=10, period=SINCE)

        assert [mine.ref] == [each.institution for each in directory.list_dossiers(ANNA.ssin)]


def test_the_synthetic_population_can_be_had() -> None:
    """People of the sandbox are known with their dossiers, those with two numbers under both."""
    with Registry(people=100, now=NOON) as registry:
        identity = registry.identity(REGISTRAR)
        some = list(population(100, 1))
        found = list(identity.resolve_numbers([each.ssin for each in some]))
        held = sum(len(each.dossiers) for each in some)
        listed = sum(
            len(list(registry.directory(PENSIONS).list_dossiers(each.ssin, every_period=True)))
            for each in some
        )

    assert {"CURRENT"} == {each.outcome.name for each in found}
    assert 0 < listed <= held


def test_what_the_stub_has_not_says_so(registry: Registry) -> None:
    """A method beyond those covered is UNIMPLEMENTED, unary and stream, whoever asks."""
    with pytest.raises(MethodUnknown):
        list(registry.identity(REGISTRAR).suspected_duplicates())
    with pytest.raises(MethodUnknown):
        list(registry.identity(REGISTRAR).export_persons())


@pytest.mark.parametrize("person", [ANNA, BEA], ids=["national", "bis"])
def test_a_person_is_seeded_once(person: SeededPerson) -> None:
    """A number that is seeded twice is a mistake of the test, and said; in whichever register."""
    with pytest.raises(ValueError, match="twice"):
        Registry(persons=[person, person])


def test_asyncio_clients_are_served_alike(registry: Registry) -> None:
    """An asyncio client registers what a synchronous one lists, and repeats by itself too."""
    registry.faults.unavailable(method="RegisterDossier")

    async def register() -> None:
        async with registry.async_directory(PENSIONS) as directory:
            await directory.register_dossier(ANNA.ssin, capacity=100, phase=20, period=SINCE)
        async with registry.async_identity(PENSIONS) as identity:
            assert ANNA.ssin == (await identity.get_person(ANNA.ssin)).ssin

    asyncio.run(register())

    assert ["UNAVAILABLE", "OK"] == [call.status for call in registry.calls.of("RegisterDossier")]
    assert 1 == len(list(registry.directory(PENSIONS).list_dossiers(ANNA.ssin)))
