"""A network small enough for any test, under names nobody else uses, and its policy."""

from policies.model import ClassPolicy, Policy, QueueSpec
from topologies.model import Host, Link, Switch, Topology

RATE_BPS = 20_000_000
# Bulk may take what is left; urgent is served first and has most of the link guaranteed.
QUEUES = (
    QueueSpec(0, "bulk", priority=7, share=0.2, ceiling=1.0, dscps=(), limit_packets=200),
    QueueSpec(1, "urgent", priority=0, share=0.8, ceiling=1.0, dscps=(46,), limit_packets=200),
)
POLICY = Policy("small", QUEUES, classes=tuple[ClassPolicy, ...](), services=(), trusted_ports=())
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
