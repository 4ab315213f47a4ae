"""What happens between two rollouts: evaluation, a checkpoint, a word about progress.

Owns the timing. All of it happens where a rollout begins, because only there is a run whole:
nothing half-collected, nothing half-learned.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback, EvalCallback
from stable_baselines3.common.vec_env import VecEnv

from rl_agent.training import checkpoint

Report = Callable[[str, int, int, str], None]  # phase, done, of how many, figures


class Evaluation(EvalCallback):  # type: ignore[misc]
    """Evaluates every so many steps; remembers results over a resume."""

    def __init__(
        self,
        environments: VecEnv,
        *,
        every: int,
        episodes: int,
        steps_each: int,
        on_best: Callable[[Any], None],
        results: list[tuple[int, float]],
    ) -> None:
        """Evaluates the policy's mean action.

        Args:
            environments: Apart from those learned in, with the same episodes every time.
            every: Steps between evaluations.
            episodes: In each.
            steps_each: Steps of an episode, so that results are rewards of a step; 1 to leave them.
            on_best: Called with the model when it was never better.
            results: (steps, mean reward of a step); is added to.
        """
        super().__init__(environments, n_eval_episodes=episodes, eval_freq=1, verbose=0)
        self._every, self._steps_each, self._on_best = every, steps_each, on_best
        self.results = results

    def _on_rollout_start(self) -> None:
        self._evaluate_if(self.num_timesteps >= self._last + self._every)

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        self._evaluate_if(self.num_timesteps > self._last)

    @property
    def _last(self) -> int:
        return self.results[-1][0] if self.results else -self._every

    def _evaluate_if(self, due: bool) -> None:
        if not due:
            return
        best = max((reward for _, reward in self.results), default=-np.inf)
        super()._on_step()
        reward = float(self.last_mean_reward) / self._steps_each
        self.results.append((self.num_timesteps, reward))
        if reward > best:
            self._on_best(self.model)


class Checkpoints(BaseCallback):  # type: ignore[misc]
    """Saves the run every so many steps, and at its end."""

    def __init__(
        self, folder: Path, every: int, begun: int, results: list[tuple[int, float]]
    ) -> None:
        """Saves into `folder`; `begun` is where the run begins or goes on."""
        super().__init__()
        self._folder, self._every, self._results = folder, every, results
        self._last = begun - every

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self._last + self._every:
            self._save()

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        self._save()

    def _save(self) -> None:
        self._last = self.num_timesteps
        checkpoint.save(checkpoint.take(self.model, self._results), self._folder)


class Progress(BaseCallback):  # type: ignore[misc]
    """Tells how far it is, and how good the last evaluation was."""

    def __init__(self, report: Report, total: int, results: list[tuple[int, float]]) -> None:
        super().__init__()
        self._report, self._total, self._results = report, total, results

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self._tell()

    def _on_training_end(self) -> None:
        self._tell()

    def _tell(self) -> None:
        reward = f"evaluation {self._results[-1][1]:.4f}" if self._results else ""
        done = min(self.num_timesteps, self._total)
        self._report("learning", done, self._total, reward)
