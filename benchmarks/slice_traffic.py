"""What hosts of the slices benchmark run, inside their namespaces. Standard library only.

    python -m benchmarks.slice_traffic NAME [WORDS ...]

Ports are those of the default policy's services: 8000 is inference, 4791 gradient, 9000 bulk.
"""

import json
import random
import socket
import sys
import threading
import time

ASK_PORT, STEADY_PORT, BULK_PORT = 8000, 4791, 9000
_REQUEST_BYTES, _DATAGRAM_BYTES, _FRAME_BYTES = 200, 1400, 1442


def serve() -> None:
    """Answers requests and takes everything else, for ever."""
    for port in (STEADY_PORT, BULK_PORT):
        threading.Thread(target=_swallow_datagrams, args=(port,), daemon=True).start()
    threading.Thread(target=_accept, args=(BULK_PORT, _swallow), daemon=True).start()
    print("ready")
    _accept(ASK_PORT, _answer)


def _accept(port: int, handle) -> None:  # type: ignore[no-untyped-def]
    server = socket.create_server(("", port), backlog=256)
    while True:
        threading.Thread(target=handle, args=(server.accept()[0],), daemon=True).start()


def _answer(client: socket.socket) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := client.recv(_REQUEST_BYTES, socket.MSG_WAITALL):
        client.sendall(data)


def _swallow(client: socket.socket) -> None:
    buffer = bytearray(1 << 18)
    while client.recv_into(buffer):
        pass


def _swallow_datagrams(port: int) -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", port))
    buffer = bytearray(2048)
    while True:
        sock.recv_into(buffer)


def ask(address: str, seconds: str, per_second: str, seed: str) -> None:
    """Requests at random times over one connection; prints how long each took, seconds."""
    draw = random.Random(int(seed))
    client = socket.create_connection((address, ASK_PORT), 10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print("ready")
    took, due = [], time.perf_counter()
    end = due + float(seconds)
    while due < end:
        time.sleep(max(0.0, due - time.perf_counter()))
        begin = time.perf_counter()
        client.sendall(bytes(_REQUEST_BYTES))
        client.recv(_REQUEST_BYTES, socket.MSG_WAITALL)
        took.append(time.perf_counter() - begin)
        due = max(due, begin) + draw.expovariate(float(per_second))
    print(json.dumps(took))


def send(address: str, port: str, bps: str, seconds: str) -> None:
    """Datagrams at an even rate of `bps`, Ethernet frames counted."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((address, int(port)))
    payload, burst = bytes(_DATAGRAM_BYTES), 5
    gap_s = burst * 8 * _FRAME_BYTES / float(bps)
    print("ready")
    due = time.perf_counter()
    end = due + float(seconds)
    while due < end:
        for _ in range(burst):
            try:
                sock.send(payload)
            except OSError:  # nobody listens yet, or the own queue is full
                continue
        due += gap_s
        time.sleep(max(0.0, due - time.perf_counter()))


def flood(address: str, flows: str, seconds: str) -> None:
    """That many TCP connections, each as fast as it goes."""
    end = time.perf_counter() + float(seconds)
    threads = [threading.Thread(target=_push, args=(address, end)) for _ in range(int(flows))]
    for thread in threads:
        thread.start()
    print("ready")
    for thread in threads:
        thread.join()


def _push(address: str, end: float) -> None:
    with socket.create_connection((address, BULK_PORT), 10) as sock:
        sock.settimeout(0.5)
        payload = bytes(1 << 16)
        while time.perf_counter() < end:
            try:
                sock.send(payload)
            except TimeoutError:
                continue


_PROGRAMS = {function.__name__: function for function in (serve, ask, send, flood)}

if __name__ == "__main__":
    _PROGRAMS[sys.argv[1]](*sys.argv[2:])
