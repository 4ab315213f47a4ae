"""Speech to text in the Wyoming protocol, without a model: `server ADDRESS PORT` or `client …`."""

import asyncio
import functools
import os
import sys

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info
from wyoming.server import AsyncEventHandler, AsyncServer


class Ear(AsyncEventHandler):
    """Hears, and knows what was said."""

    async def handle_event(self, event: Event) -> bool:
        """One event of a client."""
        source = Attribution(name="lab", url="")
        if Describe.is_type(event.type):
            model = AsrModel("tiny", source, True, None, None, ["en"])
            await self.write_event(
                Info(asr=[AsrProgram("ear", source, True, None, None, [model])]).event()
            )
        elif AudioStop.is_type(event.type):
            await asyncio.sleep(0.2)
            await self.write_event(Transcript(text="turn the lights of the lab on").event())
        return True


async def ask(address: str, port: str) -> None:
    """Three sentences of a second each, as they are spoken."""
    async with AsyncTcpClient(address, int(port)) as client:
        await client.write_event(Describe().event())
        await client.read_event()
        for _ in range(3):
            await client.write_event(Transcribe(language="en").event())
            await client.write_event(AudioStart(16000, 2, 1).event())
            for _ in range(30):
                await client.write_event(AudioChunk(16000, 2, 1, os.urandom(1024)).event())
                await asyncio.sleep(0.032)
            await client.write_event(AudioStop().event())
            await client.read_event()


async def serve(address: str, port: str) -> None:
    """Until it is ended."""
    await AsyncServer.from_uri(f"tcp://{address}:{port}").run(functools.partial(Ear))


if __name__ == "__main__":
    asyncio.run((serve if sys.argv[1] == "server" else ask)(*sys.argv[2:]))
