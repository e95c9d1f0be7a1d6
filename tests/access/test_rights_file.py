"""The rights file: read as it is meant, refused whole with the line of every fault."""

import datetime as dt
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from kruispunt.rights_file import RightsFileError, parse_rights, read_rights
from kruispunt_server.access.loading import rights_in
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


def refused(text: str) -> RightsFileError:
    """Return why a file of some text is refused."""
    with NamedTemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        with pytest.raises(RightsFileError) as caught:
            rights_in(Path(file.name))
    return caught.value


def faults_in(text: str) -> list[str]:
    """Return every fault with its line."""
    return [f"{line}: {sentence}" for line, sentence in refused(text).faults]


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
        "2: uris: at least one entry",
        '3: there is no role "king"',
        '4: "colour" is none of institution, roles, uris, from, until, revoked_certificates, quotas',
        '5: an institution is sector/number, such as 5/1, not "five"',
        '6: a date is written 2026-01-31, not "yesterday"',
        '7: "a" is given twice',
        "10: data_groups: at least one entry",
        '10: legal_basis: the name of a legal basis, or "*", not ""',
        "10: participants: at least one entry",
        '11: it is true or false, not "yes"',
        '12: a quota is written 100/s, not "many"; units are s, min, hour, day',
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

    assert [
        '10: uris: "spiffe://test/one" belongs to the participant "admin" already',
        "11: from: the first day, 2027-01-01, has to lie before the end, 2026-01-01",
        '14: institution: the participant "office" acts for "5/1" already',
        '20: data_groups: there is no data group "shoe_size"',
        '24: participants: there is no participant "nobody"',
        '25: methods: there is no method or service "IdentityService/Steal"',
        '28: grants: it decides the same calls of "office" on the same days as the grant "one"',
        '32: data_groups: the legal basis "18/042" does not cover "birth"',
        '36: legal_basis: there is no legal basis "18/043"',
        '39: grants: the grant goes beyond the days of its legal basis "18/042"',
        '40: participants: "admin" has no institution, and so never a dossier',
        '47: participants: only an internal-service has a grant under any legal basis; "second" is none',
    ] == faults_in(text)


def test_form_and_sense_are_told_together() -> None:
    """What follows from something malformed is no fault of its own; the rest of the file is judged all the same."""
    text = """\
participants:
  admin:
    roles: [administrater]
    uris: [spiffe://test/one]
  office:
    institution: five
    roles: [consumer]
    uris: [spiffe://test/two]
    quotas: {reads: lots}
  service:
    roles: {internal-service: true}
    uris: [spiffe://test/three]
legal_bases:
  18/042:
    title: Pensions
    data_groups: name
    until: never
grants:
  one:
    participants: [office, nobody]
    methods: [IdentityService/GetPerson]
    legal_basis: 18/042
    data_groups: [birth]
    requires_dossier: true
    until: 2026-13-01
  two:
    participants: [service]
    methods: [IdentityService/GetPerson]
    legal_basis: "*"
    data_groups: [name, shoe_size]
"""

    assert [
        '3: there is no role "administrater"',
        '6: an institution is sector/number, such as 5/1, not "five"',
        '9: a quota is written 100/s, not "lots"; units are s, min, hour, day',
        "11: a list belongs here, such as [one, two]",
        '16: a list belongs here, such as [one, two], not "name"',
        '17: a date is written 2026-01-31, not "never"',
        '20: participants: there is no participant "nobody"',
        '25: a date is written 2026-01-31, not "2026-13-01"',
        '30: data_groups: there is no data group "shoe_size"',
    ] == faults_in(text)


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        (r"\e[31mking\n", r'"\x1b[31mking\n"'),
        (r"\u202eking", r'"\u202eking"'),
        ("k" * 61, f'"{"k" * 60}…" (61 characters)'),
        (r"\"king", r'"\"king"'),
    ],
)
def test_a_value_is_quoted_such_that_it_does_no_harm(value: str, quote: str) -> None:
    """On one line, not long, and nothing that a terminal would obey."""
    assert [f"7: there is no role {quote}"] == faults_in(WHOLE.replace("[supplier,", f'["{value}",', 1))


def test_of_very_many_faults_is_said_how_many_more_there_are() -> None:
    """Forty stand there, whether they are of form or of sense."""
    roles = "".join(
        f"  p{number}: {{roles: [king], uris: [x://{number}], institution: 0/0}}\n" for number in range(50)
    )
    for text, told, more in (
        (f"participants:\n{roles}", 40, 59),
        (f"participants:\n{roles.replace('king', 'auditor')}", 40, 10),
    ):
        error = refused(text)

        assert (told, [f"and {more} more"]) == (len(error.faults), error.and_more())


@pytest.mark.parametrize(
    ("methods", "fault"),
    [
        ("DossierService/*", "DossierService/RegisterDossier"),
        ("RegistrationService/RegisterPerson", "RegistrationService/RegisterPerson"),
        ("IdentityService/ListSuspectedDuplicates", "IdentityService/ListSuspectedDuplicates"),
        ("IdentityFeedService/WatchChanges", "IdentityFeedService/WatchChanges"),
    ],
)
def test_what_cannot_be_kept_to_dossiers_is_refused(methods: str, fault: str) -> None:
    """Rather than promised; with the reason."""
    (told,) = faults_in(WHOLE.replace("DirectoryService/*", methods))

    assert told.startswith(f'21: methods: "{fault}" cannot be kept to persons with a dossier: ')
    assert told.endswith("; grant it apart, without requires_dossier")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[supplier,", "[\u017fupplier,", '7: there is no role "\u017fupplier"'),
        ("[supplier,", "[SUPPLIER,", '7: there is no role "SUPPLIER"'),
        ("from: 2026-01-01", "from: 2026-W05-6", '9: a date is written 2026-01-31, not "2026-W05-6"'),
        (
            "[supplier, consumer]",
            "[registrar]",
            '20: participants: the registrar "pension-office" works on everybody, with and without a dossier',
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
        ("a: \x07", "1: "),
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


def test_a_character_that_yaml_does_not_take_is_refused_with_its_line() -> None:
    """And never shown: it may be one that steers a terminal."""
    assert ["2: a character that YAML does not take"] == faults_in("participants:\n  é: \x1b[31m\n")


def test_nobody_is_called_as_the_log_calls_who_works_at_the_database() -> None:
    """Or the log could not tell them apart."""
    faults = faults_in(WHOLE.replace("  admin:", "  operator:"))

    assert ['2: participant_id: "operator" is what the log calls who works at the database'] == faults
