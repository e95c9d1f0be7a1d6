"""The command's tree."""

import importlib.metadata
from typing import Annotated

import typer

from kruispunt.cli import asking, dossiers, knowledge, numbers, sandbox
from kruispunt.cli.output import print_line

app = typer.Typer(
    help="Kruispunt: who holds a dossier on a person, and by which route may data be got.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer's signature
    if asked:
        print_line(f"kruispunt {importlib.metadata.version('kruispunt')}")
        raise typer.Exit


@app.callback()
def kruispunt(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Kruispunt: who holds a dossier on a person, and by which route may data be got."""


asking.add_to(app)
for name, part in (
    ("dossier", dossiers.app),
    ("knowledge", knowledge.app),
    ("sandbox", sandbox.app),
    ("ssin", numbers.app),
):
    app.add_typer(part, name=name)
