"""What leaves a run: the policy without torch, its ONNX form, and its card.

Owns the way from a trained actor to those files, each whole or not there, and their figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from controller.advice.network import FloatArray
from controller.advice.policy import REACH, Policy, fingerprint, save
from rl_agent.environments import chance
from rl_agent.environments.traffic_core import TrafficMatrixCore
from rl_agent.errors import TrainingError
from rl_agent.training.card import Card, Judged, card
from rl_agent.training.files import write_whole
from rl_agent.training.onnx_form import onnx_form
from rl_agent.training.path_network import PathNetwork
from rl_agent.training.spec import Spec
from rl_agent.training.warm_start import beginnings

POLICY, ONNX, CARD = "policy.npz", "policy.onnx", "policy.md"
_JUDGED, _JUDGE_SEED = 16, 2_000_003  # episodes a figure is the mean of, and which
_RANGE = (0.001, 0.999)  # quantiles of the features that count as seen in training


@dataclass(frozen=True)
class Exporter:
    """Exports one run's policies.

    Attributes:
        run: What was asked.
        cores: What it learns on, the run's own network first.
        held_out: What it is judged on.
        folder: Where files go.
    """

    run: Spec
    cores: Sequence[TrafficMatrixCore]
    held_out: TrafficMatrixCore
    folder: Path

    @property
    def core(self) -> TrafficMatrixCore:
        """Of the run's own network."""
        return self.cores[0]

    def __post_init__(self) -> None:
        if self.core.plan is not None and self.core.options.reach != REACH:
            raise TrainingError(f"a policy over a plan has reach {REACH:g}: leave reach out")

    def __call__(self, actor: PathNetwork, steps: int) -> None:
        """Writes all three files.

        A policy file holds corrections of a plan. An actor that learned without one (`base` left
        out) has no such form, and none is written.
        """
        if self.core.plan is None:
            return
        figures = {"plan alone": self._plan_alone, "policy": judged(actor, self.held_out)}
        policy = self._policy(actor, steps, figures)
        digest = save(policy, self.folder / POLICY)
        write_whole(self.folder / ONNX, onnx_form(policy))
        facts = Card(self.run, self.core, policy, figures, digest, steps)
        write_whole(self.folder / CARD, card(facts))

    @property
    def files(self) -> Mapping[str, Path]:
        """Those there are, by kind."""
        names = {"policy": POLICY, "onnx": ONNX, "card": CARD}
        places = {kind: self.folder / name for kind, name in names.items()}
        return {kind: place for kind, place in places.items() if place.exists()}

    def _policy(self, actor: PathNetwork, steps: int, figures: Mapping[str, Judged]) -> Policy:
        low, high = np.quantile(self._seen, _RANGE, axis=0).astype(np.float32)
        priors = {fingerprint(c.paths): c.prior for c in self.cores if c.prior is not None}
        metadata = {
            "environment": self.run.environment, "arguments": dict(self.run.public_kwargs),
            "also": list(self.run.public_also), "holdout": self.run.holdout,
            "algorithm": self.run.algorithm, "steps": steps, "seed": self.run.seed,
            "held_out_ratio": {name: vars_of(figure) for name, figure in figures.items()},
        }  # fmt: skip
        return Policy(*parameters(actor), low, high, prior=priors, metadata=metadata)

    @cached_property
    def _plan_alone(self) -> Judged:
        features = self.core.observation_shape[1]
        return judged(PathNetwork(features, 1, 0), self.held_out)

    @cached_property
    def _seen(self) -> FloatArray:
        """Features (X, F) of the traffic it learns on."""
        return beginnings(self.cores, self.run.seed).astype(np.float64)


def parameters(actor: PathNetwork) -> tuple[tuple[FloatArray, ...], FloatArray, FloatArray]:
    """Weights and biases in turn, mean and spread: the beginning of a `Policy`."""
    weights = [array for layer in actor.layers() for array in (layer.weight.T, layer.bias)]
    return (
        tuple(w.detach().numpy().copy() for w in weights),
        actor.mean.numpy().copy(),
        actor.spread.numpy().copy(),
    )


def judged(actor: Any, core: TrafficMatrixCore) -> Judged:
    """Ratio over the same episodes every time."""
    state, ratios = core.initial(chance.keys(_JUDGE_SEED, _JUDGED)), []
    for _ in range(core.options.episode_length):
        with torch.no_grad():
            action = actor(torch.as_tensor(core.observation(state))).numpy()
        state = core.transition(state, action.astype(np.float64))
        ratios.append(state.ratio)
    return Judged(float(np.mean(ratios)), float(np.quantile(ratios, 0.99)))


def vars_of(figure: Judged) -> dict[str, float]:
    """As JSON has it."""
    return {"mean": figure.mean, "p99": figure.p99}
