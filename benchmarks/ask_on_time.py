"""A client that calls on time, whether the last call was answered or not: it offers so many calls a second.

Arguments: port, folder of the certificates, path of the method, body in hexadecimal, calls a second, calls. Prints, as
one line of JSON, how long each call took in µs from when it was due, and how many failed.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import grpc

from benchmarks.calls import PURPOSE

_CONNECTIONS = 8


async def ask(
    port: int, folder: Path, path: str, body: bytes, rate: float, calls: int
) -> tuple[list[int], int]:
    """Make the calls over several connections; returns what each took, and how many failed."""
    credentials = grpc.ssl_channel_credentials(
        (folder / "ca.crt").read_bytes(),
        (folder / "clients" / "bench.key").read_bytes(),
        (folder / "clients" / "bench.crt").read_bytes(),
    )
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [
        grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials, options) for _ in range(_CONNECTIONS)
    ]
    invokes = [channel.unary_unary(path) for channel in channels]
    await asyncio.gather(*(invoke(body, metadata=PURPOSE, wait_for_ready=True) for invoke in invokes))
    took: list[int] = []
    failed = 0

    async def one(number: int, due: float) -> None:
        nonlocal failed
        await asyncio.sleep(due - time.monotonic())
        try:
            await invokes[number % _CONNECTIONS](body, metadata=PURPOSE, timeout=20)
        except grpc.aio.AioRpcError:
            failed += 1
        took.append(round((time.monotonic() - due) * 1e6))

    begin = time.monotonic() + 0.5
    await asyncio.gather(*(one(number, begin + number / rate) for number in range(calls)))
    for channel in channels:
        await channel.close()
    return took, failed


def main() -> None:
    """Call, and print what came of it."""
    port, folder, path, body = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], bytes.fromhex(sys.argv[4])
    rate, calls = float(sys.argv[5]), int(sys.argv[6])
    print(json.dumps(asyncio.run(ask(port, folder, path, body, rate, calls))))


if __name__ == "__main__":
    main()
