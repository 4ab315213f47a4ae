"""The WSGI app: all routes, who may use them, and the pages about themselves.

Owns nothing of sockets; see `server`.
"""

import html
import json
from functools import cache
from typing import Any

import falcon
from prometheus_client import CollectorRegistry, generate_latest

from controller.api import (
    flows,
    jobs,
    network,
    openapi,
    policy,
    problems,
    ryu_qos,
    ryu_stats,
    ryu_topology,
)
from controller.api.access import Role
from controller.api.interface import Site
from controller.api.problems import problem
from controller.api.routes import Call, Route, Text, add_routes
from controller.events import Level, Note
from controller.metrics import Collector

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em}td{padding:0 1em 0 0}"
)


def build(site: Site, now: Any) -> "falcon.App[Any, Any]":
    """The app.

    Args:
        site: The controller.
        now: Monotonic clock, seconds, for notes.
    """
    routes = [
        *policy.ROUTES, *jobs.ROUTES, *flows.ROUTES, *network.ROUTES,
        *ryu_stats.ROUTES, *ryu_topology.ROUTES, *ryu_qos.ROUTES,
    ]  # fmt: skip
    routes += _about(site, routes)
    public = {route.path for route in routes if route.role is None}
    app = falcon.App(middleware=[Gate(site, public, now)])
    app.req_options.auto_parse_qs_csv = False
    app.req_options.keep_blank_qs_values = True
    problems.install(app)
    add_routes(app, site, routes)
    return app


class Gate:
    """Lets in who has a token, before it is even said which paths there are."""

    def __init__(self, site: Site, public: set[str], now: Any) -> None:
        self._site, self._public, self._now = site, public, now

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Finds the caller."""
        resp.set_headers({
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        })  # fmt: skip
        if req.path in self._public:
            return
        kind, _, token = (req.auth or "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise self._unknown("send 'Authorization: Bearer TOKEN'", "")
        req.context.caller = self._site.tokens.caller(token.strip())
        if req.context.caller is None:
            raise self._unknown(
                "this token is not known: --token-file or HEADWAY_STATE of the controller",
                ' error="invalid_token"',
            )

    def _unknown(self, detail: str, error: str) -> falcon.HTTPError:
        text = "a call of the API without a known token"
        self._site.notes.take(Note("api-unauthorized", text, Level.WARNING), self._now())
        return problem(401, detail, {"WWW-Authenticate": f'Bearer realm="headway"{error}'})


def _about(site: Site, others: list[Route]) -> list[Route]:
    """The pages about the API itself; they say nothing of the network, so anybody may read them."""
    registry = CollectorRegistry()
    registry.register(Collector(site.state, site.notes))

    def metrics(_call: Call) -> Text:
        return Text(generate_latest(registry).decode(), "text/plain; version=0.0.4; charset=utf-8")

    @cache  # it takes a while, and anybody may ask
    def document() -> str:
        return json.dumps(openapi.document(everything))

    def described(_call: Call) -> Text:
        return Text(document(), falcon.MEDIA_JSON)

    def listed(_call: Call) -> Text:
        return Text(_page(everything), falcon.MEDIA_HTML)

    own = [
        Route("GET", "/", None, "about", "This page", listed),
        Route("GET", "/v1/openapi.json", None, "about", "OpenAPI document", described,
              dict[str, Any]),
        Route("GET", "/metrics", Role.READER, "about", "Prometheus metrics", metrics),
    ]  # fmt: skip
    everything = [*own, *others]
    return own


def _page(routes: list[Route]) -> str:
    rows, tag = [], ""
    for route in routes:
        if route.tag != tag:
            tag = route.tag
            rows.append(f"<tr><th colspan=4 align=left><h2>{html.escape(tag)}</h2></th></tr>")
        cells = (route.method, route.path, route.role.value if route.role else "anybody",
                 route.summary)  # fmt: skip
        rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Headway</title>"
        f"<style>{_STYLE}</style><h1>Headway</h1><p>Send <code>Authorization: Bearer TOKEN</code>; "
        f"the whole description is <a href=/v1/openapi.json>/v1/openapi.json</a>.</p>"
        f"<table>{''.join(rows)}</table></html>"
    )
