"""`kruispunt access` at the command line, against the running servers."""

import json
from pathlib import Path

import pytest
from tests.directory.service.conftest import ADMINISTRATOR, AUDITOR, PENSIONS, Directory
from tests.directory.service.test_audit_commands import run
from tests.support.rights import SANDBOX

PLAN = """\
directory: WIDENS rights ("+" more, "-" less)
  added   legal_bases.77/007
      title: New
      data_groups: name
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The sandbox's rights, with one more legal basis."""
    text = SANDBOX.read_text("utf-8")
    path = tmp_path / "rights.yaml"
    path.write_text(
        text.replace("legal_bases:\n", "legal_bases:\n  77/007:\n    title: New\n    data_groups: [name]\n")
    )
    return path


def apply(directory: Directory, file: Path, *more: str, participant: str = ADMINISTRATOR) -> tuple[int, str]:
    """Apply a file at the directory, and return the exit status and what was printed."""
    done = run(directory, "access", "apply", str(file), "--service=directory", *more, participant=participant)
    return done.exit_code, done.output


def test_applying_says_what_changes_and_the_second_time_nothing(directory: Directory, file: Path) -> None:
    """First a rehearsal, then the change, then nothing to do."""
    rehearsed = apply(directory, file, "--dry-run")
    applied = apply(directory, file, "--yes")
    again = apply(directory, file, "--yes")

    assert (0, PLAN) == rehearsed
    assert (0, f"{PLAN}directory: applied\n") == applied
    assert (0, "directory: no change\n") == again


def test_faults_are_told_by_line_and_nothing_is_changed(directory: Directory, file: Path) -> None:
    """Of form, which the file itself shows, and of sense, which the registry finds."""
    whole = file.read_text()
    file.write_text(whole.replace("data_groups: [name]", "data_groups: [shoe_size]", 1))
    line = 1 + file.read_text().splitlines().index("    data_groups: [shoe_size]")
    of_sense = apply(directory, file, "--yes")
    file.write_text(whole.replace("roles: [auditor]", "roles: [king]"))
    of_form = apply(directory, file, "--yes")
    file.write_text(whole)

    assert (1, True) == (
        of_sense[0],
        f'{file}:{line}: data_groups: there is no data group "shoe_size"' in of_sense[1],
    )
    assert (1, True) == (of_form[0], 'there is no role "king"' in of_form[1])
    assert (0, PLAN) == apply(directory, file, "--dry-run")


def test_only_administrators_apply(directory: Directory, file: Path) -> None:
    """An auditor is refused before anything is compared."""
    status, told = apply(directory, file, "--yes", participant=AUDITOR)

    assert (1, True) == (status, "ROLE_MISSING" in told)


def test_explaining_names_the_rule(directory: Directory) -> None:
    """Status 1 if the call would be refused."""
    allowed = run(directory, "access", "explain", "--method=DirectoryService/ListDossiers", "--json")
    refused = run(
        directory, "access", "explain", f"--participant={AUDITOR}", "--method=DirectoryService/ListDossiers",
        participant=ADMINISTRATOR,
    )  # fmt: skip

    answer = json.loads(allowed.stdout)
    assert (0, True, "institutions-work") == (allowed.exit_code, answer["allowed"], answer["grant"])
    assert 1 == refused.exit_code
    assert refused.output.splitlines() == [
        "✓ participant: it is active",
        "✗ role: the method asks for any one of these roles: consumer, internal-service, supplier",
    ]


def test_who_can_lists_participants(directory: Directory) -> None:
    """By grant and method; for those who oversee rights."""
    listed = run(
        directory, "access", "who-can", "access", "--service=directory", "--json", participant=AUDITOR
    )

    assert {"registry-auditor", "registry-officer"} == {
        each["participant"] for each in json.loads(listed.stdout)["grantees"]
    }
    assert (
        "auditors-read"
        in run(directory, "access", "who-can", "access", "--service=directory", participant=AUDITOR).stdout
    )
    assert (
        1
        == run(
            directory, "access", "who-can", "access", "--service=directory", participant=PENSIONS
        ).exit_code
    )
