"""A training run from its first step, or from its last checkpoint, to the exported policy.

Owns the order of things. Each thing is done elsewhere: environments in `batches`, the first phase
in `warm_start`, checkpoints in `checkpoint`, the end in `export`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from stable_baselines3.common.callbacks import CallbackList
from stable_baselines3.common.logger import Logger, configure
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from rl_agent.errors import TrainingError
from rl_agent.training import batches, checkpoint, spec
from rl_agent.training.batches import Batches
from rl_agent.training.callbacks import Checkpoints, Evaluation, Progress, Report
from rl_agent.training.export import Exporter
from rl_agent.training.path_policy import PathPolicy
from rl_agent.training.settings import ALGORITHMS, Hyperparameters, decode
from rl_agent.training.spec import Spec
from rl_agent.training.warm_start import fit_normaliser, warm_start

_EVALUATIONS = 20  # over a run
_EVALUATION_EPISODES = 16
Results = list[tuple[int, float]]  # (steps, mean reward)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to.

    Attributes:
        folder: Where everything is.
        steps: Taken, over all its parts.
        evaluations: (steps, mean reward; of a step where the length of episodes is known).
        files: Exported, by kind: "policy", "onnx", "card".
    """

    folder: Path
    steps: int
    evaluations: tuple[tuple[int, float], ...]
    files: Mapping[str, Path]


def train(asked: Spec | None, folder: Path, report: Report, steps: int | None = None) -> Outcome:
    """Trains into `folder`.

    Args:
        asked: A new run; None goes on with the one in the folder.
        folder: Its own.
        report: Told about progress.
        steps: Of a run that goes on: learn up to so many instead.

    Raises:
        TrainingError: The run can't begin, or can't go on.
        AgentError, TopologyError, AdviceError: What its arguments name can't be used.
    """
    run = spec.go_on(folder) if asked is None else asked
    settings = decode(run.hyperparameters, run.algorithm)
    report("preparing", 0, 1, "environments")
    worlds = batches.make(run, settings)  # before the folder is taken: bad input leaves nothing
    try:
        if asked is None and steps is not None:
            run = replace(run, steps=steps)
        exporter = None
        if worlds.core is not None and worlds.held_out is not None:
            exporter = Exporter(run, worlds.cores, worlds.held_out, folder)
        if asked is not None:
            spec.begin(run, folder)
        return _train(run, settings, worlds, exporter, folder, report)
    finally:
        worlds.learning.close()
        worlds.evaluation.close()


def _train(
    run: Spec, settings: Hyperparameters, worlds: Batches, exporter: Exporter | None,
    folder: Path, report: Report,
) -> Outcome:  # fmt: skip
    saved = folder / "checkpoints"
    saved.mkdir(exist_ok=True)
    found = checkpoint.latest(saved)
    results: Results = [] if found is None else list(found.evaluations)
    if found is None:
        model = _fresh(run, settings, worlds, report)
    else:
        model = checkpoint.put_back(found, ALGORITHMS[run.algorithm], worlds.learning)
    model.set_logger(_logger(folder))
    every = max(run.steps // _EVALUATIONS, 1)
    steps_each = 1 if worlds.core is None else worlds.core.options.episode_length
    callbacks = [
        Evaluation(
            worlds.evaluation, every=every, episodes=_EVALUATION_EPISODES, results=results,
            steps_each=steps_each,
            on_best=partial(_export, exporter),
        ),
        Progress(report, run.steps, results),
        Checkpoints(saved, every, model.num_timesteps, results),
    ]  # fmt: skip
    remaining = run.steps - model.num_timesteps
    if remaining > 0 or found is None:
        model.learn(remaining, CallbackList(callbacks), reset_num_timesteps=False)
    files = exporter.files if exporter else {}
    return Outcome(folder, model.num_timesteps, tuple(results), files)


def _export(exporter: Exporter | None, model: OnPolicyAlgorithm) -> None:
    """The policy is exported whenever it was never better, so a run killed leaves its best."""
    if exporter is not None and isinstance(model.policy, PathPolicy):
        exporter(model.policy.actor, model.num_timesteps)


def _fresh(
    run: Spec, settings: Hyperparameters, worlds: Batches, report: Report
) -> OnPolicyAlgorithm:
    arguments = dict(settings.policy_kwargs)
    is_path_policy = settings.policy == PathPolicy.__name__
    if is_path_policy and worlds.core is None:
        raise TrainingError(f"PathPolicy does not fit {run.environment}: take MlpPolicy")
    model = _made(
        run, settings, worlds, PathPolicy if is_path_policy else settings.policy, arguments
    )
    if is_path_policy and worlds.core is not None:
        policy: Any = model.policy
        if run.warm_start and settings.warm_start:
            warm_start(
                policy.actor, worlds.cores, settings.warm_start, run.seed,
                lambda done, total, ratio: report("warm start", done, total, f"ratio {ratio:.4f}"),
            )  # fmt: skip
        else:
            fit_normaliser(policy.actor, worlds.cores, run.seed)
    return model


def _made(
    run: Spec, settings: Hyperparameters, worlds: Batches, policy: Any, arguments: dict[str, Any]
) -> OnPolicyAlgorithm:
    torch.set_num_threads(1)  # matrices are small; more threads only wait for each other
    try:
        return ALGORITHMS[run.algorithm](
            policy, worlds.learning, seed=run.seed, policy_kwargs=arguments, device="cpu",
            **settings.arguments(),
        )  # fmt: skip
    except (TypeError, ValueError, AssertionError) as error:
        raise TrainingError(f"hyperparameters of {run.algorithm}: {error}") from error


def _logger(folder: Path) -> Logger:
    return configure(str(folder / "tensorboard"), ["tensorboard"])
