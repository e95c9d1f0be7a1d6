"""What the rights say of one participant, and of no other."""

from dataclasses import dataclass, replace

from kruispunt_server.access.explaining import Standings
from kruispunt_server.access.rights import Rights, RightsIndex
from kruispunt_server.edge import MethodClass
from kruispunt_server.quotas.standing import Source, Standing


@dataclass(frozen=True, slots=True)
class OwnRights:
    """What is said of one participant.

    Attributes:
        rights: its registration, its grants as if it were the only one that has them, their legal bases.
        quotas: that its calls are counted by.
    """

    rights: Rights
    quotas: tuple[Standing, ...]


def own_rights(index: RightsIndex, participant_id: str, standings: Standings) -> OwnRights:
    """Return what the rights say of a participant; nothing of one that there is not."""
    registration = index.registrations.get(participant_id)
    if registration is None:
        return OwnRights(Rights(), ())
    grants = tuple(
        replace(grant, participants=(participant_id,))
        for grant in index.rights.grants
        if participant_id in grant.participants
    )
    named = {grant.legal_basis for grant in grants}
    legal_bases = tuple(one for one in index.rights.legal_bases if one.legal_basis in named)
    by_kind = [each for kind in MethodClass for each in standings(participant_id, "", kind)]
    by_grant = [
        each
        for grant in grants
        for each in standings(participant_id, grant.grant_id, MethodClass.READS)
        if each.source is Source.GRANT
    ]
    return OwnRights(Rights((registration,), legal_bases, grants), (*by_kind, *by_grant))
