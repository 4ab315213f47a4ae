"""What HTTP request targets tell: one entry a line, its source beside it.

Owns the table of paths, that of query parameters, and the look-up in them.
"""

import re
from collections import Counter
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


class Target(NamedTuple):
    """A request target.

    Attributes:
        methods: Those it is used with, by spaces; "" for any.
        path: Without the query. `*` stands for a segment or a part of one, `**` for one segment or
            more; `...` at the beginning for any prefix, as gateways put one before.
        claim: What it says.
    """

    methods: str
    path: str
    claim: Claim


class Query(NamedTuple):
    """A parameter of a query, in lower case: its name, or name and value."""

    parameter: str
    claim: Claim


def _at(
    methods: str,
    path: str,
    protocol: str,
    role: str,
    kind: TrafficClass | None,
    sure: float,
    source: str,
) -> Target:
    return Target(methods, path, Claim(protocol, role, kind, sure, source))


def _query(
    parameter: str, protocol: str, role: str, kind: TrafficClass | None, sure: float, source: str
) -> Query:
    return Query(parameter, Claim(protocol, role, kind, sure, source))


# fmt: off
TARGETS: tuple[Target, ...] = (
    # inference: KServe's open inference protocol, Triton
    _at("GET", "/v2", "KServe v2 HTTP", "metadata", _INFERENCE, 0.75, "KServe Open Inference Protocol"),
    _at("GET", "/v2/health/live", "KServe v2 HTTP", "health check", _INFERENCE, 0.95, "KServe Open Inference Protocol"),
    _at("GET", "/v2/health/ready", "KServe v2 HTTP", "health check", _INFERENCE, 0.95, "KServe Open Inference Protocol"),
    _at("GET", "/v2/models/*", "KServe v2 HTTP", "metadata", _INFERENCE, 0.9, "KServe Open Inference Protocol"),
    _at("GET", "/v2/models/*/ready", "KServe v2 HTTP", "health check", _INFERENCE, 0.95, "KServe Open Inference Protocol"),
    _at("GET", "/v2/models/*/versions/*", "KServe v2 HTTP", "metadata", _INFERENCE, 0.92, "KServe Open Inference Protocol"),
    _at("GET", "/v2/models/*/versions/*/ready", "KServe v2 HTTP", "health check", _INFERENCE, 0.95, "KServe Open Inference Protocol"),
    _at("POST", "/v2/models/*/infer", "KServe v2 HTTP", "inference request", _INFERENCE, 0.97, "KServe Open Inference Protocol"),
    _at("POST", "/v2/models/*/versions/*/infer", "KServe v2 HTTP", "inference request", _INFERENCE, 0.97, "KServe Open Inference Protocol"),
    _at("POST", ".../v2/models/*/infer", "KServe v2 HTTP", "inference request", _INFERENCE, 0.95, "KServe Open Inference Protocol behind a gateway"),
    _at("POST", "/v2/models/*/generate", "KServe v2 HTTP", "generation", _INFERENCE, 0.95, "Triton generate extension"),
    _at("POST", "/v2/models/*/generate_stream", "KServe v2 HTTP", "generation stream", _INFERENCE, 0.97, "Triton generate extension"),
    _at("POST", "/v2/models/*/versions/*/generate", "KServe v2 HTTP", "generation", _INFERENCE, 0.95, "Triton generate extension"),
    _at("POST", "/v2/models/*/versions/*/generate_stream", "KServe v2 HTTP", "generation stream", _INFERENCE, 0.97, "Triton generate extension"),
    _at("POST", "/v2/models/*/infer_stream", "KServe v2 HTTP", "inference stream", _INFERENCE, 0.95, "SeldonIO/MLServer REST endpoints"),
    _at("GET", "/v2/models/*/config", "KServe v2 HTTP", "metadata", _INFERENCE, 0.95, "Triton model configuration extension"),
    _at("GET", "/v2/models/*/stats", "KServe v2 HTTP", "statistics", _INFERENCE, 0.95, "Triton statistics extension"),
    _at("GET", "/v2/models/stats", "KServe v2 HTTP", "statistics", _INFERENCE, 0.95, "Triton statistics extension"),
    _at("GET POST", "/v2/models/*/trace/setting", "KServe v2 HTTP", "settings", _INFERENCE, 0.95, "Triton trace extension"),
    _at("GET POST", "/v2/trace/setting", "KServe v2 HTTP", "settings", _INFERENCE, 0.95, "Triton trace extension"),
    _at("GET POST", "/v2/logging", "KServe v2 HTTP", "settings", _INFERENCE, 0.85, "Triton logging extension"),
    _at("POST", "/v2/repository/index", "KServe v2 HTTP", "model repository", _INFERENCE, 0.97, "Triton model repository extension"),
    _at("POST", "/v2/repository/models/*/load", "KServe v2 HTTP", "model repository", _INFERENCE, 0.97, "Triton model repository extension"),
    _at("POST", "/v2/repository/models/*/unload", "KServe v2 HTTP", "model repository", _INFERENCE, 0.97, "Triton model repository extension"),
    _at("GET POST", "/v2/systemsharedmemory/**", "KServe v2 HTTP", "shared memory", _INFERENCE, 0.97, "Triton shared memory extension"),
    _at("GET POST", "/v2/cudasharedmemory/**", "KServe v2 HTTP", "shared memory", _INFERENCE, 0.97, "Triton shared memory extension"),
    # inference: TensorFlow Serving, TFX, KServe v1
    _at("POST", "/v1/models/*:predict", "TensorFlow Serving REST", "prediction", _INFERENCE, 0.96, "TensorFlow Serving RESTful API; KServe v1 protocol"),
    _at("POST", "/v1/models/*:classify", "TensorFlow Serving REST", "prediction", _INFERENCE, 0.96, "TensorFlow Serving RESTful API"),
    _at("POST", "/v1/models/*:regress", "TensorFlow Serving REST", "prediction", _INFERENCE, 0.96, "TensorFlow Serving RESTful API"),
    _at("POST", "/v1/models/*:explain", "TensorFlow Serving REST", "explanation", _INFERENCE, 0.95, "KServe v1 protocol"),
    _at("POST", "/v1/models/*/versions/*:*", "TensorFlow Serving REST", "prediction", _INFERENCE, 0.96, "TensorFlow Serving RESTful API"),
    _at("POST", "/v1/models/*/labels/*:*", "TensorFlow Serving REST", "prediction", _INFERENCE, 0.96, "TensorFlow Serving RESTful API"),
    _at("POST", ".../v1/models/*:predict", "TensorFlow Serving REST", "prediction", _INFERENCE, 0.95, "KServe v1 protocol behind a gateway"),
    _at("GET", "/v1/models/*/metadata", "TensorFlow Serving REST", "metadata", _INFERENCE, 0.93, "TensorFlow Serving RESTful API"),
    _at("GET", "/v1/models/*/versions/*", "TensorFlow Serving REST", "model status", _INFERENCE, 0.9, "TensorFlow Serving RESTful API"),
    _at("GET", "/v1/models/*/versions/*/metadata", "TensorFlow Serving REST", "metadata", _INFERENCE, 0.93, "TensorFlow Serving RESTful API"),
    _at("GET", "/v1/models/*", "OpenAI HTTP", "model list", _INFERENCE, 0.75, "OpenAI API reference; TensorFlow Serving RESTful API"),
    # inference: OpenAI-style
    _at("POST", "/v1/chat/completions", "OpenAI HTTP", "chat completion", _INFERENCE, 0.98, "OpenAI API reference"),
    _at("POST", "/v1/completions", "OpenAI HTTP", "completion", _INFERENCE, 0.96, "OpenAI API reference"),
    _at("POST", "/v1/responses", "OpenAI HTTP", "response", _INFERENCE, 0.92, "OpenAI API reference"),
    _at("GET POST DELETE", "/v1/responses/**", "OpenAI HTTP", "response", _INFERENCE, 0.85, "OpenAI API reference"),
    _at("POST", "/v1/embeddings", "OpenAI HTTP", "embedding", _INFERENCE, 0.95, "OpenAI API reference"),
    _at("GET", "/v1/models", "OpenAI HTTP", "model list", _INFERENCE, 0.85, "OpenAI API reference"),
    _at("POST", "/v1/audio/transcriptions", "OpenAI HTTP", "transcription", _INFERENCE, 0.97, "OpenAI API reference"),
    _at("POST", "/v1/audio/translations", "OpenAI HTTP", "transcription", _INFERENCE, 0.97, "OpenAI API reference"),
    _at("POST", "/v1/audio/speech", "OpenAI HTTP", "speech", _INFERENCE, 0.97, "OpenAI API reference"),
    _at("POST", "/v1/images/generations", "OpenAI HTTP", "image", _INFERENCE, 0.97, "OpenAI API reference"),
    _at("POST", "/v1/images/edits", "OpenAI HTTP", "image", _INFERENCE, 0.97, "OpenAI API reference"),
    _at("POST", "/v1/images/variations", "OpenAI HTTP", "image", _INFERENCE, 0.97, "OpenAI API reference"),
    _at("POST", "/v1/moderations", "OpenAI HTTP", "moderation", _INFERENCE, 0.93, "OpenAI API reference"),
    _at("GET", "/v1/realtime", "OpenAI HTTP", "realtime session", _INFERENCE, 0.85, "OpenAI API reference"),
    _at("GET POST", "/v1/assistants/**", "OpenAI HTTP", "assistant", _INFERENCE, 0.85, "OpenAI API reference"),
    _at("GET POST", "/v1/threads/**", "OpenAI HTTP", "assistant", _INFERENCE, 0.8, "OpenAI API reference"),
    _at("GET POST", "/v1/batches", "OpenAI HTTP", "batch", _INFERENCE, 0.75, "OpenAI API reference"),
    _at("GET POST", "/v1/fine_tuning/**", "OpenAI HTTP", "fine-tuning", _INFERENCE, 0.85, "OpenAI API reference"),
    _at("POST", ".../chat/completions", "OpenAI HTTP", "chat completion", _INFERENCE, 0.96, "Azure OpenAI, Groq, OpenRouter, OpenVINO Model Server: other prefixes"),
    _at("POST", ".../deployments/*/completions", "OpenAI HTTP", "completion", _INFERENCE, 0.93, "Azure OpenAI REST reference"),
    _at("POST", ".../deployments/*/embeddings", "OpenAI HTTP", "embedding", _INFERENCE, 0.93, "Azure OpenAI REST reference"),
    _at("POST", ".../v1/completions", "OpenAI HTTP", "completion", _INFERENCE, 0.93, "OpenAI API behind a gateway"),
    _at("POST", ".../v1/embeddings", "OpenAI HTTP", "embedding", _INFERENCE, 0.92, "OpenAI API behind a gateway"),
    _at("POST", "/v3/embeddings", "OpenAI HTTP", "embedding", _INFERENCE, 0.9, "OpenVINO Model Server"),
    _at("POST", "/v1/rerank", "OpenAI HTTP", "rerank", _INFERENCE, 0.9, "vLLM and Jina rerank API"),
    _at("POST", "/v2/rerank", "OpenAI HTTP", "rerank", _INFERENCE, 0.9, "Cohere API reference; vLLM"),
    _at("POST", "/rerank", "OpenAI HTTP", "rerank", _INFERENCE, 0.85, "vLLM; text-embeddings-inference"),
    _at("POST", "/v1/score", "OpenAI HTTP", "score", _INFERENCE, 0.8, "vLLM OpenAI-compatible server"),
    _at("POST", "/score", "HTTP inference API", "score", _INFERENCE, 0.65, "vLLM; Azure ML managed online endpoints"),
    _at("POST", "/pooling", "OpenAI HTTP", "embedding", _INFERENCE, 0.85, "vLLM OpenAI-compatible server"),
    _at("POST", "/classify", "OpenAI HTTP", "classification", _INFERENCE, 0.75, "vLLM OpenAI-compatible server"),
    _at("POST", "/tokenize", "OpenAI HTTP", "tokenize", _INFERENCE, 0.85, "vLLM; llama.cpp server; TGI"),
    _at("POST", "/detokenize", "OpenAI HTTP", "tokenize", _INFERENCE, 0.9, "vLLM; llama.cpp server"),
    _at("POST", "/v1/load_lora_adapter", "OpenAI HTTP", "adapter", _INFERENCE, 0.97, "vLLM LoRA serving"),
    _at("POST", "/v1/unload_lora_adapter", "OpenAI HTTP", "adapter", _INFERENCE, 0.97, "vLLM LoRA serving"),
    _at("GET", "/server_info", "OpenAI HTTP", "metadata", _INFERENCE, 0.6, "vLLM; SGLang"),
    _at("GET", "/is_sleeping", "OpenAI HTTP", "metadata", _INFERENCE, 0.85, "vLLM sleep mode"),
    _at("POST", "/wake_up", "OpenAI HTTP", "metadata", _INFERENCE, 0.75, "vLLM sleep mode"),
    _at("GET", "/v1/health/ready", "NVIDIA NIM", "health check", _INFERENCE, 0.85, "NVIDIA NIM API reference"),
    _at("GET", "/v1/health/live", "NVIDIA NIM", "health check", _INFERENCE, 0.85, "NVIDIA NIM API reference"),
    _at("POST", "/v1/infer", "NVIDIA NIM", "inference request", _INFERENCE, 0.85, "NVIDIA NIM API reference"),
    _at("POST", "/v1/ranking", "NVIDIA NIM", "rerank", _INFERENCE, 0.85, "NVIDIA NIM API reference"),
    _at("GET POST", "/api/v0/models", "LM Studio", "model list", _INFERENCE, 0.8, "LM Studio REST API"),
    _at("POST", "/api/v0/completions", "LM Studio", "completion", _INFERENCE, 0.93, "LM Studio REST API"),
    _at("POST", "/api/v0/embeddings", "LM Studio", "embedding", _INFERENCE, 0.9, "LM Studio REST API"),
    _at("POST", "/v1/messages", "Anthropic HTTP", "message", _INFERENCE, 0.88, "Anthropic API reference"),
    _at("POST", "/v1/messages/count_tokens", "Anthropic HTTP", "tokenize", _INFERENCE, 0.96, "Anthropic API reference"),
    _at("POST", "/v1/complete", "Anthropic HTTP", "completion", _INFERENCE, 0.85, "Anthropic API reference, text completions"),
    _at("POST", "/v1/chat", "Cohere HTTP", "chat completion", _INFERENCE, 0.8, "Cohere API reference"),
    _at("POST", "/v2/chat", "Cohere HTTP", "chat completion", _INFERENCE, 0.8, "Cohere API reference"),
    _at("POST", "/v1/generate", "HTTP inference API", "generation", _INFERENCE, 0.85, "Cohere API reference; Xinference"),
    _at("POST", "/v2/embed", "Cohere HTTP", "embedding", _INFERENCE, 0.85, "Cohere API reference"),
    _at("POST", "/*/models/*:generateContent", "Gemini HTTP", "generation", _INFERENCE, 0.97, "Gemini API reference"),
    _at("POST", "/*/models/*:streamGenerateContent", "Gemini HTTP", "generation stream", _INFERENCE, 0.97, "Gemini API reference"),
    _at("POST", "/*/models/*:embedContent", "Gemini HTTP", "embedding", _INFERENCE, 0.97, "Gemini API reference"),
    _at("POST", "/*/models/*:countTokens", "Gemini HTTP", "tokenize", _INFERENCE, 0.95, "Gemini API reference"),
    _at("POST", "/*/projects/*/locations/**", "Vertex AI", "prediction", _INFERENCE, 0.85, "Vertex AI REST reference"),
    _at("POST", "/model/*/invoke", "Amazon Bedrock", "generation", _INFERENCE, 0.95, "Amazon Bedrock Runtime API"),
    _at("POST", "/model/*/invoke-with-response-stream", "Amazon Bedrock", "generation stream", _INFERENCE, 0.98, "Amazon Bedrock Runtime API"),
    _at("POST", "/model/*/converse", "Amazon Bedrock", "chat completion", _INFERENCE, 0.96, "Amazon Bedrock Runtime API"),
    _at("POST", "/model/*/converse-stream", "Amazon Bedrock", "chat completion", _INFERENCE, 0.98, "Amazon Bedrock Runtime API"),
    _at("POST", "/endpoints/*/invocations", "SageMaker", "prediction", _INFERENCE, 0.95, "SageMaker Runtime InvokeEndpoint; Databricks model serving uses /serving-endpoints"),
    _at("POST", "/serving-endpoints/*/invocations", "Databricks serving", "prediction", _INFERENCE, 0.97, "Databricks model serving"),
    _at("POST", "/invocations", "SageMaker", "prediction", _INFERENCE, 0.9, "SageMaker hosting contract; MLflow scoring server"),
    _at("GET POST", "/v1/predictions", "Replicate", "prediction", _INFERENCE, 0.85, "Replicate HTTP API"),
    _at("GET POST", "/v1/predictions/*", "Replicate", "prediction", _INFERENCE, 0.85, "Replicate HTTP API"),
    _at("POST", "/v1/models/*/*/predictions", "Replicate", "prediction", _INFERENCE, 0.93, "Replicate HTTP API"),
    _at("POST PUT", "/predictions", "Cog", "prediction", _INFERENCE, 0.85, "replicate/cog HTTP API"),
    _at("POST", "/pipeline/*/*", "Hugging Face inference", "inference request", _INFERENCE, 0.85, "Hugging Face Inference API"),
    # inference: Ollama, TGI, llama.cpp, SGLang and others with their own interface
    _at("POST", "/api/generate", "Ollama", "generation", _INFERENCE, 0.93, "ollama/ollama docs/api.md"),
    _at("POST", "/api/chat", "Ollama", "chat completion", _INFERENCE, 0.85, "ollama/ollama docs/api.md"),
    _at("POST", "/api/embed", "Ollama", "embedding", _INFERENCE, 0.93, "ollama/ollama docs/api.md"),
    _at("POST", "/api/embeddings", "Ollama", "embedding", _INFERENCE, 0.9, "ollama/ollama docs/api.md"),
    _at("GET", "/api/tags", "Ollama", "model list", _INFERENCE, 0.85, "ollama/ollama docs/api.md"),
    _at("GET", "/api/ps", "Ollama", "model list", _INFERENCE, 0.85, "ollama/ollama docs/api.md"),
    _at("POST", "/api/show", "Ollama", "model list", _INFERENCE, 0.85, "ollama/ollama docs/api.md"),
    _at("POST", "/api/pull", "Ollama", "model management", _INFERENCE, 0.85, "ollama/ollama docs/api.md"),
    _at("POST", "/api/push", "Ollama", "model management", _INFERENCE, 0.6, "ollama/ollama docs/api.md"),
    _at("POST", "/api/create", "Ollama", "model management", _INFERENCE, 0.6, "ollama/ollama docs/api.md"),
    _at("POST", "/api/copy", "Ollama", "model management", _INFERENCE, 0.6, "ollama/ollama docs/api.md"),
    _at("DELETE", "/api/delete", "Ollama", "model management", _INFERENCE, 0.65, "ollama/ollama docs/api.md"),
    _at("HEAD POST", "/api/blobs/*", "Ollama", "model upload", _MODELS, 0.85, "ollama/ollama docs/api.md"),
    _at("POST", "/generate", "TGI", "generation", _INFERENCE, 0.88, "huggingface/text-generation-inference; SGLang; vLLM's demo server"),
    _at("POST", "/generate_stream", "TGI", "generation stream", _INFERENCE, 0.95, "huggingface/text-generation-inference"),
    _at("GET", "/chat_tokenize", "TGI", "tokenize", _INFERENCE, 0.85, "huggingface/text-generation-inference"),
    _at("POST", "/completion", "llama.cpp", "completion", _INFERENCE, 0.93, "ggml-org/llama.cpp tools/server"),
    _at("POST", "/completions", "llama.cpp", "completion", _INFERENCE, 0.9, "ggml-org/llama.cpp tools/server"),
    _at("POST", "/infill", "llama.cpp", "completion", _INFERENCE, 0.93, "ggml-org/llama.cpp tools/server"),
    _at("POST", "/embedding", "llama.cpp", "embedding", _INFERENCE, 0.88, "ggml-org/llama.cpp tools/server"),
    _at("POST", "/embeddings", "OpenAI HTTP", "embedding", _INFERENCE, 0.88, "llama.cpp; OpenAI-compatible servers without prefix"),
    _at("POST", "/reranking", "llama.cpp", "rerank", _INFERENCE, 0.9, "ggml-org/llama.cpp tools/server"),
    _at("POST", "/v1/reranking", "llama.cpp", "rerank", _INFERENCE, 0.93, "ggml-org/llama.cpp tools/server"),
    _at("GET POST", "/lora-adapters", "llama.cpp", "adapter", _INFERENCE, 0.93, "ggml-org/llama.cpp tools/server"),
    _at("POST", "/apply-template", "llama.cpp", "tokenize", _INFERENCE, 0.9, "ggml-org/llama.cpp tools/server"),
    _at("GET", "/props", "llama.cpp", "metadata", _INFERENCE, 0.7, "ggml-org/llama.cpp tools/server"),
    _at("GET", "/slots", "llama.cpp", "metadata", _INFERENCE, 0.65, "ggml-org/llama.cpp tools/server"),
    _at("GET", "/get_model_info", "SGLang", "metadata", _INFERENCE, 0.9, "sgl-project/sglang http_server.py"),
    _at("GET", "/get_server_info", "SGLang", "metadata", _INFERENCE, 0.9, "sgl-project/sglang http_server.py"),
    _at("GET", "/health_generate", "SGLang", "health check", _INFERENCE, 0.93, "sgl-project/sglang http_server.py"),
    _at("POST", "/flush_cache", "SGLang", "settings", _INFERENCE, 0.8, "sgl-project/sglang http_server.py"),
    _at("POST", "/update_weights_from_tensor", "SGLang", "weights", _INFERENCE, 0.8, "sgl-project/sglang http_server.py"),
    _at("POST PUT", "/encode", "SGLang", "embedding", _INFERENCE, 0.8, "sgl-project/sglang http_server.py"),
    _at("POST", "/update_weights_from_distributed", "SGLang", "weights", _INFERENCE, 0.93, "sgl-project/sglang http_server.py"),
    _at("POST", "/update_weights_from_disk", "SGLang", "weights", _INFERENCE, 0.93, "sgl-project/sglang http_server.py"),
    _at("POST", "/init_weights_update_group", "SGLang", "weights", _INFERENCE, 0.93, "sgl-project/sglang http_server.py"),
    _at("GET POST", "/get_weights_by_name", "SGLang", "weights", _INFERENCE, 0.93, "sgl-project/sglang http_server.py"),
    _at("GET", "/get_load", "SGLang", "metadata", _INFERENCE, 0.85, "sgl-project/sglang http_server.py"),
    _at("POST", "/reset_prefix_cache", "OpenAI HTTP", "settings", _INFERENCE, 0.93, "vLLM OpenAI-compatible server"),
    _at("POST", "/collective_rpc", "OpenAI HTTP", "settings", _INFERENCE, 0.93, "vLLM OpenAI-compatible server"),
    _at("GET", "/openai/v1/models", "OpenAI HTTP", "model list", _INFERENCE, 0.93, "KServe's OpenAI routes"),
    _at("GET POST", "/v1/files", "OpenAI HTTP", "files", _INFERENCE, 0.7, "OpenAI API reference"),
    _at("GET POST", "/v1/vector_stores", "OpenAI HTTP", "files", _INFERENCE, 0.9, "OpenAI API reference"),
    _at("POST", "/embed", "TEI", "embedding", _INFERENCE, 0.85, "huggingface/text-embeddings-inference"),
    _at("POST", "/embed_sparse", "TEI", "embedding", _INFERENCE, 0.95, "huggingface/text-embeddings-inference"),
    _at("POST", "/embed_all", "TEI", "embedding", _INFERENCE, 0.95, "huggingface/text-embeddings-inference"),
    _at("POST", "/inference", "whisper.cpp", "transcription", _INFERENCE, 0.8, "ggml-org/whisper.cpp examples/server"),
    _at("POST", "/api/v1/generate", "KoboldAI", "generation", _INFERENCE, 0.85, "KoboldAI API"),
    _at("POST", "/api/extra/generate/stream", "KoboldAI", "generation stream", _INFERENCE, 0.96, "LostRuins/koboldcpp"),
    _at("GET POST", "/sdapi/v1/**", "Stable Diffusion web UI", "image", _INFERENCE, 0.97, "AUTOMATIC1111/stable-diffusion-webui"),
    _at("POST", "/gradio_api/**", "Gradio", "inference request", _INFERENCE, 0.9, "gradio-app/gradio routes.py"),
    _at("GET POST", "/queue/join", "Gradio", "inference request", _INFERENCE, 0.85, "gradio-app/gradio routes.py"),
    _at("POST", "/predictions/*", "TorchServe", "prediction", _INFERENCE, 0.93, "pytorch/serve inference API"),
    _at("POST", "/predictions/*/*", "TorchServe", "prediction", _INFERENCE, 0.93, "pytorch/serve inference API"),
    _at("POST", "/explanations/*", "TorchServe", "explanation", _INFERENCE, 0.93, "pytorch/serve inference API"),
    _at("POST", "/wfpredict/*", "TorchServe", "workflow prediction", _INFERENCE, 0.96, "pytorch/serve workflow API"),
    _at("GET POST", "/models", "TorchServe", "model management", _INFERENCE, 0.65, "pytorch/serve management API"),
    _at("GET POST PUT DELETE", "/models/*", "TorchServe", "model management", _INFERENCE, 0.6, "pytorch/serve management API"),
    _at("OPTIONS GET", "/api-description", "TorchServe", "metadata", _INFERENCE, 0.7, "pytorch/serve inference API"),
    _at("POST", "/api/v1.0/predictions", "Seldon Core", "prediction", _INFERENCE, 0.95, "SeldonIO/seldon-core protocol"),
    _at("POST", ".../api/v1.0/predictions", "Seldon Core", "prediction", _INFERENCE, 0.95, "SeldonIO/seldon-core behind its gateway"),
    _at("POST", ".../api/v0.1/predictions", "Seldon Core", "prediction", _INFERENCE, 0.93, "SeldonIO/seldon-core behind its gateway"),
    _at("POST", "/model/parse", "Rasa", "prediction", _INFERENCE, 0.85, "RasaHQ/rasa HTTP API"),
    _at("POST", "/predict", "HTTP inference API", "prediction", _INFERENCE, 0.72, "LitServe default path; Vertex AI AIP_PREDICT_ROUTE; DeepSparse"),
    _at("POST", ".../predict", "HTTP inference API", "prediction", _INFERENCE, 0.66, "LitServe default path; Vertex AI AIP_PREDICT_ROUTE; Baseten"),
    _at("POST", ".../infer", "HTTP inference API", "inference request", _INFERENCE, 0.68, "Triton and PaddlePaddle clients' convention"),
    _at("POST", ".../runsync", "RunPod", "inference request", _INFERENCE, 0.75, "RunPod serverless endpoints"),
    _at("POST", ".../invoke", "LangServe", "generation", _INFERENCE, 0.6, "langchain-ai/langserve"),
    _at("POST", ".../stream_log", "LangServe", "generation stream", _INFERENCE, 0.85, "langchain-ai/langserve"),
    _at("GET", "/docs.json", "BentoML", "metadata", _INFERENCE, 0.6, "bentoml/BentoML server"),
    _at("GET", "/schema.json", "BentoML", "metadata", _INFERENCE, 0.6, "bentoml/BentoML server"),
    _at("GET", "/-/routes", "Ray Serve", "routes", _INFERENCE, 0.96, "ray-project/ray serve proxy"),
    _at("GET", "/-/healthz", "Ray Serve", "health check", _INFERENCE, 0.93, "ray-project/ray serve proxy"),
    # federated learning
    _at("POST", "/api/v0/fleet/*", "Flower REST", "federated round", _FEDERATED, 0.97, "adap/flower rest_api.py"),
    _at("POST", "/startFLJob", "MindSpore Federated", "federated round", _FEDERATED, 0.96, "mindspore-ai/federated"),
    _at("POST", "/updateModel", "MindSpore Federated", "federated round", _FEDERATED, 0.85, "mindspore-ai/federated"),
    _at("POST", "/getModel", "MindSpore Federated", "federated round", _FEDERATED, 0.85, "mindspore-ai/federated"),
    _at("GET POST", "/fedmlOpsServer/**", "FedML", "federation control", _FEDERATED, 0.95, "FedML-AI/FedML core/mlops"),
    _at("POST", "/api/v2/api_call", "PySyft", "remote call", _FEDERATED, 0.9, "OpenMined/PySyft server routes"),
    _at("POST", "/v1/job/submit", "FATE", "federation control", _FEDERATED, 0.7, "FederatedAI/FATE-Flow"),
    _at("POST", "/v1/party/**", "FATE", "federation control", _FEDERATED, 0.75, "FederatedAI/FATE-Flow"),
    _at("POST", "/v2/partner/**", "FATE", "federation control", _FEDERATED, 0.75, "FederatedAI/FATE-Flow"),
    # model distribution: OCI and Docker registries
    _at("GET HEAD", "/v2/", "OCI registry", "version check", _MODELS, 0.85, "OCI Distribution Specification"),
    _at("GET", "/v2/_catalog", "OCI registry", "catalogue", _MODELS, 0.97, "Docker Registry HTTP API V2"),
    _at("GET", "/v2/**/tags/list", "OCI registry", "tags", _MODELS, 0.97, "OCI Distribution Specification"),
    _at("GET HEAD PUT DELETE", "/v2/**/manifests/*", "OCI registry", "manifest", _MODELS, 0.97, "OCI Distribution Specification"),
    _at("GET HEAD DELETE", "/v2/**/blobs/*", "OCI registry", "blob", _MODELS, 0.97, "OCI Distribution Specification"),
    _at("POST", "/v2/**/blobs/uploads/", "OCI registry", "blob upload", _MODELS, 0.98, "OCI Distribution Specification"),
    _at("POST", "/v2/**/blobs/uploads", "OCI registry", "blob upload", _MODELS, 0.97, "OCI Distribution Specification"),
    _at("GET PUT PATCH DELETE", "/v2/**/blobs/uploads/*", "OCI registry", "blob upload", _MODELS, 0.98, "OCI Distribution Specification"),
    _at("GET", "/v2/**/referrers/*", "OCI registry", "referrers", _MODELS, 0.97, "OCI Distribution Specification"),
    _at("GET POST PUT", "/api/v2.0/**", "Harbor", "registry management", _MODELS, 0.7, "goharbor/harbor API"),
    # model distribution: Hugging Face hub, ModelScope, git-lfs
    _at("GET HEAD", "/*/*/resolve/*/**", "Hugging Face hub", "file", _MODELS, 0.95, "huggingface_hub file_download.py"),
    _at("GET HEAD", "/*/resolve/*/**", "Hugging Face hub", "file", _MODELS, 0.88, "huggingface_hub file_download.py"),
    _at("GET HEAD", "/datasets/*/*/resolve/*/**", "Hugging Face hub", "file", _MODELS, 0.95, "huggingface_hub file_download.py"),
    _at("GET HEAD", "/spaces/*/*/resolve/*/**", "Hugging Face hub", "file", _MODELS, 0.95, "huggingface_hub file_download.py"),
    _at("GET HEAD", "/api/resolve-cache/**", "Hugging Face hub", "file", _MODELS, 0.97, "huggingface_hub file_download.py"),
    _at("GET", "/api/models", "Hugging Face hub", "metadata", _MODELS, 0.7, "huggingface_hub hf_api.py"),
    _at("GET POST PUT", "/api/models/**", "Hugging Face hub", "metadata", _MODELS, 0.88, "huggingface_hub hf_api.py"),
    _at("GET POST PUT", "/api/datasets/**", "Hugging Face hub", "metadata", _MODELS, 0.7, "huggingface_hub hf_api.py"),
    _at("GET POST", "/api/spaces/**", "Hugging Face hub", "metadata", _MODELS, 0.7, "huggingface_hub hf_api.py"),
    _at("POST", "/api/repos/create", "Hugging Face hub", "metadata", _MODELS, 0.93, "huggingface_hub hf_api.py"),
    _at("GET", "/api/whoami-v2", "Hugging Face hub", "metadata", _MODELS, 0.96, "huggingface_hub hf_api.py"),
    _at("GET", "/v1/reconstructions/*", "Hugging Face Xet", "chunks", _MODELS, 0.93, "huggingface/xet-core cas_client"),
    _at("GET", "/reconstructions/*", "Hugging Face Xet", "chunks", _MODELS, 0.9, "huggingface/xet-core cas_client"),
    _at("GET", "/v2/reconstructions/*", "Hugging Face Xet", "chunks", _MODELS, 0.93, "huggingface/xet-core cas_client"),
    _at("POST", "/v1/shards", "Hugging Face Xet", "chunks", _MODELS, 0.93, "huggingface/xet-core cas_client"),
    _at("GET POST DELETE", ".../api/2.0/mlflow/registered-models/**", "MLflow", "model registry", _MODELS, 0.96, "MLflow REST API, model registry"),
    _at("GET POST PATCH DELETE", ".../api/2.0/mlflow/model-versions/**", "MLflow", "model registry", _MODELS, 0.96, "MLflow REST API, model registry"),
    _at("GET POST DELETE PATCH", "/api/2.0/mlflow/registered-models/**", "MLflow", "model registry", _MODELS, 0.96, "MLflow REST API, model registry"),
    _at("GET POST DELETE PATCH", "/api/2.0/mlflow/model-versions/**", "MLflow", "model registry", _MODELS, 0.96, "MLflow REST API, model registry"),
    _at("GET HEAD PUT POST", ".../files/md5/*/*", "DVC", "file", _MODELS, 0.9, "iterative/dvc-data, layout of remotes"),
    _at("GET POST", "/v1/xorbs/**", "Hugging Face Xet", "chunks", _MODELS, 0.96, "huggingface/xet-core cas_client"),
    _at("GET POST", "/xorbs/**", "Hugging Face Xet", "chunks", _MODELS, 0.9, "huggingface/xet-core cas_client"),
    _at("GET HEAD", "/models/*/*/resolve/*/**", "ModelScope", "file", _MODELS, 0.95, "modelscope/modelscope hub API"),
    _at("GET", "/api/v1/models/*/*/repo", "ModelScope", "file", _MODELS, 0.93, "modelscope/modelscope hub API"),
    _at("GET", "/api/v1/models/*/*/repo/files", "ModelScope", "metadata", _MODELS, 0.96, "modelscope/modelscope hub API"),
    _at("GET", "/v2/models/**/files/**", "NVIDIA NGC", "file", _MODELS, 0.85, "NVIDIA NGC catalog API"),
    _at("GET", "/api/download/models/*", "Civitai", "file", _MODELS, 0.9, "Civitai REST API"),
    _at("POST", ".../info/lfs/objects/batch", "Git LFS", "transfer", _MODELS, 0.97, "git-lfs batch API"),
    _at("GET PUT POST", ".../info/lfs/**", "Git LFS", "transfer", _MODELS, 0.95, "git-lfs API"),
    _at("GET PUT", ".../gitlab-lfs/objects/*", "Git LFS", "transfer", _MODELS, 0.95, "GitLab LFS"),
    # control: etcd, consensus, service discovery
    _at("GET", "/raft", "etcd raft", "peer", _CONTROL, 0.7, "etcd server/etcdserver/api/rafthttp"),
    _at("POST", "/raft", "etcd raft", "peer messages", _CONTROL, 0.85, "etcd server/etcdserver/api/rafthttp"),
    _at("GET", "/raft/stream/**", "etcd raft", "peer stream", _CONTROL, 0.97, "etcd server/etcdserver/api/rafthttp"),
    _at("POST", "/raft/snapshot", "etcd raft", "snapshot", _CONTROL, 0.95, "etcd server/etcdserver/api/rafthttp"),
    _at("GET", "/raft/probing", "etcd raft", "probe", _CONTROL, 0.96, "etcd server/etcdserver/api/rafthttp"),
    _at("GET", "/members", "etcd raft", "members", _CONTROL, 0.65, "etcd server/etcdserver/api/etcdhttp/peer.go"),
    _at("GET", "/lease/internal", "etcd raft", "lease", _CONTROL, 0.85, "etcd server/lease/leasehttp"),
    _at("GET PUT POST DELETE", "/v2/keys/**", "etcd", "key-value API", _CONTROL, 0.93, "etcd v2 API; torchelastic's etcd rendezvous"),
    _at("GET POST", "/v2/members", "etcd", "members", _CONTROL, 0.85, "etcd v2 API"),
    _at("GET", "/v2/stats/*", "etcd", "statistics", _CONTROL, 0.7, "etcd v2 API"),
    _at("GET", "/v2/machines", "etcd", "members", _CONTROL, 0.85, "etcd v2 API"),
    _at("POST", "/v3/kv/*", "etcd", "key-value API", _CONTROL, 0.95, "etcd grpc-gateway"),
    _at("POST", "/v3/watch", "etcd", "watch", _CONTROL, 0.93, "etcd grpc-gateway"),
    _at("POST", "/v3/lease/*", "etcd", "lease", _CONTROL, 0.93, "etcd grpc-gateway"),
    _at("POST", "/v3/maintenance/*", "etcd", "status", _CONTROL, 0.9, "etcd grpc-gateway"),
    _at("GET PUT", "/v1/agent/**", "Consul", "agent", _CONTROL, 0.9, "HashiCorp Consul API"),
    _at("GET PUT", "/v1/catalog/**", "Consul", "catalogue", _CONTROL, 0.9, "HashiCorp Consul API"),
    _at("GET", "/v1/health/service/*", "Consul", "health", _CONTROL, 0.95, "HashiCorp Consul API"),
    _at("GET", "/v1/health/state/*", "Consul", "health", _CONTROL, 0.95, "HashiCorp Consul API"),
    _at("GET PUT DELETE", "/v1/kv/**", "Consul", "key-value API", _CONTROL, 0.85, "HashiCorp Consul API"),
    _at("PUT", "/v1/session/**", "Consul", "session", _CONTROL, 0.9, "HashiCorp Consul API"),
    _at("GET", "/v1/status/leader", "Consul", "status", _CONTROL, 0.9, "HashiCorp Consul and Nomad API"),
    _at("GET", "/v1/status/peers", "Consul", "status", _CONTROL, 0.9, "HashiCorp Consul and Nomad API"),
    _at("PUT", "/v1/txn", "Consul", "transaction", _CONTROL, 0.85, "HashiCorp Consul API"),
    _at("GET POST", "/v1/allocations", "Nomad", "scheduling", _CONTROL, 0.9, "HashiCorp Nomad API"),
    _at("GET POST", "/v1/allocation/**", "Nomad", "scheduling", _CONTROL, 0.9, "HashiCorp Nomad API"),
    _at("GET POST", "/v1/evaluations", "Nomad", "scheduling", _CONTROL, 0.9, "HashiCorp Nomad API"),
    _at("GET POST DELETE", "/v1/job/**", "Nomad", "jobs", _CONTROL, 0.8, "HashiCorp Nomad API"),
    _at("GET POST", "/v1/nodes", "Nomad", "nodes", _CONTROL, 0.7, "HashiCorp Nomad API"),
    _at("GET POST", "/v1/jobs", "Nomad", "jobs", _CONTROL, 0.75, "HashiCorp Nomad API"),
    _at("GET", "/v1/client/**", "Nomad", "nodes", _CONTROL, 0.85, "HashiCorp Nomad API"),
    _at("GET", "/v1/deployments", "Nomad", "jobs", _CONTROL, 0.85, "HashiCorp Nomad API"),
    _at("GET PUT POST", "/v1/sys/**", "Vault", "system", _CONTROL, 0.85, "HashiCorp Vault API"),
    # control: Kubernetes and what surrounds it
    _at("", "/api/v1/namespaces", "Kubernetes API", "objects", _CONTROL, 0.9, "Kubernetes API reference"),
    _at("", "/api/v1/namespaces/**", "Kubernetes API", "objects", _CONTROL, 0.95, "Kubernetes API reference"),
    _at("", "/api/v1/nodes", "Kubernetes API", "objects", _CONTROL, 0.85, "Kubernetes API reference"),
    _at("", "/api/v1/nodes/**", "Kubernetes API", "objects", _CONTROL, 0.85, "Kubernetes API reference"),
    _at("", "/api/v1/pods", "Kubernetes API", "objects", _CONTROL, 0.93, "Kubernetes API reference"),
    _at("", "/api/v1/services", "Kubernetes API", "objects", _CONTROL, 0.8, "Kubernetes API reference"),
    _at("", "/api/v1/endpoints", "Kubernetes API", "objects", _CONTROL, 0.85, "Kubernetes API reference"),
    _at("", "/api/v1/configmaps", "Kubernetes API", "objects", _CONTROL, 0.95, "Kubernetes API reference"),
    _at("", "/api/v1/secrets", "Kubernetes API", "objects", _CONTROL, 0.85, "Kubernetes API reference"),
    _at("", "/api/v1/events", "Kubernetes API", "objects", _CONTROL, 0.65, "Kubernetes API reference"),
    _at("", "/api/v1/persistentvolumes", "Kubernetes API", "objects", _CONTROL, 0.96, "Kubernetes API reference"),
    _at("", "/api/v1/persistentvolumeclaims", "Kubernetes API", "objects", _CONTROL, 0.96, "Kubernetes API reference"),
    _at("GET", "/apis", "Kubernetes API", "discovery", _CONTROL, 0.85, "Kubernetes API reference"),
    _at("", "/apis/*/*/namespaces/**", "Kubernetes API", "objects", _CONTROL, 0.98, "Kubernetes API reference"),
    _at("", "/apis/**", "Kubernetes API", "objects", _CONTROL, 0.88, "Kubernetes API reference"),
    _at("GET", "/openapi/v2", "Kubernetes API", "discovery", _CONTROL, 0.9, "Kubernetes API reference"),
    _at("GET", "/openapi/v3/**", "Kubernetes API", "discovery", _CONTROL, 0.85, "Kubernetes API reference"),
    _at("GET", "/containerLogs/**", "Kubernetes API", "container logs", _CONTROL, 0.93, "kubelet server.go"),
    _at("GET", "/v*/containers/json", "Docker Engine", "containers", _CONTROL, 0.95, "Docker Engine API"),
    _at("GET POST DELETE", "/v*/containers/**", "Docker Engine", "containers", _CONTROL, 0.85, "Docker Engine API"),
    _at("GET POST DELETE", "/v*/images/**", "Docker Engine", "images", _CONTROL, 0.8, "Docker Engine API"),
    _at("GET POST DELETE", "/containers/**", "Docker Engine", "containers", _CONTROL, 0.7, "Docker Engine API"),
    _at("GET HEAD", "/_ping", "Docker Engine", "probe", _CONTROL, 0.85, "Docker Engine API"),
    _at("GET", "/slurm/v*/**", "Slurm REST", "jobs", _CONTROL, 0.95, "SchedMD slurmrestd"),
    _at("POST", "/slurm/v*/**", "Slurm REST", "jobs", _CONTROL, 0.96, "SchedMD slurmrestd"),
    _at("GET", "/slurmdb/v*/**", "Slurm REST", "accounting", _CONTROL, 0.95, "SchedMD slurmrestd"),
    _at("GET PUT POST", "/ws/v1/cluster/**", "YARN", "jobs", _CONTROL, 0.95, "Apache Hadoop YARN ResourceManager REST"),
    _at("GET PUT", "/ws/v1/node/**", "YARN", "nodes", _CONTROL, 0.93, "Apache Hadoop YARN NodeManager REST"),
    _at("GET POST", "/pipeline/apis/**", "Kubeflow Pipelines", "jobs", _CONTROL, 0.96, "kubeflow/pipelines API"),
    _at("GET POST PATCH", "/api/v1/dags/**", "Airflow", "jobs", _CONTROL, 0.9, "Apache Airflow REST API"),
    _at("GET POST PATCH", "/api/v2/dags/**", "Airflow", "jobs", _CONTROL, 0.93, "Apache Airflow REST API"),
    _at("GET POST PUT", "/api/v1/workflows/**", "Argo Workflows", "jobs", _CONTROL, 0.85, "argoproj/argo-workflows API"),
    _at("POST GET", "/v1/submissions/**", "Spark REST", "job submission", _CONTROL, 0.95, "Apache Spark rest/StandaloneRestServer"),
    _at("GET", "/api/v1/applications", "Spark REST", "monitoring", _CONTROL, 0.85, "Apache Spark monitoring REST API"),
    _at("GET", "/api/v1/applications/**", "Spark REST", "monitoring", _CONTROL, 0.9, "Apache Spark monitoring REST API"),
    _at("GET POST", "/api/jobs/", "Ray jobs", "job submission", _CONTROL, 0.9, "ray-project/ray dashboard/modules/job"),
    _at("GET POST DELETE", "/api/jobs/**", "Ray jobs", "job submission", _CONTROL, 0.75, "ray-project/ray dashboard/modules/job"),
    _at("GET PUT HEAD", "/api/packages/**", "Ray jobs", "packages", _CONTROL, 0.8, "ray-project/ray dashboard/modules/job"),
    _at("GET", "/api/cluster_status", "Ray dashboard", "status", _CONTROL, 0.9, "ray-project/ray dashboard"),
    _at("GET", "/api/gcs_healthz", "Ray dashboard", "health check", _CONTROL, 0.97, "ray-project/ray dashboard/modules/healthz"),
    _at("GET", "/api/v0/actors", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/tasks", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/nodes", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/objects", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/jobs", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/workers", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/placement_groups", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/runtime_envs", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/cluster_events", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/tasks/summarize", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/actors/summarize", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/objects/summarize", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/api/v0/logs", "Ray dashboard", "state", _CONTROL, 0.9, "ray-project/ray dashboard/modules/state"),
    _at("GET", "/logical/actors", "Ray dashboard", "state", _CONTROL, 0.93, "ray-project/ray dashboard"),
    _at("GET", "/api/ray/version", "Ray dashboard", "version", _CONTROL, 0.97, "ray-project/ray dashboard"),
    _at("POST", "/report_events", "Ray dashboard", "events", _CONTROL, 0.75, "ray-project/ray dashboard/modules/event"),
    _at("GET", "/api/local_raylet_healthz", "Ray dashboard", "health check", _CONTROL, 0.98, "ray-project/ray dashboard/modules/healthz"),
    _at("GET PUT", "/api/serve/applications/", "Ray dashboard", "deployment", _CONTROL, 0.95, "ray-project/ray dashboard/modules/serve"),
    _at("GET POST", "/handler/*", "PyTorch worker server", "traces of ranks", _CONTROL, 0.7, "PyTorch control_plane/WorkerServer.cpp"),
    _at("GET PUT DELETE", "/global_/*", "Horovod rendezvous", "rendezvous", _CONTROL, 0.93, "horovod/horovod common/gloo/gloo_context.cc, http_store.cc"),
    _at("GET PUT DELETE", "/global_*/*", "Horovod rendezvous", "rendezvous", _CONTROL, 0.85, "horovod/horovod common/gloo/gloo_context.cc, http_store.cc"),
    _at("GET PUT DELETE", "/local_/*", "Horovod rendezvous", "rendezvous", _CONTROL, 0.93, "horovod/horovod common/gloo/gloo_context.cc, http_store.cc"),
    _at("GET PUT DELETE", "/cross_/*", "Horovod rendezvous", "rendezvous", _CONTROL, 0.93, "horovod/horovod common/gloo/gloo_context.cc, http_store.cc"),
    _at("GET PUT DELETE", "/global/*", "Horovod rendezvous", "rendezvous", _CONTROL, 0.7, "horovod/horovod common/gloo/gloo_context.cc, http_store.cc"),
    _at("GET PUT DELETE", "/local_*/*", "Horovod rendezvous", "rendezvous", _CONTROL, 0.75, "horovod/horovod common/gloo/gloo_context.cc"),
    _at("GET PUT DELETE", "/cross_*/*", "Horovod rendezvous", "rendezvous", _CONTROL, 0.75, "horovod/horovod common/gloo/gloo_context.cc"),
    _at("GET PUT DELETE", "/rank_and_size/*", "Horovod rendezvous", "rendezvous", _CONTROL, 0.93, "horovod/horovod runner/elastic/rendezvous.py"),
    _at("GET PUT DELETE", "/worker_addresses/*", "Horovod rendezvous", "rendezvous", _CONTROL, 0.93, "horovod/horovod runner/elastic/rendezvous.py"),
    _at("GET PUT DELETE", "/runfunc/*", "Horovod rendezvous", "rendezvous", _CONTROL, 0.9, "horovod/horovod runner/__init__.py"),
    _at("GET PUT POST", "/restconf/**", "RESTCONF", "network control", _CONTROL, 0.95, "RFC 8040"),
    _at("GET POST", "/stats/flowentry/*", "Ryu REST", "network control", _CONTROL, 0.95, "faucetsdn/ryu ofctl_rest.py"),
    _at("GET", "/stats/switches", "Ryu REST", "network control", _CONTROL, 0.95, "faucetsdn/ryu ofctl_rest.py"),
    _at("GET POST PUT", "/onos/v1/**", "ONOS", "network control", _CONTROL, 0.96, "opennetworkinglab/onos REST API"),
    _at("GET POST PATCH", "/redfish/v1/**", "Redfish", "machine control", _CONTROL, 0.97, "DMTF DSP0266"),
    # telemetry
    _at("GET HEAD", "/metrics", "Prometheus", "scrape", _TELEMETRY, 0.88, "Prometheus exposition formats"),
    _at("GET", "/metrics/cadvisor", "Prometheus", "scrape", _TELEMETRY, 0.95, "kubelet server.go"),
    _at("GET", "/metrics/resource", "Prometheus", "scrape", _TELEMETRY, 0.93, "kubelet server.go"),
    _at("GET", "/metrics/probes", "Prometheus", "scrape", _TELEMETRY, 0.95, "kubelet server.go"),
    _at("GET", "/metrics/", "Prometheus", "scrape", _TELEMETRY, 0.85, "Prometheus exposition formats"),
    _at("GET", ".../metrics", "Prometheus", "scrape", _TELEMETRY, 0.7, "Prometheus exposition formats, metrics_path"),
    _at("GET", "/actuator/prometheus", "Prometheus", "scrape", _TELEMETRY, 0.97, "Spring Boot Actuator"),
    _at("GET", "/stats/prometheus", "Prometheus", "scrape", _TELEMETRY, 0.96, "Envoy admin interface"),
    _at("GET", "/federate", "Prometheus", "federation scrape", _TELEMETRY, 0.93, "Prometheus federation"),
    _at("GET", "/probe", "Prometheus", "probe", _TELEMETRY, 0.65, "prometheus/blackbox_exporter"),
    _at("POST PUT", "/metrics/job/**", "Prometheus", "push", _TELEMETRY, 0.96, "prometheus/pushgateway"),
    _at("POST", "/api/v1/write", "Prometheus", "remote write", _TELEMETRY, 0.93, "Prometheus remote write 1.0"),
    _at("POST", "/api/v1/push", "Prometheus", "remote write", _TELEMETRY, 0.85, "Grafana Mimir HTTP API"),
    _at("POST", "/api/v1/read", "Prometheus", "remote read", _TELEMETRY, 0.85, "Prometheus remote read"),
    _at("GET POST", "/api/v1/query", "Prometheus", "query", _TELEMETRY, 0.9, "Prometheus HTTP API"),
    _at("GET POST", "/api/v1/query_range", "Prometheus", "query", _TELEMETRY, 0.96, "Prometheus HTTP API"),
    _at("GET POST", "/api/v1/series", "Prometheus", "query", _TELEMETRY, 0.85, "Prometheus HTTP API; Datadog API"),
    _at("GET POST", "/api/v1/labels", "Prometheus", "query", _TELEMETRY, 0.8, "Prometheus HTTP API"),
    _at("GET", "/api/v1/label/*/values", "Prometheus", "query", _TELEMETRY, 0.93, "Prometheus HTTP API"),
    _at("GET", "/api/v1/targets", "Prometheus", "query", _TELEMETRY, 0.85, "Prometheus HTTP API"),
    _at("GET POST", "/api/v2/alerts", "Alertmanager", "alerts", _TELEMETRY, 0.88, "prometheus/alertmanager API"),
    _at("POST", "/api/v1/import/**", "VictoriaMetrics", "push", _TELEMETRY, 0.88, "VictoriaMetrics HTTP API"),
    _at("POST", "/api/v1/import", "VictoriaMetrics", "push", _TELEMETRY, 0.75, "VictoriaMetrics HTTP API"),
    _at("POST", "/v1/traces", "OTLP HTTP", "traces", _TELEMETRY, 0.95, "OpenTelemetry Protocol Specification"),
    _at("POST", "/v1/metrics", "OTLP HTTP", "metrics", _TELEMETRY, 0.93, "OpenTelemetry Protocol Specification"),
    _at("POST", "/v1/logs", "OTLP HTTP", "logs", _TELEMETRY, 0.93, "OpenTelemetry Protocol Specification"),
    _at("POST", "/v1development/profiles", "OTLP HTTP", "profiles", _TELEMETRY, 0.97, "OpenTelemetry Protocol Specification"),
    _at("POST", ".../v1/traces", "OTLP HTTP", "traces", _TELEMETRY, 0.9, "OpenTelemetry Protocol Specification behind a gateway"),
    _at("POST", ".../v1/logs", "OTLP HTTP", "logs", _TELEMETRY, 0.85, "OpenTelemetry Protocol Specification behind a gateway"),
    _at("POST", ".../v1/metrics", "OTLP HTTP", "metrics", _TELEMETRY, 0.85, "OpenTelemetry Protocol Specification behind a gateway"),
    _at("POST", "/api/traces", "Jaeger", "spans", _TELEMETRY, 0.9, "jaegertracing/jaeger collector HTTP"),
    _at("POST", "/api/v2/spans", "Zipkin", "spans", _TELEMETRY, 0.95, "openzipkin/zipkin-api"),
    _at("POST", "/api/v1/spans", "Zipkin", "spans", _TELEMETRY, 0.95, "openzipkin/zipkin-api"),
    _at("POST", "/loki/api/v1/push", "Loki", "logs", _TELEMETRY, 0.98, "Grafana Loki HTTP API"),
    _at("GET POST", "/loki/api/v1/**", "Loki", "query", _TELEMETRY, 0.96, "Grafana Loki HTTP API"),
    _at("POST", "/write", "InfluxDB", "line protocol", _TELEMETRY, 0.88, "InfluxDB v1 API"),
    _at("POST", "/api/v2/write", "InfluxDB", "line protocol", _TELEMETRY, 0.95, "InfluxDB v2 API"),
    _at("POST", "/api/v3/write_lp", "InfluxDB", "line protocol", _TELEMETRY, 0.97, "InfluxDB v3 API"),
    _at("POST", "/api/put", "OpenTSDB", "metrics", _TELEMETRY, 0.88, "OpenTSDB HTTP API"),
    _at("POST", "/v0.3/traces", "Datadog", "traces", _TELEMETRY, 0.95, "DataDog/datadog-agent trace API"),
    _at("PUT POST", "/v0.4/traces", "Datadog", "traces", _TELEMETRY, 0.96, "DataDog/datadog-agent trace API"),
    _at("PUT POST", "/v0.5/traces", "Datadog", "traces", _TELEMETRY, 0.96, "DataDog/datadog-agent trace API"),
    _at("POST", "/api/v2/series", "Datadog", "metrics", _TELEMETRY, 0.93, "Datadog API"),
    _at("POST", "/intake/", "Datadog", "metrics", _TELEMETRY, 0.75, "Datadog agent"),
    _at("POST", "/api/beta/sketches", "Datadog", "metrics", _TELEMETRY, 0.97, "DataDog/datadog-agent forwarder and trace API"),
    _at("POST", "/api/v1/check_run", "Datadog", "service checks", _TELEMETRY, 0.95, "DataDog/datadog-agent forwarder and trace API"),
    _at("POST", "/api/v2/logs", "Datadog", "logs", _TELEMETRY, 0.9, "Datadog API"),
    _at("POST", "/api/v0.2/traces", "Datadog", "traces", _TELEMETRY, 0.96, "DataDog/datadog-agent forwarder and trace API"),
    _at("POST", "/api/v0.2/stats", "Datadog", "traces", _TELEMETRY, 0.96, "DataDog/datadog-agent forwarder and trace API"),
    _at("POST PUT", "/v0.6/stats", "Datadog", "traces", _TELEMETRY, 0.96, "DataDog/datadog-agent forwarder and trace API"),
    _at("POST", "/v0.7/config", "Datadog", "settings", _TELEMETRY, 0.95, "DataDog/datadog-agent forwarder and trace API"),
    _at("POST", "/telemetry/proxy/**", "Datadog", "telemetry", _TELEMETRY, 0.95, "DataDog/datadog-agent forwarder and trace API"),
    _at("POST", "/evp_proxy/**", "Datadog", "events", _TELEMETRY, 0.95, "DataDog/datadog-agent forwarder and trace API"),
    _at("GET", "/api/traces", "Jaeger", "query", _TELEMETRY, 0.85, "jaegertracing/jaeger query HTTP"),
    _at("GET", "/zipkin/api/v2/**", "Zipkin", "query", _TELEMETRY, 0.95, "openzipkin/zipkin-api"),
    _at("POST", "/api/ds/query", "Grafana", "query", _TELEMETRY, 0.93, "Grafana HTTP API, data sources"),
    _at("GET POST", "/api/datasources/proxy/**", "Grafana", "query", _TELEMETRY, 0.95, "Grafana HTTP API, data sources"),
    _at("POST", "/services/collector", "Splunk HEC", "events", _TELEMETRY, 0.95, "Splunk HTTP event collector"),
    _at("POST", "/services/collector/*", "Splunk HEC", "events", _TELEMETRY, 0.96, "Splunk HTTP event collector"),
    _at("POST", "/_bulk", "Elasticsearch", "bulk indexing", _TELEMETRY, 0.85, "Elasticsearch bulk API"),
    _at("POST PUT", "/*/_bulk", "Elasticsearch", "bulk indexing", _TELEMETRY, 0.85, "Elasticsearch bulk API"),
    _at("POST", "/insert/**", "VictoriaLogs", "logs", _TELEMETRY, 0.75, "VictoriaLogs data ingestion"),
    _at("POST", "/ingest", "Pyroscope", "profiles", _TELEMETRY, 0.65, "grafana/pyroscope API"),
    _at("POST", "/api/*/envelope/", "Sentry", "events", _TELEMETRY, 0.93, "Sentry envelopes"),
    _at("GET", "/stats/summary", "kubelet", "statistics", _TELEMETRY, 0.85, "kubelet server.go"),
    _at("GET", "/jmx", "Hadoop JMX", "metrics", _TELEMETRY, 0.85, "Apache Hadoop JMXJsonServlet"),
    _at("POST", "/files/*/*/*/file_stream", "Weights & Biases", "experiment log", _TELEMETRY, 0.97, "wandb/wandb file_stream"),
    _at("GET POST", "/api/2.0/mlflow/**", "MLflow", "experiment log", _TELEMETRY, 0.93, "MLflow REST API"),
    _at("GET POST", "/ajax-api/2.0/mlflow/**", "MLflow", "experiment log", _TELEMETRY, 0.93, "MLflow REST API"),
    _at("GET PUT", "/api/2.0/mlflow-artifacts/**", "MLflow", "artifacts", _BULK, 0.93, "MLflow artifacts proxy"),
    _at("GET", "/data/plugin/**", "TensorBoard", "charts", _TELEMETRY, 0.85, "tensorflow/tensorboard http_api.md"),
    _at("GET", "/data/plugins_listing", "TensorBoard", "charts", _TELEMETRY, 0.97, "tensorboard core_plugin.py, application.py"),
    _at("GET", "/data/environment", "TensorBoard", "charts", _TELEMETRY, 0.9, "tensorboard core_plugin.py, application.py"),
    _at("GET", "/data/runs", "TensorBoard", "charts", _TELEMETRY, 0.85, "tensorboard core_plugin.py, application.py"),
    _at("GET", "/data/window_properties", "TensorBoard", "charts", _TELEMETRY, 0.93, "tensorboard core_plugin.py, application.py"),
    _at("GET", "/data/notifications", "TensorBoard", "charts", _TELEMETRY, 0.9, "tensorboard core_plugin.py, application.py"),
    _at("GET", "/data/logdir", "TensorBoard", "charts", _TELEMETRY, 0.93, "tensorboard core_plugin.py, application.py"),
    _at("GET", "/experiment/*/data/**", "TensorBoard", "charts", _TELEMETRY, 0.93, "tensorboard core_plugin.py, application.py"),
    # bulk: object stores and file systems over HTTP
    _at("GET POST DELETE", "/storage/v1/b/**", "Google Cloud Storage", "object", _BULK, 0.96, "Cloud Storage JSON API"),
    _at("POST PUT", "/upload/storage/v1/b/**", "Google Cloud Storage", "upload", _BULK, 0.98, "Cloud Storage JSON API"),
    _at("GET", "/download/storage/v1/b/**", "Google Cloud Storage", "download", _BULK, 0.98, "Cloud Storage JSON API"),
    _at("GET HEAD PUT POST", "/v1/AUTH_*/**", "Swift", "object", _BULK, 0.97, "OpenStack Swift API"),
    _at("GET PUT POST DELETE", "/webhdfs/v1/**", "WebHDFS", "file", _BULK, 0.97, "Apache Hadoop WebHDFS REST API"),
    _at("GET", "/mapOutput", "MapReduce shuffle", "shuffle", _BULK, 0.97, "Apache Hadoop ShuffleHandler"),
    _at("POST", "/minio/storage/**", "MinIO internode", "object", _BULK, 0.98, "minio/minio cmd/storage-rest-common.go"),
    _at("POST GET", "/minio/grid/**", "MinIO internode", "object", _BULK, 0.97, "minio/minio internal/grid"),
    _at("POST", "/minio/peer/**", "MinIO internode", "peer", _BULK, 0.95, "minio/minio cmd/peer-rest-common.go"),
    _at("POST", "/minio/lock/**", "MinIO internode", "lock", _BULK, 0.95, "minio/minio cmd/lock-rest-server-common.go"),
    _at("GET", "/minio/health/*", "S3", "health check", _BULK, 0.9, "minio/minio cmd/healthcheck-router.go"),
    _at("GET", "/minio/v2/metrics/*", "Prometheus", "scrape", _TELEMETRY, 0.97, "minio/minio cmd/metrics-router.go"),
    _at("GET", "/ipfs/**", "IPFS", "object", _BULK, 0.88, "IPFS HTTP gateway specification"),
    _at("POST", "/api/v0/add", "IPFS", "object", _BULK, 0.88, "Kubo RPC API"),
    _at("POST", "/api/v0/cat", "IPFS", "object", _BULK, 0.88, "Kubo RPC API"),
    _at("GET", "/dir/assign", "SeaweedFS", "metadata", _BULK, 0.85, "seaweedfs/seaweedfs wiki"),
    _at("GET", "/v1/task/*/results/**", "Trino", "exchange", _BULK, 0.9, "trinodb/trino TaskResource"),
    # messages and agents
    _at("POST GET DELETE", "/mcp", "MCP", "agent messages", _MESSAGING, 0.85, "Model Context Protocol, streamable HTTP"),
    _at("POST GET DELETE", "/mcp/", "MCP", "agent messages", _MESSAGING, 0.85, "Model Context Protocol, streamable HTTP"),
    _at("POST GET DELETE", ".../mcp", "MCP", "agent messages", _MESSAGING, 0.8, "Model Context Protocol, streamable HTTP"),
    _at("POST GET DELETE", ".../mcp/", "MCP", "agent messages", _MESSAGING, 0.8, "Model Context Protocol, streamable HTTP"),
    _at("GET", "/sse", "MCP", "agent messages", _MESSAGING, 0.65, "Model Context Protocol, HTTP with SSE"),
    _at("GET", "/.well-known/agent.json", "A2A", "agent card", _MESSAGING, 0.95, "A2A protocol specification"),
    _at("GET", "/.well-known/agent-card.json", "A2A", "agent card", _MESSAGING, 0.97, "A2A protocol specification"),
    _at("GET", "/v1/card", "A2A", "agent card", _MESSAGING, 0.85, "A2A protocol specification, HTTP+JSON"),
    _at("POST", "/v1/message:send", "A2A", "agent messages", _MESSAGING, 0.95, "A2A protocol specification, HTTP+JSON"),
    _at("POST", "/v1/message:stream", "A2A", "agent messages", _MESSAGING, 0.95, "A2A protocol specification, HTTP+JSON"),
    _at("POST", ".../message:send", "A2A", "agent messages", _MESSAGING, 0.93, "A2A protocol specification, HTTP+JSON"),
    _at("POST", ".../message:stream", "A2A", "agent messages", _MESSAGING, 0.93, "A2A protocol specification, HTTP+JSON"),
    _at("GET POST", "/threads/*/runs/**", "LangGraph", "agent run", _MESSAGING, 0.8, "LangGraph platform API"),
    _at("POST", "/runs/stream", "LangGraph", "agent run", _MESSAGING, 0.8, "LangGraph platform API"),
    _at("POST", "/runs/wait", "LangGraph", "agent run", _MESSAGING, 0.9, "LangGraph platform API"),
    _at("POST", "/threads/search", "LangGraph", "agent state", _MESSAGING, 0.9, "LangGraph platform API"),
    _at("GET POST PATCH DELETE", "/threads/*/state", "LangGraph", "agent state", _MESSAGING, 0.9, "LangGraph platform API"),
    _at("GET POST", "/threads/*/history", "LangGraph", "agent state", _MESSAGING, 0.9, "LangGraph platform API"),
    _at("POST", "/assistants/search", "LangGraph", "agents", _MESSAGING, 0.93, "LangGraph platform API"),
    _at("GET PUT DELETE", "/store/items", "LangGraph", "agent state", _MESSAGING, 0.85, "LangGraph platform API"),
    _at("POST", "/kickoff", "CrewAI", "agent run", _MESSAGING, 0.85, "CrewAI deployment API"),
    _at("GET POST", "/socket.io/", "Socket.IO", "messages", _MESSAGING, 0.88, "Socket.IO protocol"),
    _at("GET", "/wamp", "WAMP", "messages", _MESSAGING, 0.65, "crossbario/crossbar"),
    _at("POST", "/topics/*", "Kafka REST", "messages", _MESSAGING, 0.65, "confluentinc/kafka-rest"),
    _at("POST", "/webhooks/rest/webhook", "Rasa", "chat", _MESSAGING, 0.85, "RasaHQ/rasa channels"),
    # databases and what else is of the background
    _at("GET POST", "/*/_search", "Elasticsearch", "search", _BACKGROUND, 0.85, "Elasticsearch search API"),
    _at("GET POST PUT", "/*/_doc/*", "Elasticsearch", "document", _BACKGROUND, 0.85, "Elasticsearch document API"),
    _at("GET", "/_cluster/**", "Elasticsearch", "cluster state", _BACKGROUND, 0.88, "Elasticsearch cluster API"),
    _at("GET", "/_cat/**", "Elasticsearch", "cluster state", _BACKGROUND, 0.88, "Elasticsearch cat API"),
    _at("GET", "/_all_dbs", "CouchDB", "database", _BACKGROUND, 0.93, "CouchDB API"),
    _at("GET POST", "/*/_changes", "CouchDB", "database", _BACKGROUND, 0.85, "CouchDB API"),
    _at("POST", "/v1/statement", "Trino", "query", _BACKGROUND, 0.93, "trinodb/trino client protocol"),
    _at("POST", "/collections/*/points/search", "Qdrant", "search", _BACKGROUND, 0.95, "qdrant/qdrant REST API"),
    _at("PUT POST", "/collections/*/points", "Qdrant", "vectors", _BACKGROUND, 0.85, "qdrant/qdrant REST API"),
    _at("POST", "/collections/*/points/query", "Qdrant", "search", _BACKGROUND, 0.95, "qdrant/qdrant REST API"),
    _at("POST", "/v2/vectordb/**", "Milvus", "vectors", _BACKGROUND, 0.96, "milvus-io/milvus RESTful API v2"),
    _at("GET POST", "/api/v2/tenants/**", "Chroma", "vectors", _BACKGROUND, 0.93, "chroma-core/chroma API"),
    _at("GET POST", "/api/v1/collections/**", "Chroma", "vectors", _BACKGROUND, 0.75, "chroma-core/chroma API"),
    _at("POST", "/v1/graphql", "Weaviate", "search", _BACKGROUND, 0.75, "weaviate/weaviate REST API"),
    _at("GET POST", "/v1/objects", "Weaviate", "vectors", _BACKGROUND, 0.75, "weaviate/weaviate REST API"),
    _at("GET", "/simple/*/", "PyPI", "package index", _BACKGROUND, 0.9, "PEP 503"),
    _at("GET", "/pypi/*/json", "PyPI", "package index", _BACKGROUND, 0.95, "PyPI JSON API"),
    _at("GET", ".../repodata.json", "conda", "package index", _BACKGROUND, 0.93, "conda channel index"),
    _at("GET", ".../repodata.json.zst", "conda", "package index", _BACKGROUND, 0.95, "conda channel index"),
    _at("GET", "/dists/**", "APT", "package index", _BACKGROUND, 0.75, "Debian repository format"),
    _at("GET", "/debian/**", "APT", "packages", _BACKGROUND, 0.85, "Debian repository format"),
    _at("GET", "/ubuntu/**", "APT", "packages", _BACKGROUND, 0.85, "Debian repository format"),
    _at("GET POST", "/dns-query", "DNS over HTTPS", "lookup", _BACKGROUND, 0.97, "RFC 8484"),
    _at("GET", "/.well-known/acme-challenge/*", "ACME", "challenge", _BACKGROUND, 0.97, "RFC 8555"),
    _at("GET", "/generate_204", "HTTP", "connectivity check", _BACKGROUND, 0.93, "Chromium network portal detector"),
    _at("GET", "/favicon.ico", "HTTP", "page", _BACKGROUND, 0.8, "HTML Standard"),
    _at("GET", "/robots.txt", "HTTP", "page", _BACKGROUND, 0.8, "RFC 9309"),
    _at("GET", "/announce", "BitTorrent tracker", "announce", _BACKGROUND, 0.8, "BEP 3"),
    _at("GET POST", "/api/kernels", "Jupyter", "kernels", _BACKGROUND, 0.85, "Jupyter Server REST API"),
    _at("GET", ".../api/kernels/*/channels", "Jupyter", "kernel messages", _BACKGROUND, 0.96, "Jupyter Server REST API"),
    _at("GET POST PATCH DELETE", ".../api/sessions", "Jupyter", "sessions", _BACKGROUND, 0.7, "Jupyter Server REST API"),
    _at("GET PUT POST PATCH DELETE", "/api/contents/**", "Jupyter", "files", _BACKGROUND, 0.85, "Jupyter Server REST API"),
    _at("GET", "/api/kernelspecs", "Jupyter", "kernels", _BACKGROUND, 0.95, "Jupyter Server REST API"),
    _at("GET POST", "/api/terminals", "Jupyter", "terminals", _BACKGROUND, 0.85, "Jupyter Server REST API"),
    _at("GET PUT", "/lab/api/**", "Jupyter", "settings", _BACKGROUND, 0.93, "JupyterLab Server REST API"),
    _at("GET POST", ".../git-upload-pack", "Git", "fetch", _BACKGROUND, 0.9, "git http-protocol"),
    _at("GET POST", ".../git-receive-pack", "Git", "push", _BACKGROUND, 0.9, "git http-protocol"),
    _at("GET", ".../info/refs", "Git", "fetch", _BACKGROUND, 0.88, "git http-protocol"),
    _at("POST", "/RPC2", "XML-RPC", "call", _BACKGROUND, 0.8, "XML-RPC specification"),
)
QUERIES: tuple[Query, ...] = (
    _query("x-amz-signature", "S3", "presigned request", _BULK, 0.95, "AWS Signature Version 4, query parameters"),
    _query("x-amz-algorithm", "S3", "presigned request", _BULK, 0.9, "AWS Signature Version 4, query parameters"),
    _query("list-type", "S3", "list", _BULK, 0.85, "Amazon S3 API ListObjectsV2"),
    _query("uploadid", "S3", "multipart upload", _BULK, 0.85, "Amazon S3 API UploadPart"),
    _query("uploads", "S3", "multipart upload", _BULK, 0.8, "Amazon S3 API CreateMultipartUpload"),
    _query("partnumber", "S3", "multipart upload", _BULK, 0.75, "Amazon S3 API UploadPart"),
    _query("x-goog-signature", "Google Cloud Storage", "presigned request", _BULK, 0.97, "Cloud Storage signed URLs"),
    _query("comp", "Azure Blob", "object", _BULK, 0.65, "Azure Blob REST API"),
    _query("restype", "Azure Blob", "object", _BULK, 0.75, "Azure Blob REST API"),
    _query("info_hash", "BitTorrent tracker", "announce", _BACKGROUND, 0.95, "BEP 3"),
    _query("service=git-upload-pack", "Git", "fetch", _BACKGROUND, 0.97, "git http-protocol"),
    _query("service=git-receive-pack", "Git", "push", _BACKGROUND, 0.97, "git http-protocol"),
    _query("fieldselector", "Kubernetes API", "objects", _CONTROL, 0.85, "Kubernetes API reference"),
    _query("labelselector", "Kubernetes API", "objects", _CONTROL, 0.85, "Kubernetes API reference"),
    _query("resourceversion", "Kubernetes API", "watch", _CONTROL, 0.85, "Kubernetes API reference"),
)
# fmt: on

_MOST_SEGMENTS = 16
_MOST_PARAMETERS = 12


class _Line(NamedTuple):
    methods: frozenset[bytes]
    pattern: re.Pattern[bytes] | None
    claim: Claim

    def meets(self, method: bytes, path: bytes) -> bool:
        if self.methods and method not in self.methods:
            return False
        return self.pattern is None or self.pattern.match(path) is not None


def _pattern(path: str) -> re.Pattern[bytes]:
    anywhere = path.startswith("...")
    # nothing behind ** may make it be tried again and again: that took 100 ms of a hostile path
    text = re.escape(path.removeprefix("...")).replace(r"\*\*", "[^/].*")
    return re.compile(((".+" if anywhere else "") + text.replace(r"\*", "[^/]+") + r"\Z").encode())


def _literals(path: str) -> list[str]:
    return [part for part in path.split("/")[1:] if part and "*" not in part]


def _index() -> tuple[dict[bytes, list[_Line]], dict[bytes, list[_Line]]]:
    whole: dict[bytes, list[_Line]] = {}
    parts: dict[bytes, list[_Line]] = {}
    counts = Counter(part for line in TARGETS for part in _literals(line.path))
    for methods, path, claim in TARGETS:
        known = frozenset(methods.encode().split())
        if "*" not in path and not path.startswith("..."):
            whole.setdefault(path.encode(), []).append(_Line(known, None, claim))
        else:
            rarest = min(_literals(path), key=counts.__getitem__, default="").encode()
            parts.setdefault(rarest, []).append(_Line(known, _pattern(path), claim))
    return whole, parts


_WHOLE, _PARTS = _index()
_QUERIES = {line.parameter.encode(): line.claim for line in QUERIES}


def target_claims(method: bytes, path: bytes) -> list[Claim]:
    """What a request target without its query says: at most its surest line."""
    found = [line.claim for line in _WHOLE.get(path, ()) if line.meets(method, path)]
    if not found:
        # each once; b"": lines without a literal
        for part in dict.fromkeys((*path.split(b"/", _MOST_SEGMENTS)[1:], b"")):
            lines = _PARTS.get(part)
            if lines:
                found += [line.claim for line in lines if line.meets(method, path)]
    return [max(found, key=_confidence)] if len(found) > 1 else found


def query_claims(query: bytes) -> list[Claim]:
    """What a query says, without its question mark: at most its surest parameter."""
    found: list[Claim] = []
    for parameter in query.lower().split(b"&", _MOST_PARAMETERS)[:_MOST_PARAMETERS]:
        claim = _QUERIES.get(parameter) or _QUERIES.get(parameter.partition(b"=")[0])
        if claim:
            found.append(claim)
    return [max(found, key=_confidence)] if len(found) > 1 else found


def _confidence(claim: Claim) -> float:
    return claim.confidence
