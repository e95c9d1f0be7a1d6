"""What an operator sets for the directory server."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, FilePath, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from kruispunt_server.peers import ENDPOINT, check_peer_file
from kruispunt_server.settings import ServerSettings


class DirectorySettings(ServerSettings):
    """Settings of the directory server: environment variables `KRUISPUNT_DIRECTORY_…` over a TOML file."""

    model_config = SettingsConfigDict(env_prefix="KRUISPUNT_DIRECTORY_")
    service: ClassVar[str] = "directory"

    port: int = Field(
        8442, ge=0, le=65535, description="TCP port to listen on; 0: any free one, told in `ready_file`."
    )
    identity_endpoint: str | None = Field(
        None,
        pattern=ENDPOINT,
        description="`host:port` of the identity server, which is asked before a dossier is registered; absent: "
        "numbers are known by their checksum only, and answers say so.",
    )
    identity_certificate: FilePath | None = Field(
        None,
        validate_default=True,
        description="Certificate chain by which the identity server knows this one, PEM; absent: plaintext, to a "
        "loopback host only.",
    )
    identity_key: FilePath | None = Field(
        None, validate_default=True, description="Private key of `identity_certificate`, PEM."
    )
    identity_authority: FilePath | None = Field(
        None,
        validate_default=True,
        description="Authorities that sign the identity server's certificate, PEM.",
    )
    following_legal_basis: str = Field(
        "registry/following",
        pattern=r"^[A-Za-z0-9/.-]{1,64}$",
        description="Legal basis on which the directory follows the identity registers; stands in identity's access "
        "log and, for dossiers that move, in the directory's change log.",
    )

    following_late_s: float = Field(
        60.0,
        ge=3,
        description="How far the directory may be behind the identity registers before health's "
        "`kruispunt.directory.following` says NOT_SERVING; at least 3, as identity gives a sign of life every second.",
    )

    notice_retention_days: int | None = Field(
        None,
        ge=1,
        description="Days after which `audit retain` deletes notices that their institution has acknowledged; others are "
        "kept however old. Absent: kept for ever.",
    )

    @field_validator("identity_certificate", "identity_key", "identity_authority")
    @classmethod
    def _identity_is_reachable(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return check_peer_file(value, info, "identity")
