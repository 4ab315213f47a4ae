"""Each line of the tables is reached by an opening made after it, and has a source."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web_openings import answer, client_hello, grpc_opening, records, request

from classifier import bodies, fields, grpc_services, names, paths, web
from classifier.claims import Claim, weigh
from classifier.model import SCTP, TCP, UDP, Identity
from policies.classes import TrafficClass

CLAIMS = [
    *(line.claim for line in paths.TARGETS),
    *(line.claim for line in paths.QUERIES),
    *(line.claim for line in fields.FIELDS),
    *(line.claim for line in bodies.BODIES),
    *(line.claim for line in bodies.METHODS),
    *(line.claim for line in bodies.TEXTS),
    *(line.claim for line in names.NAMES),
    *(line.claim for line in names.LABELS),
    *(line.claim for line in names.ALPN),
    *(line.claim for line in grpc_services.SERVICES),
    *(line.claim for line in grpc_services.METHODS),
]


def test_each_line_is_whole() -> None:
    for claim in CLAIMS:
        assert claim.protocol and len(claim.source) > 3, claim
        assert 0.4 < claim.confidence < 1.0, claim
        assert len(claim.role.split()) <= 4, claim


@pytest.mark.parametrize("line", paths.TARGETS, ids=lambda line: line.path)
def test_each_path_is_reached(line: paths.Target) -> None:
    path = line.path.replace("...", "/gateway/a").replace("**", "p/q").replace("*", "m1")
    method = (line.methods or "GET").split()[0].encode()
    found = paths.target_claims(method, path.encode())
    assert found and found[0].confidence >= line.claim.confidence
    assert found[0].traffic_class is line.claim.traffic_class
    if line.methods:
        assert line.claim not in paths.target_claims(b"TRACE", path.encode())


@pytest.mark.parametrize("line", paths.QUERIES, ids=lambda line: line.parameter)
def test_each_query_is_reached(line: paths.Query) -> None:
    assert paths.query_claims(f"a=b&{line.parameter}=7".encode()) or "=" in line.parameter
    assert paths.query_claims(line.parameter.upper().encode()) == [line.claim]


@pytest.mark.parametrize("line", fields.FIELDS, ids=lambda line: f"{line.name}-{line.token}")
def test_each_field_is_reached(line: fields.Field) -> None:
    assert fields.field_claim(line.name.encode(), (line.token or "x").encode()) == line.claim
    if line.name == "user-agent":
        value = f"other/1.0; {line.token}/2.3 (linux)".encode()
        assert fields.field_claim(b"user-agent", value) == line.claim


@pytest.mark.parametrize("line", bodies.BODIES, ids=lambda line: "-".join(sorted(line.members)))
def test_each_body_is_reached(line: bodies.Body) -> None:
    text = "{" + ", ".join(f'"{name}" : 1' for name in sorted(line.members)) + "}"
    for before in ("", "2a\r\n", "event: x\r\ndata: ", " "):
        found = bodies.body_claim((before + text).encode(), line.answer)
        assert found is not None and found.confidence >= line.claim.confidence
        assert found.traffic_class is line.claim.traffic_class


def test_each_method_and_text_is_reached() -> None:
    for method in bodies.METHODS:
        text = f'{{"jsonrpc": "2.0", "id": 1, "method": "{method.name}"}}'
        assert bodies.body_claim(text.encode(), False) == method.claim
    for line in bodies.TEXTS:
        assert bodies.body_claim(b"\n" + line.text + b" and more", True) == line.claim


@pytest.mark.parametrize("line", names.NAMES, ids=lambda line: line.domain)
def test_each_name_is_reached(line: names.Name) -> None:
    name = line.domain.replace("*", "x1")
    for given_name in (name, f"some.{name}"):
        found = names.name_claim(given_name)
        assert found is not None and found.traffic_class is line.claim.traffic_class
    assert names.name_claim(f"{name}.example.org") != line.claim


@pytest.mark.parametrize("line", names.LABELS, ids=lambda line: line.domain)
def test_each_label_is_reached(line: names.Name) -> None:
    for label in (line.domain, f"{line.domain}-3"):
        assert names.name_claim(f"{label}.cluster.local") == line.claim


@pytest.mark.parametrize("line", names.ALPN, ids=lambda line: repr(line.name))
def test_each_protocol_is_reached(line: names.Protocol) -> None:
    found = web.identify(TCP, 1, records(client_hello("", [b"h9", line.name])), b"")
    assert found is not None and found.traffic_class is line.claim.traffic_class


@pytest.mark.parametrize("line", grpc_services.SERVICES, ids=lambda line: line.name)
def test_each_service_is_reached(line: grpc_services.Service) -> None:
    name = line.name.replace("*", "some.Service")
    path = name if "/" in name else f"{name}/Some"
    found = web.identify(TCP, 1, grpc_opening(f"/{path}"), b"")
    assert found is not None
    assert (found.protocol, found.traffic_class) == (line.claim.protocol, line.claim.traffic_class)


def test_no_line_stands_twice() -> None:
    keys = [(m, line.path) for line in paths.TARGETS for m in (line.methods or "-").split()]
    assert len(keys) == len(set(keys))
    for table in (
        [(line.name, line.token) for line in fields.FIELDS],
        [(line.members, line.answer) for line in bodies.BODIES],
        [line.domain for line in (*names.NAMES, *names.LABELS)],
        [line.name for line in names.ALPN],
        [line.name for line in grpc_services.SERVICES],
    ):
        assert len(table) == len(set(table))


def test_weighing() -> None:
    sure = Claim("A", "", TrafficClass.BULK, 0.8, "one")
    again = Claim("A", "", TrafficClass.BULK, 0.7, "two")
    other = Claim("B", "", TrafficClass.CONTROL, 0.7, "three")
    assert weigh([]) is None
    agreed, doubted = weigh([again, sure]), weigh([other, sure])
    assert agreed is not None and agreed.protocol == "A" and agreed.confidence > 0.8
    assert doubted is not None and doubted.protocol == "A" and doubted.confidence < 0.8


OPENINGS = [
    request("POST", "/v1/chat/completions", b'{"model":"m"}', User_Agent="OpenAI/Python 1.0"),
    answer(200, b'{"object":"list"}', Content_Type="application/json"),
    grpc_opening("/inference.GRPCInferenceService/ModelInfer"),
    records(client_hello("huggingface.co", [b"h2"])),
    b"\xc0\0\0\0\x01\x08" + bytes(8) + b"\0\0\x44\x9e" + bytes(1200),
    b"\x16\xfe\xfd" + bytes(8) + b"\0\x20\x01" + bytes(40),
]
SIDE = st.one_of(
    st.binary(max_size=200),
    st.tuples(st.sampled_from(OPENINGS), st.integers(0, 1300)).map(lambda cut: cut[0][: cut[1]]),
    st.tuples(st.sampled_from(OPENINGS), st.binary(max_size=60), st.integers(0, 200)).map(
        lambda mixed: mixed[0][: mixed[2]] + mixed[1] + mixed[0][mixed[2] :]
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([TCP, UDP, SCTP]), SIDE, SIDE)
def test_any_bytes(transport: int, client: bytes, server: bytes) -> None:
    found = web.identify(transport, 80, client, server)
    assert found is None or isinstance(found, Identity)
    if found is not None:
        assert 0 < found.confidence <= 1 and found.declared >= 0 and found.protocol


@pytest.mark.parametrize("whole", OPENINGS)
def test_cut_at_every_length(whole: bytes) -> None:
    for end in range(min(len(whole), 1200)):
        for transport in (TCP, UDP):
            web.identify(transport, 1, whole[:end], b"")
            web.identify(transport, 1, b"", whole[:end])
            web.identify(transport, 1, whole[end:1200], whole[:end])
