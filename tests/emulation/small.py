"""A network small enough for any test, under names nobody else uses, and its policy."""

from dataclasses import replace

from policies.classes import PathGroup, TrafficClass
from policies.model import ClassPolicy, Policy, QueueSpec, Rate, Selector, Slice
from topologies.model import Host, Link, Switch, Topology

RATE_BPS = 20_000_000
# Bulk may take what is left; urgent is served first and has most of the link guaranteed.
QUEUES = (
    QueueSpec(0, "bulk", priority=7, share=0.2, ceiling=1.0, dscps=(), limit_packets=200),
    QueueSpec(1, "urgent", priority=0, share=0.8, ceiling=1.0, dscps=(46,), limit_packets=200),
)
POLICY = Policy("small", QUEUES, classes=tuple[ClassPolicy, ...](), services=(), trusted_ports=())
CLASSES = tuple(
    ClassPolicy(c, 46 if urgent else 0, int(urgent), PathGroup.LATENCY)
    for c in TrafficClass
    for urgent in [c is TrafficClass.INFERENCE]
)


def sliced(*numbers, guarantee_bps=2e6):
    """The policy with slices of these numbers, told apart by VLANs of the same numbers."""
    classes = (TrafficClass.BULK, TrafficClass.INFERENCE)
    slices = tuple(
        Slice(f"s{n}", n, (Selector(vlan=n),), Rate(bps=guarantee_bps), None, 1.0, classes,
              TrafficClass.BULK)
        for n in numbers
    )  # fmt: skip
    return replace(POLICY, classes=CLASSES, slices=slices)


TOPOLOGY = Topology(
    "small",
    (Switch("zq1", 0x5A01), Switch("zq2", 0x5A02)),
    tuple(
        Host(f"zqh{n}", f"02:00:00:00:5a:0{n}", f"10.90.0.{n}/24", f"zq{1 + n // 3}", RATE_BPS)
        for n in (1, 2, 3, 4)
    ),
    (Link("zq1", "zq2", RATE_BPS),),
)
# Nobody listens there; the networks of these tests need no controller.
NOWHERE = ("127.0.0.1", 6)
