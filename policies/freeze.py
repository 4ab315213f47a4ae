"""From the checked form of a file to the frozen `Policy`. Owns nothing but the mapping."""

from collections.abc import Iterable

from policies.classes import TrafficClass
from policies.model import (
    ClassPolicy,
    Intent,
    Policy,
    QueueSpec,
    Selector,
    ServicePorts,
    Slice,
    Tier,
)
from policies.rules import freeze_rules
from policies.schema import MemberModel, PolicyModel, QueueModel, SliceModel
from policies.source import Source

_DEPTH_OF_PLACES = 3  # slices.tenant-a.guarantee


def freeze(model: PolicyModel, source: Source) -> Policy:
    """The policy; slices are numbered in the order of their names."""
    queue_models, class_models = model.queues or {}, model.classes or {}
    classes = tuple(
        ClassPolicy(name, entry.dscp, queue_models[entry.queue].id, entry.paths, entry.latency)
        for name, entry in sorted(class_models.items(), key=lambda item: item[0].value)
    )
    queues = sorted(queue_models.items(), key=lambda item: item[1].id)
    return Policy(
        name=model.name,
        queues=tuple(_queue(name, queue, classes) for name, queue in queues),
        classes=classes,
        services=tuple(
            ServicePorts(entry.name, entry.traffic_class, entry.transport, first, last)
            for entry in model.services or ()
            for first, last in entry.ports
        ),
        trusted_ports=model.trusted_ports,
        slices=tuple(
            _slice(name, number, model.slices[name])
            for number, name in enumerate(sorted(model.slices), 1)
        ),
        tiers=tuple(Tier(name, switches) for name, switches in model.tiers.items()),
        intents=tuple(
            Intent(text, source.line(("intents", str(index))))
            for index, text in enumerate(model.intents)
        ),
        time_zone=model.time_zone,
        rules=freeze_rules(model.rules),
        source=source.name,
        lines=tuple(source.lines(_DEPTH_OF_PLACES)),
    )


def selector_of(member: MemberModel) -> Selector:
    """One way of belonging to a slice."""
    return Selector(member.ports, member.vlan, member.prefixes)


def default_class_of(entry: SliceModel) -> TrafficClass:
    """The class written, else background, else the last of those it may use."""
    if entry.default_class is not None:
        return entry.default_class
    fallback = TrafficClass.BACKGROUND
    return fallback if fallback in entry.classes else entry.classes[-1]


def _slice(name: str, number: int, entry: SliceModel) -> Slice:
    return Slice(
        name=name,
        number=number,
        members=tuple(map(selector_of, entry.members)),
        guarantee=entry.guarantee,
        maximum=entry.maximum,
        weight=float(entry.weight),
        classes=entry.classes,
        default_class=default_class_of(entry),
        talks_to=entry.talks_to,
    )


def _queue(name: str, queue: QueueModel, classes: Iterable[ClassPolicy]) -> QueueSpec:
    marks = sorted({c.dscp for c in classes if c.queue_id == queue.id}) if queue.id else []
    return QueueSpec(
        queue_id=queue.id, name=name, priority=queue.priority, share=queue.share,
        ceiling=queue.ceiling, dscps=tuple(marks), limit_packets=queue.limit_packets,
    )  # fmt: skip
