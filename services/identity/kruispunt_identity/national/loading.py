"""Loading the national register's stand-in: its file, and the keys by which a search finds its persons."""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import Register
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.national.file import Loading
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_server.database import Database

_AT_ONCE = 2000


class NationalLoader:
    """Makes the stand-in and the search keys say the same.

    Args:
        database: of the identity service.
        numbers: say which national numbers are struck off: their keys are ours.
        match_store: writes keys; no name of a national person is kept.
    """

    def __init__(self, database: Database, numbers: NumberStore, match_store: MatchStore) -> None:
        self._database = database
        self._numbers = numbers
        self._match_store = match_store

    def load(self, path: Path, lines: Iterable[str], progress: Callable[[int, int], None]) -> int:
        """Make the stand-in at `path` hold exactly the persons of `lines`.

        Keys are written before the file is put in place and removed after it: a search never misses a person
        whom the file holds. Interrupted, it is run again.

        Args:
            path: of the file.
            lines: JSON documents, one a line; see national/documents.py.
            progress: told persons done and persons in all.

        Returns:
            How many persons there are.

        Raises:
            NationalFileError: a line cannot be used; nothing was changed.
            RegistryError: the store cannot be used; STORE_UNAVAILABLE.
        """
        with Loading(path) as loading:
            count = loading.fill(lines)
            done = 0
            for profiles in loading.profiles(_AT_ONCE):
                self._write_keys(profiles)
                done += len(profiles)
                progress(done, count)
            gone = loading.gone()
            loading.replace()
        self._remove_keys(gone)
        return count

    def _write_keys(self, profiles: list[tuple[int, MatchProfile]]) -> None:
        with self._database.writing() as transaction:
            struck_off = self._struck_off(transaction, [ssin for ssin, _ in profiles])
            ours = [(ssin, profile) for ssin, profile in profiles if ssin not in struck_off]
            self._match_store.write_many(transaction, ours, keep_profile=False)

    def _remove_keys(self, gone: Iterable[int]) -> None:
        left = iter(gone)
        while batch := list(islice(left, _AT_ONCE)):
            with self._database.writing() as transaction:
                struck_off = self._struck_off(transaction, batch)
                for ssin in batch:
                    if ssin not in struck_off:
                        self._match_store.remove(transaction, ssin)

    def _struck_off(self, transaction: sa.Connection, batch: list[int]) -> set[int]:
        known = self._numbers.find_many(transaction, [Ssin(ssin) for ssin in batch])
        return {ssin for ssin, number in known.items() if number.register is Register.RAD}
