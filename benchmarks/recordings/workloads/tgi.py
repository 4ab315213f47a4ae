"""Text Generation Inference: a stand-in `server ADDRESS PORT`, its real `client URL`."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any


def serve(address: str, port: str) -> None:
    """/, /generate_stream, /info, /health and /metrics are not asked for here."""
    import uvicorn
    from fastapi import FastAPI, Request
    from fastapi.responses import StreamingResponse

    app = FastAPI()

    def token(number: int) -> dict[str, Any]:
        return {"id": number, "text": f" w{number}", "logprob": -0.5, "special": False}

    def whole(count: int) -> dict[str, Any]:
        details = {"finish_reason": "length", "generated_tokens": count, "seed": None,
                   "prefill": [], "tokens": [token(n) for n in range(count)]}  # fmt: skip
        return {"generated_text": " word" * count, "details": details}

    @app.post("/")
    @app.post("/generate")
    async def generate(request: Request) -> Any:
        asked = await request.json()
        count = asked["parameters"]["max_new_tokens"]
        if asked.get("stream"):
            return StreamingResponse(pieces(count), media_type="text/event-stream")
        await asyncio.sleep(0.02 * count)
        return [whole(count)]

    async def pieces(count: int) -> AsyncIterator[str]:
        for number in range(count):
            await asyncio.sleep(0.025)
            last = (
                whole(count) if number == count - 1 else {"generated_text": None, "details": None}
            )
            yield f"data:{json.dumps({'token': token(number), **last})}\n\n"

    uvicorn.run(app, host=address, port=int(port))


def ask(url: str) -> None:
    """Whole answers and token streams."""
    from text_generation import Client

    client = Client(url)
    for _ in range(4):
        client.generate("What is a queue? " * 8, max_new_tokens=20)
    for _ in range(2):
        for _piece in client.generate_stream("What is a link? " * 8, max_new_tokens=60):
            pass


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else ask)(*sys.argv[2:])
