"""Jobs-v0 keeps Gymnasium's contract, one environment or many."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from rl_agent.environments import register
from rl_agent.environments.jobs import JobsEnv, JobsVectorEnv
from rl_agent.errors import AgentError

SMALL = {"topology": "leafspine,spines=2,leaves=3,hosts=2,rate=100M", "training": 2, "ranks": 3,
         "inference": 1, "federated": 1, "checkpoints": 1, "background": 1,
         "steps": 12}  # fmt: skip
FORMS = [{}, {"pinning": True}, {"shares": True}, {"pinning": True, "shares": True}]


@pytest.fixture(params=FORMS, ids=lambda form: "+".join(form) or "weights")
def form(request):
    return {**SMALL, **request.param}


def test_gymnasium_accepts_it(form):
    register()
    env = gymnasium.make("headway/Jobs-v0", **form)
    check_env(env.unwrapped, skip_render_check=True)


@pytest.mark.learning
@pytest.mark.filterwarnings("ignore:.*unconventional shape:UserWarning")  # rows are paths
def test_stable_baselines_accepts_it(form):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(JobsEnv(**form))


def _rollout(env, seed, actions):
    seen, _ = env.reset(seed=seed)
    steps = [(seen, 0.0, False, {})]
    for action in actions:
        seen, reward, _, truncated, info = env.step(action)
        steps.append((seen, reward, truncated, info))
    return steps


def _arrays(seen):
    return seen if isinstance(seen, dict) else {"paths": seen}


def test_the_same_seed_gives_the_same_episode(form):
    env = JobsEnv(**form)
    env.action_space.seed(1)
    actions = [env.action_space.sample() for _ in range(form["steps"])]
    first, again, other = (_rollout(env, seed, actions) for seed in (5, 5, 6))
    for (seen, reward, *_), (seen2, reward2, *_) in zip(first, again, strict=True):
        assert reward == reward2
        for name, array in _arrays(seen).items():
            np.testing.assert_array_equal(array, _arrays(seen2)[name])
    assert [step[1] for step in first] != [step[1] for step in other]


def test_a_batch_goes_as_each_of_its_environments_does_alone(form):
    """Step by step, over the end of an episode and into the next."""
    many, count = JobsVectorEnv(3, **form), form["steps"] + 3
    many.action_space.seed(2)
    actions = [many.action_space.sample() for _ in range(count)]
    together = _rollout(many, 40, actions)
    for i in range(3):
        env = JobsEnv(**form)
        seen, _ = env.reset(seed=40 + i)
        for step, action in enumerate(actions):
            before = _arrays(together[step][0])
            for name, array in _arrays(seen).items():
                np.testing.assert_allclose(before[name][i], array, rtol=1e-6, atol=1e-6)
            seen, reward, _, over, info = env.step(action[i])
            _, reward_i, over_i, info_i = together[step + 1]
            assert reward_i[i] == pytest.approx(reward) and over_i[i] == over
            if over:
                final = info_i["final_info"]
                for name in set(info) - {"moved"}:
                    np.testing.assert_allclose(final[name][i], info[name], rtol=1e-9)
                seen, _ = env.reset()


def test_rewards_are_never_positive_and_the_end_reports_in_the_users_units():
    env = JobsEnv(**{**SMALL, "steps": 40})
    env.reset(seed=1)
    over = False
    while not over:
        _, reward, _, over, info = env.step(np.zeros(env.action_space.shape, np.float32))
        assert reward <= 1e-9
    assert info["training_finished"] > 0 and info["inference_finished"] > 0
    assert 1.0 <= info["training_mean_ratio"] <= info["training_p99_ratio"] + 1e-9
    assert 0.0 < info["inference_mean_s"] < 1.0


def test_a_shut_path_carries_nothing():
    env = JobsEnv(**SMALL)
    env.reset(seed=3)
    action = np.zeros(env.action_space.shape, np.float32)
    shut = np.flatnonzero(np.arange(env.action_space.shape[0] // 2) % 2)
    paths = env.core.setting.fabric.paths
    shut = paths.start[paths.per_pair > 1]  # the first path of each pair that has another
    half = len(paths.pair)
    action[shut], action[half + shut] = -1.0, -1.0
    for _ in range(5):
        env.step(action)
        assert not np.isin(env.core.simulation.path, shut).any()


@pytest.mark.parametrize("options, word", [
    ({"training": -1}, "0 or more"), ({"ranks": 1}, "2 ranks"), ({"steps": 0}, "steps"),
    ({"trainings": 3}, "trainings"), ({"ranks": 30}, "30 ranks"),
])  # fmt: skip
def test_bad_options_say_what_to_do(options, word):
    with pytest.raises(AgentError, match=word):
        JobsEnv(**{**SMALL, **options}).reset(seed=1)


def test_step_before_reset_says_so():
    env = JobsEnv(**SMALL)
    with pytest.raises(AgentError, match="reset"):
        env.step(env.action_space.sample())


@pytest.mark.parametrize("wrong", [np.nan, -np.inf])
def test_an_action_that_is_no_number_is_refused(form, wrong):
    env = JobsEnv(**form)
    env.reset(seed=1)
    action = np.zeros(env.action_space.shape, np.float32)
    action[-1] = wrong
    with pytest.raises(ValueError, match=r"1 of .* NaN or infinite"):
        env.step(action)
    assert env.core.steps_done == 0
