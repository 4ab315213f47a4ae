"""Errors as JSON problems (RFC 9457): which status what gets, in one place."""

import json
from collections.abc import Mapping
from typing import Any

import falcon
from pydantic import ValidationError

from controller.errors import (
    ApplyError,
    BusyError,
    ControllerError,
    JobError,
    StoreError,
    UnknownJobError,
    UnknownVersionError,
)
from controller.notes import LOG
from policies.errors import PolicyError

JSON = "application/problem+json"
_MOST_ERRORS = 20
# For what Falcon itself refuses, without a word of its own.
_WORDS = {404: "there is no such address; GET / lists them",
          405: "not with this method; the Allow header names those there are"}  # fmt: skip


def install(app: "falcon.App[Any, Any]") -> None:
    """Makes every error of the app a problem."""
    app.set_error_serializer(_serialize)
    # Falcon takes the handler of the nearest class.
    app.add_error_handler(PolicyError, _policy)
    app.add_error_handler(UnknownVersionError, _unknown)
    app.add_error_handler(UnknownJobError, _unknown)
    app.add_error_handler(JobError, _wrong_job)
    app.add_error_handler(StoreError, _store)
    app.add_error_handler(BusyError, _busy)
    app.add_error_handler(ApplyError, _refused)
    app.add_error_handler(ControllerError, _refused)
    app.add_error_handler(ValidationError, _invalid)
    app.add_error_handler(TimeoutError, _slow)
    app.add_error_handler(Exception, _defect)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> falcon.HTTPError:
    """An error to raise, with the status's own title."""
    return falcon.HTTPError(status, description=detail, headers=dict(headers or {}))


def _serialize(_req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
    title = error.status.partition(" ")[2] if isinstance(error.status, str) else None
    code = falcon.http_status_to_code(error.status)
    told = {
        "type": "about:blank",
        "title": title or falcon.code_to_http_status(error.status).partition(" ")[2],
        "status": code,
        "detail": error.description or _WORDS.get(code) or error.title,
    }
    resp.content_type = JSON
    resp.data = json.dumps(told).encode()


def _policy(_req: Any, _resp: Any, error: PolicyError, _params: Any) -> None:
    raise problem(422, str(error)) from error


def _unknown(_req: Any, _resp: Any, error: ControllerError, _params: Any) -> None:
    raise problem(404, str(error)) from error


def _wrong_job(_req: Any, _resp: Any, error: JobError, _params: Any) -> None:
    raise problem(422, str(error)) from error


def _store(_req: Any, _resp: Any, error: StoreError, _params: Any) -> None:
    raise problem(503, str(error)) from error


def _busy(_req: Any, _resp: Any, error: BusyError, _params: Any) -> None:
    raise problem(409, str(error), {"Retry-After": "1"}) from error


def _refused(_req: Any, _resp: Any, error: ControllerError, _params: Any) -> None:
    raise problem(409, str(error)) from error


def _slow(_req: Any, _resp: Any, error: TimeoutError, _params: Any) -> None:
    raise problem(408, "the body took too long to arrive") from error


def _invalid(_req: Any, _resp: Any, error: ValidationError, _params: Any) -> None:
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [
        f"{'.'.join(map(str, item['loc'])) or 'body'}: {item['msg']}"
        for item in mistakes[:_MOST_ERRORS]
    ]
    if len(mistakes) > _MOST_ERRORS:
        lines.append(f"and {len(mistakes) - _MOST_ERRORS} more")
    raise problem(400, "\n".join(lines)) from error


def _defect(req: falcon.Request, _resp: Any, error: Exception, _params: Any) -> None:
    if isinstance(error, falcon.HTTPError | falcon.HTTPStatus):
        raise error
    LOG.exception("%s %s failed", req.method, req.path, exc_info=error)
    raise problem(500, "a defect of the controller; its log says more") from error
