"""TrafficMatrix-v0: what holds for any network, traffic and action, and what Gymnasium asks for."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st
from shortest_paths import k_shortest

from controller.advice.advisor import Observation, on_live_paths
from controller.advice.network import CandidatePaths, Network
from controller.advice.observe import FEATURES, Averages
from controller.advice.policy import Policy
from rl_agent.environments import chance, register
from rl_agent.environments.traffic import Generated, Recording, lower_bounds
from rl_agent.environments.traffic_core import Options, State, TrafficMatrixCore
from rl_agent.environments.traffic_matrix import TrafficMatrixEnv, TrafficMatrixVectorEnv
from rl_agent.errors import ActionError, EnvironmentOptionError, TrafficError
from rl_agent.lp import EdgeProgram

register()
ID = "headway/TrafficMatrix-v0"


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A ring, so that one cut leaves it whole, and some chords; capacities of 1 to 10."""
    count = draw(st.integers(3, 6))
    ring = {tuple(sorted((v, (v + 1) % count))) for v in range(count)}
    chord = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    chords = {tuple(sorted(c)) for c in draw(st.lists(chord, max_size=4)) if c[0] != c[1]}
    cables = sorted(ring | chords)
    ends = np.array([end for a, b in cables for end in ((a, b), (b, a))], np.int32)
    capacity = np.array([draw(st.floats(1.0, 10.0)) for _ in cables]).repeat(2)
    return Network(tuple(map(str, range(count))), ends, capacity)


@st.composite
def cores(draw: st.DrawFn) -> TrafficMatrixCore:
    paths = k_shortest(draw(networks()), 3)
    options = Options(
        window=draw(st.integers(1, 4)),
        episode_length=draw(st.integers(1, 5)),
        churn_cost=draw(st.sampled_from([0.0, 0.5])),
        failure_rate=draw(st.sampled_from([0.0, 0.3])),
        burst_rate=draw(st.sampled_from([0.0, 0.3])),
    )
    if draw(st.booleans()):
        return TrafficMatrixCore(paths, Generated(paths), options)
    recorded = np.random.default_rng(draw(st.integers(0, 99))).random((12, len(paths.pairs)))
    program = EdgeProgram(paths.network)
    optimum = np.array([program.optimum(_matrix(paths, demands)) for demands in recorded])
    return TrafficMatrixCore(paths, Recording(recorded, optimum), options)


def _matrix(paths: CandidatePaths, demands: np.ndarray) -> np.ndarray:
    nodes = len(paths.network.nodes)
    matrix = np.zeros((nodes, nodes))
    matrix[tuple(paths.pairs.T)] = demands
    return matrix


def play(envs: TrafficMatrixVectorEnv, seed: int, steps: int) -> list[np.ndarray]:
    """Everything a batch shows over some steps of actions that the seed settles."""
    actions = np.random.default_rng(seed).uniform(-1, 1, (steps, *envs.single_action_space.shape))
    shown = [envs.reset(seed=seed)[0]]
    for action in actions:
        seen, reward, _, over, info = envs.step(np.tile(action, (envs.num_envs, 1)))
        shown += [seen, reward, over, info["ratio"], info["moved"]]
    return shown


@settings(max_examples=25, deadline=None)
@given(cores(), st.integers(0, 99))
def test_no_traffic_vanishes_and_no_ratio_is_below_1(core: TrafficMatrixCore, seed: int) -> None:
    paths, rng = core.paths, np.random.default_rng(seed)
    state = core.initial(chance.keys(seed, 3))
    for _ in range(4):
        state = core.transition(state, rng.uniform(-1, 1, (3, len(paths.pair))))
        assert np.allclose(paths.pair_sum(state.splits), 1.0)
        carried = on_live_paths(paths, state.splits, core.link_up(state.repair))
        assert np.allclose(paths.pair_sum(carried), 1.0)
        assert (carried[~paths.alive(core.link_up(state.repair))] == 0).all()
        assert (state.ratio >= 1 - 1e-6).all()
        assert (state.moved >= 0).all() and (state.moved <= 1 + 1e-9).all()
        if core.traffic.length is not None and (state.at + 1 >= core.traffic.length).any():
            break


@settings(max_examples=15, deadline=None)
@given(cores(), st.integers(0, 99))
def test_the_same_seed_shows_the_same(core: TrafficMatrixCore, seed: int) -> None:
    once, again = (play(TrafficMatrixVectorEnv(2, core=core), seed, 6) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))


@settings(max_examples=15, deadline=None)
@given(cores(), st.integers(0, 99))
def test_a_batch_goes_as_its_environments_one_by_one(core: TrafficMatrixCore, seed: int) -> None:
    together = play(TrafficMatrixVectorEnv(3, core=core), seed, 6)
    for index in range(3):
        rng = np.random.default_rng(seed)  # the actions of `play`
        actions = rng.uniform(-1, 1, (6, len(core.paths.pair)))
        env, shown = TrafficMatrixEnv(core=core), []
        shown.append(env.reset(seed=seed + index)[0])
        for action in actions:
            seen, reward, _, over, info = env.step(action)
            shown += [env.reset()[0] if over else seen, reward, over, info["ratio"], info["moved"]]
        for ours, theirs in zip(shown, together, strict=True):
            assert np.allclose(ours, theirs[index], rtol=1e-5, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(networks(), st.integers(0, 99))
def test_the_bound_is_below_the_optimum(network: Network, seed: int) -> None:
    paths = k_shortest(network, 2)
    demands = np.random.default_rng(seed).exponential(size=len(paths.pairs))
    optimum = EdgeProgram(network).optimum(_matrix(paths, demands))
    assert (lower_bounds(network, paths.pairs) @ demands).max() <= optimum * (1 + 1e-6)


def small_core(**options: float) -> TrafficMatrixCore:
    return TrafficMatrixEnv("ring,n=4", **options).core


def test_an_episode_ends_at_its_length_and_shows_its_last_observation() -> None:
    envs = TrafficMatrixVectorEnv(2, core=small_core(episode_length=3))
    envs.reset(seed=1)
    action = np.zeros(envs.action_space.shape)
    for step in range(1, 7):
        seen, _, terminated, truncated, infos = envs.step(action)
        assert not terminated.any()
        assert truncated.all() == (step % 3 == 0)
        assert ("final_obs" in infos) == (step % 3 == 0)
        if "final_obs" in infos:
            assert infos["final_obs"][0].shape == seen[0].shape
            assert not np.array_equal(infos["final_obs"][0], seen[0])


def test_only_the_environments_that_end_begin_anew() -> None:
    core = small_core()
    state = core.initial(chance.keys(1, 3))
    state = core.transition(state, np.zeros((3, len(core.paths.pair))))
    after: State = core.restarted(state, np.array([False, True, False]))
    assert after.steps.tolist() == [1, 0, 1]
    assert np.array_equal(after.demands[[0, 2]], state.demands[[0, 2]])


def test_failures_never_cut_a_pair_off_and_bursts_raise_demand() -> None:
    core = small_core(failure_rate=0.5, burst_rate=0.5, burst_factor=3.0)
    calm = small_core()
    state, quiet = core.initial(chance.keys(3, 50)), calm.initial(chance.keys(3, 50))
    action, failed = np.zeros((50, len(core.paths.pair))), 0
    for _ in range(20):
        state, quiet = core.transition(state, action), calm.transition(quiet, action)
        alive = core.paths.alive(core.link_up(state.repair))
        assert (core.paths.pair_sum(alive.astype(float)) > 0).all()
        failed += int((state.repair > 0).sum())
        bursting = state.burst > 0
        factor = state.demands[:, 0] / quiet.demands[:, 0]
        assert np.allclose(factor, np.where(bursting, 3.0, 1.0))
    assert failed > 0


def test_churn_costs_what_moves() -> None:
    core = small_core(churn_cost=2.0)
    state = core.initial(chance.keys(0, 1))
    action = np.zeros((1, len(core.paths.pair)))
    still = core.transition(state, action)
    assert still.moved[0] == pytest.approx(0.0)
    action[:, 0] = 1.0
    moved = core.transition(still, action)
    assert moved.moved[0] > 0
    assert core.reward(moved)[0] == pytest.approx(-moved.ratio[0] - 2.0 * moved.moved[0])


def test_relative_rewards_take_the_plan_s_own_ratio_out() -> None:
    plain, relative = small_core(failure_rate=0.2), small_core(failure_rate=0.2, relative=True)
    action = np.random.default_rng(0).uniform(-1, 1, (5, len(plain.paths.pair)))
    states = [core.initial(chance.keys(2, 5)) for core in (plain, relative)]
    for _ in range(6):
        alone = plain.transition(states[0], 0 * action).ratio
        states = [c.transition(s, action) for c, s in zip((plain, relative), states, strict=True)]
        excess = relative.reward(states[1]) - plain.reward(states[0])
        assert np.allclose(excess, alone)


def test_a_replay_can_begin_where_one_likes() -> None:
    paths = small_core().paths
    recorded = 1.0 + np.arange(30.0)[:, None] * np.ones(len(paths.pairs))
    core = TrafficMatrixCore(paths, Recording(recorded, np.full(30, 1e-9)), Options(2, 4))
    env = TrafficMatrixEnv(core=core)
    env.reset(options={"first": 7})
    assert env._state is not None
    assert env._state.demands[0, 0, 0] == 8.0
    with pytest.raises(EnvironmentOptionError, match="give 1 to 28"):
        env.reset(options={"first": 29})


def test_gymnasium_finds_it_and_is_content() -> None:
    env = gymnasium.make(ID, topology="ring,n=4")
    check_env(env.unwrapped, skip_render_check=True)
    envs = gymnasium.make_vec(ID, num_envs=3, topology="ring,n=4")
    assert isinstance(envs, TrafficMatrixVectorEnv)
    register()  # again, harmless


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give topology"),
        ({"topology": "ring,n=4", "window": 0}, "window must be at least 1"),
        ({"topology": "ring,n=4", "failure_rate": 2.0}, "failure_rate is a chance"),
        ({"topology": "ring,n=4", "burst_factor": 0.5}, "burst_factor at least 1"),
        ({"topology": "ring,n=4", "windw": 3}, "no option is called 'windw'"),
        ({"topology": "ring,n=4", "base": "best"}, "no plan is called"),
    ],
)
def test_wrong_arguments_say_what_to_do(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(EnvironmentOptionError, match=message):
        TrafficMatrixEnv(**arguments)  # type: ignore[arg-type]


def test_wrong_recordings_say_what_to_do() -> None:
    good = np.ones((20, 3))
    for recorded, optimum, message in (
        (good, np.ones(19), "give"),
        (-good, np.ones(20), "none below 0"),
        (good * np.nan, np.ones(20), "must be numbers"),
        (good, np.zeros(20), "carries nothing"),
    ):
        with pytest.raises(TrafficError, match=message):
            Recording(recorded, optimum)
    with pytest.raises(EnvironmentOptionError, match="too few"):
        TrafficMatrixCore(small_core().paths, Recording(np.ones((20, 12)), np.ones(20)))


def test_averages_of_the_first_window_are_those_of_seeing_it_interval_by_interval() -> None:
    core = small_core(window=5)
    key = chance.keys(4, 1)
    state = core.initial(key, np.array([9]))
    averages = None
    for at in range(5, 10):
        demands = core.traffic.demands(key, np.array([at]))[0]
        loads = core.paths.link_loads(state.splits[0] * demands[core.paths.pair])
        averages = averages.after(demands, loads) if averages else Averages.begin(demands, loads)
    assert averages is not None
    assert np.allclose(state.demands[0], averages.demands)
    assert np.allclose(state.loads[0], averages.loads)


def test_an_action_of_0_does_as_the_plan_says() -> None:
    paths = small_core().paths
    rng = np.random.default_rng(0)
    recorded = rng.uniform(1, 2, (40, len(paths.pairs)))
    plan = rng.normal(size=(40, len(paths.pair))).astype(np.float32)
    core = TrafficMatrixCore(paths, Recording(recorded, np.full(40, 1e-9)), Options(2, 4), plan)
    state = core.initial(chance.keys(0, 1), np.array([5]))
    state = core.transition(state, np.zeros((1, len(paths.pair))))
    assert np.allclose(state.splits[0], paths.softmax(plan[5].astype(float)), atol=1e-5)


def test_the_environment_of_a_plan_decides_as_the_live_policy_does() -> None:
    """Splits and features, over 20 intervals, of the gym and of what runs in the controller."""
    core = TrafficMatrixEnv("ring,n=4", base="online-gradient", window=40).core
    assert isinstance(core.traffic, Recording)
    up, width = np.ones(len(core.paths.network.ends), bool), len(FEATURES)
    untrained = Policy((np.zeros((width, 1)), np.zeros(1)), *np.ones((4, width)))
    live = untrained.advisor(core.paths)
    for at in range(40):
        live.advise(Observation(core.traffic.recorded[at], up))
    state = core.initial(chance.keys(0, 1), np.array([39]))
    # Nobody knows what carried the very first interval; only the slowest average remembers it.
    slowest = FEATURES.index("largest utilisation along the path, average 0.03")
    for at in range(40, 60):
        state = core.transition(state, np.zeros((1, len(core.paths.pair))))
        assert np.allclose(state.splits[0], live.splits, atol=1e-5)
        live.advise(Observation(core.traffic.recorded[at], up))
        seen, rows = core.observation(state)[0], live.seen
        assert np.allclose(np.delete(seen, slowest, 1), np.delete(rows, slowest, 1), atol=0.01)


def test_step_before_reset_says_so() -> None:
    with pytest.raises(EnvironmentOptionError, match="reset"):
        TrafficMatrixEnv(core=small_core()).step(np.zeros(1, np.float32))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_an_action_that_is_no_number_is_refused_and_changes_nothing(wrong: float) -> None:
    envs = TrafficMatrixVectorEnv(2, core=small_core())
    envs.reset(seed=1)
    before, actions = envs.state, np.zeros(envs.action_space.shape or (), np.float32)
    actions[1, 0] = wrong
    with pytest.raises(ActionError, match=r"1 of \d+ numbers of the action are NaN or infinite"):
        envs.step(actions)
    assert envs.state is before
    single = TrafficMatrixEnv(core=small_core())
    single.reset(seed=1)
    with pytest.raises(ValueError, match="NaN"):
        single.step(actions[1])
