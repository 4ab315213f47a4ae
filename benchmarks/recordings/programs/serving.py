"""Model servers: KServe, MLServer, BentoML, LitServe, MLflow, TorchServe, TF Serving, PyTriton."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs.torch_gloo import TORCH
from benchmarks.recordings.stage import WORKLOADS, Stage


@recording(
    "kserve-python", "KServe Python server (v1/v2 REST and gRPC)", "inference",
    pip=("kserve", "numpy"), note="server and client are KServe's",
)  # fmt: skip
def kserve(stage: Stage) -> None:
    """Both protocols over HTTP, the second one over gRPC."""
    http, rpc = stage.port(8080), stage.port(8081)
    script = [stage.python, WORKLOADS / "kserve_model.py"]
    stage.start(1, [*script, "server", http, rpc])
    stage.listens(1, http, 90)
    stage.listens(1, rpc)
    stage.start(2, [*script, "client", stage.address(1), http, rpc]).finish()


@recording(
    "bentoml-service", "BentoML 1.4 service (HTTP)", "inference", pip=("bentoml", "numpy"),
)  # fmt: skip
def bentoml(stage: Stage) -> None:
    """BentoML's own client."""
    port = stage.port(3000)
    script = [stage.python, WORKLOADS / "bentoml_service.py"]
    quiet = {"BENTOML_DO_NOT_TRACK": 1, "PYTHONPATH": WORKLOADS}
    tool = stage.python.parent / "bentoml"
    stage.start(
        1, [tool, "serve", "bentoml_service:Scorer", "--host", "0.0.0.0", "--port", port],
        env={**quiet, "PATH": f"{tool.parent}:/usr/bin:/bin"},
    ).says(r"(?i)started|running|Starting", 60)  # fmt: skip
    stage.listens(1, port, 90)
    stage.start(2, [*script, f"http://{stage.address(1)}:{port}"], env=quiet).finish(90)


@recording(
    "litserve-api", "LitServe (HTTP /predict)", "inference", pip=("litserve", "httpx", "numpy")
)
def litserve(stage: Stage) -> None:
    """Predictions and a stream."""
    port = stage.port(8000)
    script = [stage.python, WORKLOADS / "litserve_api.py"]
    stage.start(1, [*script, "server", port])
    stage.listens(1, port, 90)
    stage.start(2, [*script, "client", f"http://{stage.address(1)}:{port}"]).finish()


@recording(
    "mlflow-scoring", "MLflow model scoring (/invocations)", "inference",
    pip=("mlflow", "numpy", "httpx"),
)  # fmt: skip
def mlflow(stage: Stage) -> None:
    """A python function."""
    port = stage.port(5001)
    script = [stage.python, WORKLOADS / "mlflow_model.py"]
    env = {"PATH": f"{stage.python.parent}:/usr/bin:/bin", "MLFLOW_DISABLE_TELEMETRY": "true"}
    stage.start(1, [*script, "save", stage.folder / "model"], env=env).finish(60)
    stage.start(
        1,
        [stage.python.parent / "mlflow", "models", "serve", "-m", stage.folder / "model",
         "--host", "0.0.0.0", "--port", port, "--env-manager", "local"],
        env=env,
    )  # fmt: skip
    stage.listens(1, port, 60)
    stage.start(2, [*script, "ask", f"http://{stage.address(1)}:{port}"], env=env).finish()


@recording(
    "torchserve-rest-grpc", "TorchServe 0.12 (REST and gRPC)", "inference",
    pip=("torchserve", "torch-model-archiver", "httpx", "grpcio", "protobuf", "pyyaml", "psutil",
         "packaging", "setuptools<80", *TORCH),
    apt={"java": "default-jre-headless"}, note="the metrics port is telemetry",
)  # fmt: skip
def torchserve(stage: Stage) -> None:
    """Inference, management and metrics."""
    ask, manage = stage.port(8080), stage.port(8081)
    metrics, rpc = stage.port(8082, "telemetry"), stage.port(7070)
    tools = stage.python.parent
    env = {"PATH": f"{tools}:/usr/bin:/bin", "TS_DISABLE_TOKEN_AUTHORIZATION": "true"}
    script = WORKLOADS / "torchserve_handler.py"
    store = stage.folder / "store"
    store.mkdir()
    stage.start(
        1,
        [tools / "torch-model-archiver", "--model-name", "double", "--version", "1", "--handler",
         script, "--export-path", store],
        env=env,
    ).finish()  # fmt: skip
    settings = stage.folder / "config.properties"
    settings.write_text(
        f"inference_address=http://0.0.0.0:{ask}\nmanagement_address=http://0.0.0.0:{manage}\n"
        f"metrics_address=http://0.0.0.0:{metrics}\ngrpc_inference_address=0.0.0.0\n"
        f"grpc_inference_port={rpc}\nmetrics_mode=prometheus\ndefault_workers_per_model=1\n",
        encoding="ascii",
    )
    stage.start(
        1,
        [tools / "torchserve", "--start", "--foreground", "--model-store", store, "--models",
         "double=double.mar", "--ts-config", settings, "--disable-token-auth"],
        env=env,
    )  # fmt: skip
    stage.listens(1, ask, 60)
    stage.listens(1, rpc)
    where = [stage.address(1), ask, manage, metrics, rpc]
    stage.start(2, [stage.python, WORKLOADS / "torchserve_client.py", *where]).finish()


@recording(
    "tensorflow-serving", "TensorFlow Serving API (gRPC and REST; stand-in server)", "inference",
    pip=("grpcio", "httpx"),
    note="both ends are stand-ins of ours with its services, methods, fields and REST paths",
)  # fmt: skip
def tf_serving(stage: Stage) -> None:
    """Predict, GetModelMetadata, GetModelStatus."""
    rpc, http = stage.port(8500), stage.port(8501)
    script = [stage.python, WORKLOADS / "tensorflow_serving.py"]
    stage.start(1, [*script, "server", rpc, http])
    stage.listens(1, rpc, 60)
    stage.start(2, [*script, "client", stage.address(1), rpc, http]).finish()


@recording(
    "pytriton-server", "Triton Inference Server (PyTriton), HTTP and gRPC", "inference",
    pip=("nvidia-pytriton", "numpy<2", "tritonclient[all]"),
    note="a real Triton server; its metrics port is telemetry",
)  # fmt: skip
def triton(stage: Stage) -> None:
    """Tensors in and out."""
    http, rpc, metrics = stage.port(8000), stage.port(8001), stage.port(8002, "telemetry")
    script = [stage.python, WORKLOADS / "triton_model.py"]
    stage.start(1, [*script, "server", http, rpc, metrics])
    stage.listens(1, http, 60)
    stage.listens(1, rpc)
    stage.start(2, [*script, "client", stage.address(1), http, rpc, metrics]).finish()
