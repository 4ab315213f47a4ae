"""Command lines of the jobs: pure, from a scenario.

Owns which program runs on which host with which arguments and priority. It must not start
anything. Ports are the scenario's (`demo.ports`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from demo.scenario import Scenario

_INTERFACE_SUFFIX = "-eth0"  # Mininet's name of a host's only interface


class JobKind(Enum):
    """The jobs of the demo; a kind may be several programs."""

    TRAINING = "training"
    INFERENCE = "inference"
    BULK = "bulk"
    SCRAPE = "scrape"
    PROBE = "probe"


_SOURCE_PORTS = {  # past those that the kernel gives
    JobKind.INFERENCE: 61000,
    JobKind.BULK: 62000,
    JobKind.SCRAPE: 63000,
    JobKind.PROBE: 64000,
}
# Jobs share two cores here that would each have a machine of their own. The scheduler is told who
# must answer quickly, so that what is measured is the network.
_NICENESS = {
    JobKind.TRAINING: 5,
    JobKind.INFERENCE: -5,
    JobKind.BULK: 5,
    JobKind.SCRAPE: 5,
    JobKind.PROBE: -5,
}


@dataclass(frozen=True, slots=True)
class Program:
    """One process: its name, host and command line; `finite` ones end by themselves."""

    name: str
    host: str
    argv: tuple[str, ...]
    finite: bool = False


def programs_of(scenario: Scenario, kinds: Iterable[JobKind]) -> tuple[Program, ...]:
    """The programs of some jobs; servers first."""
    builders = {
        JobKind.TRAINING: _training,
        JobKind.INFERENCE: _inference,
        JobKind.BULK: _bulk,
        JobKind.SCRAPE: _scrape,
        JobKind.PROBE: _probe,
    }
    wanted = set(kinds)
    return tuple(
        program for kind, build in builders.items() if kind in wanted for program in build(scenario)
    )


def _training(scenario: Scenario) -> list[Program]:
    ranks = scenario.placement.ranks
    # gloo's ring sends from each rank to the one *before* it, so ranks are given out backwards for
    # the gradients to go round in the order of the placement.
    numbers = [-position % len(ranks) for position in range(len(ranks))]
    return [
        _program(
            JobKind.TRAINING, f"training-{rank}", host, "training",
            "--rank", rank, "--world", len(ranks),
            "--port", scenario.ports.training,
            "--master", scenario.host(ranks[0]).address,
            "--interface", host + _INTERFACE_SUFFIX,
            "--gradient-bytes", scenario.workload.gradient_bytes,
            "--seed", scenario.seed,
        )
        for rank, host in zip(numbers, ranks, strict=True)
    ]  # fmt: skip


def _inference(scenario: Scenario) -> list[Program]:
    placement, workload, kind = scenario.placement, scenario.workload, JobKind.INFERENCE
    server = scenario.host(placement.inference_server).address
    return [
        _program(
            kind, "inference-server", placement.inference_server, "inference_server",
            "--address", server, "--port", scenario.ports.inference,
            "--features", workload.features,
        ),
        _program(
            kind, "inference-client", placement.inference_client, "inference_client",
            "--server", server, "--port", scenario.ports.inference,
            "--features", workload.features,
            "--rate", workload.requests_per_s, "--seed", scenario.seed,
            "--first-source-port", _source_port(kind, scenario),
            finite=True,
        ),
    ]  # fmt: skip


def _bulk(scenario: Scenario) -> list[Program]:
    placement, workload, kind = scenario.placement, scenario.workload, JobKind.BULK
    receiver = scenario.host(placement.bulk_receiver).address
    return [
        _program(
            kind, "bulk-receiver", placement.bulk_receiver, "bulk", "receive",
            "--address", receiver, "--port", scenario.ports.bulk,
        ),
        _program(
            kind, "bulk-sender", placement.bulk_sender, "bulk", "send",
            "--server", receiver, "--port", scenario.ports.bulk,
            "--connections", workload.bulk_connections,
            "--shard-bytes", workload.shard_bytes, "--seed", scenario.seed,
            "--first-source-port", _source_port(kind, scenario),
        ),
    ]  # fmt: skip


def _scrape(scenario: Scenario) -> list[Program]:
    placement, kind = scenario.placement, JobKind.SCRAPE
    exporter = scenario.host(placement.exporter).address
    return [
        _program(
            kind, "exporter", placement.exporter, "scrape", "export",
            "--address", exporter, "--port", scenario.ports.scrape,
        ),
        _program(
            kind, "scraper", placement.scraper, "scrape", "collect",
            "--server", exporter, "--port", scenario.ports.scrape,
            "--period", scenario.workload.scrape_period_s,
            "--first-source-port", _source_port(kind, scenario),
            finite=True,
        ),
    ]  # fmt: skip


def _probe(scenario: Scenario) -> list[Program]:
    """Streams both ways between the two inference hosts."""
    near, far = scenario.placement.inference_client, scenario.placement.inference_server
    port = _source_port(JobKind.PROBE, scenario)
    programs = []
    for name, source, target in (("forward", near, far), ("backward", far, near)):
        address = scenario.host(target).address
        programs.append(
            _program(
                JobKind.PROBE, f"probe-{name}-receiver", target, "probe", "receive",
                "--address", address, finite=True,
            )
        )  # fmt: skip
        programs.append(
            _program(
                JobKind.PROBE, f"probe-{name}-sender", source, "probe", "send",
                "--target", address, "--first-source-port", port,
            )
        )  # fmt: skip
    return programs


def _source_port(kind: JobKind, scenario: Scenario) -> int:
    """Where a client's source ports begin: the same in each arm, others for another seed."""
    return _SOURCE_PORTS[kind] + 100 * (scenario.seed % 10)


def _program(
    kind: JobKind, name: str, host: str, module: str, *arguments: object, finite: bool = False
) -> Program:
    niceness = ("nice", "-n", str(_NICENESS[kind]))
    python = (sys.executable, "-m", f"demo.jobs.{module}")
    return Program(name, host, niceness + python + tuple(map(str, arguments)), finite)
