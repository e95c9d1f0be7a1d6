"""How facts are written down and found."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kruispunt.conformance.world import World

AREAS: Final = ("dossiers", "lists", "routes", "persons", "numbers", "notices", "rights", "wire")
"""The modules that hold facts, in the order in which they are tried."""


class NotHeldError(AssertionError):
    """A fact does not hold; the text says what was seen in place of what."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the contract.

    Attributes:
        area: what it is about.
        name: unique, such as "dossiers.repeated_request_has_its_first_answer".
        sentence: what holds.
        check: tries it, and raises `NotHeldError` if it does not hold.
    """

    area: str
    name: str
    sentence: str
    check: Callable[["World"], None]


_FACTS: dict[str, Fact] = {}


def fact(check: Callable[["World"], None]) -> Callable[["World"], None]:
    """Note a function as a fact; its docstring is the sentence."""
    area = check.__module__.rpartition(".")[2]
    name = f"{area}.{check.__name__}"
    _FACTS[name] = Fact(area, name, (check.__doc__ or "").strip(), check)
    return check


def all_facts() -> list[Fact]:
    """Return every fact, by area."""
    for area in AREAS:
        importlib.import_module(f"kruispunt.conformance.{area}")
    return sorted(_FACTS.values(), key=lambda each: AREAS.index(each.area))


def equal(expected: object, actual: object, of_what: str) -> None:
    """Raise unless both are equal."""
    if expected != actual:
        raise NotHeldError(f"{of_what}: {actual!r} where {expected!r} belongs")


def true(condition: object, says: str) -> None:
    """Raise unless a condition holds; `says` is what is wrong otherwise."""
    if not condition:
        raise NotHeldError(says)


def refused(reason: str, call: Callable[[], Any], *, field: str | None = None) -> None:
    """Raise unless a call is refused for a reason, at a field if one is given."""
    from kruispunt.errors import KruispuntError

    try:
        answer = call()
        if hasattr(answer, "__next__"):
            next(answer)
    except KruispuntError as refusal:
        equal(reason, refusal.reason or refusal.status, "reason of the refusal")
        if field is not None:
            equal(field, refusal.field, f"field of {reason}")
        return
    raise NotHeldError(f"the call was answered where {reason} belongs")
