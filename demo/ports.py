"""On which ports the demo's services listen: those everybody knows, or others.

Pure. Gloo's data connections take whatever ports the kernel gives, in any case: nothing in their
headers says "gradient".
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
    """The port of each service."""

    inference: int
    training: int
    bulk: int
    scrape: int


KNOWN = Ports(inference=8000, training=29500, bulk=9000, scrape=9100)  # to the default policy


def ports_of(plan: PortPlan, seed: int) -> Ports:
    """The ports of a demo; random ones differ with the seed."""
    if plan is PortPlan.KNOWN:
        return KNOWN
    if plan is PortPlan.SWAPPED:
        return Ports(KNOWN.bulk, KNOWN.scrape, KNOWN.inference, KNOWN.training)
    inference, training, bulk, scrape = random.Random(seed).sample(_NOBODYS, 4)
    return Ports(inference, training, bulk, scrape)
