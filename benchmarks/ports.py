"""The demo with its services on other ports: what the controller knows without them.

Method: `headway demo`, the same seeded workload: alone, and all jobs under Headway with services on
the ports of the port table, on random ones that are in no table, each on another's, and on random
ones again with nothing copied to the classifier. Needs root, and PyTorch for the training job.
"""

from typing import Any

from benchmarks.demo import ROWS, document, scaled
from benchmarks.result import Options, Part, Result
from demo.ports import PortPlan
from emulation import command

NEEDS_NETWORK = True
_BLIND = "random, not classified"


def run(options: Options) -> Result:
    """Runs the demo with each plan of ports.

    Raises:
        BenchmarkError: The demo failed; its last line says why.
        NotPrivilegedError: Not root.
    """
    command.require_root()
    words = ["--duration", "3" if options.quick else "15", "--seed", str(options.seed),
             "--weaken", "none"]  # fmt: skip
    arms: dict[str, dict[str, Any]] = {}
    if not options.quick:
        arms["alone"] = document([*words, "--arms", "alone"], options)["arms"]["alone"]
    for plan in PortPlan:
        told = document([*words, "--arms", "headway", "--ports", plan.value], options)
        arms[plan.value] = told["arms"]["headway"]
    told = document([*words, "--arms", "headway", "--ports", PortPlan.RANDOM.value], options,
                    {"HEADWAY_CLASSIFY": "0"})  # fmt: skip
    arms[_BLIND] = told["arms"]["headway"]
    rows = tuple(
        (text, *(scaled(figures.get(name), factor) for figures in arms.values()))
        for name, text, factor, _ in ROWS
    )
    columns = ("figure", *(name if name in {"alone", _BLIND} else f"{name} ports" for name in arms))
    return Result((Part("All jobs under Headway, by where services listen", columns, rows),))
