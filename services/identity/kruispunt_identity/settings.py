"""What an operator sets for the identity server."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, FilePath, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from kruispunt_identity.matching.peppers import FilePeppers, PepperError
from kruispunt_server.peers import ENDPOINT, check_peer_file
from kruispunt_server.settings import ServerSettings


class IdentitySettings(ServerSettings):
    """Settings of the identity server: environment variables `KRUISPUNT_IDENTITY_…` over a TOML file."""

    model_config = SettingsConfigDict(env_prefix="KRUISPUNT_IDENTITY_")
    service: ClassVar[str] = "identity"

    port: int = Field(
        8441, ge=0, le=65535, description="TCP port to listen on; 0: any free one, told in `ready_file`."
    )
    directory_endpoint: str | None = Field(
        None,
        pattern=ENDPOINT,
        description="`host:port` of the directory server, which is asked who holds a dossier; absent: institutions "
        "cannot write, FAILED_PRECONDITION / DIRECTORY_REQUIRED, unless `without_directory`.",
    )
    directory_certificate: FilePath | None = Field(
        None,
        validate_default=True,
        description="Certificate chain by which the directory server knows this one, PEM; absent: plaintext, to a "
        "loopback host only.",
    )
    directory_key: FilePath | None = Field(
        None, validate_default=True, description="Private key of `directory_certificate`, PEM."
    )
    directory_authority: FilePath | None = Field(
        None,
        validate_default=True,
        description="Authorities that sign the directory server's certificate, PEM.",
    )
    without_directory: bool = Field(
        False,
        description="Run identity alone: institutions write of persons without anybody checking for a dossier.",
    )
    national_register_file: Path | None = Field(
        None,
        description="File that stands in for the national register, written by `load-national`; read anew when it "
        "changes; absent: no national number is known.",
    )
    pepper_file: Path | None = Field(
        None,
        description="Secrets of the search keys, one per generation, as TOML that its owner alone can read; absent: "
        "they follow from `secret_file`.",
    )

    @field_validator("directory_certificate", "directory_key", "directory_authority")
    @classmethod
    def _directory_is_reachable(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return check_peer_file(value, info, "directory")

    @field_validator("without_directory")
    @classmethod
    def _with_or_without(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's signature
        if value and info.data.get("directory_endpoint") is not None:
            raise ValueError("contradicts directory_endpoint")
        return value

    @field_validator("national_register_file")
    @classmethod
    def _has_a_folder(cls, value: Path | None) -> Path | None:
        # The file itself is made by a command that reads these settings too.
        if value is not None and not value.absolute().parent.is_dir():
            raise ValueError("lies in a folder that does not exist")
        return value

    @field_validator("pepper_file")
    @classmethod
    def _peppers_can_be_read(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        try:
            FilePeppers(value)
        except PepperError as error:
            raise ValueError(str(error)) from None
        return value
