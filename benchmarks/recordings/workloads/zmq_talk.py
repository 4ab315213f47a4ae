"""ZeroMQ sockets of several kinds and sizes, plain or under CURVE (pyzmq).

    zmq_talk.py bind|connect ADDRESS PORT PATTERN BYTES COUNT
        PAUSE_S [curve]

The pattern is the connecting side's: `req` asks a `rep`, `push` sends to a `pull`, `dealer` to a
`router` that answers as much, `sub` hears a `pub`.
"""

import os
import sys
import time

import zmq

_OTHER = {"req": "rep", "push": "pull", "dealer": "router", "sub": "pub"}
_KEYS = (b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", b"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6")


def _socket(context: zmq.Context, pattern: str, curve: bool, binds: bool) -> zmq.Socket:
    socket = context.socket(getattr(zmq, pattern.upper()))
    socket.linger = 3000
    if curve:
        socket.curve_publickey, socket.curve_secretkey = _KEYS
        socket.setsockopt(zmq.CURVE_SERVER, int(binds))
        if not binds:
            socket.curve_serverkey = _KEYS[0]
    if pattern == "sub":
        socket.setsockopt(zmq.SUBSCRIBE, b"agents")
    return socket


def _serve(socket: zmq.Socket, pattern: str, size: int, count: int, pause: float) -> None:
    while pattern == "pub":
        socket.send_multipart([b"agents/7", os.urandom(size)])
        time.sleep(pause)
    while True:
        parts = socket.recv_multipart()
        if pattern == "rep":
            socket.send(os.urandom(size))
        elif pattern == "router":
            socket.send_multipart([parts[0], os.urandom(size)])


def _ask(socket: zmq.Socket, pattern: str, size: int, count: int, pause: float) -> None:
    for _ in range(count):
        if pattern != "sub":
            socket.send(os.urandom(size))
        if pattern != "push":
            socket.recv_multipart()
        time.sleep(pause)


def _main(side: str, address: str, port: str, pattern: str, size: int, count: int, pause: float,
          curve: bool) -> None:  # fmt: skip
    binds = side == "bind"
    kind = _OTHER[pattern] if binds else pattern
    with zmq.Context() as context, _socket(context, kind, curve, binds) as socket:
        (socket.bind if binds else socket.connect)(f"tcp://{address}:{port}")
        (_serve if binds else _ask)(socket, kind, size, count, pause)


if __name__ == "__main__":
    _side, _address, _port, _pattern, _size, _count, _pause, *_curve = sys.argv[1:]
    _main(_side, _address, _port, _pattern, int(_size), int(_count), float(_pause), bool(_curve))
