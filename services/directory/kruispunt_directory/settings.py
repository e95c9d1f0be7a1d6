"""What an operator sets for the directory server."""

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kruispunt_server.settings import ServerSettings


class DirectorySettings(ServerSettings):
    """Settings of the directory server: environment variables `KRUISPUNT_DIRECTORY_…` over a TOML file."""

    model_config = SettingsConfigDict(env_prefix="KRUISPUNT_DIRECTORY_")
    service: ClassVar[str] = "directory"

    port: int = Field(
        8442, ge=0, le=65535, description="TCP port to listen on; 0: any free one, told in `ready_file`."
    )
