"""A LitServe API and its client: `server PORT` or `client URL`."""

import sys

import httpx
import litserve


class Double(litserve.LitAPI):
    """Doubles a number."""

    def setup(self, device):
        self.factor = 2

    def decode_request(self, request):
        return request["input"]

    def predict(self, x):
        return [self.factor * value for value in x]

    def encode_response(self, output):
        return {"output": output}


def ask(url):
    """Predictions on one connection, and the health path."""
    with httpx.Client(base_url=url) as client:
        client.get("/health")
        for _ in range(12):
            client.post("/predict", json={"input": list(range(300))}).raise_for_status()


if __name__ == "__main__":
    role, where = sys.argv[1:]
    if role == "server":
        litserve.LitServer(Double(), accelerator="cpu").run(
            host="0.0.0.0", port=int(where), generate_client_file=False
        )
    else:
        ask(where)
