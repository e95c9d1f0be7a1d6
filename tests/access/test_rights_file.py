"""The rights file: read as it is meant, refused whole with the line of every fault."""

import datetime as dt
from pathlib import Path

import pytest

from kruispunt.rights_file import RightsFileError, parse_rights, read_rights
from kruispunt_server.access.loading import rights_in, rights_of
from kruispunt_server.access.rights import Grant, LegalBasis, Quota, Registration, Rights, Validity
from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.edge import MethodClass

WHOLE = """\
participants:
  admin:
    roles: [administrator]
    uris: [spiffe://test/admin]
  pension-office:
    institution: 5/1
    roles: [supplier, consumer]
    uris: [spiffe://test/b, spiffe://test/a]
    from: 2026-01-01
    until: 2027-01-01
    revoked_certificates: [{fingerprint}]
    quotas: {{reads: 200/s, searches: 60/min, writes: 1000/hour, bulk: 5/day}}
legal_bases:
  18/042:
    title: Pensions
    data_groups: [name, birth, dossier]
    until: 2030-01-01
grants:
  pensions-read:
    participants: [pension-office]
    methods: [IdentityService/GetPerson, DirectoryService/*]
    legal_basis: 18/042
    data_groups: [name, dossier]
    requires_dossier: true
    shows_protected: true
    from: 2026-02-01
    quota: 10/min
""".format(fingerprint="0a" * 32)


def faults_in(text: str) -> list[str]:
    """Return every fault with its line."""
    with pytest.raises(RightsFileError) as caught:
        rights_of(parse_rights(text))
    return [f"{line}: {sentence}" for line, sentence in caught.value.faults]


def test_a_file_is_read_as_it_is_meant(tmp_path: Path) -> None:
    """Every key; names in order."""
    path = tmp_path / "rights.yaml"
    path.write_text(WHOLE)

    assert rights_in(path) == Rights(
        (
            Registration(
                Participant("admin", frozenset({Role.ADMINISTRATOR}), None), ("spiffe://test/admin",)
            ),
            Registration(
                Participant(
                    "pension-office", frozenset({Role.SUPPLIER, Role.CONSUMER}), InstitutionKey(5, 1)
                ),
                ("spiffe://test/a", "spiffe://test/b"),
                Validity(dt.date(2026, 1, 1), dt.date(2027, 1, 1)),
                ("0a" * 32,),
                {
                    MethodClass.READS: Quota(200, 1),
                    MethodClass.SEARCHES: Quota(60, 60),
                    MethodClass.WRITES: Quota(1000, 3600),
                    MethodClass.BULK: Quota(5, 86_400),
                },
            ),
        ),
        (
            LegalBasis(
                "18/042", "Pensions", ("name", "birth", "dossier"), Validity(None, dt.date(2030, 1, 1))
            ),
        ),
        (
            Grant(
                "pensions-read",
                ("pension-office",),
                ("IdentityService/GetPerson", "DirectoryService/*"),
                "18/042",
                ("name", "dossier"),
                requires_dossier=True,
                shows_protected=True,
                validity=Validity(dt.date(2026, 2, 1)),
                quota=Quota(10, 60),
            ),
        ),
    )


def test_every_fault_of_form_is_told_with_its_line() -> None:
    """All at once, and nothing of the file is used."""
    text = """\
participants:
  a:
    roles: [king]
    colour: red
    institution: five
    from: yesterday
  a:
    roles: consumer
grants:
  g:
    requires_dossier: yes
    quota: many
    methods: {a: b}
legal_basis: x
"""

    assert [
        "3: there is no such role",
        '4: "colour" is none of institution, roles, uris, from, until, revoked_certificates, quotas',
        "5: an institution is sector/number, such as 5/1",
        "6: a date is written 2026-01-31",
        '7: "a" is given twice',
        "11: it is true or false",
        "12: a quota is written 100/s; units are s, min, hour, day",
        "13: a list belongs here, such as [one, two]",
        '14: "legal_basis" is none of participants, legal_bases, grants',
    ] == faults_in(text)


def test_every_fault_of_sense_is_told_with_its_line() -> None:
    """What only all entries together show."""
    text = """\
participants:
  admin:
    roles: [administrator]
    uris: [spiffe://test/one]
  office:
    institution: 5/1
    roles: [consumer]
    uris:
      - spiffe://test/two
      - spiffe://test/one
    from: 2027-01-01
    until: 2026-01-01
  second:
    institution: 5/1
    roles: [supplier]
    uris: [spiffe://test/three]
legal_bases:
  18/042:
    title: Pensions
    data_groups: [name, shoe_size]
    from: 2026-01-01
grants:
  one:
    participants: [office, nobody]
    methods: [IdentityService/GetPerson, IdentityService/Steal]
    legal_basis: 18/042
    data_groups: [name]
  two:
    participants: [office]
    methods: [IdentityService/*]
    legal_basis: 18/042
    data_groups: [birth]
  three:
    participants: [office]
    methods: [IdentityService/*]
    legal_basis: 18/043
    data_groups: [name]
    from: 2025-01-01
  four:
    participants: [admin]
    methods: [IdentityService/GetPerson]
    legal_basis: 18/042
    data_groups: [name]
    from: 2025-01-01
    requires_dossier: true
  five:
    participants: [second]
    methods: [IdentityService/GetPerson]
    legal_basis: "*"
    data_groups: [name]
"""

    assert {
        "10: uris: the name belongs to participants[0] already",
        "11: from: the first day has to lie before the end",
        "14: institution: participants[1] acts for this institution already",
        "20: data_groups: there is no such data group",
        "24: participants: there is no such participant",
        "25: methods: there is no such method or service",
        '28: grants: it decides the same calls of "office" on the same days as grants[0]',
        "32: data_groups: the legal basis does not cover this data group",
        "36: legal_basis: there is no such legal basis",
        "39: grants: the grant goes beyond the days of its legal basis",
        "40: participants: a participant without institution never has a dossier",
        "47: participants: only an internal service has a grant under any legal basis",
    } == set(faults_in(text))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[supplier,", "[\u017fupplier,", "7: there is no such role"),
        ("[supplier,", "[SUPPLIER,", "7: there is no such role"),
        ("from: 2026-01-01", "from: 2026-W05-6", "9: a date is written 2026-01-31"),
        (
            "[supplier, consumer]",
            "[registrar]",
            "20: participants: a registrar works on everybody, with and without a dossier",
        ),
    ],
)
def test_what_only_looks_right_is_refused(old: str, new: str, fault: str) -> None:
    """Letters that fold into others, weeks, a registrar kept to dossiers."""
    assert [fault] == faults_in(WHOLE.replace(old, new, 1))


def test_rights_without_administrator_are_refused() -> None:
    """Or nobody could ever change them over the wire."""
    text = "participants: {a: {roles: [consumer], uris: [spiffe://test/a]}}"

    assert ["1: participants: at least one participant is an administrator"] == faults_in(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: &x [1]\nb: *x", "1: anchors and aliases are not taken"),
        ("a: [*x]", "1: anchors and aliases are not taken"),
        ("participants: !!python/object:os.system {}", "1: tags are not taken"),
        ("a: 1\n---\nb: 1", "2: one document, not deeper than participants, entry, field, list"),
        ("[" * 9, "1: one document, not deeper than participants, entry, field, list"),
        ("[" * 100_000, "1: "),
        ("a: [", "2: "),
        ("", "0: the file is empty"),
        ("- a", "1: entries of the form `name: …` belong here"),
        ("a: \x07", "0: "),
    ],
)
def test_tricks_of_yaml_are_refused(text: str, fault: str) -> None:
    """A bomb, a tag that makes an object, depth without end, several documents, half a document."""
    (told,) = faults_in(text)

    assert told.startswith(fault)


def test_a_bomb_costs_nothing() -> None:
    """The references are not followed before they are refused."""
    bomb = "a: &a [lol]\n" + "".join(
        f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]\n"
        for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert ["1: anchors and aliases are not taken"] == faults_in(bomb)


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"\xff\xfe", "the file is not UTF-8"), (b"#" * ((16 << 20) + 1), "the file is larger than 16 MiB")],
)
def test_what_is_no_text_or_huge_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    """Before anything is parsed."""
    path = tmp_path / "rights.yaml"
    path.write_bytes(content)

    with pytest.raises(RightsFileError) as caught:
        read_rights(path)

    assert [(0, fault)] == caught.value.faults


def test_yes_and_no_are_texts() -> None:
    """The country NO and the participant `on` are what is written."""
    file = parse_rights("participants: {on: {roles: [administrator], uris: [x://no]}, 'no': {roles: []}}")

    assert ["on", "no"] == [each.participant_id for each in file.message.participants]
