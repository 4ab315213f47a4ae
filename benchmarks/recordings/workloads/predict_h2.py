"""A model behind FastAPI in HTTP/2 without TLS: `server ADDRESS PORT` or `client URL`."""

import asyncio
import random
import sys


def serve(address: str, port: str) -> None:
    """/predict, and what SageMaker asks containers for."""
    from fastapi import FastAPI, Request
    from hypercorn.asyncio import serve as run
    from hypercorn.config import Config

    app = FastAPI()

    @app.get("/ping")
    async def ping() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/predict")
    @app.post("/invocations")
    async def predict(request: Request) -> dict[str, list[float]]:
        rows = (await request.json())["instances"]
        await asyncio.sleep(0.02)
        return {"predictions": [sum(row) for row in rows]}

    settings = Config()
    settings.bind = [f"{address}:{port}"]
    asyncio.run(run(app, settings))


def ask(url: str) -> None:
    """One connection for each of two clients."""
    import httpx

    for path in ("/predict", "/invocations"):
        with httpx.Client(base_url=url, http1=False, http2=True) as client:
            client.get("/ping")
            for _ in range(15):
                rows = [[random.random() for _ in range(60)] for _ in range(6)]
                client.post(path, json={"instances": rows}).raise_for_status()


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else ask)(*sys.argv[2:])
