"""An import whose answer is lost: who sends it again, how often it is done, and what is told; over mutual TLS."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.identity.imports import wide_rows
from tests.identity.service.conftest import REGISTRAR, Identity
from tests.identity.together.test_both_services import statements

from kruispunt._sync.conversation import Conversation
from kruispunt.registering import ImportRow, RowOutcome
from kruispunt_identity.store.importing import ImportStore
from kruispunt_server.call import Call
from kruispunt_server.journal import AccessJournal
from kruispunt_server.unavailable import unavailable

IMPORT_ID = uuid.UUID("0193f1a2-0000-7000-8000-00000000000b")
IMPORTED, REPEATED = RowOutcome.IMPORTED, RowOutcome.REPEATED


@pytest.mark.parametrize(
    ("lost", "taken", "streams", "outcomes"),
    [
        # Before the first answer gRPC itself sends again, by the published retry policy: the client sees nothing of it.
        (1, [1, 1, 11, 21], 1, [REPEATED] * 10 + [IMPORTED] * 20),
        # Later the client opens another stream, and sends what was not answered.
        (2, [1, 11, 11, 21], 2, [IMPORTED] * 10 + [REPEATED] * 10 + [IMPORTED] * 10),
    ],
)
def test_a_request_whose_answer_is_lost_is_sent_twice_and_done_once(
    identity: Identity,
    monkeypatch: pytest.MonkeyPatch,
    lost: int,
    taken: list[int],
    streams: int,
    outcomes: list[RowOutcome],
) -> None:
    """Committed, but its access records could not be written: the rows come back REPEATED, each person is there once."""
    seen: list[int] = []
    opened: list[None] = []
    commits = iter(range(1, 100))
    _before(monkeypatch, ImportStore, "take_over", lambda _call, _job, first, _rows: seen.append(first))
    _before(monkeypatch, Conversation, "_stretch", lambda: opened.append(None))

    def fail(call: Call) -> None:
        if call.method.endswith("ImportPersons") and next(commits) == lost:
            raise unavailable()

    _before(monkeypatch, AccessJournal, "commit", fail)
    rows = [ImportRow(statements("Peeters"), ssin=each.ssin) for each in wide_rows(30)]

    results = list(identity.client(REGISTRAR).import_persons(rows, import_id=IMPORT_ID, chunk=10))

    tables = identity.tables
    assert (taken, streams) == (seen, len(opened))
    assert outcomes == [each.outcome for each in results]
    assert [row.ssin for row in rows] == [str(each.ssin) for each in results]
    assert (30, 90, 30, 30) == tuple(
        map(
            identity.count,
            (
                tables.persons.number,
                tables.persons.fact,
                tables.registration.import_row,
                tables.shared.change,
            ),
        )
    )
    # What was to be told the first time is noted, and so is what was told.
    told = [result for _, _, result in identity.accesses()]
    assert (30, 10) == (told.count("written"), told.count("found"))


def _before(
    monkeypatch: pytest.MonkeyPatch, owner: type[Any], name: str, look: Callable[..., object]
) -> None:
    """Let `look` see the arguments of a method before it runs."""
    method = getattr(owner, name)

    def looked(self: Any, *arguments: Any) -> Any:
        look(*arguments)
        return method(self, *arguments)

    monkeypatch.setattr(owner, name, looked)
