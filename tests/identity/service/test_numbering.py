"""Numbers are replaced, resolved, split and cancelled; nothing that was told is lost, and nothing is half-written."""

import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.identity.service.numbering import (
    ANNA,
    BEA,
    CLEO,
    CORRECTION,
    DORA,
    DUPLICATE,
    EMMA,
    FLOR,
    NATIONAL_NUMBER_GIVEN,
    NOBODY,
    Numbering,
    numbering_on,
    replacement_of,
)
from tests.identity.service.telling import DESK, PENSIONS, WELFARE, address, change, date, name

from kruispunt.identity.v1 import identity_service_pb2 as service_pb
from kruispunt.identity.v1 import person_pb2
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.values import Address, Name
from kruispunt_identity.store.decisions import DecisionStore
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError

NATIONAL, BIS, RAD = person_pb2.REGISTER_NATIONAL, person_pb2.REGISTER_BIS, person_pb2.REGISTER_RAD
CURRENT, REPLACED = service_pb.NUMBER_OUTCOME_CURRENT, service_pb.NUMBER_OUTCOME_REPLACED
CANCELLED, UNKNOWN = service_pb.NUMBER_OUTCOME_CANCELLED, service_pb.NUMBER_OUTCOME_UNKNOWN
MALFORMED = service_pb.NUMBER_OUTCOME_MALFORMED


@pytest.fixture
def numbering(identity_database: Database, identity_tables: IdentityTables, tmp_path: Path) -> Numbering:
    """ANNA, BEA, CLEO and DORA under bis numbers, on each of whom PENSIONS has a dossier."""
    made = numbering_on(identity_database, identity_tables, tmp_path / "national.db")
    for ssin, family in ((ANNA, "Peeters"), (BEA, "Maes"), (CLEO, "Claes"), (DORA, "Wouters")):
        made.told.register(ssin, family)
    return made


def refusal(action: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(RegistryError) as refused:
        action()
    return refused.value.reason.label, refused.value.field


# Resolving -----------------------------------------------------------------------------------------------


def test_every_number_has_its_outcome(numbering: Numbering) -> None:
    """A batch is answered in its order: replaced, current, cancelled, national, unknown, malformed, twice."""
    numbering.replace(ANNA, BEA)
    numbering.cancel(CLEO)
    results = numbering.resolve(ANNA, BEA, CLEO, EMMA, NOBODY, "8507300332", ANNA)

    assert [
        (str(ANNA), REPLACED, str(BEA), BIS),
        (str(BEA), CURRENT, str(BEA), BIS),
        (str(CLEO), CANCELLED, str(CLEO), BIS),
        (str(EMMA), CURRENT, str(EMMA), NATIONAL),
        (str(NOBODY), UNKNOWN, "", 0),
        ("8507300332", MALFORMED, "", 0),
        (str(ANNA), REPLACED, str(BEA), BIS),
    ] == [(each.asked_ssin, each.outcome, each.current_ssin, each.register) for each in results]


def test_a_chain_tells_every_step(numbering: Numbering) -> None:
    """Each step has its numbers, reason and day, and the instant of its recording."""
    numbering.replace(ANNA, BEA, effective_date=date(2026, 1, 15))
    numbering.replace(BEA, EMMA, reason=NATIONAL_NUMBER_GIVEN)
    (result,) = numbering.resolve(ANNA)

    assert (str(EMMA), NATIONAL) == (result.current_ssin, result.register)
    assert [
        (str(ANNA), str(BEA), DUPLICATE, date(2026, 1, 15), 13),
        (str(BEA), str(EMMA), NATIONAL_NUMBER_GIVEN, date(2026, 3, 3), 14),
    ] == [
        (s.former_ssin, s.next_ssin, s.reason, s.effective_date, s.record_time.ToDatetime().hour)
        for s in result.chain
    ]


def test_the_past_is_resolved_as_it_was(numbering: Numbering) -> None:
    """What a number led to at an instant stays the answer about that instant."""
    before = numbering.told.clock.now()
    numbering.replace(ANNA, BEA)
    between = numbering.told.clock.now()
    numbering.split(ANNA)

    assert [(CURRENT, str(ANNA))] == [
        (r.outcome, r.current_ssin) for r in numbering.resolve(ANNA, known_at=before)
    ]
    assert [(REPLACED, str(BEA))] == [
        (r.outcome, r.current_ssin) for r in numbering.resolve(ANNA, known_at=between)
    ]
    assert [(CURRENT, str(ANNA))] == [(r.outcome, r.current_ssin) for r in numbering.resolve(ANNA)]


def test_a_batch_has_its_bounds(numbering: Numbering) -> None:
    """Nothing asked, and more than ten thousand, are refused; ten thousand are answered."""
    assert ("FIELD_REQUIRED", "ssins") == refusal(numbering.resolve)
    assert ("TOO_MANY_ELEMENTS", "ssins") == refusal(lambda: numbering.resolve(*["1"] * 10_001))
    assert 10_000 == len(numbering.resolve(*[ANNA, EMMA] * 5_000))


def test_who_was_resolved_is_noted(numbering: Numbering) -> None:
    """The access log gets the number that stands, for each that was asked; none for what is no number."""
    numbering.replace(ANNA, BEA)
    call = numbering.call()
    request = service_pb.ResolveNumbersRequest(ssins=[str(ANNA), str(NOBODY), "x"])
    numbering.resolving.ResolveNumbers(request, call)

    assert [(int(BEA), "number", "found"), (int(NOBODY), "number", "none")] == [
        (look.person, look.data_groups, look.result) for look in call.looks
    ]


# Replacing -----------------------------------------------------------------------------------------------


def test_a_replaced_number_leads_to_the_other_at_once(numbering: Numbering) -> None:
    """The answer shows the person under the next number: its own facts seen, those of the former beneath."""
    numbering.tell(ANNA, change(address("Kerkstraat")))
    call = numbering.call()
    response = numbering.replace(ANNA, BEA, call=call)

    assert (REPLACED, str(BEA)) == (response.resolution.outcome, response.resolution.current_ssin)
    assert (str(BEA), [str(ANNA)], "2") == (
        response.person.ssin,
        list(response.person.former_ssins),
        response.person.etag,
    )
    assert not response.already_replaced
    assert (Name("Maes"), BEA) == numbering.seen(ANNA)["name"]
    assert (Address("BE", street="Kerkstraat"), ANNA) == numbering.seen(BEA)["contact_address"]
    assert {"number.replaced", "number.joined"} == set(numbering.told.kinds()[-2:])
    assert [(int(ANNA), "written"), (int(BEA), "written")] == [
        (look.person, look.result) for look in call.looks
    ]


def test_what_is_told_under_a_former_number_reaches_the_person(numbering: Numbering) -> None:
    """An institution that has not heard of the replacement goes on telling; the later fact is seen."""
    numbering.replace(ANNA, BEA)
    numbering.tell(ANNA, change(name("Janssens")))

    assert (Name("Janssens"), ANNA) == numbering.seen(BEA)["name"]


def test_the_same_replacement_again_changes_nothing(numbering: Numbering) -> None:
    """Another request for what stands already says so; the same request gives its first answer."""
    request = replacement_of(ANNA, BEA)
    first = numbering.servicer.ReplaceNumber(request, numbering.call())
    rows = numbering.told.rows()
    again = numbering.servicer.ReplaceNumber(request, numbering.call())
    other = numbering.replace(ANNA, BEA)

    assert first == again
    assert (False, True) == (first.already_replaced, other.already_replaced)
    assert (first.person, first.resolution) == (other.person, other.resolution)
    assert {**rows, "idempotency": rows["idempotency"] + 1} == numbering.told.rows()


def test_a_rehearsal_writes_nothing(numbering: Numbering) -> None:
    """With validate_only everything is answered as if done."""
    rows = numbering.told.rows()
    response = numbering.replace(ANNA, EMMA, validate_only=True)

    assert str(EMMA) == response.resolution.current_ssin
    assert rows == numbering.told.rows()


def test_a_national_number_takes_the_place_of_a_bis_number(numbering: Numbering) -> None:
    """The person is NATIONAL from then on, under a number of which nothing had been written here."""
    response = numbering.replace(ANNA, EMMA, reason=NATIONAL_NUMBER_GIVEN)

    assert (NATIONAL, str(EMMA)) == (response.person.register, response.person.ssin)
    assert (Name("Janssens", ("Emma",)), EMMA) == numbering.seen(ANNA)["name"]


def test_what_a_preview_says_of_a_national_person_guards_the_replacement(numbering: Numbering) -> None:
    """The etags that were shown are taken; after anything was written of the person they are stale."""
    seen = numbering.preview(ANNA, EMMA)
    numbering.replace(BEA, EMMA)
    with pytest.raises(RegistryError) as refused:
        numbering.replace(ANNA, EMMA, former_etag=seen.former_etag, next_etag=seen.next_etag)
    assert ("ETAG_MISMATCH", "next_etag") == (refused.value.reason.label, refused.value.field)

    seen = numbering.preview(ANNA, FLOR)
    numbering.replace(ANNA, FLOR, former_etag=seen.former_etag, next_etag=seen.next_etag)
    assert [FLOR] == numbering.current(ANNA)


def test_no_kept_answer_holds_what_the_national_register_said(
    numbering: Numbering, identity_database: Database, identity_tables: IdentityTables
) -> None:
    """The answer shows it, and a repeated one asks for it anew; the row that makes it repeatable does not have it."""
    request = replacement_of(ANNA, EMMA, reason=NATIONAL_NUMBER_GIVEN)
    first = numbering.servicer.ReplaceNumber(request, numbering.call())
    again = numbering.servicer.ReplaceNumber(request, numbering.call())
    with identity_database.reading() as connection:
        kept = connection.scalars(sa.select(identity_tables.shared.idempotency.c.response)).all()

    assert first == again
    assert "Emma" in str(first.person)
    assert [] == [answer for answer in kept if b"Emma" in answer or b"Janssens" in answer]


def test_a_struck_off_number_counts_as_national(numbering: Numbering) -> None:
    """A bis number may be replaced by a RAD number, and not the other way round."""
    numbering.move(EMMA, RAD)

    assert ("REPLACEMENT_FORBIDDEN", "next_ssin") == refusal(
        lambda: numbering.replace(EMMA, BEA, call=numbering.call(DESK))
    )
    assert RAD == numbering.replace(ANNA, EMMA, reason=NATIONAL_NUMBER_GIVEN).person.register


def test_a_national_number_is_replaced_as_a_correction_only(numbering: Numbering) -> None:
    """The national register gives another number when a birth date or gender was wrong, for no other reason."""
    call = numbering.call(DESK)

    assert ("REPLACEMENT_FORBIDDEN", "reason") == refusal(lambda: numbering.replace(EMMA, FLOR, call=call))
    assert str(FLOR) == numbering.replace(EMMA, FLOR, call=call, reason=CORRECTION).resolution.current_ssin


REFUSALS: dict[str, tuple[Callable[[Numbering], Any], tuple[str, str]]] = {
    "itself": (lambda n: n.replace(ANNA, ANNA), ("SAME_PERSON", "next_ssin")),
    "the other way": (lambda n: n.replace(CLEO, BEA), ("SAME_PERSON", "next_ssin")),
    "the other way, far": (lambda n: n.replace(CLEO, ANNA), ("SAME_PERSON", "next_ssin")),
    "former replaced": (lambda n: n.replace(ANNA, DORA), ("NUMBER_REPLACED", "former_ssin")),
    "former leads there": (lambda n: n.replace(ANNA, CLEO), ("NUMBER_REPLACED", "former_ssin")),
    "next replaced": (lambda n: n.replace(DORA, ANNA), ("NUMBER_REPLACED", "next_ssin")),
    "former unknown": (lambda n: n.replace(NOBODY, DORA), ("PERSON_UNKNOWN", "former_ssin")),
    "next unknown": (lambda n: n.replace(DORA, NOBODY), ("PERSON_UNKNOWN", "next_ssin")),
    "national by bis": (
        lambda n: n.replace(EMMA, DORA, call=n.call(DESK)),
        ("REPLACEMENT_FORBIDDEN", "next_ssin"),
    ),
    "no national number": (
        lambda n: n.replace(DORA, CLEO, reason=NATIONAL_NUMBER_GIVEN),
        ("REPLACEMENT_FORBIDDEN", "reason"),
    ),
    "stale former": (lambda n: n.replace(DORA, CLEO, former_etag="7"), ("ETAG_MISMATCH", "former_etag")),
    "stale next": (lambda n: n.replace(DORA, CLEO, next_etag="1"), ("ETAG_MISMATCH", "next_etag")),
    "no reason": (lambda n: n.replace(DORA, CLEO, reason=0), ("FIELD_REQUIRED", "reason")),
    "another reason": (lambda n: n.replace(DORA, CLEO, reason=5), ("FIELD_INVALID", "reason")),
    "strange reason": (lambda n: n.replace(DORA, CLEO, reason=77), ("CODE_UNKNOWN", "reason")),
    "future": (
        lambda n: n.replace(DORA, CLEO, effective_date=date(2026, 3, 9)),
        ("TIME_IN_FUTURE", "effective_date"),
    ),
    "no day": (
        lambda n: n.replace(DORA, CLEO, effective_date=date(2026, 2, 30)),
        ("DATE_INVALID", "effective_date"),
    ),
    "no number": (lambda n: n.replace("x", CLEO), ("NUMBER_MALFORMED", "former_ssin")),
    "nothing": (lambda n: n.replace(DORA, ""), ("FIELD_REQUIRED", "next_ssin")),
    "no dossier": (lambda n: n.replace(DORA, CLEO, call=n.call(WELFARE)), ("NO_DOSSIER", "former_ssin")),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_is_refused(numbering: Numbering, case: str) -> None:
    """Each fault has its own reason and field path, and nothing is half-written. ANNA leads to BEA leads to CLEO."""
    numbering.replace(ANNA, BEA)
    numbering.replace(BEA, CLEO)
    rows = numbering.told.rows()
    action, expected = REFUSALS[case]

    assert expected == refusal(lambda: action(numbering))
    assert rows == numbering.told.rows()


def test_a_cancelled_number_takes_no_place(numbering: Numbering) -> None:
    """Neither of the two may be cancelled."""
    numbering.cancel(ANNA)

    assert ("NUMBER_CANCELLED", "former_ssin") == refusal(lambda: numbering.replace(ANNA, BEA))
    assert ("NUMBER_CANCELLED", "next_ssin") == refusal(lambda: numbering.replace(BEA, ANNA))


def test_a_dossier_on_either_person_is_enough(numbering: Numbering) -> None:
    """An institution that knows one of the two may say that they are one."""
    numbering.told.holders.dossiers.add((WELFARE.own_institution(), BEA))

    assert str(BEA) == numbering.replace(ANNA, BEA, call=numbering.call(WELFARE)).person.ssin


def test_who_is_refused_is_noted(numbering: Numbering) -> None:
    """A refusal goes into the access log with its reason, under both numbers."""
    call = numbering.call(WELFARE)
    refusal(lambda: numbering.replace(ANNA, BEA, call=call))

    assert [(int(ANNA), "NO_DOSSIER"), (int(BEA), "NO_DOSSIER")] == [
        (look.person, look.result) for look in call.looks
    ]


def test_opposite_replacements_at_once_leave_one(numbering: Numbering) -> None:
    """ANNA by BEA and BEA by ANNA at the same moment: one is carried out, the other is told that they are one."""
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def run(former: Ssin, next_: Ssin) -> None:
        start.wait()
        try:
            numbering.servicer.ReplaceNumber(replacement_of(former, next_), numbering.call())
            outcomes.append("replaced")
        except RegistryError as error:
            outcomes.append(error.reason.label)

    for one, other in ((ANNA, BEA), (CLEO, DORA)):
        outcomes.clear()
        threads = [threading.Thread(target=run, args=pair) for pair in ((one, other), (other, one))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert ["SAME_PERSON", "replaced"] == sorted(outcomes)
        assert 1 == len(set(numbering.current(one, other)))


def test_a_ring_of_replacements_at_once_leaves_no_circle(numbering: Numbering) -> None:
    """ANNA by BEA, BEA by CLEO, CLEO by DORA and DORA by ANNA at the same moment: all end at numbers that stand."""
    ring = [ANNA, BEA, CLEO, DORA]
    start = threading.Barrier(4)
    outcomes: list[str] = []

    def run(place: int) -> None:
        start.wait()
        try:
            numbering.servicer.ReplaceNumber(replacement_of(ring[place], ring[place - 3]), numbering.call())
            outcomes.append("replaced")
        except RegistryError as error:
            outcomes.append(error.reason.label)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    standing = {ssin for ssin in ring if numbering.current(ssin) == [ssin]}
    assert set(numbering.current(*ring)) == standing
    assert 4 - len(standing) == outcomes.count("replaced")
    assert {"replaced", "SAME_PERSON", "NUMBER_REPLACED", "CONCURRENT_CHANGE"} >= set(outcomes)


# Looking before ------------------------------------------------------------------------------------------


def test_a_preview_says_what_would_move_who_is_told_and_what_conflicts(numbering: Numbering) -> None:
    """Facts, links and numbers of the former; institutions of both; what both say of the same days."""
    numbering.replace(CLEO, ANNA)
    (street,) = numbering.tell(ANNA, change(address("Kerkstraat")))
    link = numbering.told.link(ANNA, call=numbering.call()).foreign_identifier.link_id
    numbering.told.holders.dossiers.add((InstitutionKey(17, 1), BEA))
    rows = numbering.told.rows()
    preview = numbering.preview(ANNA, BEA)

    assert rows == numbering.told.rows()
    assert street in [fact.fact_id for fact in preview.moving_facts]
    assert {str(ANNA), str(CLEO)} == {fact.registered_ssin for fact in preview.moving_facts}
    assert [link] == [each.link_id for each in preview.moving_identifiers]
    assert [str(CLEO)] == list(preview.moving_ssins)
    assert [(5, 1), (17, 1)] == [(each.sector, each.institution) for each in preview.told]
    assert preview.told_is_complete
    assert [("Peeters", "Maes")] == [
        (each.former.value.name.family_name, each.next.value.name.family_name) for each in preview.conflicts
    ]
    assert ("4", "1") == (preview.former_etag, preview.next_etag)
    done = numbering.replace(ANNA, BEA, former_etag=preview.former_etag, next_etag=preview.next_etag)
    assert list(preview.conflicts) == list(done.conflicts)


def test_a_preview_of_what_stands_moves_nothing(numbering: Numbering) -> None:
    """Once the replacement was made there is nothing left to move."""
    numbering.replace(ANNA, BEA)
    preview = numbering.preview(ANNA, BEA)

    assert ([], [], "2", "2") == (
        list(preview.moving_facts),
        list(preview.conflicts),
        preview.former_etag,
        preview.next_etag,
    )


def test_a_preview_is_refused_as_the_replacement_is(numbering: Numbering) -> None:
    """The same reasons and fields, before anything is done."""
    numbering.replace(ANNA, BEA)

    assert ("SAME_PERSON", "next_ssin") == refusal(lambda: numbering.preview(BEA, ANNA))
    assert ("NUMBER_REPLACED", "next_ssin") == refusal(lambda: numbering.preview(CLEO, ANNA))
    assert ("NO_DOSSIER", "former_ssin") == refusal(
        lambda: numbering.preview(CLEO, BEA, numbering.call(WELFARE))
    )


# Splitting -----------------------------------------------------------------------------------------------


def test_a_split_gives_back_what_was_told_under_the_number(numbering: Numbering) -> None:
    """Facts told before and after the replacement go back; what was told under the other stays."""
    numbering.replace(ANNA, BEA)
    (later,) = numbering.tell(ANNA, change(address("Kerkstraat")))
    numbering.tell(BEA, change(name("Maes-Claes")), participant=WELFARE)
    receipt = numbering.split(ANNA)

    assert (str(ANNA), [], str(BEA)) == (
        receipt.split_off.ssin,
        list(receipt.split_off.former_ssins),
        receipt.remaining.ssin,
    )
    assert later in [fact.fact_id for fact in receipt.returned_facts]
    assert {str(ANNA)} == {fact.registered_ssin for fact in receipt.returned_facts}
    assert ([], []) == (list(receipt.undecided_facts), list(receipt.taken_facts))
    assert [Name("Peeters"), Name("Maes-Claes")] == [numbering.seen(ssin)["name"][0] for ssin in (ANNA, BEA)]
    assert "contact_address" not in numbering.seen(BEA)
    assert [ANNA, BEA] == numbering.current(ANNA, BEA)


def test_a_split_lists_what_a_person_must_decide(numbering: Numbering) -> None:
    """What an institution that knew the former number told under the remaining one since may belong to either."""
    numbering.tell(BEA, change(address("Nieuwstraat")))
    numbering.replace(ANNA, BEA)
    (doubtful,) = numbering.tell(BEA, change(name("Peeters-Maes")))
    numbering.tell(BEA, change(address("Markt")), participant=WELFARE)
    receipt = numbering.split(ANNA, validate_only=True)

    assert [doubtful] == [fact.fact_id for fact in receipt.undecided_facts]
    assert [ANNA, BEA][1:] * 2 == numbering.current(ANNA, BEA)


def test_facts_are_taken_along_as_asked(numbering: Numbering) -> None:
    """A fact told under the remaining number stands under the number split off, with its source; the past stays."""
    numbering.replace(ANNA, BEA)
    (first,) = numbering.tell(BEA, change(name("Peeters-Maes")))
    (second,) = numbering.tell(BEA, change(address("Markt")))
    between = numbering.told.clock.now()
    receipt = numbering.split(ANNA, second, first)

    assert [] == list(receipt.undecided_facts)
    assert [str(ANNA)] * 2 == [fact.registered_ssin for fact in receipt.taken_facts]
    assert [(5, 1)] * 2 == [(fact.source.sector, fact.source.institution) for fact in receipt.taken_facts]
    assert {
        "name": (Name("Peeters-Maes"), ANNA),
        "contact_address": (Address("BE", street="Markt"), ANNA),
    } == {group: said for group, said in numbering.seen(ANNA).items() if group != "birth"}
    assert (Name("Maes"), BEA) == numbering.seen(BEA)["name"]
    assert "contact_address" not in numbering.seen(BEA)
    assert (Name("Peeters-Maes"), BEA) == numbering.seen(ANNA, between)["name"]
    with numbering.told.database.reading() as connection:
        profiles = numbering.told.matches.profiles(connection, [int(ANNA), int(BEA)])
    assert "Peeters-Maes" == profiles[ANNA].names[0].family
    assert "Maes" == profiles[BEA].names[0].family


def test_of_several_facts_taken_along_the_later_is_seen(numbering: Numbering) -> None:
    """Facts keep the order in which they were told, whatever the order of the request."""
    numbering.replace(ANNA, BEA)
    told = [numbering.tell(BEA, change(name(family)))[0] for family in "ABCDEFGH"]
    numbering.split(ANNA, *reversed(told))

    assert (Name("H"), ANNA) == numbering.seen(ANNA)["name"]


def test_a_split_is_right_after_later_replacements(numbering: Numbering) -> None:
    """ANNA by BEA, CLEO by ANNA's person, BEA by DORA, then ANNA apart: what led to ANNA does so again, the rest to DORA."""
    numbering.replace(CLEO, ANNA)
    numbering.replace(ANNA, BEA)
    link = numbering.told.link(ANNA, call=numbering.call()).foreign_identifier.link_id
    numbering.replace(BEA, DORA)
    (late,) = numbering.tell(CLEO, change(name("Claes-Late")))
    receipt = numbering.split(ANNA)

    assert [ANNA, DORA, ANNA, DORA] == numbering.current(ANNA, BEA, CLEO, DORA)
    assert (str(DORA), [str(CLEO)]) == (receipt.remaining.ssin, list(receipt.returned_ssins))
    assert late in [fact.fact_id for fact in receipt.returned_facts]
    assert [link] == [each.link_id for each in receipt.returned_identifiers]
    assert (Name("Claes-Late"), CLEO) == numbering.seen(ANNA)["name"]
    assert (Name("Wouters"), DORA) == numbering.seen(BEA)["name"]


def test_a_split_number_can_be_replaced_again(numbering: Numbering) -> None:
    """After a split everything is possible again, the other way round too."""
    numbering.replace(ANNA, BEA)
    numbering.split(ANNA)
    numbering.replace(BEA, ANNA)

    assert [ANNA, ANNA] == numbering.current(ANNA, BEA)


def test_a_split_is_a_decision_that_the_two_are_two_persons(
    numbering: Numbering, identity_database: Database, identity_tables: IdentityTables
) -> None:
    """No sweep suspects them again; a later replacement is possible all the same."""
    decisions = DecisionStore(
        identity_database, identity_tables, NumberStore(identity_database, identity_tables)
    )
    numbering.replace(ANNA, BEA)
    numbering.split(ANNA)
    with identity_database.reading() as connection:
        assert {tuple(sorted((ANNA, BEA)))} == decisions.told_apart(connection, [ANNA, BEA])

    numbering.replace(ANNA, BEA)
    assert [BEA, BEA] == numbering.current(ANNA, BEA)


def test_a_split_raises_both_etags(numbering: Numbering) -> None:
    """Whoever saw one of the two persons before is told that they changed."""
    numbering.replace(ANNA, BEA)
    receipt = numbering.split(ANNA)

    assert ("3", "3") == (receipt.split_off.etag, receipt.remaining.etag)
    assert {"number.split", "number.parted"} == set(numbering.told.kinds()[-2:])


def test_splits_that_cannot_be_are_refused(numbering: Numbering) -> None:
    """Each fault has its reason and field, and nothing is half-written."""
    numbering.replace(ANNA, BEA)
    of_anna = numbering.told.standing(ANNA)[0].fact_id
    rows = numbering.told.rows()

    assert ("NOT_REPLACED", "ssin") == refusal(lambda: numbering.split(BEA))
    assert ("NOT_REPLACED", "ssin") == refusal(lambda: numbering.split(EMMA))
    assert ("PERSON_UNKNOWN", "ssin") == refusal(lambda: numbering.split(NOBODY))
    assert ("FACT_UNKNOWN", "take_fact_ids[0]") == refusal(lambda: numbering.split(ANNA, str(uuid.uuid4())))
    assert ("FACT_UNKNOWN", "take_fact_ids[0]") == refusal(lambda: numbering.split(ANNA, str(of_anna)))
    assert ("FIELD_INVALID", "take_fact_ids[0]") == refusal(lambda: numbering.split(ANNA, "x"))
    assert ("FIELD_INVALID", "take_fact_ids[1]") == refusal(
        lambda: numbering.split(ANNA, *[str(of_anna)] * 2)
    )
    assert rows == numbering.told.rows()


# Cancelling ----------------------------------------------------------------------------------------------


def test_a_cancelled_number_leads_to_nobody_and_can_still_be_read(numbering: Numbering) -> None:
    """Its facts stay, nobody finds it any more, and the institutions with a dossier are named."""
    numbering.replace(ANNA, BEA)
    numbering.tell(BEA, change(name("Maes-Claes")))
    response = numbering.cancel(BEA)

    assert (CANCELLED, str(BEA)) == (response.resolution.outcome, response.resolution.current_ssin)
    assert [(5, 1)] == [(each.sector, each.institution) for each in response.concerned]
    assert response.concerned_is_complete
    assert [CANCELLED] * 2 == [each.outcome for each in numbering.resolve(ANNA, BEA)]
    assert (Name("Maes-Claes"), BEA) == numbering.seen(BEA)["name"]
    with numbering.told.database.reading() as connection:
        assert {} == numbering.told.matches.profiles(connection, [int(ANNA), int(BEA)])


def test_a_number_split_off_from_a_cancelled_one_is_found_again(numbering: Numbering) -> None:
    """The keys that went with the cancellation come back with the split."""
    numbering.replace(ANNA, BEA)
    numbering.cancel(BEA)
    numbering.split(ANNA)

    assert [CURRENT, CANCELLED] == [each.outcome for each in numbering.resolve(ANNA, BEA)]
    with numbering.told.database.reading() as connection:
        assert [int(ANNA)] == list(numbering.told.matches.profiles(connection, [int(ANNA), int(BEA)]))


def test_cancellations_that_cannot_be_are_refused(numbering: Numbering) -> None:
    """A replaced, cancelled or national number is not cancelled here."""
    numbering.replace(ANNA, BEA)
    numbering.cancel(CLEO)
    numbering.move(FLOR, RAD)
    rows = numbering.told.rows()

    assert ("NUMBER_REPLACED", "ssin") == refusal(lambda: numbering.cancel(ANNA))
    assert ("NUMBER_CANCELLED", "ssin") == refusal(lambda: numbering.cancel(CLEO))
    assert ("NATIONAL_DATA", "ssin") == refusal(lambda: numbering.cancel(EMMA))
    assert ("NATIONAL_DATA", "ssin") == refusal(lambda: numbering.cancel(FLOR))
    assert ("PERSON_UNKNOWN", "ssin") == refusal(lambda: numbering.cancel(NOBODY))
    assert ("ETAG_MISMATCH", "etag") == refusal(lambda: numbering.cancel(DORA, etag="9"))
    assert rows == numbering.told.rows()


# Moving between registers --------------------------------------------------------------------------------


def test_struck_off_takes_the_last_national_data_over(numbering: Numbering) -> None:
    """What the national register said is ours from then on, with its source, and can be changed."""
    response = numbering.move(EMMA, RAD, effective_date=date(2026, 2, 1))
    numbering.national.unlink()

    assert (RAD, str(EMMA), False) == (response.person.register, response.person.ssin, response.already_there)
    assert {(0, 0)} == {(fact.source.sector, fact.source.institution) for fact in response.person.facts}
    assert ["name", "birth", "gender", "nationalities"] == [
        fact.value.WhichOneof("value") for fact in response.person.facts
    ]
    assert ("number.moved", "Janssens") == (
        numbering.told.kinds()[-1],
        numbering.seen(EMMA)["name"][0].family_name,
    )
    with numbering.told.database.reading() as connection:
        assert [int(EMMA)] == list(numbering.told.matches.profiles(connection, [int(EMMA)]))
    numbering.tell(EMMA, change(name("Janssens-Maes")))
    assert (Name("Janssens-Maes"), EMMA) == numbering.seen(EMMA)["name"]


def test_given_back_the_national_register_is_shown(numbering: Numbering) -> None:
    """What was told in between is closed and stays in the history; the contact address stands."""
    numbering.move(EMMA, RAD)
    numbering.tell(EMMA, change({"decease": {"date": date(2025)}}), change(address("Markt")))
    between = numbering.told.clock.now()
    response = numbering.move(EMMA, NATIONAL)

    assert NATIONAL == response.person.register
    assert {"name", "birth", "gender", "nationalities", "contact_address"} == set(numbering.seen(EMMA))
    assert "decease" in numbering.seen(EMMA, between)
    with numbering.told.database.reading() as connection:
        assert {} == numbering.told.matches.profiles(connection, [int(EMMA)])


def test_given_back_closes_what_was_told_under_a_former_number(numbering: Numbering) -> None:
    """Told under the old bis number while the person was struck off, it was told of the person: it is closed too."""
    numbering.tell(ANNA, change({"civil_state": {"code": 10}}))
    numbering.replace(ANNA, EMMA, reason=NATIONAL_NUMBER_GIVEN)
    numbering.move(EMMA, RAD)
    numbering.tell(ANNA, change({"decease": {"date": date(2025)}}))
    assert "decease" in numbering.seen(EMMA)

    numbering.move(EMMA, NATIONAL)

    assert "decease" not in numbering.seen(EMMA)
    assert ANNA == numbering.seen(EMMA)["civil_state"][1]


def test_the_same_move_again_changes_nothing(numbering: Numbering) -> None:
    """Whoever is there already stays, and nothing is written, not even a number."""
    rows = numbering.told.rows()
    assert numbering.move(EMMA, NATIONAL).already_there
    assert {**rows, "idempotency": rows["idempotency"] + 1} == numbering.told.rows()
    numbering.move(EMMA, RAD)
    rows = numbering.told.rows()

    assert numbering.move(EMMA, RAD).already_there
    assert {**rows, "idempotency": rows["idempotency"] + 1} == numbering.told.rows()


def test_moves_that_cannot_be_are_refused(numbering: Numbering) -> None:
    """Bis numbers do not move, nobody moves to the bis register, unknown and replaced numbers have their reasons."""
    numbering.replace(EMMA, FLOR, reason=CORRECTION, call=numbering.call(DESK))
    rows = numbering.told.rows()

    assert ("MOVE_FORBIDDEN", "ssin") == refusal(lambda: numbering.move(ANNA, RAD))
    assert ("MOVE_FORBIDDEN", "register") == refusal(lambda: numbering.move(FLOR, BIS))
    assert ("FIELD_REQUIRED", "register") == refusal(lambda: numbering.move(FLOR, 0))
    assert ("PERSON_UNKNOWN", "ssin") == refusal(lambda: numbering.move(NOBODY, RAD))
    assert ("NUMBER_REPLACED", "ssin") == refusal(lambda: numbering.move(EMMA, RAD))
    assert rows == numbering.told.rows()


def test_the_answers_are_of_their_types(numbering: Numbering) -> None:
    """A rehearsed cancellation answers as if done, and the number stands."""
    answer = numbering.cancel(ANNA, validate_only=True)

    assert isinstance(answer, pb.CancelNumberResponse)
    assert (CANCELLED, [ANNA]) == (answer.resolution.outcome, numbering.current(ANNA))


def test_institutions_of_the_former_number_are_the_person_s(numbering: Numbering) -> None:
    """A dossier under a former number still lets its institution write of the person."""
    numbering.told.holders.dossiers -= {(PENSIONS.own_institution(), BEA)}
    numbering.replace(ANNA, BEA)

    assert str(CLEO) == numbering.replace(BEA, CLEO).person.ssin
