"""The jobs agent's file: its parameters, what they mean, and how they came about, as JSON.

Owns the form and its checks. A file is written whole or not at all.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from controller.advice.network import FloatArray
from rl_agent.errors import JobsError
from rl_agent.jobs.placement import FEATURES, PARAMETERS

SHIPPED = Path(__file__).with_name("agent.json")


def load(path: Path = SHIPPED) -> FloatArray:
    """Parameters for a `Placer`, float64 (PARAMETERS,).

    Raises:
        JobsError: No such file, or not the parameters of this agent.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        names = tuple(document["features"])
        parameters = np.array(document["parameters"], np.float64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JobsError(
            f"{path}: not a jobs agent ({error}); make one with python -m rl_agent.training.jobs"
        ) from None
    if names != FEATURES or parameters.shape != (PARAMETERS,):
        raise JobsError(f"{path}: made for other features than this version's; train it anew")
    if not np.isfinite(parameters).all():
        raise JobsError(f"{path}: holds numbers that are none; train it anew")
    return parameters


def save(path: Path, parameters: FloatArray, trained: dict[str, Any]) -> None:
    """Writes parameters and how they were found."""
    document = {
        "features": FEATURES,
        "trained": trained,
        "parameters": [round(float(value), 6) for value in parameters],
    }
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8"
    ) as file:
        file.write(json.dumps(document, indent=1) + "\n")
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
