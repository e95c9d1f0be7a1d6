"""One catalogue of reasons in four places: contract, server, client, documentation."""

import json

from tools.write_docs import ADVICE, contract_reasons

from kruispunt.common.v1.error_reason_pb2 import ErrorReason
from kruispunt.errors import BY_REASON
from kruispunt_server.errors import Reason

CONTRACT = {reason.name: reason.status for reason in contract_reasons()}


def test_every_reason_of_the_contract_has_status_meaning_and_example() -> None:
    """None is missed when the comments are read."""
    names = [name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()]  # noqa: SIM118 - not a dict

    assert ["UNSPECIFIED", *CONTRACT] == names


def test_the_server_refuses_with_what_the_contract_says() -> None:
    """Same names, same status each."""
    assert {reason.label: reason.kind.value for reason in Reason} == CONTRACT


def test_the_client_raises_what_the_contract_says() -> None:
    """An exception per reason, below the class of its status."""
    assert {name: kind.STATUS for name, kind in BY_REASON.items()} == CONTRACT


def test_every_reason_says_what_to_do() -> None:
    """No advice is missing, none is left over."""
    assert list(ADVICE) == list(CONTRACT)


def test_every_example_is_what_arrives() -> None:
    """JSON, with its own reason, in our domain."""
    examples = {reason.name: json.loads(reason.example) for reason in contract_reasons()}

    assert {(name, name, "kruispunt") for name in examples} == {
        (name, example["reason"], example["domain"]) for name, example in examples.items()
    }
