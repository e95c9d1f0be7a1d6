"""The office follows its notices, whatever the feed does."""

import datetime as dt

from conftest import ANNA, BEA, Place

from kruispunt import Ssin
from kruispunt.facts import Decease, Evidence, EvidenceKind, Statement
from kruispunt.feeds import FeedStart
from kruispunt.notices import NoticeKind
from kruispunt.testing import REGISTRAR, Registry
from kruispunt.values import PartialDate

SINCE = dt.date(2026, 1, 1)


def _tell_decease(registry: Registry, ssin: Ssin) -> None:
    """Let the registry's desk enter a decease."""
    decease = Statement(
        Decease(PartialDate(2026, 2, 20)),
        evidence=Evidence(EvidenceKind.CIVIL_STATUS_CERTIFICATE, "D-1", "NL"),
    )
    registry.identity(REGISTRAR).update_person(ssin, [decease])


def test_a_replaced_number_renumbers_the_file(place: Place, kruispunt_registry: Registry) -> None:
    """The notice is dealt with, then acknowledged."""
    place.office.award(BEA.ssin, SINCE)
    kruispunt_registry.replace_number(BEA.ssin, ANNA.ssin)
    (notice,) = next(place.follower.follow()).notices

    assert NoticeKind.NUMBER_REPLACED is notice.kind
    assert [ANNA.ssin] == [each.ssin for each in place.cabinet.all()]
    (acknowledged,) = kruispunt_registry.calls.of("AcknowledgeNotices")
    assert (notice.notice_no, "OK") == (acknowledged.request.up_to_no, acknowledged.status)


def test_a_decease_ends_the_pension(place: Place, kruispunt_registry: Registry) -> None:
    """The notice says that somebody died, identity says when; from the day after nothing is paid."""
    place.office.award(BEA.ssin, SINCE)
    _tell_decease(kruispunt_registry, BEA.ssin)
    (notice,) = next(place.follower.follow()).notices

    assert NoticeKind.DECEASED is notice.kind
    assert [dt.date(2026, 2, 21)] == [each.until for each in place.cabinet.all()]
    assert [] == list(place.directory.list_dossiers(BEA.ssin))


def test_a_feed_that_restarts_loses_nothing(place: Place, kruispunt_registry: Registry) -> None:
    """The watch is broken off between two notices; both are dealt with, in their order."""
    place.office.award(BEA.ssin, SINCE)
    kruispunt_registry.replace_number(BEA.ssin, ANNA.ssin)
    following = place.follower.follow()
    (first,) = next(following).notices
    kruispunt_registry.faults.restart_feeds()
    kruispunt_registry.identity(REGISTRAR).split_number(BEA.ssin)
    (second,) = next(following).notices

    assert [NoticeKind.NUMBER_REPLACED, NoticeKind.NUMBER_SPLIT] == [first.kind, second.kind]
    assert [BEA.ssin] == [each.ssin for each in place.cabinet.all()]


def test_what_was_not_acknowledged_comes_again(place: Place, kruispunt_registry: Registry) -> None:
    """The office stops after reading and before acknowledging: when it starts again it is told once more."""
    place.office.award(BEA.ssin, SINCE)
    kruispunt_registry.replace_number(BEA.ssin, ANNA.ssin)
    read = next(place.directory.watch_notices())

    assert read == next(place.follower.follow())


def test_a_gap_is_made_up_for(place: Place, kruispunt_registry: Registry) -> None:
    """What the office had not read is kept no longer: it asks for every number anew, and follows on."""
    place.office.award(BEA.ssin, SINCE)
    kruispunt_registry.replace_number(BEA.ssin, ANNA.ssin)
    read = next(place.follower.follow())
    kruispunt_registry.identity(REGISTRAR).split_number(BEA.ssin)
    kruispunt_registry.faults.forget_feeds()
    following = place.follower.follow(FeedStart.after(read.resume_token))
    snapshot = next(following)

    assert [BEA.ssin] == [each.current for each in snapshot.holdings]
    assert [BEA.ssin] == [each.ssin for each in place.cabinet.all()]
    kruispunt_registry.replace_number(BEA.ssin, ANNA.ssin)
    assert [NoticeKind.NUMBER_REPLACED] == [each.kind for each in next(following).notices]
