"""What an operator sets for the identity server."""

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kruispunt_server.settings import ServerSettings


class IdentitySettings(ServerSettings):
    """Settings of the identity server: environment variables `KRUISPUNT_IDENTITY_…` over a TOML file."""

    model_config = SettingsConfigDict(env_prefix="KRUISPUNT_IDENTITY_")
    service: ClassVar[str] = "identity"

    port: int = Field(
        8441, ge=0, le=65535, description="TCP port to listen on; 0: any free one, told in `ready_file`."
    )
