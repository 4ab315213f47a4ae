"""A tunnel as service meshes have: `accept ADDRESS PORT TARGET KEY CHAIN`, `dial PORT NAME …`.

`accept` takes TLS and passes the plain bytes to a local port; `dial` takes plain bytes at a local
port and passes them on in TLS.
"""

import asyncio
import ssl
import sys


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, to its end."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main(role: str, *words: str) -> None:
    """For ever."""
    if role == "accept":
        address, port, target, key, chain = words
        server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server_side.load_cert_chain(chain, key)
        there = ("127.0.0.1", int(target), None)
    else:
        (port, name, target, chain), address, server_side = words, "127.0.0.1", None
        there = (name, int(target), ssl.create_default_context(cafile=chain))

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, number, context = there
        far_reader, far_writer = await asyncio.open_connection(host, number, ssl=context)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(joined, address, int(port), ssl=server_side)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
