"""Receipts as files: what was changed in one is found, and what is none is said to be none."""

import base64
import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kruispunt import Log, Receipt, merkle
from kruispunt.auditing import SignedHead
from kruispunt.signed_heads import HeadNote, key_id_of, origin_of

_KEY = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
PUBLIC = _KEY.public_key().public_bytes_raw()
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


@pytest.fixture
def receipt() -> Receipt:
    """Of the only record of an access log."""
    leaf = merkle.leaf_hash(b"access/1")
    note = HeadNote(origin_of("directory", "access", "0" * 32), 1, leaf, NOON)
    head = SignedHead(Log.ACCESS, note, key_id_of(PUBLIC), PUBLIC, _KEY.sign(note.text().encode()))
    return Receipt("access/1", leaf, 0, (), head)


def test_a_receipt_is_of_the_log_that_was_signed(receipt: Receipt) -> None:
    """What is said beside the note does not count."""
    assert receipt.is_proved_by(PUBLIC)
    assert Receipt.from_json(receipt.to_json()).is_proved_by(PUBLIC)
    assert not dataclasses.replace(
        receipt, head=dataclasses.replace(receipt.head, log=Log.CHANGE)
    ).is_proved_by(PUBLIC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("record", None),
        ("record", ["access/1"]),
        ("position", 0.9),
        ("position", "0"),
        ("note", f"kruispunt/directory/access/0\n1\n{base64.b64encode(bytes(32)).decode()}\n{'9' * 30}\n"),
    ],
)
def test_what_is_no_receipt_is_said_to_be_none(receipt: Receipt, name: str, value: Any) -> None:
    """Whatever stands in it."""
    said = json.loads(receipt.to_json()) | {name: value}

    with pytest.raises(ValueError, match="no receipt"):
        Receipt.from_json(json.dumps(said))
