"""A participant that asks without sparing: so many calls a second whether answered or not, or so many at once.

Arguments: port, folder of the certificates, calls a second (0: as fast as they are answered), calls at once. Prints
"begun" when the first calls are under way; asked to end by its standard input, prints how many were answered and how
many refused.
"""

import sys
import threading
import time
from pathlib import Path
from typing import Any

import grpc

from benchmarks.calls import PURPOSE
from benchmarks.q1 import LIST, body, channel


def main() -> None:
    """Ask until standard input is closed."""
    port, folder, rate, at_once = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    places = threading.BoundedSemaphore(at_once)
    counts = {"answered": 0, "refused": 0, "dropped": 0}
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()

    def done(future: Any) -> None:
        counts["answered" if future.code() is grpc.StatusCode.OK else "refused"] += 1
        places.release()

    with channel(port, folder, "noisy") as opened:
        invoke = opened.unary_unary(LIST)
        invoke(body(), metadata=PURPOSE, timeout=20, wait_for_ready=True)
        print("begun", flush=True)
        began, sent = time.monotonic(), 0
        while not ended.is_set():
            if rate:
                time.sleep(max(began + sent / rate - time.monotonic(), 0))
                sent += 1
                if not places.acquire(blocking=False):
                    counts["dropped"] += 1
                    continue
            else:
                places.acquire()
            invoke.future(body(), metadata=PURPOSE, timeout=20).add_done_callback(done)
        print(counts["answered"], counts["refused"], counts["dropped"], time.monotonic() - began, flush=True)


if __name__ == "__main__":
    main()
