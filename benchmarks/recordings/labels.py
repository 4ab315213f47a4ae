"""From frames to flows, and from flows to the rows of labels.csv and flow_labels.csv.

Owns both files' columns and the rule which end is the client: who sent the SYN, else who was heard
first. Reads frames for itself, so that a mistake of the classifier's parser can't hide in labels.
"""

import csv
import fcntl
import ipaddress
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.recordings.pcap import Frame

RECORDING_COLUMNS = ("file", "protocol", "expected_class", "port_overrides", "licence", "note")
FLOW_COLUMNS = (
    "file", "l4", "client", "cport", "server", "sport", "packets", "payload_packets", "bytes",
    "duration_s", "syn_seen", "expected_class", "protocol",
)  # fmt: skip
LICENCE = "own recording (free to use)"
_IPV4, _IPV6 = 0x0800, 0x86DD
_L4 = {6: "tcp", 17: "udp"}
_SYN, _ACK = 0x02, 0x10


class Segment(NamedTuple):
    """What a frame says about its flow."""

    l4: str
    source: str
    sport: int
    target: str
    dport: int
    payload: int
    flags: int


@dataclass(slots=True)
class Flow:
    """One conversation, as its row has it; `bytes` counts whole frames.

    Attributes:
        up: Payload bytes that the client sent.
        down: Payload bytes that the server sent.
    """

    l4: str
    client: str
    cport: int
    server: str
    sport: int
    first_ns: int
    last_ns: int = 0
    packets: int = 0
    payload_packets: int = 0
    bytes: int = 0
    syn_seen: bool = False
    up: int = 0
    down: int = 0

    @property
    def duration_s(self) -> float:
        """From the first frame to the last, seconds."""
        return (self.last_ns - self.first_ns) / 1e9

    def turn(self) -> None:
        """Takes the other end for the client."""
        self.client, self.server = self.server, self.client
        self.cport, self.sport = self.sport, self.cport
        self.up, self.down = self.down, self.up


Key = tuple[str, frozenset[tuple[str, int]]]
Labeller = Callable[[Flow], str | None]


def segment(data: bytes) -> Segment | None:
    """The TCP or UDP segment in an Ethernet frame; None for all else and for later fragments."""
    kind = int.from_bytes(data[12:14], "big")
    if kind == _IPV4 and len(data) >= 34:
        head, total = (data[14] & 15) * 4, int.from_bytes(data[16:18], "big")
        if int.from_bytes(data[20:22], "big") & 0x1FFF:
            return None
        addresses = data[26:30], data[30:34]
        number, at, end = data[23], 14 + head, 14 + total
    elif kind == _IPV6 and len(data) >= 54:
        addresses = data[22:38], data[38:54]
        number, at, end = data[20], 54, 54 + int.from_bytes(data[18:20], "big")
    else:
        return None
    l4 = _L4.get(number)
    if l4 is None or len(data) < at + (20 if l4 == "tcp" else 8):
        return None
    sport, dport = struct.unpack_from("!HH", data, at)
    header, flags = ((data[at + 12] >> 4) * 4, data[at + 13]) if l4 == "tcp" else (8, 0)
    source, target = (str(ipaddress.ip_address(raw)) for raw in addresses)
    return Segment(l4, source, sport, target, dport, max(0, end - at - header), flags)


def flows(
    frames: Iterable[Frame], clients: Mapping[Key, tuple[str, int]] | None = None
) -> list[Flow]:
    """The conversations in a capture, in the order of their first frames.

    Args:
        frames: The capture.
        clients: Who is known to be the client of a flow, where its SYN is not in the capture.
    """
    found: dict[Key, Flow] = {}
    for time_ns, data in frames:
        if (said := segment(data)) is None:
            continue
        key = key_of(said)
        flow = found.get(key)
        if flow is None:
            flow = Flow(said.l4, said.source, said.sport, said.target, said.dport, time_ns)
            found[key] = flow
            if clients and clients.get(key) == (said.target, said.dport):
                flow.turn()
        _count(flow, said, time_ns, len(data))
    return list(found.values())


def key_of(said: Segment | Flow) -> Key:
    """A flow's two ends, whichever of them speaks."""
    if isinstance(said, Flow):
        return said.l4, frozenset(((said.client, said.cport), (said.server, said.sport)))
    return said.l4, frozenset(((said.source, said.sport), (said.target, said.dport)))


def _count(flow: Flow, said: Segment, time_ns: int, size: int) -> None:
    if said.flags & _SYN and not flow.syn_seen:
        flow.syn_seen = True
        opener = said.source if not said.flags & _ACK else said.target
        port = said.sport if not said.flags & _ACK else said.dport
        if (opener, port) != (flow.client, flow.cport):
            flow.turn()
    flow.last_ns = time_ns
    flow.packets += 1
    flow.bytes += size
    flow.payload_packets += said.payload > 0
    if (said.source, said.sport) == (flow.client, flow.cport):
        flow.up += said.payload
    else:
        flow.down += said.payload


def rows(
    file: str, protocol: str, found: Sequence[Flow], label: Labeller, otherwise: str
) -> list[dict[str, object]]:
    """The rows of flow_labels.csv for one capture."""
    return [
        {
            "file": file, "l4": flow.l4, "client": flow.client, "cport": flow.cport,
            "server": flow.server, "sport": flow.sport, "packets": flow.packets,
            "payload_packets": flow.payload_packets, "bytes": flow.bytes,
            "duration_s": round(flow.duration_s, 4), "syn_seen": int(flow.syn_seen),
            "expected_class": label(flow) or otherwise, "protocol": protocol,
        }
        for flow in found
    ]  # fmt: skip


def replace(
    path: Path, columns: Sequence[str], file: str, new: Sequence[Mapping[str, object]]
) -> None:
    """Puts the rows of one capture into a table in place of its earlier ones."""
    old: list[dict[str, str]] = []
    if path.exists():
        with path.open(encoding="utf-8", newline="") as source:
            old = [row for row in csv.DictReader(source) if row["file"] != file]
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*old, *new])
    fresh.replace(path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While inside, no other recorder changes the tables of a folder."""
    with (folder / ".lock").open("a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
