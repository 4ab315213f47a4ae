"""/v1/flows: what each flow is taken for, what that rests on, and why.

Owns choosing and explaining; which flows were recognised `Site.flows` tells.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from classifier.hints import Hint, Hints
from classifier.model import FlowKey, Reason
from controller.api.access import Role
from controller.api.answers import Explained, FlowAnswer, Opinion
from controller.api.problems import problem
from controller.api.routes import Call, Page, PageQuery, Route, page
from controller.known_services import place_of
from policies.classes import TrafficClass, Transport
from policies.fields import PrefixField
from policies.mistakes import suggest


def _address(value: object) -> IPv4Address | IPv6Address:
    try:
        return ip_address(str(value))
    except ValueError:
        raise ValueError(f"{str(value)[:40]!r} is no address; write 10.1.0.5") from None


Address = Annotated[
    IPv4Address | IPv6Address,
    BeforeValidator(_address),
    WithJsonSchema({"type": "string", "examples": ["10.1.0.5"]}),
]
PortNumber = Annotated[int, Field(ge=0, le=65535)]


class FlowsQuery(PageQuery):
    """Which flows."""

    host: PrefixField | None = Field(None, description="With an end here: an address or network.")
    traffic_class: TrafficClass | None = Field(None, alias="class")
    reason: Reason | None = Field(None, description="What the class rests on.")
    protocol: str | None = Field(None, description="A part of its name.")
    slice: str | None = None


class ExplainQuery(BaseModel):
    """One flow; either of its ends may be called the client."""

    model_config = ConfigDict(extra="forbid")

    client: Address
    cport: PortNumber
    server: Address
    sport: PortNumber
    transport: Literal["tcp", "udp"] = "tcp"
    slice: str | None = None


def _flows(call: Call) -> Page[FlowAnswer]:
    query: FlowsQuery = call.query
    known = [flow for flow in call.site.flows() if _is_meant(flow, query)]
    return page(call, known, _answer)


def _answer(flow: dict[str, Any]) -> FlowAnswer:
    return cast(FlowAnswer, flow)


def _is_meant(flow: dict[str, Any], query: FlowsQuery) -> bool:
    return (
        (query.traffic_class is None or flow["class"] == query.traffic_class.value)
        and (query.reason is None or flow["reason"] == query.reason.value)
        and (query.slice is None or flow["slice"] == query.slice)
        and (query.protocol is None or query.protocol.lower() in flow["protocol"].lower())
        and (query.host is None or _has_end(flow, query.host))
    )


def _has_end(flow: dict[str, Any], network: IPv4Network | IPv6Network) -> bool:
    return any(ip_address(flow[end]) in network for end in ("client", "server"))


def _explain(call: Call) -> Explained:
    query: ExplainQuery = call.query
    flow = next((f for f in call.site.flows() if _is_same(f, query)), None)
    opinions = list(_opinions(call, query))
    if flow is not None and all(flow["reason"] != known["reason"] for known in opinions):
        opinions.append({"reason": flow["reason"], "class": flow["class"], "why": flow["why"]})
    order = [reason.value for reason in Reason]
    opinions.sort(key=lambda known: order.index(known["reason"]))
    return {"flow": _answer(flow) if flow is not None else None, "opinions": opinions}


def _opinions(call: Call, query: ExplainQuery) -> Iterator[Opinion]:
    """What is known without the flow's own bytes; marks are the packets' own."""
    policy = call.site.state.policy
    numbers = {part.name: part.number for part in policy.slices}
    if query.slice is not None and query.slice not in numbers:
        raise problem(400, f"slice: no slice {query.slice!r}{suggest(query.slice, numbers)}")
    key = FlowKey(
        numbers[query.slice] if query.slice else 0, Transport(query.transport).number,
        query.client.packed, query.cport, query.server.packed, query.sport,
    )  # fmt: skip
    hints = Hints.of(policy, call.site.manager.jobs.in_order())
    found = {
        Reason.OPERATOR: hints.operator(key),
        Reason.JOB: hints.job(key),
        Reason.SIGNATURE: _by_service(call, key),
        Reason.PORT: hints.port(key.transport, key.cport, key.sport),
        Reason.DEFAULT: Hint(TrafficClass.BACKGROUND, "what is left when nothing tells"),
    }
    for reason, hint in found.items():
        if hint is not None:
            yield {"reason": reason.value, "class": hint.traffic_class.value, "why": hint.why}


def _by_service(call: Call, key: FlowKey) -> Hint | None:
    """What earlier flows of this client to this port were, if a new one goes by that."""
    back = FlowKey(key.domain, key.transport, key.server, key.sport, key.client, key.cport)
    for way in (key, back):
        service = call.site.state.services.get(place_of(way))
        if service is not None and service.marked:
            return Hint(service.traffic_class, f"{service.agreed} flows to the same port before")
    return None


def _is_same(flow: dict[str, Any], query: ExplainQuery) -> bool:
    if flow["transport"] != query.transport or query.slice not in (None, flow["slice"]):
        return False
    ends = [
        (ip_address(flow["client"]), flow["cport"]),
        (ip_address(flow["server"]), flow["sport"]),
    ]
    asked = [(query.client, query.cport), (query.server, query.sport)]
    return asked in (ends, ends[::-1])


_TAG = "flows"
ROUTES = (
    Route("GET", "/v1/flows", Role.READER, _TAG, "Flows, what each is taken for, and why", _flows,
          Page[FlowAnswer], query=FlowsQuery),
    Route("GET", "/v1/flows/explain", Role.READER, _TAG, "All that speaks about one flow", _explain,
          Explained, query=ExplainQuery),
)  # fmt: skip
