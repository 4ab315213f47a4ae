"""Teach the classifier what shapes mean: `python -m benchmarks.behaviour_model FOLDER...`.

Reads labelled recordings (captures, and `flow_labels.csv` beside them), makes traffic with
`benchmarks.behaviour_traffic`, reports scores on origins that were left out, and writes the model
that `classifier/behaviour.py` loads. An origin is a program; none is on both sides of a split.
Needs scikit-learn, which nothing else here does.
"""

import argparse
import csv
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

from benchmarks.behaviour_traffic import PROGRAMS, Event, log_uniform, recorded
from classifier.capture import read_capture
from classifier.features import NAMES, features
from classifier.frames import parse
from classifier.model import Side
from classifier.shape import Shape

KINDS = tuple(PROGRAMS)
STREAM, GRADIENT, BULK, CONTROL, INTERACTIVE, OTHER = range(6)
OUT = Path("classifier/model.npz")
FEWEST = 8  # packets; with fewer nobody can know
EARLY_PACKETS, EARLY_S = 50, 5.0
TREES, LEAVES = 26, 500
DATA_BYTES = 30_000  # a bulk or gradient flow with less is only their signalling
PRIOR = (1.0, 1.0, 1.2, 1.0, 0.8, 1.3)  # of KINDS: when in doubt, it is nothing special
# The probability from which on each of KINDS is answered, chosen from the curves that the report
# has. A mistake's cost decides: other traffic called gradient takes the queue of those who wait for
# one another (at most 0.5% of it may), bulk called gradient or the reverse only shares it unfairly,
# and background or unknown are treated alike.
LEAST = (0.6, 0.85, 0.65, 0.7, 0.6, 0.6)
_CLASSES = {
    "gradient": GRADIENT,
    "bulk": BULK,
    "model-distribution": BULK,
    "control": CONTROL,
    "messaging": OTHER,
    "telemetry": OTHER,
    "background": OTHER,
}
_ORIGINS = (
    (r"gloo|torchrun|horovod", "gloo"),
    (r"torch-?rpc", "tensorpipe"),
    (r"mpi", "mpi"),
    (r"zmq|zenoh", "zmq"),
    (r"mqtt", "mqtt"),
    (r"etcd", "etcd"),
    (r"ray", "ray"),
    (r"ssh|rsync_over", "ssh"),
    (r"rsync", "rsync"),
    (r"s3|minio", "s3"),
    (r"openai|ollama|vllm|llama", "llm"),
    (r"http|neg_|nginx", "http"),
    (r"dds", "dds"),
    (r"triton|kserve", "triton"),
    (r"docker|registry|oci", "registry"),
    (r"redis", "redis"),
    (r"nats", "nats"),
    (r"iperf", "iperf"),
)


class Flow(NamedTuple):
    """One recorded flow and what it is."""

    file: str
    origin: str
    kind: int
    real: bool
    events: Sequence[Event]


@dataclass
class Samples:
    """Features of flows at several moments.

    Attributes:
        rows, kinds, origins: One each.
        moments: "50", "5 s", "end" or "", for those in between.
        flows: Which flow each is of.
        real: Whether it was recorded.
        long: Whether the flow has 50 packets or lasts 5 s.
    """

    rows: "np.ndarray"
    kinds: "np.ndarray"
    origins: "np.ndarray"
    moments: "np.ndarray"
    flows: "np.ndarray"
    real: "np.ndarray"
    long: "np.ndarray"


def origin_of(file: str) -> str:
    """The program that made a recording, whatever its version, ports and losses."""
    for pattern, origin in _ORIGINS:
        if re.search(pattern, file):
            return origin
    return re.split(r"[-_.]", file)[0]


def recordings(folder: Path) -> Iterator[Flow]:
    """The labelled flows of a folder that can be known from their shape."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (folder / "flow_labels.csv").open() as file:
        for row in csv.DictReader(file):
            rows[row["file"]].append(row)
    for name, labels in sorted(rows.items()):
        path = folder / name
        if not path.exists():
            continue
        events = _events(path)
        for row in labels:
            key = (row["l4"], row["client"], int(row["cport"]), row["server"], int(row["sport"]))
            seen = events.get(key, [])
            kind = _kind(row, seen)
            if kind is not None and len(seen) >= FEWEST:
                yield Flow(name, origin_of(name), kind, True, seen)


def _kind(row: dict[str, str], events: Sequence[Event]) -> int | None:
    if re.search(r"(ssh|telnet).*(interactive|shell)", row["file"]):
        return INTERACTIVE
    if row["expected_class"] == "inference":
        answers = [size for _, side, size in events if side == 1]
        small = sum(size < 1000 for size in answers)
        asked = len(events) - len(answers)
        return STREAM if small > 4 * asked and small > 0.8 * len(answers) else OTHER
    return _CLASSES.get(row["expected_class"])


def _events(path: Path) -> dict[tuple[str, str, int, str, int], list[Event]]:
    """Payload packets by flow, under both directions' keys."""
    flows: dict[tuple[str, str, int, str, int], list[Event]] = defaultdict(list)
    for frame in read_capture(path):
        packet = parse(frame.data, frame.link_type, frame.length)
        if packet is None or not packet.payload_bytes:
            continue
        l4 = {6: "tcp", 17: "udp"}.get(packet.transport, str(packet.transport))
        source, target = (_address(raw) for raw in (packet.src, packet.dst))
        size = packet.payload_bytes
        flows[l4, source, packet.sport, target, packet.dport].append((frame.time, 0, size))
        flows[l4, target, packet.dport, source, packet.sport].append((frame.time, 1, size))
    return flows


def _address(raw: bytes) -> str:
    return str(ip_address(raw))


def generated(number: int, seed: str) -> Iterator[Flow]:
    """Runs of all programs, each kind having as many."""
    for kind, programs in enumerate(PROGRAMS.values()):
        for program in programs:
            name = program.__name__
            for run in range(number // len(programs)):
                events = recorded(program, random.Random(f"{seed} {name} {run}"))
                if len(events) >= FEWEST:
                    yield Flow(f"{name} {run}", name, kind, False, events)


def changed(flow: Flow, rng: random.Random) -> Flow:
    """The same flow as another capture might have it: later, slower, with gaps, seen swapped."""
    events = flow.events
    if rng.random() < 0.7:
        events = events[int(rng.random() * 0.8 * len(events)) :]
    if rng.random() < 0.3:
        events = [(at, 1 - side, size) for at, side, size in events]
    if rng.random() < 0.3:
        factor = log_uniform(rng, 0.5, 2)
        events = [(at * factor, side, size) for at, side, size in events]
    if rng.random() < 0.2:
        events = [event for event in events if rng.random() > 0.1]
    if rng.random() < 0.3:
        scale = log_uniform(rng, 0.5, 4)
        events = [
            (at, side, max(1, int(size * scale)) if size > 600 else size)
            for at, side, size in events
        ]
    return flow._replace(events=events)


def samples(flows: Sequence[Flow], rng: random.Random) -> Samples:
    """Features of flows after 50 packets, after 5 s, at the end and at two other moments."""
    columns: list[list[object]] = [[] for _ in range(7)]
    for number, flow in enumerate(flows):
        events = flow.events
        lasting = bool(events) and events[-1][0] - events[0][0] >= EARLY_S
        long = lasting or len(events) >= EARLY_PACKETS
        for moment, row in _moments(events, rng):
            values = (row, flow.kind, flow.origin, moment, number, flow.real, long)
            for column, value in zip(columns, values, strict=True):
                column.append(value)
    return Samples(*map(np.array, columns))


def _moments(events: Sequence[Event], rng: random.Random) -> Iterator[tuple[str, list[float]]]:
    if len(events) < FEWEST:
        return
    others = {rng.randint(FEWEST, 40), int(log_uniform(rng, FEWEST, len(events) + 1))}
    sides = (Side.CLIENT, Side.SERVER)
    shape, late = Shape(), False
    for count, (now, side, size) in enumerate(events, 1):
        if not late and count > FEWEST and now - shape.first > EARLY_S:
            late = True
            yield "5 s", features(shape)
        shape.add(now, sides[side], size)
        if count == EARLY_PACKETS:
            yield "50", features(shape)
        elif count in others:
            yield "", features(shape)
    yield "end", features(shape)
    if not late:
        yield "5 s", features(shape)
    if len(events) < EARLY_PACKETS:
        yield "50", features(shape)


def usable(data: Samples) -> "np.ndarray":
    """Which samples a model may learn from and be asked about.

    A recorded bulk or gradient flow that brought next to nothing is a signalling connection: by
    its shape it is not what its label says.
    """
    heavy = np.isin(data.kinds, (GRADIENT, BULK))
    light = np.maximum(data.rows[:, 0], data.rows[:, 1]) < np.log2(DATA_BYTES)
    return ~(heavy & light & data.real)


def joined(parts: Sequence[Samples]) -> Samples:
    """Several sets as one, what can't be used left out."""
    keep = [usable(part) for part in parts]
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Samples(
        *(
            np.concatenate([part[k] for part, k in zip(column, keep, strict=True)])
            for column in columns
        )
    )


def weights(data: Samples) -> "np.ndarray":
    """Kinds by `PRIOR`, recorded and generated alike, and in each of these all origins alike."""
    found = np.zeros(len(data.kinds))
    for kind in range(len(KINDS)):
        for real in (True, False):
            group = (data.kinds == kind) & (data.real == real)
            origins = set(data.origins[group])
            for origin in origins:
                part = group & (data.origins == origin)
                found[part] = PRIOR[kind] / max(len(origins), 3) / part.sum()
    return found * len(found)


def fitted(data: Samples, trees: int = TREES) -> ExtraTreesClassifier:
    """A forest small enough to ship and to walk in plain Python."""
    model = ExtraTreesClassifier(
        trees, max_leaf_nodes=LEAVES, max_features=0.4, min_samples_leaf=3, random_state=0, n_jobs=2
    )
    return model.fit(data.rows, data.kinds, sample_weight=weights(data))


def held_out(data: Samples, tested: Samples, folds: int) -> "np.ndarray":
    """Votes on recorded flows by models that saw nothing of their origin."""
    votes = np.zeros((len(tested.kinds), len(KINDS)))
    origins = sorted(set(tested.origins))
    random.Random(1).shuffle(origins)
    for fold in range(min(folds, len(origins))):
        left_out = origins[fold :: min(folds, len(origins))]
        keep = ~np.isin(data.origins, left_out)
        model = fitted(Samples(*(column[keep] for column in vars(data).values())))
        here = np.isin(tested.origins, left_out)
        votes[here] = model.predict_proba(tested.rows[here])
    return votes


def sharpened(votes: "np.ndarray", sharpness: float) -> "np.ndarray":
    """Votes as probabilities."""
    powers = np.maximum(votes, 1e-4) ** sharpness
    return powers / powers.sum(axis=1, keepdims=True)


def fair(tested: Samples) -> "np.ndarray":
    """Weights for scoring: every origin of a kind as much as another."""
    found = np.zeros(len(tested.kinds))
    for pair in set(zip(tested.kinds, tested.origins, strict=True)):
        here = (tested.kinds == pair[0]) & (tested.origins == pair[1])
        found[here] = 1 / np.sqrt(here.sum())
    return found


def calibrated(votes: "np.ndarray", tested: Samples) -> float:
    """The exponent with the least log loss on held-out origins."""
    best = (np.inf, 1.0)
    for sharpness in np.arange(0.6, 3.0, 0.05):
        right = sharpened(votes, sharpness)[np.arange(len(votes)), tested.kinds]
        best = min(best, (-np.average(np.log(right), weights=fair(tested)), float(sharpness)))
    return best[1]


def curves(chances: "np.ndarray", tested: Samples) -> list[str]:
    """How many answers each threshold leaves for each kind, and which share is right."""
    steps = np.arange(0.4, 0.95, 0.1)
    lines = ["| answer | " + " | ".join(f">= {least:.1f}" for least in steps) + " |"]
    lines.append("|---" * (1 + len(steps)) + "|")
    chosen, asked = chances.argmax(axis=1), tested.long & (tested.moments == "5 s")
    for kind, name in enumerate(KINDS):
        cells = []
        for least in steps:
            said = asked & (chosen == kind) & (chances[:, kind] >= least)
            right = (tested.kinds[said] == kind).mean() if said.any() else 0.0
            cells.append(f"{right:.2f} of {said.sum()}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def report(chances: "np.ndarray", tested: Samples) -> str:
    """Scores on held-out origins, as a table of Markdown."""
    chosen = chances.argmax(axis=1)
    said = chances.max(axis=1) >= np.array(LEAST)[chosen]
    right = chosen == tested.kinds
    lines = [
        "| flows | moment | number | right | answered | right, answered | background as gradient |",
        "|---|---|---|---|---|---|---|",
    ]
    background = np.isin(tested.kinds, (CONTROL, INTERACTIVE, OTHER))
    groups = (("all", right | True), ("long", tested.long), ("short", ~tested.long))
    for name, among in groups:
        for moment in ("50", "5 s", "end"):
            here = among & (tested.moments == moment)
            wrong = (said & (chosen == GRADIENT))[here & background].mean()
            lines.append(
                f"| {name} | {moment} | {here.sum()} | {right[here].mean():.3f} "
                f"| {said[here].mean():.2f} | {right[here & said].mean():.3f} | {wrong:.4f} |"
            )
    lines += ["", *curves(chances, tested)]
    lines += [
        "",
        "| origin | kind | flows | right | wrong | unknown |",
        "|---|---|---|---|---|---|",
    ]
    for origin, kind in sorted(
        set(zip(tested.origins.tolist(), tested.kinds.tolist(), strict=True))
    ):
        here = (tested.origins == origin) & (tested.kinds == kind) & (tested.moments == "5 s")
        if here.any():
            counts = (here & said & right).sum(), (here & said & ~right).sum(), (here & ~said).sum()
            lines.append(
                f"| {origin} | {KINDS[kind]} | {here.sum()} | {' | '.join(map(str, counts))} |"
            )
    return "\n".join(lines)


def exported(model: ExtraTreesClassifier, sharpness: float, path: Path) -> None:
    """Write the forest as plain arrays; see `classifier.behaviour.Forest`."""
    roots, feature, threshold, left, right, votes = [], [], [], [], [], []
    for tree in (estimator.tree_ for estimator in model.estimators_):
        inner = tree.children_left >= 0
        place = np.where(
            inner, np.cumsum(inner) - 1 + len(feature), -np.cumsum(~inner) - len(votes)
        )
        roots.append(len(feature))
        feature += tree.feature[inner].tolist()
        threshold += tree.threshold[inner].tolist()
        left += place[tree.children_left[inner]].tolist()
        right += place[tree.children_right[inner]].tolist()
        leaves = tree.value[~inner, 0, :]
        votes += np.rint(255 * leaves / leaves.sum(axis=1, keepdims=True)).astype(int).tolist()
    np.savez_compressed(
        path, names=np.array(NAMES), kinds=np.array(KINDS),
        roots=np.array(roots, np.int32), feature=np.array(feature, np.uint8),
        threshold=np.array(threshold, np.float32), left=np.array(left, np.int32),
        right=np.array(right, np.int32), votes=np.array(votes, np.uint8),
        sharpness=np.array(sharpness), least=np.array(LEAST),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="of captures and flow_labels.csv")
    parser.add_argument("--runs", type=int, default=1500, help="generated, of each kind")
    parser.add_argument("--folds", type=int, default=1000, help="of origins; default: one each")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--report", type=Path, help="write the tables here too")
    parser.add_argument("--votes", type=Path, help="keep the held-out votes, to look closer")
    options = parser.parse_args()
    rng = random.Random(7)
    flows = [flow for folder in options.folders for flow in recordings(folder)]
    as_recorded = samples(flows, random.Random(1))
    others = samples([changed(flow, rng) for flow in flows for _ in range(8)], rng)
    made = samples(list(generated(options.runs, "teach")), rng)
    data, tested = joined([made, others, as_recorded]), joined([as_recorded])
    print(f"{len(flows)} recorded flows, {len(data.kinds)} samples")
    votes = held_out(data, tested, options.folds)
    sharpness = calibrated(votes, tested)
    chances = sharpened(votes, sharpness)
    text = report(chances, tested)
    print(f"sharpness {sharpness:.2f}")
    print(text)
    if options.votes:
        np.savez(options.votes, votes=votes, **vars(tested))
    if options.report:
        options.report.write_text(text + "\n")
    exported(fitted(data), sharpness, options.out)


if __name__ == "__main__":
    main()
