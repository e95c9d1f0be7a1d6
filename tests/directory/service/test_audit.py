"""AuditService over mutual TLS: who looked at whom, receipts, heads and consistency."""

import datetime as dt
import time
import uuid
from collections.abc import Callable
from typing import TypeVar

import pytest
from tests.directory.service.conftest import ANNA, AUDITOR, BEA, PENSIONS, WELFARE, Directory

from kruispunt import (
    AccessRecord,
    DirectoryClient,
    FieldInvalid,
    Log,
    NotSealedYet,
    NumberMalformed,
    PageTokenInvalid,
    Period,
    PeriodInverted,
    Receipt,
    RecordUnknown,
    RoleMissing,
    TimeInFuture,
    TooManyElements,
    TreeSizeInvalid,
)

T = TypeVar("T")


def sealed(ask: Callable[[], T]) -> T:
    """Return an answer once what it is about is sealed."""
    latest = time.monotonic() + 10
    while True:
        try:
            return ask()
        except NotSealedYet:
            if time.monotonic() > latest:
                raise
            time.sleep(0.05)


def look(client: DirectoryClient) -> None:
    """Look at two persons."""
    list(client.list_dossiers(ANNA))
    list(client.list_dossiers(BEA))


def own_record(directory: Directory) -> AccessRecord:
    """Return the record of a look that PENSIONS has just made, once it is sealed."""
    look(directory.client(PENSIONS))
    auditor = directory.client(AUDITOR)
    latest = time.monotonic() + 10
    while time.monotonic() < latest:
        record = auditor.list_access_records([ANNA]).first().items[0]
        if record.position is not None and record.participant == PENSIONS:
            return record
        found = [each for each in auditor.list_access_records([ANNA]) if each.participant == PENSIONS]
        if found and found[0].position is not None:
            return found[0]
        time.sleep(0.05)
    raise AssertionError("nothing was sealed")


def test_an_auditor_sees_who_looked_at_a_person_and_is_seen(directory: Directory) -> None:
    """Participant, end user, legal basis, case, method, what and result; the auditor's own look comes next."""
    look(directory.client(PENSIONS))
    auditor = directory.client(AUDITOR)

    (first,) = list(auditor.list_access_records([ANNA]))
    assert (PENSIONS, "18/042", "ListDossiers", "dossier", "none", ANNA) == (
        first.participant,
        first.legal_basis,
        first.method.rpartition("/")[2],
        first.data_groups,
        first.result,
        first.ssin,
    )
    second, again = list(auditor.list_access_records([ANNA]))
    assert (first.access_id, AUDITOR, "ListAccessRecords", "access") == (
        again.access_id,
        second.participant,
        second.method.rpartition("/")[2],
        second.data_groups,
    )


def test_looks_are_listed_in_pages_by_participant_and_instant(directory: Directory) -> None:
    """Latest first, none twice, none left out; who is not named stays a pseudonym."""
    for _ in range(5):
        look(directory.client(PENSIONS))
    auditor = directory.client(AUDITOR)

    pages = list(auditor.list_access_records(participant=PENSIONS, page_size=4).pages())
    records = [record for page in pages for record in page.items]
    assert [4, 4, 2] == [len(page.items) for page in pages]
    assert 10 == len({record.access_id for record in records})
    assert {None} == {record.ssin for record in records}
    now = directory.clock.now()
    assert [] == list(auditor.list_access_records(participant=PENSIONS, until=now))
    assert 10 == len(list(auditor.list_access_records(participant=PENSIONS, begin=now)))
    assert [] == list(auditor.list_access_records(participant="nobody"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"persons": ["123"]}, NumberMalformed),
        ({"persons": [ANNA] * 101}, TooManyElements),
        ({"participant": "a\0b"}, FieldInvalid),
        ({"participant": "a" * 65}, FieldInvalid),
        ({"begin": dt.datetime(2999, 1, 1, tzinfo=dt.UTC)}, TimeInFuture),
        (
            {
                "begin": dt.datetime(2020, 1, 2, tzinfo=dt.UTC),
                "until": dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
            },
            PeriodInverted,
        ),
    ],
)
def test_wrong_questions_are_refused(
    directory: Directory, arguments: dict[str, object], expected: type[Exception]
) -> None:
    """Each with its own reason."""
    with pytest.raises(expected):
        list(directory.client(AUDITOR).list_access_records(**arguments))  # type: ignore[arg-type]


def test_a_page_token_is_good_for_its_own_question(directory: Directory) -> None:
    """For other criteria it is refused."""
    look(directory.client(PENSIONS))
    auditor = directory.client(AUDITOR)
    token = auditor.list_access_records(page_size=1).first().next_page_token

    listing = auditor.list_access_records(participant=PENSIONS, page_size=1)
    listing._page_token = token
    with pytest.raises(PageTokenInvalid):
        listing.first()


def test_only_auditors_list_looks(directory: Directory) -> None:
    """An institution sees the records of its own calls one by one, and lists none."""
    with pytest.raises(RoleMissing):
        list(directory.client(PENSIONS).list_access_records([ANNA]))


def test_a_receipt_verifies_without_a_server(directory: Directory) -> None:
    """By the registry's public key alone; not by another, nor with another record, place or root."""
    record = own_record(directory)
    receipt = sealed(lambda: directory.client(PENSIONS).get_receipt(Log.ACCESS, record.access_id))
    read = Receipt.from_json(receipt.to_json())
    key = receipt.head.public_key

    assert receipt == read
    assert read.is_proved_by(key)
    assert not read.is_proved_by(bytes(31) + b"\x01")
    parts = read.record.split("\x1f")
    assert ("access/1", record.access_id.replace("-", ""), PENSIONS) == (parts[0], parts[1], parts[3])
    assert str(ANNA) not in read.to_json()
    forged = Receipt(
        read.record.replace("18/042", "18/043"), read.leaf_hash, read.position, read.inclusion_path, read.head
    )
    moved = Receipt(read.record, read.leaf_hash, read.position + 1, read.inclusion_path, read.head)
    assert [False, False] == [forged.is_in_the_log, moved.is_in_the_log]


def test_records_of_others_are_unknown(directory: Directory) -> None:
    """That there is none, and that it is another's, is the same answer; an auditor gets any."""
    record = own_record(directory)
    other = directory.client(WELFARE)

    refusals = []
    for record_id in (record.access_id, str(uuid.uuid4())):
        with pytest.raises(RecordUnknown) as caught:
            other.get_receipt(Log.ACCESS, record_id)
        refusals.append((caught.value.message, caught.value.field, caught.value.metadata))
    assert refusals[0] == refusals[1]
    assert sealed(lambda: directory.client(AUDITOR).get_receipt(Log.ACCESS, record.access_id)).is_in_the_log
    with pytest.raises(FieldInvalid):
        other.get_receipt(Log.ACCESS, "no-uuid")


def test_a_change_has_a_receipt_too(directory: Directory) -> None:
    """By its `change_id`, which the change log has; its state stays encrypted."""
    directory.client(PENSIONS).register_dossier(ANNA, capacity=100, period=Period(dt.date(2020, 1, 1)))
    change = directory.tables.shared.change
    with directory.database.reading() as connection:
        change_id = connection.scalar(
            change.select().with_only_columns(change.c.change_id).where(change.c.kind == "dossier.created")
        )

    receipt = sealed(lambda: directory.client(PENSIONS).get_receipt(Log.CHANGE, change_id))
    assert receipt.is_proved_by(receipt.head.public_key)
    assert "dossier.created" in receipt.record


def test_a_later_head_is_consistent_with_an_earlier_one(directory: Directory) -> None:
    """Every size that was signed; not with a root that was never this log's."""
    client = directory.client(PENSIONS)
    look(client)
    earlier = sealed(lambda: client.get_signed_head(Log.ACCESS))
    later = earlier
    while later.note.tree_size == earlier.note.tree_size:
        look(client)
        time.sleep(0.05)
        later = client.get_signed_head(Log.ACCESS)

    size = earlier.note.tree_size
    proof = client.check_consistency(Log.ACCESS, size)
    assert proof.first_root == earlier.note.root_hash
    assert proof.holds_for(earlier.note.root_hash)
    assert not proof.holds_for(bytes(32))
    assert later.is_signed_by(later.public_key)
    old = client.check_consistency(Log.ACCESS, size, second_size=later.note.tree_size)
    assert old.holds_for(earlier.note.root_hash)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (10_000, 0), (1, 9_999), (1, -1), (-1, 0)])
def test_sizes_that_the_tree_never_had_are_refused(directory: Directory, first: int, second: int) -> None:
    """TREE_SIZE_INVALID."""
    client = directory.client(PENSIONS)
    look(client)
    sealed(lambda: client.get_signed_head(Log.ACCESS))

    with pytest.raises(TreeSizeInvalid):
        client.check_consistency(Log.ACCESS, first, second_size=second)
