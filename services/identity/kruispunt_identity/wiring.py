"""The one place that names concrete classes: what the identity server is made of."""

from kruispunt_identity.tables import shared
from kruispunt_server.assembly import Assembly, Telemetry, open_parts
from kruispunt_server.settings import ServerSettings


def wire(settings: ServerSettings, telemetry: Telemetry) -> Assembly:
    """Build the identity server: health and reflection, until it has services. Errors as of `open_parts`."""
    return Assembly(open_parts(settings, shared, telemetry), [])
