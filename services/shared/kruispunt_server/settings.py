"""What an operator sets: environment variables over a TOML file; checked at start, all faults at once."""

import importlib.util
import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, FilePath, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

SECRET_BYTES = 32

# As kruispunt.quota_text, which the process that starts the workers must not import: it would load gRPC.
_QUOTA = r"^([1-9][0-9]{0,8}/(s|min|hour|day)|unlimited)$"


def _quota(usual: str, says: str) -> Any:
    """Return the field of a quota, such as "60/min"."""
    return Field(usual, pattern=_QUOTA, description=f"{says} As in the file of rights, or `unlimited`.")


def names_several_servers(url: str) -> bool:
    """Whether an address of PostgreSQL names more than one host."""
    parts = urlsplit(url)
    hosts = [one for one in parts.netloc.rpartition("@")[2].split(",") if one]
    named = [one for given in parse_qs(parts.query).get("host", []) for one in given.split(",")]
    return len(hosts) > 1 or len(named) > 1


class SettingsError(Exception):
    """The server cannot start with these settings.

    Attributes:
        faults: all of them, one line each, without values.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class ServerSettings(BaseSettings):
    """Settings that both servers have; times in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    service: ClassVar[str] = ""

    host: str = Field("127.0.0.1", description="IP address to listen on.")
    port: int = Field(
        0, ge=0, le=65535, description="TCP port to listen on; 0: any free one, told in `ready_file`."
    )
    plaintext_participant: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]{1,64}$",
        description="Serve without TLS, and take every caller for this participant. On a loopback host only.",
    )
    tls_certificate: FilePath | None = Field(
        None,
        validate_default=True,
        description="Certificate chain of the server, PEM; read anew when it changes.",
    )
    tls_key: FilePath | None = Field(
        None, validate_default=True, description="Private key of the server, PEM; read anew when it changes."
    )
    tls_authority: FilePath | None = Field(
        None,
        validate_default=True,
        description="Authorities that sign the participants' certificates, PEM; read anew when it changes.",
    )
    secret_file: FilePath = Field(
        description="At least 32 random bytes; the same for every process of one registry, kept for ever: "
        "pseudonyms in the access log are made with it."
    )
    seal_key_file: FilePath | None = Field(
        None,
        description="PEM file of Ed25519 keys that seal the logs, the one that signs first; absent: a key derived from "
        "`secret_file`.",
    )
    seal_interval_s: float = Field(
        0.2,
        gt=0,
        le=60,
        description="Between two seals: feeds and proofs are so much behind at most, or a little more.",
    )
    heads_file: Path | None = Field(
        None,
        description="Gets the signed heads of both logs every minute, a line of JSON each; keep it on another machine. "
        "Absent: nothing is exported.",
    )
    access_retention_days: int | None = Field(
        None,
        ge=1,
        description="Days after which `audit retain` deletes access records. Absent: kept for ever.",
    )
    change_retention_days: int | None = Field(
        None,
        ge=1,
        description="Days after which `audit retain` deletes records of changes. Absent: kept for ever.",
    )
    request_retention_days: int | None = Field(
        30,
        ge=1,
        description="Days after which `audit retain` deletes the answers that a repeated `request_id` gets: repeated "
        "later, a change is made again.",
    )
    database_url: str = Field(
        repr=False,
        pattern=r"^(sqlite|postgresql)://",
        description="`sqlite:////absolute/path` or `postgresql://user:password@host/name`, with "
        "`?pooler=transaction` where a PgBouncer of that mode is in between.",
    )
    database_connections: int = Field(
        8,
        ge=1,
        le=200,
        description="Database connections at most, in each of two pools per worker: one for transactions, "
        "one for hot reads.",
    )
    database_sharers: int = Field(
        1,
        ge=1,
        le=1000,
        description="Servers like this one on the same PostgreSQL, this one included; one more if a successor starts "
        "before its predecessor has ended. PostgreSQL must have connections for all of them.",
    )
    statement_timeout_s: float = Field(10.0, gt=0, description="After which PostgreSQL gives up a statement.")
    busy_timeout_s: float = Field(
        5.0, gt=0, description="How long to wait for a connection or SQLite's writer."
    )
    standby_urls: tuple[Annotated[str, Field(pattern=r"^postgresql://")], ...] = Field(
        (),
        repr=False,
        validate_default=True,
        description="Hot standbys of the database that may answer reads, one server each, written as `database_url`. "
        "A list; none: every read is made at the primary.",
    )
    standby_staleness_s: float = Field(
        1.0, gt=0, le=60, description="How old may be what a standby shows; an older one is not read."
    )
    standby_wait_s: float = Field(
        0.01,
        ge=0,
        le=1,
        description="How long a call waits for a standby to show what its caller wrote, before it goes to the primary.",
    )
    standby_timeout_s: float = Field(
        2.0,
        gt=0,
        description="After which a statement on a standby is given up, and asked of the primary.",
    )
    workers: int = Field(2, ge=1, le=64, description="Processes that serve; about one per core.")
    threads: int = Field(8, ge=1, le=256, description="Calls served at once by one worker, streams aside.")
    max_waiting: int = Field(
        128,
        ge=1,
        le=100_000,
        description="Calls that wait for a thread in one worker, half of them of one caller; beyond it RESOURCE_EXHAUSTED / TOO_MANY_CALLS.",
    )
    usual_reads: str = _quota("200/s", "Reads of a participant whose registration says nothing of them.")
    usual_searches: str = _quota("1200/min", "Searches, likewise.")
    usual_writes: str = _quota("100/s", "Changes, likewise.")
    usual_bulk: str = _quota("600/min", "Streams, watches and large batches, likewise; by opening.")
    end_user_searches: str = _quota("300/hour", "Searches of one end user of a participant.")
    enumeration_misses: int = Field(
        200,
        ge=1,
        le=1_000_000,
        description="Numbers that a participant may look up in vain in a window before `enumeration_suspected` is logged.",
    )
    enumeration_window_s: int = Field(600, ge=1, le=86_400, description="That window.")
    max_message_bytes: int = Field(4 << 20, ge=1 << 16, le=64 << 20, description="Largest request taken.")
    max_connection_age_s: float = Field(
        1800.0, gt=0, description="After which a connection is asked to reconnect, so that load spreads."
    )
    default_deadline_s: float = Field(10.0, gt=0, description="For calls that state no deadline.")
    longest_deadline_s: float = Field(60.0, gt=0, description="No call may take longer.")
    stream_deadline_s: float = Field(3600.0, gt=0, description="No stream may take longer.")
    stream_idle_s: float = Field(
        60.0, gt=0, description="After which a stream ends whose caller neither sends nor reads: CANCELLED."
    )
    lame_duck_s: float = Field(
        0.5, ge=0, description="Between telling NOT_SERVING and taking no more calls, when asked to stop."
    )
    drain_s: float = Field(20.0, ge=0, description="How long running calls may go on when asked to stop.")
    probe_interval_s: float = Field(2.0, gt=0, description="How often health asks the database.")
    metrics_host: str = Field("127.0.0.1", description="IP address of the Prometheus endpoint.")
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="Port of the Prometheus endpoint; 0: any; absent: none."
    )
    otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://",
        description="OTLP/HTTP endpoint for traces, such as `http://127.0.0.1:4318/v1/traces`; absent: none.",
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Lowest level logged.")
    strict_events: bool = Field(False, description="For tests: an undeclared event or field is a fault.")
    rehearsal: bool = Field(
        False,
        description="For sandboxes only, never where data is real: keep in memory how each client behaves, and tell it by "
        "`kruispunt rehearse`. Needs `workers = 1`.",
    )
    ready_file: Path | None = Field(
        None, description="Written when all workers serve: `host:port`; removed at the end."
    )
    oidc_issuer: str | None = Field(
        None,
        min_length=1,
        description="Check bearer tokens of this issuer, beside the certificate. Absent: they are not looked at.",
    )
    oidc_audience: str | None = Field(
        None,
        min_length=1,
        validate_default=True,
        description="That a bearer token must name as its audience.",
    )
    oidc_jwks_file: FilePath | None = Field(
        None, description="Public keys of the issuer, a JSON Web Key Set; read anew when it changes."
    )
    oidc_jwks_url: str | None = Field(
        None,
        validate_default=True,
        pattern=r"^(https://|http://(localhost|127\.0\.0\.1|\[::1\])[:/])",
        description="Where they are fetched instead, beside the calls; http on loopback only.",
    )
    oidc_refresh_s: float = Field(300.0, ge=10, description="Between two fetches of `oidc_jwks_url`.")
    oidc_required: bool = Field(
        False,
        description="Refuse calls that touch personal data and bring no bearer token, if they are made for an institution.",
    )
    oidc_leeway_s: float = Field(
        30.0, ge=0, le=300, description="By how much the clocks of the issuer and the registry may differ."
    )
    oidc_institution_claim: str = Field(
        "kruispunt_institution",
        min_length=1,
        description="Claim that holds the institution, such as `5/1`; it must be that of the certificate.",
    )

    @field_validator("host", "metrics_host")
    @classmethod
    def _address(cls, value: str) -> str:
        ipaddress.ip_address(value)
        return value

    @field_validator("database_url")
    @classmethod
    def _known_pooler(cls, value: str) -> str:
        named = parse_qs(urlsplit(value).query).get("pooler", [])
        if named and (named != ["transaction"] or not value.startswith("postgresql://")):
            raise ValueError("pooler=transaction is all it may say of a pooler, and of PostgreSQL only")
        return value

    @field_validator("plaintext_participant")
    @classmethod
    def _plaintext_on_loopback(cls, value: str | None, info: ValidationInfo) -> str | None:
        host = info.data.get("host")
        if value is not None and host is not None and not ipaddress.ip_address(host).is_loopback:
            raise ValueError("plaintext is allowed on a loopback host only")
        return value

    @field_validator("tls_certificate", "tls_key", "tls_authority")
    @classmethod
    def _tls_or_plaintext(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        plaintext = "plaintext_participant" not in info.data or info.data["plaintext_participant"] is not None
        if value is None and not plaintext:
            raise ValueError("is required for mutual TLS")
        return value

    @field_validator("standby_urls")
    @classmethod
    def _standbys_of_postgresql(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not value:
            return value
        if not info.data.get("database_url", "postgresql://").startswith("postgresql://"):
            raise ValueError("only PostgreSQL has standbys")
        if any(names_several_servers(url) for url in value):
            raise ValueError("each names one server; several are several entries")
        return value

    @field_validator("secret_file")
    @classmethod
    def _secret_is_long(cls, value: Path) -> Path:
        if len(value.read_bytes().strip()) < SECRET_BYTES:
            raise ValueError(f"holds less than {SECRET_BYTES} bytes")
        return value

    @field_validator("oidc_audience")
    @classmethod
    def _issuer_and_audience(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "oidc_issuer" in info.data and (value is None) != (info.data["oidc_issuer"] is None):
            raise ValueError("stands together with oidc_issuer, or neither does")
        if value is not None and importlib.util.find_spec("jwt") is None:
            raise ValueError("bearer tokens need: pip install 'kruispunt[oidc]'")
        return value

    @field_validator("oidc_jwks_url")
    @classmethod
    def _keys_from_one_place(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "oidc_issuer" not in info.data or "oidc_jwks_file" not in info.data:
            return value  # wrong, and said to be
        places = (value is not None) + (info.data["oidc_jwks_file"] is not None)
        if places != (info.data["oidc_issuer"] is not None):
            raise ValueError("with oidc_issuer, either this or oidc_jwks_file is given; without, neither")
        return value

    @field_validator("oidc_required")
    @classmethod
    def _required_of_an_issuer(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's signature
        if value and info.data.get("oidc_issuer", "") is None:
            raise ValueError("is of no use without oidc_issuer")
        return value

    @field_validator("rehearsal")
    @classmethod
    def _rehearsal_in_one_worker(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's signature
        if value and info.data.get("workers", 1) != 1:
            raise ValueError("needs workers = 1: what is heard stays in one process")
        return value

    @field_validator("longest_deadline_s")
    @classmethod
    def _longest_is_longest(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("default_deadline_s", 0):
            raise ValueError("is shorter than default_deadline_s")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what is given, then the environment, then the file; the first that has a setting wins."""
        assert isinstance(init_settings, InitSettingsSource), "pydantic passes its own"
        given = dict(init_settings.init_kwargs)
        config = given.pop("config", None)
        sources: list[PydanticBaseSettingsSource] = [InitSettingsSource(settings_cls, given), env_settings]
        if config is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, config))
        return tuple(sources)

    @classmethod
    def load(cls, config: Path | None = None, **given: Any) -> Self:
        """Return the settings, or say everything that is wrong with them.

        Args:
            config: a TOML file with settings at its top level.
            given: settings that win over environment and file.

        Raises:
            SettingsError: with all faults.
        """
        faults = cls._unknown_variables()
        if config is not None and not config.is_file():
            faults.append(f"--config: there is no file {config}")
            config = None
        try:
            settings = cls(**{"config": config, **given})
        except ValidationError as error:
            faults += [cls._line(fault["loc"], fault["msg"]) for fault in error.errors(include_input=False)]
        except ValueError as error:  # not TOML
            faults.append(f"--config: {error}")
        if faults:
            raise SettingsError(faults)
        return settings

    def secret(self) -> bytes:
        """Return the content of `secret_file`."""
        return self.secret_file.read_bytes().strip()

    @classmethod
    def prefix(cls) -> str:
        """Return what environment variables begin with, such as `KRUISPUNT_DIRECTORY_`."""
        return str(cls.model_config["env_prefix"])

    @classmethod
    def _line(cls, place: tuple[int | str, ...], message: str) -> str:
        name = str(place[0]) if place else "settings"
        return f"{name} ({cls.prefix()}{name.upper()}): {message.removeprefix('Value error, ')}"

    @classmethod
    def _unknown_variables(cls) -> list[str]:
        known = {cls.prefix() + name.upper() for name in cls.model_fields}
        return [
            f"{name}: there is no such setting"
            for name in sorted(os.environ)
            if name.startswith(cls.prefix()) and name not in known
        ]
