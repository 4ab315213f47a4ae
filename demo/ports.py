"""On which ports the demo's services listen: those everybody knows, or others.

Pure. Whether a port tells what a service is matters to whoever goes by ports; with ports swapped
each service sits on another's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum

_NOBODYS = range(15000, 28000)  # below the ephemeral ports, and in no table


class PortPlan(Enum):
    """Which ports."""

    KNOWN = "known"
    RANDOM = "random"
    SWAPPED = "swapped"


@dataclass(frozen=True, slots=True)
class Ports:
    """The port of each service.

    Attributes:
        gloo: Where training hosts take gloo's data ports from; None: where the kernel does.
    """

    inference: int
    training: int
    bulk: int
    scrape: int
    gloo: tuple[int, int] | None = None


# Those that the default policy knows. Gloo's data connections take whatever ephemeral ports the
# kernel gives, which tell nobody anything, so these are narrowed to a range the policy knows.
KNOWN = Ports(inference=8000, training=29500, bulk=9000, scrape=9100, gloo=(29600, 29999))


def ports_of(plan: PortPlan, seed: int) -> Ports:
    """The ports of a demo; random ones differ with the seed."""
    if plan is PortPlan.KNOWN:
        return KNOWN
    if plan is PortPlan.SWAPPED:
        return Ports(KNOWN.bulk, KNOWN.scrape, KNOWN.inference, KNOWN.training)
    inference, training, bulk, scrape = random.Random(seed).sample(_NOBODYS, 4)
    return Ports(inference, training, bulk, scrape)
