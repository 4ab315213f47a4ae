"""A stand-in for vLLM and Ollama: their HTTP API with random words. ADDRESS PORT [KEY CHAIN]."""

import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from sse_starlette.sse import EventSourceResponse

TOKENS_S = 50
app = FastAPI()
WORDS = ("the", "model", "says", "that", "a", "network", "of", "queues", "walks", "downhill")


async def tokens(count: int) -> AsyncIterator[str]:
    """Words at the pace of a model."""
    for _ in range(count):
        await asyncio.sleep(random.expovariate(TOKENS_S))
        yield random.choice(WORDS) + " "


def chunk(text: str, end: str | None = None) -> str:
    """One event of a chat completion."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": end, "logprobs": None}
    return json.dumps(
        {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": int(time.time()),
         "model": "tiny", "choices": [choice]}
    )  # fmt: skip


@app.get("/health")
async def health() -> dict[str, str]:
    """Liveness."""
    return {}


@app.get("/v1/models")
async def models() -> dict[str, Any]:
    """What is served."""
    return {"object": "list", "data": [{"id": "tiny", "object": "model", "owned_by": "vllm"}]}


@app.post("/v1/chat/completions")
async def chat(request: Request) -> Any:
    """Chat, streamed or whole."""
    asked = await request.json()
    count = int(asked.get("max_tokens") or asked.get("max_completion_tokens") or 60)
    if asked.get("stream"):

        async def events() -> AsyncIterator[str]:
            async for token in tokens(count):
                yield chunk(token)
            yield chunk("", "stop")
            yield "[DONE]"

        return EventSourceResponse(events())
    text = "".join([token async for token in tokens(count)])
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 9, "completion_tokens": count, "total_tokens": 9 + count}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": int(time.time()),
            "model": "tiny", "choices": choices, "usage": usage}  # fmt: skip


@app.post("/v1/embeddings")
async def embeddings(request: Request) -> dict[str, Any]:
    """One vector per input."""
    inputs = (await request.json())["input"]
    data = [
        {"object": "embedding", "index": i, "embedding": [random.random() for _ in range(384)]}
        for i in range(len(inputs))
    ]
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    return {"object": "list", "model": "tiny", "data": data, "usage": usage}


@app.get("/api/tags")
async def tags() -> dict[str, Any]:
    """Ollama's list of models."""
    return {"models": [{"model": "tiny", "size": 1000, "digest": "0" * 64}]}


async def lines(count: int, field: str) -> AsyncIterator[str]:
    """Ollama streams a JSON line per token."""
    async for token in tokens(count):
        said: Any = {"role": "assistant", "content": token} if field == "message" else token
        yield json.dumps({"model": "tiny", "created_at": "2026-01-01T00:00:00Z", field: said,
                          "done": False}) + "\n"  # fmt: skip
    said = {"role": "assistant", "content": ""} if field == "message" else ""
    yield json.dumps({"model": "tiny", "created_at": "2026-01-01T00:00:00Z", field: said,
                      "done": True, "done_reason": "stop"}) + "\n"  # fmt: skip


@app.post("/api/chat")
async def ollama_chat(_: Request) -> StreamingResponse:
    """Ollama's chat."""
    return StreamingResponse(lines(80, "message"), media_type="application/x-ndjson")


@app.post("/api/generate")
async def ollama_generate(_: Request) -> StreamingResponse:
    """Ollama's completion."""
    return StreamingResponse(lines(50, "response"), media_type="application/x-ndjson")


@app.post("/api/embed")
async def ollama_embed(_: Request) -> dict[str, Any]:
    """Ollama's embeddings."""
    return {"model": "tiny", "embeddings": [[random.random() for _ in range(384)]]}


if __name__ == "__main__":
    address, port, *tls = sys.argv[1:]
    key, chain = tls or (None, None)
    uvicorn.run(app, host=address, port=int(port), ssl_keyfile=key, ssl_certfile=chain)
