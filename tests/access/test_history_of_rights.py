"""Who changed which rights, and when: out of the change log, over mutual TLS and at the command line."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from google.protobuf import json_format
from tests.access.test_participant_service import sandbox
from tests.directory.service.conftest import ADMINISTRATOR, AUDITOR, PENSIONS, PURPOSE, Directory
from tests.directory.service.test_audit_commands import run
from tests.support.calls import NOON, change_log
from tests.support.plans import plan_of
from tests.support.rights import SANDBOX

from kruispunt import (
    ChangeOfRights,
    FieldInvalid,
    PageTokenInvalid,
    PeriodInverted,
    Purpose,
    RightsEffect,
    RoleMissing,
)
from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.rights_file import parse_rights
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.access.history import ChangeFilter, RightsHistory
from kruispunt_server.access.loading import load_rights, rights_in
from kruispunt_server.call import OPERATOR
from kruispunt_server.changes import Change
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.operator_user import operating_user


@pytest.fixture
def changed(directory: Directory) -> Directory:
    """A directory whose rights were changed twice: a grant, then the title of a legal basis and a new participant."""
    rights = sandbox()
    client = directory.client(ADMINISTRATOR, Purpose("18/042", "kim", "2026/7"))
    next(each for each in rights.grants if each.grant_id == "pensions-read").requires_dossier = False
    client.apply_rights(rights)
    rights.legal_bases[0].title = "Another title"
    rights.participants.add(participant_id="new", roles=[pb.ROLE_AUDITOR], uris=["spiffe://new"])
    client.apply_rights(rights)
    return directory


def test_who_changed_what_is_listed_latest_first(changed: Directory) -> None:
    """With end user, case and legal basis of the call, and what it did."""
    found = list(changed.client(AUDITOR).list_rights_changes())

    basis = f"legal_bases.{sandbox().legal_bases[0].legal_basis}"
    assert [
        (ChangeOfRights.CHANGED, basis, RightsEffect.NEUTRAL),
        (ChangeOfRights.ADDED, "participants.new", RightsEffect.WIDENS),
        (ChangeOfRights.CHANGED, "grants.pensions-read", RightsEffect.WIDENS),
    ] == [(each.change.kind, each.change.entry, each.change.effect) for each in found]
    assert [("requires_dossier", "true", "")] == [
        (each.key, each.before, each.after) for each in found[-1].change.differences
    ]
    assert {
        (ADMINISTRATOR, "kim", "2026/7", "18/042", "", "kruispunt.access.v1.ParticipantService/ApplyRights")
    } == {
        (each.participant, each.end_user, each.case, each.legal_basis, each.via, each.method)
        for each in found
    }
    assert found[0].commit_id == found[1].commit_id != found[2].commit_id


def test_what_is_listed_can_be_narrowed(changed: Directory) -> None:
    """To a participant, a legal basis, who made it, and days in Brussels."""
    client = changed.client(AUDITOR)
    basis = sandbox().legal_bases[0].legal_basis

    def entries(**narrowed: object) -> list[str]:
        return [each.change.entry for each in client.list_rights_changes(**narrowed)]  # type: ignore[arg-type]

    assert ["grants.pensions-read"] == entries(participant=PENSIONS)
    assert ["participants.new"] == entries(participant="new")
    assert [f"legal_bases.{basis}"] == [
        each for each in entries(legal_basis=basis) if each.startswith("legal")
    ]
    assert "grants.pensions-read" in entries(legal_basis="12/013")
    assert [] == entries(changed_by=OPERATOR)
    assert 3 == len(entries(changed_by=ADMINISTRATOR))
    today = changed.clock.today()
    assert 3 == len(entries(begin=today, end=today + dt.timedelta(days=1)))
    assert [] == entries(begin=today + dt.timedelta(days=1))
    assert [] == entries(end=today)


def test_pages_follow_each_other(changed: Directory) -> None:
    """One by one; a token belongs to its query."""
    client = changed.client(AUDITOR)
    whole = [each.change_id for each in client.list_rights_changes()]

    assert whole == [each.change_id for each in client.list_rights_changes(page_size=1)]
    page = client._participants.ListRightsChanges(pb.ListRightsChangesRequest(page_size=1), timeout=5)
    request = pb.ListRightsChangesRequest(changed_by="other", page_token=page.next_page_token)
    with pytest.raises(PageTokenInvalid):
        client._ask(client._participants.ListRightsChanges, request, None)


def test_only_who_oversees_rights_is_told(changed: Directory) -> None:
    """And bad input is refused by field."""
    with pytest.raises(RoleMissing):
        list(changed.client(PENSIONS).list_rights_changes())
    client = changed.client(AUDITOR)
    for field in ("participant", "legal_basis", "changed_by"):
        with pytest.raises(FieldInvalid):
            list(client.list_rights_changes(**{field: "a b"}))  # type: ignore[arg-type]
    day = dt.date(2026, 1, 1)
    with pytest.raises(PeriodInverted):
        list(client.list_rights_changes(begin=day, end=day))


def test_rights_are_changed_for_a_stated_purpose_only(directory: Directory) -> None:
    """Or the log could not say by whom and why; nothing is changed."""
    method = directory.channel(ADMINISTRATOR).unary_unary(
        "/kruispunt.access.v1.ParticipantService/ApplyRights"
    )
    request = pb.ApplyRightsRequest(request_id=str(new_id()), rights=sandbox()).SerializeToString()
    with pytest.raises(Exception, match="kruispunt-legal-basis"):
        method(request, timeout=10)

    assert [] == list(directory.client(AUDITOR).list_rights_changes())


def test_the_user_of_the_operating_system_is_kept(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """Of who loads rights at the database; beside the end users of participants, with the grants that are new."""
    rights = rights_in(SANDBOX)
    load_rights(database, directory_tables.shared, FixedClock(NOON), rights, user=operating_user())
    history = RightsHistory(database, directory_tables.shared)

    found, further = history.page(ChangeFilter(), before=None, limit=1000)

    assert further is None
    assert len(rights.registrations) + len(rights.legal_bases) + len(rights.grants) == len(found)
    assert {(OPERATOR, operating_user(), None, None, "load-rights")} == {
        (
            each.row.participant_id,
            each.row.end_user,
            each.row.legal_basis,
            each.row.case_reference,
            each.row.method,
        )
        for each in found
    }
    assert re.fullmatch(r"[!-~ ]{1,64}", operating_user())


def test_a_page_reads_no_more_than_it_may(database: Database, directory_tables: DirectoryTables) -> None:
    """It may come out empty, and says where the next one begins."""
    load_rights(database, directory_tables.shared, FixedClock(NOON), rights_in(SANDBOX))
    history = RightsHistory(database, directory_tables.shared, most_read=10)
    wanted = ChangeFilter(participant_id=PENSIONS)

    found, pages, before = [], 0, None
    while True:
        page, before = history.page(wanted, before=before, limit=4)
        found += [each.change.entry for each in page]
        pages += 1
        if before is None:
            break

    whole, _ = RightsHistory(database, directory_tables.shared).page(wanted, before=None, limit=1000)
    assert [each.change.entry for each in whole] == found
    assert f"participants.{PENSIONS}" in found
    assert pages > len(found) / 4


def test_changes_of_rights_are_found_without_reading_the_log(
    database: Database, directory_tables: DirectoryTables
) -> None:
    """Among many others: the planner takes the index of its own."""
    shared = directory_tables.shared
    log = change_log(database, shared, FixedClock(NOON))
    from tests.support.calls import call_of

    with database.writing() as connection:
        log.record(connection, call_of(), [Change(None, "code.changed")] * 3000, request_id=new_id())
    load_rights(database, shared, FixedClock(NOON), rights_in(SANDBOX))
    if database.dialect == "postgresql":
        with database.writing() as connection:
            connection.exec_driver_sql("ANALYZE change")
    history = RightsHistory(database, shared)

    plan = plan_of(database, lambda: history.page(ChangeFilter(), before=2000, limit=10))

    read = [line for line in plan if re.search(r"\bchange\b", line)]
    assert read
    assert all("ix_change_rights" in line for line in read)


def shown(directory: Directory, *command: str, participant: str = ADMINISTRATOR) -> str:
    """Run a command at the directory and return what it prints."""
    done = run(directory, "access", *command, "--service=directory", participant=participant)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_log_is_told_in_the_words_of_the_file(changed: Directory) -> None:
    """Once when, who and why; then entry by entry."""
    told = shown(changed, "log", f"--participant={PENSIONS}", participant=AUDITOR).splitlines()
    as_json = json.loads(shown(changed, "log", "--json", participant=AUDITOR))

    assert [
        "2026-03-03 12:00:00Z directory",
        f"  by {ADMINISTRATOR}; end user kim; case 2026/7; legal basis 18/042",
        "  changed grants.pensions-read",
        "    + requires_dossier: dropped true",
    ] == [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "2026-03-03 12:00:00Z", line) for line in told]
    assert 3 == len(as_json["directory"])
    day = changed.clock.today().isoformat()
    assert 3 == shown(changed, "log", f"--day={day}").count("changed") + shown(
        changed, "log", f"--day={day}"
    ).count("added")
    assert "changes of rights: none\n" == shown(changed, "log", "--day=2020-01-01")


def test_what_is_shown_changes_nothing_when_it_is_applied(changed: Directory, tmp_path: Path) -> None:
    """The rights in force are printed as the file that would make them."""
    file = tmp_path / "rights.yaml"
    file.write_text(shown(changed, "show"))

    assert "directory: no change\n" == shown(changed, "apply", str(file), "--yes")
    rights, _ = changed.client(AUDITOR).get_rights()
    assert rights == parse_rights(file.read_text()).message
    printed = json.loads(shown(changed, "show", "--json"))["rights"]
    assert rights == json_format.ParseDict(printed, pb.Rights())


def test_everybody_sees_its_own_rights_and_no_others(directory: Directory) -> None:
    """Its entry, its grants as if nobody else had them, their legal bases; with its quotas."""
    own = directory.client(PENSIONS).get_own_rights()
    told = shown(directory, "mine", participant=PENSIONS)

    assert [PENSIONS] == [each.participant_id for each in own.rights.participants]
    assert {(PENSIONS,)} == {tuple(each.participants) for each in own.rights.grants}
    assert {each.grant_id for each in sandbox().grants if PENSIONS in each.participants} == {
        each.grant_id for each in own.rights.grants
    }
    assert {each.legal_basis for each in own.rights.grants} == {
        each.legal_basis for each in own.rights.legal_bases
    }
    assert {"reads", "searches", "writes", "bulk", "end_user"} <= {each.name for each in own.quotas}
    assert own.rights == parse_rights(told).message
    assert "institution-17-1" not in told
    assert "# quotas of directory\n#   reads: " in told


def test_widening_is_told_first(directory: Directory, tmp_path: Path) -> None:
    """Apart from what narrows and what changes nobody's rights, however the file orders them."""
    text = SANDBOX.read_text("utf-8")
    text = text.replace("    requires_dossier: true\n", "", 1)
    text = text.replace("[auditor]", "[auditor, data-protection-officer]")
    other = parse_rights(text).message
    title = next(each.title for each in other.legal_bases)
    file = tmp_path / "rights.yaml"
    file.write_text(text.replace(f"title: {title}", "title: Another", 1))
    told = shown(directory, "apply", str(file), "--dry-run")

    headings = [line for line in told.splitlines() if not line.startswith(" ")]
    assert [
        'directory: WIDENS rights ("+" more, "-" less)',
        "directory: changes nobody's rights",
    ] == headings
    assert "    + requires_dossier: dropped true" in told
    assert "    + roles: added data-protection-officer" in told
    assert PURPOSE.end_user not in told


def test_explaining_tells_the_quotas(directory: Directory) -> None:
    """That the call would be counted by, and which is the nearest."""
    done = run(directory, "access", "explain", "--method=DirectoryService/ListDossiers")

    assert re.search(r"^quota reads: .*; \d+ left now; the nearest$", done.stdout, re.MULTILINE)


def test_a_small_page_costs_few_statements(database: Database, directory_tables: DirectoryTables) -> None:
    """Also where what is asked about is rare: many records are read at a time, however few are wanted."""
    load_rights(database, directory_tables.shared, FixedClock(NOON), rights_in(SANDBOX))
    history = RightsHistory(database, directory_tables.shared)
    statements: list[str] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    found, further = history.page(ChangeFilter(participant_id="nobody"), before=None, limit=1)

    assert ([], None) == (found, further)
    assert 1 == len([one for one in statements if "FROM change" in one])
