"""The baseline: grpcio's synchronous server that answers everything with the same bytes, parsed by nobody.

Arguments: size of the reply in bytes, number of threads.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

METHOD = "/bench.Echo/Call"


def main() -> None:
    reply, threads = b"x" * int(sys.argv[1]), int(sys.argv[2])
    handler = grpc.unary_unary_rpc_method_handler(lambda _request, _context: reply)
    server = grpc.server(
        ThreadPoolExecutor(threads),
        handlers=[grpc.method_handlers_generic_handler("bench.Echo", {"Call": handler})],
    )
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
