"""What an environment is made of: from a topology's name or a file of matrices to its arrays.

Owns the choice between replay and generation, the candidate paths and the plan underneath. Knows no
step and no reward.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from controller.advice.advisor import Observation
from controller.advice.network import CandidatePaths, FloatArray, Network
from controller.advice.plan import OnlineGradient, plan_for
from rl_agent.environments import chance
from rl_agent.environments.traffic import Generated, Recording
from rl_agent.environments.traffic_core import Options, TrafficMatrixCore
from rl_agent.errors import EnvironmentOptionError
from rl_agent.matrices import Matrices
from rl_agent.matrices import load as load_matrices
from rl_agent.optima import optima
from rl_agent.rivals.fixed import best_static
from rl_agent.tunnels import load_tunnels, usual_paths
from topologies.model import Topology
from topologies.registry import build

BASES = ("online-gradient",)
_LEAST = 1e-6  # split ratio below which a logit tells no more
_PRIOR_MATRICES = 500  # of a recording that the prior is fitted on
_DAYS = 8  # of made-up traffic under a plan


@dataclass(frozen=True, slots=True)
class Source:
    """What a user says; the meaning of each is told by `TrafficMatrixEnv`.

    `prior`, logits (P,), is what a plan starts from: what it came to on traffic before this.
    """

    topology: str | Network | None = None
    matrices: Matrices | Path | str | None = None
    paths: CandidatePaths | Path | str | None = None
    base: str | None = None
    prior: FloatArray | None = None


def network_of(topology: Topology) -> tuple[Network, list[int]]:
    """The switches of a topology as a network in bit/s, and those with hosts (all if none has)."""
    place = {switch.name: index for index, switch in enumerate(topology.switches)}
    ways = [(a, b, link.rate_bps) for link in topology.links
            for a, b in ((link.a, link.b), (link.b, link.a))]  # fmt: skip
    network = Network(
        tuple(place),
        np.array([(place[a], place[b]) for a, b, _ in ways], np.int32).reshape(-1, 2),
        np.array([rate for _, _, rate in ways], np.float64),
    )
    edges = {place[host.switch] for host in topology.hosts}
    return network, sorted(edges or range(len(place)))


def core_of(source: Source, options: Mapping[str, float]) -> TrafficMatrixCore:
    """The rules of an environment.

    Raises:
        EnvironmentOptionError: The arguments don't go together, or an option has no such name.
        AgentError, TopologyError, AdviceError: What they name can't be used.
    """
    known = {field.name for field in fields(Options)}
    if unknown := sorted(set(options) - known):
        raise EnvironmentOptionError(
            f"no option is called {unknown[0]!r}; there are: {', '.join(sorted(known))}"
        )
    rules = Options(**options)  # type: ignore[arg-type]  # counts are ints where the user gave ints
    if source.matrices is not None:
        return _replayed(source, rules)
    network, edges = _network(source.topology)
    paths = _paths(source.paths, network, edges)
    generated = Generated(paths)
    if source.base is None:
        return TrafficMatrixCore(paths, generated, rules)
    recorded = _recorded(generated, _DAYS, generated.period)
    return _planned(source, paths, recorded, rules)


def _replayed(source: Source, rules: Options) -> TrafficMatrixCore:
    if source.topology is not None:
        raise EnvironmentOptionError("give a topology or matrices, not both: a file has its own")
    matrices = source.matrices
    if not isinstance(matrices, Matrices):
        matrices = load_matrices(Path(str(matrices)))
    paths = _paths(source.paths, matrices.network, matrices.sources)
    tunnels = None if source.paths is None else paths  # given ones bound what is possible
    optimum = optima(matrices.network, matrices.matrices, paths=tunnels)
    traffic = Recording(paths.demands(matrices.matrices), optimum)
    if source.base is None:
        return TrafficMatrixCore(paths, traffic, rules)
    return _planned(source, paths, traffic, rules)


def _recorded(generated: Generated, days: int, period: int) -> Recording:
    """Days of generated traffic, each with masses of its own, because a plan needs a recording."""
    key = np.repeat(chance.keys(0, days), period)
    at = np.arange(days * period)
    return Recording(generated.demands(key, at), generated.reference(key, at))


def _planned(
    source: Source, paths: CandidatePaths, traffic: Recording, rules: Options
) -> TrafficMatrixCore:
    """The rules with what the plan says after each matrix.

    A plan looks at demands and never at the splits that carried them, so it can be made ahead for a
    whole recording. Links that fail later are taken out of its splits, not out of its history.
    """
    if source.base not in BASES:
        raise EnvironmentOptionError(
            f"no plan is called {source.base!r}; there are: {', '.join(BASES)}"
        )
    advisor = OnlineGradient(paths, plan_for(paths, prior=source.prior))
    up = np.ones(len(paths.network.ends), bool)
    splits = np.stack([advisor.advise(Observation(d, up)) for d in traffic.recorded])
    logits = np.log(splits.clip(_LEAST)).astype(np.float32)
    return TrafficMatrixCore(paths, traffic, rules, logits, _prior(source, paths, traffic))


def _prior(source: Source, paths: CandidatePaths, traffic: Recording) -> FloatArray | None:
    """What later plans for this network may begin from: the best static split of its recording."""
    if source.matrices is None:
        return None  # made-up traffic says nothing of a network's own
    rows = np.unique(np.linspace(0, traffic.length - 1, _PRIOR_MATRICES).astype(int))
    best = best_static(paths, traffic.recorded[rows], traffic.optimum[rows])
    prior: FloatArray = np.log(best.splits.clip(_LEAST))
    return prior


def _network(topology: str | Network | None) -> tuple[Network, list[int]]:
    if isinstance(topology, Network):
        return topology, list(range(len(topology.nodes)))
    if topology is None:
        raise EnvironmentOptionError(
            "give topology (a spec, as in 'headway topo') or matrices (a file .npz)"
        )
    return network_of(build(topology))


def _paths(
    given: CandidatePaths | Path | str | None, network: Network, edges: list[int]
) -> CandidatePaths:
    if given is None:
        return usual_paths(network, edges)
    return given if isinstance(given, CandidatePaths) else load_tunnels(Path(given), network)
