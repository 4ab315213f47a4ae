"""What a route is, and how a request becomes a call of its handler.

Owns the checks before a handler runs: role, query, size and form of the body. Every route is a
`Route`, of which both the router and the OpenAPI document are made, so they can't differ.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Generic, TypeVar

import falcon
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from controller.api.access import Caller, Role
from controller.api.interface import Site
from controller.api.problems import problem

MAX_BODY = 2 << 20
MAX_PAGE = 1000
PIECE = 200  # entries encoded between two pauses
_DRAINED = 4 << 20  # of a body that is too long: so much is read, so that the answer is

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be answered.

    Attributes:
        site: The controller.
        caller: Who asks; None on routes that need no token.
        path: What the placeholders of the path stand for, as sent.
        query: Its query, checked; None if the route has none.
        body: Its body, checked; None if the route has none.
    """

    site: Site
    caller: Caller | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Any = None
    body: Any = None

    @property
    def who(self) -> str:
        """The caller's name, for the history."""
        return self.caller.name if self.caller else ""


@dataclass(frozen=True, slots=True)
class Pieces:
    """An answer too long to encode at once: pieces of JSON."""

    parts: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Text:
    """An answer that is not JSON."""

    text: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    Attributes:
        method: "GET", "POST", "PUT" or "DELETE".
        path: With placeholders, such as "/v1/history/{version}".
        role: Who may; None is anybody, without a token.
        tag: Heading in the OpenAPI document.
        summary: One line.
        handler: Answers with a value of `answer`, or with `Pieces` or `Text`.
        answer: Type of the answer; None where there is none but errors, or it isn't JSON.
        body: Form of the request's body.
        query: Form of the query.
    """

    method: str
    path: str
    role: Role | None
    tag: str
    summary: str
    handler: Callable[[Call], Any]
    answer: Any = None
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None


class PageQuery(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Most entries.")
    offset: int = Field(0, ge=0, le=10**9, description="Entries to leave out first.")


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """A part of a list."""

    items: list[_T]
    total: int
    offset: int


def page(call: Call, entries: Iterable[Any], told: Callable[[Any], _T]) -> Page[_T]:
    """The part of a list that was asked for; only that part is made into answers."""
    known = list(entries)
    query: PageQuery = call.query
    part = known[query.offset : query.offset + query.limit]
    return Page([told(entry) for entry in part], len(known), query.offset)


def pieces(site: Site, start: str, entries: Iterable[Any], end: str) -> Pieces:
    """A JSON list between two texts, encoded a few entries at a time."""
    left = iter(entries)
    # The first one now: what is wrong with the request shows there, while it can still be told.
    first = list(islice(left, 1))

    def parts() -> Iterator[bytes]:
        waiting = [start]
        for number, entry in enumerate(chain(first, left)):
            waiting.append(("," if number else "") + json.dumps(entry))
            if number % PIECE == PIECE - 1:
                yield "".join(waiting).encode()
                waiting = []
                site.pause()
        yield "".join([*waiting, end]).encode()

    return Pieces(parts())


# --- the router -----------------------------------------------------------------------------------


def add_routes(app: "falcon.App[Any, Any]", site: Site, routes: Iterable[Route]) -> None:
    """Makes the app answer them."""
    by_path: dict[str, list[Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, []).append(route)
    for path, known in by_path.items():
        app.add_route(path, _Resource(site, known))


class _Resource:
    """All methods of one path, in the form Falcon wants."""

    def __init__(self, site: Site, routes: Iterable[Route]) -> None:
        for route in routes:
            setattr(self, f"on_{route.method.lower()}", _responder(site, route))


def _responder(site: Site, route: Route) -> Callable[..., None]:
    def respond(req: falcon.Request, resp: falcon.Response, **path: str) -> None:
        caller = _caller(site, req, route)
        query = route.query.model_validate(dict(req.params)) if route.query else None
        if not route.query and req.query_string:
            raise problem(400, "this address takes no query (what follows '?')")
        body = _body(site, req, route.body) if route.body else None
        _answer(resp, route, route.handler(Call(site, caller, path, query, body)))

    return respond


def _caller(site: Site, req: falcon.Request, route: Route) -> Caller | None:
    if route.role is None:
        return None
    caller: Caller = req.context.caller  # of `server.Gate`
    if not caller.may(route.role):
        raise problem(
            403,
            f"the token of {caller.name!r} is a {caller.role.value}'s; this needs an "
            f"{route.role.value}'s",
            {"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
        )
    return caller


def _body(site: Site, req: falcon.Request, form: type[BaseModel]) -> BaseModel:
    length = req.content_length
    if length is None:
        raise problem(411, "send the body with its Content-Length")
    with site.deadline():
        if length > MAX_BODY:
            _drain(req, min(length, _DRAINED))
            raise problem(413, f"{length} bytes; a body has at most {MAX_BODY}")
        content = req.bounded_stream.read(length)
    # Parsed by pydantic's own reader: its depth is bounded, and it takes UTF-8 alone.
    return form.model_validate_json(content or b"{}")


def _drain(req: falcon.Request, length: int) -> None:
    while length > 0 and (part := req.bounded_stream.read(min(length, 1 << 16))):
        length -= len(part)


def _answer(resp: falcon.Response, route: Route, value: Any) -> None:
    if isinstance(value, Text):
        resp.content_type, resp.data = value.media_type, value.text.encode()
        return
    resp.content_type = falcon.MEDIA_JSON
    if isinstance(value, Pieces):
        resp.stream = value.parts
    else:
        resp.data = adapter(route.answer).dump_json(value)


@lru_cache(256)
def adapter(kind: Any) -> "TypeAdapter[Any]":
    """Of an answer's type."""
    return TypeAdapter(kind)
