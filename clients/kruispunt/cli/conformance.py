"""`kruispunt conformance`: whether a registry does what the contract says, fact by fact."""

from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli.output import print_json, print_line, print_table
from kruispunt.cli.session import tell_wrong_use
from kruispunt.errors import ProfileError

Target = Annotated[str, typer.Option(help="host:port of the directory, in place of the profiles'.")]
IdentityTarget = Annotated[str, typer.Option(help="host:port of identity, in place of the profiles'.")]
Profiles = Annotated[
    Path | None, typer.Option(help="Profiles file; left out: $KRUISPUNT_PROFILES.", exists=True)
]
Areas = Annotated[
    list[str] | None, typer.Option("--area", help="Only facts of this area; again for more. Left out: all.")
]
Seconds = Annotated[float, typer.Option("--timeout", help="Seconds for each call.", min=0.1)]
Listed = Annotated[bool, typer.Option("--list", help="List the facts, and try none.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def conformance(
    *,
    target: Target = "",
    identity_target: IdentityTarget = "",
    profiles: Profiles = None,
    area: Areas = None,
    timeout_s: Seconds = 15.0,
    listed: Listed = False,
    as_json: Json = False,
) -> None:
    """Try the facts of the contract on a registry that is there to be tried out; never on one in use.

    They make persons and dossiers of their own, and leave them there. The registry needs the rights of the sandbox and
    the code tables that come along, as `make run` and `kruispunt stub` have them, and is reached by the profiles of the
    participants. Exit status 0: every fact holds; 1: one does not; 2: wrong use.
    """
    from kruispunt.conformance import Cast, all_facts, run
    from kruispunt.conformance.facts import AREAS

    unknown = set(area or ()) - set(AREAS)
    if unknown:
        tell_wrong_use(
            f"no such area: {', '.join(sorted(unknown))}; there are {', '.join(AREAS)}", as_json=as_json
        )
        raise typer.Exit(2)
    facts = [each for each in all_facts() if not area or each.area in area]
    if listed:
        _list(facts, as_json=as_json)
        return
    try:
        cast = Cast.from_profiles(profiles, directory=target, identity=identity_target)
    except ProfileError as error:
        tell_wrong_use(str(error), as_json=as_json)
        raise typer.Exit(2) from None
    outcomes = list(run(cast, facts, timeout_s=timeout_s))
    if as_json:
        print_json(
            [
                {"fact": each.fact.name, "held": each.held, "why": each.why, "says": each.fact.sentence}
                for each in outcomes
            ]
        )
    else:
        rows = [(each.fact.name, "held" if each.held else "NOT HELD", each.why) for each in outcomes]
        print_table("facts of the contract", ["fact", "", "seen"], rows)
        print_line(f"{sum(each.held for each in outcomes)} of {len(outcomes)} facts hold.")
    if not all(each.held for each in outcomes):
        raise typer.Exit(1)


def _list(facts: list, *, as_json: bool) -> None:  # type: ignore[type-arg]  # loaded late
    if as_json:
        print_json([{"fact": each.name, "says": each.sentence} for each in facts])
    else:
        print_table("facts of the contract", ["fact", "says"], [(each.name, each.sentence) for each in facts])
