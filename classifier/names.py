"""What a server's name or an ALPN name tells: one entry a line, its source beside it.

Owns the tables and the look-up. Names come from TLS and QUIC hellos and from HTTP's Host field.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from classifier.claims import Claim
from policies.classes import TrafficClass

_CONTROL = TrafficClass.CONTROL
_INFERENCE = TrafficClass.INFERENCE
_MESSAGING = TrafficClass.MESSAGING
_TELEMETRY = TrafficClass.TELEMETRY
_FEDERATED = TrafficClass.FEDERATED
_MODELS = TrafficClass.MODEL_DISTRIBUTION
_BULK = TrafficClass.BULK
_BACKGROUND = TrafficClass.BACKGROUND
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
    _name("huggingface.co", "Hugging Face hub", "", _MODELS, "huggingface_hub constants.py ENDPOINT"),
    _name("hf.co", "Hugging Face hub", "", _MODELS, "huggingface_hub, short links and CDN hosts cdn-lfs.hf.co, cas-bridge.xethub.hf.co"),
    _name("hf-mirror.com", "Hugging Face hub", "mirror", _MODELS, "hf-mirror.com"),
    _name("router.huggingface.co", "Hugging Face inference", "", _INFERENCE, "Hugging Face Inference Providers"),
    _name("api-inference.huggingface.co", "Hugging Face inference", "", _INFERENCE, "Hugging Face Inference API"),
    _name("endpoints.huggingface.cloud", "Hugging Face inference", "", _INFERENCE, "Hugging Face Inference Endpoints"),
    _name("modelscope.cn", "ModelScope", "", _MODELS, "modelscope/modelscope hub"),
    _name("registry.ollama.ai", "OCI registry", "models", _MODELS, "ollama/ollama types/model/name.go"),
    _name("registry-1.docker.io", "OCI registry", "", _MODELS, "distribution/reference defaults"),
    _name("docker.io", "OCI registry", "", _MODELS, "distribution/reference defaults"),
    _name("production.cloudflare.docker.com", "OCI registry", "", _MODELS, "Docker Hub allowlist"),
    _name("docker-images-prod.*.r2.cloudflarestorage.com", "OCI registry", "", _MODELS, "Docker Hub allowlist"),
    _name("ghcr.io", "OCI registry", "", _MODELS, "GitHub container registry"),
    _name("quay.io", "OCI registry", "", _MODELS, "Red Hat Quay"),
    _name("gcr.io", "OCI registry", "", _MODELS, "Google container registry"),
    _name("pkg.dev", "OCI registry", "", _MODELS, "Google Artifact Registry"),
    _name("registry.k8s.io", "OCI registry", "", _MODELS, "Kubernetes image registry"),
    _name("nvcr.io", "OCI registry", "", _MODELS, "NVIDIA NGC"),
    _name("mcr.microsoft.com", "OCI registry", "", _MODELS, "Microsoft Artifact Registry"),
    _name("azurecr.io", "OCI registry", "", _MODELS, "Azure Container Registry"),
    _name("public.ecr.aws", "OCI registry", "", _MODELS, "Amazon ECR Public"),
    _name("dkr.ecr.*.amazonaws.com", "OCI registry", "", _MODELS, "Amazon ECR"),
    _name("registry.gitlab.com", "OCI registry", "", _MODELS, "GitLab container registry"),
    _name("ngc.nvidia.com", "NVIDIA NGC", "", _MODELS, "NVIDIA NGC catalog API"),
    _name("civitai.com", "Civitai", "", _MODELS, "Civitai REST API"),
    _name("download.pytorch.org", "PyTorch downloads", "models", _MODELS, "torchvision and torch.hub URLs"),
    _name("tfhub.dev", "TensorFlow Hub", "", _MODELS, "tensorflow/hub"),
    _name("lfs.github.com", "Git LFS", "", _MODELS, "git-lfs"),
    _name("github-cloud.githubusercontent.com", "Git LFS", "", _MODELS, "GitHub meta, Git LFS host"),
    # inference
    _name("api.openai.com", "OpenAI API", "", _INFERENCE, "OpenAI API reference"),
    _name("openai.azure.com", "OpenAI API", "Azure", _INFERENCE, "Azure OpenAI REST reference"),
    _name("cognitiveservices.azure.com", "Azure AI services", "", _INFERENCE, "Azure AI services endpoints"),
    _name("services.ai.azure.com", "Azure AI services", "", _INFERENCE, "Azure AI Foundry endpoints"),
    _name("api.anthropic.com", "Anthropic API", "", _INFERENCE, "Anthropic API reference"),
    _name("generativelanguage.googleapis.com", "Gemini API", "", _INFERENCE, "Gemini API reference"),
    _name("aiplatform.googleapis.com", "Vertex AI", "", _INFERENCE, "Vertex AI REST reference"),
    _name("*-aiplatform.googleapis.com", "Vertex AI", "", _INFERENCE, "Vertex AI REST reference, regional endpoints"),
    _name("bedrock-runtime.*.amazonaws.com", "Amazon Bedrock", "", _INFERENCE, "Amazon Bedrock endpoints"),
    _name("runtime.sagemaker.*.amazonaws.com", "SageMaker", "", _INFERENCE, "SageMaker Runtime endpoints"),
    _name("api.mistral.ai", "Mistral API", "", _INFERENCE, "Mistral API reference"),
    _name("api.cohere.com", "Cohere API", "", _INFERENCE, "Cohere API reference"),
    _name("api.cohere.ai", "Cohere API", "", _INFERENCE, "Cohere API reference"),
    _name("api.groq.com", "Groq API", "", _INFERENCE, "Groq API reference"),
    _name("api.together.xyz", "Together API", "", _INFERENCE, "Together API reference"),
    _name("api.fireworks.ai", "Fireworks API", "", _INFERENCE, "Fireworks API reference"),
    _name("openrouter.ai", "OpenRouter", "", _INFERENCE, "OpenRouter API reference"),
    _name("api.deepseek.com", "DeepSeek API", "", _INFERENCE, "DeepSeek API reference"),
    _name("api.x.ai", "xAI API", "", _INFERENCE, "xAI API reference"),
    _name("api.perplexity.ai", "Perplexity API", "", _INFERENCE, "Perplexity API reference"),
    _name("api.replicate.com", "Replicate", "", _INFERENCE, "Replicate HTTP API"),
    _name("api.runpod.ai", "RunPod", "", _INFERENCE, "RunPod serverless endpoints"),
    _name("api.stability.ai", "Stability API", "", _INFERENCE, "Stability AI API reference"),
    _name("api.elevenlabs.io", "ElevenLabs API", "", _INFERENCE, "ElevenLabs API reference"),
    _name("api.deepgram.com", "Deepgram API", "", _INFERENCE, "Deepgram API reference"),
    _name("api.voyageai.com", "Voyage API", "", _INFERENCE, "Voyage AI API reference"),
    _name("api.jina.ai", "Jina API", "", _INFERENCE, "Jina AI API reference"),
    _name("api.cerebras.ai", "Cerebras API", "", _INFERENCE, "Cerebras API reference"),
    _name("integrate.api.nvidia.com", "NVIDIA NIM", "", _INFERENCE, "NVIDIA NIM API reference"),
    _name("grpc.nvcf.nvidia.com", "NVIDIA Cloud Functions", "", _INFERENCE, "NVIDIA Riva documentation"),
    _name("dashscope.aliyuncs.com", "DashScope", "", _INFERENCE, "Alibaba Cloud Model Studio"),
    _name("modal.run", "Modal", "web function", _INFERENCE, "Modal web endpoints"),
    _name("serving.knative.dev", "Knative", "", _INFERENCE, "KServe on Knative"),
    # telemetry
    _name("wandb.ai", "Weights & Biases", "", _TELEMETRY, "wandb/wandb settings"),
    _name("comet.com", "Comet", "", _TELEMETRY, "Comet ML SDK"),
    _name("neptune.ai", "Neptune", "", _TELEMETRY, "Neptune client"),
    _name("api.clear.ml", "ClearML", "", _TELEMETRY, "ClearML SDK"),
    _name("smith.langchain.com", "LangSmith", "", _TELEMETRY, "LangSmith SDK"),
    _name("cloud.langfuse.com", "Langfuse", "", _TELEMETRY, "Langfuse SDK"),
    _name("datadoghq.com", "Datadog", "", _TELEMETRY, "Datadog network requirements"),
    _name("datadoghq.eu", "Datadog", "", _TELEMETRY, "Datadog network requirements"),
    _name("newrelic.com", "New Relic", "", _TELEMETRY, "New Relic networks"),
    _name("nr-data.net", "New Relic", "", _TELEMETRY, "New Relic networks"),
    _name("grafana.net", "Grafana Cloud", "", _TELEMETRY, "Grafana Cloud endpoints"),
    _name("honeycomb.io", "Honeycomb", "", _TELEMETRY, "Honeycomb API"),
    _name("sentry.io", "Sentry", "", _TELEMETRY, "Sentry ingest domains"),
    _name("splunkcloud.com", "Splunk", "", _TELEMETRY, "Splunk Cloud HEC"),
    _name("monitoring.*.amazonaws.com", "CloudWatch", "", _TELEMETRY, "Amazon CloudWatch endpoints"),
    _name("logs.*.amazonaws.com", "CloudWatch", "logs", _TELEMETRY, "Amazon CloudWatch Logs endpoints"),
    _name("monitoring.googleapis.com", "Cloud Monitoring", "", _TELEMETRY, "Google Cloud endpoints"),
    _name("logging.googleapis.com", "Cloud Logging", "", _TELEMETRY, "Google Cloud endpoints"),
    _name("ods.opinsights.azure.com", "Azure Monitor", "", _TELEMETRY, "Azure Monitor network access"),
    # bulk
    _name("s3.amazonaws.com", "S3", "", _BULK, "Amazon S3 endpoints"),
    _name("s3.*.amazonaws.com", "S3", "", _BULK, "Amazon S3 endpoints"),
    _name("s3.dualstack.*.amazonaws.com", "S3", "", _BULK, "Amazon S3 endpoints"),
    _name("s3-*.amazonaws.com", "S3", "", _BULK, "Amazon S3 endpoints, legacy and accelerate"),
    _name("r2.cloudflarestorage.com", "S3", "", _BULK, "Cloudflare R2 endpoints"),
    _name("backblazeb2.com", "S3", "", _BULK, "Backblaze B2 endpoints"),
    _name("wasabisys.com", "S3", "", _BULK, "Wasabi endpoints"),
    _name("digitaloceanspaces.com", "S3", "", _BULK, "DigitalOcean Spaces endpoints"),
    _name("storage.googleapis.com", "Google Cloud Storage", "", _BULK, "Cloud Storage endpoints"),
    _name("storage.cloud.google.com", "Google Cloud Storage", "", _BULK, "Cloud Storage endpoints"),
    _name("blob.core.windows.net", "Azure Blob", "", _BULK, "Azure Storage endpoints"),
    _name("dfs.core.windows.net", "Azure Data Lake", "", _BULK, "Azure Storage endpoints"),
    _name("file.core.windows.net", "Azure Files", "", _BULK, "Azure Storage endpoints"),
    _name("aliyuncs.com", "Alibaba OSS", "", _BULK, "Alibaba Cloud OSS endpoints"),
    _name("myqcloud.com", "Tencent COS", "", _BULK, "Tencent Cloud COS endpoints"),
    _name("data.globus.org", "GridFTP", "Globus HTTPS", _BULK, "Globus Connect Server"),
    # control
    _name("kubernetes.default.svc", "Kubernetes API", "", _CONTROL, "Kubernetes service account tokens"),
    _name("kubernetes.default.svc.cluster.local", "Kubernetes API", "", _CONTROL, "Kubernetes service account tokens"),
    _name("kubernetes.default", "Kubernetes API", "", _CONTROL, "Kubernetes certificates of the API server"),
    _name("eks.amazonaws.com", "Kubernetes API", "EKS", _CONTROL, "Amazon EKS endpoints"),
    _name("*.eks.amazonaws.com", "Kubernetes API", "EKS", _CONTROL, "Amazon EKS cluster endpoints"),
    _name("azmk8s.io", "Kubernetes API", "AKS", _CONTROL, "Azure Kubernetes Service endpoints"),
    _name("ray.io", "Ray", "", _CONTROL, "ray-project/ray usage and dashboards"),
    # background
    _name("pypi.org", "PyPI", "", _BACKGROUND, "PyPI"),
    _name("files.pythonhosted.org", "PyPI", "", _BACKGROUND, "PyPI"),
    _name("conda.anaconda.org", "conda", "", _BACKGROUND, "Anaconda channels"),
    _name("repo.anaconda.com", "conda", "", _BACKGROUND, "Anaconda channels"),
    _name("registry.npmjs.org", "npm", "", _BACKGROUND, "npm registry"),
    _name("crates.io", "Cargo", "", _BACKGROUND, "Cargo registry"),
    _name("proxy.golang.org", "Go modules", "", _BACKGROUND, "Go module proxy"),
    _name("deb.debian.org", "APT", "", _BACKGROUND, "Debian mirrors"),
    _name("archive.ubuntu.com", "APT", "", _BACKGROUND, "Ubuntu mirrors"),
    _name("security.ubuntu.com", "APT", "", _BACKGROUND, "Ubuntu mirrors"),
    _name("github.com", "Git", "", _BACKGROUND, "GitHub"),
    _name("gitlab.com", "Git", "", _BACKGROUND, "GitLab"),
    _name("dns.google", "DNS", "", _BACKGROUND, "Google Public DNS"),
    _name("cloudflare-dns.com", "DNS", "", _BACKGROUND, "Cloudflare resolver"),
    _name("letsencrypt.org", "ACME", "", _BACKGROUND, "Let's Encrypt"),
    _name("youtube.com", "HTTPS", "video", _BACKGROUND, "YouTube"),
    _name("googlevideo.com", "HTTPS", "video", _BACKGROUND, "YouTube"),
    _name("nflxvideo.net", "HTTPS", "video", _BACKGROUND, "Netflix Open Connect"),
    _name("slack.com", "HTTPS", "chat", _BACKGROUND, "Slack"),
    _name("zoom.us", "HTTPS", "conference", _BACKGROUND, "Zoom network requirements"),
)
# the first label of a name inside an organisation, without a number at its end
LABELS: tuple[Name, ...] = (
    _label("registry", "OCI registry", "", _MODELS, "distribution/distribution deployment guide"),
    _label("harbor", "OCI registry", "", _MODELS, "goharbor/harbor"),
    _label("hf", "Hugging Face hub", "", _MODELS, "mirrors of the hub"),
    _label("minio", "S3", "", _BULK, "minio/minio deployment"),
    _label("s3", "S3", "", _BULK, "Amazon S3, self-hosted endpoints"),
    _label("ceph", "S3", "", _BULK, "Ceph object gateway"),
    _label("triton", "KServe v2", "", _INFERENCE, "triton-inference-server deployments"),
    _label("vllm", "OpenAI API", "", _INFERENCE, "vLLM deployments"),
    _label("ollama", "Ollama", "", _INFERENCE, "Ollama deployments"),
    _label("kserve", "KServe v2", "", _INFERENCE, "KServe deployments"),
    _label("torchserve", "TorchServe", "", _INFERENCE, "TorchServe deployments"),
    _label("tgi", "TGI", "", _INFERENCE, "text-generation-inference deployments"),
    _label("llm", "OpenAI API", "", _INFERENCE, "names of inference services"),
    _label("inference", "HTTP inference API", "", _INFERENCE, "names of inference services"),
    _label("flower", "Flower", "", _FEDERATED, "Flower deployments"),
    _label("superlink", "Flower", "", _FEDERATED, "Flower deployments"),
    _label("nvflare", "NVFlare", "", _FEDERATED, "NVFlare provisioning"),
    _label("fedml", "FedML", "", _FEDERATED, "FedML deployments"),
    _label("aggregator", "OpenFL", "", _FEDERATED, "OpenFL workspaces"),
    _label("prometheus", "Prometheus", "", _TELEMETRY, "Prometheus deployments"),
    _label("otel", "OTLP", "", _TELEMETRY, "OpenTelemetry collector deployments"),
    _label("otel-collector", "OTLP", "", _TELEMETRY, "OpenTelemetry collector deployments"),
    _label("otelcol", "OTLP", "", _TELEMETRY, "OpenTelemetry collector deployments"),
    _label("jaeger", "Jaeger", "", _TELEMETRY, "Jaeger deployments"),
    _label("loki", "Loki", "", _TELEMETRY, "Loki deployments"),
    _label("grafana", "Grafana", "", _TELEMETRY, "Grafana deployments"),
    _label("influxdb", "InfluxDB", "", _TELEMETRY, "InfluxDB deployments"),
    _label("mlflow", "MLflow", "", _TELEMETRY, "MLflow deployments"),
    _label("etcd", "etcd", "", _CONTROL, "etcd deployments"),
    _label("consul", "Consul", "", _CONTROL, "Consul deployments"),
    _label("vault", "Vault", "", _CONTROL, "Vault deployments"),
    _label("kubernetes", "Kubernetes API", "", _CONTROL, "Kubernetes certificates of the API server"),
    _label("kube-apiserver", "Kubernetes API", "", _CONTROL, "Kubernetes certificates of the API server"),
    _label("zookeeper", "ZooKeeper", "", _CONTROL, "ZooKeeper deployments"),
    _label("ray-head", "Ray", "", _CONTROL, "KubeRay service names"),
    _label("nats", "NATS", "", _MESSAGING, "NATS deployments"),
    _label("kafka", "Kafka", "", _MESSAGING, "Kafka deployments"),
    _label("rabbitmq", "AMQP", "", _MESSAGING, "RabbitMQ deployments"),
    _label("mqtt", "MQTT", "", _MESSAGING, "MQTT brokers"),
    _label("mosquitto", "MQTT", "", _MESSAGING, "Mosquitto deployments"),
    _label("pulsar", "Pulsar", "", _MESSAGING, "Pulsar deployments"),
    _label("postgres", "PostgreSQL", "", _BACKGROUND, "PostgreSQL deployments"),
    _label("mysql", "MySQL", "", _BACKGROUND, "MySQL deployments"),
    _label("redis", "Redis", "", _BACKGROUND, "Redis deployments"),
    _label("mongo", "MongoDB", "", _BACKGROUND, "MongoDB deployments"),
    _label("mongodb", "MongoDB", "", _BACKGROUND, "MongoDB deployments"),
    _label("elasticsearch", "Elasticsearch", "", _BACKGROUND, "Elasticsearch deployments"),
    _label("www", "HTTPS", "page", _BACKGROUND, "names of web sites"),
    _label("mail", "SMTP", "", _BACKGROUND, "names of mail servers"),
    _label("smtp", "SMTP", "", _BACKGROUND, "names of mail servers"),
    _label("imap", "IMAP", "", _BACKGROUND, "names of mail servers"),
)
ALPN: tuple[Protocol, ...] = (
    _alpn(b"mqtt", "MQTT", "messages", _MESSAGING, 0.9, "IANA ALPN registry"),
    _alpn(b"x-amzn-mqtt-ca", "MQTT", "messages", _MESSAGING, 0.95, "AWS IoT Core protocols"),
    _alpn(b"amqp", "AMQP", "messages", _MESSAGING, 0.9, "AMQP over TLS deployments"),
    _alpn(b"nats", "NATS", "messages", _MESSAGING, 0.85, "NATS TLS-first handshake"),
    _alpn(b"xmpp-client", "XMPP", "messages", _MESSAGING, 0.9, "IANA ALPN registry"),
    _alpn(b"xmpp-server", "XMPP", "messages", _MESSAGING, 0.9, "IANA ALPN registry"),
    _alpn(b"coap", "CoAP", "messages", _MESSAGING, 0.9, "IANA ALPN registry"),
    _alpn(b"co", "CoAP", "messages", _MESSAGING, 0.9, "IANA ALPN registry"),
    _alpn(b"zenoh", "Zenoh", "messages", _MESSAGING, 0.9, "eclipse-zenoh/zenoh QUIC link"),
    _alpn(b"zenoh-quic", "Zenoh", "messages", _MESSAGING, 0.9, "eclipse-zenoh/zenoh QUIC link"),
    _alpn(b"moq-00", "Media over QUIC", "media", _BACKGROUND, 0.9, "IETF moq-transport"),
    _alpn(b"smb", "SMB", "files", _BULK, 0.97, "IANA ALPN registry"),
    _alpn(b"sunrpc", "NFS", "files", _BULK, 0.95, "IANA ALPN registry, RFC 9289"),
    _alpn(b"nvme-tcp", "NVMe/TCP", "blocks", _BULK, 0.9, "NVM Express TCP transport"),
    _alpn(b"ftp", "FTP", "files", _BULK, 0.93, "IANA ALPN registry"),
    _alpn(b"consul/rpc-multi", "Consul", "RPC", _CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/rpc-single", "Consul", "RPC", _CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/raft", "Consul", "consensus", _CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/rpc-grpc", "Consul", "RPC", _CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/rpc-snapshot", "Consul", "snapshot", _CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/rpc-gossip", "Consul", "gossip", _CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/wan-gossip/packet", "Consul", "gossip", _CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"consul/wan-gossip/stream", "Consul", "gossip", _CONTROL, 0.98, "hashicorp/consul agent/pool/conn.go"),
    _alpn(b"req_fw_sb-act_v1", "Vault", "cluster", _CONTROL, 0.98, "hashicorp/vault vault/cluster"),
    _alpn(b"raft_storage_v1", "Vault", "consensus", _CONTROL, 0.98, "hashicorp/vault physical/raft"),
    _alpn(b"istio-peer-exchange", "Istio", "mesh", None, 0.7, "istio/istio ALPN filter"),
    _alpn(b"acme-tls/1", "ACME", "challenge", _BACKGROUND, 0.98, "RFC 8737"),
    _alpn(b"imap", "IMAP", "mail", _BACKGROUND, 0.97, "IANA ALPN registry"),
    _alpn(b"pop3", "POP3", "mail", _BACKGROUND, 0.97, "IANA ALPN registry"),
    _alpn(b"managesieve", "ManageSieve", "mail", _BACKGROUND, 0.97, "IANA ALPN registry"),
    _alpn(b"irc", "IRC", "chat", _BACKGROUND, 0.95, "IANA ALPN registry"),
    _alpn(b"nntp", "NNTP", "news", _BACKGROUND, 0.95, "IANA ALPN registry"),
    _alpn(b"postgresql", "PostgreSQL", "database", _BACKGROUND, 0.98, "PostgreSQL 17 direct TLS"),
    _alpn(b"tds/8.0", "SQL Server", "database", _BACKGROUND, 0.98, "MS-TDS 8.0"),
    _alpn(b"dot", "DNS over TLS", "lookup", _BACKGROUND, 0.97, "IANA ALPN registry"),
    _alpn(b"doq", "DNS over QUIC", "lookup", _BACKGROUND, 0.97, "RFC 9250"),
    _alpn(b"ntske/1", "NTS", "time", _BACKGROUND, 0.97, "RFC 8915"),
    _alpn(b"sip/2", "SIP", "signalling", _BACKGROUND, 0.95, "IANA ALPN registry"),
    _alpn(b"webrtc", "WebRTC", "media", _BACKGROUND, 0.93, "RFC 8833"),
    _alpn(b"c-webrtc", "WebRTC", "media", _BACKGROUND, 0.93, "RFC 8833"),
    _alpn(b"stun.turn", "TURN", "media", _BACKGROUND, 0.93, "RFC 7443"),
    _alpn(b"stun.nat-discovery", "STUN", "media", _BACKGROUND, 0.93, "RFC 7443"),
    _alpn(b"radius/1.0", "RADIUS", "access", _BACKGROUND, 0.95, "IANA ALPN registry"),
    _alpn(b"radius/1.1", "RADIUS", "access", _BACKGROUND, 0.95, "IANA ALPN registry"),
    _alpn(b"dicom", "DICOM", "images", _BULK, 0.9, "IANA ALPN registry"),
    _alpn(b"bep/1.0", "Syncthing", "files", _BULK, 0.93, "syncthing/syncthing lib/protocol"),
    _alpn(b"perf", "QUIC perf", "test", _BULK, 0.85, "IETF QUIC performance draft"),
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
