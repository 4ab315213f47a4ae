"""Slices for tests: short ways of saying a policy, and networks where every host is of a slice."""

import struct
from dataclasses import dataclass, field, replace
from ipaddress import ip_network

from fabric import FakeFabric, FakeHost, Packet
from hypothesis import strategies as st

from policies.classes import TrafficClass
from policies.load import load_policy
from policies.model import Confinement, Policy, Rate, Selector, Slice, Tier

DEFAULT = load_policy()
BROADCAST = 0xFFFFFFFFFFFF


def selector(*ports: str, vlan: int | None = None, prefixes: tuple[str, ...] = ()) -> Selector:
    """Who sends from these ports, with that tag, from these addresses."""
    return Selector(ports, vlan, tuple(ip_network(prefix) for prefix in prefixes))


def tenant(
    name: str,
    number: int,
    *members: Selector,
    talks_to: tuple[str, ...] = (),
    classes: tuple[TrafficClass, ...] = tuple(TrafficClass),
    maximum: Rate | None = None,
) -> Slice:
    """A slice with a tenth of every link."""
    default = TrafficClass.BACKGROUND if TrafficClass.BACKGROUND in classes else classes[0]
    return Slice(
        name, number, members, Rate(share=0.1), maximum, 1.0, classes, default, talks_to
    )  # fmt: skip


def sliced(
    *slices: Slice,
    tiers: tuple[Tier, ...] = (),
    confinements: tuple[Confinement, ...] = (),
    name: str = "sliced",
) -> Policy:
    """The default policy with slices."""
    return replace(DEFAULT, name=name, slices=slices, tiers=tiers, confinements=confinements)


def port(dpid: int, number: int) -> str:
    """The name of a port in the fake fabric."""
    return f"s{dpid}-eth{number}"


def on(host: FakeHost) -> Selector:
    """The selector that means just this host's port and tag."""
    return selector(port(host.dpid, host.port), vlan=host.vlan or None)


def two_by_port(leaves: int = 2, **kw: object) -> FakeFabric:
    """Slices a and b, each with a host on every leaf, with the same addresses in both."""
    cables = [(leaf, 100 + s) for s in (1, 2) for leaf in range(1, leaves + 1)]
    fabric = FakeFabric(cables, [], DEFAULT)
    for _ in "ab":
        for leaf in range(1, leaves + 1):
            fabric.add_host(FakeHost(0x0200_0000_0000 + leaf, 10 << 24 | leaf, leaf, 0))
    a, b = fabric.hosts[:leaves], fabric.hosts[leaves:]
    fabric.state.policy = sliced(tenant("a", 1, *map(on, a)), tenant("b", 2, *map(on, b)), **kw)  # type: ignore[arg-type]
    return fabric.start()


# --- random networks ----------------------------------------------------------------------------


@dataclass
class Tenants:
    """A fabric whose hosts are of slices, and what the tests know of that by themselves."""

    fabric: FakeFabric
    number_of: dict[FakeHost, int] = field(default_factory=dict)
    talks: dict[int, set[int]] = field(default_factory=dict)

    def circle(self, number: int) -> set[int]:
        """The slice and those it talks to."""
        return {number} | self.talks.get(number, set())

    def origin(self, end: tuple[int, int], vlan: int, source_ip: int | None) -> int:
        """The slice a frame is of; 0 for none."""
        here = [n for h, n in self.number_of.items() if ((h.dpid, h.port), h.vlan) == (end, vlan)]
        if len(set(here)) <= 1:
            return here[0] if here else 0
        return source_ip >> 16 & 0xFF if source_ip and source_ip >> 24 == 10 else 0

    def check(self, sent_by: int, delivered: list[tuple[tuple[int, int], Packet]]) -> None:
        """Nothing arrives where it may not, nor with a tag that means somebody else."""
        for end, packet in delivered:
            assert not packet.get("vlan_inner", 0), "two tags came out"
            vlan = packet.get("vlan_vid", 0) & 0xFFF
            there = [
                (h, n)
                for h, n in self.number_of.items()
                if ((h.dpid, h.port), h.vlan) == (end, vlan)
            ]
            assert there, f"nobody has VLAN {vlan} at {end}"
            group = packet["eth_dst"] >> 40 & 1
            shared = len({n for _, n in there}) > 1
            hears = [n for h, n in there if group or not shared or h.mac == packet["eth_dst"]]
            assert set(hears) <= self.circle(sent_by), f"{sent_by} -> {hears} at {end}: {packet}"


@st.composite
def layouts(draw: st.DrawFn, *, unique: bool = False) -> Tenants:
    """Random switches and cables; access ports, trunks and ports shared by prefixes; slices."""
    size = draw(st.integers(1, 4))
    cables = {(draw(st.integers(1, i - 1)), i) for i in range(2, size + 1)}
    extra = st.tuples(st.integers(1, size), st.integers(1, size)).filter(lambda e: e[0] < e[1])
    cables |= set(draw(st.lists(extra, max_size=3))) if size > 1 else set()
    fabric = FakeFabric(sorted(cables), [], DEFAULT)
    made = Tenants(fabric)
    count = draw(st.integers(2, 4))
    members: dict[int, list[Selector]] = {n: [] for n in range(1, count + 1)}
    used: set[tuple[int, int]] = set()
    for _ in range(draw(st.integers(2, 5))):
        dpid = draw(st.integers(1, size))
        kind = draw(st.sampled_from(["access", "trunk", "shared"]))
        slices = draw(st.lists(st.integers(1, count), min_size=1, max_size=3, unique=True))
        at = 0
        for position, number in enumerate(slices[: 1 if kind == "access" else 3]):
            vlan = 10 * number if kind == "trunk" and (position or draw(st.booleans())) else 0
            low = draw(st.sampled_from([n for n in range(1, 7) if (number, n) not in used]))
            used |= {(number, low)}
            mac = 0x0200_0000_0000 + low + (number << 8 if unique or kind == "shared" else 0)
            host = FakeHost(mac, 10 << 24 | number << 16 | low, dpid, at, vlan)
            host = made.fabric.add_host(host)
            at = host.port
            made.number_of[host] = number
            ranges = (f"10.{number}.0.0/16",) if kind == "shared" else ()
            members[number].append(selector(port(dpid, at), vlan=vlan or None, prefixes=ranges))
    names = "abcd"
    talk = draw(st.lists(st.tuples(st.integers(1, count), st.integers(1, count)), max_size=2))
    for x, y in talk:
        if x != y:
            made.talks.setdefault(x, set()).add(y)
            made.talks.setdefault(y, set()).add(x)
    fabric.state.policy = sliced(
        *(
            tenant(names[n - 1], n, *members[n],
                   talks_to=tuple(names[y - 1] for x, y in talk if x == n and x != y))
            for n in members if members[n]
        )
    )  # fmt: skip
    fabric.start()
    return made


def tagged(frame: bytes, vlans: list[int], tpid: int = 0x8100) -> bytes:
    """The untagged frame with these tags, outermost first."""
    tags = b"".join(struct.pack("!HH", tpid, vlan) for vlan in vlans)
    return frame[:12] + tags + frame[12:]
