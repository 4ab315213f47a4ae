"""Traffic matrices of one network over time: the frozen data, and its `.npz` form.

Owns what must hold between matrices and network, and refuses everything else with a message that
says what to do. Makes no traffic (`traffic`) and judges nobody (`evaluate`).

The file form: `nodes` (N names), `links` (E x 2 node indices, directed), `capacity` (E), `matrices`
(T x N x N, row = source, zero diagonal), `interval_s` (0 = not told), `unit`.
"""

import os
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from controller.advice.errors import NetworkError
from controller.advice.network import FloatArray, Network
from rl_agent.errors import MatricesError
from topologies.units import read_rate

SAME_UNIT = "same as capacity"
_KEYS = ("nodes", "links", "capacity", "matrices", "interval_s", "unit")
_BYTES_MAX = 2 << 30  # of one file, unpacked
# Offered traffic to capacity of all links, over the whole file. Real networks lie around 0.01 to 1;
# beyond these somebody mixed bit/s with Mbit/s.
_LEAST_LOAD, _MOST_LOAD = 1e-6, 1e3


@dataclass(frozen=True, eq=False)
class Matrices:
    """Traffic matrices over time.

    Attributes:
        network: Whose nodes the rows and columns are; strongly connected.
        matrices: float64 (T, N, N), row = source, none negative, diagonal 0, in the unit of
            the capacities.
        interval_s: Seconds between two; 0 where nobody told.
        unit: A rate such as "bit/s", or "same as capacity".

    Raises:
        MatricesError: Any of this does not hold.
    """

    network: Network
    matrices: FloatArray
    interval_s: float
    unit: str

    def __post_init__(self) -> None:
        _check_unit(self.unit)
        if not (np.isfinite(self.interval_s) and self.interval_s >= 0):
            raise MatricesError(f"interval_s is {self.interval_s}: give seconds, 0 if not known")
        _check_names(self.network)
        _check_connected(self.network)
        _check_matrices(self.matrices, self.network)

    def __len__(self) -> int:
        return len(self.matrices)

    def between(self, begin: int, end: int) -> "Matrices":
        """Matrices `begin` to `end` (not included)."""
        return Matrices(self.network, self.matrices[begin:end], self.interval_s, self.unit)

    def split(self, fraction: float) -> tuple["Matrices", "Matrices"]:
        """The first `fraction` of the time, and the rest: nothing of the rest leaks into the first.

        Raises:
            MatricesError: Either part would be empty.
        """
        cut = round(len(self) * fraction)
        if not 0 < cut < len(self):
            raise MatricesError(
                f"{fraction:g} of {len(self)} matrices leaves an empty part: "
                "choose another fraction, or give more matrices"
            )
        return self.between(0, cut), self.between(cut, len(self))

    @property
    def sources(self) -> list[int]:
        """Nodes that ever send or receive, ascending."""
        busy = self.matrices.any(axis=(0, 1)) | self.matrices.any(axis=(0, 2))
        return [int(node) for node in np.flatnonzero(busy)]


def load(path: Path) -> Matrices:
    """Reads a file, trusting nothing in it.

    Raises:
        MatricesError: It is no such file; the message names it and says what is wrong.
        OSError: It can't be opened.
    """
    try:
        with path.open("rb") as file:
            return _decode(_read(file))
    except (MatricesError, NetworkError) as error:
        raise MatricesError(f"{path}: {error}") from None


def save(matrices: Matrices, path: Path) -> None:
    """Writes the file whole or not at all; float32, as measured traffic never has more digits."""
    network = matrices.network
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        temporary = Path(file.name)
        try:
            np.savez_compressed(
                file, nodes=np.array(network.nodes), links=network.ends,
                capacity=network.capacity, matrices=matrices.matrices.astype(np.float32),
                interval_s=np.array(matrices.interval_s), unit=np.array(matrices.unit),
            )  # fmt: skip
        except BaseException:
            temporary.unlink()
            raise
    temporary.chmod(0o644)
    os.replace(temporary, path)


# --- reading --------------------------------------------------------------------------------------


def _read(file: BinaryIO) -> dict[str, NDArray[Any]]:
    """All arrays of the file, after their sizes have been believed by nobody."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = {info.filename: info for info in archive.infolist()}
            missing = [key for key in _KEYS if f"{key}.npy" not in members]
            if missing:
                raise MatricesError(f"no {', '.join(missing)} in it: a file has {', '.join(_KEYS)}")
            if sum(info.file_size for info in members.values()) > _BYTES_MAX:
                raise MatricesError(
                    f"it unpacks to more than {_BYTES_MAX >> 30} GiB: cut it into files"
                )
            return {key: _read_array(archive, members[f"{key}.npy"]) for key in _KEYS}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise MatricesError(f"not a whole .npz file ({error}): write it with numpy.savez") from None


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    """One array. Its header is held against the size of the member before memory is taken."""
    key = info.filename.removesuffix(".npy")
    try:
        with archive.open(info) as member:
            version = npy.read_magic(member)
            header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = header(member)
        if dtype.hasobject:
            raise MatricesError(
                f"{key} holds Python objects, which can run code: save plain arrays"
            )
        if (
            min(shape, default=0) < 0
            or np.prod(shape, dtype=float) * dtype.itemsize > info.file_size
        ):
            raise MatricesError(f"{key} claims shape {shape}, more than the file holds: damaged")
        with archive.open(info) as member:
            array: NDArray[Any] = npy.read_array(member, allow_pickle=False)
    except (ValueError, SyntaxError, TypeError, zlib.error) as error:
        if isinstance(error, MatricesError):
            raise
        raise MatricesError(f"{key} can't be read ({error}): write it with numpy.savez") from None
    return array


def _decode(arrays: dict[str, NDArray[Any]]) -> Matrices:
    nodes, links = arrays["nodes"], arrays["links"]
    if nodes.ndim != 1 or nodes.dtype.kind not in "USiu":
        raise MatricesError(f"nodes has shape {nodes.shape} of {nodes.dtype}: give N names")
    if links.dtype.kind not in "iu" or links.ndim != 2:
        raise MatricesError(f"links has shape {links.shape} of {links.dtype}: give E x 2 integers")
    if links.size and (links.min() < 0 or links.max() >= len(nodes)):  # before int32 wraps round
        raise MatricesError(f"links must join nodes 0 to {len(nodes) - 1}")
    for key in ("capacity", "matrices", "interval_s"):
        if arrays[key].dtype.kind not in "fiu":
            raise MatricesError(f"{key} is of {arrays[key].dtype}: give numbers")
    if arrays["interval_s"].size != 1 or arrays["unit"].size != 1:
        raise MatricesError("interval_s and unit are one value each")
    network = Network(
        tuple(map(str, nodes)), links.astype(np.int32), arrays["capacity"].astype(np.float64)
    )
    return Matrices(
        network, arrays["matrices"].astype(np.float64),
        float(arrays["interval_s"].item()), str(arrays["unit"].item()),
    )  # fmt: skip


# --- what must hold -------------------------------------------------------------------------------


def _check_unit(unit: str) -> None:
    if unit == SAME_UNIT:
        return
    try:
        read_rate(f"1 {unit}" if unit else "")
    except ValueError:
        raise MatricesError(
            f"unit {unit!r} is no rate: convert to bit/s, or say {SAME_UNIT!r} if it is"
        ) from None


def _check_names(network: Network) -> None:
    if len(set(network.nodes)) != len(network.nodes):
        raise MatricesError("two nodes have one name: rename one")
    if (network.ends[:, 0] == network.ends[:, 1]).any():
        raise MatricesError("a link joins a node to itself: remove it")


def _check_connected(network: Network) -> None:
    tails, heads = network.ends.T
    for begin, end in ((tails, heads), (heads, tails)):
        reached = np.zeros(len(network.nodes), bool)
        reached[0] = True
        count = 0
        while count != (count := int(reached.sum())):
            reached[end[reached[begin]]] = True
        if not reached.all():
            apart = network.nodes[int(np.flatnonzero(~reached)[0])]
            raise MatricesError(
                f"the network is disconnected: no way between {network.nodes[0]} and {apart} "
                "in both directions; add links"
            )


def _check_matrices(matrices: FloatArray, network: Network) -> None:
    n = len(network.nodes)
    if matrices.ndim != 3 or matrices.shape[1:] != (n, n) or not len(matrices):
        raise MatricesError(f"matrices of shape {matrices.shape}: give (T, {n}, {n}), T at least 1")
    if not np.isfinite(matrices).all():
        where = np.argwhere(~np.isfinite(matrices))[0]
        raise MatricesError(f"matrix {where[0]} has NaN or infinity: fill in or leave out gaps")
    if (matrices < 0).any():
        raise MatricesError(f"matrix {np.argwhere(matrices < 0)[0][0]} has negative traffic")
    if matrices.diagonal(axis1=1, axis2=2).any():
        raise MatricesError("a node sends to itself: the diagonal must be 0")
    load = float(matrices.sum()) / len(matrices) / float(network.capacity.sum())
    if load == 0:
        raise MatricesError("there is no traffic at all: every matrix is 0")
    if not _LEAST_LOAD <= load <= _MOST_LOAD:
        raise MatricesError(
            f"traffic is {load:.1g} of the capacity: matrices and capacities must be in one unit"
        )
