"""`kruispunt pki`, at the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from typer.testing import CliRunner, Result

from kruispunt.cli.app import app
from kruispunt.rights_file import parse_rights
from kruispunt_server import pki
from kruispunt_server.access.amending import AmendError, with_revoked

URI = "spiffe://test/participant/pension-office"
DIGEST, OTHER = "a" * 64, "b" * 64
RIGHTS = f"""# who may connect
participants:
  pension-office:   # the office
    institution: 5/1
    roles: [supplier]
    uris: [{URI}]
  work-office:
    roles: [auditor]
    uris: ["spiffe://test/participant/work-office"]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a rights file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rights.yaml").write_text(RIGHTS)
    return tmp_path


def pki_command(*arguments: str | Path) -> Result:
    """Run `kruispunt pki`."""
    return CliRunner().invoke(app, ["pki", *map(str, arguments)])


def done(*arguments: str | Path) -> str:
    """Run `kruispunt pki`, which must succeed."""
    result = pki_command(*arguments)
    assert 0 == result.exit_code, result.output
    return result.stdout


def content(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_authority_server_and_participants_are_made(home: Path):
    """By three commands, and what is there stays."""
    done("init")
    done("server", "--host", "identity.example", "--host", "10.0.0.1")
    done("issue", "--rights", "rights.yaml")
    before = (home / "pki" / "ca.crt").read_bytes()

    assert "stays" in done("init")
    assert before == (home / "pki" / "ca.crt").read_bytes()
    assert "clients/pension-office.crt: stays" in done("issue", "pension-office", "--uri", URI)
    assert ("identity.example", "10.0.0.1") == pki.describe(home / "pki" / "server.crt")[0].hosts
    assert (URI,) == pki.describe(home / "pki" / "clients" / "pension-office.crt")[0].uris
    assert (home / "pki" / "clients" / "work-office.key").exists()


def test_nothing_that_is_there_is_replaced_by_another_name(home: Path):
    """A key that is in use is not lost to a slip."""
    done("init")
    done("issue", "pension-office", "--uri", URI)
    before = (home / "pki" / "clients" / "pension-office.key").read_bytes()

    assert 1 == pki_command("issue", "pension-office", "--uri", URI + "-2").exit_code
    assert before == (home / "pki" / "clients" / "pension-office.key").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ("issue", "pension-office"),
        ("issue", "--uri", URI),
        ("issue", "../pension-office", "--uri", URI),
        ("issue", "pension-office", "--uri", "pension-office"),
        ("issue", "pension-office", "--uri", URI, "--rights", "rights.yaml"),
    ],
    ids=" ".join,
)
def test_names_that_are_none_are_wrong_use(home: Path, arguments: tuple[str, ...]):
    """Nothing is written outside the folder, nor without a name."""
    done("init")

    assert 2 == pki_command(*arguments).exit_code
    assert not (home / "pki" / "clients").exists()


def test_a_renewed_certificate_has_the_same_names_and_another_key(home: Path):
    """The old one is kept, without its key; it counts until its end."""
    done("init")
    done("issue", "pension-office", "--uri", URI, "--uri", URI + "-2")
    path = home / "pki" / "clients" / "pension-office.crt"
    old = content(path)
    done("renew", path)
    new = content(path)
    (kept,) = path.parent.glob("*.old.crt")

    assert old == content(kept)
    assert old.public_key() != new.public_key()
    assert old.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    ) == new.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert old.extensions.get_extension_for_class(
        x509.ExtendedKeyUsage
    ) == new.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    key = load_pem_private_key(path.with_suffix(".key").read_bytes(), None)
    assert new.public_key() == key.public_key()
    assert 0o600 == path.with_suffix(".key").stat().st_mode & 0o777
    assert {path.name, path.with_suffix(".key").name, kept.name} == {
        each.name for each in path.parent.iterdir()
    }


def test_a_certificate_of_another_authority_is_not_renewed(home: Path):
    """It would be trusted by nobody who trusts it now."""
    done("init")
    done("init", "--folder", "other")
    done("issue", "pension-office", "--uri", URI, "--folder", "other")
    path = home / "other" / "clients" / "pension-office.crt"
    before = path.read_bytes()

    assert 1 == pki_command("renew", path).exit_code
    assert before == path.read_bytes()


def test_what_is_to_be_added_is_said(home: Path):
    """Without a rights file nothing is written."""
    done("init")
    done("issue", "pension-office", "--uri", URI)
    path = home / "pki" / "clients" / "pension-office.crt"
    (found,) = pki.describe(path)

    assert f"revoked_certificates: [{found.fingerprint}]" in done("revoke", path)
    assert RIGHTS == (home / "rights.yaml").read_text()


def test_a_certificate_is_added_to_the_entry_that_it_names(home: Path):
    """Once, and everything else of the file stays as it is written; what is revoked only `apply` decides."""
    done("init")
    done("issue", "pension-office", "--uri", URI)
    path = home / "pki" / "clients" / "pension-office.crt"
    (found,) = pki.describe(path)
    told = done("revoke", path, "--rights", "rights.yaml")
    text = (home / "rights.yaml").read_text()

    assert "nothing is revoked until: kruispunt access apply rights.yaml" in told
    assert [found.fingerprint] == list(parse_rights(text).message.participants[0].revoked_certificates)
    assert RIGHTS == text.replace(f"    revoked_certificates: [{found.fingerprint}]\n", "")
    assert "has it already" in done("revoke", path, "--rights", "rights.yaml")
    assert text == (home / "rights.yaml").read_text()


def test_a_certificate_of_nobody_is_not_added(home: Path):
    """It is said, and the file stays."""
    done("init")
    done("issue", "stranger", "--uri", "spiffe://test/participant/stranger")

    assert 1 == pki_command("revoke", home / "pki/clients/stranger.crt", "--rights", "rights.yaml").exit_code
    assert RIGHTS == (home / "rights.yaml").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"    revoked_certificates: [{DIGEST}]\n"),
        (
            f"    revoked_certificates: [{OTHER}]  # stolen\n",
            f"    revoked_certificates: [{DIGEST}, {OTHER}]  # stolen\n",
        ),
        ("    revoked_certificates: []\n", f"    revoked_certificates: [{DIGEST}]\n"),
        (
            f"    revoked_certificates:\n      # stolen\n      - {OTHER}\n",
            f"    revoked_certificates:\n      # stolen\n      - {DIGEST}\n      - {OTHER}\n",
        ),
        (
            f"    revoked_certificates:\n    - {OTHER}\n",
            f"    revoked_certificates:\n    - {DIGEST}\n    - {OTHER}\n",
        ),
    ],
    ids=["none", "in brackets", "empty", "in lines", "in lines not indented"],
)
def test_a_digest_is_added_as_the_entry_is_written(before: str, after: str):
    """In whichever form the list stands, and only there."""
    place = "  pension-office:   # the office\n"

    assert RIGHTS.replace(place, place + after) == with_revoked(
        RIGHTS.replace(place, place + before), "pension-office", DIGEST
    )


@pytest.mark.parametrize(
    "text",
    [
        "participants: {one: {roles: [auditor], uris: [a://b]}}\n",
        "participants:\n  one: {roles: [auditor], uris: [a://b]}\n",
        "participants:\n  two:\n    roles: [auditor]\n",
    ],
    ids=["in braces", "entry in braces", "absent"],
)
def test_an_entry_in_an_unusual_form_is_left_to_a_person(text: str):
    """Rather than changed wrongly."""
    with pytest.raises(AmendError):
        with_revoked(text, "one", DIGEST)


def test_a_certificate_is_shown(home: Path):
    """Names, days and the digest, for people and for machines."""
    done("init")
    done("issue", "pension-office", "--uri", URI)
    path = home / "pki" / "clients" / "pension-office.crt"
    digest = content(path).fingerprint(pki.hashes.SHA256()).hex()

    told = done("show", path)
    (row,) = json.loads(done("show", path, "--json"))["certificates"]

    assert digest in told
    assert URI in told
    assert ([URI], digest) == (row["uris"], row["fingerprint"])
    assert 1 == pki_command("show", home / "rights.yaml").exit_code
    assert 1 == pki_command("show", home / "nowhere.crt").exit_code


def test_without_cryptography_it_says_what_to_install():
    """One line, and 2."""
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from kruispunt.cli import main; sys.argv[1:] = ['pki', 'show', 'x']; main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert 2 == result.returncode
    assert "wrong use: `kruispunt pki` needs: pip install 'kruispunt[server]'\n" == result.stderr
