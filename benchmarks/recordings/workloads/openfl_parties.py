"""OpenFL's transport around an aggregator without a plan.

openfl_parties.py server PORT | client ADDRESS PORT NAME
"""

import sys

import numpy as np
from openfl.protocols import base_pb2
from openfl.transport.grpc.aggregator_client import AggregatorGRPCClient
from openfl.transport.grpc.aggregator_server import AggregatorGRPCServer

ROUNDS, UUID, FEDERATION = 4, "aggregator_lab", "7b0c1d"
SHAPES = {"conv1": (32, 3, 5, 5), "dense1": (150, 120), "dense2": (120, 10)}


def tensor(name: str, round_number: int) -> base_pb2.NamedTensor:
    """One tensor as OpenFL sends it."""
    values = np.random.random(SHAPES[name]).astype(np.float32)
    said = base_pb2.NamedTensor(name=name, round_number=round_number, lossless=True,
                                tags=["model"], data_bytes=values.tobytes())  # fmt: skip
    said.transformer_metadata.add(int_list=list(values.shape))
    return said


class Aggregator:
    """Hands out tasks of some rounds."""

    connector = None
    uuid, federation_uuid, single_col_cert_common_name = UUID, FEDERATION, ""
    authorized_cols = ("one", "two")

    def __init__(self) -> None:
        self.asked = dict.fromkeys(self.authorized_cols, 0)

    def valid_collaborator_cn_and_id(self, *_names: str) -> bool:
        """Anybody."""
        return True

    def get_tasks(self, name: str) -> tuple[list[str], int, int, bool]:
        """Validation and training, then the end."""
        self.asked[name] += 1
        number = self.asked[name] - 1
        end = number >= ROUNDS
        return [] if end else ["aggregated_model_validation", "train"], number, 0, end

    def get_aggregated_tensor(self, name: str, number: int, *_more: object) -> base_pb2.NamedTensor:
        """Noise."""
        return tensor(name, number)

    def send_local_task_results(self, *_results: object) -> None:
        """Forgets."""

    def all_quit_jobs_sent(self) -> bool:
        """Runs until it is ended."""
        return False


def serve(port: str) -> None:
    """Until it is ended."""
    AggregatorGRPCServer(Aggregator(), int(port), use_tls=False, require_client_auth=False).serve()


def collaborate(address: str, port: str, name: str) -> None:
    """All rounds."""
    client = AggregatorGRPCClient(
        address, int(port), UUID, FEDERATION, name, use_tls=False, require_client_auth=False
    )
    client.ping()
    while True:
        tasks, number, _, end = client.get_tasks()
        if end:
            return
        for task in tasks:
            for layer in SHAPES:
                client.get_aggregated_tensor(layer, number, False, ("model",), True)
            results = [tensor(layer, number) for layer in SHAPES] if task.name == "train" else []
            client.send_local_task_results(number, task.name, 100, results)


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else collaborate)(*sys.argv[2:])
