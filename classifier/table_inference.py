"""Signatures of model servers that speak neither HTTP nor gRPC."""

from classifier import checks_training as check
from classifier.classes import INFERENCE
from classifier.evidence import Entry as E
from classifier.model import TCP

_WYOMING = rb"\{\"type\": ?\"(?:describe|info|transcribe|transcript|synthesize|synthesize-\w{1,10}|audio-(?:start|chunk|stop)|detect|detection|not-detected|voice-(?:started|stopped)|recognize|intent|not-recognized|handled|not-handled|run-pipeline|run-satellite|ping|pong)\"(?:\}\n|, ?\"(?:version|data|data_length|payload_length)\":)"

# fmt: off
ENTRIES = (
    E("Wyoming", "speech", INFERENCE, TCP, (b'{"type',), _WYOMING, 0.95, "rhasspy/wyoming event.py, event types"),
    E("llama.cpp RPC", "layers of a model", INFERENCE, TCP, (b"\x0d\0\0\0", b"\x0e\0\0\0"), check.ggml_rpc, 0.93, "ggml-org/llama.cpp ggml-rpc.cpp rpc_cmd"),
)
