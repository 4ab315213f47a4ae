"""The advisor's side: its answers, roles on trial, roll-back, drift, and what it leaves behind."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from agent_fabric import weak_spine

from controller.advice import process as advisor_process
from controller.advice.advisor import Advisor, Observation
from controller.advice.builtin import Factory, LeastLoaded, Static, check, find
from controller.advice.crew import Crew, Member, in_share
from controller.advice.errors import AdviceError, SnapshotError, UnknownAgentError
from controller.advice.messages import Message, encode, read
from controller.advice.network import CandidatePaths, FloatArray, Network
from controller.advice.observe import FEATURES
from controller.advice.policy import Policy
from controller.advice.process import Desk, Staff, serve
from controller.advice.registry import Registry, Role
from controller.advice.snapshot import Snapshot
from controller.events import Observe

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def questions() -> list[Observe]:
    """What a controller asks in some turns."""
    fabric = weak_spine().start()
    fabric.up()
    fabric.run(10.0)
    return fabric.asked


def described(question: Observe) -> Message:
    advisor = pytest.importorskip("controller.advisor")
    message: Message = advisor.described(question)
    return message


def observed(question: Observe) -> Message:
    advisor = pytest.importorskip("controller.advisor")
    message: Message = advisor.observed(question)
    return message


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[socket.socket, Path]]:
    """The controller's end of a socket with an advisor in a thread behind it."""
    ours, theirs = socket.socketpair()
    ours.settimeout(10.0)

    def live() -> None:
        with theirs:
            serve(theirs, "least-loaded", tmp_path)

    thread = threading.Thread(target=live)
    thread.start()
    yield ours, tmp_path
    ours.close()
    thread.join(10.0)
    assert not thread.is_alive()


def exchange(end: socket.socket, *messages: Message) -> Message:
    for message in messages:
        end.sendall(encode(message))
    got = read(end.recv)
    assert got is not None
    return got


def test_it_says_who_it_is_and_answers(
    line: tuple[socket.socket, Path], questions: list[Observe]
) -> None:
    end, folder = line
    hello = read(end.recv)
    assert hello is not None
    assert (hello.kind, hello.text("agent")) == ("hello", "least-loaded")
    answer = exchange(end, described(questions[0]), observed(questions[0]))
    for question in questions[1:4]:
        answer = exchange(end, observed(question))
    assert answer.number("number") == questions[3].number
    paths = questions[0].view.paths
    assert np.allclose(paths.pair_sum(answer.arrays["splits"]), 1)
    assert answer.values["scores"]["active"] < answer.values["scores"]["static"]
    exchange(end, observed(questions[4]))  # what is kept after the answer before is kept by now
    story = Snapshot(folder).explain("0x1", "0x2")
    assert story.pair == ("0x1", "0x2")
    assert len(story.paths) == 2
    assert Registry(folder).decisions()[0]["scores"]


@pytest.mark.parametrize(
    "wrong",
    [Message("nonsense"), Message("observation", {"version": 1, "number": 1}),
     Message("network", {"version": 1})],
)  # fmt: skip
def test_it_says_what_it_can_not_understand_and_ends(
    line: tuple[socket.socket, Path], questions: list[Observe], wrong: Message
) -> None:
    end, _ = line
    read(end.recv)
    if wrong.kind == "network":
        end.sendall(encode(wrong))
        wrong = observed(questions[0])
    answer = exchange(end, wrong)
    assert answer.kind == "error"
    assert read(end.recv) is None


def test_garbage_ends_it(line: tuple[socket.socket, Path]) -> None:
    end, _ = line
    read(end.recv)
    end.sendall(b"GET / HTTP/1.1\r\n\r\n")
    answer = read(end.recv)
    assert answer is not None
    assert "not a message" in answer.text("text")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"\x80\x04."])
def test_a_damaged_policy_is_told_before_it_ends(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "torn.npz"
    file.write_bytes(content)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert serve(theirs, str(file), tmp_path / "state") == 2
        told = read(ours.recv)
    assert told is not None
    assert told.kind == "error"
    assert "torn.npz" in told.text("text", 500)


def test_as_a_process_of_its_own(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            child = subprocess.Popen(
                [sys.executable, "-m", "controller.advice.process", "--fd", str(theirs.fileno()),
                 "--state", str(tmp_path), "static"],
                pass_fds=[theirs.fileno()], cwd=ROOT,
            )  # fmt: skip
        ours.settimeout(30.0)
        hello = read(ours.recv)
        assert hello is not None
        assert hello.text("agent") == "static"
    assert child.wait(30.0) == 0  # it ends with its socket


# --- names --------------------------------------------------------------------------------------


def test_an_unknown_agent_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownAgentError, match="least-loaded"):
        check("lest-loaded")


# --- roles --------------------------------------------------------------------------------------


class Wrong:
    """An advisor that does what it is told to do wrong."""

    def __init__(self, paths: CandidatePaths, way: str) -> None:
        self.paths, self.way = paths, way

    def advise(self, seen: Observation) -> FloatArray:
        if self.way == "raises":
            raise ZeroDivisionError("a policy with a defect")
        slow = self.paths.path_max(1 / self.paths.network.capacity)
        worst = slow == np.maximum.reduceat(slow, self.paths.start)[self.paths.pair]
        return {"nan": worst * np.nan, "worst": worst.astype(float)}[self.way]


def member(role: Role, way: str = "", share: float = 1.0) -> Member:
    def make(paths: CandidatePaths) -> Advisor:
        return Wrong(paths, way) if way else LeastLoaded(paths)

    return Member(role, Factory(way or "sane", make), share)


@pytest.fixture
def paths(questions: list[Observe]) -> CandidatePaths:
    return questions[0].view.paths


def turns(crew: Crew, count: int, load: float = 8e6) -> list[dict[Role, str]]:
    up = np.ones(len(crew.paths.network.ends), np.bool_)
    fallback = Static(crew.paths).advise(Observation(np.zeros(2), up))
    fallen = []
    for _ in range(count):
        fallen.append(dict(crew.advise(np.array([load, load]), up, fallback).fallen))
        crew.think()
    return fallen


@pytest.mark.parametrize("way", ["raises", "nan", "worst"])
def test_a_bad_canary_falls_and_harms_nobody(
    paths: CandidatePaths, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    crew = Crew(paths, ["1>2", "2>1"], [member(Role.ACTIVE), member(Role.CANARY, way)])
    fallen = turns(crew, 12)
    assert sum(map(bool, fallen)) == 1
    assert Role.CANARY in next(filter(None, fallen))


@pytest.mark.parametrize("role", [Role.CANARY, Role.SHADOW])
def test_a_policy_on_trial_that_can_not_begin_harms_nobody(
    paths: CandidatePaths, role: Role, caplog: pytest.LogCaptureFixture
) -> None:
    def make(paths: CandidatePaths) -> Advisor:
        raise ValueError("made for another network")

    trial = Member(role, Factory("alien", make))
    crew = Crew(paths, ["1>2", "2>1"], [member(Role.ACTIVE), trial])
    assert [list(fallen) for fallen in turns(crew, 2)] == [[role], []]


def test_a_good_canary_stays(paths: CandidatePaths) -> None:
    crew = Crew(paths, ["1>2", "2>1"], [member(Role.ACTIVE), member(Role.CANARY)])
    assert not any(turns(crew, 12))


def test_a_shadow_is_scored_and_not_followed(paths: CandidatePaths) -> None:
    up = np.ones(len(paths.network.ends), np.bool_)
    demands = np.array([8e6, 8e6])
    fallback = Static(paths).advise(Observation(demands, up))
    crew = Crew(paths, ["1>2", "2>1"], [member(Role.ACTIVE), member(Role.SHADOW, "worst")])
    alone = Crew(paths, ["1>2", "2>1"], [member(Role.ACTIVE)])
    for _ in range(3):
        answer = crew.advise(demands, up, fallback)
        crew.think()
        assert answer.splits.tolist() == alone.advise(demands, up, fallback).splits.tolist()
    assert answer.scores["shadow"] > answer.scores["static"] > answer.scores["active"]


def test_a_canary_decides_for_the_same_pairs_every_time(paths: CandidatePaths) -> None:
    names = [f"{a}>{b}" for a in range(40) for b in range(40)]
    chosen = [in_share(name, 0.1) for name in names]
    assert chosen == [in_share(name, 0.1) for name in names]
    assert 0.07 < np.mean(chosen) < 0.13
    assert all(in_share(name, 0.3) for name, was in zip(names, chosen, strict=True) if was)


def test_traffic_unlike_the_training_raises_the_alarm(paths: CandidatePaths) -> None:
    nothing = np.zeros(len(FEATURES), np.float32)
    weights = (nothing[:, None], np.zeros(1, np.float32))
    sheltered = Policy(weights, nothing, nothing + 1, nothing - 2, nothing - 1)
    crew = Crew(paths, ["1>2", "2>1"], [Member(Role.ACTIVE, Factory("x", sheltered.advisor))])
    up = np.ones(len(paths.network.ends), np.bool_)
    fallback = Static(paths).advise(Observation(np.zeros(2), up))
    alarms = [crew.advise(np.array([8e6, 8e6]), up, fallback).drift for _ in range(70)]
    assert sum(map(bool, alarms)) == 1
    assert "of its features" in next(filter(None, alarms))[0]


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of this test's registry hold the name of a built-in agent."""

    def of_file(agent: str) -> Factory:
        path = Path(agent)
        if not path.is_file():
            return find(agent)
        content = path.read_bytes()
        if content == b"torn":
            raise AdviceError(f"{path}: truncated")
        return Factory(path.stem, find(content.decode()).make, sha256=path.stem)

    monkeypatch.setattr(advisor_process, "find", of_file)


def imported(registry: Registry, folder: Path, content: str) -> str:
    file = folder / f"{content}-policy.npz"
    file.write_text(content)
    return registry.add(file).name


@pytest.mark.usefixtures("named")
def test_roles_are_followed_within_a_turn(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "state")
    staff = Staff("static", tmp_path / "state")
    assert [m.factory.name for m in staff.members] == ["static"]
    registry.promote(registry.version(imported(registry, tmp_path, "least-loaded")))
    assert staff.changed()
    assert [m.factory.name for m in staff.members] == ["least-loaded-policy"]
    assert not staff.changed()
    registry.rollback()
    assert staff.changed()
    assert [m.factory.name for m in staff.members] == ["static"]


@pytest.mark.usefixtures("named")
def test_a_promoted_policy_whose_advisor_keeps_dying_is_rolled_back(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.promote(registry.version(imported(registry, tmp_path, "least-loaded")))
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        serve(theirs, "static", tmp_path, demote=True)
    assert registry.roles() == {}


@pytest.mark.usefixtures("named")
def test_a_file_tampered_with_is_not_used_and_told(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "state")
    version = registry.version(imported(registry, tmp_path, "least-loaded"))
    registry.promote(version)
    version.file.write_bytes(b"torn")
    staff = Staff("static", tmp_path / "state")
    assert [m.factory.name for m in staff.members] == ["static"]
    assert "can't be used" in staff.notes[0]


def test_a_damaged_registry_costs_roles_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite").write_bytes(b"nonsense" * 100)
    staff = Staff("static", tmp_path)
    assert [m.factory.name for m in staff.members] == ["static"]
    assert "move it away" in staff.notes[0]
    staff.log({})
    assert not staff.changed()


@pytest.mark.usefixtures("named")
def test_a_promoted_policy_that_is_benched_is_rolled_back(
    tmp_path: Path, questions: list[Observe]
) -> None:
    registry = Registry(tmp_path / "state")
    registry.promote(registry.version(imported(registry, tmp_path, "least-loaded")))
    desk = Desk(Staff("static", tmp_path / "state"))
    desk.take(described(questions[0]))
    for standing in ("trusted", "benched", "benched"):
        seen = observed(questions[0])
        told = Message(seen.kind, {**seen.values, "standing": standing}, seen.arrays)
        answer = desk.take(told)
        desk.after_answer()
    assert answer is not None
    assert answer.text("agent") == "static"
    assert registry.roles() == {}


# --- what it leaves behind ----------------------------------------------------------------------


def test_no_snapshot_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="--state"):
        Snapshot(tmp_path)
    (tmp_path / "snapshot.npz").write_bytes(b"PK\x03\x04torn")
    with pytest.raises(SnapshotError, match="delete it"):
        Snapshot(tmp_path)


def test_a_network_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(AdviceError):
        Network(("a",), np.zeros((1, 3), np.int32), np.ones(1))
