"""A stand-in for the Hugging Face hub: ADDRESS PORT [KEY CHAIN]."""

import hashlib
import random
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b'{"model_type": "llama"}' * 10,
    "tokenizer.json": b'{"version": "1.0"}' * 2000,
    "model-00001-of-00002.safetensors": random.Random(0).randbytes(900_000),
    "model-00002-of-00002.safetensors": random.Random(1).randbytes(700_000),
}
app = FastAPI()


@app.get("/api/models/{owner}/{name}/revision/{revision}")
@app.get("/api/models/{owner}/{name}")
async def model(owner: str, name: str, revision: str = "main") -> dict[str, Any]:
    """What is in a repository."""
    siblings = [{"rfilename": file} for file in FILES]
    return {
        "_id": "1",
        "id": f"{owner}/{name}",
        "modelId": f"{owner}/{name}",
        "sha": COMMIT,
        "private": False,
        "downloads": 0,
        "likes": 0,
        "siblings": siblings,
        "tags": [],
    }


@app.get("/api/models/{owner}/{name}/tree/{revision}")
async def tree(owner: str, name: str, revision: str) -> list[dict[str, Any]]:
    """Its files."""
    return [
        {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
        for path, data in FILES.items()
    ]


@app.api_route("/{owner}/{name}/resolve/{revision}/{path}", methods=["GET", "HEAD"])
async def resolve(owner: str, name: str, revision: str, path: str, request: Request) -> Response:
    """One file, with the hub's headers."""
    data = FILES[path]
    tag = hashlib.sha256(data).hexdigest()
    headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{tag}"', "Accept-Ranges": "bytes"}
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(len(data))})
    return Response(data, headers=headers, media_type="application/octet-stream")


if __name__ == "__main__":
    address, port, *tls = sys.argv[1:]
    key, chain = tls or (None, None)
    uvicorn.run(app, host=address, port=int(port), ssl_keyfile=key, ssl_certfile=chain)
