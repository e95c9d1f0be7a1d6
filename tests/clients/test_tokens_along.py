"""Consistency tokens are carried along by both clients: from trailing metadata of calls and streams, into later calls."""

from typing import Any

from tests.clients.registry_stand_in import ANNA, Script, registered, route
from tests.clients.test_consistency import EARLY, LATE

from kruispunt import Period
from kruispunt._consistency import CONSISTENCY_KEY, TOKEN_KEY
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.period import EARLIEST
from kruispunt.registering import ImportRow


def test_what_a_change_brings_goes_with_later_calls(directory: Any, script: Script) -> None:
    """Of the client and its views; a view that wants the latest brings no token."""

    def register(_request: object, context: Any) -> Any:
        context.set_trailing_metadata(((TOKEN_KEY, EARLY),))
        return registered()

    script.on("RegisterDossier", register)
    script.on("GetRoute", route(allowed=True))

    directory.register_dossier(ANNA, capacity=2, period=Period(EARLIEST))
    directory.on_behalf(case="file-2").get_route(ANNA, "PENSION-RIGHTS")
    directory.with_consistency("latest").get_route(ANNA, "PENSION-RIGHTS")

    assert EARLY == directory.consistency_token
    assert [("read-your-writes", None), ("read-your-writes", EARLY), ("latest", None)] == [
        (each.metadata[CONSISTENCY_KEY], each.metadata.get(TOKEN_KEY)) for each in script.asked
    ]


def test_the_end_of_a_stream_brings_a_token(identity: Any, script: Script) -> None:
    """It says up to where the whole stream wrote."""

    def take(requests: Any, context: Any) -> Any:
        for request in requests:
            rows = range(request.first_row, request.first_row + len(request.rows))
            yield pb.ImportPersonsResponse(results=[pb.RowResult(row=row) for row in rows])
        context.set_trailing_metadata(((TOKEN_KEY, LATE),))

    script.on("ImportPersons", take)

    assert 3 == len(list(identity.import_persons([ImportRow(())] * 3, chunk=1)))
    assert LATE == identity.consistency_token
