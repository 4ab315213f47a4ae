"""What the first bytes of HTTP bodies tell: one entry a line, its source beside it.

Owns the tables and the look-up. Only the beginning is read, and no JSON parser sees it: it is cut.
"""

import re
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


class Body(NamedTuple):
    """A body in JSON.

    Attributes:
        members: All of these are among the names near its beginning.
        answer: Whether it is an answer's body, not a request's.
        claim: What it says.
    """

    members: frozenset[str]
    answer: bool
    claim: Claim


class Method(NamedTuple):
    """A method of JSON-RPC."""

    name: str
    claim: Claim


class Text(NamedTuple):
    """What stands near a body's beginning that isn't JSON."""

    text: bytes
    claim: Claim


def _body(
    members: str,
    answer: bool,
    protocol: str,
    role: str,
    kind: TrafficClass | None,
    sure: float,
    source: str,
) -> Body:
    return Body(frozenset(members.split()), answer, Claim(protocol, role, kind, sure, source))


def _method(
    name: str, protocol: str, role: str, kind: TrafficClass | None, sure: float, source: str
) -> Method:
    return Method(name, Claim(protocol, role, kind, sure, source))


def _text(
    text: bytes, protocol: str, role: str, kind: TrafficClass | None, sure: float, source: str
) -> Text:
    return Text(text, Claim(protocol, role, kind, sure, source))


# fmt: off
BODIES: tuple[Body, ...] = (
    _body("inputs name datatype", False, "KServe v2 HTTP", "inference request", INFERENCE, 0.93, "KServe Open Inference Protocol"),
    _body("instances", False, "TensorFlow Serving REST", "prediction", INFERENCE, 0.85, "TensorFlow Serving RESTful API"),
    _body("signature_name", False, "TensorFlow Serving REST", "prediction", INFERENCE, 0.9, "TensorFlow Serving RESTful API"),
    _body("dataframe_split", False, "MLflow", "prediction", INFERENCE, 0.97, "MLflow scoring server"),
    _body("dataframe_records", False, "MLflow", "prediction", INFERENCE, 0.97, "MLflow scoring server"),
    _body("model messages max_tokens", False, "OpenAI HTTP", "chat completion", INFERENCE, 0.88, "OpenAI API reference"),
    _body("model messages", False, "OpenAI HTTP", "chat completion", INFERENCE, 0.82, "OpenAI API reference"),
    _body("messages role content", False, "OpenAI HTTP", "chat completion", INFERENCE, 0.8, "OpenAI API reference"),
    _body("model prompt", False, "OpenAI HTTP", "completion", INFERENCE, 0.82, "OpenAI API reference"),
    _body("prompt n_predict", False, "llama.cpp", "completion", INFERENCE, 0.95, "ggml-org/llama.cpp tools/server"),
    _body("prompt max_tokens", False, "HTTP inference API", "generation", INFERENCE, 0.88, "vLLM's demo server and others"),
    _body("prompt temperature", False, "HTTP inference API", "generation", INFERENCE, 0.85, "vLLM's demo server and others"),
    _body("text sampling_params", False, "SGLang", "generation", INFERENCE, 0.96, "sgl-project/sglang io_struct.py"),
    _body("input_ids sampling_params", False, "SGLang", "generation", INFERENCE, 0.96, "sgl-project/sglang io_struct.py"),
    _body("inputs parameters", False, "TGI", "generation", INFERENCE, 0.88, "huggingface/text-generation-inference"),
    _body("model input", False, "OpenAI HTTP", "embedding", INFERENCE, 0.85, "OpenAI API reference"),
    _body("contents parts", False, "Gemini HTTP", "generation", INFERENCE, 0.88, "Gemini API reference"),
    _body("contents generationConfig", False, "Gemini HTTP", "generation", INFERENCE, 0.95, "Gemini API reference"),
    _body("inputs", False, "Hugging Face inference", "inference request", INFERENCE, 0.65, "Hugging Face Inference API"),
    _body("prompt", False, "HTTP inference API", "generation", INFERENCE, 0.6, "common to generation APIs"),
    _body("jsonrpc method", False, "JSON-RPC", "call", MESSAGING, 0.7, "JSON-RPC 2.0"),
    _body("agent_name input", False, "ACP", "agent messages", MESSAGING, 0.93, "Agent Communication Protocol, runs"),
    _body("resourceSpans", False, "OTLP HTTP", "traces", TELEMETRY, 0.97, "OpenTelemetry Protocol Specification, JSON"),
    _body("resourceMetrics", False, "OTLP HTTP", "metrics", TELEMETRY, 0.97, "OpenTelemetry Protocol Specification, JSON"),
    _body("resourceLogs", False, "OTLP HTTP", "logs", TELEMETRY, 0.97, "OpenTelemetry Protocol Specification, JSON"),
    _body("streams stream values", False, "Loki", "logs", TELEMETRY, 0.93, "Grafana Loki HTTP API"),
    _body("kind apiVersion", False, "Kubernetes API", "objects", CONTROL, 0.9, "Kubernetes API concepts"),
    _body("query variables", False, "GraphQL", "query", BACKGROUND, 0.75, "GraphQL over HTTP"),
    _body("version git_commit endpoints", True, "Datadog", "agent features", TELEMETRY, 0.93, "DataDog/datadog-agent trace API /info"),
    _body("threadId runId messages tools", False, "AG-UI", "agent run", MESSAGING, 0.93, "AG-UI protocol, RunAgentInput"),
    _body("api_prefix mode app_id", True, "Gradio", "metadata", INFERENCE, 0.85, "gradio-app/gradio blocks.py config"),
    _body("entrypoint runtime_env", False, "Ray jobs", "job submission", CONTROL, 0.95, "ray-project/ray dashboard/modules/job"),
    _body("predictions", True, "TensorFlow Serving REST", "prediction", INFERENCE, 0.85, "TensorFlow Serving RESTful API"),
    _body("model_version_status", True, "TensorFlow Serving REST", "model status", INFERENCE, 0.98, "TensorFlow Serving RESTful API"),
    _body("model_spec metadata", True, "TensorFlow Serving REST", "metadata", INFERENCE, 0.95, "TensorFlow Serving RESTful API"),
    _body("model_name outputs", True, "KServe v2 HTTP", "inference request", INFERENCE, 0.96, "KServe Open Inference Protocol"),
    _body("name versions platform", True, "KServe v2 HTTP", "metadata", INFERENCE, 0.95, "KServe Open Inference Protocol"),
    _body("name version extensions", True, "KServe v2 HTTP", "metadata", INFERENCE, 0.95, "KServe Open Inference Protocol"),
    _body("id object choices", True, "OpenAI HTTP", "completion", INFERENCE, 0.96, "OpenAI API reference"),
    _body("object created model choices", True, "OpenAI HTTP", "completion", INFERENCE, 0.96, "OpenAI API reference"),
    _body("choices", True, "OpenAI HTTP", "completion", INFERENCE, 0.85, "OpenAI API reference"),
    _body("object data id owned_by", True, "OpenAI HTTP", "model list", INFERENCE, 0.95, "OpenAI API reference"),
    _body("object data embedding", True, "OpenAI HTTP", "embedding", INFERENCE, 0.95, "OpenAI API reference"),
    _body("model created_at response", True, "Ollama", "generation", INFERENCE, 0.97, "ollama/ollama docs/api.md"),
    _body("model created_at message", True, "Ollama", "chat completion", INFERENCE, 0.97, "ollama/ollama docs/api.md"),
    _body("models name digest", True, "Ollama", "model list", INFERENCE, 0.95, "ollama/ollama docs/api.md"),
    _body("generated_text", True, "TGI", "generation", INFERENCE, 0.95, "huggingface/text-generation-inference"),
    _body("token generated_text", True, "TGI", "generation stream", INFERENCE, 0.97, "huggingface/text-generation-inference"),
    _body("model_id model_sha", True, "TGI", "metadata", INFERENCE, 0.97, "huggingface/text-generation-inference"),
    _body("text meta_info", True, "SGLang", "generation", INFERENCE, 0.95, "sgl-project/sglang"),
    _body("default_generation_settings", True, "llama.cpp", "metadata", INFERENCE, 0.97, "ggml-org/llama.cpp tools/server"),
    _body("content stop generation_settings", True, "llama.cpp", "completion", INFERENCE, 0.95, "ggml-org/llama.cpp tools/server"),
    _body("type role model content stop_reason", True, "Anthropic HTTP", "message", INFERENCE, 0.96, "Anthropic API reference"),
    _body("candidates", True, "Gemini HTTP", "generation", INFERENCE, 0.8, "Gemini API reference"),
    _body("modelName modelUrl", True, "TorchServe", "model management", INFERENCE, 0.95, "pytorch/serve management API"),
    _body("embeddings", True, "HTTP inference API", "embedding", INFERENCE, 0.8, "common to embedding APIs"),
    _body("embedding", True, "HTTP inference API", "embedding", INFERENCE, 0.75, "common to embedding APIs"),
    _body("ray_version", True, "Ray dashboard", "status", CONTROL, 0.97, "ray-project/ray dashboard"),
    _body("etcdserver etcdcluster", True, "etcd", "version", CONTROL, 0.98, "etcd version.Versions"),
    _body("kind apiVersion metadata", True, "Kubernetes API", "objects", CONTROL, 0.95, "Kubernetes API concepts"),
    _body("kind apiVersion", True, "Kubernetes API", "objects", CONTROL, 0.88, "Kubernetes API concepts"),
    _body("gitVersion gitCommit", True, "Kubernetes API", "version", CONTROL, 0.93, "Kubernetes version.Info"),
    _body("schemaVersion mediaType", True, "OCI registry", "manifest", MODELS, 0.95, "OCI Image Specification"),
    _body("status resultType", True, "Prometheus", "query", TELEMETRY, 0.9, "Prometheus HTTP API"),
    _body("jsonrpc", True, "JSON-RPC", "call", MESSAGING, 0.65, "JSON-RPC 2.0"),
    _body("cluster_name tagline", True, "Elasticsearch", "cluster state", BACKGROUND, 0.95, "Elasticsearch"),
    _body("couchdb", True, "CouchDB", "database", BACKGROUND, 0.9, "CouchDB API"),
)
METHODS: tuple[Method, ...] = (
    _method("initialize", "MCP", "agent messages", MESSAGING, 0.96, "Model Context Protocol, lifecycle"),
    _method("notifications/initialized", "MCP", "agent messages", MESSAGING, 0.98, "Model Context Protocol, lifecycle"),
    _method("tools/list", "MCP", "agent messages", MESSAGING, 0.98, "Model Context Protocol, tools"),
    _method("tools/call", "MCP", "agent messages", MESSAGING, 0.98, "Model Context Protocol, tools"),
    _method("resources/list", "MCP", "agent messages", MESSAGING, 0.98, "Model Context Protocol, resources"),
    _method("resources/read", "MCP", "agent messages", MESSAGING, 0.98, "Model Context Protocol, resources"),
    _method("prompts/list", "MCP", "agent messages", MESSAGING, 0.98, "Model Context Protocol, prompts"),
    _method("prompts/get", "MCP", "agent messages", MESSAGING, 0.98, "Model Context Protocol, prompts"),
    _method("message/send", "A2A", "agent messages", MESSAGING, 0.98, "A2A protocol specification"),
    _method("message/stream", "A2A", "agent messages", MESSAGING, 0.98, "A2A protocol specification"),
    _method("tasks/send", "A2A", "agent messages", MESSAGING, 0.97, "A2A protocol specification 0.1"),
    _method("tasks/sendSubscribe", "A2A", "agent messages", MESSAGING, 0.98, "A2A protocol specification 0.1"),
    _method("tasks/get", "A2A", "agent messages", MESSAGING, 0.95, "A2A protocol specification"),
    _method("tasks/cancel", "A2A", "agent messages", MESSAGING, 0.95, "A2A protocol specification"),
    _method("SendMessage", "A2A", "agent messages", MESSAGING, 0.93, "A2A protocol specification 1.0"),
    _method("SendStreamingMessage", "A2A", "agent messages", MESSAGING, 0.96, "A2A protocol specification 1.0"),
    _method("GetTask", "A2A", "agent messages", MESSAGING, 0.85, "A2A protocol specification 1.0"),
)
TEXTS: tuple[Text, ...] = (
    _text(b"# HELP ", "Prometheus", "scrape", TELEMETRY, 0.96, "Prometheus text exposition format"),
    _text(b"# TYPE ", "Prometheus", "scrape", TELEMETRY, 0.96, "Prometheus text exposition format"),
    _text(b"Ollama is running", "Ollama", "health check", INFERENCE, 0.98, "ollama/ollama server/routes.go"),
    _text(b"<ListBucketResult", "S3", "list", BULK, 0.97, "Amazon S3 API"),
    _text(b"<ListAllMyBucketsResult", "S3", "list", BULK, 0.97, "Amazon S3 API"),
    _text(b"<InitiateMultipartUploadResult", "S3", "multipart upload", BULK, 0.98, "Amazon S3 API"),
    _text(b"<CompleteMultipartUpload", "S3", "multipart upload", BULK, 0.97, "Amazon S3 API"),
    _text(b"<EnumerationResults", "Azure Blob", "list", BULK, 0.93, "Azure Blob REST API"),
    _text(b"001e# service=git-upload-pack", "Git", "fetch", BACKGROUND, 0.98, "git http-protocol"),
    _text(b"001f# service=git-receive-pack", "Git", "push", BACKGROUND, 0.98, "git http-protocol"),
    _text(b"tb-relative-root", "TensorBoard", "page", TELEMETRY, 0.96, "tensorboard core_plugin.py"),
    _text(b"<!DOCTYPE GANGLIA_XML", "Ganglia", "measurements", TELEMETRY, 0.97, "Ganglia gmetad, gmond"),
    _text(b"\xadendpoint_name", "NVFlare", "federated update", FEDERATED, 0.97, "NVFlare fuel/f3/sfm constants.py, over WebSocket"),
    _text(b"/data.pkl", "HTTP", "model weights", MODELS, 0.8, "PyTorch serialization, archive's first record"),
    _text(b"GGUF\x02\0\0\0", "HTTP", "model weights", MODELS, 0.8, "ggml docs/gguf.md"),
    _text(b"GGUF\x03\0\0\0", "HTTP", "model weights", MODELS, 0.8, "ggml docs/gguf.md"),
    _text(b"<methodName>registerPublisher", "ROS", "master", MESSAGING, 0.96, "ROS 1 Master API"),
    _text(b"<methodName>registerSubscriber", "ROS", "master", MESSAGING, 0.96, "ROS 1 Master API"),
    _text(b"<methodName>requestTopic", "ROS", "topic set-up", MESSAGING, 0.96, "ROS 1 Slave API"),
    _text(b"<methodName>publisherUpdate", "ROS", "topic set-up", MESSAGING, 0.96, "ROS 1 Slave API"),
    _text(b"<methodName>getSystemState", "ROS", "master", MESSAGING, 0.95, "ROS 1 Master API"),
    _text(b"<methodName>lookupNode", "ROS", "master", MESSAGING, 0.96, "ROS 1 Master API"),
    _text(b"<methodName>getParam<", "ROS", "parameters", MESSAGING, 0.93, "ROS 1 Parameter Server API"),
    _text(b"<methodName>setParam<", "ROS", "parameters", MESSAGING, 0.93, "ROS 1 Parameter Server API"),
)
# fmt: on

_LOOK, _TEXT_LOOK = 500, 200
_MEMBER = re.compile(rb'"([A-Za-z_]{1,32})"\s*:')
_RPC = re.compile(rb'"method"\s*:\s*"([A-Za-z/]{1,40})"')
# what may stand before the JSON: the size of a chunk, an event's name (Server-Sent Events)
_BEFORE = re.compile(
    rb"\s*(?:[0-9a-fA-F]{1,8}(?:;[^\r\n]{0,100})?\r\n)?(?:(?:event|id|retry): ?[^\r\n]{0,60}\r?\n){0,3}(?:data: ?)?\s*"
)


def _by_member(answer: bool) -> dict[bytes, list[tuple[frozenset[bytes], Claim]]]:
    """Lines by one of the members that they need."""
    lines: dict[bytes, list[tuple[frozenset[bytes], Claim]]] = {}
    for members, of_answer, claim in BODIES:
        if of_answer is answer:
            needed = frozenset(member.encode() for member in members)
            lines.setdefault(min(needed), []).append((needed, claim))
    return lines


_OF_REQUESTS, _OF_ANSWERS = _by_member(False), _by_member(True)
_METHODS = {line.name.encode(): line.claim for line in METHODS}
_TEXTS = re.compile(b"|".join(re.escape(line.text) for line in TEXTS))
_BY_TEXT = {line.text: line.claim for line in TEXTS}


def body_claim(body: bytes, answer: bool) -> Claim | None:
    """What a body says: the surest line whose members are all there."""
    match = _BEFORE.match(body)
    start = match.end() if match else 0
    if body[start : start + 1] not in (b"{", b"["):
        text = _TEXTS.search(body, 0, _TEXT_LOOK)
        return _BY_TEXT[text[0]] if text else None
    names: list[bytes] = _MEMBER.findall(body, start, start + _LOOK)
    members = set(names)
    lines = _OF_ANSWERS if answer else _OF_REQUESTS
    best: Claim | None = None
    for name in names:  # in their order: a set's changes from run to run
        for needed, claim in lines.get(name, ()):
            if needed <= members and (best is None or claim.confidence > best.confidence):
                best = claim
    return _of_rpc(body, start, best) if b"jsonrpc" in members else best


def _of_rpc(body: bytes, start: int, otherwise: Claim | None) -> Claim | None:
    method = _RPC.search(body, start, start + _LOOK)
    return _METHODS.get(method[1], otherwise) if method else otherwise
