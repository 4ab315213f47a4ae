"""HTTP/1 openings: the service is told by all that is there, not by the path alone."""

import pytest
from web_openings import answer, request

from classifier import web
from classifier.model import TCP, UDP, Identity
from policies.classes import TrafficClass

INFERENCE, TELEMETRY = TrafficClass.INFERENCE, TrafficClass.TELEMETRY


def identify(client: bytes, server: bytes = b"") -> Identity:
    found = web.identify(TCP, 8000, client, server)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("opening", "protocol", "kind"),
    [
        (request("POST", "/v2/models/m/infer", b"{}"), "KServe v2 HTTP", "inference"),
        (request("POST", "/v1/models/m:predict", b"{}"), "TensorFlow Serving REST", "inference"),
        (request("POST", "/openai/v1/chat/completions", b"{}"), "OpenAI HTTP", "inference"),
        (request("POST", "/api/chat", b'{"model":"m","messages":[]}'), "Ollama", "inference"),
        (request("POST", "/predictions/m", b"x"), "TorchServe", "inference"),
        (request("GET", "/v2/a/b/manifests/latest"), "OCI registry", "model-distribution"),
        (request("GET", "/o/m/resolve/main/a.bin"), "Hugging Face hub", "model-distribution"),
        (request("GET", "/x", User_Agent="git-lfs/3.4"), "Git LFS", "model-distribution"),
        (request("GET", "/raft/stream/msgapp/8e9e05c52164694d"), "etcd raft", "control"),
        (request("GET", "/apis/apps/v1/namespaces/d/pods"), "Kubernetes API", "control"),
        (request("GET", "/metrics", User_Agent="Prometheus/3.0"), "Prometheus", "telemetry"),
        (request("POST", "/v1/traces", b"\x0a"), "OTLP HTTP", "telemetry"),
        (request("PUT", "/b/k?partNumber=1&uploadId=x"), "S3", "bulk"),
        (request("POST", "/mcp", b'{"jsonrpc":"2.0","method":"tools/list"}'), "MCP", "messaging"),
        (request("POST", "/", b'{"jsonrpc":"2.0","method":"message/send"}'), "A2A", "messaging"),
        (request("PUT", "/local_node7/3", b"x"), "Horovod rendezvous", "control"),
        (
            request("POST", "/qdrant.Points/Search", b"x", Content_Type="application/grpc-web"),
            "Qdrant",
            "background",
        ),
        (request("GET", "/simple/torch/"), "PyPI", "background"),
    ],
)
def test_a_request_tells_its_service(opening: bytes, protocol: str, kind: str) -> None:
    found = identify(opening)
    assert (found.protocol, found.traffic_class) == (protocol, TrafficClass(kind))


def test_registry_and_kserve_share_a_prefix() -> None:
    registry = identify(request("GET", "/v2/"), answer(200, Docker_Distribution_API_Version="x"))
    assert registry.protocol == "OCI registry"
    assert identify(request("GET", "/v2/models/m")).protocol == "KServe v2 HTTP"
    image = "/v2/models/m/manifests/infer"
    assert identify(request("GET", image)).protocol == "OCI registry"


@pytest.mark.parametrize("path", ["/metrics.html", "/docs/metrics.png", "/v1/models.json", "/x.pt"])
def test_a_file_server_serves_any_name(path: str) -> None:
    found = identify(request("GET", path), answer(200, b"x" * 40, Server="SimpleHTTP/0.6"))
    assert (found.protocol, found.traffic_class) == ("HTTP", None)


def test_a_file_named_as_a_service_is_not_it() -> None:
    page = answer(200, b"<html>", Content_Type="text/html")
    assert identify(request("GET", "/metrics"), page).protocol == "HTTP"
    absent = answer(404, b"no", Server="SimpleHTTP/0.6")
    assert identify(request("GET", "/metrics"), absent).traffic_class is None
    assert identify(request("POST", "/v1/chat/completions", b"x"), absent).traffic_class is None


def test_an_api_that_knows_the_route_but_not_the_model() -> None:
    call = request("POST", "/v1/chat/completions", b'{"model":"x"}')
    fields = {"Content_Type": "application/json", "Server": "uvicorn"}
    own = answer(404, b'{"object":"error","message":"The model `x` does not exist."}', **fields)
    assert identify(call, own).traffic_class is INFERENCE
    assert identify(call, answer(404, b'{"detail":"Not Found"}', **fields)).protocol == "HTTP"


def test_any_json_is_not_inference() -> None:
    body = b'{"user":"a","items":[1,2],"data":{"price":3}}'
    found = identify(request("POST", "/api/orders", body), answer(200, b'{"id":7,"status":"ok"}'))
    assert (found.protocol, found.traffic_class, found.final) == ("HTTP", None, True)


def test_a_body_tells_where_the_path_does_not() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
    assert identify(request("POST", "/gateway/7", body)).traffic_class is INFERENCE
    lines = b"# HELP up Up.\n# TYPE up gauge\nup 1\n"
    assert identify(request("GET", "/stats"), answer(200, lines)).traffic_class is TELEMETRY


def test_ray_serve_by_the_form_of_its_request_id() -> None:
    call = request("POST", "/any/route", b'{"x":1}')
    fields = {"server": "uvicorn", "content-type": "application/json"}
    serve = answer(
        200,
        b'3\r\n{"y',
        Transfer_Encoding="chunked",
        x_request_id="47e35311-b584-4d69-b2c3-b9352c1576b8",
        **fields,
    )
    assert identify(call, serve).protocol == "Ray Serve"
    other = answer(200, b"{}", x_request_id="47e35311b5844d69b2c3b9352c1576b8", **fields)
    assert identify(call, other).protocol == "HTTP"
    assert identify(call, answer(200, b"{}", **fields)).protocol == "HTTP"


def test_signatures_of_other_aws_services_are_not_s3() -> None:
    def signed(service: str) -> bytes:
        value = f"AWS4-HMAC-SHA256 Credential=K/20260101/eu/{service}/aws4_request, Signature=0"
        return request("PUT", "/b/k", Authorization=value)

    assert identify(signed("s3")).protocol == "S3"
    assert identify(signed("dynamodb")).protocol == "HTTP"


def test_metadata_of_grpc_means_nothing_here() -> None:
    assert identify(request("GET", "/x", Application="shop")).protocol == "HTTP"


def test_forms_of_a_request() -> None:
    absolute = request("POST", "http://10.0.0.9:80/v1/chat/completions", b"{}")
    assert identify(absolute).protocol == "OpenAI HTTP"
    tunnel = b"CONNECT cdn-lfs.huggingface.co:443 HTTP/1.1\r\n\r\n"
    assert identify(tunnel).protocol == "Hugging Face hub"
    bare = b"GET /v2/_catalog HTTP/1.0\nHost: a\n\n"
    assert identify(bare).protocol == "OCI registry"
    shouted = b"GET /x HTTP/1.1\r\nMCP-SESSION-ID: 1\r\nHOST: a\r\n\r\n"
    assert identify(shouted).protocol == "MCP"


def test_the_second_request_tells_where_the_first_does_not() -> None:
    both = request("GET", "/health") + request("POST", "/v2/models/m/infer", b"{}")
    assert identify(both, answer(200) + answer(200, b"{}")).protocol == "KServe v2 HTTP"


def test_continue_is_no_answer_yet() -> None:
    put = request("PUT", "/a/b", Expect="100-continue", Content_Length="900000")
    found = identify(put, answer(100))
    assert (found.protocol, found.final, found.declared) == ("HTTP", False, 900_000)
    assert identify(put, answer(100) + answer(200, x_amz_id_2="z")).protocol == "S3"


def test_what_is_declared_and_by_whom() -> None:
    large = answer(200, Content_Length="5000000", Content_Type="application/octet-stream")
    found = identify(request("GET", "/a.bin"), large)
    assert (found.declared, found.from_server, found.traffic_class) == (5_000_000, True, None)


def test_directions_swapped_or_missing() -> None:
    call, reply = request("GET", "/v2/_catalog"), answer(200, b'{"repositories":[]}')
    assert identify(reply, call) == identify(call, reply)
    assert identify(answer(200, Server="MinIO")).protocol == "S3"
    assert identify(b"", answer(200, Server="MinIO")).protocol == "S3"


def test_websocket_without_a_known_subprotocol() -> None:
    fields = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert identify(request("GET", "/ws", **fields)).protocol == "WebSocket"
    named = request("GET", "/ws", Sec_WebSocket_Protocol="v12.stomp", **fields)
    assert identify(named).protocol == "STOMP over WebSocket"
    refused = identify(request("GET", "/ws", **fields), answer(403, b"no"))
    assert refused.protocol == "HTTP"


@pytest.mark.parametrize(
    "opening",
    [
        b"OPTIONS rtsp://10.0.0.1/a RTSP/1.0\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\n\r\n",
        b'CONNECT {"verbose":false}\r\n',
        b"GET key\r\n",
        b"PUT a b c\r\n",
        b"MAIL FROM:<a@b>\r\n",
        b"HTTPS",
    ],
)
def test_words_that_http_shares_with_others(opening: bytes) -> None:
    for end in range(4, len(opening) + 1):
        assert web.identify(TCP, 80, opening[:end], b"") is None
    assert web.identify(TCP, 80, b"", opening) is None


def test_ssdp() -> None:
    found = web.identify(UDP, 1900, b"M-SEARCH * HTTP/1.1\r\nMAN: x\r\n\r\n", b"")
    assert found is not None and found.protocol == "SSDP"


def test_cut_anywhere_is_still_http_and_never_another() -> None:
    whole = request("POST", "/v2/models/m/infer", b'{"inputs":[{"name":"a"}]}', User_Agent="x/1")
    reply = answer(200, b'{"model_name":"m","outputs":[]}')
    for end in range(6, len(whole) + 1):
        found = identify(whole[:end])
        assert found.protocol in ("HTTP", "KServe v2 HTTP")
    for end in range(len(reply)):
        assert identify(whole, reply[:end]).protocol == "KServe v2 HTTP"


def test_a_cut_value_is_not_taken_for_a_shorter_one() -> None:
    whole = request("GET", "/x", User_Agent="git-lfs/3.4.0")
    at = whole.index(b"git-lfs")
    assert identify(whole[: at + 3]).protocol == "HTTP"  # not "git"
    put = request("PUT", "/x", Content_Length="123456")
    assert identify(put[: put.index(b"123456") + 3]).declared == 0


HUB_CLIENT = "gradio_client/1.0; hf_hub/0.30; python/3.11"


def test_a_library_that_asks_models_is_not_the_hub() -> None:
    joined = request("POST", "/gradio_api/queue/join", b"{}", User_Agent=HUB_CLIENT)
    assert identify(joined).traffic_class is INFERENCE
    settings = request("GET", "/config", User_Agent=HUB_CLIENT)
    assert identify(settings).protocol == "Gradio"
    own = request("POST", "/generate", b'{"inputs":"x","parameters":{}}', User_Agent="hf_hub/0.30")
    assert identify(own).traffic_class is INFERENCE
    file = request("GET", "/o/m/resolve/main/a.bin", User_Agent="hf_hub/0.30")
    assert identify(file).protocol == "Hugging Face hub"


def test_a_health_check_does_not_end_the_question() -> None:
    healthy = answer(200, b"ok", Content_Type="text/plain")
    check = request("GET", "/health")
    assert not identify(check, healthy).final
    assert identify(request("GET", "/x"), healthy).final
    assert identify(request("GET", "/health", Connection="close"), healthy).final
    later = identify(check + request("POST", "/predict", b'{"instances":[]}'), healthy)
    assert later.traffic_class is INFERENCE


def test_the_body_that_is_announced_is_awaited() -> None:
    page = answer(200, b'<!doctype html><meta name="tb-relative-root">', Connection="close")
    asked = request("GET", "/", Connection="close")
    head = page[: page.index(b"<")]
    assert not identify(asked, head).final
    assert identify(asked, page).protocol == "TensorBoard"


def test_weights_are_told_by_their_container_or_their_client() -> None:
    for body in (b"PK\3\4" + bytes(26) + b"resnet/data.pklFB", b"GGUF\3\0\0\0" + bytes(16)):
        found = identify(request("GET", "/x"), answer(200, body))
        assert found.traffic_class is TrafficClass.MODEL_DISTRIBUTION
    hub = identify(request("GET", "/x", User_Agent="torch.hub"))
    assert hub.traffic_class is TrafficClass.MODEL_DISTRIBUTION


def test_nvflare_within_a_websocket() -> None:
    upgrade = request("GET", "/any", Upgrade="websocket", Connection="Upgrade")
    switched = answer(101, Upgrade="websocket") + b"\x82\x45" + bytes(17) + b"\x83\xadendpoint_name"
    assert identify(upgrade, switched).traffic_class is TrafficClass.FEDERATED


def test_a_gateway_is_told_by_volume() -> None:
    for fields in ({"User_Agent": "rclone/1.60"}, {"Accept": "application/vnd.x.restic.rest.v2"}):
        assert identify(request("GET", "/f0", **fields)).traffic_class is None
