"""HTTP/3 over QUIC: a server that answers `/N` with N bytes, and a client (aioquic).

http3_talk.py serve ADDRESS PORT CERTIFICATE KEY
http3_talk.py get ADDRESS PORT BYTES
"""

import asyncio
import os
import ssl
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent


class _Http(QuicConnectionProtocol):
    """Feeds HTTP/3 with what QUIC has received."""

    http: H3Connection | None = None

    def begin(self) -> H3Connection:
        self.http = self.http or H3Connection(self._quic)
        return self.http

    def quic_event_received(self, event: QuicEvent) -> None:
        for told in self.begin().handle_event(event):
            self.told(told)
        self.transmit()

    def told(self, event: H3Event) -> None:
        raise NotImplementedError


class _Server(_Http):
    def told(self, event: H3Event) -> None:
        if not isinstance(event, HeadersReceived):
            return
        size = int(dict(event.headers)[b":path"].lstrip(b"/"))
        http = self.begin()
        http.send_headers(event.stream_id, [(b":status", b"200"), (b"server", b"aioquic")])
        http.send_data(event.stream_id, os.urandom(size), end_stream=True)


class _Client(_Http):
    def __init__(self, *args: object, **named: object) -> None:
        super().__init__(*args, **named)
        self.done = asyncio.Event()

    def told(self, event: H3Event) -> None:
        if isinstance(event, DataReceived) and event.stream_ended:
            self.done.set()

    async def get(self, size: int) -> None:
        stream = self._quic.get_next_available_stream_id()
        names = {":method": "GET", ":scheme": "https", ":authority": "h1", ":path": f"/{size}"}
        lines = [(name.encode(), value.encode()) for name, value in names.items()]
        self.begin().send_headers(stream, lines, end_stream=True)
        self.transmit()
        await asyncio.wait_for(self.done.wait(), 20)


async def _serve(address: str, port: str, certificate: str, key: str) -> None:
    settings = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    settings.load_cert_chain(certificate, key)
    await serve(address, int(port), configuration=settings, create_protocol=_Server)
    await asyncio.Event().wait()


async def _get(address: str, port: str, size: str) -> None:
    settings = QuicConfiguration(alpn_protocols=H3_ALPN, server_name="h1")
    settings.verify_mode = ssl.CERT_NONE
    opening = connect(address, int(port), configuration=settings, create_protocol=_Client)
    async with opening as client:
        await client.get(int(size))  # type: ignore[attr-defined]


if __name__ == "__main__":
    asyncio.run({"serve": _serve, "get": _get}[sys.argv[1]](*sys.argv[2:]))
