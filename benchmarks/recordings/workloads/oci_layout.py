"""Makes an OCI image layout of random layers: what a model in a registry looks like.

oci_layout.py FOLDER BYTES…
"""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path

_KIND = "application/vnd.oci.image"


def _blob(folder: Path, data: bytes, kind: str) -> dict[str, object]:
    digest = hashlib.sha256(data).hexdigest()
    (folder / "blobs" / "sha256" / digest).write_bytes(data)
    return {"mediaType": f"{_KIND}.{kind}", "digest": f"sha256:{digest}", "size": len(data)}


def _layer(size: int) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        entry = tarfile.TarInfo("model/weights.bin")
        entry.size = size
        tar.addfile(entry, io.BytesIO(os.urandom(size)))
    return held.getvalue()


def _main(folder: Path, sizes: list[int]) -> None:
    (folder / "blobs" / "sha256").mkdir(parents=True)
    tars = [_layer(size) for size in sizes]
    layers = [_blob(folder, gzip.compress(tar), "layer.v1.tar+gzip") for tar in tars]
    names = [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]
    about = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": names},
    }
    config = _blob(folder, json.dumps(about).encode(), "config.v1+json")
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_KIND}.manifest.v1+json",
        "config": config,
        "layers": layers,
    }
    entry = _blob(folder, json.dumps(manifest).encode(), "manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
    index = {"schemaVersion": 2, "manifests": [entry]}
    (folder / "index.json").write_text(json.dumps(index), encoding="ascii")
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', encoding="ascii")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), [int(size) for size in sys.argv[2:]])
