"""Language model serving: OpenAI-style HTTP, plain and in TLS, with token streams."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs.certificates import certificate
from benchmarks.recordings.programs.torch_gloo import TORCH
from benchmarks.recordings.stage import WORKLOADS, Program, Stage

_OPENAI = ("openai", "fastapi", "uvicorn", "sse-starlette", "httpx")
_STAND_IN = "the server is a stand-in of ours with the wire format of vLLM; the client is real"


def _serve(stage: Stage, port: int, *more: object) -> Program:
    server = stage.start(
        1,
        [stage.python, WORKLOADS / "openai_server.py", stage.address(1), port, *more],
    )
    stage.listens(1, port)
    return server


@recording(
    "openai-chat-http", "OpenAI API over HTTP (openai client -> vLLM stand-in)", "inference",
    pip=_OPENAI, note=_STAND_IN,
)  # fmt: skip
def chat(stage: Stage) -> None:
    """Completions, embeddings and token streams."""
    port = stage.port(8000)
    _serve(stage, port)
    base = f"http://{stage.address(1)}:{port}/v1"
    stage.start(2, [stage.python, WORKLOADS / "openai_client.py", base]).finish()


@recording(
    "openai-chat-tls", "OpenAI API over TLS (openai client -> vLLM stand-in)", "inference",
    pip=_OPENAI, note=f"ENCRYPTED, handshake present; {_STAND_IN}", apt={"openssl": "openssl"},
)  # fmt: skip
def chat_tls(stage: Stage) -> None:
    """The same, encrypted: only the rhythm of the tokens tells."""
    key, chain = certificate(stage, 1)
    port = stage.port(8443)
    _serve(stage, port, key, chain)
    base = f"https://h1:{port}/v1"
    client = [stage.python, WORKLOADS / "openai_client.py", base]
    stage.start(2, client, env={"SSL_CERT_FILE": chain}).finish()


@recording(
    "ollama-api", "Ollama API (ollama client -> stand-in)", "inference",
    pip=("ollama", *_OPENAI),
    note="the server is a stand-in of ours with Ollama's wire format; the client is real",
)  # fmt: skip
def ollama(stage: Stage) -> None:
    """/api/chat, /api/generate, /api/tags and /api/embed."""
    port = stage.port(11434)
    _serve(stage, port)
    client = [stage.python, WORKLOADS / "ollama_client.py", f"http://{stage.address(1)}:{port}"]
    stage.start(2, client).finish()


@recording(
    "transformers-serve", "Transformers `serve`, OpenAI-style HTTP", "inference",
    pip=("transformers[serving]", "openai", *TORCH),
    note="a real server with a tiny random model",
)  # fmt: skip
def transformers_serve(stage: Stage) -> None:
    """Hugging Face's own server, streaming tokens of a random model."""
    port = stage.port(8000)
    model = stage.folder / "model"
    (stage.folder / ".cache" / "huggingface" / "hub").mkdir(parents=True)
    stage.start(1, [stage.python, WORKLOADS / "tiny_model.py", model]).finish()
    stage.start(
        1,
        [
            stage.python.parent / "transformers", "serve", "--host", stage.address(1),
            "--port", port,
        ],
        env={"HF_HUB_OFFLINE": 1, "OMP_NUM_THREADS": 1},
    )  # fmt: skip
    stage.listens(1, port, 120)
    base = f"http://{stage.address(1)}:{port}/v1"
    client = [stage.python, WORKLOADS / "openai_client.py", base, str(model)]
    stage.start(2, client).finish(90)
