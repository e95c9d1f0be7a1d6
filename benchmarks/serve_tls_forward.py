"""Carries plaintext connections to a server with mutual TLS, because h2load has no client certificates.

Its own processor time is nobody's in the figures, but on a machine whose cores are all busy it slows both servers that
are compared: processor time per call then says more than calls per second. Arguments: port of the server, folder
of the certificates.
"""

import asyncio
import ssl
import sys
from pathlib import Path


class Leg(asyncio.Protocol):
    """One side of a connection; what arrives goes out on the other."""

    def __init__(self) -> None:
        self.other: asyncio.WriteTransport | None = None
        self.early: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self.early.append(data)
        else:
            self.other.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self.other is not None:
            self.other.close()


class Inner(Leg):
    """The side of the load generator; opens the other one."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__()
        self._port, self._context = port, context

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._opening = asyncio.ensure_future(self._open(transport))

    async def _open(self, transport: asyncio.WriteTransport) -> None:
        outer = Leg()
        outer.other = transport
        self.other, _ = await asyncio.get_running_loop().create_connection(
            lambda: outer, "127.0.0.1", self._port, ssl=self._context, server_hostname="localhost"
        )
        self.other.write(b"".join(self.early))


async def forward(port: int, folder: Path) -> None:
    """Pass bytes on between one plaintext client and the server behind mutual TLS."""
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    context.load_cert_chain(folder / "clients" / "bench.crt", folder / "clients" / "bench.key")
    context.set_alpn_protocols(["h2"])
    server = await asyncio.get_running_loop().create_server(lambda: Inner(port, context), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(forward(int(sys.argv[1]), Path(sys.argv[2])))
