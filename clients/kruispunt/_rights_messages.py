"""Rights: messages → values."""

import datetime as dt

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.access_rights import Grantee


def grantee_of(message: pb.Grantee) -> Grantee:
    """Read who may obtain a data group."""
    end = message.end
    return Grantee(
        participant=message.participant_id,
        grant=message.grant_id,
        methods=tuple(message.methods),
        legal_basis=message.legal_basis,
        requires_dossier=message.requires_dossier,
        shows_protected=message.shows_protected,
        end=dt.date(end.year, end.month, end.day) if message.HasField("end") else None,
        message=message,
    )
