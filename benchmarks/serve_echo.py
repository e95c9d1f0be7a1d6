"""The baseline: grpcio's synchronous server that answers everything with the same bytes, parsed by nobody.

Arguments: size of the reply in bytes, number of threads, and for mutual TLS the folder of the certificates.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

METHOD = "/bench.Echo/Call"


def main() -> None:
    """Serve until killed; prints the port."""
    reply, threads = b"x" * int(sys.argv[1]), int(sys.argv[2])
    handler = grpc.unary_unary_rpc_method_handler(lambda _request, _context: reply)
    server = grpc.server(
        ThreadPoolExecutor(threads),
        handlers=[grpc.method_handlers_generic_handler("bench.Echo", {"Call": handler})],
    )
    if len(sys.argv) > 3:
        port = server.add_secure_port("127.0.0.1:0", _credentials(Path(sys.argv[3])))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    print(port, flush=True)
    server.start()
    server.wait_for_termination()


def _credentials(folder: Path) -> grpc.ServerCredentials:
    pair = ((folder / "server.key").read_bytes(), (folder / "server.crt").read_bytes())
    return grpc.ssl_server_credentials([pair], (folder / "ca.crt").read_bytes(), require_client_auth=True)


if __name__ == "__main__":
    main()
