"""The register of jobs: kept over kills, told to the core, refused where the policy says no."""

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from classifier import jobs as limits
from classifier.job_form import JobForm
from classifier.jobs import Job
from controller.errors import JobError, StoreError, UnknownJobError
from controller.events import Event, JobsChanged
from controller.jobs import FILE, JobRegister, addresses
from controller.manager import Manager
from controller.settings import Settings
from controller.state import Host, State
from policies.load import load_policy, parse_policy
from topologies.registry import build

ROOT = Path(__file__).resolve().parents[2]
SLICED = parse_policy(
    """\
version: 1
name: mine
slices:
  blue: {members: [{vlan: 11}], guarantee: 10%}
  red: {members: [{vlan: 12}], guarantee: 20%, classes: [bulk, background]}
""",
    "mine.yaml",
)


class Desk:
    """A register with a clock and a core to look at."""

    def __init__(self, folder: Path, policy: Any = None) -> None:
        self.folder, self.policy, self.now = folder, policy or load_policy(), 1000.0
        self.sent: list[Event] = []
        self.open()

    def open(self, **more: Any) -> None:
        self.register = JobRegister(
            self.folder, lambda: self.policy, self._find, clock=lambda: self.now, **more
        )
        self.register.start(self.sent.append)

    def _find(self, word: str, part: str | None) -> Iterable[Any]:
        return addresses(None, build("leafspine"), word, part)

    def put(self, name: str, *hosts: str, over: bool = False, **more: Any) -> Job:
        form = {"id": name, "class": "gradient", "hosts": list(hosts) or ["10.0.0.1"], **more}
        return self.register.put(JobForm.model_validate(form), "ann", over=over)

    def heard(self) -> list[str]:
        """Of the last thing the core was told."""
        event = self.sent[-1]
        assert isinstance(event, JobsChanged)
        assert all(job.expires_at is None for job in event.jobs)
        return [job.id for job in event.jobs]

    def names(self) -> list[str]:
        return [job.id for job in self.register.all()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_job_is_kept_told_and_comes_to_its_end(desk: Desk) -> None:
    assert desk.sent == []  # nothing to tell
    job = desk.put("a", ttl_s=60)
    assert (job.owner, job.expires_at) == ("ann", 1060.0)
    assert desk.register.job("a") == job
    desk.put("b", ports=[29500])
    assert desk.heard() == ["b", "a"]  # ports go first
    assert desk.names() == ["a", "b"]
    assert desk.register.next_end() == 60.0
    desk.now = 1060.0
    assert desk.names() == ["b"]  # whether or not the clock's thread has come by
    with pytest.raises(UnknownJobError, match="no job 'a'; there are b"):
        desk.register.job("a")
    desk.register.expire()
    assert desk.heard() == ["b"]
    desk.register.remove("b")
    assert desk.heard() == []
    assert desk.register.next_end() is None


def test_the_same_words_again_renew_and_others_need_a_put(desk: Desk) -> None:
    desk.put("a", ttl_s=60)
    desk.now += 30
    told = len(desk.sent)
    assert desk.put("a", ttl_s=60).expires_at == 1090.0
    assert len(desk.sent) == told  # nothing that the core would notice
    with pytest.raises(JobError, match="PUT /v1/jobs/a replaces it"):
        desk.put("a", "10.0.0.2")
    assert desk.put("a", "10.0.0.2", over=True).prefixes == (ip_network("10.0.0.2"),)
    assert len(desk.sent) == told + 1
    assert desk.register.renew("a", 500).expires_at == desk.now + 500
    with pytest.raises(UnknownJobError):
        desk.register.renew("b", 1)


def test_a_restart_goes_on_with_the_same_jobs(desk: Desk) -> None:
    desk.put("a", "10.0.0.1", "2001:db8::/32", ports=[1, "5-9"], period_s=0.5, bytes="1 GB")
    desk.put("b", ttl_s=10)
    desk.put("c")
    desk.put("a2", over=True)
    desk.register.remove("c")
    before = desk.register.all()
    desk.register.close()
    desk.sent.clear()
    desk.open()
    assert desk.register.all() == before
    assert desk.heard() == ["a", "b", "a2"]
    desk.register.close()
    desk.now += 10
    desk.open()
    assert desk.names() == ["a", "a2"]
    desk.register.close()
    desk.open(forget=True)
    assert desk.names() == []


def test_what_a_killed_controller_answered_for_is_there_again(tmp_path: Path) -> None:
    script = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from classifier.job_form import JobForm
from controller.jobs import JobRegister
from policies.load import load_policy
register = JobRegister(Path({str(tmp_path)!r}), load_policy, lambda word, part: ())
for number in range(10**6):
    form = {{"id": f"j{{number}}", "class": "bulk", "hosts": ["10.0.0.1"]}}
    register.put(JobForm.model_validate(form), "", over=False)
    print(number, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    last = max(int(process.stdout.readline()) for _ in range(5))
    os.kill(process.pid, signal.SIGKILL)
    said = process.stdout.read().split()
    last = max([last, *map(int, said)])
    process.stdout.close()
    process.wait()
    names = Desk(tmp_path).names()
    assert names[: last + 1] == [f"j{number}" for number in range(last + 1)]
    assert len(names) <= last + 2  # one may have been kept and not answered for


def test_the_policy_has_the_last_word(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SLICED)
    with pytest.raises(JobError, match="no slice 'bleu'; did you mean 'blue'"):
        desk.put("a", slice="bleu")
    with pytest.raises(JobError, match="'red' may not use class gradient; it may use bulk, back"):
        desk.put("a", slice="red")
    assert desk.names() == []
    job = desk.put("a", slice="blue")
    assert desk.register.trouble(job) == ""
    desk.policy = load_policy()
    assert desk.register.trouble(job) == "no slice 'blue'; there is none"


def test_hosts_are_found_by_name_and_by_mac(desk: Desk) -> None:
    assert desk.put("a", "h1", "h2").prefixes == (ip_network("10.0.0.1"), ip_network("10.0.0.2"))
    with pytest.raises(JobError, match="no host 'h99'; there are h1, h2"):
        desk.put("b", "h99")
    with pytest.raises(JobError, match="no address of a host 02:00:00:00:00:01 is known yet"):
        desk.put("b", "02:00:00:00:00:01")
    state = State(SLICED, Settings())
    for number, ips in ((1, (0x0A000001, 1 << 64)), (2, (0x0A000002,))):
        host = Host(0x020000000001, 1, number, number, ips, number)
        state.hosts[host.key] = host
    word = "02:00:00:00:00:01"
    assert addresses(state, None, word, "blue") == [ip_network("10.0.0.1"), ip_network("0:0:0:1::")]
    assert len(addresses(state, None, word, None)) == 3


def test_too_many_are_refused_and_leave_everything(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_JOBS", 1)
    desk.put("a")
    with pytest.raises(JobError, match="there are 1 jobs"):
        desk.put("b")
    assert desk.names() == desk.heard() == ["a"]
    desk.register.close()
    desk.open()
    assert desk.names() == ["a"]


def test_what_can_not_be_written_is_not_in_force(desk: Desk) -> None:
    desk.put("a")
    connection = desk.register._file.connection
    connection.execute("PRAGMA query_only = 1")
    told = len(desk.sent)
    for change in (
        lambda: desk.put("b"),
        lambda: desk.put("a", "10.0.0.9", over=True),
        lambda: desk.register.remove("a"),
    ):
        with pytest.raises(StoreError, match="mend its folder"):
            change()
    assert desk.names() == ["a"]
    assert desk.register.job("a").prefixes == (ip_network("10.0.0.1"),)
    assert len(desk.sent) == told


def test_a_damaged_record_is_told_and_left_as_it_is(desk: Desk) -> None:
    desk.put("a")
    desk.register.close()
    with sqlite3.connect(desk.folder / FILE) as db:
        db.execute("UPDATE job SET told = '{}'")
    db.close()
    with pytest.raises(StoreError, match=r"jobs\.sqlite: job 'a' is not what was written"):
        desk.open()
    (desk.folder / FILE).write_bytes(b"no database at all, but of some length" * 100)
    with pytest.raises(StoreError, match="begin with none"):
        desk.open()


def test_the_manager_keeps_them_with_its_policies(tmp_path: Path) -> None:
    form = JobForm.model_validate({"id": "a", "class": "bulk", "hosts": ["10.0.0.1"]})
    settings = Settings(state=str(tmp_path))
    manager = Manager(settings)
    manager.jobs.put(form, "ann", over=False)
    manager.close()
    again = Manager(settings)
    assert [job.id for job in again.jobs.all()] == ["a"]
    again.close()
    made_anew = Manager(dataclasses.replace(settings, emulated=True))
    assert made_anew.jobs.all() == ()
    made_anew.close()
