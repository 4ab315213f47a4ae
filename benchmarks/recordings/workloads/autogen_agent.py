"""AutoGen agents on a gRPC runtime: `host|echo|ask ADDRESS:PORT`."""

import asyncio
import sys
from dataclasses import dataclass

from autogen_core import AgentId, MessageContext, RoutedAgent, message_handler
from autogen_core._serialization import try_get_known_serializers_for_type
from autogen_ext.runtimes.grpc import GrpcWorkerAgentRuntime, GrpcWorkerAgentRuntimeHost


@dataclass
class Text:
    """What agents say."""

    content: str


class Echo(RoutedAgent):
    """Says it again."""

    @message_handler
    async def on_text(self, message: Text, ctx: MessageContext) -> Text:
        """Answers."""
        return Text(message.content * 2)


async def host(address: str) -> None:
    """The runtime's host."""
    runtime = GrpcWorkerAgentRuntimeHost(address=address)
    runtime.start()
    await asyncio.Event().wait()


async def worker(address: str, asks: bool) -> None:
    """One worker, which serves or asks."""
    runtime = GrpcWorkerAgentRuntime(host_address=address)
    runtime.add_message_serializer(try_get_known_serializers_for_type(Text))
    await runtime.start()
    if asks:
        for number in range(20):
            await runtime.send_message(Text(f"message {number}"), AgentId("echo", "default"))
        await runtime.stop()
        return
    await Echo.register(runtime, "echo", lambda: Echo("echo"))
    print("ready")
    await asyncio.Event().wait()


if __name__ == "__main__":
    role, where = sys.argv[1:]
    asyncio.run(host(where) if role == "host" else worker(where, role == "ask"))
