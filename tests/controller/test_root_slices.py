"""Slices on Open vSwitch: every probe of every host, and where it really arrived."""

import contextlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from policies.load import load_policy
from topologies.model import Host, Link, Switch, Topology

pytestmark = pytest.mark.root

_RATE = 20_000_000
_MAXIMUM, _MAXIMUM_BPS = "4Mbit/s", 4_000_000
_NAMES = ("za1", "zb1", "zt1", "za2", "zb2", "zt2")
TOPOLOGY = Topology(
    "tenants",
    (Switch("zl1", 0x5C01), Switch("zl2", 0x5C02)),
    tuple(
        Host(name, f"02:00:00:00:5c:{n:02x}", f"10.92.9.{n}/24", f"zl{name[-1]}", _RATE)
        for n, name in enumerate(_NAMES, 1)
    ),
    (Link("zl1", "zl2", _RATE),),
)


@dataclass(frozen=True)
class End:
    """A host of a slice: an interface in a namespace."""

    slice: str
    namespace: str
    interface: str
    mac: str
    ip: str
    vlan: int = 0

    @property
    def ipv6(self) -> str:
        return "fd92::" + self.ip.rpartition(".")[2]


def _ends() -> Iterator[End]:
    # a and b use the same MAC and IP addresses; c is a VLAN behind the ports of d.
    for n in (1, 2):
        for name in "ab":
            host = f"z{name}{n}"
            yield End(name, host, f"{host}-eth0", f"02:00:00:00:5c:0{n}", f"10.92.0.{n}")
        trunk, mac = f"zt{n}", f"02:00:00:00:5c:1{n}"
        yield End("d", trunk, f"{trunk}-eth0", mac, f"10.92.0.2{n}")
        yield End("c", trunk, f"{trunk}-eth0.30", mac, f"10.92.0.1{n}", 30)


ENDS = tuple(_ends())
TALK = {("c", "a"), ("a", "c")}

_WATCH = """
import json, socket, struct, sys, threading
at = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
at.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA: the kernel takes tags off
at.bind((sys.argv[1], 0))
at.settimeout(0.2)
print("ready", flush=True)
seen, stop = set(), False
def wait():
    global stop
    sys.stdin.readline()
    stop = True
threading.Thread(target=wait, daemon=True).start()
while not stop:
    try:
        frame, extra, _, place = at.recvmsg(2048, 64)
    except TimeoutError:
        continue
    if place[2] == 4 or b"PROBE" not in frame:
        continue
    vlan = 0
    for level, kind, data in extra:
        status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", data[:20])
        vlan = tci & 0xFFF if status & 16 else 0
    start = frame.index(b"PROBE")
    seen.add((int(frame[start + 5 : start + 11]), vlan))
print(json.dumps(sorted(seen)))
"""
# A machine of its own behind the same port: a namespace with a TAP whose frames are tagged on their
# way to the wire. Not every kernel has VLAN interfaces.
_VLAN = """
import ctypes, fcntl, os, select, socket, struct, sys
device, name, vlan = sys.argv[1], sys.argv[2], int(sys.argv[3])
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
wire.setsockopt(263, 8, 1)
wire.bind((device, 0))
if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):  # CLONE_NEWNET
    sys.exit("no namespace")
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH", name.encode(), 0x1002))  # TUNSETIFF: TAP, no PI
print("ready", flush=True)
while True:
    ready, _, _ = select.select([tap, wire], [], [])
    if tap in ready:
        frame = os.read(tap, 2048)
        wire.send(frame[:12] + struct.pack("!HH", 0x8100, vlan) + frame[12:])
    if wire in ready:
        frame, extra, _, place = wire.recvmsg(2048, 64)
        status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", extra[0][2][:20])
        if place[2] != 4 and status & 16 and tci & 0xFFF == vlan:
            os.write(tap, frame)
"""
_SEND = """
import socket, sys, time
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[1], 0))
for line in sys.stdin:
    out.send(bytes.fromhex(line))
    time.sleep(0.012)  # a port may send 100 packets a second to the controller
"""


def _policy(folder: Path, ports: dict[str, str]) -> Path:
    """The file: every host's switch port by name."""

    def two(kind: str) -> str:
        return f"[{ports[f'z{kind}1']}, {ports[f'z{kind}2']}]"

    path = folder / "tenants.yaml"
    path.write_text(f"""
version: 1
name: tenants
slices:
  tenant-a: {{members: [{{ports: {two("a")}}}], guarantee: 20%}}
  tenant-b: {{members: [{{ports: {two("b")}}}], guarantee: 10%, maximum: {_MAXIMUM}}}
  tenant-c: {{members: [{{ports: {two("t")}, vlan: 30}}], guarantee: 20%, talks_to: [tenant-a]}}
  tenant-d: {{members: [{{ports: {two("t")}}}], guarantee: 10%}}
""")
    return path


@dataclass
class Site:
    """The running network."""

    network: Any
    controller: Any
    log: Path
    start: Callable[[], Any] = lambda: None
    relays: dict[End, int] = field(default_factory=dict)  # processes of hosts behind a tag

    def restart(self) -> None:
        """A controller, after the end of the one before."""
        if self.controller:
            self.controller.process.kill()
            self.controller.process.wait()
        self.controller = self.start()
        self.network.wait_connected()
        self.controller.await_paths(len(TOPOLOGY.links))

    def popen(self, end: End, argv: Sequence[str], **kw: Any) -> subprocess.Popen[Any]:
        """A process of that host."""
        enter = ["nsenter", "-t", str(self.relays[end]), "-n"] if end.vlan else []
        return self.network.popen(end.namespace, [*enter, *argv], **kw)  # type: ignore[no-any-return]

    def run(self, end: End, *argv: str) -> subprocess.CompletedProcess[str]:
        child = self.popen(end, argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = child.communicate(timeout=60)[0]
        return subprocess.CompletedProcess(argv, child.returncode, said, "")

    def probe(self, frames: dict[int, tuple[End, bytes]]) -> dict[int, set[End]]:
        """Sends frames by number from where they say; tells at which hosts each was seen."""
        python = [sys.executable, "-c"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        watched = sorted({(e.namespace, f"{e.namespace}-eth0") for e in ENDS})
        watchers = {
            where: self.network.popen(where[0], [*python, _WATCH, where[1]], **pipes)
            for where in watched
        }
        for watcher in watchers.values():
            assert watcher.stdout.readline() == "ready\n"
        senders = []
        for namespace, interface in watched:
            sender = self.network.popen(
                namespace, [*python, _SEND, interface], stdin=subprocess.PIPE, text=True
            )
            lines = [f.hex() for e, f in frames.values() if e.namespace == namespace]
            with sender.stdin as to_sender:
                to_sender.write("\n".join(lines) + "\n")
            senders.append(sender)
        for sender in senders:
            sender.wait(timeout=120)
        time.sleep(1.0)  # what is on its way arrives
        arrived: dict[int, set[End]] = {number: set() for number in frames}
        for (namespace, _), watcher in watchers.items():
            said = watcher.communicate("\n", timeout=30)[0]
            for number, vlan in json.loads(said):
                there = [e for e in ENDS if (e.namespace, e.vlan) == (namespace, vlan)]
                assert there, f"probe {number} arrived at {namespace} with VLAN {vlan}"
                arrived[number].add(there[0])
        return arrived


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from emulation.attachments import attachments
    from emulation.controlled import controller_process, free_port
    from emulation.network import emulate

    folder = tmp_path_factory.mktemp("tenants")
    ports = {p.peer: p.interface for p in attachments(TOPOLOGY) if p.peer in _NAMES}
    policy, log = _policy(folder, ports), folder / "controller.log"
    address = ("127.0.0.1", free_port())
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(emulate(TOPOLOGY, policy=load_policy(), controller=address))
        made = Site(network, None, log)
        _set_addresses(made)
        made.start = lambda: stack.enter_context(
            controller_process(
                address,
                policy,
                log,
                topology=TOPOLOGY,
                environment={"HEADWAY_STATE": str(folder / "state")},
            )
        )
        made.restart()
        for end in ENDS:  # everybody says who it is
            made.run(end, "ping", "-c1", "-W1", "-I", end.interface, "10.92.0.99")
        yield made
        assert "Traceback" not in log.read_text()


def _set_addresses(site: Site) -> None:
    for end in ENDS:
        device = f"{end.namespace}-eth0"
        steps = []
        if end.vlan:
            relay = site.network.popen(
                end.namespace,
                [sys.executable, "-c", _VLAN, device, end.interface, str(end.vlan)],
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            with relay.stdout as said_by_relay:
                assert said_by_relay.readline() == "ready\n"
            site.relays[end] = relay.pid
        else:
            steps += [f"ip address flush dev {device}"]
        steps += [
            f"ip link set {end.interface} down",
            f"ip link set {end.interface} address {end.mac} up",
            f"ip address add {end.ip}/24 dev {end.interface}",
            f"ip -6 address add {end.ipv6}/64 dev {end.interface} nodad",
        ]
        said = site.run(end, "sh", "-c", " && ".join(steps))
        assert said.returncode == 0, said.stdout


def _may(a: End, b: End) -> bool:
    return a.slice == b.slice or (a.slice, b.slice) in TALK


def _pairs() -> Iterator[tuple[End, End]]:
    return ((a, b) for a, b in itertools.permutations(ENDS, 2) if a.namespace != b.namespace)


def test_who_may_talk_does_and_nobody_else(site: Site) -> None:
    pings = {}
    for a, b in _pairs():
        if b.ip in {e.ip for e in ENDS if _may(a, e)} and not _may(a, b):
            continue  # to a, that address is another host, which it may reach
        for version, address in (("-4", b.ip), ("-6", b.ipv6)):
            argv = ["ping", version, "-I", a.interface, "-c3", "-i0.3", "-W1", address]
            pings[a, b, version] = site.popen(a, argv, stdout=subprocess.DEVNULL)
    wrong = [
        (a.slice, a.namespace, b.slice, b.namespace, version)
        for (a, b, version), ping in pings.items()
        if (ping.wait(timeout=30) == 0) != _may(a, b)
    ]
    assert not wrong


_EVERYBODY, _STRANGER = b"\xff" * 6, b"\x02\x00\x00\x00\x66\x66"
_LABEL, _SOLICITED = b"\x06\x40\x00\x00\x04\x01", b"\x33\x33\xff\x00\x00\x01"
_IPV4, _ARP = b"\x08\x00", b"\x08\x06"


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _ip(text: str) -> bytes:
    return bytes(map(int, text.split(".")))


def _udp(source: bytes, target: bytes, token: bytes) -> bytes:
    total = (28 + len(token)).to_bytes(2, "big")
    head = bytearray(b"\x45\x00" + total + b"\x00\x00\x00\x00\x40\x11\x00\x00" + source + target)
    words = sum(int.from_bytes(head[i : i + 2], "big") for i in range(0, 20, 2))
    while words >> 16:
        words = (words & 0xFFFF) + (words >> 16)
    head[10:12] = (words ^ 0xFFFF).to_bytes(2, "big")
    return bytes(head) + b"\x1b\x58\x1b\x58" + (8 + len(token)).to_bytes(2, "big") + b"\0\0" + token


def _arp(mac: bytes, source: bytes, target: bytes, token: bytes) -> bytes:
    return b"\x00\x01\x08\x00\x06\x04\x00\x01" + mac + source + bytes(6) + target + token


def _udp6(token: bytes) -> bytes:
    length = (8 + len(token)).to_bytes(2, "big")
    everybody = b"\xff\x02" + bytes(13) + b"\x01"
    head = b"\x60\0\0\0" + length + b"\x11\x40" + bytes(15) + b"\x01" + everybody
    return head + b"\x1b\x58\x1b\x58" + length + b"\0\0" + token


def _attacks() -> dict[int, tuple[End, bytes, set[str]]]:
    """Frames by number, who sends each, and the slices it may reach at most."""
    made: dict[int, tuple[End, bytes, set[str]]] = {}

    def add(end: End, tags: list[int], macs: bytes, kind: bytes, body: Any) -> None:
        number = len(made)
        tag = b"".join(b"\x81\x00" + vlan.to_bytes(2, "big") for vlan in tags)
        frame = macs + tag + kind + body(b"PROBE%06d" % number)
        made[number] = end, frame.ljust(64, b"\0"), _reach(end, tags)

    for a, b in _pairs():
        own = [a.vlan] if a.vlan else []
        macs, ips = (_mac(a.mac), _mac(b.mac), _STRANGER), (_ip(a.ip), _ip(b.ip))
        tags = ([], own, [30], [31], [30, 30], [0], [1, 30])
        for source, vlans, ip in itertools.product(macs, tags, ips):
            for target in (_mac(b.mac), _EVERYBODY):
                add(a, vlans, target + source, _IPV4, partial(_udp, ip, _ip(b.ip)))
            add(a, vlans, _EVERYBODY + source, _ARP, partial(_arp, source, ip, _ip(b.ip)))
        add(a, own, _LABEL + _mac(a.mac), _IPV4, partial(_udp, _ip(a.ip), _ip(b.ip)))
        add(a, own, _SOLICITED + _mac(a.mac), b"\x86\xdd", _udp6)
    return made


def _reach(end: End, tags: list[int]) -> set[str]:
    """The slices that what a port and a tag mean may reach."""
    if len(tags) > 1 or 0 in tags:
        return set()
    vlan = tags[0] if tags else 0
    meant = [e.slice for e in ENDS if (e.namespace, e.vlan) == (end.namespace, vlan)]
    return {e.slice for e in ENDS if meant and (e.slice == meant[0] or (meant[0], e.slice) in TALK)}


def test_no_probe_crosses_slices(site: Site) -> None:
    attacks = _attacks()
    arrived = site.probe({n: (end, frame) for n, (end, frame, _) in attacks.items()})
    leaked = {
        (attacks[n][0].slice, e.slice, attacks[n][1].hex())
        for n, ends in arrived.items() for e in ends if e.slice not in attacks[n][2]
    }  # fmt: skip
    assert not leaked
    reached = sum(bool(ends) for ends in arrived.values())
    assert reached > len(attacks) / 20  # the probes do arrive where they may
    print(f"{len(attacks)} probes, {reached} arrived, 0 crossed")


def test_a_maximum_is_kept(site: Site) -> None:
    a, b = (end for end in ENDS if end.slice == "b")
    receive = (
        "import socket\nat = socket.socket(2, 2)\nat.bind(('', 7001))\nat.settimeout(1.5)\n"
        "print('ready', flush=True)\ntotal = 0\n"
        "try:\n    while True:\n        total += len(at.recv(2048)) + 42\n"
        "except TimeoutError:\n    print(total)\n"
    )
    send = (
        "import socket, time, sys\nout = socket.socket(2, 2)\nend = time.monotonic() + 4\n"
        "while time.monotonic() < end:\n"
        "    out.sendto(bytes(1200), (sys.argv[1], 7001))\n    time.sleep(0.0008)\n"
    )
    receiver = site.popen(b, [sys.executable, "-c", receive], stdout=subprocess.PIPE, text=True)
    assert receiver.stdout.readline() == "ready\n"
    site.run(a, sys.executable, "-c", send, b.ip)
    bps = 8 * int(receiver.communicate(timeout=20)[0]) / 4
    print(f"{bps / 1e6:.2f} Mbit/s of {_MAXIMUM_BPS / 1e6:g}")
    assert 0.5 * _MAXIMUM_BPS < bps < 1.25 * _MAXIMUM_BPS


def test_the_switches_hold_what_they_were_told(site: Site) -> None:
    site.controller.check()
    text = site.log.read_text()
    assert "command-refused" not in text
    assert "tables-repaired" not in text


def test_a_restarted_controller_changes_nothing(site: Site) -> None:
    before = _rules()
    site.restart()
    # Once more, in case it only deletes when it has settled.
    time.sleep(2.0)
    assert _rules() == before
    assert "tables-repaired" not in site.log.read_text()


def _rules() -> list[str]:
    dumps = (
        subprocess.run(
            ["ovs-ofctl", "-O", "OpenFlow13", "--no-stats", "dump-flows", switch],
            capture_output=True, text=True, check=True,
        ).stdout.splitlines()[1:]
        for switch in ("zl1", "zl2")
    )  # fmt: skip
    return sorted(itertools.chain(*dumps))
