"""The command `kruispunt`: tables for people, `--json` for machines.

Exit status: 0 done, and a route that is refused is an answer; 1 refused by the registry or not reached; 2 wrong use.
"""

import os
import sys


def main() -> None:
    """Run the command; whatever it needs is loaded when it is needed."""
    # gRPC writes lines of its own to the terminal; what they mean to a user is told by the refusal.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        from kruispunt.cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich", "click"):
            raise
        sys.stderr.write("The command needs typer and rich: pip install 'kruispunt[cli]'\n")
        sys.exit(2)
    app(prog_name="kruispunt")
