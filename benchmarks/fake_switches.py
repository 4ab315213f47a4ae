"""Pretended switches that flood a controller with packets of hosts it never saw, as cbench does.

A process of its own, so that its processor time is not the controller's. The switches are a star:
one in the middle without hosts, or one alone. They complete the handshake, carry discovery probes
over their cables, hold what they are told and tell it when asked, and confirm every barrier. Then
each edge switch sends packet-ins, one new host each, never more than `--window` unanswered; a
packet-out of the same frame is the answer. Prints one JSON object.

    python -m benchmarks.fake_switches PORT --edges 4 --hosts 2000 --window 64
"""

import argparse
import json
import selectors
import socket
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from benchmarks import openflow
from benchmarks.openflow import Multipart, Type

HOST_PORTS = 64
_HOST_MAC = 0x0201 << 32
_TARGET_MAC = 0x0202 << 32
_LLDP = b"\x88\xcc"
_STALLED_S = 5.0


@dataclass
class FakeSwitch:
    """One switch: its connection, its tables, its cables, and how far its hosts are."""

    dpid: int
    sock: socket.socket
    ports: int
    cables: dict[int, tuple["FakeSwitch", int]] = field(default_factory=dict)
    tables: openflow.Tables = field(default_factory=openflow.Tables)
    inbox: bytearray = field(default_factory=bytearray)
    outbox: bytearray = field(default_factory=bytearray)
    counts: Counter[str] = field(default_factory=Counter)
    sent_at: dict[bytes, float] = field(default_factory=dict)
    latencies_s: list[float] = field(default_factory=list)

    def send(self, data: bytes) -> None:
        """Queues bytes and writes what the connection takes."""
        self.outbox += data
        self.flush()

    def flush(self) -> None:
        """Writes what the connection takes now."""
        try:
            del self.outbox[: self.sock.send(self.outbox)]
        except BlockingIOError:
            return

    def read(self) -> None:
        """Takes what has arrived.

        Raises:
            ConnectionError: The controller closed the connection.
        """
        data = self.sock.recv(1 << 18)
        if not data:
            raise ConnectionError(f"the controller closed the connection of switch {self.dpid}")
        self.inbox += data
        for kind, xid, body in openflow.cut(self.inbox):
            self._take(kind, xid, body)

    def _take(self, kind: int, xid: int, body: bytes) -> None:
        match kind:
            case Type.ECHO_REQUEST:
                self.send(openflow.message(Type.ECHO_REPLY, body, xid))
            case Type.FEATURES_REQUEST:
                features = struct.pack("!QIBB2xII", self.dpid, 0, 254, 0, 0x4F, 0)
                self.send(openflow.message(Type.FEATURES_REPLY, features, xid))
            case Type.BARRIER_REQUEST:
                self.send(openflow.message(Type.BARRIER_REPLY, b"", xid))
            case Type.MULTIPART_REQUEST:
                self._tell(struct.unpack_from("!H", body)[0], xid)
            case Type.FLOW_MOD | Type.GROUP_MOD | Type.METER_MOD:
                self.counts["changes"] += 1
                self.tables.change(kind, body)
            case Type.PACKET_OUT:
                self._packet_out(*openflow.packet_out(body))

    def _tell(self, kind: int, xid: int) -> None:
        entries = self.tables.tell(kind)
        if kind == Multipart.PORT_DESC:
            entries = (
                openflow.port_desc(n, f"f{self.dpid}-eth{n}") for n in range(1, self.ports + 1)
            )
        for reply in openflow.multipart_replies(kind, xid, entries):
            self.send(reply)

    def _packet_out(self, ports: list[int], frame: bytes) -> None:
        if frame[12:14] == _LLDP:
            for port in ports:
                if port in self.cables:
                    peer, peer_port = self.cables[port]
                    peer.send(openflow.packet_in(peer_port, frame))
            return
        begin = self.sent_at.pop(frame[6:12], None)
        if begin is not None:
            self.latencies_s.append(time.perf_counter() - begin)

    def announce(self) -> None:
        """The host behind port 1 says who it is (a gratuitous ARP, RFC 5227)."""
        mac, ip = (_TARGET_MAC + self.dpid).to_bytes(6, "big"), bytes([10, 99, 0, self.dpid])
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + ip + bytes(6) + ip
        self.send(openflow.packet_in(1, b"\xff" * 6 + mac + b"\x08\x06" + body))

    def introduce(self, number: int) -> None:
        """A new host sends its first packet to the host behind port 1."""
        mac = (_HOST_MAC + (self.dpid << 16) + number).to_bytes(6, "big")
        self.sent_at[mac] = time.perf_counter()
        self.send(openflow.packet_in(2 + number % (HOST_PORTS - 1), self._frame(mac, number)))

    def _frame(self, mac: bytes, number: int) -> bytes:
        target = (_TARGET_MAC + self.dpid).to_bytes(6, "big")
        ips = bytes([10, self.dpid]) + number.to_bytes(2, "big") + bytes([10, 99, 0, self.dpid])
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 46, 0, 0, 64, 17, 0) + ips
        udp = struct.pack("!HHHH", 40000, 5001, 26, 0)
        return target + mac + b"\x08\x00" + ip + udp + bytes(18)


def connect(port: int, edges: int) -> list[FakeSwitch]:
    """The edge switches first, and the one in the middle where there is more than one."""
    count = edges + 1 if edges > 1 else 1
    switches = [_switch(port, dpid, edges) for dpid in range(1, count + 1)]
    for number, edge in enumerate(switches[:-1], 1):
        centre = switches[-1]
        edge.cables[HOST_PORTS + 1] = (centre, number)
        centre.cables[number] = (edge, HOST_PORTS + 1)
    return switches


def _switch(port: int, dpid: int, edges: int) -> FakeSwitch:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    ports = edges if dpid > edges else HOST_PORTS + (edges > 1)
    switch = FakeSwitch(dpid, sock, ports)
    switch.send(openflow.message(Type.HELLO))
    return switch


class Run:
    """All switches, served by one thread."""

    def __init__(self, switches: list[FakeSwitch]) -> None:
        self._selector = selectors.DefaultSelector()
        for switch in switches:
            self._selector.register(switch.sock, selectors.EVENT_READ, switch)
        self._switches = switches

    def serve(self, seconds: float) -> None:
        """Does what the controller asks for a while."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._step(left)

    def _step(self, timeout_s: float) -> None:
        for switch in self._switches:
            if switch.outbox:
                switch.flush()
                timeout_s = min(timeout_s, 0.001)
        for key, _ in self._selector.select(timeout_s):
            key.data.read()

    def introduce(self, edges: list[FakeSwitch], hosts: int, window: int) -> float:
        """Lets `hosts` new hosts a switch send; returns the seconds until the last answer.

        Raises:
            TimeoutError: Answers stopped coming.
        """
        begin = last = time.perf_counter()
        sent = 0
        while sent < hosts or any(edge.sent_at for edge in edges):
            while sent < hosts and all(len(edge.sent_at) < window for edge in edges):
                for edge in edges:
                    edge.introduce(sent)
                sent += 1
            answers = sum(len(edge.latencies_s) for edge in edges)
            self._step(0.05)
            now = time.perf_counter()
            if sum(len(edge.latencies_s) for edge in edges) > answers:
                last = now
            elif now - last > _STALLED_S:
                raise TimeoutError(f"{answers} of {sent * len(edges)} packet-ins were answered")
        return last - begin


def measure(port: int, edges: int, hosts: int, window: int, settle_s: float) -> dict[str, float]:
    """One run against the controller that listens on `port`."""
    switches = connect(port, edges)
    at_edge = switches[:edges]
    run = Run(switches)
    run.serve(settle_s)
    for switch in at_edge:
        switch.announce()
    run.serve(1.0)
    before = sum(switch.counts["changes"] for switch in switches)
    seconds = run.introduce(at_edge, hosts, window)
    changes = sum(switch.counts["changes"] for switch in switches) - before
    latencies_s = sorted(latency for edge in at_edge for latency in edge.latencies_s)
    return {
        "seconds": seconds, "answered": len(latencies_s), "changes": changes,
        "latency_p50_s": median(latencies_s),
        "latency_p99_s": latencies_s[int(len(latencies_s) * 0.99)],
    }  # fmt: skip


def main() -> int:
    """Measures once and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--edges", type=int, default=1)
    parser.add_argument("--hosts", type=int, default=2000, help="new hosts on each edge switch")
    parser.add_argument("--window", type=int, default=64)
    parser.add_argument("--settle", type=float, default=3.0)
    args = parser.parse_args()
    try:
        figures = measure(args.port, args.edges, args.hosts, args.window, args.settle)
    except (OSError, TimeoutError) as error:
        figures = {"error": str(error)}  # type: ignore[dict-item]
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
