"""TorchServe's handler of the recording: doubles tensors, without weights."""

import json

import torch
from ts.torch_handler.base_handler import BaseHandler


class Double(BaseHandler):
    """Keeps to the handler's protocol."""

    def initialize(self, context):
        self.context = context
        self.initialized = True

    def handle(self, data, context):
        answers = []
        for row in data:
            body = row.get("body") or row.get("data")
            values = json.loads(body) if isinstance(body, bytes | bytearray | str) else body
            answers.append((torch.tensor(values, dtype=torch.float32) * 2).tolist())
        return answers
