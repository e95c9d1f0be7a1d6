"""Workers of the directory server that share a port, under the server's own supervisor; plaintext, all else on.

Arguments: how many workers, then those of `serve_full`.
"""

import sys

from kruispunt_server.events import Events
from kruispunt_server.supervisor import Supervisor


def main() -> None:
    """Serve until asked to end; prints the port when all workers are ready."""
    workers, arguments = int(sys.argv[1]), sys.argv[2:]
    command = [sys.executable, "-m", "benchmarks.serve_full", *arguments, "plain"]
    events = Events("directory", level="error")
    sys.exit(
        Supervisor(command, host="127.0.0.1", port=0, workers=workers, events=events, patience_s=2).run()
    )


if __name__ == "__main__":
    main()
