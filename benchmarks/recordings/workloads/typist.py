"""Somebody at a terminal: types commands into a program, key by key, with pauses (seeded).

typist.py COMMAND…
"""

import os
import pty
import random
import select
import subprocess
import sys
import time

_TYPED = ("uname -a", "ls -l /", "ps ax | head -20", "cat /etc/services | head -40", "df", "exit")


def _main(argv: list[str]) -> int:
    rhythm = random.Random(7)
    ours, theirs = pty.openpty()
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs) as program:
        time.sleep(1)
        for line in _TYPED:
            for key in line + "\n":
                os.write(ours, key.encode())
                time.sleep(rhythm.uniform(0.02, 0.2))
                while select.select([ours], [], [], 0)[0]:
                    os.read(ours, 65536)
            time.sleep(rhythm.uniform(0.2, 0.8))
        return program.wait(10)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
