"""The last turn of a running loop, saved for `headway policy explain`.

Owns one file, replaced whole, and the answers to what it can be asked: which way does the traffic
between two switches go, why, and where would it go without the agent.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from controller.advice.errors import SnapshotError
from controller.advice.messages import Message
from controller.advice.network import CandidatePaths, FloatArray, Network
from controller.advice.view import GROUPS, utilisation

FILE = "snapshot.npz"
_ARRAYS = ("ends", "capacity", "pairs", "pair", "hops", "demands", "forecast", "link_up",
           "utilisation", "current", "fallback")  # fmt: skip
Host = tuple[int, tuple[int, ...], int]


def save(folder: Path, network: Message, seen: Message, about: Mapping[str, Any]) -> None:
    """Writes the snapshot whole or not at all; `about` is plain values."""
    values = {**about, **{name: network.values.get(name) for name in ("nodes", "dpids", "places")}}
    path = folder / FILE
    part = path.with_name(f".{FILE}.{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez(file, about=np.array(json.dumps(values)), **{  # type: ignore[arg-type]
            name: array for name, array in {**network.arrays, **seen.arrays}.items()
            if name in _ARRAYS
        })  # fmt: skip
    part.replace(path)


@dataclass(frozen=True, slots=True)
class PathStory:
    """One candidate path of a pair.

    Attributes:
        nodes: Switches on the way.
        up: Whether it carries traffic.
        weights: Share of the pair's traffic now, by path group.
        fallback: Its share without an agent.
        busiest: The link that has most to carry, as "a-b".
        measured: Of the busiest link, by port counters.
        predicted: Largest utilisation on the way, with the splits in force.
        predicted_fallback: The same with equal splits.
    """

    nodes: tuple[str, ...]
    up: bool
    weights: dict[str, float]
    fallback: float
    busiest: str
    measured: float
    predicted: float
    predicted_fallback: float


@dataclass(frozen=True, slots=True)
class Story:
    """Why traffic of a pair goes where it goes.

    Attributes:
        pair: Ingress and egress switch.
        about: Time of the turn, agent, standing, and what became of its last advice.
        demand_bps: Measured, by path group.
        paths: Every candidate.
        largest: Utilisation of the network's busiest link, predicted.
        largest_fallback: The same with equal splits everywhere.
    """

    pair: tuple[str, str]
    about: dict[str, Any]
    demand_bps: dict[str, float]
    paths: tuple[PathStory, ...]
    largest: float
    largest_fallback: float


class Snapshot:
    """A snapshot that was read."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                self.about: dict[str, Any] = json.loads(str(file["about"]))
                self._arrays = {name: file[name] for name in _ARRAYS}
            nodes = tuple(map(str, self.about["nodes"]))
            network = Network(nodes, self._arrays["ends"], self._arrays["capacity"])
            self.paths = CandidatePaths(
                network, self._arrays["pairs"], self._arrays["pair"], self._arrays["hops"]
            )
        except FileNotFoundError as error:
            raise SnapshotError(
                f"no snapshot in {folder}: is 'headway run --agent ...' running with this state "
                "folder? --state chooses another"
            ) from error
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise SnapshotError(f"{path} can't be read ({error}); delete it") from error

    @property
    def splits(self) -> FloatArray:
        """float64 (G, P), in force at that turn."""
        splits: FloatArray = self._arrays["current"]
        return splits

    def switch(self, text: str) -> int:
        """The switch meant by its name or datapath id, or by a host's IP or MAC address.

        Raises:
            SnapshotError: Nothing of that name.
        """
        dpids = list(self.about.get("dpids") or [])
        names = self.paths.network.nodes
        for index, (name, dpid) in enumerate(zip(names, dpids, strict=False)):
            if text in {name, str(dpid), f"{dpid:#x}"}:
                return index
        if text in (places := self.about.get("places") or {}):
            return dpids.index(places[text])
        for mac, ips, dpid in self.about.get("hosts") or []:
            if text == mac or text in ips:
                return dpids.index(dpid)
        raise SnapshotError(f"no switch or host {text!r}; switches: {', '.join(names[:20])}")

    def explain(self, source: str, target: str) -> Story:
        """Why the traffic between two switches, or the switches of two hosts, goes as it goes.

        Raises:
            SnapshotError: They are no pair of edge switches.
        """
        pair = (self.switch(source), self.switch(target))
        names = self.paths.network.nodes[pair[0]], self.paths.network.nodes[pair[1]]
        rows = np.flatnonzero((self.paths.pairs == pair).all(1))
        if pair[0] == pair[1]:
            raise SnapshotError(f"{source} and {target} are on one switch: no path to choose")
        if not rows.size:
            raise SnapshotError(f"{names[0]} and {names[1]} are no pair of edge switches")
        row, arrays = int(rows[0]), self._arrays
        demands = np.maximum(arrays["demands"], arrays["forecast"])
        now = utilisation(self.paths, arrays["current"], demands)
        equal = utilisation(self.paths, arrays["fallback"], demands)
        about = {
            k: v for k, v in self.about.items() if k not in {"nodes", "dpids", "hosts", "places"}
        }
        return Story(
            names, about,
            {g.value: float(arrays["demands"][i, row]) for i, g in enumerate(GROUPS)},
            tuple(self._path(int(p), now, equal) for p in np.flatnonzero(self.paths.pair == row)),
            float(now.max()), float(equal.max()),
        )  # fmt: skip

    def _path(self, p: int, now: Any, equal: Any) -> PathStory:
        network, arrays = self.paths.network, self._arrays
        links = [int(e) for e in self.paths.hops[p] if e < len(network.ends)]
        busiest = max(links, key=lambda e: float(now[e]))
        ends = [network.ends[e] for e in links]
        nodes = [ends[0][0], *(head for _, head in ends)]
        return PathStory(
            tuple(network.nodes[int(v)] for v in nodes),
            bool(arrays["link_up"][links].all()),
            {g.value: float(arrays["current"][i, p]) for i, g in enumerate(GROUPS)},
            float(arrays["fallback"][0, p]),
            "-".join(network.nodes[int(v)] for v in network.ends[busiest]),
            float(arrays["utilisation"][busiest]),
            float(now[links].max()),
            float(equal[links].max()),
        )  # fmt: skip
