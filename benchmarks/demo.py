"""The main job: inference, training, bulk and a scrape at once, plain and under Headway, to alone.

Method: `headway demo`, same seeded workload in each arm; this only runs it and shows its tables.
See `headway demo --help`. The second table has a weak trunk: the agent's splits against equal ones,
over several seeds, because how a few large flows happen to hash is most of what one run shows.
Needs root, and PyTorch for the training job.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.processes import ROOT
from benchmarks.result import BenchmarkError, Cell, Options, Part, Result
from emulation import command

NEEDS_NETWORK = True
_ARMS = ("alone", "plain", "headway")
_TIMEOUT_S = 900
_WEAK_REPEATS = 3
# (name in the demo's document, words, factor, the aim for Headway's ratio to alone)
ROWS = (
    ("inference_p50_s", "inference p50, ms", 1e3, ""),
    ("inference_p99_s", "inference p99, ms", 1e3, "<= 1.5"),
    ("iteration_mean_s", "iteration mean, ms", 1e3, "<= 1.1"),
    ("iteration_p99_s", "iteration p99, ms", 1e3, ""),
    ("bulk_goodput_bps", "bulk goodput, Mbit/s", 1e-6, ""),
    ("bulk_share_of_leftover", "bulk, share of what is left over", 1.0, ">= 0.9 (share)"),
    ("link_utilisation", "link utilisation", 1.0, ""),
)
_WEAK_ROWS = (
    ("inference_p50_s", "inference p50, ms", 1e3, ""),
    ("inference_p99_s", "inference p99, ms", 1e3, ""),
    ("iteration_mean_s", "iteration mean, ms", 1e3, "< 1"),
    ("iteration_p99_s", "iteration p99, ms", 1e3, "< 1"),
    ("bulk_goodput_bps", "bulk goodput, Mbit/s", 1e-6, ""),
    ("priority_bps", "training and inference, Mbit/s", 1e-6, "> 1"),
    ("scrape_p99_s", "scrape p99, ms", 1e3, ""),
    ("link_utilisation", "link utilisation", 1.0, "> 1"),
)


def run(options: Options) -> Result:
    """Runs the demo and takes its figures.

    Raises:
        BenchmarkError: The demo failed; its last line says why.
        NotPrivilegedError: Not root.
    """
    command.require_root()
    # Without "alone" there are no ratios, but that arm takes longest.
    arms = ("2", "plain,headway") if options.quick else ("12", "alone,plain,headway,cut")
    even = _words(options, *arms)
    repeats = 1 if options.quick else _WEAK_REPEATS
    weak = [*_words(options, "3" if options.quick else "20", "static,agent"),
            "--repeat", str(repeats)]  # fmt: skip
    on_even, on_weak = (document(words, options) for words in (even, weak))
    notes = (*_notes(on_even, even), *_notes(on_weak, weak), *_agent_notes(on_weak))
    return Result((_part(on_even), _weak_part(on_weak)), notes)


def _words(options: Options, duration_s: str, arms: str) -> list[str]:
    return ["--duration", duration_s, "--arms", arms, "--seed", str(options.seed)]


def document(
    words: list[str], options: Options, environment: dict[str, str] | None = None
) -> dict[str, Any]:
    """What `headway demo` says of itself.

    Raises:
        BenchmarkError: It failed; its last line says why.
    """
    options.progress(f"headway demo {' '.join(words)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "demo.json")
        argv = [sys.executable, "-m", "headway", "demo", *words, "--json", str(path), "--chart",
                str(Path(folder, "demo.png"))]  # fmt: skip
        done = subprocess.run(
            argv, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_TIMEOUT_S, check=False, env={**os.environ, **(environment or {})},
        )  # fmt: skip
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip() or "no word of it").splitlines()[-1]
            raise BenchmarkError(f"headway demo: {last}")
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return told


def _part(document: dict[str, Any]) -> Part:
    arms, ratios = document["arms"], document["ratios_to_alone"]
    rows = []
    for name, words, factor, aim in ROWS:
        cells = [scaled(arms.get(arm, {}).get(name), factor) for arm in _ARMS]
        ratio = [ratios.get(arm, {}).get(name) for arm in _ARMS[1:]]
        rows.append((words, cells[0], cells[1], ratio[0], cells[2], ratio[1], aim))
    return Part(document["topology"], (
        "figure", "alone", "plain ECMP, FIFO", "/ alone", "Headway", "/ alone", "aim",
    ), tuple(rows))  # fmt: skip


def _weak_part(document: dict[str, Any]) -> Part:
    arms, runs = document["arms"], document["runs"]
    rows: list[tuple[Cell, ...]] = []
    for name, words, factor, aim in _WEAK_ROWS:
        ratios = [
            run["agent"][name] / run["static"][name]
            for run in runs
            if run["agent"][name] is not None and run["static"][name]
        ]
        mean, least, most = (how(ratios) if ratios else None for how in (fmean, min, max))
        cells = [scaled(arms[arm][name], factor) for arm in ("static", "agent")]
        rows.append((words, *cells, mean, least, most, aim))
    return Part(f"{document['topology']} with {document['weakened']}", (
        "figure", "Headway, equal splits", "Headway, agent", "agent / equal, mean", "least", "most",
        "aim",
    ), tuple(rows))  # fmt: skip


def _agent_notes(document: dict[str, Any]) -> list[str]:
    """What became of the advice in each repeat."""
    return [
        f"agent {one['agent']}, repeat {number}: {one['turns']} answers, "
        + ", ".join(f"{count} {fate}" for fate, count in one["verdicts"].items())
        for number, one in enumerate(document["agent"], 1)
    ]


def scaled(value: float | None, factor: float) -> Cell:
    return None if value is None else float(value) * factor


def _notes(document: dict[str, Any], words: list[str]) -> list[str]:
    notes = [f"headway demo {' '.join(words)}; medians over {document['repeats']} repeat(s)."]
    for name, label in (("local_s", "next to its source"), ("remote_s", "further on")):
        outage_s = document["outage"].get(name)
        if outage_s is not None:
            notes.append(f"A cut trunk {label}: traffic out for {outage_s * 1e3:.1f} ms.")
    return notes + [str(note) for note in document["notes"]]
