"""Asks a munin node as munin-update does: ADDRESS PORT."""

import socket
import sys
import time


def ask(file, line: str, ends: str | None = ".") -> str:
    """One command; its answer has one line, or ends with a dot."""
    file.write(line + "\n")
    file.flush()
    answer = file.readline()
    while ends and answer and not answer.endswith(f"{ends}\n"):
        answer += file.readline()
    return answer


def update(address: str, port: str) -> None:
    """One round."""
    with socket.create_connection((address, int(port))) as there:
        file = there.makefile("rw", newline="\n")
        file.readline()
        ask(file, "cap multigraph dirtyconfig", None)
        for plugin in ask(file, "list", None).split()[:6]:
            ask(file, f"config {plugin}")
            ask(file, f"fetch {plugin}")
        file.write("quit\n")
        file.flush()


if __name__ == "__main__":
    for _ in range(3):
        update(*sys.argv[1:])
        time.sleep(1)
