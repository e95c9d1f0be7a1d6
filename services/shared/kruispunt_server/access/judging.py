"""Whether rights can be applied: everything that is wrong with them, as one refusal."""

from typing import Final

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt_server.access import messages
from kruispunt_server.access.checking import Fault, faults_of
from kruispunt_server.access.rights import Rights
from kruispunt_server.errors import Reason, RegistryError

# Faults travel in the trailers, which have to stay small: gRPC takes 8 KiB, and they are a third longer there.
_FAULTS_TOLD: Final = 40
_BYTES_TOLD: Final = 4500
_BYTES_AROUND: Final = 32


def judged(message: pb.Rights) -> tuple[Rights, list[Fault]]:
    """Return rights, and everything that is wrong with their form and their sense; to be used only if nothing is."""
    reader = messages.RightsReader()
    rights = reader.rights(message)
    return rights, faults_of(rights, reader.faults)


def checked(message: pb.Rights, path: str) -> Rights:
    """Return rights that can be applied.

    Raises:
        RegistryError: anything in them is wrong: all faults at once, of form and of sense; INVALID_ARGUMENT /
            RIGHTS_INVALID.
    """
    rights, faults = judged(message)
    if faults:
        raise refusal(faults, path)
    return rights.in_order()


def refusal(faults: list[Fault], path: str) -> RegistryError:
    """Return the refusal of rights for some faults, at least one: the first 40, or fewer if they are long."""
    told: list[tuple[str, str]] = []
    room = _BYTES_TOLD
    for fault in faults[:_FAULTS_TOLD]:
        where = f"{path}.{fault.path}" if path else fault.path
        room -= len(where) + len(fault.sentence.encode()) + _BYTES_AROUND
        if told and room < 0:
            break
        told.append((where, fault.sentence))
    return RegistryError(
        Reason.RIGHTS_INVALID,
        "the rights cannot be applied; nothing was changed",
        field=told[0][0],
        metadata={"faults": str(len(faults))},
        violations=told,
    )
