"""An inference service: a small NumPy network behind the Open Inference Protocol (KServe v2, REST).

    python -m demo.jobs.inference_server --address 10.0.0.4 --port 8000

Owns the service: health, metadata and inference over HTTP/1.1. It must not measure anything;
latency belongs to the client.
"""

from __future__ import annotations

import argparse
import json
import threading
from functools import partial
from http import HTTPStatus
from typing import Any

import numpy as np

from demo.jobs import open_inference as protocol
from demo.jobs.channel import Channel
from demo.jobs.web import Handler, Server

_MAX_BODY_BYTES = 4 * 1024 * 1024
_HIDDEN = 64


class Model:
    """A two-layer perceptron with fixed random weights; as many outputs as inputs.

    Args:
        name: as it stands in the URL.
        features: length of the last axis of input and output.
        seed: of the weights, so that a client can check an answer.
    """

    def __init__(self, name: str, features: int, seed: int = 0) -> None:
        self.name = name
        self.features = features
        source = np.random.default_rng(seed)
        scale = features**-0.5
        self._inward = (source.standard_normal((features, _HIDDEN)) * scale).astype(np.float32)
        self._outward = source.standard_normal((_HIDDEN, features)).astype(np.float32)

    def infer(self, tensor: protocol.Tensor) -> protocol.Tensor:
        """The network's answer, shape (batch, features).

        Raises:
            ProtocolError: the input has another shape.
        """
        if tensor.ndim != 2 or tensor.shape[1] != self.features:
            raise protocol.ProtocolError(
                f"input must have shape [batch, {self.features}], not {list(tensor.shape)}"
            )
        answer: protocol.Tensor = np.tanh(tensor @ self._inward) @ self._outward
        return answer

    def metadata(self) -> dict[str, Any]:
        """What `GET /v2/models/MODEL` says."""
        shape = [-1, self.features]
        return {
            "name": self.name,
            "versions": ["1"],
            "platform": "numpy",
            "inputs": [{"name": "input", "datatype": "FP32", "shape": shape}],
            "outputs": [{"name": "output", "datatype": "FP32", "shape": shape}],
        }


class InferenceHandler(Handler):
    """The protocol's endpoints for one model."""

    def __init__(self, model: Model, *args: Any, **kwargs: Any) -> None:
        self._model = model
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """Health and metadata."""
        model = f"/v2/models/{self._model.name}"
        pages: dict[str, dict[str, Any]] = {
            "/v2": {"name": "headway-demo", "version": "1", "extensions": ["binary_tensor_data"]},
            "/v2/health/live": {"live": True},
            "/v2/health/ready": {"ready": True},
            model: self._model.metadata(),
            f"{model}/ready": {"name": self._model.name, "ready": True},
        }
        page = pages.get(self.path)
        if page is None:
            self._refuse(HTTPStatus.NOT_FOUND, f"no such page: {self.path}")
        else:
            self.answer(HTTPStatus.OK, json.dumps(page).encode(), protocol.JSON_TYPE)

    def do_POST(self) -> None:
        """Inference."""
        body = self._read_body()
        if body is None:
            return
        if self.path != f"/v2/models/{self._model.name}/infer":
            self._refuse(HTTPStatus.NOT_FOUND, f"no such model: {self.path}")
            return
        try:
            request = protocol.decode_request(body, _head_bytes(self.headers.get))
            answer = self._model.infer(request.tensor)
        except protocol.ProtocolError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        message = protocol.encode_answer(self._model.name, answer, binary=request.binary_answer)
        head = (
            {} if message.head_bytes is None else {protocol.HEADER_LENGTH: str(message.head_bytes)}
        )
        self.answer(HTTPStatus.OK, message.body, message.content_type, **head)

    def _read_body(self) -> bytes | None:
        """The request's body; None after refusing one without a length or too long."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
            self.close_connection = True
            self._refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"send 0..{_MAX_BODY_BYTES} bytes with a length",
            )
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self.answer(status, json.dumps({"error": reason}).encode(), protocol.JSON_TYPE)


def _head_bytes(header: Any) -> int | None:
    """The length of the JSON head, None when the body is JSON as a whole.

    Raises:
        ProtocolError: the header is not a number.
    """
    value = header(protocol.HEADER_LENGTH)
    if value is None:
        return None
    if not value.isdecimal():
        raise protocol.ProtocolError(f"{protocol.HEADER_LENGTH} must be a number")
    return int(value)


def build_server(address: str, port: int, model: Model) -> Server:
    """A server bound to an address (port 0 takes a free one), not yet serving."""
    return Server((address, port), partial(InferenceHandler, model))


def main() -> None:
    """Serve until the runner ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", default="ranker")
    parser.add_argument("--features", type=int, default=4096)
    args = parser.parse_args()
    build_server(args.address, args.port, Model(args.model, args.features)).start()
    Channel("inference-server").await_window()
    threading.Event().wait()


if __name__ == "__main__":
    main()
