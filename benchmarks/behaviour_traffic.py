"""Traffic of many kinds of programs as (time, side, payload bytes), for teaching the classifier.

Owns timing models: what each program sends when, and how a wire cuts, paces and loses it. Every
program is one origin; a seed gives the same traffic. Must not know features or models.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

C, S = 0, 1  # sides
Event = tuple[float, int, int]


@dataclass
class Wire:
    """A connection between a client and a server.

    Attributes:
        rng: Draws everything.
        horizon_s, most: When a program stops: this time, or so many packets.
    """

    rng: random.Random
    horizon_s: float = 10.0
    most: int = 1500
    now: float = 0.0
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = self.rng
        self.mss = rng.choice((536, 1200, 1380, 1448, 1448, 1448, 8948))
        self.joined = rng.choice((1, 1, 1, 2, 8, 44))  # segments a capture sees as one
        self.rtt_s = log_uniform(rng, 3e-5, 0.08)
        self.rate_bps = log_uniform(rng, 2e7, 4e10)
        self.record = rng.choice((0, 0, 21, 22, 29))  # TLS, a record
        self.stall = rng.choice((0.0, 0.0, 0.002, 0.01, 0.05))
        self.stall_s = log_uniform(rng, 0.001, 0.02)
        self.window = [10 * self.mss, 10 * self.mss]
        self.sent_at = [-9.0, -9.0]

    @property
    def on(self) -> bool:
        """Whether the program goes on."""
        return self.now < self.horizon_s and len(self.events) < self.most

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += max(seconds, 0.0)

    def send(self, side: int, size: float) -> None:
        """Send a message and wait until it has arrived."""
        self.now = self._transfer(side, round(size)) + self.rtt_s / 2

    def exchange(self, client: float, server: float) -> None:
        """Both send at once; go on when both have arrived."""
        ends = [self._transfer(C, round(client)), self._transfer(S, round(server))]
        self.now = max(ends) + self.rtt_s / 2

    def ask(self, request: float, answer: float, work_s: float = 0.0) -> None:
        """A request, some work and its answer."""
        self.send(C, request)
        self.wait(work_s)
        self.send(S, answer)

    def _transfer(self, side: int, size: int) -> float:
        now, rng = self.now, self.rng
        size = max(size, 1) + self.record * (1 + size // 16384)
        if now - self.sent_at[side] > 1.0:
            self.window[side] = 10 * self.mss
        full = max(self.rate_bps * self.rtt_s / 8, 10 * self.mss)
        left = self.window[side]
        while size > 0 and len(self.events) < 2 * self.most:
            piece = min(size, self.mss * rng.randint(1, self.joined))
            self.events.append((now, side, piece))
            size -= piece
            left -= piece
            now += piece * 8 / self.rate_bps
            if self.stall and rng.random() < self.stall:
                now += rng.expovariate(1 / self.stall_s)
            if left <= 0 and size > 0:
                if self.window[side] < full:
                    now += self.rtt_s
                    self.window[side] *= 2
                left = self.window[side]
        self.sent_at[side] = now
        return now


Program = Callable[[Wire], None]


def log_uniform(rng: random.Random, low: float, high: float) -> float:
    """Equally likely at every scale."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def varied(rng: random.Random, mean: float, spread: float) -> float:
    """Log-normal about a mean."""
    return mean * math.exp(rng.gauss(0, spread))


# Streams of a language model's tokens.


def _tokens(w: Wire, envelope: float, length: float, request: tuple[float, float]) -> None:
    rng = w.rng
    gap = 1 / log_uniform(rng, 5, 150)
    jitter = rng.choice((0.03, 0.1, 0.3, 0.6))
    several = rng.choice((0.0, 0.0, 0.2))  # speculative decoding, or Nagle
    while w.on:
        w.send(C, varied(rng, log_uniform(rng, *request), 0.2))
        w.wait(log_uniform(rng, 0.03, 3))
        if rng.random() < 0.5:
            w.send(S, rng.randint(150, 700))
        for _ in range(int(log_uniform(rng, 20, 800))):
            count = 1 + (rng.random() < several) * rng.randint(1, 4)
            w.send(S, count * envelope + sum(1 + rng.expovariate(1 / length) for _ in range(count)))
            w.wait(varied(rng, gap, jitter) - w.rtt_s / 2)
            if not w.on:
                return
        w.send(S, rng.randint(5, 500))
        w.wait(log_uniform(rng, 0.05, 20))


def openai_sse(w: Wire) -> None:
    _tokens(w, w.rng.uniform(160, 340), 4, (300, 20000))


def anthropic_sse(w: Wire) -> None:
    _tokens(w, w.rng.uniform(100, 170), w.rng.choice((4, 12)), (300, 20000))


def ollama_lines(w: Wire) -> None:
    _tokens(w, w.rng.uniform(85, 130), 4, (100, 3000))


def token_grpc(w: Wire) -> None:
    _tokens(w, w.rng.uniform(15, 90), 4, (80, 5000))


def token_websocket(w: Wire) -> None:
    _tokens(w, w.rng.uniform(6, 120), w.rng.choice((4, 20)), (40, 3000))


def flushed_stream(w: Wire) -> None:
    _tokens(w, w.rng.uniform(150, 400), w.rng.uniform(20, 400), (300, 8000))


# Gradients and activations of distributed training.


def _iterations(w: Wire, step: Callable[[float], None], low: float = 2e4) -> None:
    """Compute, then `step` for each bucket; the buckets keep their sizes."""
    rng = w.rng
    model = log_uniform(rng, low, 3e7)
    buckets = [model * rng.choice((1, 1, 0.3, 0.7)) for _ in range(rng.choice((1, 1, 2, 3, 6)))]
    compute_s = log_uniform(rng, 0.001, 2)
    between_s = compute_s * rng.choice((0, 0, 0.05, 0.3))
    jitter = rng.choice((0.02, 0.05, 0.2))
    w.wait(rng.random() * compute_s)
    while w.on:
        w.wait(varied(rng, compute_s, jitter))
        for bucket in buckets:
            step(bucket)
            w.wait(varied(rng, between_s, jitter))


def _chatter(w: Wire, side: int) -> None:
    """The small messages by which a collective gets ready."""
    for _ in range(w.rng.choice((0, 1, 1, 2))):
        w.send(side, w.rng.choice((16, 32, 48, 64, 96)))


def ring_of_two(w: Wire) -> None:
    parts = w.rng.choice((1, 2, 4))

    def step(bucket: float) -> None:
        _chatter(w, S)
        for _ in range(parts):
            w.exchange(bucket / parts, bucket / parts)

    _iterations(w, step)


def ring_of_many(w: Wire) -> None:
    ranks = w.rng.choice((3, 4, 8, 16))
    slower = w.rng.uniform(0, 2)
    side = w.rng.choice((C, S))

    def step(bucket: float) -> None:
        for _ in range(2 * (ranks - 1)):
            _chatter(w, 1 - side)
            w.send(side, bucket / ranks)
            w.wait(slower * bucket / ranks * 8 / w.rate_bps)

    _iterations(w, step, low=2e5)


def noticed_chunks(w: Wire) -> None:
    """Each chunk waits for a short notice of fixed length from whom it goes to."""
    rng = w.rng
    ranks, notice = rng.choice((2, 3, 4, 8)), rng.choice((16, 24, 32, 48, 64))
    side = rng.choice((C, S))
    halves = rng.choice((1, 2))

    def step(bucket: float) -> None:
        for _ in range(rng.choice((1, 2 * (ranks - 1)))):
            for _ in range(halves):
                w.send(1 - side, notice * rng.choice((1, 1, 2)))
                w.send(side, bucket / ranks / halves + notice)
            if rng.random() < 0.5:
                w.send(1 - side, notice)

    _iterations(w, step, low=1e5)


def remote_calls(w: Wire) -> None:
    """Tensors pulled and pushed by remote calls, one connection for descriptors, this for data."""
    rng = w.rng
    size, both = log_uniform(rng, 5e4, 2e7), rng.random() < 0.6
    work_s = log_uniform(rng, 0.002, 0.5)
    w.send(C, 13)
    while w.on:
        w.send(S, size)
        w.wait(varied(rng, work_s, 0.1))
        if both:
            w.send(C, size)
            w.wait(varied(rng, work_s / 5, 0.3))


def tree_reduce(w: Wire) -> None:
    def step(bucket: float) -> None:
        w.send(C, bucket)
        w.wait(w.rng.uniform(0, 2) * bucket * 8 / w.rate_bps)
        w.send(S, bucket)

    _iterations(w, step)


def parameter_server(w: Wire) -> None:
    names = w.rng.randint(30, 200)

    def step(bucket: float) -> None:
        w.send(C, bucket + names)
        if w.rng.random() < 0.7:
            w.send(S, names)
        w.send(C, names)
        w.send(S, bucket + names)

    _iterations(w, step)


def pipeline_stages(w: Wire) -> None:
    micro = w.rng.choice((2, 4, 8, 16))
    ratio = w.rng.uniform(0.3, 2)

    def step(bucket: float) -> None:
        work = ratio * bucket * 8 / w.rate_bps
        for _ in range(micro):
            w.send(C, bucket)
            w.wait(work)
        for _ in range(micro):
            w.send(S, bucket)
            w.wait(2 * work)

    _iterations(w, step)


def sharded_layers(w: Wire) -> None:
    layers = w.rng.choice((4, 12, 24))
    both = w.rng.random() < 0.5
    work_s = log_uniform(w.rng, 0.0005, 0.02)

    def step(bucket: float) -> None:
        for _ in range(layers):
            if both:
                w.exchange(bucket, bucket)
            else:
                w.send(C, bucket)
            w.wait(work_s)

    _iterations(w, step)


def mpi_collectives(w: Wire) -> None:
    header = w.rng.choice((24, 32, 40, 72))
    steps = w.rng.choice((1, 2, 3, 6))

    def step(bucket: float) -> None:
        size = bucket / 20
        for _ in range(steps):
            if size > 65536:
                w.exchange(header, header)
            w.exchange(size + header, size + header)

    _iterations(w, step, low=1e5)


def all_to_all(w: Wire) -> None:
    def step(bucket: float) -> None:
        for _ in range(2):
            w.exchange(varied(w.rng, bucket, 0.3), varied(w.rng, bucket, 0.3))
            w.wait(log_uniform(w.rng, 0.0005, 0.01))

    _iterations(w, step)


def asynchronous_push(w: Wire) -> None:
    rng = w.rng
    size = log_uniform(rng, 2e4, 1e7)
    while w.on:
        w.wait(varied(rng, log_uniform(rng, 0.02, 0.5), 0.5))
        w.send(C, size)
        w.send(S, rng.randint(10, 200))
        if rng.random() < 0.7:
            w.send(S, size)


# Bulk.


def download(w: Wire) -> None:
    w.send(C, w.rng.randint(60, 600))
    w.wait(log_uniform(w.rng, 0.001, 0.2))
    w.send(S, log_uniform(w.rng, 1e6, 1e10))


def upload(w: Wire) -> None:
    w.send(C, log_uniform(w.rng, 1e6, 1e10))
    w.send(S, w.rng.randint(60, 600))


def multipart_upload(w: Wire) -> None:
    part = w.rng.choice((5, 8, 8, 16, 64)) * 2**20 / w.rng.choice((1, 1, 4, 16))
    head = w.rng.randint(300, 1500)
    read_s = log_uniform(w.rng, 0.0005, 0.1)
    while w.on:
        w.send(C, head)
        if w.rng.random() < 0.5:
            w.send(S, 25)
        w.send(C, part)
        w.wait(log_uniform(w.rng, 0.001, 0.1))
        w.send(S, w.rng.randint(200, 500))
        w.wait(varied(w.rng, read_s, 0.5))


def ranged_download(w: Wire) -> None:
    part = log_uniform(w.rng, 2.5e5, 3e7)
    while w.on:
        w.ask(w.rng.randint(200, 700), part, log_uniform(w.rng, 0.0005, 0.05))
        w.wait(varied(w.rng, 0.001, 1))


def file_copy_paused(w: Wire) -> None:
    """Disk-bound or rate-limited: pieces with pauses."""
    rng = w.rng
    piece, pause_s = log_uniform(rng, 3e4, 4e6), log_uniform(rng, 0.003, 1)
    side = rng.choice((C, S))
    for _ in range(rng.randint(0, 10)):
        w.ask(rng.randint(5, 500), rng.randint(5, 500))
    while w.on:
        w.send(side, varied(rng, piece, 0.5))
        if rng.random() < 0.1:
            w.send(1 - side, rng.randint(4, 200))
        w.wait(varied(rng, pause_s, 0.6))


def network_disk(w: Wire) -> None:
    rng = w.rng
    block = rng.choice((65536, 131072, 262144, 1 << 20))
    head = rng.choice((48, 72, 128, 200))
    reads = rng.random()
    while w.on:
        big = C if rng.random() < round(reads) * 0.9 + 0.05 else S
        count = rng.choice((1, 1, 2, 8))
        w.send(C, head + (count * block if big == C else 0))
        w.send(S, head + (count * block if big == S else 0))
        w.wait(varied(rng, 0.0005, 1.5))


def throughput_test(w: Wire) -> None:
    w.send(C, 37)
    w.send(w.rng.choice((C, S)), 1e10)


def shuffle_fetch(w: Wire) -> None:
    chunk = log_uniform(w.rng, 2e4, 4e6)
    while w.on:
        w.ask(w.rng.randint(40, 400), varied(w.rng, chunk, 0.8), log_uniform(w.rng, 2e-4, 0.02))
        w.wait(varied(w.rng, 0.002, 1))


def secure_copy(w: Wire) -> None:
    rng = w.rng
    for size in (21, 1500, 1200, 48, 60, 500, 112):
        w.ask(size, varied(rng, size, 0.4), 0.004)
    side = rng.choice((C, S))
    while w.on:
        w.send(side, rng.choice((32768, 262144)))
        w.send(1 - side, rng.choice((36, 44, 76, 108)))
        w.wait(varied(rng, 0.001, 1))


# Control.


def one_way_heartbeats(w: Wire) -> None:
    rng = w.rng
    size, every_s = rng.randint(20, 160), rng.choice((0.05, 0.1, 0.1, 0.15, 0.25, 0.5, 1, 2))
    side = rng.choice((C, S))
    while w.on:
        w.send(side, size + (rng.random() < 0.07) * rng.randint(-20, 900))
        w.wait(varied(rng, every_s, 0.03))


def two_way_heartbeats(w: Wire) -> None:
    rng = w.rng
    request, answer = rng.randint(10, 300), rng.randint(8, 200)
    every_s = log_uniform(rng, 0.03, 5)
    while w.on:
        extra = (rng.random() < 0.1) * log_uniform(rng, 20, 2000)
        w.ask(request + extra, answer, log_uniform(rng, 5e-5, 2e-3))
        w.wait(varied(rng, every_s, 0.04))


def key_value_rendezvous(w: Wire) -> None:
    rng = w.rng
    while w.on:
        for _ in range(rng.randint(3, 25)):
            w.send(C, rng.randint(1, 10))
            if rng.random() < 0.6:
                w.send(C, rng.randint(10, 120))
            if rng.random() < 0.7:
                w.send(S, rng.choice((1, 4, 8, 8, 12, 24, rng.randint(12, 400))))
        w.wait(log_uniform(rng, 0.01, 3))


def cluster_calls(w: Wire) -> None:
    """gRPC among a cluster's daemons: unequal calls at unequal times."""
    rng = w.rng
    kinds = [(log_uniform(rng, 20, 900), log_uniform(rng, 15, 900)) for _ in range(5)]
    every_s = log_uniform(rng, 0.05, 2)
    while w.on:
        request, answer = rng.choice(kinds)
        if rng.random() < 0.03:
            request *= 30
        w.ask(varied(rng, request, 0.05), varied(rng, answer, 0.05), log_uniform(rng, 2e-4, 0.02))
        if rng.random() < 0.4:
            w.ask(17, 17)
        w.wait(rng.expovariate(1 / every_s))


def watch_events(w: Wire) -> None:
    rng = w.rng
    w.ask(rng.randint(200, 2000), log_uniform(rng, 500, 50000), 0.005)
    while w.on:
        w.wait(rng.expovariate(1 / log_uniform(rng, 0.2, 3)))
        for _ in range(rng.choice((1, 1, 2, 5))):
            w.send(S, varied(rng, 900, 0.7))
        if rng.random() < 0.3:
            w.ask(17, 17)


def switch_control(w: Wire) -> None:
    rng = w.rng
    while w.on:
        w.ask(8, 8)
        if rng.random() < 0.5:
            w.ask(rng.choice((24, 56, 80)), rng.randint(100, 4000), 0.002)
        for _ in range(rng.choice((0, 0, 1, 4))):
            w.send(S, rng.randint(60, 200))
            w.send(C, rng.randint(72, 140))
        w.wait(varied(rng, rng.choice((0.5, 1, 5)), 0.1))


def launcher(w: Wire) -> None:
    rng = w.rng
    while w.on:
        for _ in range(rng.randint(1, 4)):
            w.send(rng.choice((C, S)), log_uniform(rng, 60, 2400))
        w.wait(log_uniform(rng, 0.003, 0.5))


def scheduler(w: Wire) -> None:
    rng = w.rng
    beat_s = rng.choice((0.5, 0.5, 1, 3))
    size, answer = rng.randint(500, 3000), rng.randint(60, 300)
    while w.on:
        w.ask(varied(rng, size, 0.02), answer, 0.002)
        for _ in range(rng.choice((0, 0, 1, 3))):
            w.send(S, varied(rng, 900, 0.6))
            w.send(C, varied(rng, 300, 0.5))
        w.wait(varied(rng, beat_s, 0.05))


# People at keyboards.


def _typing(w: Wire, key: int, echo: int, screen: float) -> None:
    rng = w.rng
    speed_s = log_uniform(rng, 0.08, 0.4)
    while w.on:
        for _ in range(rng.randint(3, 25)):
            w.ask(
                key, echo + (rng.random() < 0.1) * rng.randint(8, 60), log_uniform(rng, 1e-4, 3e-3)
            )
            w.wait(varied(rng, speed_s, 0.4))
            if not w.on:
                return
        w.ask(key, echo, 0.001)
        for _ in range(rng.randint(1, 5)):
            w.send(S, log_uniform(rng, 60, screen))
            w.wait(log_uniform(rng, 1e-4, 0.05))
        w.wait(log_uniform(rng, 0.2, 4))


def shell(w: Wire) -> None:
    key = w.rng.choice((36, 36, 44, 52, 64))
    _typing(w, key, key, 6000)


def plain_terminal(w: Wire) -> None:
    _typing(w, w.rng.choice((1, 1, 2)), w.rng.choice((1, 2, 3)), 3000)


def remote_screen(w: Wire) -> None:
    rng = w.rng
    event = rng.choice((6, 8, 30, 60, 90))
    while w.on:
        for _ in range(rng.randint(2, 40)):
            w.send(C, event)
            if rng.random() < 0.4:
                w.send(S, log_uniform(rng, 50, 30000))
            w.wait(varied(rng, 0.03, 0.8))
        w.wait(log_uniform(rng, 0.1, 3))


def agent_terminal(w: Wire) -> None:
    """A terminal through a browser: frames with a few bytes more."""
    _typing(w, w.rng.randint(8, 30), w.rng.randint(10, 60), 8000)


# All the rest.


def publish_small(w: Wire) -> None:
    rng = w.rng
    size, every_s, side = log_uniform(rng, 15, 1500), log_uniform(rng, 0.002, 1), rng.choice((C, S))
    spread, jitter = rng.choice((0, 0.02, 0.3)), rng.choice((0.03, 0.1, 0.6))
    while w.on:
        w.send(side, varied(rng, size, spread))
        w.wait(varied(rng, every_s, jitter))


def publish_acknowledged(w: Wire) -> None:
    rng = w.rng
    size, every_s = log_uniform(rng, 15, 1500), log_uniform(rng, 0.005, 2)
    spread, ack = rng.choice((0, 0.02, 0.3)), rng.choice((2, 4, 4, 20))
    while w.on:
        w.ask(varied(rng, size, spread), ack, log_uniform(rng, 5e-5, 3e-3))
        w.wait(varied(rng, every_s, 0.2))


def scrape(w: Wire) -> None:
    rng = w.rng
    size, every_s = log_uniform(rng, 3e3, 3e5), rng.choice((1, 2, 5, 10, 15))
    while w.on:
        w.ask(rng.randint(280, 300), varied(rng, size, 0.01), log_uniform(rng, 0.002, 0.05))
        w.wait(every_s)


def export_batches(w: Wire) -> None:
    rng = w.rng
    size, every_s = log_uniform(rng, 300, 5e4), rng.choice((0.2, 0.5, 1, 1.5, 5, 10))
    while w.on:
        w.ask(varied(rng, size, 0.3), rng.randint(17, 200), log_uniform(rng, 5e-4, 0.01))
        w.wait(varied(rng, every_s, 0.05))


def log_lines(w: Wire) -> None:
    rng = w.rng
    every_s = log_uniform(rng, 0.01, 1)
    while w.on:
        w.send(C, varied(rng, 180, 0.5))
        w.wait(rng.expovariate(1 / every_s))


def browsing(w: Wire) -> None:
    rng = w.rng
    while w.on:
        for _ in range(rng.randint(1, 12)):
            answer = min(varied(rng, 12000, 1.6), 3e6)
            w.ask(rng.randint(80, 1200), answer, log_uniform(rng, 0.002, 0.3))
            w.wait(log_uniform(rng, 0.0005, 0.3))
        w.wait(log_uniform(rng, 0.5, 20))


def database(w: Wire) -> None:
    rng = w.rng
    think_s = log_uniform(rng, 1e-4, 0.2)
    while w.on:
        for _ in range(rng.randint(1, 10)):
            answer = varied(rng, 150, 1.3) * (50 if rng.random() < 0.03 else 1)
            w.ask(varied(rng, 90, 0.7), answer, log_uniform(rng, 5e-5, 0.02))
        w.wait(rng.expovariate(1 / think_s))


def cache_requests(w: Wire) -> None:
    rng = w.rng
    value, think_s = log_uniform(rng, 4, 5000), log_uniform(rng, 3e-5, 0.02)
    while w.on:
        if rng.random() < 0.3:
            w.ask(40 + value, 5)
        else:
            w.ask(rng.randint(22, 60), value)
        w.wait(rng.expovariate(1 / think_s))


def log_broker(w: Wire) -> None:
    rng = w.rng
    batch = log_uniform(rng, 100, 3e4)
    while w.on:
        if rng.random() < 0.5:
            w.ask(varied(rng, batch, 0.5), rng.randint(40, 90), 0.002)
        else:
            w.ask(rng.randint(60, 130), varied(rng, batch, 0.5), rng.uniform(0, 0.5))
        w.wait(log_uniform(rng, 0.001, 0.3))


def voice(w: Wire) -> None:
    size = w.rng.choice((33, 50, 80, 172, 182))
    both = w.rng.random() < 0.7
    while w.on:
        w.send(C, size)
        if both:
            w.send(S, size)
        w.wait(varied(w.rng, 0.02, 0.05) - w.rtt_s)


def live_video(w: Wire) -> None:
    rng = w.rng
    frame, rate, side = (
        log_uniform(rng, 1500, 1.5e5),
        rng.choice((15, 25, 30, 60)),
        rng.choice((C, S)),
    )
    number = 0
    while w.on:
        number += 1
        start = w.now
        w.send(side, varied(rng, frame, 0.25) * (5 if number % (2 * rate) == 1 else 1))
        if rng.random() < 0.05:
            w.send(1 - side, rng.randint(40, 120))
        w.wait(1 / rate - (w.now - start))


def video_segments(w: Wire) -> None:
    rng = w.rng
    size, every_s = log_uniform(rng, 1e5, 5e6), rng.choice((1, 2, 4, 6, 10))
    while w.on:
        start = w.now
        w.ask(rng.randint(300, 900), varied(rng, size, 0.35), log_uniform(rng, 0.005, 0.1))
        w.wait(every_s - (w.now - start))


def swarm(w: Wire) -> None:
    rng = w.rng
    give = rng.random() * 0.9
    while w.on:
        for _ in range(rng.randint(1, 8)):
            side = S if rng.random() > give else C
            w.send(1 - side, 17 * rng.randint(1, 5))
            w.send(side, 16397)
        if rng.random() < 0.3:
            w.send(rng.choice((C, S)), rng.choice((5, 9)))
        w.wait(log_uniform(rng, 0.001, 0.5))


def tensor_requests(w: Wire) -> None:
    """Inference without a stream: one tensor there, a small answer back."""
    rng = w.rng
    request, answer = log_uniform(rng, 200, 8e5), log_uniform(rng, 80, 8000)
    think_s, work_s = log_uniform(rng, 0.001, 1), log_uniform(rng, 0.001, 0.3)
    while w.on:
        w.ask(request, varied(rng, answer, 0.1), varied(rng, work_s, 0.2))
        w.wait(rng.expovariate(1 / think_s))


def datagram_queries(w: Wire) -> None:
    rng = w.rng
    for _ in range(rng.randint(1, 60)):
        w.ask(rng.randint(28, 90), rng.randint(48, 400), log_uniform(rng, 2e-4, 0.1))
        w.wait(log_uniform(rng, 0.001, 5))


def mail(w: Wire) -> None:
    rng = w.rng
    while w.on:
        for _ in range(rng.randint(3, 9)):
            w.ask(rng.randint(6, 90), rng.randint(8, 200), log_uniform(rng, 0.001, 0.05))
        side = rng.choice((C, S))
        w.send(side, min(varied(rng, 2e4, 1.3), 2e6))
        w.send(1 - side, rng.randint(20, 80))
        w.wait(log_uniform(rng, 0.1, 10))


PROGRAMS: dict[str, tuple[Program, ...]] = {
    "stream": (
        openai_sse, anthropic_sse, ollama_lines, token_grpc, token_websocket, flushed_stream,
    ),
    "gradient": (
        ring_of_two, ring_of_many, tree_reduce, parameter_server, pipeline_stages, sharded_layers,
        mpi_collectives, all_to_all, asynchronous_push, noticed_chunks, remote_calls,
    ),
    "bulk": (
        download, upload, multipart_upload, ranged_download, file_copy_paused, network_disk,
        throughput_test, shuffle_fetch, secure_copy,
    ),
    "control": (
        one_way_heartbeats, two_way_heartbeats, key_value_rendezvous, cluster_calls, watch_events,
        switch_control, launcher, scheduler,
    ),
    "interactive": (shell, plain_terminal, remote_screen, agent_terminal),
    "other": (
        publish_small, publish_acknowledged, scrape, export_batches, log_lines, browsing, database,
        cache_requests, log_broker, voice, live_video, video_segments, swarm, tensor_requests,
        datagram_queries, mail,
    ),
}  # fmt: skip


def recorded(program: Program, rng: random.Random) -> list[Event]:
    """What a capture of one run of a program holds, from any point on, with what it missed."""
    wire = Wire(rng, rng.choice((6.0, 12.0, 40.0)), rng.choice((300, 1500, 6000)))
    if wire.record and rng.random() < 0.7:
        _handshake(wire)
    program(wire)
    events = sorted(wire.events)
    if rng.random() < 0.6:
        events = events[int(rng.random() * 0.7 * len(events)) :]
    missing = rng.choice((0.0, 0.0, 0.0, 0.02, 0.3))
    if missing:
        events = [event for event in events if rng.random() >= missing]
    return events


def _handshake(w: Wire) -> None:
    w.send(C, w.rng.choice((250, 517, 517, 1700)))
    w.send(S, w.rng.randint(900, 4500))
    w.send(C, w.rng.choice((58, 64, 74, 1200)))
    if w.rng.random() < 0.6:
        w.send(S, w.rng.choice((51, 255, 510)))
