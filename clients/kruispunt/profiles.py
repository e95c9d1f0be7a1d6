"""Where the registry is, who asks, and why: kept in one file, so that programs need a name only.

`$KRUISPUNT_PROFILES`, or else `~/.config/kruispunt/profiles.toml`:

    [institution-17-1]
    endpoint = "directory.example:8442"
    identity_endpoint = "identity.example:8441"   # optional: for the identity service
    ca = "ca.pem"                       # paths relative to the file
    certificate = "institution-17-1.pem"
    key = "institution-17-1.key"
    institution = "17/1"                # optional
    legal_basis = "18/042"              # optional defaults of the purpose
    end_user = "batch"
    case = "nightly"
    token_file = "token.jwt"            # optional: bearer token, read at each call

The name `default` is taken when none is asked for.

Where a program is told by its environment instead, `profile_from_environment` reads the same settings from variables:
`KRUISPUNT_ENDPOINT`, `KRUISPUNT_IDENTITY_ENDPOINT`, `KRUISPUNT_CA`, `KRUISPUNT_CERTIFICATE`, `KRUISPUNT_KEY`,
`KRUISPUNT_INSTITUTION`, `KRUISPUNT_LEGAL_BASIS`, `KRUISPUNT_END_USER`, `KRUISPUNT_CASE`, `KRUISPUNT_TOKEN` or
`KRUISPUNT_TOKEN_FILE`; what they leave open is that of the profile which `KRUISPUNT_PROFILE` names.
"""

import os
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from kruispunt.errors import ProfileError
from kruispunt.values import InstitutionRef, Purpose

ENVIRONMENT = "KRUISPUNT_PROFILES"
CHOSEN = "KRUISPUNT_PROFILE"
_TEXTS = (
    "endpoint",
    "identity_endpoint",
    "ca",
    "certificate",
    "key",
    "institution",
    "legal_basis",
    "end_user",
    "case",
    "token",
    "token_file",
)
Token = str | Callable[[], str] | None
"""A bearer token, or what returns one that is good now."""


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    """Who the caller is, and whom it trusts; PEM.

    Attributes:
        ca: certificates of the authorities that may have signed the server's.
        certificate: the caller's, with the authorities between it and a trusted one.
        key: its private key; not shown.
        files: where the three were read; clients look there for newer ones. None: they stay as they are.
    """

    ca: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    files: tuple[Path, Path, Path] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_files(cls, ca: str | Path, certificate: str | Path, key: str | Path) -> Self:
        """Read the three files; a client goes over to what they hold later, within seconds and without being made anew.

        Raises:
            OSError: one cannot be read.
            ValueError: one is no PEM, or certificate and key do not belong together.
        """
        files = Path(ca), Path(certificate), Path(key)
        authorities, shown, private = (each.read_bytes() for each in files)
        read = cls(authorities, shown, private, files)
        _check_certificates(str(ca), str(certificate), str(key))
        return read


@dataclass(frozen=True, slots=True)
class TokenFile:
    """Reads a bearer token that another program keeps fresh."""

    path: Path

    def __call__(self) -> str:
        """Return what the file holds now.

        Raises:
            ProfileError: it cannot be read, or holds no text.
        """
        try:
            return self.path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ProfileError(f"cannot read the bearer token in {self.path}") from error


@dataclass(frozen=True, slots=True)
class Profile:
    """One entry of the profiles file.

    Attributes:
        name: its heading.
        endpoint: `host:port` of the directory.
        ca, certificate, key: files; none of them: plaintext, on loopback only.
        legal_basis, end_user, case: defaults of the purpose; empty: to be given at each use.
        institution: for which institution the certificate stands; information only.
        identity_endpoint: `host:port` of identity; empty: it is not asked.
        token: bearer token, or what returns one; not shown. In the file `token`, or `token_file` for one that some
            program keeps fresh.
    """

    name: str
    endpoint: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    legal_basis: str = ""
    end_user: str = ""
    case: str = ""
    institution: InstitutionRef | None = None
    identity_endpoint: str = ""
    token: Token = field(default=None, repr=False)

    def certificates(self) -> ClientCertificates | None:
        """Read the certificates; none if the profile names none.

        Raises:
            ProfileError: a file is missing or unreadable, only some are named, or key and certificate do not
                belong together.
        """
        files = (self.ca, self.certificate, self.key)
        if not any(files):
            return None
        if not (self.ca and self.certificate and self.key):
            raise ProfileError(f"profile {self.name} needs ca, certificate and key, or none of them")
        try:
            return ClientCertificates.from_files(self.ca, self.certificate, self.key)
        except OSError as error:
            raise ProfileError(f"profile {self.name}: cannot read {error.filename}") from error
        except ValueError as error:
            raise ProfileError(f"profile {self.name}: {error}") from error

    def purpose(self, *, legal_basis: str = "", end_user: str = "", case: str = "") -> Purpose:
        """Put the purpose together: what is given, else what the profile says.

        Raises:
            ProfileError: a part is given nowhere, or malformed.
        """
        parts = {
            "legal_basis": legal_basis or self.legal_basis,
            "end_user": end_user or self.end_user,
            "case": case or self.case,
        }
        absent = [name for name, value in parts.items() if not value]
        if absent:
            raise ProfileError(
                f"the purpose is not whole: {', '.join(absent)} given neither here nor in the profile"
            )
        try:
            return Purpose(**parts)
        except ValueError as error:
            raise ProfileError(str(error)) from error


def profiles_path() -> Path:
    """Return where profiles are kept."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "kruispunt" / "profiles.toml"


def load_profiles(
    path: str | Path | None = None, *, names: Iterable[str] | None = None
) -> dict[str, Profile]:
    """Read profiles, by name.

    Args:
        path: of the file; left out: see above.
        names: only these, whatever faults the others have; left out: all.

    Raises:
        ProfileError: the file is absent, no TOML, lacks a name, or an entry has another form.
    """
    source = Path(path) if path is not None else profiles_path()
    entries = _read(source)
    wanted = list(entries if names is None else names)
    absent = [name for name in wanted if name not in entries]
    if absent:
        hint = (
            "; name one: by the argument of from_profile, or, for from_environment and the command, by KRUISPUNT_PROFILE"
            if absent == ["default"]
            else ""
        )
        raise ProfileError(
            f"no profile {', '.join(map(repr, absent))} in {source}; "
            f"there are: {', '.join(entries) or 'none'}{hint}"
        )
    return {name: _profile(name, entries[name], source.parent) for name in wanted}


def load_profile(name: str = "default", path: str | Path | None = None) -> Profile:
    """Read one profile; the others of the file may have faults.

    Raises:
        ProfileError: as `load_profiles`.
    """
    return load_profiles(path, names=[name])[name]


def profile_from_environment() -> Profile:
    """Read a profile from variables, over the one that `KRUISPUNT_PROFILE` names; paths are relative to where one is.

    Raises:
        ProfileError: there is no endpoint, in neither of them; or as `load_profile`.
    """
    named = os.environ.get(CHOSEN, "")
    found = {name: os.environ.get(f"KRUISPUNT_{name.upper()}", "") for name in _TEXTS}
    given = {name: value for name, value in found.items() if value}
    base = load_profile(named) if named else Profile("of the environment", "")
    if (
        not base.endpoint
        and not base.identity_endpoint
        and not {"endpoint", "identity_endpoint"} & set(given)
    ):
        raise ProfileError(
            "no endpoint: set KRUISPUNT_ENDPOINT, or KRUISPUNT_PROFILE to the name of a profile"
        )
    said = _settings(base.name, given, Path.cwd())
    return replace(base, **{name: value for name, value in said.items() if value})


def _read(source: Path) -> dict[str, Any]:
    try:
        with source.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError as error:
        raise ProfileError(
            f"no profiles file at {source}; if it is that of `make run`: does make run still serve?"
        ) from error
    except OSError as error:
        raise ProfileError(f"cannot read {source}") from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{source} is no TOML: {error}") from error


def _check_certificates(ca: str, certificate: str, key: str) -> None:
    """Let the standard library look at the files as a connection would; it alone can compare the pair.

    Raises:
        ValueError: they cannot be used; never tells what is in them.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # how strong keys must be is for gRPC and the server to say
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError:
        raise ValueError(f"the authorities hold no certificate in PEM: {ca}") from None
    try:
        context.load_cert_chain(certificate, key, password="")  # so that none is asked for at a terminal
    except ssl.SSLError as error:
        if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
            raise ValueError(f"certificate and key do not belong together: {certificate}, {key}") from None
        raise ValueError(
            f"certificate and key are needed as PEM, the key not encrypted: {certificate}, {key}"
        ) from None


def _profile(name: str, entry: Any, folder: Path) -> Profile:
    if not isinstance(entry, dict) or not isinstance(entry.get("endpoint"), str):
        raise ProfileError(f"profile {name} has no endpoint")
    strange = [key for key in entry if key not in _TEXTS]
    if strange:
        raise ProfileError(f"profile {name} has unknown settings: {', '.join(strange)}")
    if not all(isinstance(value, str) for value in entry.values()):
        raise ProfileError(f"profile {name}: every setting is a text")
    return Profile(name, **_settings(name, entry, folder))


def _settings(name: str, entry: Any, folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = {
        key: entry[key]
        for key in ("endpoint", "identity_endpoint", "legal_basis", "end_user", "case")
        if key in entry
    }
    for key in ("ca", "certificate", "key"):
        if entry.get(key):
            values[key] = folder / Path(entry[key]).expanduser()
    values["token"] = _token_in(name, entry, folder)
    if entry.get("institution"):
        try:
            values["institution"] = InstitutionRef.parse(entry["institution"])
        except ValueError as error:
            raise ProfileError(f"profile {name}: institution is sector/institution, such as 17/1") from error
    return values


def _token_in(name: str, entry: Any, folder: Path) -> Token:
    if entry.get("token") and entry.get("token_file"):
        raise ProfileError(f"profile {name} has a token and a token_file; one of them is meant")
    if entry.get("token_file"):
        return TokenFile(folder / Path(entry["token_file"]).expanduser())
    return entry.get("token") or None
