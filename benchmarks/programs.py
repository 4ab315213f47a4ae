"""What hosts of the live benchmarks run, inside their namespaces. Standard library only.

Each program prints `ready`, and what it found as JSON when it is done.

    python -m benchmarks.programs NAME [WORDS ...]
"""

import json
import select
import socket
import sys
import threading
import time

ECHO_PORT, STREAM_PORT, STREAM_SOURCE_PORT = 7007, 7000, 7001
_SILENCE_S = 1.0
_REPLY_TIMEOUT_S = 2.0


def echo() -> None:
    """Answers UDP datagrams with themselves, and TCP connections by closing them, for ever."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("", ECHO_PORT))
    threading.Thread(target=_accept, daemon=True).start()
    print("ready")
    while True:
        data, peer = udp.recvfrom(2048)
        udp.sendto(data, peer)


def _accept() -> None:
    server = socket.create_server(("", ECHO_PORT), backlog=1024)
    while True:
        server.accept()[0].close()


def first_packets() -> None:
    """For each line of addresses asks all of them at once; prints [seconds or null, ...]."""
    print("ready")
    for line in sys.stdin:
        print(json.dumps(_ask_all(line.split())))


def _ask_all(addresses: list[str]) -> list[float | None]:
    sent: dict[int, tuple[int, float]] = {}
    sockets = []
    for number, address in enumerate(addresses):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((address, ECHO_PORT))
        sent[sock.fileno()] = number, time.perf_counter()
        sock.send(b"first")
        sockets.append(sock)
    found: list[float | None] = [None] * len(addresses)
    deadline = time.perf_counter() + _REPLY_TIMEOUT_S
    while sent and (left := deadline - time.perf_counter()) > 0:
        for descriptor in select.select(list(sent), [], [], left)[0]:
            number, begin = sent.pop(descriptor)
            found[number] = time.perf_counter() - begin
    for sock in sockets:
        sock.close()
    return found


def udp_flows(address: str, seconds: str) -> None:
    """One request after another, each from a new port; prints how many were answered."""
    print("ready")
    sys.stdin.readline()
    end, answered = time.perf_counter() + float(seconds), 0
    while time.perf_counter() < end:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(_REPLY_TIMEOUT_S)
            sock.connect((address, ECHO_PORT))
            sock.send(b"new")
            try:
                answered += bool(sock.recv(100))
            except OSError:
                continue
    print(json.dumps(answered))


def tcp_flows(address: str, seconds: str) -> None:
    """One connection after another, opened and closed; prints how many were."""
    print("ready")
    sys.stdin.readline()
    end, opened = time.perf_counter() + float(seconds), 0
    while time.perf_counter() < end:
        try:
            with socket.create_connection((address, ECHO_PORT), _REPLY_TIMEOUT_S) as sock:
                opened += sock.recv(1) == b""
        except OSError:
            continue
    print(json.dumps(opened))


def stream_in() -> None:
    """Takes a numbered stream until it is silent; prints what is missing and the largest gap."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", STREAM_PORT))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    print("ready")
    seen: set[int] = set()
    copies, gap_s, last = 0, 0.0, None
    while True:
        data = sock.recv(100)
        now = time.perf_counter()
        number = int(data)
        if number < 0:  # the sender's last word, sent more than once
            break
        copies += number in seen
        seen.add(number)
        gap_s, last = max(gap_s, now - (last or now)), now
        sock.settimeout(30.0)
    print(json.dumps({"received": len(seen), "copies": copies, "gap_s": gap_s}))


def stream_out(address: str, packets: str, per_second: str) -> None:
    """Sends a numbered stream over one flow at an even rate; prints how many it sent."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", STREAM_SOURCE_PORT))
    interval_s = 1 / float(per_second)
    print("ready")
    due = time.perf_counter()
    for number in range(int(packets)):
        sock.sendto(b"%d" % number, (address, STREAM_PORT))
        due += interval_s
        time.sleep(max(0.0, due - time.perf_counter()))
    print(json.dumps(int(packets)))
    for _ in range(20):  # over half a second and more, so that no outage takes all of them
        time.sleep(0.1)
        sock.sendto(b"-1", (address, STREAM_PORT))


_PROGRAMS = {
    function.__name__.replace("_", "-"): function
    for function in (echo, first_packets, udp_flows, tcp_flows, stream_in, stream_out)
}

if __name__ == "__main__":
    _PROGRAMS[sys.argv[1]](*sys.argv[2:])
