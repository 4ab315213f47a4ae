"""Environments on Ray workers, of this machine or a cluster, as one `VecEnv`.

Owns the workers: each is an actor with a batch of its own, so a step is one message to each and one
back. Learning stays in one process, and gets the same as from one batch: worker w has the
environments, and with them the seeds, that would come in its place.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from rl_agent.errors import TrainingError
from rl_agent.training.vec_env import BatchVecEnv, Step

try:
    import ray
except ModuleNotFoundError:
    ray = None

Array = NDArray[Any]


class _Worker:
    """A batch, held by a Ray actor."""

    def __init__(self, kind: Callable[..., Any], count: int, arguments: dict[str, Any]) -> None:
        self._batch = BatchVecEnv(kind(count, **arguments))

    def spaces(self) -> tuple[Any, Any]:
        return self._batch.observation_space, self._batch.action_space

    def reset(self, seed: int | None) -> Array:
        if seed is not None:
            self._batch.seed(seed)
        seen: Array = self._batch.reset()
        return seen

    def step(self, actions: Array) -> Step:
        self._batch.step_async(actions)
        return self._batch.step_wait()

    def attribute(self, name: str) -> Any:
        return self._batch.get_attr(name, [0])[0]

    def set_attribute(self, name: str, value: Any) -> None:
        self._batch.set_attr(name, value)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._batch.env_method(name, *args, indices=[0], **kwargs)[0]

    def states(self) -> list[Any]:
        return self._batch.states()

    def restore(self, states: Sequence[Any]) -> None:
        self._batch.restore(states)


class RayVecEnv(VecEnv):  # type: ignore[misc]
    """Batches on Ray workers, side by side."""

    def __init__(
        self, kind: Callable[..., Any], num_envs: int, workers: int, arguments: dict[str, Any],
        address: str | None = None,
    ) -> None:  # fmt: skip
        """Starts the workers.

        Args:
            kind: Makes a batch: called with a number of environments and `arguments`.
            num_envs: Over all workers.
            workers: At most `num_envs`.
            arguments: Of each batch; sent to the workers.
            address: Of a cluster, "auto" for the one this machine is in; None starts one here.

        Raises:
            TrainingError: Ray is not installed, no cluster answers, or workers have nothing to do.
        """
        if not 1 <= workers <= num_envs:
            raise TrainingError(
                f"{workers} workers for {num_envs} environments: give 1 to {num_envs}"
            )
        self._owns_cluster = _connect(address, workers)
        self._counts = [len(part) for part in np.array_split(np.arange(num_envs), workers)]
        shared = ray.put(arguments)
        actor = ray.remote(num_cpus=1)(_Worker)
        self._workers = [actor.remote(kind, count, shared) for count in self._counts]
        self._pending: list[Any] = []
        super().__init__(num_envs, *ray.get(self._workers[0].spaces.remote()))

    def reset(self) -> Array:
        """Begins an episode everywhere; worker w goes on from the seeds of those before it."""
        seed = self._seeds[0]
        firsts = np.cumsum([0, *self._counts[:-1]])
        seeds = [None if seed is None else seed + int(first) for first in firsts]
        pairs = zip(self._workers, seeds, strict=True)
        answers = ray.get([worker.reset.remote(seed) for worker, seed in pairs])
        self._reset_seeds()
        self._reset_options()
        return np.concatenate(answers)

    def step_async(self, actions: Array) -> None:
        """Sends each worker its part."""
        parts = np.split(actions, np.cumsum(self._counts)[:-1])
        self._pending = [
            worker.step.remote(part) for worker, part in zip(self._workers, parts, strict=True)
        ]

    def step_wait(self) -> Step:
        """Waits for all of them."""
        observations, rewards, dones, infos = zip(*ray.get(self._pending), strict=True)
        return (np.concatenate(observations), np.concatenate(rewards), np.concatenate(dones),
                [info for part in infos for info in part])  # fmt: skip

    def close(self) -> None:
        """Ends the workers, and the cluster if it was started for them."""
        for worker in self._workers:
            ray.kill(worker)
        self._workers = []
        if self._owns_cluster:
            ray.shutdown()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute of each environment's batch."""
        return self._everywhere(indices, lambda worker: worker.attribute.remote(attr_name))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Sets the attribute of the batches of these environments."""
        self._everywhere(indices, lambda worker: worker.set_attribute.remote(attr_name, value))

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Calls the batches of these environments, each once."""
        return self._everywhere(
            indices, lambda worker: worker.call.remote(method_name, *method_args, **method_kwargs)
        )

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Never: a batch has no wrappers for single environments."""
        return [False for _ in self._get_indices(indices)]

    def states(self) -> list[Any]:
        """What a checkpoint keeps of each worker's batch."""
        parts = ray.get([worker.states.remote() for worker in self._workers])
        return [state for part in parts for state in part]

    def restore(self, states: Sequence[Any]) -> None:
        """Goes on from what `states` gave."""
        if len(states) != len(self._workers):
            raise TrainingError(f"the checkpoint is of {len(states)} workers: resume with as many")
        pairs = zip(self._workers, states, strict=True)
        ray.get([worker.restore.remote([state]) for worker, state in pairs])

    def _everywhere(self, indices: Any, ask: Callable[[Any], Any]) -> list[Any]:
        """Asks each worker that holds one of these environments once."""
        owner = np.repeat(np.arange(len(self._counts)), self._counts)
        owners = [int(owner[index]) for index in self._get_indices(indices)]
        asked = sorted(set(owners))
        answers = dict(zip(asked, ray.get([ask(self._workers[w]) for w in asked]), strict=True))
        return [answers[w] for w in owners]


def _connect(address: str | None, workers: int) -> bool:
    """Joins or starts a cluster; whether it was started here."""
    if ray is None:
        raise TrainingError("workers need Ray: pip install 'headway[ray]'")
    if ray.is_initialized():
        return False
    try:
        if address is None:
            ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
        else:
            ray.init(address, log_to_driver=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise TrainingError(f"no Ray cluster at {address or 'this machine'}: {error}") from None
    return address is None
