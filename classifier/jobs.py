"""Jobs that told who they are: their hosts, their ports, and what their traffic is for.

Owns the words of a job, and which job a flow belongs to. A launcher (Slurm, Kubernetes, a person)
registers them; who keeps them and for how long is the controller's business. How a job is written
in JSON is `classifier.job_form`'s.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from classifier.errors import JobsFullError
from classifier.model import FlowKey
from classifier.prefixes import Network, Prefixes, lowest
from policies.classes import TrafficClass, Transport
from policies.model import PortRange

MOST_JOBS, MOST_PREFIXES = 4096, 65_536
ID = r"^[A-Za-z0-9][A-Za-z0-9_.:@+-]{0,99}$"  # a pattern of `Job.id`
_NO_SLICES: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        id: Unique.
        traffic_class: What its flows are for.
        prefixes: Its hosts.
        ports: At either end of its flows; () is any.
        transport: None is any.
        slice_name: Where its addresses mean something; None is everywhere.
        any_peer: Its flows have one end among its hosts; False: both.
        period_s: Of its iterations, where that is known.
        period_bytes: What one of its hosts sends in a period, where that is known.
        expires_at: When it is forgotten, wall clock, seconds; None is never.
        owner: Who registered it.
        why: In their words.
    """

    id: str
    traffic_class: TrafficClass
    prefixes: tuple[Network, ...]
    ports: tuple[PortRange, ...] = ()
    transport: Transport | None = None
    slice_name: str | None = None
    any_peer: bool = False
    period_s: float | None = None
    period_bytes: float | None = None
    expires_at: float | None = None
    owner: str = ""
    why: str = ""

    def is_over(self, now: float) -> bool:
        """Whether it has expired, by the wall clock."""
        return self.expires_at is not None and now >= self.expires_at


class Jobs:
    """Registered jobs, in the order they came, and found by the addresses of a flow.

    Of several that a flow could belong to, one that names its ports goes before one that doesn't,
    and else the one that came first: a newcomer takes no flow of another's.
    """

    def __init__(self, jobs: Iterable[Job] = ()) -> None:
        """Takes them in this order.

        Raises:
            JobsFullError: More than there is room for.
        """
        self._jobs: dict[str, Job] = {}
        self._slots: dict[str, int] = {}  # by id, the number in `_hosts`
        self._at: dict[int, Job] = {}
        self._ranks: dict[int, tuple[bool, int]] = {}  # who goes before whom, by slot
        self._free: list[int] = []
        self._hosts = Prefixes()
        self._any_peer = 0  # bits of the slots of such jobs
        self._prefixes = 0
        self._came = 0
        for job in jobs:
            self.put(job)

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    def in_order(self) -> tuple[Job, ...]:
        """All of them, so that the first that takes a flow is the one it belongs to."""
        slots = sorted(self._at, key=self._ranks.__getitem__)
        return tuple(self._at[slot] for slot in slots)

    def get(self, name: str) -> Job | None:
        """The job with this id."""
        return self._jobs.get(name)

    def put(self, job: Job) -> None:
        """Adds a job, or puts it in the place of the one with its id.

        Raises:
            JobsFullError: There is no room; nothing was changed.
        """
        old = self._jobs.get(job.id)
        prefixes = self._prefixes + len(set(job.prefixes)) - len(set(old.prefixes) if old else ())
        if len(self._jobs) - bool(old) >= MOST_JOBS:
            raise JobsFullError(f"there are {MOST_JOBS} jobs; remove those that are over")
        if prefixes > MOST_PREFIXES:
            raise JobsFullError(
                f"hosts of all jobs together would have {prefixes} addresses and prefixes, more "
                f"than {MOST_PREFIXES}; name networks in place of hosts, or remove what is over"
            )
        rank = self._take_out(old) if old else self._next_rank()
        self._jobs[job.id] = job
        slot = heapq.heappop(self._free) if self._free else len(self._at)
        self._slots[job.id], self._at[slot] = slot, job
        self._ranks[slot] = (not job.ports, rank)
        self._any_peer |= job.any_peer << slot
        self._prefixes = prefixes
        for network in set(job.prefixes):
            self._hosts.add(network, slot)

    def remove(self, name: str) -> Job | None:
        """Forgets a job; returns it, if there was one."""
        job = self._jobs.get(name)
        if job is not None:
            self._take_out(job)
            del self._jobs[name]
            self._prefixes -= len(set(job.prefixes))
        return job

    def expire(self, now: float) -> list[Job]:
        """Forgets those that are over by the wall clock, and returns them."""
        over = [job for job in self._jobs.values() if job.is_over(now)]
        for job in over:
            self.remove(job.id)
        return over

    def of(
        self, key: FlowKey, slices: Mapping[str, int] = _NO_SLICES, now: float | None = None
    ) -> Job | None:
        """The job a flow belongs to.

        Args:
            key: The flow; its domain is a slice's number.
            slices: Numbers of slices, by name; a job of a slice that isn't there has no flows.
            now: Wall clock, seconds; None: whoever removes jobs has done so.
        """
        if not self._jobs:
            return None
        client, server = self._hosts.of(key.client), self._hosts.of(key.server)
        bits = client & server | (client | server) & self._any_peer
        best: int | None = None
        while bits:
            slot = lowest(bits)
            bits &= bits - 1
            if (best is None or self._ranks[slot] < self._ranks[best]) and _takes(
                self._at[slot], key, slices, now
            ):
                best = slot
        return None if best is None else self._at[best]

    def _take_out(self, job: Job) -> int:
        """Out of the index; its place in the order is returned."""
        slot = self._slots.pop(job.id)
        del self._at[slot]
        heapq.heappush(self._free, slot)
        self._any_peer &= ~(1 << slot)
        for network in set(job.prefixes):
            self._hosts.remove(network, slot)
        return self._ranks.pop(slot)[1]

    def _next_rank(self) -> int:
        self._came += 1
        return self._came


def _takes(job: Job, key: FlowKey, slices: Mapping[str, int], now: float | None) -> bool:
    """Whether everything but the addresses fits."""
    if job.slice_name is not None and slices.get(job.slice_name) != key.domain:
        return False
    if job.transport is not None and job.transport.number != key.transport:
        return False
    if now is not None and job.is_over(now):
        return False
    return not job.ports or any(
        ports.first <= port <= ports.last for ports in job.ports for port in (key.sport, key.cport)
    )
