"""What no life can be: a decease before the birth."""

from collections.abc import Sequence

from kruispunt_identity.domain.fact import Statement
from kruispunt_identity.domain.values import Birth, Decease, PartialDate
from kruispunt_server.errors import Reason, RegistryError


def check_life(birth: Birth | Decease, decease: Birth | Decease, field: str) -> None:
    """Refuse a decease before the birth; where unknown parts leave it open, it is none.

    Raises:
        RegistryError: INVALID_ARGUMENT / DATE_INVALID.
    """
    if _surely_before(decease.date, birth.date):
        raise RegistryError(Reason.DATE_INVALID, "a person does not die before they are born", field=field)


def check_life_of(statements: Sequence[Statement], field: str = "facts") -> None:
    """Refuse statements of one person, told together, of which the decease lies before the birth; as `check_life`."""
    birth = next((said.value for said in statements if isinstance(said.value, Birth)), None)
    for place, said in enumerate(statements):
        if birth is not None and isinstance(said.value, Decease):
            check_life(birth, said.value, f"{field}[{place}].value.decease.date")


def _surely_before(one: PartialDate, other: PartialDate) -> bool:
    """Whether one date lies before another, whatever their unknown parts are."""
    for mine, theirs in ((one.year, other.year), (one.month, other.month), (one.day, other.day)):
        if not (mine and theirs):
            return False
        if mine != theirs:
            return mine < theirs
    return False
