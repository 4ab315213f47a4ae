"""HTTP/1.x from the first bytes of both directions: what the service is, as far as they tell.

Owns the reading of requests and answers (RFC 9112), cut anywhere. Must not decide by port, and
must not let a path alone win over what header fields, bodies and the answer say.
"""

import re
from typing import NamedTuple

from classifier.bodies import body_claim
from classifier.claims import SURE, Claim, weigh
from classifier.fields import HTTP_NAMES, field_claim
from classifier.grpc_services import service_claim
from classifier.model import UDP, Identity
from classifier.names import name_claim
from classifier.paths import NEUTRAL, query_claims, target_claims
from policies.classes import TrafficClass

_RFC = "RFC 9112"
_ANSWER_START, _VERSION = b"HTTP/", b"HTTP/1."
_REQUEST = re.compile(rb"([A-Z][A-Z-]{2,15}) ([^ \r\n]+)(?: ([^\r\n]*))?(\r?\n)?")
_ANSWER = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r\n]*")
_FIELD = re.compile(rb"\n([a-z0-9_-]+):[ \t]*([^\r\n]*)")
_KIND = re.compile(rb"\n[Cc]ontent-[Tt]ype: ?([^\r\n;]{1,80})")
_LENGTH = re.compile(rb"\n[Cc]ontent-[Ll]ength: ?(\d{1,15})\r?\n")
# RFC 9110, RFC 4918 (WebDAV), RFC 5789, RFC 3253, RFC 5323, UPnP, purging proxies; by 4 bytes
_METHODS = (
    "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK "
    "UNLOCK REPORT SEARCH LIST PURGE SUBSCRIBE UNSUBSCRIBE NOTIFY M-SEARCH QUERY HTTP"
)
_STARTS = frozenset((method + " ").encode()[:4] for method in _METHODS.split())
_WITHOUT_BODY = frozenset((b"GET", b"HEAD", b"DELETE"))
_OF_ADDRESSES = b"0123456789.:"
_MOST_MESSAGES = 3  # after the first are looked at
_REFUSALS = frozenset((404, 405, 501))  # what a service answers to requests not meant for it
_REFUSED = frozenset(b"%d" % status for status in _REFUSALS)
_GRPC = (b"application/grpc-web", b"application/connect", b"application/proto")
_NO_ROUTE = b'"detail":"Not Found"'  # FastAPI's; other JSON comes from the service itself
_ALONE = 0.95  # a path alone decides from here on
_CERTAIN = 0.93  # a request alone decides from here on
_DECIDES = 0.5  # claims below tell less than the roles of plain HTTP do
_EXPOSITION = (b"text/plain", b"application/openmetrics", b"application/vnd.google.protobuf")
_UUID4 = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
_SSDP = Identity("SSDP", "discovery", TrafficClass.BACKGROUND, 0.95, "UPnP Device Architecture 2.0")
_RAY_SERVE = Claim(
    "Ray Serve", "inference request", TrafficClass.INFERENCE, 0.75, "ray-project/ray http_util.py"
)


class Message(NamedTuple):
    """One request or answer, as far as the bytes go.

    Attributes:
        method, target: Of a request; b"" in an answer, and the target too where it is cut.
        status: Of an answer; 0 in a request.
        fields: Header fields, names and values in lower case.
        body: What there is of it, or of whatever follows.
        complete: Whether the end of the header section was seen.
    """

    method: bytes
    target: bytes
    status: int
    fields: dict[bytes, bytes]
    body: bytes
    complete: bool

    @property
    def length(self) -> int:
        """Content-Length; 0 where there is none."""
        value = self.fields.get(b"content-length", b"")
        return int(value) if len(value) < 16 and value.isdigit() else 0

    @property
    def begun(self) -> bool:
        """Whether the body, where there is to be one, has begun."""
        awaited = self.length > 0 or b"transfer-encoding" in self.fields
        return self.complete and (bool(self.body) or not awaited)


def begins(first: bytes) -> bool:
    """Whether the first word is a method's or an answer's; other protocols have these too."""
    return first[:4] in _STARTS


def looks_like(first: bytes) -> bool:
    """Whether these bytes begin with a request or an answer."""
    if first[:4] not in _STARTS:
        return False
    if first[:4] == b"HTTP":
        return first.startswith(_ANSWER_START[: len(first)])
    match = _REQUEST.match(first)
    return match is not None and _is_request(match)


def read(data: bytes) -> Message | None:
    """The request or answer that `data` begins with, or None if it begins with neither."""
    match = _ANSWER.match(data)
    if match:
        return _message(data, match.end(), b"", b"", int(match[1]))
    match = _REQUEST.match(data)
    return _request(data, match) if match is not None and _is_request(match) else None


def _request(data: bytes, match: re.Match[bytes]) -> Message:
    method, target, version, ended = match.groups()
    if version is None:
        return Message(method, target if ended else b"", 0, {}, b"", False)
    return _message(data, match.end(3), method, target, 0)


def _is_request(match: re.Match[bytes]) -> bool:
    _, target, version, ended = match.groups()
    if not version:  # cut in the target or behind it, or HTTP/0.9
        return target[:1] == b"/" or target.startswith((b"http://", b"https://"))
    return version.startswith(_VERSION) or (not ended and _VERSION.startswith(version))


def _message(data: bytes, start: int, method: bytes, target: bytes, status: int) -> Message:
    end, body = data.find(b"\r\n\r\n", start), 4
    if end < 0:
        end, body = data.find(b"\n\n", start), 2  # RFC 9112, 2.2: bare line feeds are borne
    if end < 0:
        head = data[start : _whole_words(data)].lower()
        return Message(method, target, status, dict(_FIELD.findall(head)), b"", False)
    fields = dict(_FIELD.findall(data[start:end].lower()))
    return Message(method, target, status, fields, data[end + body :], True)


def _whole_words(data: bytes) -> int:
    """Where the last word that isn't cut ends."""
    return max(data.rfind(b" "), data.rfind(b"\n"), data.rfind(b"/"), data.rfind(b";"))


def identify(transport: int, client: bytes, server: bytes) -> Identity | None:
    """What HTTP/1.x this is; None if it isn't. Both directions may be swapped or missing."""
    if client[:4] == b"HTTP" or (server and server[:4] != b"HTTP" and client[:4] not in _STARTS):
        client, server = server, client
    match = _REQUEST.match(client)
    if match is None or not _is_request(match):
        return _of_answer(read(server)) if server else None
    method, target, version, _ = match.groups()
    whole = version is not None and version.startswith(_VERSION)
    told = target_claims(method, target.partition(b"?")[0]) if whole else []
    if told and told[0].confidence >= _ALONE and server[9:12] not in _REFUSED:
        sent = _declared_by(client) if method not in _WITHOUT_BODY else 0
        return Identity(*told[0], True, *_declared(sent, server))
    if transport == UDP:
        return _SSDP
    request = _request(client, match)
    claims = _of_request(request, told)
    best = weigh(claims)
    if best is not None and best.confidence >= _CERTAIN and not _doubtful(best, server):
        return Identity(*best, True, *_declared(request.length, server))
    return _with_answer(request, claims, server)


def _of_answer(answer: Message | None) -> Identity | None:
    if answer is None or not answer.status:
        return None
    claims = [*_of_fields(answer), *_of_body(answer)]
    return _decide(weigh(claims), answer.complete, _upgraded(answer), answer.length, True)


def _doubtful(best: Claim, server: bytes) -> bool:
    """Whether the answer's first bytes say that there is more to it."""
    if server[9:12] in _REFUSED:
        return True
    kind = _KIND.search(server) if server and best.role == "scrape" else None
    return kind is not None and not kind[1].startswith(_EXPOSITION)


def _declared(sent: int, server: bytes) -> tuple[int, bool]:
    got = _declared_by(server) if server else 0
    return (got, True) if got > sent else (sent, False)


def _declared_by(data: bytes) -> int:
    match = _LENGTH.search(data)
    return int(match[1]) if match else 0


def _with_answer(request: Message, claims: list[Claim], server: bytes) -> Identity:
    """With what the answer says, and where that doesn't suffice the requests after the first."""
    answer = _final_answer(server)
    if answer is not None:
        if answer.complete and _denies(request, answer):
            claims = [_halved(claim) for claim in claims]
        claims = [*claims, *_of_fields(answer), *_of_body(answer)]
        if answer.fields.get(b"server") == b"uvicorn":
            claims += _of_ray_serve(request, answer)
    sent, got = request.length, answer.length if answer else 0
    best = weigh(claims)
    asked = _asks(request)
    if best is None or best.confidence < SURE:
        for message in _following(request):
            claims += _of_request(message, [])
            sent, asked = max(sent, message.length), asked or _asks(message)
        best = weigh(claims)
    answered = asked and answer is not None and answer.begun
    upgraded = _upgraded(request) and (answer is None or answer.status == 101)
    return _decide(best, answered, upgraded, max(sent, got), got > sent)


def _asks(request: Message) -> bool:
    """Whether it is for something that tells what the connection is for, or its last request."""
    closes = b"close" in request.fields.get(b"connection", b"")
    return closes or request.target.partition(b"?")[0] not in NEUTRAL


def _final_answer(server: bytes) -> Message | None:
    """The first answer that isn't an interim one, such as 100; 101 ends HTTP and so is final."""
    for _ in range(_MOST_MESSAGES if server else 0):
        answer = read(server)
        if answer is None or not answer.status:
            return None
        if answer.status >= 200 or answer.status == 101:
            return answer
        server = answer.body
    return None


def _following(request: Message) -> list[Message]:
    """The pipelined requests after the first, as far as the bytes go."""
    found: list[Message] = []
    last: Message | None = request
    while last is not None and len(found) < _MOST_MESSAGES:
        if not last.complete or b"transfer-encoding" in last.fields or b"upgrade" in last.fields:
            break
        rest = last.body[last.length :]
        last = read(rest) if rest else None
        if last is not None and not last.status:
            found.append(last)
    return found


def _decide(
    best: Claim | None, answered: bool, upgraded: bool, declared: int, from_server: bool
) -> Identity:
    if best is not None and best.confidence >= _DECIDES:
        final = best.confidence >= SURE or answered
        return Identity(*best, final, declared, from_server)
    if upgraded:
        return Identity("WebSocket", "messages", None, 0.95, "RFC 6455", answered)
    return Identity("HTTP", "", None, 0.98, _RFC, answered, declared, from_server)


def _upgraded(message: Message) -> bool:
    return b"websocket" in message.fields.get(b"upgrade", b"")


def _halved(claim: Claim) -> Claim:
    return claim._replace(confidence=claim.confidence / 2)


def _of_request(request: Message, told: list[Claim]) -> list[Claim]:
    """Everything that a request says, besides what its path was found to be `told` already."""
    path, _, query = request.target.partition(b"?")
    if path[:1] not in (b"/", b"*", b""):
        path, told = _origin_form(path), []
    found = told or target_claims(request.method, path)
    if query:
        found += query_claims(query)
    if request.fields.get(b"content-type", b"").startswith(_GRPC):
        claim = service_claim(path)
        found += [claim] if claim else []
    found += _of_fields(request)
    if request.body:
        found += _of_body(request)
    host = request.target if request.method == b"CONNECT" else request.fields.get(b"host", b"")
    named = name_claim(_host(host)) if host.translate(None, _OF_ADDRESSES) else None
    return [*found, named] if named else found


def _origin_form(path: bytes) -> bytes:
    """The path of a target in absolute form, as proxies are sent it (RFC 9112, 3.2.2)."""
    parts = path.split(b"/", 3)
    return b"/" + parts[3] if len(parts) > 3 else b"/"


def _host(value: bytes) -> str:
    return value.partition(b":")[0].decode("latin-1").lower()


def _denies(request: Message, answer: Message) -> bool:
    """Whether an answer shows that the service isn't what the request takes it for."""
    if answer.status in _REFUSALS:
        own = b"json" in answer.fields.get(b"content-type", b"") and _NO_ROUTE not in answer.body
        return not own and not _of_fields(answer)
    if answer.status == 200 and request.target.endswith(b"/metrics"):
        return not answer.fields.get(b"content-type", b"text/plain").startswith(_EXPOSITION)
    return False


def _of_fields(message: Message) -> list[Claim]:
    found: list[Claim] = []
    for name, value in message.fields.items():
        if name in HTTP_NAMES:
            claim = field_claim(name, value)
            if claim is not None:
                found.append(claim)
    return found


def _of_body(message: Message) -> list[Claim]:
    claim = body_claim(message.body, message.status > 0) if message.body else None
    return [claim] if claim else []


def _of_ray_serve(request: Message, answer: Message) -> list[Claim]:
    """Its proxy adds a request id in the form of a UUID; other programs' have no dashes.

    What a deployment returns goes out chunked, without a Content-Length.
    """
    request_id = answer.fields.get(b"x-request-id", b"")
    if not _UUID4.match(request_id) or b"x-request-id" in request.fields:
        return []
    chunked = answer.fields.get(b"transfer-encoding") == b"chunked"
    return [_RAY_SERVE._replace(confidence=0.85) if chunked else _RAY_SERVE]
