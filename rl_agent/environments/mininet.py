"""`headway/Mininet-v0`: `headway/Jobs-v0` with a real network in the place of the fluid one.

Owns the environment's life. Observation and action spaces, jobs, reward and info are those of
`headway/Jobs-v0` (without pinning and shares) on the same topology; what differs is where figures
come from:

* `reset` builds the network under a controller at first, and keeps it for the episodes after that
  (it is built anew where weak cables are drawn elsewhere). Jobs are drawn from the seed.
* `step` hands the weights to the controller through an advisor that answers with them, guarded
  against dead links only, and lets jobs run on TCP connections for an interval of real time. The
  weights are in force a turn of the controller later (0.2 s), within that interval.
* Link loads are read from the switches' queue counters, all headers included. Which path a flow
  takes is the switches' hash: `moved` and the churn's cost are expectations over it.
* Between steps nothing is timed and no job goes on; what is in flight still is.

Needs root, Open vSwitch and Mininet. `close` ends all that was made, and so does the end of the
process, by Ctrl-C too.
"""

from typing import Any

from rl_agent.environments.jobs import Batch, JobsEnv, setting_of
from rl_agent.environments.jobs_coding import Coding
from rl_agent.live.core import LiveCore
from topologies.model import Topology
from topologies.registry import build

DEFAULT_TOPOLOGY = "leafspine,spines=2,leaves=3,hosts=2,rate=20M,host_rate=20M"
# What two cores can switch in software and six hosts can fill; a second is some turns of the loop.
_DEFAULTS: dict[str, Any] = {
    "training": 1, "inference": 2, "federated": 0, "checkpoints": 1, "background": 1,
    "interval_s": 1.0, "steps": 8,
}  # fmt: skip


class MininetEnv(JobsEnv):
    """One network at a time: names of switches belong to the whole machine."""

    def __init__(self, topology: str | Topology = DEFAULT_TOPOLOGY, **options: Any) -> None:
        """An environment; nothing is built before the first `reset`.

        Args:
            topology: A spec as in `headway topo`, or a topology; slow links, or the processor
                decides and not the network.
            **options: Fields of `workload.Mix` (`training=2`) and `core.Setting` (`steps=10`).

        Raises:
            AgentError, TopologyError: What they name can't be used.
        """
        place = build(topology) if isinstance(topology, str) else topology
        self._live = LiveCore(place, setting_of(place, {**_DEFAULTS, **options}))
        self._batch = Batch(self._live, Coding(self._live))
        self.observation_space = self._batch.coding.observation_space
        self.action_space = self._batch.coding.action_space

    def close(self) -> None:
        """Ends traffic, controller and network."""
        self._live.close()
