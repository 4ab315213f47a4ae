"""A Gymnasium vector environment as stable-baselines3 wants it.

Owns the translation, and where seeds and saved states enter. Any environment that begins episodes
anew within the step that ends them (AutoresetMode.SAME_STEP) will do.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from rl_agent.errors import TrainingError

Array = NDArray[Any]
Step = tuple[Any, Array, Array, list[dict[str, Any]]]


class BatchVecEnv(VecEnv):  # type: ignore[misc]
    """All environments of one batch, stepped by one call and no process."""

    def __init__(self, envs: VectorEnv[Any, Any, Any], *, always_seed: int | None = None) -> None:
        """Wraps a batch.

        Args:
            envs: The batch.
            always_seed: Seed of every reset, so that every evaluation sees the same episodes.
        """
        if envs.metadata.get("autoreset_mode") is not AutoresetMode.SAME_STEP:
            raise TrainingError("training needs an environment with AutoresetMode.SAME_STEP")
        self.envs = envs
        self._always_seed = always_seed
        self._actions: Array = np.empty(0)
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> Any:
        """Begins an episode everywhere; `seed()` settles which."""
        seed = self._seeds[0] if self._always_seed is None else self._always_seed
        observations, _ = self.envs.reset(seed=seed)
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: Array) -> None:
        """Keeps the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> Step:
        """Takes the step."""
        return flattened(self.envs.step(self._actions))

    def close(self) -> None:
        """Closes the batch."""
        self.envs.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The batch's attribute, once for each environment asked for."""
        return [getattr(self.envs, attr_name)] * len(self._chosen(indices))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Sets the batch's attribute."""
        setattr(self.envs, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Calls the batch's method once; its answer stands for each environment asked for."""
        answer = getattr(self.envs, method_name)(*method_args, **method_kwargs)
        return [answer] * len(self._chosen(indices))

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Never: a batch has no wrappers for single environments."""
        return [False] * len(self._chosen(indices))

    def states(self) -> list[Any]:
        """What a checkpoint keeps of the batch."""
        return [getattr(self.envs, "state", None)]

    def restore(self, states: Sequence[Any]) -> None:
        """Goes on from what `states` gave."""
        if states[0] is not None:
            self.envs.state = states[0]  # type: ignore[attr-defined]

    def _chosen(self, indices: Any) -> Sequence[int]:
        return list(self._get_indices(indices))


def flattened(step: tuple[Any, Any, Any, Any, dict[str, Any]]) -> Step:
    """A step's answer in Gymnasium's form to that of stable-baselines3."""
    observations, rewards, terminated, truncated, batch_info = step
    over = terminated | truncated
    infos: list[dict[str, Any]] = [{} for _ in over]
    for index in np.flatnonzero(over):  # few: episodes are long
        infos[index] = {
            "terminal_observation": batch_info["final_obs"][index],
            "TimeLimit.truncated": bool(truncated[index] and not terminated[index]),
        }
    return observations, np.asarray(rewards, np.float32), over, infos
