"""Whatever rows come in whatever order and portions: imported, they end as if each had been registered alone."""

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from google.type.date_pb2 import Date
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.directory.importing.conftest import Desk, Registers, desk_on, new_import_id, request

from kruispunt.common.v1 import error_reason_pb2, values_pb2
from kruispunt.directory.v1 import dossier_pb2
from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.claim import Claim, PartialDate, RegisteredPerson
from kruispunt_directory.domain.number import NumberStatus
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.database import Database
from kruispunt_server.errors import RegistryError

# Whom rows are about. `former` leads to `anna`; identity has let `elsewhere` lead to somebody, and cancelled `gone`; the
# directory knows itself that `dropped` leads to nobody; no register knows `strange`.
WHO = ("anna", "bea", "former", "unusual", "elsewhere", "gone", "dropped", "strange")
MALFORMED = {"malformed": "12345678901", "absent": ""}
LEADS_TO = {"former": ("anna", NumberStatus.REPLACED), "dropped": ("dropped", NumberStatus.CANCELLED)}
CLAIMS = (
    dossier_pb2.PersonClaim(family_name="PEETERS"),
    dossier_pb2.PersonClaim(family_name="Maes", birth_date=Date(year=1975)),
    dossier_pb2.PersonClaim(given_names=["Bea"], sex=dossier_pb2.SEX_FEMALE),
    dossier_pb2.PersonClaim(given_names=[""]),
)
PENSIONS, OTHER = (values_pb2.InstitutionRef(sector=sector, institution=1) for sector in (5, 6))
_series = itertools.count()


def often(usual: list[Any], *rare: Any) -> st.SearchStrategy[Any]:
    """Draw mostly what is right, so that rows get far enough to meet."""
    return st.sampled_from([*usual * 6, *rare])


DAY = st.integers(0, 12).map(lambda day: dt.date(2020, 1, 1) + dt.timedelta(days=day))
ROW = st.fixed_dictionaries(
    {
        "who": often(["anna", "bea", "former"], *WHO[3:], *MALFORMED),
        "institution": often([None], PENSIONS, OTHER),
        "capacity": often([100], 20, 999, 1000),
        "phase": often([10], 20, 20, 7),
        "begin": DAY,
        "end": st.one_of(st.none(), DAY),
        "network_level": often([0], 1, 2, 9),
        "source": often([""], "intake", "intake", "Desk 1"),
        "claim": often([None], *CLAIMS),
    }
)


def people() -> dict[str, Ssin]:
    """Return numbers that no example used before."""
    serial = next(_series)
    year, sequence = 1900 + serial // 60, serial % 60 * 16 + 1
    numbers = {}
    for place, who in enumerate(WHO):
        day = 35 if who == "unusual" else 15
        prefix = year % 100 * 10_000 + 700 + day
        numbers[who] = Ssin.assemble(prefix, sequence + 2 * place, born_from_2000=False)
    return numbers


def registers_of(numbers: Mapping[str, Ssin]) -> Registers:
    """Return what identity knows of them."""
    anna = Claim("Peeters", ("Anna",), PartialDate(1985, 7, 30), 2)
    bea = Claim("Maes", ("Bea", "Lea"), PartialDate(1975, 6, 8), 2)
    return Registers(
        {
            numbers["anna"]: RegisteredPerson(anna),
            numbers["former"]: RegisteredPerson(anna, is_replaced=True),
            numbers["bea"]: RegisteredPerson(bea),
            numbers["unusual"]: RegisteredPerson(bea),
            numbers["elsewhere"]: RegisteredPerson(bea, is_replaced=True),
            numbers["gone"]: RegisteredPerson(is_cancelled=True),
            numbers["dropped"]: RegisteredPerson(bea),
        }
    )


def message(said: Mapping[str, Any], numbers: Mapping[str, Ssin]) -> pb.DossierRow:
    """Return a drawn row as it is sent."""
    begin, end = said["begin"], said["end"]
    return pb.DossierRow(
        ssin=MALFORMED.get(said["who"]) or str(numbers.get(said["who"], "")),
        institution=said["institution"],
        capacity=said["capacity"],
        phase=said["phase"],
        period=values_pb2.Period(begin=_date(begin), end=_date(end) if end else None),
        network_level=said["network_level"],
        source=said["source"],
        claim=said["claim"],
    )


def _date(day: dt.date) -> Date:
    return Date(year=day.year, month=day.month, day=day.day)


def put_numbers(desk: Desk, numbers: Mapping[str, Ssin]) -> None:
    """Let the directory know where numbers lead."""
    rows = [
        {
            "ssin": int(numbers[who]),
            "current_ssin": int(numbers[to]),
            "status": int(status),
            "next_ssin": None if to == who else int(numbers[to]),
            "recorded_at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
        }
        for who, (to, status) in LEADS_TO.items()
    ]
    with desk.database.writing() as connection:
        connection.execute(sa.insert(desk.tables.dossiers.number), rows)


def alone(desk: Desk, row: pb.DossierRow) -> tuple[Any, ...]:
    """Return (outcome, number, reason, field, warnings) of a row that is registered alone."""
    try:
        done = desk.register(row)
    except RegistryError as refusal:
        reason = error_reason_pb2.ErrorReason.Value(f"ERROR_REASON_{refusal.reason.label}")
        return 4, "", reason, refusal.field, []
    warned = list(dict.fromkeys(warning.reason for warning in done.warnings))
    return int(done.outcome), done.dossier.ssin, 0, "", warned


def together(desk: Desk, rows: list[pb.DossierRow], cuts: set[int]) -> list[tuple[Any, ...]]:
    """Return the same of rows that are imported, in requests that end at `cuts`."""
    borders = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    name = new_import_id()
    sent = [
        request(*rows[begin:end], first=begin + 1, import_id=name)
        for begin, end in itertools.pairwise(borders)
    ]
    return [
        (each.outcome, each.current_ssin, each.reason, each.field, list(each.warnings))
        for each in desk.send(*sent)
    ]


def left_in(desk: Desk, numbers: Mapping[str, Ssin], after: int) -> dict[str, Any]:
    """Return what the journal says, what stands and what stood, dossiers named in the order of their creation."""
    changes = desk.changes(after)
    names: dict[str, int] = {}
    for _, said in changes:
        for state in (said.get("before"), said.get("after")):
            if state is not None:
                state["dossier_id"] = names.setdefault(state["dossier_id"], len(names))
    left: dict[str, Any] = {"changes": changes}
    dossiers = desk.tables.dossiers
    with desk.database.reading() as connection:
        for table in (dossiers.dossier, dossiers.dossier_version):
            of_them = table.c.person.in_([int(number) for number in numbers.values()])
            found = [dict(row) for row in connection.execute(sa.select(table).where(of_them)).mappings()]
            for row in found:
                row["dossier_id"] = names[str(row["dossier_id"])]
            left[table.name] = sorted(found, key=lambda row: (row["dossier_id"], row["version"]))
    return left


def test_imported_rows_end_as_rows_registered_alone(
    two_databases: list[Database], directory_tables: DirectoryTables
) -> None:
    """The same outcomes, reasons, fields and warnings, the same rows and versions to the microsecond, the same journal."""

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        before=st.lists(ROW, max_size=4),
        removed=st.sampled_from([None, "anna", "bea"]),
        drawn=st.lists(ROW, min_size=1, max_size=14),
        cuts=st.sets(st.integers(1, 13), max_size=4),
        asks=st.booleans(),
    )
    def check(
        before: list[Mapping[str, Any]],
        removed: str | None,
        drawn: list[Mapping[str, Any]],
        cuts: set[int],
        asks: bool,
    ) -> None:
        numbers = people()
        registers = registers_of(numbers) if asks else None
        one, many = (desk_on(each, directory_tables, registers, codes=False) for each in two_databases)
        rows = [message(said, numbers) for said in drawn]
        marks = one.last_change(), many.last_change()
        for desk in (one, many):
            put_numbers(desk, numbers)
        rows = [message(said, numbers) for said in drawn]
        marks = one.last_change(), many.last_change()
        for desk in (one, many):
            for said in before:
                alone(desk, message(said, numbers))
            if removed:
                desk.remove(numbers[removed])

        assert [alone(one, row) for row in rows] == together(many, rows, cuts)
        assert left_in(one, numbers, marks[0]) == left_in(many, numbers, marks[1])

    for each in two_databases:
        desk_on(each, directory_tables)
    check()
