"""Topologies from elsewhere: a JSON file, or the `topohub` package.

This module owns reaching them; what the data means is the business of `nodelink` and `document`.
"""

import importlib
import json
import warnings
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from topologies.document import from_document
from topologies.errors import (
    FileFormatError,
    MissingPackageError,
    UnknownNetworkError,
    UnknownParameterError,
    did_you_mean,
)
from topologies.model import Topology
from topologies.nodelink import HOST_RATE_BPS, RATE_BPS, from_node_link
from topologies.parameters import count, rate, scale, text


def from_file(
    *,
    path: Annotated[str, text("JSON: networkx node-link data, or what 'headway topo' saved")],
    hosts: Annotated[int | None, count(0, 64, "hosts on each node; 1 if left out")] = None,
    scale: Annotated[float | None, scale("bit/s to one unit of capacity; 1 if left out")] = None,
    rate_bps: Annotated[int | None, rate("links without a capacity; 50M if left out")] = None,
    host_rate_bps: Annotated[int | None, rate("host to switch; 100M if left out")] = None,
) -> Topology:
    """Network from a JSON file, with the file's capacities and delays.

    Raises:
        FileFormatError: the file can't be read, or is of no form we know.
        UnknownParameterError: a saved topology is given hosts or rates; it has its own.
    """
    options = {"hosts": hosts, "scale": scale, "rate_bps": rate_bps, "host_rate_bps": host_rate_bps}
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    data = _read_json(Path(path))
    try:
        if "switches" not in data:
            return from_node_link(data, Path(path).stem, **given)
        if not given:
            return from_document(data)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None
    raise UnknownParameterError(
        f"{path} is a saved topology with hosts and rates of its own: give it nothing but the path"
    )


def from_topohub(
    *,
    name: Annotated[str, text("as topohub has it, such as sndlib/polska or topozoo/Geant2012")],
    hosts: Annotated[int, count(0, 64, "hosts on each node")] = 1,
    rate_bps: Annotated[int, rate("every link: topohub tells no capacities")] = RATE_BPS,
    host_rate_bps: Annotated[int, rate("host to switch")] = HOST_RATE_BPS,
) -> Topology:
    """Network from the topohub package: research and real backbones, delays from their distances.

    Raises:
        MissingPackageError: topohub is not installed.
        UnknownNetworkError: topohub has no network of this name.
    """
    topohub = _import_topohub()
    try:
        with warnings.catch_warnings():
            # topohub leaves closing its file to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            data = topohub.get(name)
    except (KeyError, ValueError):
        known = _topohub_names(topohub)
        hint = did_you_mean(name, known) or f"; it has {len(known)}, such as {known[0]}"
        raise UnknownNetworkError(f"topohub has no network {name!r}{hint}") from None
    return from_node_link(
        data, name.rpartition("/")[2], hosts=hosts, rate_bps=rate_bps, host_rate_bps=host_rate_bps
    )


_MAX_BYTES = 64 << 20


def _read_json(path: Path) -> dict[str, Any]:
    if path.exists() and (not path.is_file() or path.stat().st_size > _MAX_BYTES):
        limit = f"a file of at most {_MAX_BYTES >> 20} MiB"
        raise FileFormatError(f"{path} is not {limit}; check the path")
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise FileFormatError(f"can't read {path}: {error.strerror}; check the path") from None
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path} is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise FileFormatError(f"{path} holds a {type(data).__name__}, not a JSON object")
    return data


def _import_topohub() -> ModuleType:
    try:
        return importlib.import_module("topohub")
    except ModuleNotFoundError:
        raise MissingPackageError(
            "topohub is not installed: run 'pip install topohub' in the environment of headway"
        ) from None


def _topohub_names(topohub: ModuleType) -> list[str]:
    with resources.as_file(resources.files(topohub) / "data") as folder:
        return sorted(
            str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.json")
        )
