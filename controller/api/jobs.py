"""/v1/jobs: launchers say which hosts and ports are a job's, and what its traffic is for."""

from typing import cast

from pydantic import Field

from classifier.job_form import JobForm, told
from classifier.jobs import Job
from controller.api.access import Role
from controller.api.answers import JobAnswer, RenewRequest
from controller.api.problems import problem
from controller.api.routes import Call, Page, PageQuery, Route, page


class JobsQuery(PageQuery):
    """Which jobs."""

    slice: str | None = Field(None, description="Of this slice.")
    traffic_class: str | None = Field(None, alias="class", description="Of this class.")


def _answer(call: Call, job: Job) -> JobAnswer:
    trouble = call.site.manager.jobs.trouble(job)
    return cast(JobAnswer, {**told(job), "trouble": trouble})


def _list(call: Call) -> Page[JobAnswer]:
    query: JobsQuery = call.query
    known = [
        job
        for job in call.site.manager.jobs.all()
        if query.slice in (None, job.slice_name)
        and query.traffic_class in (None, job.traffic_class.value)
    ]
    return page(call, known, lambda job: _answer(call, job))


def _one(call: Call) -> JobAnswer:
    return _answer(call, call.site.manager.jobs.job(call.path["id"]))


def _register(call: Call) -> JobAnswer:
    return _answer(call, call.site.manager.jobs.put(call.body, call.who, over=False))


def _put(call: Call) -> JobAnswer:
    form: JobForm = call.body
    if form.id != call.path["id"]:
        raise problem(400, f"the body is of job {form.id!r}, the address of {call.path['id']!r}")
    return _answer(call, call.site.manager.jobs.put(form, call.who, over=True))


def _renew(call: Call) -> JobAnswer:
    asked: RenewRequest = call.body
    return _answer(call, call.site.manager.jobs.renew(call.path["id"], asked.ttl_s))


def _remove(call: Call) -> JobAnswer:
    return _answer(call, call.site.manager.jobs.remove(call.path["id"]))


_TAG = "jobs"
_ONE = "/v1/jobs/{id}"
ROUTES = (
    Route("GET", "/v1/jobs", Role.READER, _TAG, "Registered jobs, in the order they came", _list,
          Page[JobAnswer], query=JobsQuery),
    Route("POST", "/v1/jobs", Role.OPERATOR, _TAG,
          "Register a job; again with the same words renews it", _register, JobAnswer, JobForm),
    Route("GET", _ONE, Role.READER, _TAG, "One job", _one, JobAnswer),
    Route("PUT", _ONE, Role.OPERATOR, _TAG, "Register a job, over one that has its id", _put,
          JobAnswer, JobForm),
    Route("DELETE", _ONE, Role.OPERATOR, _TAG, "Forget a job", _remove, JobAnswer),
    Route("POST", "/v1/jobs/{id}/renew", Role.OPERATOR, _TAG, "Let a job go on for longer", _renew,
          JobAnswer, RenewRequest),
)  # fmt: skip
