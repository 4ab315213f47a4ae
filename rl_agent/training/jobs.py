"""Trains the jobs agent: an evolution strategy over batches of environments.

    python -m rl_agent.training.jobs --seed 1 --out agent.json

Owns the search only. An evolution strategy is a policy gradient on the parameters themselves
(Salimans et al., 2017): it fits an agent of a few parameters whose decision is a sequence of
arg-maxima without a gradient, and needs whole episodes and nothing else. The two of a pair of
opposite steps see the same episode and only their difference counts, so luck of the draw cancels.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from controller.advice.network import FloatArray
from rl_agent.errors import JobsError
from rl_agent.jobs import stored
from rl_agent.jobs.core import JobsCore, Setting
from rl_agent.jobs.fabric import Fabric
from rl_agent.jobs.placement import FIRST_GUESS, PARAMETERS, Placer
from rl_agent.jobs.workload import Mix
from topologies.registry import build

TOPOLOGIES = (
    "leafspine,spines=4,leaves=8,hosts=4,rate=100M",
    "fattree,k=4,hosts=4,rate=100M",
)
JOBS = (8, 4)
_STEPS = 70  # of an episode: the first seconds count most, when nobody has seen the jobs yet
_TICK_S = 2e-3  # coarser than where figures are taken, and half again as fast


@dataclass(frozen=True, slots=True)
class Search:
    """Hyperparameters.

    Attributes:
        generations: Updates of the parameters.
        pairs: Opposite pairs of candidates in a generation; each runs one episode a setting.
        spread: Standard deviation of a candidate's step.
        rate: Step of an update (Adam).
        seed: Of everything drawn.
    """

    generations: int = 40
    pairs: int = 8
    spread: float = 0.1
    rate: float = 0.03
    seed: int = 1

    def __post_init__(self) -> None:
        if self.generations < 1 or self.pairs < 1 or self.spread <= 0 or self.rate <= 0:
            raise JobsError("generations, pairs, spread and rate of a search must be above 0")


def train(
    settings: Sequence[Setting],
    search: Search,
    progress: Callable[[int, float], None] = lambda _generation, _reward: None,
    start: FloatArray | None = None,
) -> FloatArray:
    """Parameters of a `Placer`, float64 (PARAMETERS,), that do well on all of the settings.

    Args:
        settings: Fabrics and mixes to be good at; one is taken at each generation, in turn.
        search: Hyperparameters.
        progress: Told each generation's number and the mean return of its candidates.
        start: Where to begin; a first guess by default.
    """
    rng = np.random.default_rng(search.seed)
    centre = (FIRST_GUESS if start is None else start).copy()
    adam = _Adam(search.rate)
    mean = np.zeros(PARAMETERS)
    for generation in range(search.generations):
        step = rng.normal(0.0, search.spread, (search.pairs, PARAMETERS))
        candidates = np.concatenate([centre + step, centre - step])
        seeds = [int(seed) for seed in rng.integers(2**31, size=search.pairs)]
        returns = play(settings[generation % len(settings)], candidates, seeds * 2)
        better = returns[: search.pairs] - returns[search.pairs :]
        better = better / max(float(np.abs(better).mean()), 1e-9)
        centre = adam.step(centre, better @ step / (search.pairs * search.spread))
        # The mean of the later half of the way is better than where the last luck led.
        if generation >= search.generations // 2:
            mean += centre
        progress(generation, float(returns.mean()))
    return mean / (search.generations - search.generations // 2)


def play(setting: Setting, parameters: FloatArray, seeds: Sequence[int]) -> FloatArray:
    """Returns of episodes, float64 (B,), each of its own seed under its own parameters."""
    core = JobsCore(setting, len(seeds))
    agent = Placer(core.even, parameters)
    view = core.reset([np.random.default_rng(seed) for seed in seeds])
    total = np.zeros(len(seeds))
    while not core.over:
        view, reward = core.step(agent.decide(view))
        total += reward
    return total


class _Adam:
    """Ascent with Adam (Kingma and Ba, 2015)."""

    def __init__(self, rate: float) -> None:
        self._rate, self._turn = rate, 0
        self._mean, self._square = np.zeros(PARAMETERS), np.zeros(PARAMETERS)

    def step(self, at: FloatArray, slope: FloatArray) -> FloatArray:
        self._turn += 1
        self._mean = 0.9 * self._mean + 0.1 * slope
        self._square = 0.99 * self._square + 0.01 * slope**2
        mean = self._mean / (1 - 0.9**self._turn)
        square = self._square / (1 - 0.99**self._turn)
        moved: FloatArray = at + self._rate * mean / (np.sqrt(square) + 1e-8)
        return moved


def usual_settings() -> list[Setting]:
    """What the shipped agent is trained on: every topology with every number of jobs."""
    fabrics = [Fabric.of(build(spec)) for spec in TOPOLOGIES]
    return [
        Setting(fabric, Mix(training=jobs), steps=_STEPS, tick_s=_TICK_S)
        for jobs in JOBS
        for fabric in fabrics
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Trains and writes the file."""
    parser = argparse.ArgumentParser(description="Train the jobs agent (minutes on one core).")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--generations", type=int, default=Search().generations,
                        help="default: %(default)s")  # fmt: skip
    parser.add_argument("--out", type=Path, default=stored.SHIPPED, help="default: the shipped one")
    args = parser.parse_args(argv)
    search = Search(generations=args.generations, seed=args.seed)
    begin = time.monotonic()

    def tell(generation: int, reward: float) -> None:
        took_s = time.monotonic() - begin
        print(f"generation {generation + 1}: return {reward:.2f}, {took_s:.0f} s", flush=True)

    parameters = train(usual_settings(), search, tell)
    how = {"topologies": TOPOLOGIES, "jobs": JOBS, "steps": _STEPS, "search": asdict(search)}
    stored.save(args.out, parameters, how)
    return 0


if __name__ == "__main__":
    sys.exit(main())
