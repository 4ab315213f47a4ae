"""TensorFlow Serving's API: `server GRPC HTTP` or `client ADDRESS GRPC HTTP`."""

import json
import sys
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import httpx
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)


class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Doubles tensors."""

    def Predict(self, request, context):
        doubled = tf.make_ndarray(request.inputs["x"]) * 2
        answer = predict_pb2.PredictResponse()
        answer.outputs["y"].CopyFrom(tf.make_tensor_proto(doubled))
        return answer

    def GetModelMetadata(self, request, context):
        return get_model_metadata_pb2.GetModelMetadataResponse(model_spec=request.model_spec)


class Models(model_service_pb2_grpc.ModelServiceServicer):
    """Says that there is one."""

    def GetModelStatus(self, request, context):
        answer = get_model_status_pb2.GetModelStatusResponse()
        answer.model_version_status.add(version=1, state=30)
        return answer


class Rest(BaseHTTPRequestHandler):
    """The REST API of the same."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer({"model_version_status": [{"version": "1", "state": "AVAILABLE"}]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        rows = json.loads(body)["instances"]
        self.answer({"predictions": [[2 * x for x in row] for row in rows]})

    def answer(self, what):
        """JSON."""
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(rpc, http):
    """Both."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictions(), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Models(), server)
    server.add_insecure_port(f"0.0.0.0:{rpc}")
    rest = ThreadingHTTPServer(("0.0.0.0", int(http)), Rest)
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    server.start()
    server.wait_for_termination()


def ask(address, rpc, http):
    """Both."""
    with grpc.insecure_channel(f"{address}:{rpc}") as channel:
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        status = get_model_status_pb2.GetModelStatusRequest()
        status.model_spec.name = "double"
        models.GetModelStatus(status)
        predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for _ in range(10):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "double"
            request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.ones((1, 4000), np.float32)))
            predictions.Predict(request)
    with httpx.Client(base_url=f"http://{address}:{http}") as client:
        client.get("/v1/models/double")
        for _ in range(10):
            rows = np.ones((5, 20)).tolist()
            client.post("/v1/models/double:predict", json={"instances": rows}).raise_for_status()


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    (serve if role == "server" else ask)(*rest)
