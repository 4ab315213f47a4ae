"""The beginning of training: down the gradient of the objective, before reinforcement learning.

What an action does to the largest utilisation of a known matrix is differentiable, so the actor
first learns from matrices that came next, with no exploration. Owns that phase; the rest of the
reward (queues, whatever has no gradient) is left to what follows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from controller.advice.network import CandidatePaths, FloatArray
from rl_agent.environments import chance
from rl_agent.environments.traffic_core import State, TrafficMatrixCore
from rl_agent.training.path_network import PathNetwork

_ROWS = 20_000  # of features that one network adds to mean, deviation and ranges

Report = Callable[[int, int, float], None]  # rounds done, of how many, mean ratio


@dataclass(frozen=True, slots=True)
class WarmStart:
    """How long and how steep.

    Attributes:
        rounds: Times that examples are collected with the actor as it is.
        batch: Environments that collect.
        steps: Steps of each in a round.
        epochs: Passes over the examples of a round.
        minibatch: Examples of one gradient.
        learning_rate: Of Adam at the beginning; a twentieth of it is left at the end.
        temperature: Of the soft maximum over links, in units of the ratio.
    """

    rounds: int = 10
    batch: int = 16
    steps: int = 16
    epochs: int = 4
    minibatch: int = 64
    learning_rate: float = 2e-3
    temperature: float = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """What was seen, and what came next.

    Attributes:
        seen: (X, P, F) features.
        plan: (X, P) logits that actions are added to.
        before: (X, P) splits in use.
        demands: (X, K) of the next interval, over the reference of its matrix.
        alive: (X, P), whether each path carried the next interval.
    """

    seen: Tensor
    plan: Tensor
    before: Tensor
    demands: Tensor
    alive: Tensor

    def rows(self, index: Tensor) -> "Examples":
        """Some of them."""
        return Examples(self.seen[index], self.plan[index], self.before[index],
                        self.demands[index], self.alive[index])  # fmt: skip


def warm_start(
    actor: PathNetwork,
    cores: Sequence[TrafficMatrixCore],
    settings: WarmStart,
    seed: int,
    report: Report,
) -> None:
    """Fits the actor's normalisation, then teaches it; deterministic for a seed.

    Args:
        actor: Is changed.
        cores: What it learns on, a round each in turn.
        settings: How long and how steep.
        seed: Of episodes and of the order of examples.
        report: Told after each round.
    """
    objectives = [Objective(core, settings.temperature) for core in cores]
    optimiser = torch.optim.Adam(actor.parameters(), settings.learning_rate)
    order = torch.Generator().manual_seed(seed)
    key = chance.keys(seed, settings.batch)
    fit_normaliser(actor, cores, seed)
    rounds = settings.rounds * len(cores)
    for done in range(rounds):
        core, objective = cores[done % len(cores)], objectives[done % len(cores)]
        key = chance.following(key)
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * (1.0 - 0.95 * done / rounds)
        examples, ratio = collect(actor, core, core.initial(key), settings.steps)
        for _ in range(settings.epochs):
            for index in torch.randperm(len(examples.seen), generator=order).split(
                settings.minibatch
            ):
                chosen = examples.rows(index)
                loss = objective(actor(chosen.seen), chosen)
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(actor.parameters(), 1.0)
                optimiser.step()
        report(done + 1, rounds, ratio)


def fit_normaliser(
    actor: PathNetwork, cores: Sequence[TrafficMatrixCore], seed: int, count: int = 64
) -> None:
    """Mean and deviation of the features, from the beginnings of episodes on each network."""
    actor.fit(torch.as_tensor(beginnings(cores, seed, count)))


def beginnings(
    cores: Sequence[TrafficMatrixCore], seed: int, count: int = 64
) -> NDArray[np.float32]:
    """float32 (X, F) features at the beginnings of episodes; each network counts alike."""
    rows = []
    for core in cores:
        seen = core.observation(core.initial(chance.keys(seed, count)))
        flat = seen.reshape(-1, seen.shape[-1])
        rows.append(flat[np.linspace(0, len(flat) - 1, _ROWS).astype(int)])
    return np.concatenate(rows)


def collect(
    actor: PathNetwork, core: TrafficMatrixCore, state: State, steps: int
) -> tuple[Examples, float]:
    """Lets the actor decide; returns what it met, and its mean ratio."""
    found, ratios = [], []
    for _ in range(steps):
        seen = torch.as_tensor(core.observation(state))
        with torch.no_grad():
            action = actor(seen).numpy()
        following = core.transition(state, action.astype(np.float64))
        found.append((seen, *map(_tensor, core.example(state, following))))
        ratios.append(following.ratio.mean())
        over = core.is_over(following)
        state = core.restarted(following, over) if over.any() else following
    return Examples(*(torch.cat(column) for column in zip(*found, strict=True))), float(
        np.mean(ratios)
    )


class Objective:
    """Minus the reward, as a differentiable function of actions."""

    def __init__(self, core: TrafficMatrixCore, temperature: float) -> None:
        paths: CandidatePaths = core.paths
        self._reach, self._churn = core.options.reach, core.options.churn_cost
        self._temperature = temperature
        self._pair = torch.as_tensor(paths.pair).long()
        self._uses = _tensor(paths.incidence / paths.network.capacity)

    def __call__(self, actions: Tensor, given: Examples) -> Tensor:
        """(X, P) actions to the mean over examples, a scalar."""
        logits = self._reach * actions + given.plan
        splits = self._softmax(logits, given.alive)
        ratios = (splits * given.demands[:, self._pair]) @ self._uses
        soft = self._temperature * torch.logsumexp(ratios / self._temperature, 1)
        if not self._churn:
            return soft.mean()
        change = (self._softmax(logits, torch.ones_like(given.alive)) - given.before).abs() / 2
        moved = (change * given.demands[:, self._pair]).sum(1) / given.demands.sum(1)
        return (soft + self._churn * moved).mean()

    def _softmax(self, logits: Tensor, alive: Tensor) -> Tensor:
        """Over the live paths of each pair; pairs without one keep all."""
        masked = torch.where(alive > 0, logits, logits - 1e4)
        shape = (len(logits), int(self._pair[-1]) + 1)
        top = masked.new_full(shape, -torch.inf)
        index = self._pair.expand_as(masked)
        top = top.scatter_reduce(1, index, masked.detach(), "amax")
        weights = torch.exp(masked - top[:, self._pair])
        return weights / weights.new_zeros(shape).scatter_add(1, index, weights)[:, self._pair]


def _tensor(values: FloatArray) -> Tensor:
    return torch.as_tensor(np.asarray(values, np.float32))
