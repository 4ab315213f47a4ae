"""Jobs: which flows are a job's, how many fit, and how one is written."""

import dataclasses
import json
import random
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from classifier import jobs as module
from classifier.errors import JobsFullError
from classifier.job_form import JobForm, from_told, job_of, told
from classifier.jobs import Job, Jobs
from classifier.model import TCP, UDP, FlowKey
from classifier.prefixes import Prefixes, lowest
from policies.classes import TrafficClass, Transport
from policies.model import PortRange

SLICES = {"red": 2, "blue": 5}
GRADIENT = TrafficClass.GRADIENT


def key(client: str, server: str, sport: int = 29500, cport: int = 40000, **more: int) -> FlowKey:
    return FlowKey(
        more.get("domain", 0), more.get("transport", TCP),
        ip_address(client).packed, cport, ip_address(server).packed, sport,
    )  # fmt: skip


def job(name: str, *hosts: str, **more: Any) -> Job:
    return Job(name, GRADIENT, tuple(map(ip_network, hosts)), **more)


def of(jobs: Jobs, flow: FlowKey, now: float | None = None) -> str | None:
    found = jobs.of(flow, SLICES, now)
    return found.id if found else None


def test_a_flow_is_of_a_job_when_both_ends_are() -> None:
    jobs = Jobs([job("a", "10.0.0.1", "10.0.1.0/24")])
    assert of(jobs, key("10.0.0.1", "10.0.1.9")) == "a"
    assert of(jobs, key("10.0.1.9", "10.0.0.1")) == "a"
    assert of(jobs, key("10.0.0.1", "10.0.2.9")) is None
    assert of(jobs, key("::1", "10.0.0.1")) is None


def test_with_any_peer_one_end_is_enough() -> None:
    jobs = Jobs([job("a", "10.0.0.1", any_peer=True)])
    assert of(jobs, key("10.0.0.1", "10.9.9.9")) == "a"
    assert of(jobs, key("10.9.9.9", "10.0.0.1")) == "a"
    assert of(jobs, key("10.9.9.9", "10.9.9.8")) is None


def test_ports_transport_slice_and_end_all_count() -> None:
    jobs = Jobs([job("a", "10.0.0.0/8", ports=(PortRange(100, 200),), transport=Transport.TCP,
                     slice_name="red", expires_at=50.0)])  # fmt: skip
    ends = "10.0.0.1", "10.0.0.2"
    assert of(jobs, key(*ends, sport=150, domain=2), 49.9) == "a"
    assert of(jobs, key(*ends, cport=200, domain=2)) == "a"
    assert of(jobs, key(*ends, sport=201, domain=2)) is None
    assert of(jobs, key(*ends, sport=150, domain=2, transport=UDP)) is None
    assert of(jobs, key(*ends, sport=150, domain=5)) is None
    assert of(jobs, key(*ends, sport=150, domain=2), 50.0) is None


def test_a_job_of_a_slice_that_is_gone_has_no_flows() -> None:
    assert (
        of(Jobs([job("a", "10.0.0.0/8", slice_name="gone")]), key("10.0.0.1", "10.0.0.2")) is None
    )


def test_a_newcomer_takes_no_flow_of_another_unless_it_names_ports() -> None:
    jobs = Jobs([job("first", "10.0.0.0/8"), job("second", "10.0.0.0/16")])
    flow = key("10.0.0.1", "10.0.0.2")
    assert of(jobs, flow) == "first"
    jobs.put(job("ports", "10.0.0.0/8", ports=(PortRange(29500, 29500),)))
    assert of(jobs, flow) == "ports"
    assert [entry.id for entry in jobs.in_order()] == ["ports", "first", "second"]
    jobs.put(job("first", "10.0.0.0/24"))  # keeps its place
    assert of(jobs, key("10.0.0.1", "10.0.0.2", sport=1)) == "first"
    assert [entry.id for entry in jobs] == ["first", "second", "ports"]


def test_what_is_over_is_forgotten() -> None:
    jobs = Jobs([job("a", "10.0.0.1", expires_at=5.0), job("b", "10.0.0.1", expires_at=9.0)])
    assert [entry.id for entry in jobs.expire(5.0)] == ["a"]
    assert [entry.id for entry in jobs] == ["b"]
    assert jobs.remove("a") is None
    assert jobs.get("b") == jobs.remove("b")
    assert len(jobs) == 0
    assert of(jobs, key("10.0.0.1", "10.0.0.1")) is None


def test_there_is_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_JOBS", 2)
    monkeypatch.setattr(module, "MOST_PREFIXES", 4)
    jobs = Jobs([job("a", "10.0.0.1", "10.0.0.2"), job("b", "10.0.0.1")])
    with pytest.raises(JobsFullError, match="there are 2 jobs"):
        jobs.put(job("c", "10.0.0.1"))
    with pytest.raises(JobsFullError, match="would have 5 addresses"):
        jobs.put(job("b", "10.0.0.1", "10.0.0.2", "10.0.0.3"))
    jobs.put(job("b", "10.0.0.1", "10.0.0.2", "10.0.0.2"))  # twice the same is one
    assert of(jobs, key("10.0.0.1", "10.0.0.2")) == "a"
    jobs.remove("a")
    jobs.put(job("c", "10.0.0.1", "10.0.0.5"))
    assert {entry.id for entry in jobs} == {"b", "c"}


# --- against brute force --------------------------------------------------------------------------

HOSTS = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.0/30", "10.0.0.0/8", "10.1.0.0/16",
                         "0.0.0.0/0", "::1", "2001:db8::/32", "::/0"])  # fmt: skip
RANGES = st.builds(lambda a, b: PortRange(min(a, b), max(a, b)), *[st.integers(1, 12)] * 2)
JOBS = st.builds(
    Job,
    id=st.sampled_from("abcdef"),
    traffic_class=st.sampled_from(TrafficClass),
    prefixes=st.lists(HOSTS, min_size=1, max_size=3).map(lambda h: tuple(map(ip_network, h))),
    ports=st.lists(RANGES, max_size=2).map(tuple),
    transport=st.sampled_from([None, Transport.TCP, Transport.UDP]),
    slice_name=st.sampled_from([None, None, "red", "gone"]),
    any_peer=st.booleans(),
    expires_at=st.sampled_from([None, 5.0, 10.0]),
)
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.9", "10.1.2.3", "192.0.2.1", "::1",
                             "2001:db8::5", "2001:db9::5"])  # fmt: skip
KEYS = st.builds(
    key, ADDRESSES, ADDRESSES, sport=st.integers(0, 13), cport=st.integers(0, 13),
    domain=st.sampled_from([0, 2, 5]), transport=st.sampled_from([TCP, UDP, 132]),
)  # fmt: skip


def matches(entry: Job, flow: FlowKey, now: float | None) -> bool:
    ends = [
        any(ip_address(end) in network for network in entry.prefixes)
        for end in (flow.client, flow.server)
    ]
    return (
        (any(ends) if entry.any_peer else all(ends))
        and entry.slice_name in (None, *(n for n in SLICES if SLICES[n] == flow.domain))
        and entry.transport in (None, *(t for t in Transport if t.number == flow.transport))
        and (not entry.ports or any(r.first <= p <= r.last for r in entry.ports
                                    for p in (flow.cport, flow.sport)))
        and not (now is not None and entry.expires_at is not None and now >= entry.expires_at)
    )  # fmt: skip


@given(st.lists(JOBS | st.sampled_from("abcdef"), max_size=12), st.lists(KEYS, max_size=20),
       st.sampled_from([None, 4.0, 5.0, 20.0]))  # fmt: skip
def test_the_index_says_what_looking_at_every_job_says(
    changes: list[Job | str], flows: list[FlowKey], now: float | None
) -> None:
    jobs, plain = Jobs(), dict[str, Job]()
    for change in changes:
        if isinstance(change, Job):
            jobs.put(change)
            plain[change.id] = change
        else:
            assert jobs.remove(change) == plain.pop(change, None)
    assert {entry.id: entry for entry in jobs} == plain
    ordered = sorted(plain.values(), key=lambda entry: not entry.ports)
    assert list(jobs.in_order()) == ordered
    for flow in flows:
        found = next((entry for entry in ordered if matches(entry, flow, now)), None)
        assert jobs.of(flow, SLICES, now) == found
        assert Jobs(jobs.in_order()).of(flow, SLICES, now) == found


def test_prefixes_leave_nothing_behind() -> None:
    dice, prefixes, known = random.Random(5), Prefixes(), set[tuple[Any, int]]()
    for _ in range(2000):
        network = ip_network((dice.getrandbits(4) << 28, 4 + dice.randrange(2) * 28), strict=False)
        entry = (network, dice.randrange(40))
        if entry in known:
            known.remove(entry)
            prefixes.remove(*entry)
        else:
            known.add(entry)
            prefixes.add(*entry)
        address = ip_address(dice.getrandbits(4) << 28)
        assert prefixes.of(address.packed) == sum(
            1 << n for n in {number for network, number in known if address in network}
        )
    for entry in known:
        prefixes.remove(*entry)
    assert prefixes._tables == {4: {}, 16: {}}
    assert prefixes.of(b"odd") == 0
    assert lowest(0b101000) == 3


# --- the form -------------------------------------------------------------------------------------

FORM: dict[str, Any] = {
    "id": "train-7", "class": "gradient", "hosts": ["10.0.0.1", "10.1.0.0/16", "2001:db8::1"],
    "ports": [29500, "40000-40100"], "transport": "tcp", "slice": "red", "period_s": 0.8,
    "bytes": "400 MB", "ttl_s": 60, "owner": "ann", "why": "a run",
}  # fmt: skip


def nobody(word: str) -> Any:
    raise LookupError(word)


def test_a_form_becomes_a_job_and_back() -> None:
    made = job_of(JobForm.model_validate(FORM), nobody, 99.0, "bob")
    assert made == job(
        "train-7", "10.0.0.1", "10.1.0.0/16", "2001:db8::1",
        ports=(PortRange(29500, 29500), PortRange(40000, 40100)), transport=Transport.TCP,
        slice_name="red", period_s=0.8, period_bytes=4e8, expires_at=99.0, owner="ann", why="a run",
    )  # fmt: skip
    assert from_told(json.loads(json.dumps(told(made)))) == made


@given(JOBS.filter(lambda entry: entry.expires_at is not None))
def test_what_is_told_is_read_back(entry: Job) -> None:
    entry = dataclasses.replace(entry, prefixes=tuple(dict.fromkeys(entry.prefixes)))
    assert from_told(json.loads(json.dumps(told(entry)))) == entry


def test_hosts_may_be_named_by_what_the_controller_knows() -> None:
    form = JobForm.model_validate({**FORM, "hosts": ["02:00:00:00:00:0A", "h1"]})
    known = {"02:00:00:00:00:0a": [ip_network("10.0.0.7")], "h1": [ip_network("10.0.0.8")]}
    made = job_of(form, known.__getitem__, 1.0, "")
    assert [str(network) for network in made.prefixes] == ["10.0.0.7/32", "10.0.0.8/32"]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("id", "a/b", "id"), ("id", "", "id"), ("id", "x" * 101, "id"),
     ("class", "gradients", "class"),
     ("hosts", [], "at least 1"), ("hosts", ["10.0.0.1/8"], "did you mean 10.0.0.0/8"),
     ("hosts", [167772161], "no address"), ("hosts", ["fe80::1%eth0"], "no address"),
     ("hosts", ["1.2.3"], "no address"), ("hosts", "10.0.0.1", "hosts"),
     ("ports", [0], "1..65535"), ("ports", ["9-8"], "goes upwards"), ("ports", 80, "is a list"),
     ("ports", [True], "not a port"), ("ports", [8000.5], "not a port"),
     ("ports", [], "at least 1"),
     ("transport", "sctp", "transport"), ("peers", "all", "peers"),
     ("period_s", 0, "period_s"), ("period_s", float("inf"), "period_s"),
     ("bytes", "400", "unit is missing"), ("bytes", -1, "bytes"), ("ttl_s", 0, "ttl_s"),
     ("ttl_s", 1e9, "ttl_s"), ("why", "a\x1b[2J", "can't be printed"), ("hots", [], "hots"),
     ("traffic_class", "bulk", "traffic_class")],
)  # fmt: skip
def test_what_is_wrong_in_a_form_is_told(key: str, value: object, words: str) -> None:
    with pytest.raises(ValidationError) as error:
        JobForm.model_validate({**FORM, key: value})
    assert words in str(error.value)
