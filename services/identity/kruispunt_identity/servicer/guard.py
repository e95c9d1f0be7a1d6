"""Who may write of whom: only an institution with a dossier on the person; and who may read, where a grant says so.

Source: domain.md §3.
"""

from collections.abc import Mapping, Sequence

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.holders import DossierHolders
from kruispunt_identity.domain.rights import DOSSIER
from kruispunt_server.call import Call, InstitutionKey, Role
from kruispunt_server.errors import Reason, RegistryError


class Guard:
    """Lets institutions write of the persons on whom they hold a dossier, and registrars of everybody.

    It waits for the directory: ask it before the transaction, with the numbers read just before.

    Args:
        holders: where dossiers are kept; none: no directory is at hand.
        alone: the operator runs identity without a directory on purpose: then nobody's dossier is checked.
    """

    def __init__(self, holders: DossierHolders | None, *, alone: bool) -> None:
        self._holders = holders
        self._alone = alone

    def check(self, call: Call, numbers: Sequence[Ssin], field: str = "ssin") -> None:
        """Let the caller write of a person, or raise.

        Args:
            call: who asks, why and until when.
            numbers: all numbers of the person.
            field: path of the request field that names the person.

        Raises:
            RegistryError: the caller's institution holds no dossier, PERMISSION_DENIED / NO_DOSSIER; it acts for no
                institution, PERMISSION_DENIED / NOT_OWN_INSTITUTION; identity runs without a directory, and not
                on purpose, FAILED_PRECONDITION / DIRECTORY_REQUIRED; the directory cannot be asked, UNAVAILABLE /
                DIRECTORY_UNAVAILABLE.
        """
        if Role.REGISTRAR in call.participant.roles:
            return
        institution = call.participant.own_institution()
        if self._alone:
            return
        if self._holders is None:
            raise _directory_required()
        if not self._holders.holds(call, institution, numbers):
            raise RegistryError(
                Reason.NO_DOSSIER,
                "only an institution with a dossier on the person may write of them",
                field=field,
            )

    def check_read(self, call: Call, asked: Ssin, groups: str, field: str = "ssin") -> None:
        """Let the call ask about a person, or raise; asked before the registers are, so that a refusal tells nothing.

        Args:
            call: who asks.
            asked: the number that is asked about.
            groups: what of the person is asked for, for the access log.
            field: path of the request field that names the person.

        Raises:
            RegistryError: the grant asks for a dossier and the caller's institution holds none, PERMISSION_DENIED /
                NO_DOSSIER; as of `check`.
        """
        try:
            self.refuse_unreadable(call, {asked: field})
        except RegistryError as refusal:
            if refusal.reason is Reason.NO_DOSSIER:
                call.look(int(asked), groups, refusal.reason.label)
            raise

    def refuse_unreadable(self, call: Call, asked: Mapping[Ssin, str]) -> None:
        """Refuse, before the registers are asked, numbers that the call may not ask about; each with its field.

        Raises:
            RegistryError: as of `check_read`.
        """
        held = self.readable(call, list(asked))
        for number, field in asked.items():
            if held is not None and number not in held:
                raise RegistryError(
                    Reason.NO_DOSSIER, "only an institution with a dossier on the person may ask", field=field
                )

    def readable(self, call: Call, numbers: Sequence[Ssin]) -> frozenset[Ssin] | None:
        """Return the numbers that the call may ask about; none: all, its grant asks for no dossier.

        Raises:
            RegistryError: as of `check`, but for NO_DOSSIER.
        """
        if not call.right.requires_dossier:
            return None
        institution = call.participant.own_institution()
        if self._alone:
            return frozenset(numbers)
        if self._holders is None:
            raise _directory_required()
        return self._holders.held_among(call, institution, numbers) if numbers else frozenset()

    def institutions(self, call: Call, numbers: Sequence[Ssin]) -> tuple[list[InstitutionKey], bool]:
        """Return the institutions with a dossier on a person, and whether these are all.

        They are not, where the grant does not cover who holds a dossier, or the directory cannot be asked.

        Raises:
            RegistryError: the caller gave up meanwhile; DEADLINE_EXCEEDED / DEADLINE_OVER.
        """
        if self._holders is None or DOSSIER not in call.right.data_groups:
            return [], False
        try:
            return self._holders.institutions(call, numbers), True
        except RegistryError as error:
            if error.reason is not Reason.DIRECTORY_UNAVAILABLE:
                raise
            return [], False


def _directory_required() -> RegistryError:
    return RegistryError(
        Reason.DIRECTORY_REQUIRED,
        "whether the institution holds a dossier cannot be checked: there is no directory",
    )
