"""Protected persons over mutual TLS: who marks them, who is shown what, and that every look at them is flagged."""

import datetime as dt
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from tests.identity.service.conftest import PENSIONS, REGISTRAR, WELFARE, Identity

import kruispunt
from kruispunt import (
    Birth,
    ContactAddress,
    DataGroup,
    DistinctDecision,
    DistinctReason,
    Evidence,
    EvidenceKind,
    FactChange,
    Gender,
    IdentifierKey,
    IdentifierScheme,
    IdentityClient,
    Name,
    NumberChangeReason,
    PartialDate,
    Person,
    PersonOutcome,
    Place,
    ProtectionState,
    Register,
    Statement,
)
from kruispunt.feeds import BEGINNING, ChangeKind
from kruispunt.persons import Protection
from kruispunt.ssin import Ssin
from kruispunt_identity.national.file import load

PASSPORT = Evidence(EvidenceKind.PASSPORT, "X1")
KEY = IdentifierKey("MA", IdentifierScheme.PASSPORT, "EH 42")
BORN = PartialDate(1991, 4, 17)
PROTECTED, LIFTED = ProtectionState.PROTECTED, ProtectionState.LIFTED
MOVED = ContactAddress(country="BE", street="Schuilstraat", house_number="1")


def facts_of(given: str = "Aminata", family: str = "Diallo", born: PartialDate = BORN) -> list[Statement]:
    return [
        Statement(Name(family, (given,)), evidence=PASSPORT),
        Statement(Birth(born, Place("GN"))),
        Statement(Gender.FEMALE),
    ]


def registered(identity: Identity, *named: str, by: str = PENSIONS) -> Ssin:
    """Register a person whom nobody is like."""
    answer = identity.client(by).register_person(facts_of(*named), request_id=uuid.uuid4())
    assert answer.person is not None
    return answer.person.ssin


def protected(identity: Identity, *named: str) -> Ssin:
    """Register a person with an address and a passport, and protect them."""
    ssin = registered(identity, *named)
    client = identity.client(PENSIONS)
    client.update_person(ssin, [FactChange(Statement(MOVED))])
    client.link_foreign_identifier(ssin, KEY)
    protect(identity, ssin)
    return ssin


def protect(identity: Identity, ssin: Ssin, state: ProtectionState = PROTECTED, **more: Any) -> Any:
    identity.clock.advance(dt.timedelta(minutes=1))
    return identity.client(REGISTRAR).set_protection(ssin, state, reference="court 26/17", **more)


def bare(ssin: Ssin, shown: Person) -> bool:
    """Return whether nothing but number, state and mark is shown."""
    message = type(shown.message)(ssin=str(ssin), status=1, protected=True)
    return bool(message == shown.message)


def flagged(identity: Identity, method: str) -> list[tuple[str, str]]:
    return [(groups, result) for name, groups, result in identity.accesses() if name == method]


def refusal(reason: type[kruispunt.KruispuntError], action: Any) -> str:
    with pytest.raises(reason) as refused:
        action()
    return str(refused.value.field)


def told_by(identity: Identity, ssin: Ssin) -> list[tuple[ChangeKind, dt.date | None]]:
    """Return what the feed tells of a person so far."""
    watch = identity.client(REGISTRAR).watch_changes(BEGINNING, give_up_s=0)
    told = []
    while len(told) < 2:
        told += [(each.kind, each.affects_from) for each in next(watch).changes if each.ssin == ssin]
    return told


# Marking -------------------------------------------------------------------------------------------------


def test_a_mark_keeps_who_set_and_who_lifted_it(identity: Identity) -> None:
    """From which day, by which decision, recorded when; lifted, it stays to be read, and can be set again."""
    ssin = registered(identity)
    protect(identity, ssin, effective_date=dt.date(2026, 2, 1))
    lifted = protect(identity, ssin, LIFTED)
    again = protect(identity, ssin)

    (mark,) = lifted.protections
    assert (ssin, dt.date(2026, 2, 1), "court 26/17", REGISTRAR) == (
        mark.registered_under,
        mark.begin,
        mark.reference,
        mark.set_by,
    )
    assert (dt.date(2026, 3, 3), "court 26/17", REGISTRAR) == (
        mark.lift_date,
        mark.lift_reference,
        mark.lifted_by,
    )
    assert (False, True) == (lifted.resolution.protected, again.resolution.protected)
    assert ["3", "4"] == [lifted.etag, again.etag]
    assert [False, True] == [each.lift_date is None for each in again.protections]
    history = identity.client(REGISTRAR).list_person_versions(ssin)
    assert 2 == sum(isinstance(each, Protection) for each in history)


def test_the_same_again_changes_nothing(identity: Identity) -> None:
    """Nor does lifting what does not stand, nor a rehearsal."""
    ssin = registered(identity)
    rehearsed = protect(identity, ssin, validate_only=True)
    idle = protect(identity, ssin, LIFTED)
    first, second = protect(identity, ssin), protect(identity, ssin)

    assert [False, True, False, True] == [each.unchanged for each in (rehearsed, idle, first, second)]
    assert first.etag == second.etag
    assert 1 == identity.count(identity.tables.persons.protection)


def test_marking_is_for_registrars_with_a_reference(identity: Identity) -> None:
    """Institutions are refused; so are a day to come, a lift before the begin, no state and no reference."""
    ssin = registered(identity)
    desk = identity.client(REGISTRAR)

    def set_by(client: IdentityClient, state: ProtectionState = PROTECTED, **more: Any) -> Any:
        return lambda: client.set_protection(ssin, state, **{"reference": "x", **more})

    refusal(kruispunt.RoleMissing, set_by(identity.client(PENSIONS)))
    tomorrow = dt.date(2026, 3, 4)
    assert "effective_date" == refusal(kruispunt.TimeInFuture, set_by(desk, effective_date=tomorrow))
    assert "state" == refusal(kruispunt.FieldRequired, set_by(desk, ProtectionState.UNSPECIFIED))
    assert "reference" == refusal(kruispunt.FieldRequired, set_by(desk, reference=""))
    protect(identity, ssin)
    before = dt.date(2026, 3, 2)
    assert "effective_date" == refusal(kruispunt.PeriodInverted, set_by(desk, LIFTED, effective_date=before))
    assert "etag" == refusal(kruispunt.EtagMismatch, set_by(desk, LIFTED, etag="1"))


def test_marks_cannot_be_rewritten(identity: Identity) -> None:
    """The database itself refuses: a mark is lifted once, and never changed or deleted."""
    ssin = registered(identity)
    protect(identity, ssin)
    table = identity.tables.persons.protection
    for statement in (sa.delete(table), sa.update(table).values(reference="other")):
        with (
            pytest.raises(Exception, match=r"append-only|constraint"),
            identity.database.writing() as connection,
        ):
            connection.execute(statement)

    assert 1 == identity.count(table)


def test_a_national_person_is_protected_too(identity: Identity, tmp_path: Any) -> None:
    """Nothing was written of them here before; what the national register says is then withheld as well."""
    load(
        tmp_path / "national.db",
        ['{"ssin": "85073003328", "family_name": "Janssens", "birth_date": "1985-07-30"}'],
    )
    emma = Ssin.parse("85073003328")
    protect(identity, emma)

    client, before = identity.client(PENSIONS), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert bare(emma, client.get_person(emma))
    # What the national register says does not follow the instant that is asked about.
    assert bare(emma, client.get_person(emma, known_at=before))
    assert [] == list(client.list_person_versions(emma, known_at=before))
    assert [True] == [each.protected for each in client.resolve_numbers([emma], known_at=before)]
    shown = identity.client(REGISTRAR).get_person(emma)
    assert (True, Register.NATIONAL, "Janssens") == (
        shown.protected,
        shown.register,
        shown.name.family_name if shown.name else "",
    )


def test_the_journal_and_the_feed_are_told(identity: Identity) -> None:
    """Under kinds of their own; the feed says who and from which day, and that a look at them was flagged."""
    ssin = registered(identity)
    protect(identity, ssin, effective_date=dt.date(2026, 2, 1))
    told = told_by(identity, ssin)
    protect(identity, ssin, LIFTED)
    change = identity.tables.shared.change
    with identity.database.reading() as connection:
        kinds = list(connection.scalars(sa.select(change.c.kind).order_by(change.c.entry_no)))

    assert ["person.registered", "person.protected", "person.protection_lifted"] == kinds
    assert [(ChangeKind.PERSON_REGISTERED, None), (ChangeKind.PERSON_PROTECTED, dt.date(2026, 2, 1))] == told
    assert {("change", "told protected")} == set(flagged(identity, "WatchChanges"))


# Showing -------------------------------------------------------------------------------------------------


def test_a_protected_person_is_a_number_and_a_mark(identity: Identity) -> None:
    """One or many, whatever day or instant is asked about: before the mark they were nobody's secret, now they are."""
    ssin = protected(identity)
    client = identity.client(PENSIONS)
    past = {"valid_at": dt.date(2026, 3, 3), "known_at": dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)}

    one = client.get_person(ssin)
    (many,) = client.get_persons([ssin])
    then = client.get_person(ssin, **past)  # type: ignore[arg-type]
    grouped = client.get_person(ssin, data_groups=[DataGroup.CONTACT_ADDRESS])

    assert many.person is not None
    assert [True] * 4 == [bare(ssin, each) for each in (one, many.person, then, grouped)]
    assert one.resolution is not None
    assert (Register.UNSPECIFIED, True) == (one.resolution.register, one.resolution.protected)
    (where,) = client.resolve_numbers([ssin])
    assert (ssin, Register.UNSPECIFIED, True) == (where.current, where.register, where.protected)


def test_a_grant_that_shows_protected_persons_shows_all_and_the_mark(identity: Identity) -> None:
    """As of anybody else."""
    ssin = protected(identity)
    shown = identity.client(REGISTRAR).get_person(ssin)

    assert (True, Register.BIS, "Diallo") == (
        shown.protected,
        shown.register,
        shown.name.family_name if shown.name else "",
    )
    assert MOVED == shown.value(ContactAddress)
    assert 1 == len(shown.foreign_identifiers)


def test_what_is_lifted_is_shown_again(identity: Identity) -> None:
    """The mark hides, and takes nothing away."""
    ssin = protected(identity)
    protect(identity, ssin, LIFTED)
    shown = identity.client(PENSIONS).get_person(ssin)

    assert (False, MOVED) == (shown.protected, shown.value(ContactAddress))


def test_a_history_is_empty_but_for_the_mark(identity: Identity) -> None:
    """No entries, no token, no groups; whoever may see protected persons reads all of it."""
    ssin = protected(identity)
    (page,) = identity.client(PENSIONS).list_person_versions(ssin).pages()

    assert ((), "") == (page.items, page.next_page_token)
    assert page.message.protected
    assert page.number is not None
    assert page.number.protected
    assert 7 == len(list(identity.client(REGISTRAR).list_person_versions(ssin)))


def test_who_knows_a_passport_learns_no_number(identity: Identity) -> None:
    """A referral stands in its place; it opens for the register keeper only, and each is another text."""
    ssin = protected(identity)
    client, desk = identity.client(PENSIONS), identity.client(REGISTRAR)
    answers = [client.find_persons_by_foreign_identifier(KEY) for _ in range(2)]

    assert [[], []] == answers
    assert [ssin] == [each.ssin for each in desk.find_persons_by_foreign_identifier(KEY)]
    assert [("referral", "protected")] * 2 == flagged(identity, "FindPersonsByForeignIdentifier")[:2]


def test_a_search_refers_to_the_keeper_and_names_nobody(identity: Identity) -> None:
    """Who knows somebody well gets a referral; with criteria that fit less, nothing tells that they are there."""
    ssin = protected(identity)
    client, desk = identity.client(PENSIONS), identity.client(REGISTRAR)
    full = {"given_names": ["Aminata"], "gender": Gender.FEMALE, "country": "GN"}
    first, second = (client.search_persons("Diallo", BORN, **full) for _ in range(2))  # type: ignore[arg-type]
    vague = client.search_persons("Diallo", PartialDate(1991, 9, 3), given_names=["Fatou"])

    assert ((), 1) == (first.candidates, len(first.referrals))
    assert str(ssin) not in str(first.message)
    assert first.referrals != second.referrals
    assert ((), (), False) == (vague.candidates, vague.referrals, vague.truncated)
    assert ssin == desk.open_referral(first.referrals[0]).ssin
    refusal(kruispunt.PersonProtected, lambda: client.open_referral(first.referrals[0]))
    assert "referral" == refusal(kruispunt.FieldInvalid, lambda: desk.open_referral("A" * 48))
    seen = desk.search_persons("Diallo", BORN, **full)  # type: ignore[arg-type]
    assert ([ssin], ()) == ([each.ssin for each in seen.candidates], seen.referrals)


def test_a_registration_that_may_be_a_protected_person_is_referred(identity: Identity) -> None:
    """Nothing is created, nobody is named, and only who may see them decides: then the twin is registered."""
    ssin = protected(identity)
    client, desk = identity.client(WELFARE), identity.client(REGISTRAR)
    decision = DistinctDecision(ssin, DistinctReason.TWIN)
    answer = client.register_person(facts_of())

    assert (PersonOutcome.REFER_TO_KEEPER, None, ()) == (answer.outcome, answer.person, answer.candidates)
    assert [ssin] == [desk.open_referral(each).ssin for each in answer.referrals]
    assert "distinct[0].ssin" == refusal(
        kruispunt.PersonProtected, lambda: client.register_person(facts_of(), distinct=[decision])
    )
    decided = desk.register_person(facts_of(), distinct=[decision])
    assert PersonOutcome.CREATED is decided.outcome


def test_exports_leave_protected_persons_out(identity: Identity) -> None:
    """A selection by year of birth, or by what changed, would tell of them; a grant that shows them has them marked."""
    ssin, other = protected(identity), registered(identity, "Kaat", "Wouters")
    exported = list(identity.client(REGISTRAR).export_persons())

    assert {(ssin, True), (other, False)} == {(each.ssin, each.protected) for each in exported}


# Writing -------------------------------------------------------------------------------------------------


def test_who_sees_nothing_may_tell_and_is_shown_their_own_words(identity: Identity) -> None:
    """The fact as it was said, without the days on which it is seen, and no etag that counts what others do."""
    ssin = protected(identity)
    address = ContactAddress(country="BE", street="Kerkstraat")
    answer = identity.client(WELFARE).update_person(ssin, [FactChange(Statement(address))])

    (result,) = answer.results
    assert result.fact is not None
    assert (address, None, "", Register.UNSPECIFIED) == (
        result.fact.value,
        result.fact.visible,
        answer.etag,
        answer.resolution.register,
    )
    assert address == identity.client(REGISTRAR).get_person(ssin).value(ContactAddress)
    assert [("contact_address", "written protected")] == flagged(identity, "UpdatePerson")[1:]


def test_guesses_are_not_confirmed(identity: Identity) -> None:
    """Whether an address or passport stands already, or a decease lies before the birth, is told to nobody."""
    ssin = protected(identity)
    client = identity.client(WELFARE)
    guess = client.update_person(ssin, [FactChange(Statement(MOVED))], validate_only=True)
    early = Statement(kruispunt.Decease(PartialDate(1990, 1, 1)))
    died = client.update_person(ssin, [FactChange(early)], validate_only=True)
    linked = client.link_foreign_identifier(ssin, KEY, validate_only=True)

    assert [kruispunt.GroupOutcome.WRITTEN] * 2 == [guess.results[0].outcome, died.results[0].outcome]
    assert not linked.already_linked
    etag = identity.client(REGISTRAR).get_person(ssin).etag
    change = [FactChange(Statement(MOVED))]
    refusal(kruispunt.EtagMismatch, lambda: client.update_person(ssin, change, etag=etag))


def test_only_ones_own_facts_are_taken_back(identity: Identity) -> None:
    """Another institution's fact is not there, for who sees nothing; one's own is."""
    ssin = protected(identity)
    facts = identity.client(REGISTRAR).get_person(ssin).facts
    theirs = next(each.fact_id for each in facts if isinstance(each.value, ContactAddress))
    refusal(kruispunt.FactUnknown, lambda: identity.client(WELFARE).retract_fact(ssin, theirs))

    assert theirs == identity.client(PENSIONS).retract_fact(ssin, theirs).fact.fact_id


def test_numbers_of_protected_persons_are_kept_by_who_sees_them(identity: Identity) -> None:
    """Preview, replacement and decision are refused to an institution, on either side; a registrar does it."""
    ssin, other = protected(identity), registered(identity, "Kaat", "Wouters")
    client = identity.client(PENSIONS)
    duplicate = {"reason": NumberChangeReason.DUPLICATE}

    for action, field in (
        (lambda: client.preview_replacement(ssin, other), "former_ssin"),
        (lambda: client.replace_number(ssin, other, **duplicate), "former_ssin"),  # type: ignore[arg-type]
        (lambda: client.replace_number(other, ssin, **duplicate), "next_ssin"),  # type: ignore[arg-type]
        (lambda: client.record_distinct(other, DistinctDecision(ssin, DistinctReason.TWIN)), "decision.ssin"),
        (lambda: client.record_distinct(ssin, DistinctDecision(other, DistinctReason.TWIN)), "ssin"),
    ):
        assert field == refusal(kruispunt.PersonProtected, action)
    assert ("number", "PERSON_PROTECTED protected") in flagged(identity, "RecordDistinct")
    done = identity.client(REGISTRAR).replace_number(ssin, other, **duplicate)  # type: ignore[arg-type]
    assert (other, True) == (done.person.ssin, done.person.protected)


# Numbers that lead on, and come back ---------------------------------------------------------------------


def replaced(identity: Identity, former: Ssin, next_: Ssin) -> None:
    identity.clock.advance(dt.timedelta(minutes=1))
    identity.client(REGISTRAR).replace_number(former, next_, reason=NumberChangeReason.DUPLICATE)


def split(identity: Identity, ssin: Ssin) -> None:
    identity.clock.advance(dt.timedelta(minutes=1))
    identity.client(REGISTRAR).split_number(ssin)


def marks(identity: Identity, *numbers: Ssin) -> list[bool]:
    return [each.protected for each in identity.client(PENSIONS).resolve_numbers(numbers)]


def test_a_mark_leads_on_with_its_number_and_comes_back(identity: Identity) -> None:
    """The person is protected under every number; the split gives the mark back, and the other is not protected."""
    anna, bea = registered(identity), registered(identity, "Kaat", "Wouters")
    protect(identity, anna)
    replaced(identity, anna, bea)
    assert [True, True] == marks(identity, anna, bea)
    together = identity.clock.now()
    split(identity, anna)

    assert [True, False] == marks(identity, anna, bea)
    # What stood under both at that moment is shown of neither.
    assert bare(bea, identity.client(PENSIONS).get_person(bea, known_at=together))


@pytest.mark.parametrize("under_former", [True, False])
def test_a_mark_of_two_taken_for_one_stays_with_both(identity: Identity, under_former: bool) -> None:
    """Nobody can tell whom it was meant for: a registrar lifts the one that was not."""
    anna, bea = registered(identity), registered(identity, "Kaat", "Wouters")
    replaced(identity, anna, bea)
    protect(identity, anna if under_former else bea)
    split(identity, anna)

    assert [True, True] == marks(identity, anna, bea)
    protect(identity, bea, LIFTED)
    assert [True, False] == marks(identity, anna, bea)


def test_lifting_lifts_all_marks_of_a_person(identity: Identity) -> None:
    """Whatever number they were set under."""
    anna, bea = registered(identity), registered(identity, "Kaat", "Wouters")
    protect(identity, anna)
    protect(identity, bea)
    replaced(identity, anna, bea)
    lifted = protect(identity, bea, LIFTED)

    assert [False, False] == marks(identity, anna, bea)
    assert [True, True] == [each.lift_date is not None for each in lifted.protections]


# Flagging ------------------------------------------------------------------------------------------------


def test_every_look_is_flagged_in_log_and_event(identity: Identity) -> None:
    """Withheld or shown; the event says who by which method and how many, and never whom."""
    ssin = protected(identity)
    identity.client(PENSIONS).get_person(ssin)
    identity.client(REGISTRAR).get_person(ssin)
    looks = flagged(identity, "GetPerson")
    events = [line for line in identity.lines() if line["event"] == "protected_person_looked_at"]

    assert [("number", "protected")] == looks[:1]
    assert ["found protected"] == [result for _, result in looks[1:]]
    assert [(PENSIONS, 1, False), (REGISTRAR, 1, True)] == [
        (line["participant"], line["persons"], line["shown"])
        for line in events
        if "GetPerson" in line["method"]
    ]
    assert str(ssin) not in str(events)
