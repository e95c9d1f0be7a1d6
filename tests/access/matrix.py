"""The table of who may call what, as it was reviewed: `matrix.txt`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kruispunt_server.access.catalogue import METHODS
from kruispunt_server.call import Role

TABLE = Path(__file__).with_name("matrix.txt")
PURPOSES = ("right", "wrong", "none", "expired")
LETTERS: Mapping[str, str] = {
    "R": "ROLE_MISSING",
    "P": "PURPOSE_REQUIRED",
    "G": "GRANT_MISSING",
    "E": "GRANT_EXPIRED",
    "O": "NOT_OWN_INSTITUTION",
    "D": "NO_DOSSIER",
}
"""What a letter stands for; "A": let in."""


@dataclass(frozen=True)
class Cell:
    """One expectation.

    Attributes:
        method: such as "IdentityService/GetPerson".
        role: the only one that the caller has.
        purpose: one of `PURPOSES`.
        own: whether it is about the caller's own institution or person.
        letter: what becomes of it.
    """

    method: str
    role: Role
    purpose: str
    own: bool
    letter: str


def cells() -> Iterator[Cell]:
    """Yield every cell of the table."""
    for line in TABLE.read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        method, role, own, other = line.split()
        for is_own, letters in ((True, own), (False, other)):
            for purpose, letter in zip(PURPOSES, letters, strict=True):
                yield Cell(method, Role(role), purpose, is_own, letter)


def rows_wanted() -> set[tuple[str, Role]]:
    """Return (method, role) of every line that there has to be: a new rpc has none yet, and the build fails."""
    return {(method, role) for methods in METHODS.values() for method in methods for role in Role}
