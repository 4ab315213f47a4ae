"""The trained policy: a plan, and a small network shared by all paths that corrects it.

Owns the file (NumPy arrays and JSON, no pickle, hashed), and inference without torch. For each
candidate path the network reads the row that `observe` makes and answers by how much its logit is
to be changed. Its size does not depend on the network it runs on.
"""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from controller.advice.advisor import Observation, live_paths, on_live_paths
from controller.advice.errors import PolicyFileError
from controller.advice.network import BoolArray, CandidatePaths, FloatArray
from controller.advice.observe import FEATURES, Averages, critical_pairs, features
from controller.advice.plan import Descent, History, Memory, plan_for

FORMAT = 1
_SHIPPED = Path(__file__).with_name("shipped")
_MOST_BYTES = 64 * 1024 * 1024
_LEAST = 1e-6  # split ratio below which a logit tells no more
_KEENNESS = 200.0  # how fast trust follows an advantage in log max utilisation
_HORIZON = 50  # intervals it is averaged over
_INLINE_HOPS = 20_000  # hops of all paths up to which the plan is renewed within a decision
_CRITICAL_PAIRS = 256  # whose splits a large network's decision corrects
REACH = 4.0  # logits that a correction may add or take at most


@dataclass(frozen=True, eq=False)
class Policy:
    """What is learned, and what is known of how.

    Attributes:
        weights: Matrices (in, out) and biases (out,) in turn, float32; the last gives one number.
        mean: float32 (F,), of the features in training.
        spread: float32 (F,), their standard deviation, above 0.
        low: float32 (F,), least of each feature in training (0.1 per cent quantile).
        high: float32 (F,), largest (99.9 per cent quantile).
        recent: Descent of the plan for recent traffic.
        memory: What the plans look at.
        prior: Fingerprint of the paths of a network -> float32 (P,) logits its plan starts from.
        metadata: How it was trained and how it did; JSON values only.
    """

    weights: tuple[FloatArray, ...]
    mean: FloatArray
    spread: FloatArray
    low: FloatArray
    high: FloatArray
    recent: Descent = field(default_factory=Descent)
    memory: Memory = field(default_factory=Memory)
    prior: Mapping[str, FloatArray] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        width = len(FEATURES)
        for name in ("mean", "spread", "low", "high"):
            _check_array(name, getattr(self, name), (width,))
        if not (self.spread > 0).all() or (self.low > self.high).any():
            raise PolicyFileError("the policy's spread or ranges are impossible: export it again")
        for name, logits in self.prior.items():
            _check_array(f"prior {name[:8]}", logits, (logits.size,))
        if not isinstance(self.metadata, Mapping):
            raise PolicyFileError("the policy's metadata is no mapping: export it again")
        _check_positive(self.recent, may_be_0=("momentum", "hop_cost"))
        _check_positive(self.memory, may_be_0=("towards_newest", "averaging"))
        for matrix, bias in zip(self.weights[::2], self.weights[1::2], strict=True):
            _check_array("weights", matrix, (width, len(bias)))
            _check_array("bias", bias, (len(bias),))
            width = len(bias)
        if width != 1 or not self.weights:
            raise PolicyFileError("the policy's last layer must give one number a path")

    def correction(self, seen: FloatArray) -> FloatArray:
        """(..., F) features to (...) changes of logits, within +-4."""
        values = (seen.astype(np.float32) - self.mean) / self.spread
        last = len(self.weights) // 2 - 1
        for layer in range(last + 1):
            values = values @ self.weights[2 * layer] + self.weights[2 * layer + 1]
            if layer < last:
                np.maximum(values, 0.0, out=values)
        answer: FloatArray = REACH * np.tanh(values[..., 0].astype(np.float64) / REACH)
        return answer

    def outside(self, seen: FloatArray) -> float:
        """Part of the features beyond what training saw, 0 to 1: drift, or another kind of traffic.

        A tenth of the range is allowed on each side.
        """
        margin = 0.1 * (self.high - self.low) + 1e-6
        far = (seen < self.low - margin) | (seen > self.high + margin)
        return float(far.mean())

    def advisor(self, paths: CandidatePaths) -> "PolicyAdvisor":
        """The policy at work over some paths."""
        return PolicyAdvisor(self, paths)


class Trust:
    """How far corrections are followed: all the way until the plan alone would have done better.

    Both are judged on each interval that came, as the two plans of a `Blend` are, so a policy on
    traffic unlike what it was trained on falls back to its plan by itself.
    """

    def __init__(self) -> None:
        self._advantage = 0.0
        self._judged = 0

    @property
    def share(self) -> float:
        """Part of each correction to carry out, 0 to 1."""
        return float(min(1.0, 2.0 / (1.0 + np.exp(-_KEENNESS * self._advantage))))

    def judge(self, corrected: float, planned: float) -> None:
        """Takes the largest utilisations that both would have had."""
        if corrected > 0 and planned > 0:
            self._judged += 1
            rate = max(1.0 / _HORIZON, 1.0 / self._judged)
            self._advantage += rate * (float(np.log(planned / corrected)) - self._advantage)


class PolicyAdvisor:
    """Plan, then correction as far as it is trusted; see `Advisor`.

    On a small network the plan is renewed within the decision. On a large one the decision is taken
    first, over the plan of the interval before and for the pairs that offer most; `think` renews
    the plan after the answer was given.

    Attributes:
        splits: float64 (P,), the last answer.
        seen: float64 (rows, F), features of the paths the last decision was about.
        answers_first: Whether the plan is renewed by `think`.
    """

    def __init__(self, policy: Policy, paths: CandidatePaths) -> None:
        self.policy, self.paths = policy, paths
        self.answers_first = paths.hops.size > _INLINE_HOPS
        prior = policy.prior.get(fingerprint(paths)) if policy.prior else None
        if prior is not None and prior.shape != paths.pair.shape:
            prior = None
        self.plan = plan_for(paths, policy.recent, policy.memory, prior)
        self.history = History(len(paths.pairs), policy.memory.capacity)
        self.base = self.splits = self.plan.splits(None)
        self.seen = np.zeros((len(paths.pair), len(FEATURES)))
        self.trust = Trust()
        self._averages: Averages | None = None
        self._corrected = self.base
        self._to_think: Observation | None = None

    def advise(self, seen: Observation) -> FloatArray:
        """Takes the interval just over; see `Advisor`."""
        if self.answers_first:
            return self._advise_critical(seen)
        self._judge(seen)
        logits, alive = self.look(seen)
        correction = self.policy.correction(self.seen)
        splits = self.act(logits + self.trust.share * correction, alive, seen)
        full = self.trust.share == 1.0
        self._corrected = splits if full else self._softmax(logits + correction, alive)
        return splits

    def _judge(self, seen: Observation) -> None:
        """Would corrections have helped in the interval just over?"""
        both = np.stack([self._corrected, self.base])
        self.trust.judge(*map(float, self.paths.max_utilisation(both, seen.demands[None])))

    def think(self) -> None:
        """Renews the plan of a large network with what the last decision saw."""
        if self._to_think is not None:
            self._renew(self._to_think)
            self._to_think = None

    def look(self, seen: Observation) -> tuple[FloatArray, BoolArray | None]:
        """First half of a decision: renews plan and features.

        Returns:
            float64 (P,) logits of the plan, and bool (P,) usable paths, None for all.
        """
        alive = self._renew(seen)
        logits = np.log(self.base.clip(_LEAST))
        self.seen = features(self.paths, self._average(seen), logits, self.base, alive)
        return logits, alive

    def act(self, logits: FloatArray, alive: BoolArray | None, seen: Observation) -> FloatArray:
        """Second half: float64 (P,) splits from corrected logits."""
        self.splits = on_live_paths(self.paths, self._softmax(logits, alive), seen.link_up)
        return self.splits

    def _softmax(self, logits: FloatArray, alive: BoolArray | None) -> FloatArray:
        return self.paths.softmax(logits if alive is None else np.where(alive, logits, -1e9))

    def _renew(self, seen: Observation) -> BoolArray | None:
        self.history.add(seen.demands)
        alive = live_paths(self.paths, seen.link_up)
        self.plan.update(self.history, alive)
        self.base = self.plan.splits(alive)
        return alive

    def _average(self, seen: Observation) -> Averages:
        loads = seen.link_load
        if loads is None:
            loads = self.paths.link_loads(self.splits * seen.demands[self.paths.pair])
        before = self._averages
        self._averages = (
            before.after(seen.demands, loads) if before else Averages.begin(seen.demands, loads)
        )
        return self._averages

    def _advise_critical(self, seen: Observation) -> FloatArray:
        averages = self._average(seen)
        pairs = critical_pairs(seen.demands, _CRITICAL_PAIRS)
        rows = self.paths.rows_of(pairs)
        some = self.paths.only(pairs, rows)
        alive = live_paths(some, seen.link_up)
        base = self.base[rows]
        logits = np.log(base.clip(_LEAST))
        planned = averages.loads[1] / self.paths.network.capacity
        self.seen = features(some, averages.of_pairs(pairs), logits, base, alive, planned)
        logits += self.policy.correction(self.seen)
        splits = self.base.copy()
        splits[rows] = some.softmax(logits if alive is None else np.where(alive, logits, -1e9))
        self.splits = on_live_paths(self.paths, splits, seen.link_up)
        self._to_think = seen
        return self.splits


def shipped() -> tuple[str, ...]:
    """Names of the policies that come with Headway."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.npz")))


def locate(policy: str) -> Path:
    """The file of a policy: one that comes with Headway, by name, or any other, by path.

    Raises:
        PolicyFileError: There is no such file.
    """
    path = _SHIPPED / f"{policy}.npz" if policy in shipped() else Path(policy)
    if not path.is_file():
        names = ", ".join(shipped())
        raise PolicyFileError(
            f"no policy {policy!r}: give {names}, or the file that 'headway train' wrote"
        )
    return path


def fingerprint(paths: CandidatePaths) -> str:
    """Names a network with its candidate paths; capacities count by their ratio."""
    network = paths.network
    digest = hashlib.sha256()
    relative = np.round(network.capacity / network.capacity.max(), 6)
    for array in (network.ends, relative, paths.pairs, paths.pair, paths.hops):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]


# --- the file -----------------------------------------------------------------------------------


def save(policy: Policy, path: Path) -> str:
    """Writes the file whole or not at all; returns its SHA-256."""
    arrays: dict[str, np.ndarray] = {
        f"weights_{i}": w.astype(np.float32) for i, w in enumerate(policy.weights)
    }
    arrays |= {name: getattr(policy, name) for name in ("mean", "spread", "low", "high")}
    arrays |= {f"prior_{key}": value.astype(np.float32) for key, value in policy.prior.items()}
    head = {
        "format": FORMAT, "features": list(FEATURES), "recent": asdict(policy.recent),
        "memory": asdict(policy.memory), "metadata": dict(policy.metadata),
    }  # fmt: skip
    arrays["head"] = np.frombuffer(json.dumps(head, sort_keys=True).encode(), np.uint8)
    arrays["digest"] = np.frombuffer(_digest(arrays), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    content = buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
    return hashlib.sha256(content).hexdigest()


def load(path: Path) -> Policy:
    """Reads a policy file.

    Raises:
        PolicyFileError: It is none, truncated, changed since it was written, or of another
            version; the message says which.
    """
    arrays = _read(path)
    if not {"head", "digest"} <= arrays.keys():
        raise PolicyFileError(f"{path}: not a policy; give the .npz that 'headway train' wrote")
    digest = arrays.pop("digest", np.zeros(0, np.uint8)).tobytes()
    if digest != _digest(arrays):
        raise PolicyFileError(f"{path}: changed since it was written (its hash differs); "
                              "get the file again")  # fmt: skip
    try:
        head = json.loads(arrays["head"].tobytes())
        if head["format"] != FORMAT or tuple(head["features"]) != FEATURES:
            raise PolicyFileError(f"{path}: made for another version of Headway; train it again")
        count = sum(name.startswith("weights_") for name in arrays)
        return Policy(
            weights=tuple(arrays[f"weights_{i}"] for i in range(count)),
            **{name: arrays[name] for name in ("mean", "spread", "low", "high")},
            recent=Descent(**head["recent"]), memory=Memory(**head["memory"]),
            prior={n[6:]: a for n, a in arrays.items() if n.startswith("prior_")},
            metadata=head["metadata"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyFileError(f"{path}: not a policy of Headway ({error})") from error


def _read(path: Path) -> dict[str, np.ndarray]:
    if path.stat().st_size > _MOST_BYTES:
        raise PolicyFileError(f"{path}: larger than any policy of Headway")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            sizes = sum(info.file_size for info in archive.zip.infolist())
            if sizes > _MOST_BYTES:
                raise PolicyFileError(f"{path}: larger than any policy of Headway")
            return {name: archive[name] for name in archive.files}
    except (
        ValueError, TypeError, EOFError, zipfile.BadZipFile, AttributeError, NotImplementedError
    ) as error:  # fmt: skip
        raise PolicyFileError(f"{path}: not a policy file, or truncated; give the .npz that "
                              "'headway train' wrote") from error  # fmt: skip


def _digest(arrays: Mapping[str, np.ndarray]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.digest()


def _check_positive(settings: Descent | Memory, may_be_0: tuple[str, ...]) -> None:
    for name, value in asdict(settings).items():
        known = isinstance(value, int | float) and np.isfinite(value)
        if not known or value < 0 or (value == 0 and name not in may_be_0):
            raise PolicyFileError(f"the policy's {name} is {value!r}: export it again")


def _check_array(name: str, array: FloatArray, shape: tuple[int, ...]) -> None:
    if array.shape != shape or not np.isfinite(array).all():
        raise PolicyFileError(
            f"the policy's {name} has shape {array.shape} or is not finite; {shape} is needed"
        )
