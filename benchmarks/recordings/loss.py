"""Random loss on an interface, with what kernels have: a filter and a full queue.

netem may be missing, so a classic BPF program (SKF_AD_RANDOM) sends a share of the frames to a
queue that has no room for any. Owns the queues of that interface.
"""

import subprocess

from benchmarks.recordings import catalogue

_RANDOM = 0xFFFFF000 + 56  # linux/filter.h: SKF_AD_OFF + SKF_AD_RANDOM
# (load the random word; below the limit answer with class 1:2, else 1:1)
_LOAD, _GREATER, _RETURN = 0x20, 0x25, 0x06


class LossError(Exception):
    """The kernel has no queue or filter of the kind."""


def lose(interface: str, share: float, namespace: str | None = None) -> None:
    """Loses a share of what leaves through an interface."""
    limit = int(share * 0xFFFFFFFF)
    program = (
        f"4,{_LOAD} 0 0 {_RANDOM},{_GREATER} 0 1 {limit},"
        f"{_RETURN} 0 0 {0x10001},{_RETURN} 0 0 {0x10002}"
    )
    for words in (
        "qdisc add dev {} root handle 1: htb default 1",
        "class add dev {} parent 1: classid 1:1 htb rate 10gbit quantum 60000",
        "class add dev {} parent 1: classid 1:2 htb rate 10gbit quantum 60000",
        "qdisc add dev {} parent 1:1 handle 10: pfifo limit 1000",
        "qdisc add dev {} parent 1:2 handle 20: bfifo limit 1",
    ):
        _tc(words.format(interface).split(), namespace)
    _tc(["filter", "add", "dev", interface, "parent", "1:", "prio", "1", "protocol", "all",
         "bpf", "bytecode", program], namespace)  # fmt: skip


def _tc(words: list[str], namespace: str | None) -> None:
    inside = ["nsenter", f"--net=/run/netns/{namespace}"] if namespace else []
    argv = [*inside, catalogue.find("tc"), *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LossError(f"{' '.join(argv)}: {done.stderr.strip()}")
