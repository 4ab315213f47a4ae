"""What can't hold together within one policy file, before any network is asked.

Owns the checks across fields. What depends on links and switches is `policies.check`'s business.
"""

from collections.abc import Iterator

from policies.classes import TrafficClass
from policies.freeze import default_class_of, selector_of
from policies.mistakes import Mistake, suggest
from policies.model import Rate
from policies.overlap import Owned, TooVagueError, overlaps
from policies.quantities import rate_words
from policies.rules import rule_conflicts
from policies.schema import PolicyModel, SliceModel
from policies.sentences import Stays, read_sentence

_ROUNDING = 1e-9


def find_conflicts(model: PolicyModel) -> Iterator[Mistake]:
    """Every contradiction: its place and words. The model has queues, classes and services."""
    yield from _class_conflicts(model)
    for name, entry in model.slices.items():
        yield from _slice_conflicts(model, name, entry)
    yield from _guarantee_conflicts(model)
    yield from _member_conflicts(model)
    yield from _intent_conflicts(model)
    yield from rule_conflicts(model)


def _class_conflicts(model: PolicyModel) -> Iterator[Mistake]:
    queues, classes = model.queues or {}, model.classes or {}
    missing = [c.value for c in TrafficClass if c not in classes]
    if missing:
        yield ("classes",), f"missing {', '.join(missing)}; give all nine, or leave classes out"
    ids = [queue.id for queue in queues.values()]
    if len(set(ids)) != len(ids) or 0 not in ids:
        yield ("queues",), "ids must differ and one must be 0 (default)"
        return
    total = sum(queue.share for queue in queues.values())
    if total > 1 + _ROUNDING:
        yield ("queues",), f"shares add up to {total:g}, above 1"
    queue_of_dscp = {0: next(name for name, queue in queues.items() if queue.id == 0)}
    for name, entry in classes.items():
        if entry.queue not in queues:
            yield (
                ("classes", name.value, "queue"),
                f"no queue {entry.queue!r}{suggest(entry.queue, queues)}",
            )
        elif queue_of_dscp.setdefault(entry.dscp, entry.queue) != entry.queue:
            yield (
                ("classes", name.value),
                f"DSCP {entry.dscp} already means queue {queue_of_dscp[entry.dscp]!r}; "
                "a mark can name one queue only",
            )


def _slice_conflicts(model: PolicyModel, name: str, entry: SliceModel) -> Iterator[Mistake]:
    place = ("slices", name)
    low, high = entry.guarantee, entry.maximum
    if high is not None and _below(high, low):
        words = f"{rate_words(high)} is below the guarantee of {rate_words(low)}"
        yield (*place, "maximum"), words
    if len(set(entry.classes)) != len(entry.classes):
        yield (*place, "classes"), "a class is given twice; keep one"
    if default_class_of(entry) not in entry.classes:
        allowed = ", ".join(c.value for c in entry.classes)
        yield (
            (*place, "default_class"),
            f"{default_class_of(entry).value} is not among the classes it may use ({allowed})",
        )
    for index, other in enumerate(entry.talks_to):
        where = (*place, "talks_to", str(index))
        if other == name:
            yield where, "a slice talks to itself anyway; leave it out"
        elif other not in model.slices:
            others = [known for known in model.slices if known != name]
            yield where, f"no slice {other!r}{suggest(other, others)}"
        elif other in entry.talks_to[:index]:
            yield where, f"{other!r} is given twice; keep one"


def _below(high: Rate, low: Rate) -> bool:
    """Whether it is so on every link; a rate against a share depends on the link."""
    if high.bps is not None and low.bps is not None:
        return high.bps < low.bps
    return high.share is not None and low.share is not None and high.share < low.share


def _guarantee_conflicts(model: PolicyModel) -> Iterator[Mistake]:
    """All slices may meet on a link, so shares above 100% can hold on none."""
    total = 0.0
    for name, entry in model.slices.items():
        total += entry.guarantee.share or 0.0
        if total > 1 + _ROUNDING:
            yield (
                ("slices", name, "guarantee"),
                f"with {rate_words(entry.guarantee)} here the guarantees of all slices so far "
                f"add up to {100 * total:.4g}%, above 100%",
            )
            return


def _member_conflicts(model: PolicyModel) -> Iterator[Mistake]:
    members = [
        Owned(name, index, selector_of(member))
        for name, entry in model.slices.items()
        for index, member in enumerate(entry.members)
    ]
    try:
        for one, other, how in overlaps(members):
            first, second = sorted((one, other), key=members.index)
            yield (
                ("slices", second.slice_name, "members", str(second.index)),
                f"a host can be of this slice and of {first.slice_name!r} "
                f"(members.{first.index}): {how}; make them differ",
            )
    except TooVagueError as error:
        vague = error.member
        yield ("slices", vague.slice_name, "members", str(vague.index)), str(error)


def _intent_conflicts(model: PolicyModel) -> Iterator[Mistake]:
    confined: set[str] = set()
    for index, text in enumerate(model.intents):
        place = ("intents", str(index))
        if text in model.intents[:index]:
            yield place, f"{text!r} is given twice; keep one"
        sentence = read_sentence(text)
        traffic_class: TrafficClass | None = None
        if isinstance(sentence, Stays):
            name: str | None = sentence.slice_name
            if name in confined:
                yield place, f"{name!r} was told to stay in tiers before; say it once, with 'or'"
            confined.add(sentence.slice_name)
        else:
            name, traffic_class = sentence.subject.slice_name, sentence.subject.traffic_class
        if name is None:
            continue
        if name not in model.slices:
            yield place, f"{text!r}: no slice {name!r}{suggest(name, model.slices)}"
        elif traffic_class and traffic_class not in model.slices[name].classes:
            yield place, f"{text!r}: slice {name!r} may not use class {traffic_class.value}"
