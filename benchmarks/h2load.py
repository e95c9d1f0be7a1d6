"""Load by h2load, a client in C: it takes a tenth of what a client in Python takes, so the server is what is measured.

It sends one body again and again; servers under test replace the number in it by the next of a list, so that reads
are spread over the table.
"""

import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

CONNECTIONS, STREAMS = 8, 8

_DONE = re.compile(r"finished in [^,]+, ([\d.]+) req/s")
_COUNTS = re.compile(r"requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded")
_DATA = re.compile(r"headers \(space savings [^)]*\).*?\((\d+)\) data")
_FRAME_BYTES = 5


class LoadError(Exception):
    """The load did not get the answers that it should."""


def require() -> None:
    """End the program if h2load is not installed, and say how to get it."""
    if shutil.which("h2load") is None:
        print("h2load is missing. Debian and Ubuntu: apt-get install -y nghttp2-client", file=sys.stderr)
        raise SystemExit(2)


def load(
    port: int,
    path: str,
    body: bytes,
    calls: int,
    reply_bytes: float,
    metadata: tuple[str, ...] = (),
    connections: int = CONNECTIONS,
) -> float:
    """Make `calls` unary calls, 64 in flight; returns calls per second.

    Args:
        port: on 127.0.0.1, plaintext.
        path: of the method, `/package.Service/Method`.
        body: the serialised request.
        calls: how many.
        reply_bytes: size of a serialised reply on average; errors are HTTP 200 too, but carry no data.
        metadata: `key: value` each.
        connections: over how many.

    Raises:
        LoadError: not all calls were answered, or the answers' size differs by more than 5 %.
    """
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "body"
        frame.write_bytes(b"\0" + struct.pack(">I", len(body)) + body)
        headers = ("content-type: application/grpc", "te: trailers", *metadata)
        options = [option for header in headers for option in ("-H", header)]
        streams = CONNECTIONS * STREAMS // connections
        return _run(
            port, path, calls, reply_bytes + _FRAME_BYTES,
            f"-c{connections}", f"-m{streams}", "-d", str(frame), *options,
        )  # fmt: skip


def get(port: int, path: str, calls: int, reply_bytes: float) -> float:
    """Make `calls` requests over HTTP/1.1, 64 in flight; returns requests per second; errors as of `load`."""
    return _run(port, path, calls, reply_bytes, "--h1", f"-c{CONNECTIONS * STREAMS}")


def _run(port: int, path: str, calls: int, reply_bytes: float, *options: str) -> float:
    output = subprocess.run(
        ["h2load", "-t1", f"-n{calls}", *options, f"http://127.0.0.1:{port}{path}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rate, counts, data = _DONE.search(output), _COUNTS.search(output), _DATA.search(output)
    if rate is None or counts is None or data is None:
        raise LoadError(f"h2load said something else:\n{output}")
    if int(counts[1]) != calls:
        raise LoadError(f"{counts[1]} of {calls} calls were answered")
    mean = int(data[1]) / calls
    if abs(mean - reply_bytes) > 0.05 * reply_bytes:
        raise LoadError(f"answers of {mean:.0f} bytes where {reply_bytes:.0f} were expected")
    return float(rate[1])
