"""A member of a Raft group (PySyncObj): SELF PARTNER…; adds to a counter and leaves."""

import sys
import time

from pysyncobj import SyncObj, replicated


class Counter(SyncObj):
    """The replicated state."""

    def __init__(self, own: str, partners: list[str]) -> None:
        super().__init__(own, partners)
        self.value = 0

    @replicated
    def add(self, amount: int) -> int:
        """One entry of the log."""
        self.value += amount
        return self.value


if __name__ == "__main__":
    counter = Counter(sys.argv[1], sys.argv[2:])
    while not counter.isReady():
        time.sleep(0.1)
    for number in range(30):
        counter.add(number)
        time.sleep(0.15)
    time.sleep(2)
    print("done", counter.value)
