"""/v1/jobs and /v1/flows, called as WSGI: what launchers ask, and what is refused."""

import time
from pathlib import Path
from typing import Any

import falcon.testing
import pytest
from api_site import FLOWS, JOB, OPERATOR, a_site

from controller.api.site import build
from controller.settings import Settings
from controller.state import State
from policies.load import DEFAULT_POLICY, parse_policy

TEXT = (
    DEFAULT_POLICY.read_text()
    + """
slices:
  blue: {members: [{vlan: 11}], guarantee: 10 Mbit/s}
  red: {members: [{vlan: 12}], guarantee: 20%, classes: [bulk, background]}
rules:
  - {name: copies, class: bulk, to: 10.0.0.9, ports: [29500]}
"""
)


class Ask:
    def __init__(self, folder: Path) -> None:
        state = State(parse_policy(TEXT, "mine.yaml"), Settings())
        self.site = a_site(folder, state)
        self._client = falcon.testing.TestClient(build(self.site, time.monotonic))

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        path, _, query = path.partition("?")
        headers = {"Authorization": f"Bearer {OPERATOR}"}
        more = {"json": body} if body is not None else {}
        answer = self._client.simulate_request(
            method, path, headers=headers, query_string=query, **more
        )
        assert answer.status_code == status, answer.text
        return answer.json if status == 200 else answer.json["detail"]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    return Ask(tmp_path)


def test_the_life_of_a_job(ask: Ask) -> None:
    made = ask("POST", "/v1/jobs", {**JOB, "slice": "blue", "ttl_s": 60, "bytes": "400 MB"})
    assert (made["owner"], made["hosts"], made["ports"], made["bytes"], made["trouble"]) == (
        "ann", ["10.0.0.1", "10.0.0.2"], [29500, "40000-40100"], 4e8, "",
    )  # fmt: skip
    assert 55 < made["expires_at"] - time.time() <= 60
    assert ask("GET", "/v1/jobs/train-7") == made
    assert ask("POST", "/v1/jobs/train-7/renew", {"ttl_s": 600})["expires_at"] > made["expires_at"]
    assert ask("PUT", "/v1/jobs/train-7", {**JOB, "hosts": ["10.0.0.3"]})["hosts"] == ["10.0.0.3"]
    assert ask("DELETE", "/v1/jobs/train-7")["id"] == "train-7"
    assert ask("GET", "/v1/jobs")["total"] == 0


def test_registering_twice_is_once(ask: Ask) -> None:
    for _ in range(2):
        ask("POST", "/v1/jobs", JOB)
    assert ask("GET", "/v1/jobs")["total"] == 1
    for _ in range(2):
        ask("PUT", "/v1/jobs/b", {**JOB, "id": "b"})
    assert [job["id"] for job in ask("GET", "/v1/jobs")["items"]] == ["train-7", "b"]
    assert "another job 'train-7'" in ask("POST", "/v1/jobs", {**JOB, "class": "bulk"}, 422)


def test_jobs_are_listed_by_class_and_slice(ask: Ask) -> None:
    ask("POST", "/v1/jobs", JOB)
    ask("POST", "/v1/jobs", {**JOB, "id": "b", "class": "bulk", "slice": "red"})
    assert [job["id"] for job in ask("GET", "/v1/jobs?class=bulk")["items"]] == ["b"]
    assert [job["id"] for job in ask("GET", "/v1/jobs?slice=red")["items"]] == ["b"]
    assert ask("GET", "/v1/jobs?class=gradient&slice=red")["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/v1/jobs", {**JOB, "slice": "red"}, 422, "may not use class gradient"),
        ("POST", "/v1/jobs", {**JOB, "slice": "rde"}, 422, "did you mean 'red'?"),
        ("POST", "/v1/jobs", {**JOB, "hosts": ["nobody"]}, 422, "no host 'nobody'"),
        ("POST", "/v1/jobs", {**JOB, "hosts": ["10.0.0.1/8"]}, 400, "did you mean 10.0.0.0/8?"),
        ("POST", "/v1/jobs", {**JOB, "id": "../x"}, 400, "id"),
        ("POST", "/v1/jobs", {**JOB, "color": "x"}, 400, "color"),
        ("POST", "/v1/jobs", {}, 400, "hosts"),
        ("PUT", "/v1/jobs/other", JOB, 400, "the body is of job 'train-7'"),
        ("GET", "/v1/jobs/other", None, 404, "no job 'other'; there is none"),
        ("DELETE", "/v1/jobs/other", None, 404, "no job"),
        ("POST", "/v1/jobs/other/renew", {}, 404, "no job"),
        ("GET", "/v1/flows?host=nobody", None, 400, "no address"),
        ("GET", "/v1/flows?class=bluk", None, 400, "class"),
        ("GET", "/v1/flows?reason=guess", None, 400, "reason"),
        ("GET", "/v1/flows/explain", None, 400, "server"),
        ("GET", "/v1/flows/explain?client=1&cport=1&server=::1&sport=1", None, 400, "no address"),
        ("GET", "/v1/flows/explain?client=::2&cport=1&server=::1&sport=1&slice=rde", None, 400,
         "did you mean 'red'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_changes_nothing(
    ask: Ask, method: str, path: str, body: Any, status: int, words: str
) -> None:
    assert words in ask(method, path, body, status)
    assert ask("GET", "/v1/jobs")["total"] == 0


def test_a_job_that_the_policy_has_left_behind_says_so(ask: Ask) -> None:
    ask("POST", "/v1/jobs", {**JOB, "slice": "blue"})
    ask.site.state.policy = parse_policy(DEFAULT_POLICY.read_text(), "x")
    assert ask("GET", "/v1/jobs/train-7")["trouble"] == "no slice 'blue'; there is none"


# --- flows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [("", [0, 1]), ("class=inference", [0]), ("reason=port", [1]), ("protocol=kserve", [0]),
     ("host=10.0.0.2", [0]), ("host=10.0.0.0/8", [0]), ("host=2001:db8::/64", [1]),
     ("host=10.9.0.0/16", []), ("slice=red", []), ("limit=1", [0]),
     ("limit=1&offset=1", [1])],
)  # fmt: skip
def test_flows_are_chosen(ask: Ask, query: str, found: list[int]) -> None:
    assert ask("GET", f"/v1/flows?{query}")["items"] == [FLOWS[number] for number in found]


def test_all_that_speaks_about_a_flow_is_told_the_strongest_first(ask: Ask) -> None:
    ask("POST", "/v1/jobs", {**JOB, "ports": None})
    asked = "/v1/flows/explain?client=10.0.0.1&cport=41000&server=10.0.0.2&sport=8001"
    told = ask("GET", asked)
    assert told["flow"] == FLOWS[0]
    assert [(o["reason"], o["class"], o["why"]) for o in told["opinions"]] == [
        ("job", "gradient", "job train-7"), ("signature", "inference", "KServe v2 protocol"),
        ("port", "inference", "port of KServe v2 / Triton"),
        ("default", "background", "what is left when nothing tells"),
    ]  # fmt: skip


def test_a_flow_that_was_not_looked_at_is_explained_too(ask: Ask) -> None:
    asked = "/v1/flows/explain?client=10.0.0.9&cport=29500&server=10.0.0.2&sport=5"
    told = ask("GET", f"{asked}&slice=blue")
    assert told["flow"] is None
    assert [o["why"] for o in told["opinions"]][:2] == [
        "rule copies", "port of torch.distributed"
    ]  # fmt: skip
    assert [o["reason"] for o in ask("GET", f"{asked}&transport=udp")["opinions"]] == [
        "operator rule", "default"
    ]  # fmt: skip
