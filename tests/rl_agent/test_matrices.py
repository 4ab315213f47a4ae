"""Files of matrices and of tunnels: what is written is read, and everything else is refused."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_networks import SQUARE, square_matrices

from rl_agent.errors import MatricesError, TunnelError
from rl_agent.matrices import load, save
from rl_agent.tunnels import load_tunnels, usual_paths

DATA = Path(os.environ.get("HEADWAY_DATA", Path(__file__).parents[3] / "shared" / "data"))

Arrays = dict[str, Any]


def good_arrays() -> Arrays:
    matrices = square_matrices()
    return {
        "nodes": np.array(SQUARE.nodes), "links": SQUARE.ends, "capacity": SQUARE.capacity,
        "matrices": matrices.matrices, "interval_s": np.array(300.0), "unit": np.array("bit/s"),
    }  # fmt: skip


def changed(key: str, change: Callable[[Any], Any]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {**arrays, key: change(arrays[key].copy())}


def with_value(key: str, where: tuple[int, ...], value: float) -> Callable[[Arrays], Arrays]:
    def put(array: Any) -> Any:
        array[where] = value
        return array

    return changed(key, put)


BAD: list[tuple[str, Callable[[Arrays], Arrays], str]] = [
    ("NaN", with_value("matrices", (3, 0, 1), np.nan), "matrix 3 has NaN"),
    ("infinity", with_value("matrices", (3, 0, 1), np.inf), "NaN or infinity"),
    ("negative", with_value("matrices", (2, 0, 1), -1), "matrix 2 has negative"),
    ("to itself", with_value("matrices", (0, 1, 1), 1), "sends to itself"),
    ("one dimension less", changed("matrices", lambda m: m[0]), r"give \(T, 4, 4\)"),
    ("other nodes", changed("matrices", lambda m: m[:, :3, :3]), r"give \(T, 4, 4\)"),
    ("no matrix", changed("matrices", lambda m: m[:0]), "T at least 1"),
    ("no traffic", changed("matrices", lambda m: m * 0), "no traffic at all"),
    ("words for numbers", changed("matrices", lambda m: m.astype(str)), "give numbers"),
    ("objects", changed("matrices", lambda m: m.astype(object)), "Python objects"),
    ("no key", lambda arrays: {k: v for k, v in arrays.items() if k != "unit"}, "no unit in it"),
    ("odd unit", changed("unit", lambda _: np.array("100 byte / 5 min")), "is no rate"),
    ("another unit", changed("matrices", lambda m: m * 1e9), "in one unit"),
    ("negative time", changed("interval_s", lambda _: np.array(-1.0)), "interval_s is -1"),
    ("capacity 0", with_value("capacity", (0,), 0), "above 0"),
    ("capacity NaN", with_value("capacity", (0,), np.nan), "above 0"),
    ("fewer capacities", changed("capacity", lambda c: c[1:]), r"give \(E, 2\) and \(E,\)"),
    ("unknown node", with_value("links", (0, 0), 9), "nodes 0 to 3"),
    ("huge node", changed("links", lambda e: e.astype(np.int64) + 2**32), "nodes 0 to 3"),
    ("links of floats", changed("links", lambda e: e.astype(float)), "E x 2 integers"),
    ("loop", with_value("links", (0, 1), 0), "joins a node to itself"),
    ("one name twice", changed("nodes", lambda n: np.array(["a", "a", "b", "c"])), "one name"),
    ("cut in two", lambda a: {**a, "links": a["links"][:2], "capacity": a["capacity"][:2]},
     "disconnected"),
    ("one way", lambda a: {**a, "links": a["links"][:6:2], "capacity": a["capacity"][:6:2]},
     "disconnected"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_arrays_are_refused(
    tmp_path: Path, change: Callable[[Arrays], Arrays], message: str
) -> None:
    path = tmp_path / "m.npz"
    np.savez(path, **change(good_arrays()))
    with pytest.raises(MatricesError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    matrices = square_matrices()
    save(matrices, tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    assert again.network.nodes == SQUARE.nodes
    assert (again.network.ends == SQUARE.ends).all()
    assert again.matrices == pytest.approx(matrices.matrices, rel=1e-6)
    assert (again.interval_s, again.unit) == (1.0, "bit/s")
    assert os.listdir(tmp_path) == ["m.npz"]


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"hello", b"PK\x03\x04" + bytes(50)):
        (tmp_path / "m.npz").write_bytes(content)
        with pytest.raises(MatricesError, match=r"not a whole .npz"):
            load(tmp_path / "m.npz")


def test_a_truncated_or_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez_compressed(path, **good_arrays())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MatricesError):
        load(path)
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes(64) + whole[middle + 64 :])
    with pytest.raises(MatricesError):
        load(path)


def test_a_header_that_claims_more_than_there_is_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez(path, **good_arrays())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    huge = b"{'descr': '<f8', 'fortran_order': False, 'shape': (9999999, 4, 4), }"
    header = huge.ljust(117) + b"\n"
    members["matrices.npy"] = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(MatricesError, match="more than the file holds"):
        load(path)


def test_a_file_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl_agent.matrices._BYTES_MAX", 1000)
    np.savez_compressed(tmp_path / "m.npz", **good_arrays())
    with pytest.raises(MatricesError, match="unpacks to more"):
        load(tmp_path / "m.npz")


def test_parts_of_time_share_nothing() -> None:
    matrices = square_matrices(10)
    first, rest = matrices.split(0.6)
    assert (len(first), len(rest)) == (6, 4)
    assert (np.concatenate([first.matrices, rest.matrices]) == matrices.matrices).all()
    for fraction in (0.0, 1.0, 0.01, 2.0, -1.0):
        with pytest.raises(MatricesError, match="empty part"):
            matrices.split(fraction)


# --- tunnels --------------------------------------------------------------------------------------

RING = [{"src": a, "dst": (a + 1) % 4, "paths": [[a, (a + 1) % 4]]} for a in range(4)]


def test_tunnels_are_paths_of_the_network(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps([*RING, {"src": 0, "dst": 2, "paths": [[0, 1, 2], [0, 3, 2]]}]))
    paths = load_tunnels(path, SQUARE)
    assert paths.pairs.tolist() == [[0, 1], [0, 2], [1, 2], [2, 3], [3, 0]]
    assert paths.per_pair.tolist() == [1, 2, 1, 1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "the file is a list"),
        ("{}", "the file is a list"),
        ('[{"src": 0}]', "entry 0 is not of this form"),
        ('[{"src": 0, "dst": 1, "paths": []}]', "entry 0 is not of this form"),
        ('[{"src": "a", "dst": 1, "paths": [[0, 1]]}]', "entry 0 is not of this form"),
        ('[{"src": 0, "dst": 1, "paths": [[0, 2]]}]', "from 0 to 1; got"),
        ('[{"src": 0, "dst": 2, "paths": [[0, 2]]}]', "no link from 0 to 2"),
        ('[{"src": 0, "dst": 1, "paths": [[0, 3, 0, 1]]}]', "nodes once each"),
        ('[{"src": 0, "dst": 1, "paths": [[0, 1.0]]}]', "nodes once each"),
        ('[{"src": 0, "dst": 1, "paths": ["01"]}]', "nodes once each"),
        (json.dumps(RING + RING[:1]), "twice"),
    ],
)
def test_malformed_tunnels_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(TunnelError, match=message) as caught:
        load_tunnels(path, SQUARE)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["abilene", "pod_b"])
def test_published_files_are_read(name: str) -> None:
    path = DATA / "te" / f"{name}-train.npz"
    if not path.exists():
        pytest.skip("needs the published matrices; HEADWAY_DATA names their folder")
    matrices = load(path)
    assert matrices.sources == list(range(len(matrices.network.nodes)))
    assert len(usual_paths(matrices.network).pairs) == len(matrices.sources) ** 2 - len(
        matrices.sources
    )
