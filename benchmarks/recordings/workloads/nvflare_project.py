"""NVIDIA FLARE: `provision FOLDER PORT ADMIN_PORT`, `submit KIT FOLDER`, or a site's script."""

import os
import sys
from pathlib import Path

import numpy as np

NUMBERS = int(os.environ.get("NUMBERS", "60000"))
PROJECT = """
api_version: 3
name: recording
description: two sites
participants:
  - {name: h1, type: server, org: lab, fed_learn_port: %s, admin_port: %s}
  - {name: site-2, type: client, org: lab}
  - {name: site-3, type: client, org: lab}
  - {name: admin@lab.org, type: admin, org: lab, role: project_admin}
builders:
  - path: nvflare.lighter.impl.workspace.WorkspaceBuilder
    args: {template_file: [master_template.yml]}
  - path: nvflare.lighter.impl.static_file.StaticFileBuilder
    args: {config_folder: config}
  - path: nvflare.lighter.impl.cert.CertBuilder
  - path: nvflare.lighter.impl.signature.SignatureBuilder
"""


def provision(folder: str, port: str, admin: str) -> None:
    """Startup kits for all."""
    from nvflare.cli import main

    project = Path("project.yml")
    project.write_text(PROJECT % (port, admin), encoding="ascii")
    sys.argv = ["nvflare", "provision", "-p", str(project), "-w", folder, "--force"]
    main()


def submit(kit: str, folder: str) -> None:
    """Three rounds of averaging some numbers."""
    from nvflare.app_common.np.recipes.fedavg import NumpyFedAvgRecipe
    from nvflare.recipe import ProdEnv

    recipe = NumpyFedAvgRecipe(
        name="recording",
        model=np.zeros(NUMBERS),
        min_clients=2,
        num_rounds=3,
        train_script=__file__,
    )
    run = recipe.execute(ProdEnv(kit, login_timeout=30, username="admin@lab.org"))
    print(run.get_job_id(), run.get_status(), run.get_result(80))


def train() -> None:
    """What a site does in a round."""
    import nvflare.client as flare

    flare.init()
    while flare.is_running():
        model = flare.receive()
        params = {name: value + 1.0 for name, value in model.params.items()}
        flare.send(flare.FLModel(params=params, metrics={"accuracy": 0.5}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["provision"]:
        provision(*sys.argv[2:])
    elif sys.argv[1:2] == ["submit"]:
        submit(*sys.argv[2:])
    else:
        train()
