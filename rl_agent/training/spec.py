"""What was asked of a run, kept in its folder so that it can go on without being asked again.

Owns `run.json` and the rule that a folder holds one run. Knows no torch.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from rl_agent.errors import TrainingError
from rl_agent.training.files import remove_partial, write_whole

TRAFFIC_MATRIX = "headway/TrafficMatrix-v0"
FILE = "run.json"
_FILES = ("matrices", "paths")  # arguments of an environment that are files


@dataclass(frozen=True, slots=True)
class Spec:
    """A run.

    Attributes:
        environment: Its id.
        env_kwargs: Its arguments, as the command line gave them.
        algorithm: "ppo" or "a2c".
        hyperparameters: The section of the YAML file.
        steps: To learn.
        seed: Of everything.
        warm_start: Whether to begin from the differentiable objective.
        holdout: Part of a recording, its last, that is only evaluated on.
        workers: Ray workers; 0 for environments in this process.
        address: Of a Ray cluster; None for one on this machine.
        hyperparameters_file: Name of the YAML file, where it is not the usual one.
        also: Further networks (specs, or files of matrices) that the warm start learns on.
    """

    environment: str
    env_kwargs: Mapping[str, Any]
    algorithm: str
    hyperparameters: Mapping[str, Any]
    steps: int
    seed: int
    warm_start: bool = True
    holdout: float = 0.2
    workers: int = 0
    address: str | None = None
    hyperparameters_file: str = ""
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.steps < 0 or self.workers < 0 or not 0 <= self.seed < 2**32:
            raise TrainingError("steps and workers must be at least 0, seed 0 to 4294967295")
        if not 0.0 < self.holdout < 1.0:
            raise TrainingError(f"holdout is {self.holdout:g}: give more than 0 and less than 1")

    @property
    def public_kwargs(self) -> Mapping[str, Any]:
        """As `env_kwargs`, with the names of files and not where they lie on this machine."""
        return {k: _name(v) if k in _FILES else v for k, v in self.env_kwargs.items()}

    @property
    def public_also(self) -> tuple[str, ...]:
        """As `also`, likewise."""
        return tuple(":".join(map(_name, p.split(":"))) if ".npz" in p else p for p in self.also)

    def as_json(self) -> str:
        """As it stands in the file."""
        return json.dumps(asdict(self), indent=2, default=str) + "\n"


def begin(spec: Spec, folder: Path) -> None:
    """Makes the folder the run's own.

    Raises:
        TrainingError: It holds a run already.
    """
    if (folder / FILE).exists():
        raise TrainingError(f"{folder} holds a run: add --resume, or choose another --output")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE, spec.as_json())


def go_on(folder: Path) -> Spec:
    """As `read`; removes what the run left half-written.

    Raises:
        TrainingError: There is no run.
    """
    found = read(folder)
    for place in (folder, folder / "checkpoints"):
        remove_partial(place)
    return found


def read(folder: Path) -> Spec:
    """What the folder's run was asked to do.

    Raises:
        TrainingError: There is no run.
    """
    if not (folder / FILE).exists():
        raise TrainingError(f"{folder} holds no run to resume: leave --resume out")
    try:
        document = json.loads((folder / FILE).read_text())
        document["also"] = tuple(document["also"])
        return Spec(**{field.name: document[field.name] for field in fields(Spec)})
    except (ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{folder / FILE} is damaged ({error}): begin anew") from None


def _name(place: str) -> str:
    return Path(place).name
