"""Builds what checks bearer tokens from the settings of a server."""

from typing import Final

from kruispunt_server.bearer.key_set import Expected
from kruispunt_server.bearer.key_source import KeySource, file_reader, url_reader
from kruispunt_server.bearer.tokens import BearerTokens
from kruispunt_server.events import Events
from kruispunt_server.settings import ServerSettings

_FILE_EVERY_S: Final = 2.0
"""How often a file of keys is looked at."""


def bearer_tokens_of(settings: ServerSettings, issuer: str, events: Events) -> BearerTokens:
    """Return what checks the tokens of an issuer; keys of a file are read at once."""
    expected = Expected(issuer, settings.oidc_audience or "", settings.oidc_institution_claim)
    if settings.oidc_jwks_file is not None:
        keys = KeySource(file_reader(settings.oidc_jwks_file), expected, events, every_s=_FILE_EVERY_S)
        keys.refresh()
    else:
        keys = KeySource(
            url_reader(settings.oidc_jwks_url or ""), expected, events, every_s=settings.oidc_refresh_s
        )
    return BearerTokens(keys, settings.oidc_leeway_s, events, required=settings.oidc_required)
