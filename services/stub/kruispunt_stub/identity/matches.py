"""What persons are found by, in memory; candidates are ranked and compared as everywhere."""

from collections.abc import Iterable, Sequence
from typing import Final

from kruispunt_identity.matching.keys import RULES_VERSION, KeyMaker, QueryKey
from kruispunt_identity.matching.pool import CAP, Pool, grown
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_stub.identity.rows import IdentityRows
from kruispunt_stub.memory import Transaction

_PEPPER: Final = b"no secret is kept here"


class MemoryMatches:
    """Writes and looks up what persons are found by."""

    def __init__(self, rows: IdentityRows) -> None:
        self._rows = rows
        self._maker = KeyMaker(_PEPPER)

    def write(self, connection: Transaction, ssin: int, profile: MatchProfile) -> None:
        """Replace the keys and the profile of a number."""
        self.remove(connection, ssin)
        self._rows.profiles[int(ssin)] = profile
        for key in self._maker.keys_of(profile):
            self._rows.keys[key] = self._rows.keys.get(key, frozenset()) | {int(ssin)}

    def remove(self, connection: Transaction, ssin: int) -> None:  # noqa: ARG002
        """Let nobody find a number any more; nothing happens if nobody did."""
        profile = self._rows.profiles.pop(int(ssin), None)
        if profile is not None:
            for key in self._maker.keys_of(profile):
                self._rows.keys[key] = self._rows.keys[key] - {int(ssin)}

    def locks_of(self, profile: MatchProfile) -> list[int]:
        """Return the hashes on which two registrations of one human being meet."""
        return self._maker.lock_keys(profile)

    def pool(
        self,
        connection: Transaction,  # noqa: ARG002 - as the store over a database has it
        query: MatchProfile,
        *,
        year_tolerance: int = 1,
        most: int = 1500,
    ) -> Pool:
        """Return the numbers that share keys with a query, those that share the rarest first."""
        asked = self._maker.query_keys(query, year_tolerance)
        return grown(Pool(rules_version=RULES_VERSION), asked, self._under(asked), {}, most)

    def wider(self, connection: Transaction, query: MatchProfile, pool: Pool, *, most: int = 1500) -> Pool:  # noqa: ARG002
        """Return who comes next: beyond the pool, or under keys that allow for a slip at the first letter of a name."""
        asked = self._maker.slip_keys(query)
        masks = {number: pool.masks[number] for number in pool.beyond}
        return grown(pool, asked, self._under(asked), masks, most)

    def outlines(
        self,
        connection: Transaction,  # noqa: ARG002
        numbers: Sequence[int],
    ) -> list[tuple[int, str | None, int]]:
        """Return every number as one whose profile is asked for elsewhere: `Profiles` has them all."""
        return [(number, None, 0) for number in numbers]

    def profiles(self, connection: Transaction, numbers: Iterable[int]) -> dict[int, MatchProfile]:
        """Return none; see `outlines`."""
        del connection, numbers
        return {}

    def _under(self, asked: Sequence[QueryKey]) -> list[list[int]]:
        return [sorted(self._rows.keys.get(each.key, ()))[:CAP] for each in asked]


class Profiles:
    """Knows all profiles, those of the national register too."""

    def __init__(self, rows: IdentityRows) -> None:
        self._rows = rows

    def profiles(self, numbers: Sequence[int]) -> dict[int, MatchProfile]:
        """Return the profiles of those it knows."""
        known = self._rows.profiles
        return {number: known[number] for number in numbers if number in known}
