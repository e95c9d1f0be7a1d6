"""A fault of ours: the log has it, and the caller one fixed sentence with an incident to quote."""

from kruispunt_server.call import Call
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.events import Events, frames_of
from kruispunt_server.ids import new_id


def incident_of(events: Events, method: str, error: Exception, call: Call | None) -> RegistryError:
    """Log a fault, without any value, and return the one sentence that the caller gets."""
    incident = str(new_id())
    events.emit(
        "call_failed",
        method=method,
        participant=call.participant.participant_id if call else None,
        incident=incident,
        exception=type(error).__name__,
        frames=frames_of(error),
    )
    return RegistryError(Reason.INTERNAL_FAULT, "the registry has a fault", metadata={"incident": incident})
