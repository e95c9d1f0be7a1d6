"""What the office does: awards and ends pensions, and keeps the directory and its own numbers in line."""

import datetime as dt
import uuid

from kruispunt import DirectoryClient, IdentityClient, Period, Ssin
from pension_office.cabinet import Cabinet, File

PAYMENT = 100
"""The capacity in which a pension office knows whom it pays."""
_AWARDED = 20
_NAMESPACE = uuid.UUID("7f3d2c1e-0d3a-4b5a-9a54-4d2f7f9f6b10")


class Office:
    """The office.

    Args:
        directory: who holds a dossier on whom.
        identity: who somebody is.
        cabinet: its own files.
    """

    def __init__(self, directory: DirectoryClient, identity: IdentityClient, cabinet: Cabinet) -> None:
        self._directory = directory
        self._identity = identity
        self._cabinet = cabinet

    def award(self, ssin: Ssin, begin: dt.date) -> File:
        """Award a pension, and tell the directory that there is a file.

        The file is kept first: if the registry cannot be reached, `catch_up` tells it later.

        Raises:
            KruispuntError: the registry refuses, or is not there.
        """
        file = self._cabinet.open(ssin, begin)
        self._tell(file)
        return self._cabinet.of(self._current(file))[-1]

    def stop(self, ssin: Ssin, until: dt.date) -> None:
        """Pay no longer from a day on."""
        for file in self._cabinet.of(ssin):
            if file.until is None:
                self._cabinet.end(file, until)
        for dossier in self._directory.list_dossiers(ssin, sector=5, institution=1, capacity=PAYMENT):
            self._directory.close_dossier(ssin, dossier.dossier_id, end=until, etag=dossier.etag)

    def catch_up(self) -> int:
        """Tell the directory what it has not been told; returns how many files that were."""
        untold = [each for each in self._cabinet.all() if not each.told]
        for file in untold:
            self._tell(file)
        return len(untold)

    def renumber_all(self) -> int:
        """Bring the numbers of all files in line with the registers; returns how many changed."""
        registered = sorted({each.registered for each in self._cabinet.all()})
        answers = zip(registered, self._identity.resolve_numbers(registered), strict=True)
        return sum(
            self._cabinet.renumber(number, leads.current)
            for number, leads in answers
            if leads.current is not None
        )

    def renumber(self, registered: Ssin, current: Ssin) -> None:
        """Let the files that were begun under a number be of another."""
        self._cabinet.renumber(registered, current)

    def _tell(self, file: File) -> None:
        # The request is named after the file: however often it is sent, it takes effect once.
        answer = self._directory.register_dossier(
            file.ssin,
            capacity=PAYMENT,
            phase=_AWARDED,
            period=Period(file.begin),
            source="pension-office",
            request_id=uuid.uuid5(_NAMESPACE, f"{file.file_no}/register"),
        )
        self._cabinet.note_told(file, answer.resolution.current)

    def _current(self, file: File) -> Ssin:
        return next(each.ssin for each in self._cabinet.all() if each.file_no == file.file_no)
