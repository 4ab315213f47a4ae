"""An A2A agent and who talks to it: `server ADDRESS PORT` or `client URL`."""

import asyncio
import sys
import uuid

import httpx
import uvicorn
from a2a.client import A2ACardResolver, A2AClient
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.apps import A2AStarletteApplication
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentSkill,
    MessageSendParams,
    SendMessageRequest,
    SendStreamingMessageRequest,
)
from a2a.utils import new_agent_text_message


class Talker(AgentExecutor):
    """Says something."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Answers."""
        await event_queue.enqueue_event(new_agent_text_message("A queue is a line. " * 10))

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Nothing to stop."""


def serve(address: str, port: str) -> None:
    """One skill."""
    skill = AgentSkill(id="talk", name="Talk", description="Talks", tags=["talk"])
    card = AgentCard(
        name="Talker", description="Talks", url=f"http://{address}:{port}/", version="1.0.0",
        default_input_modes=["text"], default_output_modes=["text"],
        capabilities=AgentCapabilities(streaming=True), skills=[skill],
    )  # fmt: skip
    handler = DefaultRequestHandler(agent_executor=Talker(), task_store=InMemoryTaskStore())
    app = A2AStarletteApplication(agent_card=card, http_handler=handler)
    uvicorn.run(app.build(), host=address, port=int(port))


async def talk(url: str) -> None:
    """The card, then messages."""
    async with httpx.AsyncClient() as http:
        card = await A2ACardResolver(httpx_client=http, base_url=url).get_agent_card()
        client = A2AClient(httpx_client=http, agent_card=card)
        for _ in range(5):
            await client.send_message(SendMessageRequest(id=str(uuid.uuid4()), params=said()))
        request = SendStreamingMessageRequest(id=str(uuid.uuid4()), params=said())
        async for _ in client.send_message_streaming(request):
            pass


def said() -> MessageSendParams:
    """A message."""
    part = {"kind": "text", "text": "what is a queue?"}
    message = {"role": "user", "parts": [part], "messageId": uuid.uuid4().hex}
    return MessageSendParams.model_validate({"message": message})


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve(*sys.argv[2:])
    else:
        asyncio.run(talk(sys.argv[2]))
