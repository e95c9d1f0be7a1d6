"""`DirectoryClient.import_dossiers` and `export_dossiers` against a scripted registry."""

import datetime as dt
import uuid
from collections.abc import Iterator

import grpc
import pytest
from tests.clients.registry_stand_in import ANNA, BRAM, Refusal, Script, dossier

import kruispunt
from kruispunt import DirectoryClient, DossierRow, Period
from kruispunt.directory.v1 import directory_service_pb2 as reading
from kruispunt.directory.v1 import dossier_service_pb2 as pb

OPEN = Period(dt.date(2020, 1, 1))


def row(ssin: str = ANNA) -> DossierRow:
    return DossierRow(ssin, 2, OPEN)


def created(request: pb.ImportDossiersRequest) -> pb.ImportDossiersResponse:
    results = [
        pb.DossierRowResult(
            row=number, outcome=pb.DOSSIER_ROW_OUTCOME_CREATED, dossier_id="d-1", current_ssin=each.ssin
        )
        for number, each in enumerate(request.rows, request.first_row)
    ]
    return pb.ImportDossiersResponse(results=results)


def test_everything_of_a_row_travels(directory: DirectoryClient, script: Script) -> None:
    """And what became of it comes back as values."""
    seen: list[pb.ImportDossiersRequest] = []

    def answers(requests: Iterator[pb.ImportDossiersRequest], _context: object) -> Iterator[object]:
        for request in requests:
            seen.append(request)
            yield pb.ImportDossiersResponse(
                results=[
                    pb.DossierRowResult(
                        row=7,
                        outcome=pb.DOSSIER_ROW_OUTCOME_EXTENDED,
                        repeated=True,
                        dossier_id="d-9",
                        current_ssin=BRAM,
                        warnings=[2],  # type: ignore[list-item]
                    )
                ]
            )

    script.on("ImportDossiers", answers)
    claim = kruispunt.PersonClaim("Peeters", ("Anna",), kruispunt.PartialDate(1975), kruispunt.Sex.FEMALE)
    sent = DossierRow(
        kruispunt.Ssin.parse(ANNA),
        2,
        Period(dt.date(2020, 1, 1), dt.date(2021, 1, 1)),
        10,
        kruispunt.InstitutionRef(17, 1),
        kruispunt.NetworkLevel.SECONDARY,
        "intake",
        claim,
    )

    (result,) = directory.import_dossiers([sent], import_id=uuid.UUID(int=5), first_row=7, validate_only=True)

    (request,) = seen
    (said,) = request.rows
    assert (str(uuid.UUID(int=5)), True, 7) == (request.import_id, request.validate_only, request.first_row)
    assert (ANNA, 17, 2, 10, 2, "intake") == (
        said.ssin,
        said.institution.sector,
        said.capacity,
        said.phase,
        said.network_level,
        said.source,
    )
    assert (2020, 2021, "Peeters", 1975) == (
        said.period.begin.year,
        said.period.end.year,
        said.claim.family_name,
        said.claim.birth_date.year,
    )
    assert result == kruispunt.DossierRowResult(
        7,
        kruispunt.DossierRowOutcome.EXTENDED,
        repeated=True,
        dossier_id="d-9",
        current=kruispunt.Ssin.parse(BRAM),
        warnings=(kruispunt.WarningReason.NUMBER_REPLACED,),
    )
    assert ANNA not in repr(sent)


@pytest.mark.parametrize(
    ("persons", "cut"),
    [
        ("AABBB", ["AA", "BBB"]),
        ("AABBBB", ["AA", "BBBB"]),
        ("AAAAAB", ["AAAA", "AB"]),
        ("ABBBBB", ["A", "BBBB", "B"]),
        ("ABABAB", ["ABAB", "AB"]),
        ("AAAABBBB", ["AAAA", "BBBB"]),
        ("", []),
    ],
)
def test_rows_on_one_person_travel_together(
    directory: DirectoryClient, script: Script, persons: str, cut: list[str]
) -> None:
    """As far as a message holds them: here four."""
    seen: list[str] = []

    def answers(requests: Iterator[pb.ImportDossiersRequest], _context: object) -> Iterator[object]:
        for request in requests:
            seen.append("".join("A" if each.ssin == ANNA else "B" for each in request.rows))
            yield created(request)

    script.on("ImportDossiers", answers)

    rows = [row(ANNA if each == "A" else BRAM) for each in persons]
    results = list(directory.import_dossiers(rows, chunk=4))

    assert cut == seen
    assert list(range(1, len(persons) + 1)) == [each.row for each in results]


def test_an_import_that_breaks_is_carried_on(directory: DirectoryClient, script: Script) -> None:
    """A server that goes in mid-import costs no row; what was not answered is sent again under the same names."""
    received: list[pb.ImportDossiersRequest] = []

    def breaks(
        requests: Iterator[pb.ImportDossiersRequest], context: grpc.ServicerContext
    ) -> Iterator[object]:
        yield created(next(requests))
        context.abort(grpc.StatusCode.UNAVAILABLE, "going")

    def takes(requests: Iterator[pb.ImportDossiersRequest], _context: object) -> Iterator[object]:
        for request in requests:
            received.append(request)
            yield created(request)

    script.on("ImportDossiers", breaks, breaks, takes)

    results = list(directory.import_dossiers((row() for _ in range(23)), chunk=5, first_row=3))

    assert list(range(3, 26)) == [each.row for each in results]
    assert [13, 18, 23] == [each.first_row for each in received]
    assert 1 == len({each.import_id for each in received})


@pytest.mark.parametrize(("chunk", "first_row"), [(0, 1), (1001, 1), (1, 0)])
def test_a_stream_that_makes_no_sense_is_not_opened(
    directory: DirectoryClient, script: Script, chunk: int, first_row: int
) -> None:
    """Refused before anything is sent."""
    with pytest.raises(ValueError, match="row"):
        directory.import_dossiers([row()], chunk=chunk, first_row=first_row)

    assert [] == script.asked


def test_an_export_that_breaks_is_carried_on(directory: DirectoryClient, script: Script) -> None:
    """From the last person on; the criteria stay."""

    def breaks(request: reading.ExportDossiersRequest, context: grpc.ServicerContext) -> Iterator[object]:
        del request
        yield reading.ExportDossiersResponse(dossiers=[dossier("d-1"), dossier("d-2")])
        context.abort(grpc.StatusCode.UNAVAILABLE, "going")

    def ends(request: reading.ExportDossiersRequest, _context: object) -> Iterator[object]:
        del request
        yield reading.ExportDossiersResponse()
        yield reading.ExportDossiersResponse(dossiers=[dossier("d-3", ssin=BRAM)])

    script.on("ExportDossiers", breaks, ends)
    since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    found = list(directory.export_dossiers(valid_at=dt.date(2026, 3, 1), capacity=0, changed_since=since))

    assert ["d-1", "d-2", "d-3"] == [each.dossier_id for each in found]
    first, second = (each.request for each in script.calls("ExportDossiers"))
    assert ("", ANNA) == (first.after_ssin, second.after_ssin)
    assert (2026, True, 0) == (second.valid_at.year, second.HasField("capacity"), second.capacity)
    assert ANNA == str(DossierRow.of(found[0]).ssin)


def test_a_refusal_ends_an_export(directory: DirectoryClient, script: Script) -> None:
    """As every refusal."""
    script.on("ExportDossiers", Refusal(grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING"))

    with pytest.raises(kruispunt.RoleMissing):
        list(directory.export_dossiers())
