"""Model Context Protocol over streamable HTTP: `server ADDRESS PORT` or `client URL`."""

import asyncio
import sys

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from mcp.server.fastmcp import Context, FastMCP


def serve(address: str, port: str) -> None:
    """Two tools and a resource."""
    server = FastMCP("recorder", host=address, port=int(port))

    @server.tool()
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    @server.tool()
    async def count(to: int, context: Context) -> str:
        """Counts, and says how far it is."""
        for number in range(to):
            await context.report_progress(number, to)
            await asyncio.sleep(0.05)
        return "done"

    @server.resource("text://{name}")
    def text(name: str) -> str:
        return f"A text about {name}. " * 20

    server.run(transport="streamable-http")


async def ask(url: str) -> None:
    """Lists and calls."""
    async with (
        streamablehttp_client(url) as (reader, writer, _),
        ClientSession(reader, writer) as session,
    ):
        await session.initialize()
        await session.list_tools()
        for number in range(8):
            await session.call_tool("add", {"a": number, "b": 2})
        await session.call_tool("count", {"to": 20})
        await session.read_resource("text://queues")


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve(*sys.argv[2:])
    else:
        asyncio.run(ask(sys.argv[2]))
