"""The OpenAPI 3.1 document, made of the routes themselves and the forms they name. Pure.

Nothing is written here by hand that a route already says, so the document can't drift from it.
"""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from controller.api.access import Role
from controller.api.routes import Route, adapter

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_REFERENCE = "#/components/schemas/{model}"
_PROBLEMS = {
    "400": "The request is not in its form",
    "401": "No token, or not a known one",
    "403": "The token's role may not do this",
    "404": "There is no such thing",
    "409": "A switch or the keeper of queues refused, or another change is being made; everything "
    "is as it was",
    "422": "The policy is wrong, each mistake with its line; or the job is, as things are",
    "501": "A policy has no word for this; says what to write instead",
}
_PROBLEM = {
    "type": "object", "description": "RFC 9457",
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}  # fmt: skip


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The document of these routes."""
    known = list(routes)
    schemas, definitions = _schemas(known)
    paths: dict[str, Any] = {}
    for number, route in enumerate(known):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, number, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headway",
            "version": "1",
            "description": "What the controller knows, and how its policy is changed. Errors are "
            "JSON problems (RFC 9457). Rates are in bit/s, times in seconds.",
        },
        "paths": paths,
        "components": {
            "schemas": {**definitions, "Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(routes: list[Route]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """The schema of each answer and body, by (number of the route, which), and what they share."""
    forms: list[Any] = []
    for number, route in enumerate(routes):
        if route.answer is not None:
            forms.append(((number, "answer"), "serialization", adapter(route.answer)))
        if route.body is not None:
            forms.append(((number, "body"), "validation", TypeAdapter(route.body)))
    schemas, shared = TypeAdapter.json_schemas(forms, ref_template=_REFERENCE)
    definitions = shared.get("$defs", {})
    for route in routes:
        definitions |= _query(route).get("$defs", {})
    return {key: schema for (key, _mode), schema in schemas.items()}, definitions


def _query(route: Route) -> dict[str, Any]:
    return route.query.model_json_schema(ref_template=_REFERENCE) if route.query else {}


def _operation(route: Route, number: int, schemas: dict[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": route.summary,
        "tags": [route.tag],
        "operationId": _operation_id(route),
        "security": [] if route.role is None else [{"token": []}],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route, schemas.get((number, "answer"))),
    }
    if route.role is Role.OPERATOR:
        told["description"] = "Needs an operator's token."
    if route.body is not None:
        content = {"application/json": {"schema": schemas[number, "body"]}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.path.replace("{", "by_"))
    return "_".join([route.method.lower(), *words])


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PLACEHOLDER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    told = _query(route)
    needed = told.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": schema}
        for name, schema in told.get("properties", {}).items()
    ]


def _responses(route: Route, schema: Any) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    told: dict[str, Any] = {
        status: {"description": text, "content": problem} for status, text in _PROBLEMS.items()
    }
    if schema is not None:
        content = {"application/json": {"schema": schema}}
        told["200"] = {"description": route.summary, "content": content}
    return dict(sorted(told.items()))
