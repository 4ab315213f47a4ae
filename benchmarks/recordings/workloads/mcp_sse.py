"""MCP over its old transport (GET /sse, POST /messages/): `server ADDRESS PORT` or `client URL`."""

import asyncio
import sys

from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.server.fastmcp import FastMCP


def serve(address: str, port: str) -> None:
    """A tool and a prompt."""
    server = FastMCP("searcher", host=address, port=int(port))

    @server.tool()
    async def search(query: str, most: int) -> list[str]:
        """Finds nothing, slowly."""
        await asyncio.sleep(0.1)
        return [f"{query} {number}" for number in range(most)]

    @server.prompt()
    def review(code: str) -> str:
        return f"Review this: {code}"

    server.run(transport="sse")


async def ask(url: str) -> None:
    """Two sessions at once."""

    async def session(name: str) -> None:
        async with (
            sse_client(f"{url}/sse") as (reader, writer),
            ClientSession(reader, writer) as to,
        ):
            await to.initialize()
            await to.list_tools()
            await to.list_prompts()
            for number in range(10):
                await to.call_tool("search", {"query": f"{name} {number}", "most": 5 + number})
            await to.get_prompt("review", {"code": "x = 1\n" * 60})

    await asyncio.gather(session("links"), session("queues"))


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve(*sys.argv[2:])
    else:
        asyncio.run(ask(sys.argv[2]))
