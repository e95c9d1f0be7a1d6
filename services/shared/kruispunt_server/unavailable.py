"""The refusal of whatever needs a store that cannot be used now."""

from kruispunt_server.errors import Reason, RegistryError

RETRY_AFTER_S = 1.0


def unavailable() -> RegistryError:
    """Return the refusal of a call because the store cannot be used now; UNAVAILABLE to the caller."""
    return RegistryError(
        Reason.STORE_UNAVAILABLE, "the store cannot be used now", retry_after_s=RETRY_AFTER_S
    )
