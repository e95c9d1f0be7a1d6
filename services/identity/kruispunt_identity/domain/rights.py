"""Who may see what of a person, by role.

Policy (ours), until participants have grants: whoever may tell the registers something sees all data groups; so do the
registry's own desk and services. A participant that is a consumer and nothing else sees what identifies a person and no
more: name, birth and gender; no foreign identifiers; of a person it searched for, the number and the grade.
"""

from dataclasses import dataclass
from typing import Self

from kruispunt_identity.domain.values import DataGroup
from kruispunt_server.call import Participant, Role

ALL_GROUPS = frozenset(DataGroup)
IDENTIFYING = frozenset({DataGroup.NAME, DataGroup.BIRTH, DataGroup.GENDER})
SEARCHED = IDENTIFYING | {DataGroup.NATIONALITIES}
"""What is shown of a candidate at most: enough to recognise a person."""

_SEE_ALL = frozenset({Role.SUPPLIER, Role.REGISTRAR, Role.INTERNAL_SERVICE})


def visible_groups(participant: Participant) -> frozenset[DataGroup]:
    """Return the data groups that a participant may see of a person whose number it knows; none for other roles."""
    if participant.roles & _SEE_ALL:
        return ALL_GROUPS
    return IDENTIFYING if Role.CONSUMER in participant.roles else frozenset()


def searched_groups(participant: Participant) -> frozenset[DataGroup]:
    """Return the data groups that a participant may see of a candidate; none: the number and the grade only."""
    return SEARCHED if participant.roles & _SEE_ALL else frozenset()


def sees_identifiers(participant: Participant) -> bool:
    """Whether a participant may see foreign identifiers."""
    return bool(participant.roles & _SEE_ALL)


@dataclass(frozen=True, slots=True)
class View:
    """What of a person an answer shows.

    Attributes:
        shown: data groups that are shown.
        withheld: data groups that were asked for, and that the caller may not see; in order.
        identifiers: whether foreign identifiers are shown.
    """

    shown: frozenset[DataGroup]
    withheld: tuple[DataGroup, ...] = ()
    identifiers: bool = True

    @classmethod
    def of(cls, participant: Participant, wanted: frozenset[DataGroup] = ALL_GROUPS) -> Self:
        """Return what a participant is shown of the groups it wants."""
        may_see = visible_groups(participant)
        return cls(wanted & may_see, tuple(sorted(wanted - may_see)), sees_identifiers(participant))

    @property
    def label(self) -> str:
        """What is shown, for the access log. Example: "name,birth,foreign_identifier"."""
        names = [group.name.lower() for group in sorted(self.shown)]
        return ",".join([*names, "foreign_identifier"] if self.identifiers else names)


EVERYTHING = View(ALL_GROUPS)
