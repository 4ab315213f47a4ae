"""Model servers and their clients that no classifier was built with."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.programs.certificates import certificate
from benchmarks.recordings.stage import WORKLOADS, Stage

MESSAGES = ("pysyncobj", "websockets", "lcm", "slixmpp", "aiokafka", "confluent-kafka==2.13.0",
            "nats-py==2.9.0", "wyoming")  # fmt: skip
_HTTP = ("text-generation", "fastapi", "uvicorn", "sse-starlette", "httpx[http2]", "hypercorn")


def _pair(stage: Stage, script: str, default: int, patience_s: float = 60.0) -> None:
    """A script that serves, and asks itself by an address."""
    port = stage.port(default)
    words = [stage.python, WORKLOADS / script]
    quiet = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": 1, "DO_NOT_TRACK": 1}
    stage.start(1, [*words, "server", stage.address(1), port], env=quiet)
    stage.listens(1, port, patience_s)
    url = f"http://{stage.address(1)}:{port}"
    stage.start(2, [*words, "client", url], env=quiet).finish(patience_s)


@recording(
    "mlserver-rest-grpc",
    "MLServer, v2 REST (urllib) and gRPC (tritonclient)",
    "inference",
    pip=("mlserver", "tritonclient[all]", "numpy"),
    note="its metrics port is telemetry",
)
def mlserver(stage: Stage) -> None:
    """Small rows over REST, large batches over gRPC."""
    ports = [stage.port(8080), stage.port(8081), stage.port(8082, "telemetry")]
    script = [stage.python, WORKLOADS / "mlserver_client.py"]
    home = stage.folder / "model"
    stage.start(1, [*script, "settings", home, *ports]).finish()
    stage.start(1, [stage.python.parent / "mlserver", "start", home], env={"PYTHONPATH": WORKLOADS})
    for port in ports:
        stage.listens(1, port)
    stage.start(2, [*script, "client", stage.address(1), *ports]).finish()


@recording("gradio-app", "Gradio app and gradio_client (HTTP, SSE queue)", "inference",
           pip=("gradio", "gradio_client"))  # fmt: skip
def gradio(stage: Stage) -> None:
    """A classifier and a stream of words."""
    _pair(stage, "gradio_app.py", 7860, 90)


@recording(
    "litellm-proxy",
    "LiteLLM proxy (OpenAI and Anthropic clients, urllib)",
    "inference",
    pip=("litellm[proxy]", "openai", "anthropic"),
    note="the model is LiteLLM's mock",
)
def litellm(stage: Stage) -> None:
    """/chat/completions and /v1/messages, whole and streamed."""
    port = stage.port(4000)
    answer = "Packets wait in queues until the link is free again. " * 4
    settings = daemons.settings(
        stage.folder / "litellm.yaml",
        "model_list:\n- model_name: tiny\n  litellm_params:\n    model: openai/tiny\n"
        f"    api_key: none\n    mock_response: '{answer}'\n",
    )
    quiet = {"LITELLM_MASTER_KEY": "sk-recording", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
             "LITELLM_TELEMETRY": "False",
             "PATH": f"{stage.python.parent}:/usr/bin:/bin"}  # fmt: skip
    words = ["--config", settings, "--host", stage.address(1), "--port", port]
    stage.start(1, [stage.python.parent / "litellm", *words], env=quiet)
    stage.listens(1, port, 100)
    url = f"http://{stage.address(1)}:{port}"
    stage.start(2, [stage.python, WORKLOADS / "litellm_clients.py", url]).finish(60)


@recording("langserve-chains", "LangServe (invoke, batch, stream; RemoteRunnable)", "inference",
           pip=("langserve[all]", "uvicorn", "langchain-core", "httpx"))  # fmt: skip
def langserve(stage: Stage) -> None:
    """Two chains."""
    _pair(stage, "langserve_app.py", 8000, 90)


@recording(
    "tgi-text-generation",
    "Text Generation Inference (its Python client -> stand-in)",
    "inference",
    pip=_HTTP,
    note="the server is a stand-in of ours; the client is real",
)
def tgi(stage: Stage) -> None:
    """Token streams by POST /."""
    _pair(stage, "tgi.py", 8080)


@recording("predict-http2-cleartext", "FastAPI /predict, /invocations over h2c (Hypercorn, httpx)",
           "inference", pip=_HTTP)  # fmt: skip
def predict(stage: Stage) -> None:
    """REST in HTTP/2 without TLS."""
    _pair(stage, "predict_h2.py", 8090)


@recording("openai-http2-tls", "OpenAI API in HTTP/2 over TLS (httpx -> Hypercorn stand-in)",
           "inference", pip=_HTTP, apt={"openssl": "openssl"},
           note="ENCRYPTED, handshake present; the server is a stand-in of ours")  # fmt: skip
def openai_http2(stage: Stage) -> None:
    """Token streams in one connection."""
    port = stage.port(8443)
    key, chain = certificate(stage, 1)
    script = [stage.python, WORKLOADS / "openai_http2.py"]
    stage.start(1, [*script, "server", stage.address(1), port, key, chain])
    stage.listens(1, port)
    stage.start(2, [*script, "client", f"https://h1:{port}/v1", chain]).finish()


@recording("triton-grpc-stream", "Triton (PyTriton), decoupled model in a gRPC stream", "inference",
           pip=("nvidia-pytriton", "numpy<2", "tritonclient[all]"))  # fmt: skip
def triton(stage: Stage) -> None:
    """ModelStreamInfer."""
    http, rpc, metrics = stage.port(8000), stage.port(8001), stage.port(8002, "telemetry")
    script = [stage.python, WORKLOADS / "triton_stream.py"]
    stage.start(1, [*script, "server", http, rpc, metrics])
    stage.listens(1, rpc)
    stage.start(2, [*script, "client", stage.address(1), rpc]).finish()


@recording("wyoming-speech", "Wyoming protocol (speech to text, as voice assistants have it)",
           "inference", pip=MESSAGES, note="its package at both ends, without a model")  # fmt: skip
def wyoming(stage: Stage) -> None:
    """Sound one way, sentences back."""
    port = stage.port(10300)
    script = [stage.python, WORKLOADS / "wyoming_speech.py"]
    stage.start(1, [*script, "server", stage.address(1), port])
    stage.listens(1, port)
    stage.start(2, [*script, "client", stage.address(1), port]).finish()
