"""Training: it learns, goes on exactly after a kill, repeats itself, refuses nonsense."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.advice.network import Network
from headway.cli import main
from rl_agent.matrices import Matrices, save

pytestmark = [
    pytest.mark.learning,
    pytest.mark.filterwarnings("ignore"),  # of torch, tensorboard and stable-baselines3
]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def _needs_torch() -> None:
    pytest.importorskip("stable_baselines3", reason="needs the extra 'train'")


def diamond(folder: Path) -> Path:
    """Two ways from 0 to 3; one has three times the capacity, so an even split is bad."""
    ends = [(0, 1), (1, 3), (0, 2), (2, 3)]
    ends += [(b, a) for a, b in ends]
    network = Network(
        ("0", "1", "2", "3"), np.array(ends, np.int32), np.array([3.0, 3.0, 1.0, 1.0] * 2)
    )
    matrices = np.zeros((300, 4, 4))
    matrices[:, 0, 3] = np.random.default_rng(0).uniform(1.0, 2.0, 300)
    path = folder / "diamond.npz"
    save(Matrices(network, matrices, 1.0, "same as capacity"), path)
    return path


def section(**changes: Any) -> dict[str, Any]:
    """The shipped one, smaller, and without a plan that would know the answer."""
    from rl_agent.training.settings import section as shipped

    small = {"n_envs": 4, "n_steps": 32, "batch_size": 64, "env_kwargs": {"episode_length": 16},
             "policy_kwargs": {"width": 8, "depth": 1, "log_std_init": -1.0},
             "warm_start": {"rounds": 2, "batch": 4, "steps": 8}}  # fmt: skip
    return {**shipped("ppo", "headway/TrafficMatrix-v0"), **small, **changes}


def spec(steps: int, folder: Path, **changes: Any) -> Any:
    from rl_agent.training.spec import Spec

    plain = Spec("headway/TrafficMatrix-v0", {"matrices": str(diamond(folder))}, "ppo",
                 section(), steps, seed=1, warm_start=False)  # fmt: skip
    return replace(plain, **changes)


def run(asked: Any, folder: Path, **options: Any) -> Any:
    from rl_agent.training.run import train

    return train(asked, folder, lambda *_: None, **options)


def weights(folder: Path) -> dict[str, np.ndarray]:
    """Of the last checkpoint, with the optimiser's."""
    import io

    from stable_baselines3 import PPO

    from rl_agent.training import checkpoint

    found = checkpoint.latest(folder / "checkpoints")
    assert found is not None
    model = PPO.load(io.BytesIO(found.model))
    kept = {name: value.numpy() for name, value in model.policy.state_dict().items()}
    moments = model.policy.optimizer.state_dict()["state"]
    return kept | {f"moment {k}": v["exp_avg"].numpy() for k, v in moments.items()}


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_reinforcement_learning_alone_learns_the_skew(tmp_path: Path) -> None:
    learner = section(n_envs=16, learning_rate=1e-2, clip_range=0.3)
    asked = spec(20_000, tmp_path, hyperparameters=learner)
    outcome = run(asked, tmp_path / "run")
    even, learned = outcome.evaluations[0][1], outcome.evaluations[-1][1]
    assert even == pytest.approx(-2.0, abs=0.01)  # half of all on a quarter of the capacity
    assert learned > -1.08


def test_a_warm_start_learns_the_skew_without_exploring(tmp_path: Path) -> None:
    learner = section(warm_start={"rounds": 20, "batch": 8, "steps": 8, "learning_rate": 1e-2})
    outcome = run(spec(0, tmp_path, warm_start=True, hyperparameters=learner), tmp_path / "run")
    assert outcome.steps == 0
    from rl_agent.environments import chance
    from rl_agent.environments.traffic_matrix import TrafficMatrixEnv
    from rl_agent.training.path_network import PathNetwork
    from rl_agent.training.settings import decode
    from rl_agent.training.warm_start import collect, warm_start

    core = TrafficMatrixEnv(matrices=diamond(tmp_path), episode_length=16).core
    actor = PathNetwork(core.observation_shape[1], 8, 1)
    settings = decode(learner, "ppo").warm_start
    assert settings is not None
    warm_start(actor, [core], settings, 0, lambda *_: None)
    _, ratio = collect(actor, core, core.initial(chance.keys(5, 8)), 16)
    assert ratio < 1.05


def test_the_same_seed_learns_the_same(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(spec(512, tmp_path, seed=seed, warm_start=True), tmp_path / name)
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_a_run_that_stopped_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    constant = section(learning_rate=1e-3)  # no schedule over a length that changes
    run(spec(768, tmp_path, hyperparameters=constant), tmp_path / "whole")
    run(spec(256, tmp_path, hyperparameters=constant), tmp_path / "parts")
    outcome = run(None, tmp_path / "parts", steps=768)
    assert outcome.steps == 768
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_a_killed_run_goes_on_and_equals_one_that_was_not(tmp_path: Path) -> None:
    yaml = tmp_path / "own.yml"
    yaml.write_text(json.dumps({"headway/TrafficMatrix-v0": section()}))
    begin = ["--matrices", str(diamond(tmp_path)), "--hyperparameters", str(yaml),
             "--steps", "2560", "--seed", "3"]  # fmt: skip
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = [sys.executable, "-m", "headway", "train", "--output", str(killed), *begin]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:  # a kill in the middle of learning
        if line.startswith("learning: 1024/"):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    (killed / "checkpoints" / "checkpoint-000000009999.pickle.partial").write_bytes(b"half")
    assert main(["train", "--resume", "--output", str(killed)]) == 0
    assert not list(killed.rglob("*.partial"))
    assert main(["train", "--output", str(whole), *begin]) == 0
    assert same(weights(killed), weights(whole))


def test_a_damaged_checkpoint_is_an_error(tmp_path: Path, capsys: Any) -> None:
    run(spec(128, tmp_path), tmp_path / "run")
    newest = max((tmp_path / "run" / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:1000])
    assert main(["train", "--resume", "--output", str(tmp_path / "run")]) == 2
    assert "is damaged" in capsys.readouterr().err


def test_what_is_exported_answers_as_what_was_trained(tmp_path: Path) -> None:
    """torch, NumPy and onnxruntime; and the card names the file's digest and a working command."""
    import hashlib
    import shlex

    import onnxruntime
    import torch

    from controller.advice.policy import load
    from headway.cli import _parser
    from rl_agent.training import checkpoint

    with_plan = {"matrices": str(diamond(tmp_path)), "base": "online-gradient"}
    asked = spec(256, tmp_path, warm_start=True, env_kwargs=with_plan)
    files = run(asked, tmp_path / "run").files
    policy = load(files["policy"])
    rows = np.random.default_rng(0).uniform(0, 3, (50, len(policy.mean))).astype(np.float32)

    session = onnxruntime.InferenceSession(files["onnx"], providers=["CPUExecutionProvider"])
    (by_onnx,) = session.run(None, {"features": rows})
    assert np.allclose(by_onnx, policy.correction(rows), atol=1e-5)

    found = checkpoint.latest(tmp_path / "run" / "checkpoints")
    assert found is not None
    best = max(found.evaluations, key=lambda entry: entry[1])[0]
    if best == found.steps:  # else the checkpoint's actor is another
        by_torch = 4.0 * _actor(found)(torch.as_tensor(rows)).detach().numpy()
        assert np.allclose(by_torch, policy.correction(rows), atol=1e-5)

    text = files["card"].read_text()
    assert hashlib.sha256(files["policy"].read_bytes()).hexdigest() in text
    line = next(line for line in text.splitlines() if line.startswith("    headway train"))
    assert _parser().parse_args(shlex.split(line)[1:]).seed == asked.seed


def test_one_policy_learns_on_several_networks(tmp_path: Path) -> None:
    from controller.advice.policy import load

    values = section(env_kwargs={"episode_length": 16, "base": "online-gradient"})
    asked = spec(0, tmp_path, hyperparameters=values, warm_start=True, also=("ring,n=4",))
    outcome = run(asked, tmp_path / "run")
    policy = load(outcome.files["policy"])
    assert len(policy.prior) == 1  # only of what was recorded; made-up traffic says nothing
    assert policy.metadata["also"] == ["ring,n=4"]
    assert str(tmp_path) not in outcome.files["card"].read_text()


def test_parameters_of_any_actor_make_the_same_policy() -> None:
    import torch

    from controller.advice.observe import FEATURES
    from controller.advice.policy import Policy
    from rl_agent.training.export import parameters
    from rl_agent.training.path_network import PathNetwork

    torch.manual_seed(0)
    actor = PathNetwork(len(FEATURES), 16, 2)
    torch.nn.init.normal_(actor.rate.weight, std=2.0)
    rows = torch.randn(40, len(FEATURES))
    actor.fit(3.0 * torch.randn(100, len(FEATURES)) + 1.0)
    ends = np.zeros(len(FEATURES)), np.ones(len(FEATURES))
    exported = Policy(*parameters(actor), *ends).correction(rows.numpy())
    assert np.abs(exported).max() > 1.0
    assert np.allclose(exported, 4.0 * actor(rows).detach().numpy(), atol=1e-5)


def test_without_a_plan_nothing_is_exported(tmp_path: Path) -> None:
    assert run(spec(128, tmp_path), tmp_path / "run").files == {}


def _actor(found: Any) -> Any:
    import io

    from stable_baselines3 import PPO

    return PPO.load(io.BytesIO(found.model)).policy.actor


def test_stable_baselines3_is_content_with_the_environment() -> None:
    from stable_baselines3.common.env_checker import check_env

    from rl_agent.environments.traffic_matrix import TrafficMatrixEnv

    check_env(TrafficMatrixEnv("ring,n=4"), skip_render_check=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--topology", "ring,n=4", "--algo", "sac"], "no algorithm is called 'sac'"),
        (["--env", "headway/Nope-v0"], "no section headway/Nope-v0"),
        ([], "give topology"),
        (["--topology", "rnig"], "no topology is called 'rnig'"),
        (["--matrices", "nowhere.npz"], "nowhere.npz"),
        (["--topology", "ring", "--env-kwargs", "window"], "write KEY=VALUE"),
        (["--topology", "ring", "--env-kwargs", "wndow=3"], "no option is called"),
        (["--topology", "ring", "--seed", "-1"], "seed 0 to"),
        (["--resume"], "no run to resume"),
        (["--topology", "ring", "--workers", "99"], "99 workers for 16"),
        (["--env", "headway/Jobs-v0", "--topology", "leafspine,leaves=2,hosts=1"], "5 hosts"),
    ],
)
def test_bad_input_is_exit_2_and_leaves_nothing(
    arguments: list[str], message: str, tmp_path: Path, capsys: Any
) -> None:
    assert main(["train", "--output", str(tmp_path / "run"), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (["--seed", "2"], "begun with seed 1: leave --seed out"),
        (["--algo", "a2c"], "begun with algo ppo: leave --algo out"),
        (["--env", "headway/Jobs-v0"], "leave --env out"),
        (["--holdout", "0.3"], "begun with holdout 0.2: leave --holdout out"),
        (["--no-warm-start"], "begun with warm-start True: leave --no-warm-start out"),
        (["--workers", "2"], "begun with workers 0: leave --workers out"),
        (["--address", "auto"], "leave --address out"),
    ],
)
def test_a_run_that_goes_on_is_told_nothing_else(
    told: list[str], message: str, tmp_path: Path, capsys: Any
) -> None:
    from rl_agent.training.spec import begin

    folder = tmp_path / "run"
    begin(spec(128, tmp_path, warm_start=True), folder)
    (folder / "half.partial").write_bytes(b"half")
    assert main(["train", "--resume", "--output", str(folder), *told]) == 2
    assert message in capsys.readouterr().err
    assert (folder / "half.partial").exists()


def test_a_run_that_goes_on_may_be_told_what_it_is(tmp_path: Path) -> None:
    run(spec(128, tmp_path), tmp_path / "run")
    as_begun = ["--seed", "1", "--algo", "ppo", "--no-warm-start", "--holdout", "0.2"]
    assert main(["train", "--resume", "--output", str(tmp_path / "run"), *as_begun]) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_stepz": 3}, "knows no 'n_stepz'"),
        ({"n_envs": 0}, "n_envs must be at least 1"),
        ({"learning_rate": "lin_fast"}, "is no schedule"),
        ({"warm_start": {"round": 3}}, "round"),
    ],
)
def test_bad_hyperparameters_say_which(changes: dict[str, Any], message: str) -> None:
    from rl_agent.errors import TrainingError
    from rl_agent.training.settings import decode

    with pytest.raises(TrainingError, match=message):
        decode(section(**changes), "ppo")


def test_a_folder_holds_one_run(tmp_path: Path, capsys: Any) -> None:
    run(spec(128, tmp_path), tmp_path / "run")
    assert main(["train", "--topology", "ring,n=4", "--output", str(tmp_path / "run")]) == 2
    assert "holds a run" in capsys.readouterr().err


@pytest.mark.slow
def test_two_ray_workers_learn_what_one_process_learns(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    learner = section(n_envs=8, learning_rate=1e-2)
    results = {}
    for workers in (0, 1, 2):
        asked = spec(4096, tmp_path, hyperparameters=learner, workers=workers)
        results[workers] = run(asked, tmp_path / str(workers)).evaluations[-1][1]
    assert results[1] == pytest.approx(results[2], abs=0.05)
    assert results[0] == pytest.approx(results[2], abs=0.05)
