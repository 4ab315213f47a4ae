"""The API's routes, forms, roles and errors, called as WSGI; sockets are test_api_server's."""

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import falcon.testing
import pytest
from api_site import JOB, OPERATOR, READER, MemoryManager, a_site, concrete, odd_rules, small_state
from pydantic import TypeAdapter

from controller.api import (
    flows,
    jobs,
    network,
    policy,
    routes,
    ryu_qos,
    ryu_stats,
    ryu_topology,
    ryu_words,
)
from controller.api import site as module
from controller.api.access import Role, Tokens, make_own
from controller.api.edit import section, with_section
from controller.api.interface import Site
from controller.api.routes import MAX_BODY, Route
from controller.errors import SettingsError
from policies.load import DEFAULT_POLICY, parse_policy

ROUTES: list[Route] = [
    *policy.ROUTES, *jobs.ROUTES, *flows.ROUTES, *network.ROUTES, *ryu_stats.ROUTES,
    *ryu_topology.ROUTES, *ryu_qos.ROUTES,
]  # fmt: skip
DEFAULT = DEFAULT_POLICY.read_text()
SLICED = (
    DEFAULT
    + """
slices:
  blue: {members: [{vlan: 11}], guarantee: 10 Mbit/s}
  red: {members: [{vlan: 12}], guarantee: 20%, maximum: 30 Mbit/s, talks_to: [blue]}
"""
)
QUERIES = {
    "/v1/flows/explain": "client=10.0.0.2&cport=8001&server=10.0.0.1&sport=41000",
}
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def state() -> Any:
    return small_state()


@pytest.fixture
def site(tmp_path: Path, state: Any) -> Site:
    state.policy = parse_policy(DEFAULT, "default")
    return a_site(tmp_path, state)


@pytest.fixture
def ask(site: Site) -> Ask:
    client = falcon.testing.TestClient(module.build(site, time.monotonic))

    def call(method: str, path: str, body: Any = None, token: str = OPERATOR, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        if body is not None:
            more["body" if isinstance(body, bytes) else "json"] = body
        return client.simulate_request(method, path, headers=headers, **more)

    return call


@pytest.fixture
def manager(site: Site) -> MemoryManager:
    assert isinstance(site.manager, MemoryManager)
    return site.manager


def bodies(route: Route) -> Any:
    """A body of this route that the memory manager can do."""
    return {
        "PolicyText": {"policy": DEFAULT}, "ApplyRequest": {"policy": DEFAULT, "canary": 0.1},
        "RollbackRequest": {}, "EmptyRequest": {},
        "RuleRequest": {"match": {"nw_proto": "TCP", "tp_dst": "5001"}, "actions": {"queue": "7"}},
        "RuleDelete": {"qos_id": ryu_qos._qos_id("etcd", ryu_qos.Transport.TCP, 2379, 2379)},
        "JobForm": JOB, "RenewRequest": {"ttl_s": 60},
        "QueueRequest": {"max_rate": 1000, "queues": [{"max_rate": "900"}]},
    }[route.body.__name__] if route.body else None  # fmt: skip


def ids(route: Route) -> str:
    return f"{route.method} {route.path}"


# --- every route ----------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES, ids=ids)
def test_every_route_answers_in_the_form_it_promises(
    route: Route, ask: Ask, manager: MemoryManager
) -> None:
    if route.path in {"/v1/policy/promote", "/v1/policy/abort", "/v1/policy/rollback"}:
        ask("POST", "/v1/policy/apply", {"policy": SLICED, "canary": 0.5})
    if route.tag == "jobs":
        assert ask("POST", "/v1/jobs", JOB).status_code == 200
    query = QUERIES.get(route.path, "")
    answer = ask(route.method, concrete(route), bodies(route), query_string=query)
    if route.answer is None:
        assert answer.status_code == 501
        assert any(word in answer.json["detail"] for word in ("policy", "slice"))
        return
    assert answer.status_code == 200, answer.text
    # What the manager tells may be more than is described; what we make is all described.
    extra = None if route.tag == "policy" else "forbid"
    TypeAdapter(route.answer).validate_json(answer.content, extra=extra)


@pytest.mark.parametrize("route", [r for r in ROUTES if r.role], ids=ids)
def test_every_route_wants_a_token_of_its_role(route: Route, ask: Ask, site: Site) -> None:
    for token in ("", "x" * 20, READER[:-1], "Ü"):
        answer = ask(route.method, concrete(route), bodies(route), token=token)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert site.notes.counts["api-unauthorized"] == 4
    ask("POST", "/v1/jobs", JOB)
    query = QUERIES.get(route.path, "")
    answer = ask(route.method, concrete(route), bodies(route), token=READER, query_string=query)
    if route.role is Role.OPERATOR:
        assert answer.status_code == 403
        assert "prometheus" in answer.json["detail"]
    else:
        assert answer.status_code in {200, 501}


def test_operators_alone_change_and_every_change_is_theirs() -> None:
    reading = {"/v1/policy/check", "/v1/policy/plan"}
    for route in ROUTES:
        assert (route.role is Role.OPERATOR) == (
            route.method != "GET" and route.path not in reading
        )


def test_the_document_names_every_route_and_its_forms(ask: Ask) -> None:
    told = ask("GET", "/v1/openapi.json", token="").json
    assert told["openapi"] == "3.1.0"
    for route in ROUTES:
        operation = told["paths"][route.path][route.method.lower()]
        assert ("200" in operation["responses"]) == (route.answer is not None)
        assert ("requestBody" in operation) == (route.body is not None)
        assert bool(operation["security"]) == (route.role is not None)
    operations = [o for path in told["paths"].values() for o in path.values()]
    assert len({o["operationId"] for o in operations}) == len(operations) == len(ROUTES) + 3
    assert not list(_dangling(told, told))


def _dangling(node: Any, root: Any) -> Any:
    """References to nothing."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            at = root
            for word in node["$ref"].removeprefix("#/").split("/"):
                at = at.get(word, {})
            if not at:
                yield node["$ref"]
        for value in node.values():
            yield from _dangling(value, root)
    elif isinstance(node, list):
        for value in node:
            yield from _dangling(value, root)


def test_the_page_lists_every_route_and_needs_no_token(ask: Ask) -> None:
    page = ask("GET", "/", token="")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert all(route.path in page.text for route in ROUTES)


def test_health_needs_no_token_and_tells_little(ask: Ask) -> None:
    assert ask("GET", "/v1/health", token="").json == {
        "status": "ok", "settled": True, "switches": 4
    }  # fmt: skip


def test_metrics_are_for_readers(ask: Ask) -> None:
    assert ask("GET", "/metrics", token="").status_code == 401
    assert "headway_switches_connected 4.0" in ask("GET", "/metrics", token=READER).text


# --- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/v1/policy/../../etc/passwd", 404),
     ("GET", "/v1/history/..%2f..%2fetc%2fpasswd", 404), ("GET", "/v1/history/x", 400),
     ("GET", "/v1/history/99", 404), ("GET", "/v1/history/%00", 400),
     ("DELETE", "/v1/policy", 405), ("POST", "/v1/health", 405), ("PUT", "/qos/rules/all", 405),
     ("GET", "/v1/switches/0x99", 404), ("GET", "/v1/switches/%F0%9F", 400),
     ("GET", "/stats/flow/one", 400), ("GET", "/stats/flow/99", 404),
     ("GET", "/stats/port/1/many", 400), ("GET", "/v1.0/topology/links/1", 400),
     ("GET", "/qos/rules/0000000000000099", 404), ("GET", "/v1/hosts?limit=0", 400),
     ("GET", "/v1/hosts?limit=1001", 400), ("GET", "/v1/hosts?limit=1&limit=2", 400),
     ("GET", "/v1/hosts?page=2", 400), ("GET", "/v1/policy?x=1", 400),
     ("GET", "/v1/hosts?offset=-1", 400)],
)  # fmt: skip
def test_a_wrong_address_is_a_problem(ask: Ask, method: str, path: str, status: int) -> None:
    path, _, query = path.partition("?")
    answer = ask(method, path, query_string=query)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["detail"]


def test_without_a_token_no_path_is_told_from_another(ask: Ask) -> None:
    answers = [ask("GET", path, token="") for path in ("/nothing", "/v1/policy")]
    assert [a.status_code for a in answers] == [401, 401]
    assert answers[0].json == answers[1].json


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b"", 411), (b'{"policy": "\xff\xfe"}', 400),
     (b"{}", 400), (b'{"policy": 5}', 400), (b'{"policy": ""}', 400),
     (b'{"policy": "a", "polizy": 1}', 400),
     (b'{"policy": "a", "canary": NaN}', 400), (b'{"policy": "a", "canary": 1e999}', 400),
     (b'{"policy": "a", "canary": 0}', 400), (b'{"policy": "a", "bake_s": -1}', 400),
     (b'{"policy": "a: ["}', 422), (b'{"policy": "version: 1"}', 422),
     (b"[" * 1_000_000, 400), (b'{"a":' * 300_000, 400),
     (b'{"policy": ' + b"9" * 10_000 + b"}", 400), (b"x" * (MAX_BODY + 1), 413)],
    ids=lambda v: v[:24].decode("latin1") if isinstance(v, bytes) else None,
)  # fmt: skip
def test_a_wrong_body_is_a_problem_and_changes_nothing(
    ask: Ask, manager: MemoryManager, body: bytes, status: int
) -> None:
    began = time.monotonic()
    answer = ask("POST", "/v1/policy/apply", body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 10_000
    assert time.monotonic() - began < 1
    assert manager.version.id == 1


def test_a_body_without_a_length_is_refused(ask: Ask) -> None:
    answer = ask("POST", "/v1/policy/plan", headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 411


def test_what_is_wrong_in_a_policy_is_told_with_its_line(ask: Ask) -> None:
    body = {"policy": DEFAULT.replace("share: 0.30", "share: 1.30"), "name": "mine.yaml"}
    for path in ("check", "plan", "apply"):
        answer = ask("POST", f"/v1/policy/{path}", body)
        assert answer.status_code == 422
        assert "mine.yaml:16: queues.inference" in answer.json["detail"]


def test_a_defect_tells_nothing_of_itself(
    ask: Ask, manager: MemoryManager, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(manager, "running", lambda: 1 / 0)
    answer = ask("GET", "/v1/policy")
    assert answer.status_code == 500
    assert "zero" not in answer.text
    assert "ZeroDivisionError" in caplog.text


# --- the policy -----------------------------------------------------------------------------------


def test_apply_keeps_who_when_and_why(ask: Ask) -> None:
    done = ask("POST", "/v1/policy/apply", {"policy": SLICED, "why": "tenants"})
    assert done.status_code == 200
    assert (done.json["version"], done.json["who"], done.json["why"]) == (2, "ann", "tenants")
    assert done.json["rules"] == {"0x1": 2}
    running = ask("GET", "/v1/policy").json
    assert running["text"] == SLICED
    assert running["canary"] is None
    listed = ask("GET", "/v1/history", query_string="limit=1").json
    assert [v["version"] for v in listed["items"]] == [2]
    assert listed["total"] == 2
    assert ask("GET", "/v1/history/1").json["text"] == DEFAULT


def test_rollback_goes_back_and_can_be_named(ask: Ask) -> None:
    ask("POST", "/v1/policy/apply", {"policy": SLICED})
    back = ask("POST", "/v1/policy/rollback", {"why": "oops"})
    assert (back.json["kind"], back.json["equal_to"]) == ("rollback", 1)
    assert ask("POST", "/v1/policy/rollback", {"to": 2}).json["equal_to"] == 2
    assert ask("POST", "/v1/policy/rollback", {"to": 77}).status_code == 404
    assert ask("POST", "/v1/policy/rollback").status_code in {200, 411}


def test_a_canary_is_promoted_or_ended(ask: Ask) -> None:
    tried = ask("POST", "/v1/policy/apply", {"policy": SLICED, "canary": 0.1, "bake_s": 5})
    assert tried.json["canary"]["slices"] == ["red"]
    assert ask("GET", "/v1/policy").json["canary"]["version"] == 2
    assert ask("POST", "/v1/policy/abort", {}).json["outcome"] == "rolled-back"
    refused = ask("POST", "/v1/policy/promote", {})
    assert refused.status_code == 409
    assert refused.json["detail"] == "nothing is being tried"


def test_what_a_switch_refuses_is_told_and_nothing_changed(
    ask: Ask, manager: MemoryManager
) -> None:
    manager.refuse = "switch 0x1 refused: meter 32769"
    answer = ask("POST", "/v1/policy/apply", {"policy": SLICED})
    assert answer.status_code == 409
    assert "0x1" in answer.json["detail"]
    assert ask("GET", "/v1/policy").json["version"] == 1
    assert ask("GET", "/v1/history").json["items"][0]["outcome"] == "refused"


def test_another_change_at_the_same_time_is_a_conflict(ask: Ask, manager: MemoryManager) -> None:
    manager._busy = True
    answer = ask("POST", "/v1/policy/apply", {"policy": SLICED})
    assert answer.status_code == 409
    assert answer.headers["retry-after"] == "1"


def test_a_record_that_can_not_be_written_is_told(ask: Ask, manager: MemoryManager) -> None:
    manager.store._file.connection.execute("PRAGMA query_only = 1")
    answer = ask("POST", "/v1/policy/apply", {"policy": SLICED})
    assert answer.status_code == 503
    assert "mend its folder" in answer.json["detail"]


# --- what is known --------------------------------------------------------------------------------


def test_slices_are_told_with_figures(ask: Ask) -> None:
    ask("POST", "/v1/policy/apply", {"policy": SLICED})
    part = next(s for s in ask("GET", "/v1/slices").json["items"] if s["name"] == "red")
    assert (part["guarantee"], part["maximum"]) == ("20% of each link", "30000000 bit/s")
    assert (part["sent_bytes"], part["lost_packets"], part["talks_to"]) == (1000, 1, ["blue"])


def test_lists_come_in_pages(ask: Ask) -> None:
    whole = ask("GET", "/v1/hosts").json
    assert whole["total"] == 4
    parts = [ask("GET", "/v1/hosts", query_string=f"limit=3&offset={n}").json for n in (0, 3)]
    assert [*parts[0]["items"], *parts[1]["items"]] == whole["items"]
    assert [len(p["items"]) for p in parts] == [3, 1]


def test_switches_tell_their_ports_and_rates(ask: Ask) -> None:
    switch = ask("GET", "/v1/switches/0x1").json
    assert switch == ask("GET", "/v1/switches/1").json
    assert switch["connected"]
    assert [(p["name"], p["fabric"], p["tx_bps"]) for p in switch["ports"]][:3] == [
        ("s1-eth1", True, 16000.0), ("s1-eth2", True, 16000.0), ("s1-eth3", False, 0.0),
    ]  # fmt: skip


# --- Ryu's forms ----------------------------------------------------------------------------------


def test_rules_are_told_in_the_words_of_ofctl() -> None:
    """Against the framework's own translation; Nicira actions aside, which it takes apart."""
    from os_ken.lib import ofctl_v1_3 as theirs

    from controller import codec
    from controller.framework import ofp_parser

    for rule in [*odd_rules(), *small_state().switches[1].mirror.actual_rules.values()]:
        match = ofp_parser.OFPMatch.parser(_packed(codec._encode_match(rule.match)), 0)
        assert ryu_words.match(rule) == theirs.match_to_str(match)
        if not any(type(a).__name__ in {"Copy", "Load", "Move"} for a in rule.actions):
            made = codec._encode_instructions(rule)
            assert ryu_words.instructions(rule) == theirs.actions_to_str(made)
        json.dumps(ryu_words.flow(rule, 1, 2))


def _packed(match: Any) -> bytearray:
    buffer = bytearray()
    match.serialize(buffer, 0)
    return buffer


def test_statistics_have_counters_we_mirror_and_say_which_we_don_t(ask: Ask) -> None:
    flows = ask("GET", "/stats/flow/1").json["1"]
    assert len(flows) == ask("GET", "/v1/switches/1").json["rules"]
    assert sum(f["packet_count"] for f in flows) == 15
    port = ask("GET", "/stats/port/1/1").json["1"]
    assert [(p["rx_bytes"], p["tx_bytes"], p["rx_crc_err"]) for p in port] == [
        (2000, 4000, 2**64 - 1)
    ]
    assert (port[0]["rx_packets"], port[0]["tx_packets"]) == (1, 2)
    assert sum(f["byte_count"] for f in flows) == 1500
    assert [q["tx_bytes"] for q in ask("GET", "/stats/queue/1/1/7").json["1"]] == [200]
    assert ask("GET", "/stats/queue/1/ALL/ALL").json["1"][0]["queue_id"] == 0
    meters = ask("GET", "/stats/meterconfig/1").json["1"]
    assert meters[0]["flags"] == ["PKTPS", "BURST"]
    meter = ask("GET", "/stats/meter/1").json["1"][0]
    assert meter["flow_count"] > 0
    assert meter["packet_in_count"] == 30
    assert meter["band_stats"] == [{"packet_band_count": 4, "byte_band_count": 400}]
    groups = {g["group_id"]: g for g in ask("GET", "/stats/groupdesc/1").json["1"]}
    counted = ask("GET", "/stats/group/1").json["1"]
    assert {g["group_id"] for g in counted} == set(groups)
    assert all(g["ref_count"] > 0 for g in counted)
    assert {g["type"] for g in groups.values()} == {"SELECT", "FF"}


def test_a_long_answer_comes_in_pieces(
    ask: Ask, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[int] = []
    counted = Site(site.state, site.manager, site.notes, site.tokens, lambda: pauses.append(1))
    client = falcon.testing.TestClient(module.build(counted, time.monotonic))
    monkeypatch.setattr(routes, "PIECE", 100)
    answer = client.simulate_get("/stats/flow/1", headers={"Authorization": f"Bearer {READER}"})
    assert len(answer.json["1"]) > routes.PIECE
    assert pauses


def test_topology_has_both_directions(ask: Ask) -> None:
    links = ask("GET", "/v1.0/topology/links").json
    assert len(links) == 8
    assert {(k["dst"]["dpid"], k["src"]["dpid"]) for k in links} == {
        (k["src"]["dpid"], k["dst"]["dpid"]) for k in links
    }
    (first, *_) = ask("GET", f"/v1.0/topology/hosts/{1:016x}").json
    assert (first["mac"], first["ipv4"]) == ("02:00:00:00:00:01", ["10.0.0.1"])


# --- /qos changes the policy ----------------------------------------------------------------------


def running(ask: Ask) -> Any:
    return parse_policy(ask("GET", "/v1/policy").json["text"], "x")


def test_a_rule_becomes_a_service_and_goes_again(ask: Ask) -> None:
    rule = {"match": {"dl_type": "IPv4", "nw_proto": "UDP", "tp_dst": "5002"},
            "actions": {"queue": "7"}}  # fmt: skip
    done = ask("POST", "/qos/rules/all", rule)
    assert done.status_code == 200, done.text
    assert done.json[0]["switch_id"] == f"{1:016x}"
    details = done.json[0]["command_result"][0]["details"]
    first = running(ask).services[0]
    assert (first.traffic_class.value, first.transport.value, first.first) == (
        "inference", "udp", 5002,
    )  # fmt: skip
    assert ask("GET", "/v1/history").json["items"][0]["why"] == "REST /qos: udp 5002"
    number = int(details.rpartition("=")[2])
    rules = ask("GET", "/qos/rules/all").json[0]["command_result"][0]["qos"]
    assert rules[0] == {
        "qos_id": number, "priority": 600, "dl_type": "IPv4", "nw_proto": "UDP", "tp_dst": 5002,
        "actions": [{"mark": "46"}, {"queue": "7"}],
    }  # fmt: skip
    assert ask("DELETE", "/qos/rules/all", {"qos_id": str(number)}).status_code == 200
    assert running(ask).services == parse_policy(DEFAULT, "x").services
    assert ask("DELETE", "/qos/rules/all", {"qos_id": number}).status_code == 404
    assert ask("POST", "/v1/policy/rollback", {}).status_code == 200
    assert running(ask).services[0] == first


def test_one_port_of_a_service_is_taken_out(ask: Ask) -> None:
    rules = ask("GET", "/qos/rules/all").json[0]["command_result"][0]["qos"]
    kserve = next(r for r in rules if r["tp_dst"] == 8001)
    ollama = next(r for r in rules if r["tp_dst"] == 11434)
    for rule in (kserve, ollama):
        assert ask("DELETE", "/qos/rules/all", {"qos_id": rule["qos_id"]}).status_code == 200
    left = {(s.first, s.last) for s in running(ask).services}
    assert (8001, 8001) not in left
    assert (11434, 11434) not in left
    assert (8000, 8000) in left


def test_a_mark_gets_another_queue(ask: Ask) -> None:
    done = ask("POST", "/qos/rules/all", {"match": {"ip_dscp": "26"}, "actions": {"queue": "7"}})
    assert done.status_code == 200, done.text
    assert {c.queue_id for c in running(ask).classes if c.dscp == 26} == {7}


def test_queues_get_shares(ask: Ask) -> None:
    body = {"type": "linux-htb", "max_rate": "1000000",
            "queues": [{"min_rate": "20000"}, {"max_rate": "500000"}]}  # fmt: skip
    assert ask("POST", "/qos/queue/all", body).status_code == 200
    queues = {q.queue_id: q for q in running(ask).queues}
    assert (queues[0].share, queues[1].ceiling) == (0.02, 0.5)
    body["queues"][0]["min_rate"] = "900000"
    refused = ask("POST", "/qos/queue/all", body)
    assert refused.status_code == 422
    assert "shares add up to" in refused.json["detail"]


def test_a_change_of_what_was_changed_meanwhile_is_a_conflict(site: Site, ask: Ask) -> None:
    def slowly(function: Any, *arguments: Any) -> Any:
        site.manager.apply(SLICED, "x")
        return function(*arguments)

    slow = dataclasses.replace(site, aside=slowly)
    client = falcon.testing.TestClient(module.build(slow, time.monotonic))
    answer = client.simulate_post(
        "/qos/rules/all", json={"match": {"ip_dscp": 26}, "actions": {"queue": 7}},
        headers={"Authorization": f"Bearer {OPERATOR}"},
    )  # fmt: skip
    assert answer.status_code == 409
    assert ask("GET", "/v1/policy").json["text"] == SLICED


def test_queues_of_slices_are_told(ask: Ask) -> None:
    ask("POST", "/v1/policy/apply", {"policy": SLICED})
    queues = ask("GET", "/stats/queueconfig/1/1").json["1"][0]["queues"]
    rates = {q["queue_id"]: [p["rate"] for p in q["properties"]] for q in queues}
    assert rates == {0: [5, 100], 17: [10, 1000], 18: [30, 30]}  # of a thousand


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [("rules/all", {"match": {"nw_dst": "10.0.0.1", "nw_proto": "UDP", "tp_dst": "5002"},
                    "actions": {"queue": "1"}}, 501, "slices:"),
     ("rules/all", {"match": {"in_port": 1}}, 501, "members {ports"),
     ("rules/all", {"match": {"dl_vlan": 5}}, 501, "vlan"),
     ("rules/all", {"match": {"dl_type": "ARP"}}, 501, "ARP"),
     ("rules/all", {"match": {"nw_proto": "TCP", "tp_src": 1, "tp_dst": 2}}, 501, "either end"),
     ("rules/all", {"match": {"nw_proto": "ICMP"}}, 400, "TCP or UDP"),
     ("rules/all", {"match": {"nw_proto": "TCP", "tp_dst": 1}, "actions": {"meter": 1}}, 501,
      "maximum"),
     ("rules/all", {"match": {"nw_proto": "TCP", "tp_dst": 1}, "actions": {"queue": 15}}, 400,
      "inference (mark 46, queue 7)"),
     ("rules/all", {"match": {"nw_proto": "TCP", "tp_dst": 70000}}, 400, "tp_dst"),
     ("rules/all", {"match": {"nw_proto": "TCP", "tp_dst": 1, "colour": 1}}, 400, "colour"),
     ("rules/all", {"match": {"ip_dscp": 26}, "actions": {"queue": 15}}, 400, "no queue 15"),
     ("rules/0000000000000001", {"match": {}}, 501, "every switch"),
     ("rules/all/5", {"match": {}}, 501, "VLAN"),
     ("queue/all", {"queues": [{"min_rate": 1}]}, 400, "max_rate"),
     ("queue/all", {"max_rate": 9, "port_name": "s1-eth1", "queues": [{}]}, 501, "every port"),
     ("queue/all", {"max_rate": 9, "queues": [{}] * 16}, 400, "no queue 9"),
     ("meter/all", {"meter_id": 1}, 501, "maximum")],
)  # fmt: skip
def test_what_a_policy_has_no_word_for_says_what_to_write(
    ask: Ask, manager: MemoryManager, path: str, body: Any, status: int, told: str
) -> None:
    answer = ask("POST", f"/qos/{path}", body)
    assert answer.status_code == status, answer.text
    assert told in answer.json["detail"]
    assert manager.version.id == 1


@pytest.mark.parametrize("path", ["flowentry/add", "groupentry/add", "meterentry/add"])
def test_tables_are_not_written_by_hand(ask: Ask, path: str) -> None:
    answer = ask("POST", f"/stats/{path}", {"dpid": 1})
    assert answer.status_code == 501
    assert "audit" in answer.json["detail"]


# --- text with a section changed ------------------------------------------------------------------


def test_only_the_section_changes() -> None:
    text = "# mine\nversion: 1 # one\nservices:\n  - {name: a, ports: [1]}\n# kept\nname: x\n"
    new = with_section(text, "services", [{"name": "b: 5", "ports": [2, "3-4"]}])
    assert new.startswith("# mine\nversion: 1 # one\nservices:\n")
    assert new.endswith("\n# kept\nname: x\n")
    assert section(new, "services") == [{"name": "b: 5", "ports": [2, "3-4"]}]


@pytest.mark.parametrize(
    "text", ["{version: 1, name: a}", "version: 1", "\ufeffversion: 1\n", "version: 1\n...\n"]
)
@pytest.mark.parametrize("word", ["12e3", "0x10", "no", "null", "1_0", "ü", "a\nb", "~", "08:00"])
def test_whatever_the_text_looks_like_it_means_what_was_asked(text: str, word: str) -> None:
    new = with_section(text, "services", [{"name": word}])
    assert section(new, "services") == [{"name": word}]
    assert section(new, "version") == 1


def test_a_section_left_out_is_the_default_s() -> None:
    assert section("version: 1\nname: x\n", "queues")["inference"]["share"] == 0.30


# --- tokens ---------------------------------------------------------------------------------------


def file_of(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "tokens"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "no token in it"), ("reader short", "shorter than 16"), ("admin " + "x" * 20, "tokens:1"),
     ("reader", "tokens:1"), (f"# a\nreader {'x' * 20} a b", "tokens:2"),
     (f"reader {'x' * 20}\noperator {'x' * 20}", "tokens:2: the token of line 1"),
     ("reader " + "ü" * 20, "not ASCII")],
)  # fmt: skip
def test_a_wrong_token_file_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        Tokens(file_of(tmp_path, text))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_token_file_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingsError, match="chmod 600"):
        Tokens(file_of(tmp_path, f"reader {READER}", mode))


def test_a_missing_token_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read"):
        Tokens(tmp_path / "none")


def test_tokens_are_read_again_and_a_bad_edit_keeps_those_before(tmp_path: Path) -> None:
    path = file_of(tmp_path, f"reader {READER}")
    tokens = Tokens(path)
    assert tokens.caller(OPERATOR) is None
    path.write_text(f"reader {READER}\noperator {OPERATOR} ann")
    assert tokens.caller(OPERATOR).name == "ann"  # type: ignore[union-attr]
    path.write_text("nonsense")
    assert tokens.caller(OPERATOR) is not None
    path.write_text(f"operator {OPERATOR}")
    assert tokens.caller(READER) is None


def test_our_own_token_is_fresh_and_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "api-8080.token"
    texts = []
    for _ in range(2):
        make_own(path)
        texts.append(path.read_text())
        assert path.stat().st_mode & 0o777 == 0o600
    assert texts[0] != texts[1]
    caller = Tokens(path).caller(texts[1].split()[1])
    assert caller is not None
    assert (caller.role, caller.name) == (Role.OPERATOR, "local")
    assert [p.name for p in path.parent.iterdir()] == ["api-8080.token"]
