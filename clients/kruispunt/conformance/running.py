"""Trying facts, one after another."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kruispunt.conformance.cast import Cast
from kruispunt.conformance.facts import Fact, NotHeldError, all_facts
from kruispunt.conformance.world import World
from kruispunt.errors import KruispuntError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of trying a fact.

    Attributes:
        fact: what was tried.
        held: whether it holds.
        why: what was seen where it does not; empty otherwise.
        elapsed_s: time it took.
    """

    fact: Fact
    held: bool
    why: str
    elapsed_s: float


def run(cast: Cast, facts: Iterable[Fact] | None = None, *, timeout_s: float = 15.0) -> Iterator[Outcome]:
    """Try facts on a registry; one that does not hold ends none of the others.

    Args:
        cast: who plays, and where the registry is.
        facts: left out: all.
        timeout_s: for each call.
    """
    with World(cast, timeout_s) as world:
        for each in all_facts() if facts is None else facts:
            began = time.monotonic()
            why = _tried(each, world)
            yield Outcome(each, not why, why, time.monotonic() - began)


def _tried(fact: Fact, world: World) -> str:
    try:
        fact.check(world)
    except NotHeldError as error:
        return str(error)
    except KruispuntError as error:
        return f"refused: {error}"
    except Exception as error:  # noqa: BLE001 - an answer of a form that no fact expects is one that does not hold
        return f"{type(error).__name__}: {error}"
    return ""
