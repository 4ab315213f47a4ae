"""The replay, its figures, generated traffic, and the command."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shortest_paths import k_shortest
from small_networks import SQUARE, network_of_cables, square_matrices, traffic

from controller.advice.advisor import Observation
from controller.advice.network import FloatArray
from headway.cli import main
from rl_agent.contest import Problem, contest
from rl_agent.errors import MatricesError, MethodError, TrafficSpecError
from rl_agent.evaluate import Mode, course, judged, replay
from rl_agent.matrices import Matrices, save
from rl_agent.rivals.fixed import Fixed
from rl_agent.rivals.solved import PreviousLp
from rl_agent.synthetic import PRESETS, TrafficModel, generate, parse_model

PATHS = k_shortest(SQUARE, 2)
EVEN = PATHS.normalise(np.ones(len(PATHS.pair)))


class Recorder(Fixed):
    """Remembers what it was shown."""

    def __init__(self, splits: FloatArray = EVEN) -> None:
        super().__init__(PATHS, splits)
        self.seen: list[Observation] = []

    def advise(self, seen: Observation) -> FloatArray:
        self.seen.append(seen)
        return super().advise(seen)


def test_history_shows_everything_but_what_is_judged() -> None:
    over = course(PATHS, traffic(SQUARE, 10, 1), begin=4)
    advisor = Recorder()
    score = replay(advisor, over)
    assert len(score.ratios) == 6
    assert [seen.demands.tolist() for seen in advisor.seen] == over.demands[:9].tolist()


def test_without_history_the_first_matrix_is_shown_and_not_judged() -> None:
    advisor = Recorder()
    score = replay(advisor, course(PATHS, traffic(SQUARE, 10, 1)))
    assert (len(score.ratios), len(advisor.seen)) == (9, 9)


def test_a_known_matrix_is_routed_optimally() -> None:
    over = course(PATHS, traffic(SQUARE, 10, 1), over_paths=True)
    assert replay(PreviousLp(PATHS), over, Mode.KNOWN).mean == pytest.approx(1, abs=1e-6)
    assert replay(PreviousLp(PATHS), over).mean > 1.01


def test_ratios_are_those_of_the_utilisations() -> None:
    over = course(PATHS, traffic(SQUARE, 6, 2))
    expected = PATHS.max_utilisation(EVEN, over.demands[1:]) / over.optima[1:]
    assert replay(Recorder(), over).ratios == pytest.approx(expected)


def test_empty_matrices_are_not_judged() -> None:
    matrices = traffic(SQUARE, 6, 2)
    matrices[3] = 0
    assert len(replay(Recorder(), course(PATHS, matrices)).ratios) == 4


@pytest.mark.parametrize(
    ("splits", "message"),
    [(EVEN * 0.9, "sum to 1"), (EVEN * np.nan, "finite"), (EVEN[1:], "one finite number a path"),
     (EVEN + np.resize([-2.0, 2.0], len(EVEN)), "none negative")],
)  # fmt: skip
def test_splits_that_are_none_are_refused(splits: FloatArray, message: str) -> None:
    class Wrong(Recorder):
        def advise(self, seen: Observation) -> FloatArray:
            return splits

    with pytest.raises(MethodError, match=message):
        replay(Wrong(), course(PATHS, traffic(SQUARE, 4, 1)))


def test_traffic_without_a_live_path_is_told_and_left_out() -> None:
    one_way = k_shortest(SQUARE, 1)
    up = np.ones((6, len(SQUARE.ends)), bool)
    up[:, [SQUARE.link_of[0, 1], SQUARE.link_of[1, 0]]] = False
    over = course(one_way, traffic(SQUARE, 6, 1), link_up=up)
    assert 0 < over.stranded < 1
    splits = one_way.normalise(np.ones(len(one_way.pair)))
    assert replay(Fixed(one_way, splits), over).mean >= 1


def test_traffic_between_others_is_refused() -> None:
    some = k_shortest(SQUARE, 2, sources=[0, 1])
    with pytest.raises(MethodError, match="no candidate path"):
        course(some, traffic(SQUARE, 3, 1))


def test_seeds_are_averaged_and_their_spread_told() -> None:
    over = course(PATHS, traffic(SQUARE, 10, 1))
    scores = [replay(Recorder(), over), replay(PreviousLp(PATHS), over)]
    figures = judged(scores)
    assert figures["mean"] == pytest.approx((scores[0].mean + scores[1].mean) / 2)
    assert figures["mean_spread"] == pytest.approx(abs(scores[0].mean - scores[1].mean))
    assert figures["seeds"] == 2


# --- generated traffic ----------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(PRESETS)), st.integers(0, 99), st.integers(1, 60))
def test_generated_matrices_hold_what_matrices_must(name: str, seed: int, count: int) -> None:
    model = parse_model(f"{name},matrices={count},load=0.3")
    matrices = generate(SQUARE, model, seed)
    assert len(matrices) == count
    assert (matrices.matrices == generate(SQUARE, model, seed).matrices).all()
    work = matrices.matrices.mean(0)[[0, 0, 0], [1, 2, 3]].sum()
    assert work > 0


def test_only_sources_have_traffic() -> None:
    assert generate(SQUARE, TrafficModel(matrices=5), 1, [0, 2]).sources == [0, 2]


@pytest.mark.parametrize(
    ("spec", "message"),
    [("gravty", "did you mean 'gravity'"), ("heavy,lod=1", "did you mean 'load'"),
     ("heavy,load=x", "load must be"), ("bursts,bursts=2", "bursts must be 0 to 1; got '2'"),
     ("gravity,matrices=1.5", "matrices must be"), ("gravity,load=nan", "load must be")],
)  # fmt: skip
def test_traffic_specs_are_checked(spec: str, message: str) -> None:
    with pytest.raises(TrafficSpecError, match=message):
        parse_model(spec)


def test_too_much_traffic_is_refused() -> None:
    with pytest.raises(TrafficSpecError, match="two nodes"):
        generate(SQUARE, TrafficModel(), 1, [0])
    wide = network_of_cables([(0, i) for i in range(1, 100)], [1.0] * 99)
    with pytest.raises(TrafficSpecError, match="too many"):
        generate(wide, TrafficModel(matrices=100_000), 1)


# --- contests and the command ---------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save(square_matrices(30), tmp_path / "m.npz")
    return tmp_path / "m.npz"


def test_json_has_every_method(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--matrices", str(file), "--window", "4", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["methods"]
    assert {"ecmp", "static", "previous_lp", "online_gradient"} <= set(document["methods"])
    for figures in document["methods"].values():
        assert 1 <= figures["mean"] <= figures["p99"] + 1e-9
        assert figures["ms_per_decision"] > 0
        assert figures["decisions"] == 12


def test_a_table_for_people(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "--matrices", str(file), "--methods", "ecmp", "--failures", "each"]
    assert main(words) == 0
    assert "ecmp" in capsys.readouterr().out


def test_traffic_for_a_topology(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "--topology", "leafspine", "--generate", "bursts,matrices=20"]
    assert main([*words, "--methods", "ecmp,least_loaded", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["methods"]) == {"ecmp", "least_loaded"}


def test_a_rival_that_cannot_be_had_is_left_out(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--matrices", str(file), "--train-fraction", "0", "--json"]
    assert main([*words, "--methods", "static,ecmp"]) == 0
    told = capsys.readouterr()
    assert list(json.loads(told.out)["methods"]) == ["ecmp"]
    assert "static left out" in told.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give --matrices"),
        (["--matrices", "none.npz"], "none.npz: No such file"),
        (["--matrices", "FILE", "--topology", "ring"], "give --matrices"),
        (["--matrices", "FILE", "--generate", "gravity"], "goes with --topology"),
        (["--matrices", "FILE", "--methods", "none"], "nothing to judge"),
        (["--matrices", "FILE", "--methods", "emcp"], "did you mean 'ecmp'"),
        (["--matrices", "FILE", "--train-fraction", "1"], "empty part"),
        (["--topology", "ring", "--generate", "odd"], "no traffic model"),
        (["--matrices", "FILE", "--policy", "nobody"], "nobody"),
        (["--matrices", "FILE", "--limit", "0"], "--limit is 0: give 1 or more"),
        (["--matrices", "FILE", "--window", "0"], "--window is 0"),
        (["--matrices", "FILE", "--window", "-1"], "--window is -1"),
        (["--matrices", "FILE", "--seeds", "0"], "--seeds is 0"),
    ],
)
def test_mistakes_are_told_in_a_line(
    file: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["evaluate", *(str(file) if word == "FILE" else word for word in words)]) == 2
    assert message in capsys.readouterr().err


def test_training_matrices_are_of_the_same_network_and_unit(tmp_path: Path, file: Path) -> None:
    other = network_of_cables([(0, 1), (1, 2), (2, 3)], [10.0] * 3)
    save(Matrices(other, traffic(other, 9, 1), 1.0, "bit/s"), tmp_path / "other.npz")
    with pytest.raises(MatricesError, match="another network"):
        contest(Problem(matrices=file, train=tmp_path / "other.npz"), ["ecmp"])
    save(Matrices(SQUARE, traffic(SQUARE, 9, 1), 1.0, "Mbit/s"), tmp_path / "unit.npz")
    with pytest.raises(MatricesError, match="convert"):
        contest(Problem(matrices=file, train=tmp_path / "unit.npz"), ["ecmp"])
    save(square_matrices(9, 5), tmp_path / "train.npz")
    (entry,) = contest(Problem(matrices=file, train=tmp_path / "train.npz"), ["static"])
    assert entry.figures["decisions"] == 29
