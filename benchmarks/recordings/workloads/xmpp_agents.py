"""Two agents by XMPP: HOST PORT."""

import asyncio
import sys

from slixmpp import ClientXMPP


class Agent(ClientXMPP):
    """Says something, answers what it is told, some times."""

    def __init__(self, name: str, peer: str, first: bool) -> None:
        super().__init__(f"{name}@lab", "secret")
        self.peer, self.first, self.heard = peer, first, 0
        self.ended = asyncio.Event()
        self.add_event_handler("session_start", self.begin)
        self.add_event_handler("message", self.hear)

    async def begin(self, _: object) -> None:
        """Presence, roster, and the first word."""
        self.send_presence()
        await self.get_roster()
        if self.first:
            await asyncio.sleep(1)
            self.send_message(mto=f"{self.peer}@lab", mbody="plan: " + "step " * 30, mtype="chat")

    async def hear(self, message: object) -> None:
        """An answer each time."""
        self.heard += 1
        if self.heard > 25:
            self.ended.set()
        await asyncio.sleep(0.08)
        self.send_message(mto=f"{self.peer}@lab", mbody="done: " + "ok " * self.heard, mtype="chat")


async def main(host: str, port: str) -> None:
    """Until both have heard enough."""
    agents = [Agent("planner", "worker", True), Agent("worker", "planner", False)]
    for agent in agents:
        agent.enable_starttls = False
        agent.enable_direct_tls = False
        agent.enable_plaintext = True
        agent["feature_mechanisms"].unencrypted_plain = True
        agent["feature_mechanisms"].unencrypted_scram = True
        agent.connect(host, int(port))
    await asyncio.wait_for(agents[0].ended.wait(), 40)
    for agent in agents:
        await agent.disconnect()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
