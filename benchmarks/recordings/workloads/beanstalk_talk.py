"""A beanstalkd client: puts jobs and takes them (its text protocol is all it needs).

beanstalk_talk.py SERVER PORT
"""

import socket
import sys
import time

_JOBS = 80


def _main(server: str, port: int) -> None:
    with socket.create_connection((server, port)) as wire, wire.makefile("rb") as heard:
        wire.sendall(b"use agents\r\nwatch agents\r\n")
        for _ in range(2):
            heard.readline()
        for step in range(_JOBS):
            body = b'{"step": %d}' % step
            wire.sendall(b"put 0 0 60 %d\r\n%s\r\n" % (len(body), body))
            heard.readline()
            wire.sendall(b"reserve\r\n")
            number = heard.readline().split()[1]
            heard.readline()
            wire.sendall(b"delete %s\r\n" % number)
            heard.readline()
            time.sleep(0.05)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
