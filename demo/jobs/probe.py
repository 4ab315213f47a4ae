"""UDP probe streams with sequence numbers: how long was traffic out?

    python -m demo.jobs.probe receive --address 10.0.0.4
    python -m demo.jobs.probe send --target 10.0.0.4

Owns the probe traffic: each stream is a flow of its own (its own source port, so ECMP may place
each elsewhere) of 1,000 packets a second. The receiver takes the kernel's arrival times, so that
its own scheduling does not look like an outage. It must not know what was cut, or when.
"""

from __future__ import annotations

import argparse
import socket
import struct
import threading
import time
from dataclasses import dataclass

from demo.jobs.channel import Channel
from demo.records import ProbeStream
from demo.window import Window

_PACKET = struct.Struct("!II56x")  # stream, sequence number; 64 bytes of payload
_TIMESPEC = struct.Struct("@qq")
_SO_TIMESTAMPNS = 35  # Linux asm-generic/socket.h; Python has no name for it
_CONTROL_BYTES = 128


@dataclass(slots=True)
class StreamWatch:
    """What one stream did in the window so far: mutable, owned by one receiver."""

    stream: int
    last_at_s: float
    first_sequence: int = -1
    last_sequence: int = -1
    received: int = 0
    longest_gap_s: float = 0.0
    longest_gap_at_s: float = 0.0

    def packet(self, sequence: int, at_s: float) -> None:
        """Take in one packet."""
        self.silence_until(at_s)
        self.last_at_s = max(self.last_at_s, at_s)
        self.received += 1
        if self.first_sequence < 0:
            self.first_sequence = sequence
        self.last_sequence = max(self.last_sequence, sequence)

    def silence_until(self, at_s: float) -> None:
        """Note the gap from the last packet to an instant, if it is the longest."""
        if at_s - self.last_at_s > self.longest_gap_s:
            self.longest_gap_s = at_s - self.last_at_s
            self.longest_gap_at_s = self.last_at_s

    def summary(self, until_s: float, rate_per_s: float) -> ProbeStream:
        """The stream's record; a silence that lasts to the end counts as packets lost."""
        self.silence_until(until_s)
        sent = self.last_sequence - self.first_sequence + 1 if self.received else 0
        sent += int((until_s - self.last_at_s) * rate_per_s)
        return ProbeStream(
            self.stream,
            self.received,
            max(0, sent - self.received),
            self.longest_gap_s,
            self.longest_gap_at_s,
        )


def watch_streams(
    receiver: socket.socket, window: Window, streams: int, rate_per_s: float
) -> list[ProbeStream]:
    """Receive until the window's end; one summary per stream."""
    receiver.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    receiver.settimeout(0.05)
    watches = [StreamWatch(stream, window.begin_s) for stream in range(streams)]
    realtime_offset_s = time.time() - time.monotonic()
    while time.monotonic() < window.end_s:
        try:
            payload, control, _, _ = receiver.recvmsg(_PACKET.size, _CONTROL_BYTES)
        except TimeoutError:
            continue
        at_s = _arrival_s(control) - realtime_offset_s
        if len(payload) == _PACKET.size and at_s in window:
            stream, sequence = _PACKET.unpack(payload)
            if stream < streams:
                watches[stream].packet(sequence, at_s)
    return [watch.summary(window.end_s, rate_per_s) for watch in watches]


def _arrival_s(control: list[tuple[int, int, bytes]]) -> float:
    """The kernel's arrival time (seconds of the real-time clock); now, where it gave none."""
    for level, kind, value in control:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            return float(seconds) + float(nanoseconds) * 1e-9
    return time.time()


def send_streams(senders: list[socket.socket], rate_per_s: float, until_s: float) -> None:
    """Send one packet per stream and tick from connected sockets, until an instant."""
    sequence, tick_s = 0, time.monotonic()
    while tick_s < until_s:
        time.sleep(max(0.0, tick_s - time.monotonic()))
        for stream, sender in enumerate(senders):
            try:
                sender.send(_PACKET.pack(stream, sequence))
            except OSError:
                continue  # no route or buffer for a moment: a lost packet, which is what we count
        sequence += 1
        tick_s += 1.0 / rate_per_s


def open_senders(
    target: tuple[str, int], first_source_port: int, streams: int
) -> list[socket.socket]:
    """One connected UDP socket per stream, on consecutive source ports."""
    senders = []
    for stream in range(streams):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind(("", first_source_port + stream if first_source_port else 0))
        sender.connect(target)
        senders.append(sender)
    return senders


def _receive(args: argparse.Namespace) -> None:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind((args.address, args.port))
    channel = Channel("probe-receiver")
    window = channel.await_window()
    for summary in watch_streams(receiver, window, args.streams, args.rate):
        channel.emit(summary)


def _send(args: argparse.Namespace) -> None:
    senders = open_senders((args.target, args.port), args.first_source_port, args.streams)
    window = Channel("probe-sender").await_window()
    send_streams(senders, args.rate, window.end_s + 0.5)  # past the end: no loss at the edge
    threading.Event().wait()


def main() -> None:
    """Send or receive."""
    parser = argparse.ArgumentParser(description=__doc__)
    sides = parser.add_subparsers(required=True)
    receive = sides.add_parser("receive")
    receive.add_argument("--address", required=True)
    receive.set_defaults(run=_receive)
    send = sides.add_parser("send")
    send.add_argument("--target", required=True)
    send.add_argument("--first-source-port", type=int, default=0)
    send.set_defaults(run=_send)
    for side in (receive, send):
        side.add_argument("--port", type=int, default=7000)
        side.add_argument("--streams", type=int, default=1)
        side.add_argument("--rate", type=float, default=1000.0, help="packets/s of a stream")
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
