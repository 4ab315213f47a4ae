"""A ready policy on its own network, live: who reaches whom, and at what rate.

Everything is told by sockets inside the hosts' namespaces and by the counters of their interfaces.
"""

import contextlib
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulation.controlled import ControllerProcess, controller_process, free_port
from emulation.vlans import Seat, seat_hosts
from policies.catalogue import topology_file
from policies.load import load_policy
from policies.model import Policy
from topologies.registry import build

PROBE_PORT = 7007  # means no class: whatever the slice's default is
_ETH_P_ALL = 0x0003  # linux/if_ether.h
_RECEIVE_BUFFER_FORCE = 33  # SO_RCVBUFFORCE, asm-generic/socket.h
_FLOOD = """
import socket, sys
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)  # waits for the interface, not spins
out.bind((sys.argv[1], 0))
payload = bytes(1400)
print("flowing", flush=True)
while True:
    try:
        out.sendto(payload, (sys.argv[2], int(sys.argv[3])))
    except OSError:
        pass
"""
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """The running network.

    Attributes:
        network: An `emulation.network.Network`.
        controller: Its controller.
        policy: What it was started with.
        seats: Hosts in their slices.
    """

    network: Any
    controller: ControllerProcess
    policy: Policy
    seats: tuple[Seat, ...]

    def seat(self, host: str, slice_name: str | None = None) -> Seat:
        """The place of a host; of one in several slices, that in the one named."""
        return next(s for s in self.seats if s.host == host and slice_name in (None, s.slice_name))

    def may_talk(self, one: Seat, other: Seat) -> bool:
        """What the policy says of two places."""
        by_name = {entry.name: entry for entry in self.policy.slices}
        return (
            one.slice_name == other.slice_name
            or other.slice_name in by_name[one.slice_name].talks_to
            or one.slice_name in by_name[other.slice_name].talks_to
        )

    @contextlib.contextmanager
    def flood(self, sender: Seat, receiver: Seat, port: int = PROBE_PORT) -> Iterator[None]:
        """UDP as fast as the sender's interface lets it, while inside."""
        argv = [sys.executable, "-c", _FLOOD, sender.ip, receiver.ip, str(port)]
        process = self.network.popen(sender.host, argv, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == "flowing\n"
            yield
        finally:
            _end(process)

    @contextlib.contextmanager
    def tcp(self, sender: Seat, receiver: Seat, port: int, flows: int = 8) -> Iterator[None]:
        """TCP as fast as it goes, while inside; the port tells the class."""
        serve = ["iperf3", "-s", "-B", receiver.ip, "-p", str(port)]
        ask = ["iperf3", "-c", receiver.ip, "-B", sender.ip, "-p", str(port), "-t", "60"]
        server = self.network.popen(receiver.host, serve, stdout=-3, stderr=-3)
        try:
            listening = ["sh", "-c", f"ss -Hltn sport = :{port} | grep -q ."]
            eventually(lambda: self.network.popen(receiver.host, listening).wait() == 0)
            argv = [*ask, "-P", str(flows)]
            client = self.network.popen(sender.host, argv, stdout=-3, stderr=-3)
            try:
                before = self.received_bytes(receiver)
                eventually(lambda: self.received_bytes(receiver) > before + 100_000, 15)
                yield
            finally:
                _end(client)
        finally:
            _end(server)

    def received_bytes(self, seat: Seat) -> int:
        """Bytes that the host's interface in this slice has received, headers included."""
        table = Path(f"/proc/{self.network.host(seat.host).pid}/net/dev").read_text("ascii")
        return next(
            int(line.split()[1])
            for line in table.replace(":", ": ").splitlines()
            if line.split()[:1] == [f"{seat.interface}:"]
        )

    def rates_bps(self, *receivers: Seat, over_s: float = 3.0) -> list[float]:
        """What each of them receives, measured at the same time, after a second to settle."""
        time.sleep(1.0)  # a length of time, not a condition
        start, before = time.monotonic(), [self.received_bytes(seat) for seat in receivers]
        time.sleep(over_s)
        lasted, after = time.monotonic() - start, [self.received_bytes(s) for s in receivers]
        return [8 * (b - a) / lasted for a, b in zip(before, after, strict=True)]

    def reaches(self, wanted_bps: dict[Seat, float]) -> bool:
        """Whether all of them receive that much at the same time, in one of three windows.

        A machine that does other things may spoil one; what is not kept is not kept in any.
        """
        for _ in range(3):
            rates = self.rates_bps(*wanted_bps)
            print([(seat.host, round(rate)) for seat, rate in zip(wanted_bps, rates, strict=True)])
            if all(r >= wanted for r, wanted in zip(rates, wanted_bps.values(), strict=True)):
                return True
        return False

    def requests_ms(self, client: Seat, server: Seat, port: int, count: int = 200) -> list[float]:
        """Round trips of small requests over one TCP connection, in ascending order, ms."""
        from emulation.namespace import inside

        with inside(self.network.host(server.host).pid):
            listener = socket.create_server((server.ip, port))
        with inside(self.network.host(client.host).pid):
            asking = socket.create_connection((server.ip, port), timeout=10)
        with listener, asking, listener.accept()[0] as answering:
            answering.settimeout(10)
            for end in (asking, answering):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sorted(_round_trip_ms(asking, answering) for _ in range(count))

    def ping_ms(self, sender: Seat, receiver: Seat, count: int = 40) -> list[float]:
        """Round trips in ascending order, milliseconds; lost ones are left out."""
        argv = ["ping", "-n", "-c", str(count), "-i", "0.05", "-W", "1", "-I", sender.ip]
        answer = self.network.popen(
            sender.host, [*argv, receiver.ip], stdout=subprocess.PIPE, text=True
        ).communicate(timeout=30)[0]
        words = (word for line in answer.splitlines() for word in line.split())
        return sorted(float(word[5:]) for word in words if word.startswith("time="))


def _end(process: "subprocess.Popen[Any]") -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def _round_trip_ms(asking: socket.socket, answering: socket.socket) -> float:
    start = time.monotonic()
    for sender, receiver in ((asking, answering), (answering, asking)):
        sender.sendall(bytes(200))
        left = 200
        while left:
            left -= len(receiver.recv(left))
    return 1e3 * (time.monotonic() - start)


@contextlib.contextmanager
def running(name: str, folder: Path, change: Callable[[str], str] = str) -> Iterator[Site]:
    """The ready policy of that name on its network, under its controller.

    Args:
        name: The ready policy.
        folder: For the controller's log.
        change: Changes the text of the policy, such as the hours of an intent.
    """
    from emulation.network import emulate

    source = Path(load_policy(Path(name)).source)
    file = folder / f"{name}.yaml"
    file.write_text(change(source.read_text(encoding="utf-8")), encoding="utf-8")
    topology = build(f"file:{topology_file(source)}")
    policy = load_policy(file)
    address = ("127.0.0.1", free_port())
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(
            emulate(topology, policy=policy, controller=address, selftest=False)
        )
        placed = seat_hosts(network, policy)
        controller = stack.enter_context(
            controller_process(
                address,
                file,
                folder / "controller.log",
                "--no-classify",  # what hosts send here is of a class by its port alone
                "--state",
                str(folder),
                topology=topology,
                queues=network.keeper.path,
            )
        )
        network.wait_connected()
        controller.await_paths(len(topology.links))
        yield Site(network, controller, policy, placed)
        controller.check()


def reached(site: Site) -> set[tuple[Pair, Pair]]:
    """Who got a datagram from whom, as ((host, slice), (host, slice)), of everybody to everybody.

    Unicast and broadcast. Where the policy forbids it, senders know the receiver's MAC address
    beforehand, so that it is not the silence of ARP that keeps them apart.
    """
    _introduce(site)
    with contextlib.ExitStack() as stack:
        ends = {stack.enter_context(_socket(site, seat)): seat for seat in site.seats}
        wanted = allowed(site)
        found: set[tuple[Pair, Pair]] = set()
        deadline = time.monotonic() + 10
        while not wanted <= found and time.monotonic() < deadline:
            _send_all(ends)
            found |= set(_receive(ends, 0.5))
        _send_all(ends)  # once more, now that everything that may work does
        return found | set(_receive(ends, 1.0))


def allowed(site: Site) -> set[tuple[Pair, Pair]]:
    """What `reached` has to be."""
    return {
        (_key(a), _key(b))
        for a in site.seats for b in site.seats
        if a.host != b.host and site.may_talk(a, b)
    }  # fmt: skip


def _key(seat: Seat) -> Pair:
    return seat.host, seat.slice_name


def _introduce(site: Site) -> None:
    for seat in site.seats:
        lines = []
        for other in site.seats:
            if other.ip == seat.ip or site.may_talk(seat, other):
                continue
            if any(o.ip == other.ip and site.may_talk(seat, o) for o in site.seats):
                continue  # a host of ours has this address too, and is found by ARP
            if other.address.ip not in seat.address.network:
                lines.append(f"route replace {other.ip} dev {seat.interface} src {seat.ip}")
            lines.append(f"neigh replace {other.ip} lladdr {other.mac} dev {seat.interface}")
        argv = ["ip", "-force", "-batch", "-"]
        ip = site.network.popen(seat.host, argv, stdin=subprocess.PIPE, text=True)
        ip.communicate("\n".join(lines) + "\n", timeout=10)


@contextlib.contextmanager
def _socket(site: Site, seat: Seat) -> Iterator[socket.socket]:
    from emulation.namespace import inside

    with inside(site.network.host(seat.host).pid):
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, seat.interface.encode())
        end.bind(("", PROBE_PORT))
        end.setblocking(False)
        yield end


def _send_all(ends: dict[socket.socket, Seat]) -> None:
    addresses = {seat.ip for seat in ends.values()}
    for end, seat in ends.items():
        for address in (*sorted(addresses - {seat.ip}), "255.255.255.255"):
            with contextlib.suppress(OSError):  # no route is not a way either
                end.sendto("/".join(_key(seat)).encode(), (address, PROBE_PORT))


def _receive(ends: dict[socket.socket, Seat], for_s: float) -> Iterator[tuple[Pair, Pair]]:
    deadline = time.monotonic() + for_s
    while (left := deadline - time.monotonic()) > 0:
        for end in select.select(list(ends), [], [], left)[0]:
            host, _, slice_name = end.recv(200).decode().partition("/")
            if host != ends[end].host:  # two VLANs of one host are the host's own business
                yield (host, slice_name), _key(ends[end])


@contextlib.contextmanager
def frames_at(interfaces: Iterable[str], sources: Iterable[str]) -> Iterator[Callable[[], int]]:
    """Counts frames with these source MAC addresses on switch ports, either way, while inside."""
    wanted = {bytes.fromhex(mac.replace(":", "")) for mac in sources}
    with contextlib.ExitStack() as stack:
        taps = []
        for interface in interfaces:
            tap = stack.enter_context(
                socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            )
            tap.bind((interface, _ETH_P_ALL))
            tap.setsockopt(socket.SOL_SOCKET, _RECEIVE_BUFFER_FORCE, 1 << 24)
            tap.setblocking(False)
            taps.append(tap)
        seen = 0

        def count() -> int:
            nonlocal seen
            for tap in taps:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        seen += tap.recv(14)[6:12] in wanted
            return seen

        yield count


def eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Returns when it holds; fails when it doesn't in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
