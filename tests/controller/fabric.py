"""One honest fake: switches that carry out rules and groups as OpenFlow 1.3 says, cabled together.

It takes the core's commands, answers with events, and can say where a packet goes. It forwards by
the tables alone: what the core believes counts for nothing here. `test_fabric.py` tests the fake.
"""

import struct
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from controller import headers
from controller.core import decide
from controller.events import (
    Barrier,
    BarrierReply,
    Change,
    ChangeGroup,
    ChangeMeter,
    ChangeRule,
    CountersRead,
    Disconnect,
    FlowCounters,
    Note,
    PacketIn,
    PolicyChanged,
    Port,
    PortChanged,
    ReadTables,
    SendFrame,
    SwitchDown,
    SwitchUp,
    TablesRead,
    Tick,
)
from controller.rules import (
    ANY,
    CONTROLLER,
    IN_PORT,
    VLAN_PRESENT,
    Bucket,
    Copy,
    Field,
    Group,
    GroupType,
    Load,
    Meter,
    Move,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    SetQueue,
    Table,
    ToGroup,
)
from controller.settings import Settings
from controller.state import State
from policies.load import load_policy
from policies.model import Policy

Packet = dict[str, int]
MAX_HOPS = 200


class LoopError(AssertionError):
    """A packet went round."""


class BadReferenceError(AssertionError):
    """A command named a group or meter the switch doesn't have, which a real one refuses."""


@dataclass
class FakeSwitch:
    """Tables and ports of one switch; `send` tells where a packet leaves."""

    dpid: int
    ports: dict[int, bool] = field(default_factory=dict)  # number -> carrier
    rules: dict[Any, Rule] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    meters: dict[int, Meter] = field(default_factory=dict)
    changes: int = 0
    copied: list[Copy] = field(default_factory=list)  # of the last packet
    hits: Counter[Any] = field(default_factory=Counter)  # packets, by rule key
    _ordered: list[Rule] | None = None

    def apply(self, command: Any) -> None:
        """Carries out one change as a switch would."""
        self.changes += 1
        self._ordered = None
        match command:
            case ChangeRule(change=Change.DELETE, rule=rule):
                self.rules.pop(rule.key, None)
            case ChangeRule(rule=rule):
                self._check(rule)
                self.rules[rule.key] = rule
            case ChangeGroup(change=Change.DELETE, group=group):
                self.groups.pop(group.group_id, None)
                self.rules = {
                    k: r for k, r in self.rules.items() if ToGroup(group.group_id) not in r.actions
                }
            case ChangeGroup(change=change, group=group):
                if (change is Change.ADD) == (group.group_id in self.groups):
                    raise BadReferenceError(f"{change} of group {group.group_id:#x}")
                self.groups[group.group_id] = group
            case ChangeMeter(change=Change.DELETE, meter=meter):
                self.meters.pop(meter.meter_id, None)
            case ChangeMeter(meter=meter):
                self.meters[meter.meter_id] = meter

    def counters(self) -> Iterator[FlowCounters]:
        """Of every rule; each packet of 1,000 bytes."""
        for key, rule in self.rules.items():
            yield FlowCounters(rule, self.hits[key], 1000 * self.hits[key])

    def lose(self, key: Any) -> None:
        """Somebody else deleted a rule."""
        del self.rules[key]
        self._ordered = None

    def wipe(self) -> None:
        """The switch was restarted."""
        self.rules, self.groups, self.meters, self._ordered = {}, {}, {}, None

    def _check(self, rule: Rule) -> None:
        groups = {a.group_id for a in rule.actions if isinstance(a, ToGroup)}
        if not groups <= self.groups.keys() or rule.meter not in {None, *self.meters}:
            raise BadReferenceError(str(rule))
        copied = {a.meter_id for a in rule.actions if isinstance(a, Copy)}
        if not copied <= self.meters.keys():
            raise BadReferenceError(str(rule))
        tagged = any(f.name == "vlan_vid" and f.value & VLAN_PRESENT for f in rule.match)
        if PopVlan() in rule.actions and not tagged:  # as Open vSwitch does
            raise BadReferenceError(f"pops a tag that may not be there: {rule}")

    def send(self, packet: Packet, in_port: int) -> list[tuple[int, Packet]]:
        """(output port, packet) pairs; for select groups every live bucket, as any may be taken."""
        start = {"vlan_vid": 0, **packet, "in_port": in_port, "metadata": 0}
        return list(self._table(0, start, in_port))

    def _table(self, table: int, packet: Packet, in_port: int) -> Iterator[tuple[int, Packet]]:
        if self._ordered is None:
            self._ordered = sorted(self.rules.values(), key=lambda r: -r.priority)
        rule = next((r for r in self._ordered if r.table == table and _matches(r, packet)), None)
        if rule is None:
            return
        self.hits[rule.key] += 1
        packet = dict(packet)
        yield from self._actions(rule.actions, packet, in_port)
        if rule.metadata is not None:
            kept = packet["metadata"] & ~rule.metadata_mask
            packet["metadata"] = kept | rule.metadata & rule.metadata_mask
        if rule.goto is not None:
            yield from self._table(rule.goto, packet, in_port)

    def _actions(
        self, actions: Iterable[Any], packet: Packet, in_port: int
    ) -> Iterator[tuple[int, Packet]]:
        for action in actions:
            match action:
                case SetField(name, value):
                    packet[name] = value
                case Load(name, offset, bits, value):
                    mask = ((1 << bits) - 1) << offset
                    packet[name] = packet.get(name, 0) & ~mask | value << offset
                case Move(source, target, _):
                    packet[target] = packet.get(source, 0)
                case PushVlan():
                    packet["vlan_inner"] = packet.get("vlan_vid", 0)
                    packet["vlan_vid"] = VLAN_PRESENT
                case PopVlan():
                    packet["vlan_vid"] = packet.get("vlan_inner", 0)
                    packet["vlan_inner"] = 0
                case SetQueue(queue):
                    packet["queue"] = queue
                case Copy():
                    self.copied.append(action)
                case Output(port):
                    yield from self._output(port, packet, in_port)
                case ToGroup(group_id):
                    yield from self._group(self.groups[group_id], packet, in_port)

    def _output(self, port: int, packet: Packet, in_port: int) -> Iterator[tuple[int, Packet]]:
        if port == IN_PORT:
            yield in_port, dict(packet)
        elif port == CONTROLLER or (port != packet["in_port"] and self.ports.get(port)):
            yield port, dict(packet)

    def _group(self, group: Group, packet: Packet, in_port: int) -> Iterator[tuple[int, Packet]]:
        live = [bucket for bucket in group.buckets if self._is_live(bucket)]
        if group.type is GroupType.FAST_FAILOVER:
            live = live[:1]
        for bucket in live:
            if group.type is not GroupType.SELECT or bucket.weight:
                yield from self._actions(bucket.actions, dict(packet), in_port)

    def _is_live(self, bucket: Bucket) -> bool:
        if bucket.watch_group != ANY:
            return any(self._is_live(b) for b in self.groups[bucket.watch_group].buckets)
        return bucket.watch_port == ANY or self.ports.get(bucket.watch_port, False)


def _matches(rule: Rule, packet: Packet) -> bool:
    return all(_field_matches(f, packet) for f in rule.match)


def _field_matches(f: Field, packet: Packet) -> bool:
    value = packet.get(f.name)
    return value is not None and (value == f.value if f.mask < 0 else value & f.mask == f.value)


def fields_of(frame: bytes, tags_parsed: int = 1) -> Packet:
    """What a switch sees of a frame, which looks behind so many tags (Open vSwitch: one)."""
    h = headers.parse(frame)
    packet = {"eth_dst": h.eth_dst, "eth_src": h.eth_src, "eth_type": h.eth_type}
    vids = [VLAN_PRESENT | vlan for vlan in h.vlan_ids]
    packet |= dict(zip(("vlan_vid", "vlan_inner"), [*vids, 0, 0], strict=False))
    if len(vids) > tags_parsed:
        return packet | {"eth_type": int.from_bytes(frame[16:18], "big")}
    for end, address in (("src", h.ip_src), ("dst", h.ip_dst)):
        if address is not None:
            packet[f"ipv{h.ip_version}_{end}"] = int.from_bytes(address, "big")
    if h.arp:
        packet |= {
            "arp_op": h.arp.op, "arp_sha": h.arp.sha, "arp_tha": h.arp.tha,
            "arp_spa": int.from_bytes(h.arp.spa, "big"),
            "arp_tpa": int.from_bytes(h.arp.tpa, "big"),
        }  # fmt: skip
    if h.ip_proto is not None:
        packet |= {"ip_proto": h.ip_proto, "ip_dscp": h.dscp or 0}
    for name, proto in (("tcp", 6), ("udp", 17)):
        if h.ip_proto == proto and h.l4_src is not None and h.l4_dst is not None:
            packet |= {f"{name}_src": h.l4_src, f"{name}_dst": h.l4_dst}
    return packet


@dataclass(frozen=True)
class FakeHost:
    """A host, and the frames it can say."""

    mac: int
    ip: int
    dpid: int
    port: int
    vlan: int = 0

    def arp(self, target_ip: int, op: int = 1, target_mac: int = 0) -> bytes:
        """An ARP request (or reply) of ours."""
        mac = self.mac.to_bytes(6, "big")
        to = target_mac.to_bytes(6, "big") if op == 2 else b"\xff" * 6
        ips = self.ip.to_bytes(4, "big"), target_ip.to_bytes(4, "big")
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, op)
        rest = body + mac + ips[0] + target_mac.to_bytes(6, "big") + ips[1]
        return self._frame(to + mac, b"\x08\x06" + rest)

    def udp(self, to: "FakeHost", port: int = 5001, dscp: int = 0) -> bytes:
        """A UDP packet to another host."""
        ips = self.ip.to_bytes(4, "big") + to.ip.to_bytes(4, "big")
        ip = struct.pack("!BBHHHBBH", 0x45, dscp << 2, 28, 0, 0, 64, 17, 0) + ips
        macs = to.mac.to_bytes(6, "big") + self.mac.to_bytes(6, "big")
        rest = b"\x08\x00" + ip + struct.pack("!HHHH", 40000, port, 8, 0)
        return self._frame(macs, rest)

    def tcp(
        self, to: "FakeHost", ports: tuple[int, int], payload: bytes = b"", seq: int = 1,
        flags: int = 0x18,
    ) -> bytes:  # fmt: skip
        """A TCP segment to another host; `ports` are ours and theirs."""
        ips = self.ip.to_bytes(4, "big") + to.ip.to_bytes(4, "big")
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0) + ips
        tcp = struct.pack("!HHIIBBHHH", *ports, seq, 0, 0x50, flags, 1000, 0, 0)
        macs = to.mac.to_bytes(6, "big") + self.mac.to_bytes(6, "big")
        return self._frame(macs, b"\x08\x00" + ip + tcp + payload)

    def nd(self, target_ip: int, kind: int = 135) -> bytes:
        """A neighbour solicitation (or advertisement, 136), IPv6 addresses made of IPv4 ones."""
        source, target = ((0xFD << 120 | ip).to_bytes(16, "big") for ip in (self.ip, target_ip))
        group = b"\x33\x33\xff" + target[13:]
        body = struct.pack("!BBHI", kind, 0, 0, 0) + target
        ip = struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + source + target
        return self._frame(group + self.mac.to_bytes(6, "big"), b"\x86\xdd" + ip + body)

    def _frame(self, macs: bytes, rest: bytes) -> bytes:
        return macs + (b"\x81\x00" + struct.pack("!H", self.vlan) if self.vlan else b"") + rest


class FakeFabric:
    """Switches, cables, hosts and the core, on a clock of their own."""

    def __init__(
        self,
        cables: Iterable[tuple[int, int]],
        hosts_on: Iterable[int],
        policy: Policy | None = None,
        **settings: Any,
    ) -> None:
        self.now = 100.0
        self.settings = replace(Settings(key=b"k" * 32), **settings)
        self.state = State(policy or load_policy(), self.settings)
        self.switches: dict[int, FakeSwitch] = {}
        self.peers: dict[tuple[int, int], tuple[int, int]] = {}
        self.hosts: list[FakeHost] = []
        self.notes: list[Note] = []
        self.delivered: list[tuple[tuple[int, int], Packet]] = []
        self.forwarded: set[int] = set()  # switches a packet left by a port, since it was cleared
        self.tags_parsed = 1  # how deep switches look; Open vSwitch's vlan-limit
        self.held: list[Any] | None = None  # commands kept back, to test half-done updates
        self._connections = 0
        for a, b in cables:
            ends = (a, self._new_port(a)), (b, self._new_port(b))
            self.peers |= {ends[0]: ends[1], ends[1]: ends[0]}
        for dpid in hosts_on:
            number = len(self.hosts) + 1
            port = self._new_port(dpid)
            self.hosts.append(FakeHost(0x0200_0000_0000 + number, 10 << 24 | number, dpid, port))

    def add_host(self, host: FakeHost) -> FakeHost:
        """Another host; on a new port if it says port 0."""
        if not host.port:
            host = replace(host, port=self._new_port(host.dpid))
        self.hosts.append(host)
        return host

    def _new_port(self, dpid: int) -> int:
        switch = self.switches.setdefault(dpid, FakeSwitch(dpid))
        switch.ports[len(switch.ports) + 1] = True
        return len(switch.ports)

    # --- life -----------------------------------------------------------------------------------

    def start(self) -> "FakeFabric":
        """Connects every switch, waits for paths, and lets every host say who it is."""
        for dpid in self.switches:
            self.connect(dpid)
        self.run(2.0)
        for host in self.hosts:
            self.say(host, host.arp(host.ip))
        self.run(2.0)
        return self

    def connect(self, dpid: int) -> None:
        """The switch's handshake ends."""
        self._connections += 1
        ports = tuple(self._port(dpid, n) for n in self.switches[dpid].ports)
        self.feed(SwitchUp(dpid, self._connections, ports))

    def disconnect(self, dpid: int) -> None:
        """The switch's connection ends; its tables stay."""
        self.feed(SwitchDown(dpid, self.state.switches[dpid].connection or 0))

    def restart_controller(self) -> None:
        """A controller that knows nothing, on switches that keep their tables."""
        old = self.state
        self.state = State(
            old.policy, replace(self.settings, key=b"n" * 32), capacities=old.capacities
        )
        for dpid in self.switches:
            self.connect(dpid)
        self.run(4.0)

    def run(self, seconds: float) -> None:
        """Lets time go by."""
        end = self.now + seconds
        while self.now < end:
            self.now += self.settings.tick_s
            self.feed(Tick())

    def feed(self, *events: Any) -> None:
        """Gives events to the core and carries out what it says, and so on until all is quiet."""
        waiting = deque(events)
        while waiting:
            for command in decide(self.state, waiting.popleft(), self.now):
                if self.held is None:
                    waiting.extend(self._carry_out(command))
                else:
                    self.held.append(command)

    def release(self, dpid: int, count: int) -> None:
        """Carries out the first `count` commands held back for one switch."""
        assert self.held is not None
        now = [command for command in self.held if getattr(command, "dpid", dpid) == dpid][:count]
        for command in now:
            self.held.remove(command)
            replies = list(self._carry_out(command))
            self.feed(*replies)

    def _carry_out(self, command: Any) -> Iterator[Any]:
        match command:
            case ChangeRule() | ChangeGroup() | ChangeMeter():
                self.switches[command.dpid].apply(command)
            case Barrier(dpid, number):
                yield BarrierReply(dpid, number)
            case ReadTables(dpid):
                s = self.switches[dpid]
                yield CountersRead(dpid, tuple(s.counters()))
                yield TablesRead(
                    dpid,
                    tuple(s.rules.values()),
                    tuple(s.groups.values()),
                    tuple(s.meters.values()),
                )
            case SendFrame(dpid, ports, frame):
                for port in ports:
                    yield from self._leave((dpid, port), frame)
            case Note():
                self.notes.append(command)
            case Disconnect():
                self.notes.append(Note("disconnect", command.reason))

    def _leave(self, end: tuple[int, int], frame: bytes) -> Iterator[Any]:
        peer = self.peers.get(end)
        if peer is None:
            self.delivered.append((end, fields_of(frame)))
        elif self.switches[end[0]].ports[end[1]]:
            yield from self._arrive(peer, frame)

    def _arrive(self, end: tuple[int, int], frame: bytes) -> Iterator[Any]:
        switch = self.switches[end[0]]
        switch.copied = []
        for port, packet in switch.send(fields_of(frame, self.tags_parsed), end[1]):
            if port == CONTROLLER:
                yield PacketIn(end[0], end[1], frame)
            else:
                self.forwarded.add(end[0])
                self.trace_from((end[0], port), packet)
        for copy in switch.copied:
            yield PacketIn(end[0], end[1], frame[: copy.most_bytes], Table.COPY)

    def obey(self, policy: Policy) -> None:
        """Another policy comes into force."""
        self.feed(PolicyChanged(policy))

    # --- traffic --------------------------------------------------------------------------------

    def say(self, host: FakeHost, frame: bytes) -> None:
        """A host sends a frame."""
        self.feed(*self._arrive((host.dpid, host.port), frame))

    def emit(self, host: FakeHost, frame: bytes) -> list[tuple[tuple[int, int], Packet]]:
        """Where a host's frame ends, by the tables and by the controller."""
        self.delivered = []
        self.say(host, frame)
        return self.delivered

    def trace(
        self, source: FakeHost, target: FakeHost, **kw: int
    ) -> list[tuple[tuple[int, int], Packet]]:
        """Everywhere a packet from one host to another can end, over every path it may take.

        Raises:
            LoopError: Some path goes round.
        """
        self.delivered = []
        packet = fields_of(source.udp(target, **kw))
        for port, out in self.switches[source.dpid].send(packet, source.port):
            if port != CONTROLLER:
                self.trace_from((source.dpid, port), out)
        return self.delivered

    def trace_from(self, end: tuple[int, int], packet: Packet) -> None:
        """Follows a packet that leaves at `end`."""
        waiting = deque([(end, packet, 0)])
        while waiting:
            end, packet, hops = waiting.popleft()
            if hops > MAX_HOPS:
                raise LoopError(f"{packet['eth_dst']:012x} still going round at {end}")
            peer = self.peers.get(end)
            if peer is None:
                self.delivered.append((end, packet))
                continue
            if not self.switches[end[0]].ports[end[1]]:
                continue
            for port, out in self.switches[peer[0]].send(packet, peer[1]):
                if port != CONTROLLER:
                    self.forwarded.add(peer[0])
                    waiting.append(((peer[0], port), out, hops + 1))

    def reaches(self, source: FakeHost, target: FakeHost) -> bool:
        """True if every path taken ends at the target, and only there, with its own address."""
        ends = self.trace(source, target)
        return bool(ends) and all(
            end == (target.dpid, target.port)
            and p["eth_dst"] == target.mac
            and p.get("vlan_vid", 0) & 0xFFF == target.vlan
            for end, p in ends
        )

    def pairs(self) -> Iterator[tuple[FakeHost, FakeHost]]:
        """Every ordered pair of hosts."""
        return ((a, b) for a in self.hosts for b in self.hosts if a is not b)

    # --- faults ---------------------------------------------------------------------------------

    def cut(self, a: int, b: int, *, tell: bool = True) -> None:
        """Takes a cable's carrier away at both ends; `tell` False keeps it from the controller."""
        self._carrier(a, b, up=False, tell=tell)

    def add_cable(self, a: int, b: int) -> None:
        """Somebody plugs in a new cable."""
        ends = (a, self._new_port(a)), (b, self._new_port(b))
        self.peers |= {ends[0]: ends[1], ends[1]: ends[0]}
        for end in ends:
            self.feed(PortChanged(end[0], self._port(*end)))

    def mend(self, a: int, b: int) -> None:
        """Gives it back."""
        self._carrier(a, b, up=True, tell=True)

    def _carrier(self, a: int, b: int, *, up: bool, tell: bool) -> None:
        for end, peer in list(self.peers.items()):
            if {end[0], peer[0]} == {a, b}:
                self.switches[end[0]].ports[end[1]] = up
                if tell:
                    self.feed(PortChanged(end[0], self._port(*end)))

    def _port(self, dpid: int, number: int) -> Port:
        return Port(number, f"s{dpid}-eth{number}", self.switches[dpid].ports[number])

    def noted(self, kind: str) -> int:
        """How often something was noted."""
        return sum(note.kind == kind for note in self.notes)


def leaf_spine(spines: int = 2, leaves: int = 3, hosts: int = 2, **settings: Any) -> FakeFabric:
    """Leaves 1.., spines 101..; `hosts` on each leaf."""
    cables = [(leaf, 100 + s) for s in range(1, spines + 1) for leaf in range(1, leaves + 1)]
    on = [leaf for leaf in range(1, leaves + 1) for _ in range(hosts)]
    return FakeFabric(cables, on, **settings)


def ring(size: int = 5, **settings: Any) -> FakeFabric:
    """Switches 1..size in a circle with a host each."""
    cables = [(i, i % size + 1) for i in range(1, size + 1)]
    return FakeFabric(cables, range(1, size + 1), **settings)
