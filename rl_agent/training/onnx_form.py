"""The policy's correction as an ONNX graph, for whoever does not run NumPy.

Owns the graph, built node by node from the exported policy, so that it holds the same numbers:
input `features` (paths, F) float32, output `correction` (paths,), logits to add to the plan's.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from controller.advice.policy import REACH, Policy

_OPSET = 17


def onnx_form(policy: Policy) -> bytes:
    """The graph, serialised."""
    constants = {
        "mean": policy.mean, "spread": policy.spread, "reach": np.array(REACH, np.float32),
        "last_axis": np.array([-1], np.int64),
        **{f"weights_{i}": w for i, w in enumerate(policy.weights)},
    }  # fmt: skip
    nodes = [
        helper.make_node("Sub", ["features", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "spread"], ["hidden_0"]),
        *_layers(len(policy.weights) // 2),
        helper.make_node("Squeeze", ["raw", "last_axis"], ["rating"]),
        helper.make_node("Div", ["rating", "reach"], ["softened"]),
        helper.make_node("Tanh", ["softened"], ["bounded"]),
        helper.make_node("Mul", ["bounded", "reach"], ["correction"]),
    ]
    graph = helper.make_graph(
        nodes, "headway_policy",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["paths", len(policy.mean)])],
        [helper.make_tensor_value_info("correction", TensorProto.FLOAT, ["paths"])],
        [numpy_helper.from_array(_exact(value), name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    serialised: bytes = model.SerializeToString()
    return serialised


def _layers(count: int) -> list[onnx.NodeProto]:
    nodes = []
    for layer in range(count):
        last = layer == count - 1
        product, total = f"product_{layer}", "raw" if last else f"sum_{layer}"
        weights, bias = f"weights_{2 * layer}", f"weights_{2 * layer + 1}"
        nodes.append(helper.make_node("MatMul", [f"hidden_{layer}", weights], [product]))
        nodes.append(helper.make_node("Add", [product, bias], [total]))
        if not last:
            nodes.append(helper.make_node("Relu", [total], [f"hidden_{layer + 1}"]))
    return nodes


def _exact(value: object) -> np.ndarray:
    array = np.asarray(value)
    return array if array.dtype == np.int64 else array.astype(np.float32)
