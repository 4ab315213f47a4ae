"""Small pages over HTTP/3: `server ADDRESS PORT KEY CHAIN` or `client NAME PORT CHAIN`."""

import asyncio
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.asyncio import serve as listen
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated


class Http3(QuicConnectionProtocol):
    """Either end: the server answers, the client asks."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.http = None
        self.answers = asyncio.Semaphore(0)

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated):
            self.http = H3Connection(self._quic)
        for said in self.http.handle_event(event) if self.http else ():
            if isinstance(said, HeadersReceived):
                if self._quic.configuration.is_client:
                    self.answers.release()
                else:
                    self.answer(said.stream_id)

    def answer(self, stream):
        """A page."""
        self.http.send_headers(stream, [(b":status", b"200"), (b"server", b"recorder")])
        self.http.send_data(stream, b"<p>queues</p>" * 100, end_stream=True)
        self.transmit()

    async def ask(self, name):
        """One page."""
        stream = self._quic.get_next_available_stream_id()
        headers = [(b":method", b"GET"), (b":scheme", b"https"),
                   (b":authority", name.encode()), (b":path", b"/")]  # fmt: skip
        self.http.send_headers(stream, headers, end_stream=True)
        self.transmit()
        await self.answers.acquire()


async def serve(address, port, key, chain):
    """For ever."""
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=False)
    configuration.load_cert_chain(chain, key)
    await listen(address, int(port), configuration=configuration, create_protocol=Http3)
    await asyncio.Event().wait()


async def ask(name, port, chain):
    """A few connections with a few pages."""
    for _ in range(3):
        configuration = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=True)
        configuration.load_verify_locations(chain)
        async with connect(
            name, int(port), configuration=configuration, create_protocol=Http3
        ) as client:
            for _ in range(4):
                await client.ask(name)


if __name__ == "__main__":
    asyncio.run((serve if sys.argv[1] == "server" else ask)(*sys.argv[2:]))
