"""The stand-in for OpenAI in HTTP/2: `server ADDRESS PORT KEY CHAIN` or `client URL CHAIN`."""

import asyncio
import sys

import httpx


def serve(address: str, port: str, key: str, chain: str) -> None:
    """Under Hypercorn, which offers h2."""
    from hypercorn.asyncio import serve as run
    from hypercorn.config import Config
    from openai_server import app

    settings = Config()
    settings.bind, settings.keyfile, settings.certfile = [f"{address}:{port}"], key, chain
    asyncio.run(run(app, settings))


def ask(url: str, chain: str) -> None:
    """A whole answer, then streams."""
    words = [{"role": "user", "content": "What is a queue? " * 12}]
    with httpx.Client(base_url=url, http2=True, verify=chain, timeout=30) as client:
        client.get("/models").raise_for_status()
        body = {"model": "tiny", "messages": words, "max_tokens": 60}
        client.post("/chat/completions", json=body).raise_for_status()
        for _ in range(3):
            with client.stream(
                "POST", "/chat/completions", json={**body, "stream": True}
            ) as answer:
                for _line in answer.iter_lines():
                    pass


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else ask)(*sys.argv[2:])
