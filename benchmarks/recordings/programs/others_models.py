"""Hubs and registries that models come from, and that no classifier was built with."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.programs.torch_gloo import TORCH
from benchmarks.recordings.stage import WORKLOADS, Stage

_OLD_HUB = ("huggingface_hub==0.23.5", "fastapi", "uvicorn")
_MODELSCOPE = ("modelscope==1.18.0", "requests", "tqdm", "fastapi", "uvicorn", "setuptools<80",
               "packaging")  # fmt: skip


@recording("huggingface-hub-0-23", "Hugging Face hub API (huggingface_hub 0.23 -> stand-in)",
           "model-distribution", pip=_OLD_HUB, note="the server is a stand-in of ours")  # fmt: skip
def old_hub(stage: Stage) -> None:
    """snapshot_download with several workers."""
    port = stage.port(8080)
    stage.start(1, [stage.python, WORKLOADS / "hub_server.py", stage.address(1), port])
    stage.listens(1, port)
    env = {"HF_ENDPOINT": f"http://{stage.address(1)}:{port}", "HF_HUB_DISABLE_TELEMETRY": 1}
    stage.start(2, [stage.python, WORKLOADS / "hub_client.py"], env=env).finish()


@recording(
    "modelscope-hub",
    "ModelScope hub API (modelscope 1.18 -> stand-in)",
    "model-distribution",
    pip=_MODELSCOPE,
    note="the server is a stand-in of ours",
)
def modelscope(stage: Stage) -> None:
    """snapshot_download."""
    port = stage.port(8000)
    script = [stage.python, WORKLOADS / "modelscope_hub.py"]
    stage.start(1, [*script, "server", stage.address(1), port])
    stage.listens(1, port)
    env = {"MODELSCOPE_DOMAIN": f"{stage.address(1)}:{port}"}
    stage.start(2, [*script, "client", stage.folder / "cache"], env=env).finish()


@recording(
    "oci-oras-python",
    "OCI artifacts (oras-py -> docker-registry 2.8)",
    "model-distribution",
    pip=("oras",),
    apt={"docker-registry": "docker-registry"},
)
def oras(stage: Stage) -> None:
    """Shards of a model pushed and pulled."""
    port = stage.port(5000)
    store = f"{{filesystem: {{rootdirectory: {stage.folder}/store}}}}"
    text = f"version: 0.1\nstorage: {store}\nhttp: {{addr: '{stage.address(1)}:{port}'}}\n"
    stage.start(1, ["docker-registry", "serve", daemons.settings(stage.folder / "r.yml", text)])
    stage.listens(1, port)
    there = f"{stage.address(1)}:{port}/lab/tiny:v2"
    script = [stage.python, WORKLOADS / "oras_artifact.py", there, stage.folder / "model"]
    stage.start(2, script).finish()


@recording("git-lfs-weights", "Git LFS batch API and basic transfer (git-lfs 3.3 -> stand-in)",
           "model-distribution", apt={"git-lfs": "git-lfs", "git": "git"},
           note="the server is a stand-in of ours; git itself goes by files")  # fmt: skip
def git_lfs(stage: Stage) -> None:
    """Weights pushed, then pulled into a clone."""
    port = stage.port(8080)
    stage.start(1, [stage.python, WORKLOADS / "git_lfs_server.py", stage.address(1), port])
    stage.listens(1, port)
    home = stage.folder
    daemons.shell(
        stage, 2,
        f"cd {home}; export GIT_CONFIG_NOSYSTEM=1; git config --global init.defaultBranch main; "
        "git config --global user.email a@lab; git config --global user.name a; "
        "git config --global safe.directory '*'; git lfs install --skip-repo; "
        "git init -q --bare hub.git; git init -q model; cd model; "
        f"git config -f .lfsconfig lfs.url http://{stage.address(1)}:{port}/lfs; "
        f"git config -f .lfsconfig lfs.http://{stage.address(1)}:{port}/lfs.locksverify false; "
        "git lfs track '*.bin'; head -c 700000 /dev/urandom > a.bin; "
        "head -c 400000 /dev/urandom > b.bin; git add -A .; git commit -q -m one; "
        f"git remote add origin {home}/hub.git; git push -q origin main; "
        f"cd {home}; GIT_LFS_SKIP_SMUDGE=1 git clone -q hub.git other; cd other; "
        "rm -rf .git/lfs/objects; git lfs pull; cmp a.bin ../model/a.bin",
    )  # fmt: skip


@recording("torch-hub-weights", "Weights by torch.hub over plain HTTP (Python's http.server)",
           "model-distribution", pip=TORCH,
           note="debatable: large HTTP downloads; the file names and the agent tell")  # fmt: skip
def torch_hub(stage: Stage) -> None:
    """Three files."""
    port = stage.port(8000)
    script = [stage.python, WORKLOADS / "torch_hub.py"]
    stage.start(1, [*script, "server", stage.address(1), port])
    stage.listens(1, port)
    url = f"http://{stage.address(1)}:{port}/models"
    (stage.folder / "models").symlink_to(stage.folder)
    stage.start(2, [*script, "client", url]).finish()
