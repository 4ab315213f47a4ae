"""Pushes a model as an OCI artifact and pulls it again, with oras-py: REFERENCE FOLDER."""

import os
import sys
from pathlib import Path

import oras.client

if __name__ == "__main__":
    reference, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir()
    os.chdir(folder)
    for number in range(3):
        Path(f"shard{number}.safetensors").write_bytes(os.urandom(300_000))
    Path("config.json").write_text('{"layers": 2}', encoding="ascii")
    client = oras.client.OrasClient(insecure=True, hostname=reference.split("/")[0])
    names = [*(f"shard{n}.safetensors:application/vnd.model.weights" for n in range(3)),
             "config.json:application/json"]  # fmt: skip
    client.push(target=reference, files=names, disable_path_validation=True)
    client.get_tags(reference.rpartition(":")[0])
    client.pull(target=reference, outdir=str(folder / "back"))
