"""`kruispunt ssin`: what a number says about itself, without asking anybody."""

from typing import Annotated

import typer

from kruispunt.cli.output import print_json, print_line
from kruispunt.ssin import Ssin, SsinError

app = typer.Typer(help="Numbers of persons; nothing is asked of the registry.", no_args_is_help=True)

_SEPARATORS = str.maketrans("", "", " .-")


@app.callback()
def ssin() -> None:
    """Numbers of persons; nothing is asked of the registry."""


@app.command("check")
def check(
    number: Annotated[str, typer.Argument(help="11 digits, with or without separators.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Say whether a number is structurally valid, and of what kind; exit status 1 if it is not."""
    try:
        ssin = Ssin.parse(number.translate(_SEPARATORS))
    except SsinError as error:
        if as_json:
            print_json({"valid": False, "fault": error.fault.value})
        else:
            print_line(f"✗ not valid: {error.fault.value}")
        raise typer.Exit(1) from None
    facts = {
        "valid": True,
        "ssin": str(ssin),
        "display": ssin.display,
        "kind": ssin.kind.value,
        "born_from_2000": ssin.born_from_2000,
        "sex_is_coded": ssin.sex_is_coded,
        "unusual": ssin.is_unusual,
    }
    if as_json:
        print_json(facts)
        return
    century = "2000 or later" if ssin.born_from_2000 else "before 2000"
    print_line(f"✓ {ssin.display}  {ssin.kind.value} number, born {century}")
    if ssin.is_unusual:
        print_line("note: its date part is no calendar day (unknown parts, or a counter)")
