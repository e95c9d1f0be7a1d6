"""The six shapes in which an institution takes dossiers on a person back; for `remove_dossiers`."""

from dataclasses import dataclass

from kruispunt.period import Period


@dataclass(frozen=True, slots=True)
class All:
    """All dossiers of the institution on the person."""


@dataclass(frozen=True, slots=True)
class Within:
    """Those whose whole period lies within `period`."""

    period: Period


@dataclass(frozen=True, slots=True)
class InCapacity:
    """All in one capacity, 0 to 999."""

    capacity: int


@dataclass(frozen=True, slots=True)
class InCapacityWithin:
    """Those in one capacity whose whole period lies within `period`."""

    capacity: int
    period: Period


@dataclass(frozen=True, slots=True)
class InCapacityAndPhase:
    """Those in one capacity, 0 to 999, and phase, 0 to 99."""

    capacity: int
    phase: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A span cut out of one dossier; with an etag only if the dossier is still as it was read."""

    dossier_id: str
    period: Period
    etag: str = ""


Shape = All | Within | InCapacity | InCapacityWithin | InCapacityAndPhase | Cut
