"""The model card: what a policy is, what it learned from, how it did, how to make it again.

Owns the text. Every figure is handed in.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from controller.advice.observe import FEATURES
from controller.advice.policy import Policy
from rl_agent.environments.traffic import Recording
from rl_agent.environments.traffic_core import TrafficMatrixCore
from rl_agent.training.spec import Spec

_TEMPLATE = """\
# Policy card

Corrects the splits of a plan (online gradient over past traffic), path by path; {weights} weights,
the same for any network. SHA-256 of the policy file: `{digest}`.

## What it does

Largest link utilisation / {reference}, {episodes}:{failures}

| | mean | p99 |
|---|---|---|
{figures}

Of the policies on the way, the one that did best on these episodes is the one in the file.

## What it learned from

{data}
{steps} steps of {algorithm}{warm}, seed {seed}.

Made again by:

    {command}

## Where it can be trusted

Advice on features far outside of these ranges (0.1 to 99.9 per cent of training) is refused.

| feature | from | to |
|---|---|---|
{ranges}

It has seen no other traffic and no other network than named above. On others it is a plan with a
correction learned elsewhere: run it in shadow first.
"""

_ALSO = " The warm start also learned on {}."
_FAILURES = """

Links failed in these episodes, unforeseen; the reference is that of the whole network, and both
were decided on the plan made before they failed."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Ratio to the reference: mean, and the 99th of 100."""

    mean: float
    p99: float


@dataclass(frozen=True, slots=True)
class Card:
    """Facts of a card.

    Attributes:
        run: What was asked.
        core: What was learned on.
        policy: What came of it.
        figures: By name.
        digest: SHA-256 of the policy file.
        steps: Taken.
    """

    run: Spec
    core: TrafficMatrixCore
    policy: Policy
    figures: Mapping[str, Judged]
    digest: str
    steps: int


def card(facts: Card) -> str:
    """Markdown."""
    run, replayed = facts.run, "matrices" in facts.run.public_kwargs
    return _TEMPLATE.format(
        weights=sum(w.size for w in facts.policy.weights),
        digest=facts.digest,
        reference="optimum" if replayed else "lower bound",
        episodes=f"on the last {run.holdout:.0%} of the recording" if replayed
        else "on the same made-up days, other episodes",
        failures=_FAILURES if run.public_kwargs.get("failure_rate") else "",
        figures="\n".join(
            f"| {name} | {f.mean:.4f} | {f.p99:.4f} |" for name, f in facts.figures.items()),
        data=_data(facts.core) + (_ALSO.format(", ".join(run.public_also)) if run.also else ""),
        steps=facts.steps, algorithm=run.algorithm.upper(), seed=run.seed,
        warm=", after a warm start down the gradient of the objective" if run.warm_start else "",
        command=command(run),
        ranges="\n".join(f"| {name} | {low:.3g} | {high:.3g} |" for name, low, high in zip(
            FEATURES, facts.policy.low, facts.policy.high, strict=True)),
    )  # fmt: skip


def command(run: Spec) -> str:
    """The command line of a run."""
    named = ("topology", "matrices", "paths", "base")
    words = ["headway", "train", "--env", run.environment]
    for name in named:
        if name in run.public_kwargs:
            words += [f"--{name}", str(run.public_kwargs[name])]
    words += ["--hyperparameters", run.hyperparameters_file] if run.hyperparameters_file else []
    words += ["--also", *run.public_also] if run.also else []
    others = [f"{k}={v}" for k, v in run.public_kwargs.items() if k not in named]
    words += ["--env-kwargs", *others] if others else []
    words += ["--algo", run.algorithm, "--steps", str(run.steps), "--seed", str(run.seed)]
    words += ["--holdout", f"{run.holdout:g}"] if run.holdout != 0.2 else []
    words += [] if run.warm_start else ["--no-warm-start"]
    return shlex.join([*words, "--output", "DIR"])


def _data(core: TrafficMatrixCore) -> str:
    paths, traffic = core.paths, core.traffic
    text = (
        f"{len(paths.network.nodes)} nodes, {len(paths.network.ends)} links, "
        f"{len(paths.pairs)} pairs, {len(paths.pair)} candidate paths."
    )
    if isinstance(traffic, Recording):
        low, high = traffic.optimum.min(), traffic.optimum.max()
        text += (
            f" {traffic.length} matrices; references (least largest utilisation) "
            f"from {low:.3g} to {high:.3g}."
        )
    return text
