"""Who plays: the participants as whom facts are tried, and how each reaches the registry."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from kruispunt.profiles import Profile, load_profiles
from kruispunt.values import Purpose

WELFARE: Final = "institution-17-101"
PENSIONS: Final = "institution-5-1"
OTHER_WELFARE: Final = "institution-17-202"
REGISTRAR: Final = "registry-registrar"
AUDITOR: Final = "registry-auditor"
NAMES: Final = (WELFARE, PENSIONS, OTHER_WELFARE, REGISTRAR, AUDITOR)
"""Participants of the sandbox's rights: a welfare centre, the pension office, another welfare centre, the registry's
own desk, and somebody who may look at the journal only."""

PURPOSE: Final = Purpose(legal_basis="18/042", end_user="conformance", case="conformance")
NARROW: Final = "17/101"
"""A legal basis under which a welfare centre reads persons on whom it holds a dossier, and not all of them."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The participants, each with its profile."""

    profiles: Mapping[str, Profile]

    @classmethod
    def from_profiles(
        cls, path: str | Path | None = None, *, directory: str = "", identity: str = ""
    ) -> Self:
        """Take the profiles that bear the participants' names.

        Args:
            path: of the profiles file; left out: see `kruispunt.profiles`.
            directory: `host:port` in place of the profiles'.
            identity: `host:port` in place of the profiles'.

        Raises:
            ProfileError: one is absent or incomplete.
        """
        found = load_profiles(path, names=NAMES)
        return cls(
            {
                name: replace(
                    one,
                    endpoint=directory or one.endpoint,
                    identity_endpoint=identity or one.identity_endpoint,
                )
                for name, one in found.items()
            }
        )
