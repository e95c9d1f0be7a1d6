"""The command's tree."""

import typer

from kruispunt.cli import asking, dossiers, knowledge, numbers, sandbox

app = typer.Typer(
    help="Kruispunt: who holds a dossier on a person, and by which route may data be got.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
asking.add_to(app)
for name, part in (
    ("dossier", dossiers.app),
    ("knowledge", knowledge.app),
    ("sandbox", sandbox.app),
    ("ssin", numbers.app),
):
    app.add_typer(part, name=name)
