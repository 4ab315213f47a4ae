"""Operator rules: from their form to the frozen ones, in words, and which of them can't hold.

Owns what one rule covers of another. Whether a flow matches a rule is the classifier's business.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from policies.classes import Transport
from policies.mistakes import Mistake, suggest
from policies.model import OperatorRule, PortRange
from policies.schema import PolicyModel, RuleModel

_MOST_NAMED = 3
_Networks = Sequence[IPv4Network | IPv6Network]


def freeze_rules(models: Iterable[RuleModel]) -> tuple[OperatorRule, ...]:
    """The rules, each with a name of its own: what it says, where it has none."""
    models = tuple(models)
    taken = {model.name for model in models}
    frozen = []
    for model in models:
        rule = _frozen(model)
        name = model.name or _fresh(f"{rule.traffic_class.value} {rule_words(rule)}", taken)
        taken.add(name)
        frozen.append(_frozen(model, name))
    return tuple(frozen)


def _frozen(model: RuleModel, name: str = "") -> OperatorRule:
    return OperatorRule(
        name=name,
        traffic_class=model.traffic_class,
        from_prefixes=model.from_prefixes or (),
        to_prefixes=model.to_prefixes or (),
        ports=tuple(PortRange(first, last) for first, last in model.ports or ()),
        transport=model.transport,
        slice_name=model.slice,
    )


def _fresh(name: str, taken: set[str | None]) -> str:
    wanted, number = name, 2
    while name in taken:
        name, number = f"{wanted} ({number})", number + 1
    return name


def rule_words(rule: OperatorRule) -> str:
    """What a flow must be: "tcp, 10.0.0.0/8 to 10.1.0.5, port 9000, slice red"."""
    said = [rule.transport.value] if rule.transport else []
    if rule.from_prefixes and rule.to_prefixes:
        said.append(f"{_few(rule.from_prefixes)} to {_few(rule.to_prefixes)}")
    elif rule.from_prefixes:
        said.append(f"from {_few(rule.from_prefixes)}")
    elif rule.to_prefixes:
        said.append(f"to {_few(rule.to_prefixes)}")
    if rule.ports:
        said.append(f"port {_few([ports_words(entry) for entry in rule.ports])}")
    if rule.slice_name:
        said.append(f"slice {rule.slice_name}")
    return ", ".join(said)


def ports_words(ports: PortRange) -> str:
    """As a policy would have it: "9000" or "9100-9120"."""
    return f"{ports.first}" if ports.first == ports.last else f"{ports.first}-{ports.last}"


def _few(items: Sequence[object]) -> str:
    shown = " ".join(map(_plain, items[:_MOST_NAMED]))
    more = len(items) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _plain(item: object) -> str:
    if isinstance(item, IPv4Network | IPv6Network) and item.prefixlen == item.max_prefixlen:
        return str(item.network_address)
    return str(item)


# --- what can't hold ------------------------------------------------------------------------------


def rule_conflicts(model: PolicyModel) -> Iterator[Mistake]:
    """Rules that name what isn't there, or that can never match."""
    named: dict[str, int] = {}
    areas: list[_Area] = []
    for index, (entry, rule) in enumerate(zip(model.rules, freeze_rules(model.rules), strict=True)):
        if entry.name and named.setdefault(entry.name, index) != index:
            yield ("rules", str(index), "name"), f"{entry.name!r} is given twice; keep one"
        yield from _slice_conflicts(model, index, rule)
        area = _Area.of(rule)
        if not area.is_possible:
            yield (
                ("rules", str(index)),
                "from and to have no address family in common, so no flow matches; split it",
            )
        before = next((known for known in areas if known.covers(area)), None)
        if before is not None:
            yield (
                ("rules", str(index)),
                f"never matches: rule {before.name!r} before it takes every such flow; move it up, "
                "or leave it out",
            )
        areas.append(area)


def _slice_conflicts(model: PolicyModel, index: int, rule: OperatorRule) -> Iterator[Mistake]:
    name = rule.slice_name
    if name is None:
        return
    if name not in model.slices:
        yield ("rules", str(index), "slice"), f"no slice {name!r}{suggest(name, model.slices)}"
    elif rule.traffic_class not in model.slices[name].classes:
        yield (
            ("rules", str(index), "class"),
            f"slice {name!r} may not use class {rule.traffic_class.value}",
        )


@dataclass(frozen=True, slots=True)
class _Spans:
    """Numbers as disjoint ranges in order; `ends[i]` is the last of `starts[i]`'s."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @staticmethod
    def of(ranges: Iterable[tuple[int, int]]) -> "_Spans":
        starts: list[int] = []
        ends: list[int] = []
        for first, last in sorted(ranges):
            if starts and first <= ends[-1] + 1:
                ends[-1] = max(ends[-1], last)
            else:
                starts.append(first)
                ends.append(last)
        return _Spans(tuple(starts), tuple(ends))

    def covers(self, other: "_Spans") -> bool:
        return all(
            (at := bisect_right(self.starts, first) - 1) >= 0 and last <= self.ends[at]
            for first, last in zip(other.starts, other.ends, strict=True)
        )


_IPV6_FROM = 1 << 32  # IPv6 addresses are counted from here on, so that families stay apart
_ANY_ADDRESS = _Spans.of([(0, _IPV6_FROM + (1 << 128) - 1)])
_ANY_PORT = _Spans.of([(0, 65535)])


def _addresses(networks: _Networks) -> _Spans:
    if not networks:
        return _ANY_ADDRESS
    return _Spans.of(
        (shift + int(network.network_address), shift + int(network.broadcast_address))
        for network in networks
        for shift in (_IPV6_FROM if network.version == 6 else 0,)
    )


@dataclass(frozen=True, slots=True)
class _Area:
    """What a rule takes."""

    name: str
    one: _Spans
    other: _Spans
    ports: _Spans
    transport: Transport | None
    slice_name: str | None
    is_possible: bool

    @staticmethod
    def of(rule: OperatorRule) -> "_Area":
        families = [
            {network.version for network in part} or {4, 6}
            for part in (rule.from_prefixes, rule.to_prefixes)
        ]
        return _Area(
            rule.name, _addresses(rule.from_prefixes), _addresses(rule.to_prefixes),
            _Spans.of((p.first, p.last) for p in rule.ports) if rule.ports else _ANY_PORT,
            rule.transport, rule.slice_name, bool(families[0] & families[1]),
        )  # fmt: skip

    def covers(self, other: "_Area") -> bool:
        """Whether every flow of the other is of this one too."""
        if self.transport not in (None, other.transport):
            return False
        if self.slice_name not in (None, other.slice_name):
            return False
        if self.ports.covers(other.ports) and (
            self.one.covers(other.one) and self.other.covers(other.other)
        ):
            return True
        # The other way round, `ports` would be those of an end that `other` says nothing about.
        return (
            self.ports == _ANY_PORT
            and self.one.covers(other.other)
            and self.other.covers(other.one)
        )
