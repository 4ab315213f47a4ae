"""A policy's report as tables for people. Owns the layout only; `policies.check` finds out."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from policies.quantities import rate_words
from policies.queues import ClassNode, PortTree, SliceNode
from policies.report import LinkReport, Report, RuleReport, SliceReport

_MOST_ROWS = 20  # of a table; --json has all
_MOST_LOADS = 40
_MOST_NAMES = 3
_PIPED_WIDTH = 160


def print_report(report: Report, *, every_load: bool) -> None:
    """Prints what the policy means; conflicts are the caller's to tell.

    Args:
        report: What was found out.
        every_load: Who has what on all ports; False: on the fullest towards switches and hosts.
    """
    console = Console(
        width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False, markup=False
    )
    console.print(_heading(report))
    for text in report.in_force:
        console.print(f"  in force: {text}")
    if report.slices:
        console.print(_slice_table(report.slices, on_network=report.topology is not None))
    if report.rules:
        console.print(_rule_table(report.rules))
    if report.links:
        console.print(_link_table(report))
    for load in range(len(report.loads)) if every_load else _fullest(report):
        console.print(_load_table(load, report.loads[load]))
    for line in report.lines(report.warnings):
        console.print(f"warning: {line}")
    for what in report.unchecked:
        console.print(f"not checked: {what}")
    console.print(_verdict(report))


def _heading(report: Report) -> str:
    where = f"on {report.topology}" if report.topology else "by itself (no --topology)"
    change = report.next_change and report.next_change.astimezone(report.at.tzinfo)
    until = f", until {change:%a %d %b %H:%M}" if change else ""
    return f"{report.policy} {where}, {report.at:%a %d %b %Y %H:%M} {report.time_zone}{until}"


def _verdict(report: Report) -> str:
    count = len(report.conflicts)
    if count:
        return f"{count} {'thing' if count == 1 else 'things'} can't hold:"
    return "no conflicts" + (" in the coming week" if report.next_change else "")


def _fullest(report: Report) -> list[int]:
    """The loads with the least to spare, one towards switches and one towards hosts."""
    found: dict[bool, tuple[float, int]] = {}
    for load, tree in enumerate(report.loads):
        part = tree.asked_bps / tree.rate_bps
        if part > found.get(tree.role.fabric, (0.0, 0))[0]:
            found[tree.role.fabric] = part, load
    return sorted(load for _, load in found.values())


def _slice_table(slices: Sequence[SliceReport], *, on_network: bool) -> Table:
    columns = ["slice", "number", "guarantee", "maximum", "weight"]
    table = _table("slices", [*columns, *(("members", "stays on") if on_network else ())])
    for entry in slices[:_MOST_ROWS]:
        row = [entry.name, str(entry.number), entry.guarantee, entry.maximum or "link",
               f"{entry.weight:g}"]  # fmt: skip
        if on_network:
            row += [_members(entry), "anywhere" if entry.switches is None else _few(entry.switches)]
        table.add_row(*row)
    return _cut(table, len(slices))


def _members(entry: SliceReport) -> str:
    if entry.hosts:
        return _few(entry.hosts)
    return f"on {_few(entry.ports)}" if entry.ports else "nowhere"


def _rule_table(rules: Sequence[RuleReport]) -> Table:
    table = _table("rules, the first that matches", ["rule", "class", "flows"])
    for rule in rules[:_MOST_ROWS]:
        table.add_row(rule.name, rule.traffic_class, rule.flows)
    return _cut(table, len(rules))


def _link_table(report: Report) -> Table:
    by_load: dict[int, list[LinkReport]] = defaultdict(list)
    for link in report.links:
        by_load[link.load].append(link)
    table = _table("ports", ["load", "rate", "ports", "towards", "promised", "free"])
    for load, tree in enumerate(report.loads[:_MOST_LOADS]):
        ports = by_load[load]
        table.add_row(
            str(load),
            rate_words(tree.rate_bps),
            _few([link.interface for link in ports]),
            _towards(ports),
            rate_words(tree.asked_bps),
            rate_words(max(0.0, tree.rate_bps - tree.asked_bps)),
        )
    return _cut(table, len(report.loads), _MOST_LOADS)


def _towards(ports: Sequence[LinkReport]) -> str:
    kind = "switch" if ports[0].fabric else "host"
    return f"a {kind}" if len(ports) == 1 else f"{len(ports)} {kind}{'es' * ports[0].fabric or 's'}"


def _load_table(load: int, tree: PortTree) -> Table:
    if tree.slices:
        title = f"load {load}: {rate_words(tree.rate_bps)}, what slices have there"
        table = _table(title, ["slice", "guarantee", "maximum", "weight", "queues (guarantee)"])
        for node in tree.slices[:_MOST_ROWS]:
            table.add_row(*_slice_row(node))
        return _cut(table, len(tree.slices))
    title = f"load {load}: {rate_words(tree.rate_bps)}, what queues have there"
    table = _table(title, ["queue", "priority", "guarantee", "ceiling"])
    for queue in _by_priority(tree.classes):
        table.add_row(queue.name, str(queue.priority), rate_words(queue.rate_bps),
                      rate_words(queue.ceil_bps))  # fmt: skip
    return table


def _slice_row(node: SliceNode) -> list[str]:
    queues = [
        f"{queue.name} {rate_words(queue.rate_bps)}"
        + (f" of {rate_words(queue.ceil_bps)}" if queue.ceil_bps < node.ceil_bps else "")
        for queue in _by_priority(node.classes)
    ]
    return [node.name, rate_words(node.rate_bps), rate_words(node.ceil_bps),
            f"{node.weight:g}", ", ".join(queues)]  # fmt: skip


def _by_priority(queues: Iterable[ClassNode]) -> list[ClassNode]:
    return sorted(queues, key=lambda queue: (queue.priority, queue.queue_id))


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
    for column in columns:
        number = column in ("number", "guarantee", "maximum", "weight", "rate", "promised", "free",
                            "priority", "ceiling", "load")  # fmt: skip
        table.add_column(column, justify="right" if number else "left")
    return table


def _cut(table: Table, rows: int, most: int = _MOST_ROWS) -> Table:
    if rows > most:
        table.caption = f"and {rows - most} more; --json has all"
    return table


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return shown + (f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else "")
