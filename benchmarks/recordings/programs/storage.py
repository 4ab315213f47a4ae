"""Where models and data come from: a model hub, S3, MLflow's registry, plain downloads, FTP."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.labels import Flow
from benchmarks.recordings.programs.certificates import certificate
from benchmarks.recordings.stage import WORKLOADS, Stage

_HUB = ("huggingface_hub", "fastapi", "uvicorn")
_LARGE = 200_000  # bytes of payload; from here on a download is bulk and not background


@recording(
    "huggingface-hub-http", "Hugging Face hub API (huggingface_hub -> stand-in)",
    "model-distribution", pip=_HUB, note="the hub is a stand-in of ours; the client is real",
)  # fmt: skip
def hub(stage: Stage) -> None:
    """snapshot_download and an upload."""
    port = stage.port(8080)
    stage.start(1, [stage.python, WORKLOADS / "hub_server.py", stage.address(1), port])
    stage.listens(1, port)
    url = f"http://{stage.address(1)}:{port}"
    client = [stage.python, WORKLOADS / "hub_client.py"]
    env = {"HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": 1, "HF_HUB_DISABLE_TELEMETRY": 1}
    stage.start(2, client, env=env).finish()


@recording(
    "huggingface-hub-tls", "Hugging Face hub API over TLS (SNI huggingface.co)",
    "model-distribution", pip=_HUB, apt={"openssl": "openssl"},
    note="ENCRYPTED, handshake present: the name of the hub; server and name are stand-ins",
)  # fmt: skip
def hub_tls(stage: Stage) -> None:
    """The same for who sees only the SNI."""
    key, chain = certificate(stage, 1, "huggingface.co")
    stage.name("huggingface.co", 1)
    port = stage.port(443)
    server = [stage.python, WORKLOADS / "hub_server.py", stage.address(1), port, key, chain]
    stage.start(1, server)
    stage.listens(1, port)
    env = {"HF_HUB_DISABLE_XET": 1, "HF_HUB_DISABLE_TELEMETRY": 1, "SSL_CERT_FILE": chain,
           "REQUESTS_CA_BUNDLE": chain,
           "HF_ENDPOINT": f"https://huggingface.co:{port}"}  # fmt: skip
    stage.start(2, [stage.python, WORKLOADS / "hub_client.py"], env=env).finish()


@recording(
    "s3-boto3-minio-clients", "S3 (boto3 with checksum trailers, minio client -> moto)", "bulk",
    pip=("moto[server]", "boto3", "minio", "setuptools<80"),
)  # fmt: skip
def s3(stage: Stage) -> None:
    """Multipart uploads, ranges, listings; signed in both of SigV4's ways."""
    port = stage.port(9000)
    stage.start(1, [stage.python.parent / "moto_server", "-H", stage.address(1), "-p", port])
    stage.listens(1, port)
    url = f"http://{stage.address(1)}:{port}"
    stage.start(2, [stage.python, WORKLOADS / "s3_client.py", url]).finish()


@recording(
    "s3-minio-tls", "S3 over TLS (minio client -> moto)", "bulk",
    pip=("moto[server]", "boto3", "minio", "setuptools<80"), apt={"openssl": "openssl"},
    note="ENCRYPTED, handshake present",
)  # fmt: skip
def s3_tls(stage: Stage) -> None:
    """The same, encrypted."""
    key, chain = certificate(stage, 1)
    port = stage.port(9000)
    stage.start(
        1,
        [stage.python.parent / "moto_server", "-H", stage.address(1), "-p", port, "-c", chain,
         "-k", key],
    )  # fmt: skip
    stage.listens(1, port)
    env = {"SSL_CERT_FILE": chain, "AWS_CA_BUNDLE": chain}
    url = f"https://{stage.address(1)}:{port}"
    stage.start(2, [stage.python, WORKLOADS / "s3_client.py", url], env=env).finish()


@recording(
    "http-downloads", "HTTP downloads and pages (Python http.server, requests)", "background",
    pip=("requests",), note="large downloads are bulk, pages are background; never inference",
)  # fmt: skip
def downloads(stage: Stage) -> None:
    """Large and small things from the same server."""
    port = stage.port(8000)
    files = stage.folder / "files"
    files.mkdir()
    (files / "index.html").write_text("<html>" + "<p>queues</p>" * 100, encoding="ascii")
    (files / "dataset.bin").write_bytes(bytes(range(256)) * 6000)
    stage.start(1, [stage.python, "-m", "http.server", port, "--directory", files])
    stage.listens(1, port)
    stage.label(_by_size)
    url = f"http://{stage.address(1)}:{port}"
    stage.start(2, [stage.python, WORKLOADS / "downloads.py", url]).finish()


def _by_size(flow: Flow) -> str:
    return "bulk" if flow.up + flow.down > _LARGE else "background"


@recording(
    "ftp-transfers", "FTP (pyftpdlib, ftplib), passive and active", "bulk", pip=("pyftpdlib<2",),
    note="the control connection is bulk as well",
)  # fmt: skip
def ftp(stage: Stage) -> None:
    """Uploads and downloads."""
    port = stage.port(21)
    script = [stage.python, WORKLOADS / "ftp_transfers.py"]
    stage.start(1, [*script, "server", stage.address(1), port])
    stage.listens(1, port)
    stage.start(2, [*script, "client", stage.address(1), port]).finish()


@recording(
    "mlflow-registry", "MLflow tracking and artifacts (HTTP)", "model-distribution",
    pip=("mlflow", "numpy", "httpx"), note="tracking calls share the port with artifacts",
)  # fmt: skip
def registry(stage: Stage) -> None:
    """A run with metrics, a model that is stored and fetched."""
    port = stage.port(5000)
    tools = stage.python.parent
    env = {"PATH": f"{tools}:/usr/bin:/bin", "MLFLOW_DISABLE_TELEMETRY": "true",
           "MLFLOW_SERVER_ALLOWED_HOSTS": "*", "MLFLOW_TRACKING_URI":
           f"http://{stage.address(1)}:{port}"}  # fmt: skip
    stage.start(
        1,
        [tools / "mlflow", "server", "--host", "0.0.0.0", "--port", port, "--workers", 1,
         "--backend-store-uri", f"sqlite:///{stage.folder}/runs.db", "--artifacts-destination",
         stage.folder / "artifacts"],
        env=env,
    )  # fmt: skip
    stage.listens(1, port, 90)
    stage.start(2, [stage.python, WORKLOADS / "mlflow_run.py"], env=env).finish(90)
