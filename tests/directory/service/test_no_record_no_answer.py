"""No answer with personal data leaves before its access record is committed: measured over the wire."""

import time

import grpc
import sqlalchemy as sa
from tests.directory.service.conftest import ANNA, PENSIONS, Directory
from tests.support.postgres import SERVER_ROLE

from kruispunt.directory.v1 import directory_service_pb2 as pb

LIST = "/kruispunt.directory.v1.DirectoryService/ListDossiers"
PURPOSE = (
    ("kruispunt-legal-basis", "18/042"),
    ("kruispunt-end-user", "clerk-7"),
    ("kruispunt-case", "2026/1"),
)
_BREAK = {
    "sqlite": (
        "CREATE TRIGGER broken BEFORE INSERT ON access BEGIN SELECT RAISE(ABORT, 'broken'); END",
        "DROP TRIGGER broken",
    ),
    "postgresql": (
        f"REVOKE INSERT ON access FROM {SERVER_ROLE}",
        f"GRANT INSERT ON access TO {SERVER_ROLE}",
    ),
}


def test_a_thousand_calls_get_no_answer_while_the_log_cannot_be_written(
    directory: Directory, database_url: str
) -> None:
    """None of them; and each again once it can."""
    owner = sa.create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    invoke = directory.channel(PENSIONS).unary_unary(LIST)
    request = pb.ListDossiersRequest(ssin=str(ANNA)).SerializeToString()
    invoke(request, metadata=PURPOSE, timeout=20)
    breaking, mending = _BREAK[directory.database.dialect]
    with owner.begin() as connection:
        connection.execute(sa.text(breaking))
    records = directory.count(directory.tables.shared.access)

    answered, refused = 0, set()
    for _ in range(1000):
        try:
            invoke(request, metadata=PURPOSE, timeout=20)
            answered += 1
        except grpc.RpcError as error:
            refused.add(error.code())

    assert 0 == answered
    # RESOURCE_EXHAUSTED: more in a second than the participant may.
    assert refused <= {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
    assert records == directory.count(directory.tables.shared.access)
    with owner.begin() as connection:
        connection.execute(sa.text(mending))
    owner.dispose()
    time.sleep(0.1)  # or the quota may still be used up
    invoke(request, metadata=PURPOSE, timeout=20)
    assert records + 1 == directory.count(directory.tables.shared.access)
    owner.dispose()
