"""A write needs one connection and no second: with as many writers as connections, nobody waits for ever."""

import uuid

from google.type.date_pb2 import Date
from tests.directory.service.conftest import ANNA, call_of_supplier, dossier_servicer

from kruispunt.common.v1 import values_pb2
from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.database import Database


def test_a_write_takes_one_connection(database_url: str, directory_tables: DirectoryTables) -> None:
    """The first write, which also reads the code tables, succeeds on a pool of one connection."""
    database = Database.open(database_url, pool_size=1, busy_timeout_s=0.5)
    servicer = dossier_servicer(database, directory_tables)
    period = values_pb2.Period(begin=Date(year=2020, month=1, day=1))
    request = pb.RegisterDossierRequest(
        request_id=str(uuid.uuid4()), ssin=str(ANNA), capacity=100, period=period
    )

    try:
        answer = servicer.RegisterDossier(request, call_of_supplier())
        assert pb.REGISTRATION_OUTCOME_CREATED == answer.outcome
    finally:
        database.close()
