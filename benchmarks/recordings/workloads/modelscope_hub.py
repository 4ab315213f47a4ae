"""ModelScope's hub: a stand-in `server ADDRESS PORT`, its real `client`."""

import hashlib
import random
import sys
from typing import Any

FILES = {
    "configuration.json": b'{"task": "chat", "framework": "pytorch"}',
    "tokenizer.json": b'{"version": "1.0"}' * 3000,
    "model-00001.safetensors": random.Random(3).randbytes(800_000),
    "model-00002.safetensors": random.Random(4).randbytes(500_000),
}


def serve(address: str, port: str) -> None:
    """Revisions, files, contents."""
    import uvicorn
    from fastapi import FastAPI, Response

    app = FastAPI()
    entries = [
        {"Path": name, "Name": name, "Size": len(data), "Type": "blob", "Revision": "a" * 40,
         "Sha256": hashlib.sha256(data).hexdigest(), "Mode": "33188", "CommittedDate": 1700000000}
        for name, data in FILES.items()
    ]  # fmt: skip

    def answer(data: Any) -> dict[str, Any]:
        return {"Code": 200, "Success": True, "Message": "", "RequestId": "1", "Data": data}

    @app.get("/api/v1/models/{owner}/{name}")
    async def model(owner: str, name: str) -> dict[str, Any]:
        return answer({"Name": name, "Path": owner})

    @app.get("/api/v1/models/{owner}/{name}/revisions")
    async def revisions(owner: str, name: str) -> dict[str, Any]:
        master = {"Revision": "master", "CreatedAt": 1700000000}
        known = {"Tags": [master], "Branches": [master]}
        return answer({"RevisionMap": known})

    @app.get("/api/v1/models/{owner}/{name}/repo/files")
    async def files(owner: str, name: str) -> dict[str, Any]:
        return answer({"Files": entries})

    @app.get("/api/v1/models/{owner}/{name}/repo")
    async def content(owner: str, name: str, FilePath: str) -> Response:
        return Response(FILES[FilePath], media_type="application/octet-stream")

    uvicorn.run(app, host=address, port=int(port))


def fetch(folder: str) -> None:
    """A snapshot."""
    from modelscope.hub import constants

    constants.MODELSCOPE_URL_SCHEME = "http://"  # there is no setting for it
    from modelscope.hub.snapshot_download import snapshot_download

    print(snapshot_download("lab/tiny", cache_dir=folder))


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else fetch)(*sys.argv[2:])
