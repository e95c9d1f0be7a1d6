"""What of a person an answer shows: the data groups that the grant of the call gives, and no more.

Policy (ours): of a person found by criteria, and not by number, at most what is needed to recognise them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from kruispunt_identity.domain.values import DataGroup
from kruispunt_server.call import Right
from kruispunt_server.errors import group_not_granted

ALL_GROUPS: Final = frozenset(DataGroup)
SEARCHED: Final = frozenset({DataGroup.NAME, DataGroup.BIRTH, DataGroup.GENDER, DataGroup.NATIONALITIES})
"""What is shown of a candidate at most: enough to recognise a person."""
FOREIGN_IDENTIFIER: Final = "foreign_identifier"
DOSSIER: Final = "dossier"
NUMBER: Final = "number"
"""What the access log says was shown where no data group was."""
_NAMES: Final = {group: group.name.lower() for group in DataGroup}


def granted_groups(right: Right) -> frozenset[DataGroup]:
    """Return the data groups of a person that a call may be shown and may tell."""
    return frozenset(group for group, name in _NAMES.items() if name in right.data_groups)


def check_told(right: Right, groups: Iterable[tuple[DataGroup, str]]) -> None:
    """Let a call tell data groups, each with the path of its field, or raise.

    Raises:
        RegistryError: the grant does not cover one; PERMISSION_DENIED / DATA_GROUP_NOT_GRANTED.
    """
    for group, field in groups:
        if _NAMES[group] not in right.data_groups:
            raise group_not_granted(_NAMES[group], field)


@dataclass(frozen=True, slots=True)
class View:
    """What of a person an answer shows.

    Attributes:
        shown: data groups that are shown.
        withheld: data groups that were asked for, and that the caller may not see; in order.
        identifiers: whether foreign identifiers are shown.
        shows_protected: whether all this is shown of protected persons too, or their number only.
        numbers: whether former numbers, and what happened to numbers, are shown.
    """

    shown: frozenset[DataGroup]
    withheld: tuple[DataGroup, ...] = ()
    identifiers: bool = True
    shows_protected: bool = False
    numbers: bool = True

    @classmethod
    def of(cls, right: Right, wanted: frozenset[DataGroup] = ALL_GROUPS) -> Self:
        """Return what a call is shown of the groups it wants."""
        may_see = granted_groups(right)
        return cls(
            wanted & may_see,
            tuple(sorted(wanted - may_see)),
            FOREIGN_IDENTIFIER in right.data_groups,
            right.shows_protected,
            NUMBER in right.data_groups,
        )

    @classmethod
    def of_candidate(cls, right: Right) -> Self:
        """Return what a call is shown of a person found by criteria; if nothing: the number and the grade only."""
        shown = SEARCHED & granted_groups(right)
        return cls(
            shown,
            identifiers=False,
            shows_protected=right.shows_protected,
            numbers=NUMBER in right.data_groups,
        )

    def hides(self, *, protected: bool) -> bool:
        """Return whether nothing but number and mark is shown of a person."""
        return protected and not self.shows_protected

    def label_of(self, *, protected: bool) -> str:
        """Return what is shown of a person, for the access log."""
        return NUMBER if self.hides(protected=protected) else self.label

    @property
    def label(self) -> str:
        """What is shown, for the access log. Example: "name,birth,foreign_identifier"."""
        names = [_NAMES[group] for group in sorted(self.shown)]
        return ",".join([*names, FOREIGN_IDENTIFIER] if self.identifiers else names)


EVERYTHING = View(ALL_GROUPS, shows_protected=True)
