"""What a server's name or an ALPN name tells: one entry a line, its source beside it.

Owns the tables and the look-up. Names come from TLS and QUIC hellos and from HTTP's Host field.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from classifier.claims import Claim
from classifier.classes import (
    BACKGROUND,
    BULK,
    CONTROL,
    FEDERATED,
    INFERENCE,
    MESSAGING,
    MODELS,
    TELEMETRY,
)
from policies.classes import TrafficClass

_PUBLIC, _PRIVATE = 0.95, 0.6  # how far a registered domain, or a label alone, is to be believed


class Name(NamedTuple):
    """A domain and all below it, or a label; `*` in a domain stands for one label or a part."""

    domain: str
    claim: Claim


class Protocol(NamedTuple):
    """A name of an application-layer protocol (RFC 7301)."""

    name: bytes
    claim: Claim


def _name(domain: str, protocol: str, role: str, kind: TrafficClass, source: str) -> Name:
    return Name(domain, Claim(protocol, role, kind, _PUBLIC, source))


def _label(label: str, protocol: str, role: str, kind: TrafficClass, source: str) -> Name:
    return Name(label, Claim(protocol, role, kind, _PRIVATE, source))


def _alpn(
    name: bytes, protocol: str, role: str, kind: TrafficClass | None, sure: float, source: str
) -> Protocol:
    return Protocol(name, Claim(protocol, role, kind, sure, source))


# fmt: off
NAMES: tuple[Name, ...] = (
    # model distribution
    _name("huggingface.co", "Hugging Face hub", "", MODELS, "huggingface_hub constants.py ENDPOINT"),
    _name("hf.co", "Hugging Face hub", "", MODELS, "huggingface_hub, short links and CDN hosts cdn-lfs.hf.co, cas-bridge.xethub.hf.co"),
    _name("hf-mirror.com", "Hugging Face hub", "mirror", MODELS, "hf-mirror.com"),
    _name("router.huggingface.co", "Hugging Face inference", "", INFERENCE, "Hugging Face Inference Providers"),
    _name("api-inference.huggingface.co", "Hugging Face inference", "", INFERENCE, "Hugging Face Inference API"),
    _name("endpoints.huggingface.cloud", "Hugging Face inference", "", INFERENCE, "Hugging Face Inference Endpoints"),
    _name("modelscope.cn", "ModelScope", "", MODELS, "modelscope/modelscope hub"),
    _name("registry.ollama.ai", "OCI registry", "models", MODELS, "ollama/ollama types/model/name.go"),
    _name("registry-1.docker.io", "OCI registry", "", MODELS, "distribution/reference defaults"),
    _name("docker.io", "OCI registry", "", MODELS, "distribution/reference defaults"),
    _name("production.cloudflare.docker.com", "OCI registry", "", MODELS, "Docker Hub allowlist"),
    _name("docker-images-prod.*.r2.cloudflarestorage.com", "OCI registry", "", MODELS, "Docker Hub allowlist"),
    _name("ghcr.io", "OCI registry", "", MODELS, "GitHub container registry"),
    _name("quay.io", "OCI registry", "", MODELS, "Red Hat Quay"),
    _name("gcr.io", "OCI registry", "", MODELS, "Google container registry"),
    _name("pkg.dev", "OCI registry", "", MODELS, "Google Artifact Registry"),
    _name("registry.k8s.io", "OCI registry", "", MODELS, "Kubernetes image registry"),
    _name("nvcr.io", "OCI registry", "", MODELS, "NVIDIA NGC"),
    _name("mcr.microsoft.com", "OCI registry", "", MODELS, "Microsoft Artifact Registry"),
    _name("azurecr.io", "OCI registry", "", MODELS, "Azure Container Registry"),
    _name("public.ecr.aws", "OCI registry", "", MODELS, "Amazon ECR Public"),
    _name("dkr.ecr.*.amazonaws.com", "OCI registry", "", MODELS, "Amazon ECR"),
    _name("registry.gitlab.com", "OCI registry", "", MODELS, "GitLab container registry"),
    _name("ngc.nvidia.com", "NVIDIA NGC", "", MODELS, "NVIDIA NGC catalog API"),
    _name("civitai.com", "Civitai", "", MODELS, "Civitai REST API"),
    _name("download.pytorch.org", "PyTorch downloads", "models", MODELS, "torchvision and torch.hub URLs"),
    _name("tfhub.dev", "TensorFlow Hub", "", MODELS, "tensorflow/hub"),
    _name("lfs.github.com", "Git LFS", "", MODELS, "git-lfs"),
    _name("github-cloud.githubusercontent.com", "Git LFS", "", MODELS, "GitHub meta, Git LFS host"),
    # inference
    _name("api.openai.com", "OpenAI API", "", INFERENCE, "OpenAI API reference"),
    _name("openai.azure.com", "OpenAI API", "Azure", INFERENCE, "Azure OpenAI REST reference"),
    _name("cognitiveservices.azure.com", "Azure AI services", "", INFERENCE, "Azure AI services endpoints"),
    _name("services.ai.azure.com", "Azure AI services", "", INFERENCE, "Azure AI Foundry endpoints"),
    _name("api.anthropic.com", "Anthropic API", "", INFERENCE, "Anthropic API reference"),
    _name("generativelanguage.googleapis.com", "Gemini API", "", INFERENCE, "Gemini API reference"),
    _name("aiplatform.googleapis.com", "Vertex AI", "", INFERENCE, "Vertex AI REST reference"),
    _name("*-aiplatform.googleapis.com", "Vertex AI", "", INFERENCE, "Vertex AI REST reference, regional endpoints"),
    _name("bedrock-runtime.*.amazonaws.com", "Amazon Bedrock", "", INFERENCE, "Amazon Bedrock endpoints"),
    _name("runtime.sagemaker.*.amazonaws.com", "SageMaker", "", INFERENCE, "SageMaker Runtime endpoints"),
    _name("api.mistral.ai", "Mistral API", "", INFERENCE, "Mistral API reference"),
    _name("api.cohere.com", "Cohere API", "", INFERENCE, "Cohere API reference"),
    _name("api.cohere.ai", "Cohere API", "", INFERENCE, "Cohere API reference"),
    _name("api.groq.com", "Groq API", "", INFERENCE, "Groq API reference"),
    _name("api.together.xyz", "Together API", "", INFERENCE, "Together API reference"),
    _name("api.fireworks.ai", "Fireworks API", "", INFERENCE, "Fireworks API reference"),
    _name("openrouter.ai", "OpenRouter", "", INFERENCE, "OpenRouter API reference"),
    _name("api.deepseek.com", "DeepSeek API", "", INFERENCE, "DeepSeek API reference"),
    _name("api.x.ai", "xAI API", "", INFERENCE, "xAI API reference"),
    _name("api.perplexity.ai", "Perplexity API", "", INFERENCE, "Perplexity API reference"),
    _name("api.replicate.com", "Replicate", "", INFERENCE, "Replicate HTTP API"),
    _name("api.runpod.ai", "RunPod", "", INFERENCE, "RunPod serverless endpoints"),
    _name("api.stability.ai", "Stability API", "", INFERENCE, "Stability AI API reference"),
    _name("api.elevenlabs.io", "ElevenLabs API", "", INFERENCE, "ElevenLabs API reference"),
    _name("api.deepgram.com", "Deepgram API", "", INFERENCE, "Deepgram API reference"),
    _name("api.voyageai.com", "Voyage API", "", INFERENCE, "Voyage AI API reference"),
    _name("api.jina.ai", "Jina API", "", INFERENCE, "Jina AI API reference"),
    _name("api.cerebras.ai", "Cerebras API", "", INFERENCE, "Cerebras API reference"),
    _name("integrate.api.nvidia.com", "NVIDIA NIM", "", INFERENCE, "NVIDIA NIM API reference"),
    _name("grpc.nvcf.nvidia.com", "NVIDIA Cloud Functions", "", INFERENCE, "NVIDIA Riva documentation"),
    _name("dashscope.aliyuncs.com", "DashScope", "", INFERENCE, "Alibaba Cloud Model Studio"),
    _name("modal.run", "Modal", "web function", INFERENCE, "Modal web endpoints"),
    _name("serving.knative.dev", "Knative", "", INFERENCE, "KServe on Knative"),
    # telemetry
    _name("wandb.ai", "Weights & Biases", "", TELEMETRY, "wandb/wandb settings"),
    _name("comet.com", "Comet", "", TELEMETRY, "Comet ML SDK"),
    _name("neptune.ai", "Neptune", "", TELEMETRY, "Neptune client"),
    _name("api.clear.ml", "ClearML", "", TELEMETRY, "ClearML SDK"),
    _name("smith.langchain.com", "LangSmith", "", TELEMETRY, "LangSmith SDK"),
    _name("cloud.langfuse.com", "Langfuse", "", TELEMETRY, "Langfuse SDK"),
    _name("datadoghq.com", "Datadog", "", TELEMETRY, "Datadog network requirements"),
    _name("datadoghq.eu", "Datadog", "", TELEMETRY, "Datadog network requirements"),
    _name("newrelic.com", "New Relic", "", TELEMETRY, "New Relic networks"),
    _name("nr-data.net", "New Relic", "", TELEMETRY, "New Relic networks"),
    _name("grafana.net", "Grafana Cloud", "", TELEMETRY, "Grafana Cloud endpoints"),
    _name("honeycomb.io", "Honeycomb", "", TELEMETRY, "Honeycomb API"),
    _name("sentry.io", "Sentry", "", TELEMETRY, "Sentry ingest domains"),
    _name("splunkcloud.com", "Splunk", "", TELEMETRY, "Splunk Cloud HEC"),
    _name("monitoring.*.amazonaws.com", "CloudWatch", "", TELEMETRY, "Amazon CloudWatch endpoints"),
    _name("logs.*.amazonaws.com", "CloudWatch", "logs", TELEMETRY, "Amazon CloudWatch Logs endpoints"),
    _name("monitoring.googleapis.com", "Cloud Monitoring", "", TELEMETRY, "Google Cloud endpoints"),
    _name("logging.googleapis.com", "Cloud Logging", "", TELEMETRY, "Google Cloud endpoints"),
    _name("ods.opinsights.azure.com", "Azure Monitor", "", TELEMETRY, "Azure Monitor network access"),
    # bulk
    _name("s3.amazonaws.com", "S3", "", BULK, "Amazon S3 endpoints"),
    _name("s3.*.amazonaws.com", "S3", "", BULK, "Amazon S3 endpoints"),
    _name("s3.dualstack.*.amazonaws.com", "S3", "", BULK, "Amazon S3 endpoints"),
    _name("s3-*.amazonaws.com", "S3", "", BULK, "Amazon S3 endpoints, legacy and accelerate"),
    _name("r2.cloudflarestorage.com", "S3", "", BULK, "Cloudflare R2 endpoints"),
    _name("backblazeb2.com", "S3", "", BULK, "Backblaze B2 endpoints"),
    _name("wasabisys.com", "S3", "", BULK, "Wasabi endpoints"),
    _name("digitaloceanspaces.com", "S3", "", BULK, "DigitalOcean Spaces endpoints"),
    _name("storage.googleapis.com", "Google Cloud Storage", "", BULK, "Cloud Storage endpoints"),
    _name("storage.cloud.google.com", "Google Cloud Storage", "", BULK, "Cloud Storage endpoints"),
    _name("blob.core.windows.net", "Azure Blob", "", BULK, "Azure Storage endpoints"),
    _name("dfs.core.windows.net", "Azure Data Lake", "", BULK, "Azure Storage endpoints"),
    _name("file.core.windows.net", "Azure Files", "", BULK, "Azure Storage endpoints"),
    _name("aliyuncs.com", "Alibaba OSS", "", BULK, "Alibaba Cloud OSS endpoints"),
    _name("myqcloud.com", "Tencent COS", "", BULK, "Tencent Cloud COS endpoints"),
    _name("data.globus.org", "GridFTP", "Globus HTTPS", BULK, "Globus Connect Server"),
    # control
    _name("kubernetes.default.svc", "Kubernetes API", "", CONTROL, "Kubernetes service account tokens"),
    _name("kubernetes.default.svc.cluster.local", "Kubernetes API", "", CONTROL, "Kubernetes service account tokens"),
    _name("kubernetes.default", "Kubernetes API", "", CONTROL, "Kubernetes certificates of the API server"),
    _name("eks.amazonaws.com", "Kubernetes API", "EKS", CONTROL, "Amazon EKS endpoints"),
    _name("*.eks.amazonaws.com", "Kubernetes API", "EKS", CONTROL, "Amazon EKS cluster endpoints"),
    _name("azmk8s.io", "Kubernetes API", "AKS", CONTROL, "Azure Kubernetes Service endpoints"),
    _name("ray.io", "Ray", "", CONTROL, "ray-project/ray usage and dashboards"),
    # background
    _name("pypi.org", "PyPI", "", BACKGROUND, "PyPI"),
    _name("files.pythonhosted.org", "PyPI", "", BACKGROUND, "PyPI"),
    _name("conda.anaconda.org", "conda", "", BACKGROUND, "Anaconda channels"),
    _name("repo.anaconda.com", "conda", "", BACKGROUND, "Anaconda channels"),
    _name("registry.npmjs.org", "npm", "", BACKGROUND, "npm registry"),
    _name("crates.io", "Cargo", "", BACKGROUND, "Cargo registry"),
    _name("proxy.golang.org", "Go modules", "", BACKGROUND, "Go module proxy"),
    _name("deb.debian.org", "APT", "", BACKGROUND, "Debian mirrors"),
    _name("archive.ubuntu.com", "APT", "", BACKGROUND, "Ubuntu mirrors"),
    _name("security.ubuntu.com", "APT", "", BACKGROUND, "Ubuntu mirrors"),
    _name("github.com", "Git", "", BACKGROUND, "GitHub"),
    _name("gitlab.com", "Git", "", BACKGROUND, "GitLab"),
    _name("dns.google", "DNS", "", BACKGROUND, "Google Public DNS"),
    _name("cloudflare-dns.com", "DNS", "", BACKGROUND, "Cloudflare resolver"),
    _name("letsencrypt.org", "ACME", "", BACKGROUND, "Let's Encrypt"),
    _name("youtube.com", "HTTPS", "video", BACKGROUND, "YouTube"),
    _name("googlevideo.com", "HTTPS", "video", BACKGROUND, "YouTube"),
    _name("nflxvideo.net", "HTTPS", "video", BACKGROUND, "Netflix Open Connect"),
    _name("slack.com", "HTTPS", "chat", BACKGROUND, "Slack"),
    _name("zoom.us", "HTTPS", "conference", BACKGROUND, "Zoom network requirements"),
)
# the first label of a name inside an organisation, without a number at its end
LABELS: tuple[Name, ...] = (
    _label("registry", "OCI registry", "", MODELS, "distribution/distribution deployment guide"),
    _label("harbor", "OCI registry", "", MODELS, "goharbor/harbor"),
    _label("hf", "Hugging Face hub", "", MODELS, "mirrors of the hub"),
    _label("minio", "S3", "", BULK, "minio/minio deployment"),
    _label("s3", "S3", "", BULK, "Amazon S3, self-hosted endpoints"),
    _label("ceph", "S3", "", BULK, "Ceph object gateway"),
    _label("triton", "KServe v2", "", INFERENCE, "triton-inference-server deployments"),
    _label("vllm", "OpenAI API", "", INFERENCE, "vLLM deployments"),
    _label("ollama", "Ollama", "", INFERENCE, "Ollama deployments"),
    _label("kserve", "KServe v2", "", INFERENCE, "KServe deployments"),
    _label("torchserve", "TorchServe", "", INFERENCE, "TorchServe deployments"),
    _label("tgi", "TGI", "", INFERENCE, "text-generation-inference deployments"),
    _label("llm", "OpenAI API", "", INFERENCE, "names of inference services"),
    _label("inference", "HTTP inference API", "", INFERENCE, "names of inference services"),
    _label("flower", "Flower", "", FEDERATED, "Flower deployments"),
    _label("superlink", "Flower", "", FEDERATED, "Flower deployments"),
    _label("nvflare", "NVFlare", "", FEDERATED, "NVFlare provisioning"),
    _label("fedml", "FedML", "", FEDERATED, "FedML deployments"),
    _label("aggregator", "OpenFL", "", FEDERATED, "OpenFL workspaces"),
    _label("prometheus", "Prometheus", "", TELEMETRY, "Prometheus deployments"),
    _label("otel", "OTLP", "", TELEMETRY, "OpenTelemetry collector deployments"),
    _label("otel-collector", "OTLP", "", TELEMETRY, "OpenTelemetry collector deployments"),
    _label("otelcol", "OTLP", "", TELEMETRY, "OpenTelemetry collector deployments"),
    _label("jaeger", "Jaeger", "", TELEMETRY, "Jaeger deployments"),
    _label("loki", "Loki", "", TELEMETRY, "Loki deployments"),
    _label("grafana", "Grafana", "", TELEMETRY, "Grafana deployments"),
    _label("influxdb", "InfluxDB", "", TELEMETRY, "InfluxDB deployments"),
    _label("mlflow", "MLflow", "", TELEMETRY, "MLflow deployments"),
    _label("etcd", "etcd", "", CONTROL, "etcd deployments"),
    _label("consul", "Consul", "", CONTROL, "Consul deployments"),
    _label("vault", "Vault", "", CONTROL, "Vault deployments"),
    _label("kubernetes", "Kubernetes API", "", CONTROL, "Kubernetes certificates of the API server"),
    _label("kube-apiserver", "Kubernetes API", "", CONTROL, "Kubernetes certificates of the API server"),
    _label("zookeeper", "ZooKeeper", "", CONTROL, "ZooKeeper deployments"),
    _label("ray-head", "Ray", "", CONTROL, "KubeRay service names"),
    _label("nats", "NATS", "", MESSAGING, "NATS deployments"),
    _label("kafka", "Kafka", "", MESSAGING, "Kafka deployments"),
    _label("rabbitmq", "AMQP", "", MESSAGING, "RabbitMQ deployments"),
    _label("mqtt", "MQTT", "", MESSAGING, "MQTT brokers"),
    _label("mosquitto", "MQTT", "", MESSAGING, "Mosquitto deployments"),
    _label("pulsar", "Pulsar", "", MESSAGING, "Pulsar deployments"),
    _label("postgres", "PostgreSQL", "", BACKGROUND, "PostgreSQL deployments"),
    _label("mysql", "MySQL", "", BACKGROUND, "MySQL deployments"),
    _label("redis", "Redis", "", BACKGROUND, "Redis deployments"),
    _label("mongo", "MongoDB", "", BACKGROUND, "MongoDB deployments"),
    _label("mongodb", "MongoDB", "", BACKGROUND, "MongoDB deployments"),
    _label("elasticsearch", "Elasticsearch", "", BACKGROUND, "Elasticsearch deployments"),
    _label("www", "HTTPS", "page", BACKGROUND, "names of web sites"),
    _label("mail", "SMTP", "", BACKGROUND, "names of mail servers"),
    _label("smtp", "SMTP", "", BACKGROUND, "names of mail servers"),
    _label("imap", "IMAP", "", BACKGROUND, "names of mail servers"),
)
ALPN: tuple[Protocol, ...] = (
    _alpn(b"mqtt", "MQTT", "messages", MESSAGING, 0.9, "IANA ALPN registry"),
    _alpn(b"x-amzn-mqtt-ca", "MQTT", "messages", MESSAGING, 0.95, "AWS IoT Core protocols"),
    _alpn(b"amqp", "AMQP", "messages", MESSAGING, 0.9, "AMQP over TLS deployments"),
    _alpn(b"nats", "NATS", "messages", MESSAGING, 0.85, "NATS TLS-first handshake"),
    _alpn(b"xmpp-client", "XMPP", "messages", MESSAGING, 0.9, "IANA ALPN registry"),
    _alpn(b"xmpp-server", "XMPP", "messages", MESSAGING, 0.9, "IANA ALPN registry"),
    _alpn(b"coap", "CoAP", "messages", MESSAGING, 0.9, "IANA ALPN registry"),
    _alpn(b"co", "CoAP", "messages", MESSAGING, 0.9, "IANA ALPN registry"),
    _alpn(b"zenoh", "Zenoh", "messages", MESSAGING, 0.9, "eclipse-zenoh/zenoh QUIC link"),
    _alpn(b"zenoh-quic", "Zenoh", "messages", MESSAGING, 0.9, "eclipse-zenoh/zenoh QUIC link"),
    _alpn(b"moq-00", "Media over QUIC", "media", BACKGROUND, 0.9, "IETF moq-transport"),
    _alpn(b"smb", "SMB", "files", BULK, 0.97, "IANA ALPN registry"),
    _alpn(b"sunrpc", "NFS", "files", BULK, 0.95, "IANA ALPN registry, RFC 9289"),
    _alpn(b"nvme-tcp", "NVMe/TCP", "blocks", BULK, 0.9, "NVM Express TCP transport"),
    _alpn(b"ftp", "FTP", "files", BULK, 0.93, "IANA ALPN registry"),
    _alpn(b"consul/rpc-multi", "Consul", "RPC", CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/rpc-single", "Consul", "RPC", CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/raft", "Consul", "consensus", CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/rpc-grpc", "Consul", "RPC", CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/rpc-snapshot", "Consul", "snapshot", CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/rpc-gossip", "Consul", "gossip", CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/wan-gossip/packet", "Consul", "gossip", CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/wan-gossip/stream", "Consul", "gossip", CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"req_fw_sb-act_v1", "Vault", "cluster", CONTROL, 0.98, "hashicorp/vault vault/cluster"),
    _alpn(b"raft_storage_v1", "Vault", "consensus", CONTROL, 0.98, "hashicorp/vault physical/raft"),
    _alpn(b"istio-peer-exchange", "Istio", "mesh", None, 0.7, "istio/istio ALPN filter"),
    _alpn(b"acme-tls/1", "ACME", "challenge", BACKGROUND, 0.98, "RFC 8737"),
    _alpn(b"imap", "IMAP", "mail", BACKGROUND, 0.97, "IANA ALPN registry"),
    _alpn(b"pop3", "POP3", "mail", BACKGROUND, 0.97, "IANA ALPN registry"),
    _alpn(b"managesieve", "ManageSieve", "mail", BACKGROUND, 0.97, "IANA ALPN registry"),
    _alpn(b"irc", "IRC", "chat", BACKGROUND, 0.95, "IANA ALPN registry"),
    _alpn(b"nntp", "NNTP", "news", BACKGROUND, 0.95, "IANA ALPN registry"),
    _alpn(b"postgresql", "PostgreSQL", "database", BACKGROUND, 0.98, "PostgreSQL 17 direct TLS"),
    _alpn(b"tds/8.0", "SQL Server", "database", BACKGROUND, 0.98, "MS-TDS 8.0"),
    _alpn(b"dot", "DNS over TLS", "lookup", BACKGROUND, 0.97, "IANA ALPN registry"),
    _alpn(b"doq", "DNS over QUIC", "lookup", BACKGROUND, 0.97, "RFC 9250"),
    _alpn(b"ntske/1", "NTS", "time", BACKGROUND, 0.97, "RFC 8915"),
    _alpn(b"sip/2", "SIP", "signalling", BACKGROUND, 0.95, "IANA ALPN registry"),
    _alpn(b"webrtc", "WebRTC", "media", BACKGROUND, 0.93, "RFC 8833"),
    _alpn(b"c-webrtc", "WebRTC", "media", BACKGROUND, 0.93, "RFC 8833"),
    _alpn(b"stun.turn", "TURN", "media", BACKGROUND, 0.93, "RFC 7443"),
    _alpn(b"stun.nat-discovery", "STUN", "media", BACKGROUND, 0.93, "RFC 7443"),
    _alpn(b"radius/1.0", "RADIUS", "access", BACKGROUND, 0.95, "IANA ALPN registry"),
    _alpn(b"radius/1.1", "RADIUS", "access", BACKGROUND, 0.95, "IANA ALPN registry"),
    _alpn(b"dicom", "DICOM", "images", BULK, 0.9, "IANA ALPN registry"),
    _alpn(b"bep/1.0", "Syncthing", "files", BULK, 0.93, "syncthing/syncthing lib/protocol"),
    _alpn(b"perf", "QUIC perf", "test", BULK, 0.85, "IETF QUIC performance draft"),
    _alpn(b"grpc-exp", "gRPC", "calls", None, 0.9, "grpc/grpc core alpn.cc"),
)
# fmt: on

_MOST_LABELS = 12
_NUMBER = re.compile(r"-?\d+\Z")
_DOMAINS = {line.domain: line.claim for line in NAMES if "*" not in line.domain}
_LABELS = {line.domain: line.claim for line in LABELS}
_ALPN = {line.name: line.claim for line in ALPN}


def _pattern(domain: str) -> re.Pattern[str]:
    return re.compile(r"(?:.*\.)?" + re.escape(domain).replace(r"\*", "[^.]+") + r"\Z")


def _grouped() -> dict[str, list[tuple[re.Pattern[str], Claim]]]:
    """Domains with wildcards by their last two labels."""
    groups: dict[str, list[tuple[re.Pattern[str], Claim]]] = {}
    for domain, claim in NAMES:
        if "*" in domain:
            last = ".".join(domain.split(".")[-2:])
            groups.setdefault(last, []).append((_pattern(domain), claim))
    return groups


_PATTERNS = _grouped()


@lru_cache(maxsize=1024)
def name_claim(name: str) -> Claim | None:
    """What a server's name, in lower case, says: the longest domain that it is in, else its label."""
    labels = name.rstrip(".").split(".", _MOST_LABELS)
    for pattern, claim in _PATTERNS.get(".".join(labels[-2:]), ()):
        if pattern.match(name):
            return claim
    for start in range(len(labels)):
        found = _DOMAINS.get(".".join(labels[start:]))
        if found:
            return found
    return _LABELS.get(labels[0]) or _LABELS.get(_NUMBER.sub("", labels[0]))


def alpn_claim(protocols: tuple[bytes, ...]) -> Claim | None:
    """What the protocols that a client offers say: the first that a line names."""
    for name in protocols:
        claim = _ALPN.get(name)
        if claim:
            return claim
    return None
