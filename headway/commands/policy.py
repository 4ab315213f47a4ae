"""`headway policy`: which policies there are, who advises, and why traffic goes where it goes."""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from controller.advice.registry import Holding, Registry, Version
    from controller.advice.snapshot import PathStory, Story

_EPILOG = """
A policy goes through four steps, and a running controller follows each within an interval:

  headway policy import my-policy.npz --why "trained on May"    keep a copy, by its SHA-256
  headway policy shadow my-policy       decides and is scored, nothing follows it
  headway policy canary my-policy --share 0.1    decides for a tenth of the edge pairs
  headway policy promote my-policy      decides; what was before stays at hand
  headway policy rollback               ends a canary, or goes back to what was before

A canary that does worse than the rest loses its place by itself, and so does a promoted policy that
the guard benches. What they do is seen with:

  headway policy list                   policies, roles, the last decisions
  headway policy explain leaf1 leaf3    why this path now, and what equal splits would do
"""


def register(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "policy", help="the agent's policies: import, try, promote, roll back, explain",
        description="The policies of this site and their roles. 'headway run --agent ...' must run "
        "with the same state folder.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add(actions, "list", _list, "policies, who has which role, the last decisions")
    importing = _add(actions, "import", _import, "take a copy of an exported policy")
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.add_argument("--name", default="", help="instead of the file's name")
    for name, action, text in (
        ("shadow", _shadow, "let a policy decide without following it"),
        ("canary", _canary, "follow a policy for a share of the edge pairs"),
        ("promote", _promote, "make a policy the one that advises"),
    ):
        one = _add(actions, name, action, text)
        one.add_argument("policy", metavar="POLICY", help="its number, name or SHA-256")
        if name == "canary":
            one.add_argument("--share", type=_share, default=0.1, metavar="S",
                             help="of the edge pairs, to 1 (default %(default)s)")  # fmt: skip
    _add(actions, "rollback", _rollback, "end a canary, or go back to the policy before")
    explaining = _add(actions, "explain", _explain, "why traffic between two places goes this way")
    for name in ("source", "target"):
        explaining.add_argument(name, metavar=name.upper(),
                                help="a switch or a host: name, datapath id, IP, MAC")  # fmt: skip


def _add(
    actions: Any, name: str, run: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + "."
    )
    parser.add_argument("--state", type=Path, metavar="DIR",
                        help="default: HEADWAY_STATE, or ~/.local/state/headway")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON")
    if name not in {"list", "explain"}:
        parser.add_argument("--why", default="", metavar="TEXT", help="for the history")
    parser.set_defaults(run=run)
    return parser


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a share above 0, up to 1")
    return share


def _folder(args: argparse.Namespace) -> Path:
    from controller.advice.registry import default_folder  # noqa: PLC0415  (--help is quick)

    return args.state or default_folder()


def _registry(args: argparse.Namespace) -> "Registry":
    from controller.advice.registry import Registry  # noqa: PLC0415

    return Registry(_folder(args))


# --- changes ------------------------------------------------------------------------------------


def _import(args: argparse.Namespace) -> int:
    from controller.advice.builtin import find  # noqa: PLC0415
    from controller.advice.policy import locate  # noqa: PLC0415

    path = locate(str(args.file))
    find(str(path))  # a damaged file never gets in
    version = _registry(args).add(path, args.why, args.name)
    return _say(args, f"policy {version.id}: {version.name} ({version.sha256[:12]})", version)


def _shadow(args: argparse.Namespace) -> int:
    from controller.advice.registry import Role  # noqa: PLC0415

    registry = _registry(args)
    version = registry.version(args.policy)
    registry.assign(Role.SHADOW, version, why=args.why)
    return _say(args, f"{version.name} decides in shadow", version)


def _canary(args: argparse.Namespace) -> int:
    from controller.advice.registry import Role  # noqa: PLC0415

    registry = _registry(args)
    version = registry.version(args.policy)
    registry.assign(Role.CANARY, version, share=args.share, why=args.why)
    return _say(args, f"{version.name} decides for {args.share:.0%} of the edge pairs", version)


def _promote(args: argparse.Namespace) -> int:
    registry = _registry(args)
    version = registry.version(args.policy)
    registry.promote(version, args.why)
    return _say(args, f"{version.name} advises now", version)


def _rollback(args: argparse.Namespace) -> int:
    version = _registry(args).rollback(args.why)
    name = version.name if version else "the agent of 'headway run --agent'"
    return _say(args, f"{name} advises now", version)


def _say(args: argparse.Namespace, text: str, version: "Version | None") -> int:
    print(json.dumps(_version(version), indent=2) if args.json else text)
    return 0


def _version(version: "Version | None") -> dict[str, Any] | None:
    return {**asdict(version), "file": str(version.file)} if version else None


# --- what there is ------------------------------------------------------------------------------


def _list(args: argparse.Namespace) -> int:
    registry = _registry(args)
    versions, roles, decisions = registry.versions(), registry.roles(), registry.decisions(10)
    if args.json:
        print(json.dumps({
            "policies": [_version(v) for v in versions],
            "roles": {r.value: {"policy": _version(h.version), "share": h.share, "since": h.since,
                                "why": h.why} for r, h in roles.items()},
            "decisions": decisions,
            "history": [{"time": at, "what": what} for at, what in registry.history()],
        }, indent=2))  # fmt: skip
        return 0
    held = _held(list(roles.values()))
    for version in versions:
        about = (_when(version.added_at), held.get(version.id, ""), version.why)
        line = f"{version.id:>3}  {version.name:<20} {version.sha256[:12]}  " + "  ".join(about)
        print(line.rstrip())
    if not versions:
        print("no policies; take one in with: headway policy import FILE")
    for decision in decisions:
        print(_decision(decision))
    return 0


def _held(holdings: "list[Holding]") -> dict[int, str]:
    held: dict[int, list[str]] = {}
    for holding in holdings:
        if holding.version:
            share = f" {holding.share:.0%}" if holding.role.value == "canary" else ""
            held.setdefault(holding.version.id, []).append(holding.role.value + share)
    return {number: ", ".join(names) for number, names in held.items()}


def _decision(decision: dict[str, Any]) -> str:
    verdict = decision.get("verdict") or "unanswered"
    numbers = [f"{name} {decision[key]:.3f}" for name, key in (
        ("predicted", "predicted"), ("equal splits", "predicted_fallback"),
        ("came", "verified"), ("measured", "measured"),
    ) if decision.get(key) is not None]  # fmt: skip
    why = f" ({decision['reason']}: {decision['detail']})" if decision.get("reason") else ""
    return f"  {_when(decision['time'])}  {verdict}{why}  {', '.join(numbers)}"


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


# --- explain ------------------------------------------------------------------------------------


def _explain(args: argparse.Namespace) -> int:
    from controller.advice.snapshot import Snapshot  # noqa: PLC0415

    story = Snapshot(_folder(args)).explain(args.source, args.target)
    print(json.dumps(asdict(story), indent=2) if args.json else _told(story))
    return 0


def _told(story: "Story") -> str:
    about = story.about
    demand = ", ".join(f"{group} {bps / 1e6:.2f} Mbit/s" for group, bps in story.demand_bps.items())
    lines = [
        f"{story.pair[0]} to {story.pair[1]} at {_when(float(about.get('time', 0)))}: {demand}",
        f"agent {about.get('agent')}, {about.get('standing')}; its last advice: "
        f"{_verdict(about.get('last'))}",
        *map(_path_line, story.paths),
        f"busiest link of the network: {story.largest:.2f} of its capacity; with equal splits "
        f"{story.largest_fallback:.2f}",
    ]
    return "\n".join(lines)


def _verdict(last: Any) -> str:
    if not isinstance(last, dict):
        return "none yet"
    reason = f" ({last['detail']})" if last.get("reason") else ""
    return f"{last.get('verdict') or 'unanswered'}{reason}"


def _path_line(path: "PathStory") -> str:
    shares = path.weights
    now = ", ".join(f"{share:.0%} of {group}" for group, share in shares.items())
    if len(set(shares.values())) == 1:
        now = f"{next(iter(shares.values())):.0%} of the traffic"
    if not path.up:
        return f"  {' '.join(path.nodes)}: down"
    return (
        f"  {' '.join(path.nodes)}: {now}, equal splits {path.fallback:.0%}; busiest "
        f"{path.busiest}: measured {path.measured:.2f}, predicted {path.predicted:.2f}, with equal "
        f"splits {path.predicted_fallback:.2f}"
    )
