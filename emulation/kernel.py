"""What this kernel's traffic control can do, found by trying it.

A kernel may lack qdiscs that others have (netem above all), and its configuration file may be
hidden, so the only honest answer is a try. Tries happen in a namespace of their own, which goes
when its process does; nothing of the machine's network is touched.
"""

import functools

from emulation import command

# Some kernels start with BBR, others with CUBIC; results can only be compared with one of them.
CONGESTION_CONTROL = "cubic"
# One line each, run by `sh` in a fresh network namespace where `lo` is the only interface.
_TRIES = {
    "htb": "tc qdisc add dev lo root handle 1: htb default 1",
    "pfifo": "tc qdisc add dev lo root handle 1: pfifo limit 10",
    "netem": "tc qdisc add dev lo root netem delay 1ms",
    "bpf": "tc qdisc add dev lo root handle 1: htb && tc filter add dev lo parent 1: protocol all"
    " prio 1 bpf bytecode '1,6 0 0 65537'",
}


@functools.cache
def has(feature: str) -> bool:
    """Whether this kernel has "htb", "pfifo", "bpf" or "netem"; needs root.

    Raises:
        MissingToolError: `unshare` (util-linux) is not installed.
    """
    return command.attempt(["unshare", "--net", "sh", "-c", _TRIES[feature]]).returncode == 0
