"""/v1/policy and /v1/history: the policy in force, and how it changes."""

from typing import Any

from controller.api.access import Role
from controller.api.answers import (
    Applied,
    ApplyRequest,
    Checked,
    EmptyRequest,
    Planned,
    PolicyText,
    RollbackRequest,
    Running,
    Told,
    WithText,
)
from controller.api.problems import problem
from controller.api.routes import Call, Page, PageQuery, Route, page
from controller.store import MAX_VERSIONS, Version


def _running(call: Call) -> dict[str, Any]:
    return call.site.manager.running()


def _check(call: Call) -> dict[str, Any]:
    asked: PolicyText = call.body
    return call.site.manager.check(asked.policy, asked.name)


def _plan(call: Call) -> dict[str, Any]:
    asked: PolicyText = call.body
    return call.site.manager.plan(asked.policy, asked.name)


def _apply(call: Call) -> dict[str, Any]:
    asked: ApplyRequest = call.body
    return call.site.manager.apply(
        asked.policy, asked.name, call.who, asked.why, asked.canary, asked.bake_s
    )


def _rollback(call: Call) -> dict[str, Any]:
    asked: RollbackRequest = call.body
    return call.site.manager.rollback(call.who, asked.why, asked.to)


def _promote(call: Call) -> dict[str, Any]:
    return call.site.manager.promote(call.who)


def _abort(call: Call) -> dict[str, Any]:
    return call.site.manager.abort(call.who)


def _history(call: Call) -> Page[dict[str, Any]]:
    return page(call, call.site.manager.store.history(2 * MAX_VERSIONS), Version.told)


def _version(call: Call) -> dict[str, Any]:
    text = call.path["version"]
    if not text.isdecimal() or len(text) > 9:
        raise problem(400, f"{text!r}: a version is a number, as /v1/history shows them")
    version = call.site.manager.store.version(int(text))
    return {**version.told(), "text": version.text}


_TAG = "policy"
ROUTES = (
    Route("GET", "/v1/policy", Role.READER, _TAG, "The policy in force", _running, Running),
    Route("POST", "/v1/policy/check", Role.READER, _TAG, "What a policy would mean here", _check,
          Checked, PolicyText),
    Route("POST", "/v1/policy/plan", Role.READER, _TAG, "What applying a policy would change",
          _plan, Planned, PolicyText),
    Route("POST", "/v1/policy/apply", Role.OPERATOR, _TAG,
          "Put a policy in force: on every switch, or on none", _apply, Applied, ApplyRequest),
    Route("POST", "/v1/policy/rollback", Role.OPERATOR, _TAG, "Go back to an earlier version",
          _rollback, Applied, RollbackRequest),
    Route("POST", "/v1/policy/promote", Role.OPERATOR, _TAG,
          "Put what is being tried in force for everybody", _promote, Applied, EmptyRequest),
    Route("POST", "/v1/policy/abort", Role.OPERATOR, _TAG, "End a trial", _abort, Applied,
          EmptyRequest),
    Route("GET", "/v1/history", Role.READER, _TAG, "Versions, newest first", _history, Page[Told],
          query=PageQuery),
    Route("GET", "/v1/history/{version}", Role.READER, _TAG, "One version, with its text",
          _version, WithText),
)  # fmt: skip
