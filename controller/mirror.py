"""One switch's tables twice: as they should be and as they are; the difference is what to send.

Owns the comparison and its order on the wire. Knows nothing of what a rule means. Whoever wants
rules puts them under an owner's name; putting the same again changes nothing, which is what makes
every update idempotent and a restart touch only what differs.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from controller.events import Change, ChangeGroup, ChangeMeter, ChangeRule, Command
from controller.rules import Group, GroupType, Meter, Rule, RuleKey

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


_Owned = tuple[tuple[RuleKey, ...], tuple[int, ...], tuple[int, ...]]
_NOTHING: _Owned = ((), (), ())


class Mirror:
    """The desired and the actual tables of the switch `dpid`."""

    def __init__(self, dpid: int) -> None:
        self.dpid = dpid
        self.rules: dict[RuleKey, Rule] = {}
        self.groups: dict[int, Group] = {}
        self.meters: dict[int, Meter] = {}
        self.actual_rules: dict[RuleKey, Rule] = {}
        self.actual_groups: dict[int, Group] = {}
        self.actual_meters: dict[int, Meter] = {}
        self._owned: dict[Hashable, _Owned] = {}
        self._dirty_rules: dict[RuleKey, None] = {}
        self._dirty_groups: dict[int, None] = {}
        self._dirty_meters: dict[int, None] = {}

    def put(
        self,
        owner: Hashable,
        rules: Iterable[Rule],
        groups: Iterable[Group] = (),
        meters: Iterable[Meter] = (),
    ) -> None:
        """Makes these all that `owner` wants here; nothing takes the owner away.

        No two owners may want the same entry.
        """
        new = {rule.key: rule for rule in rules}
        new_groups = {group.group_id: group for group in groups}
        new_meters = {meter.meter_id: meter for meter in meters}
        old, old_groups, old_meters = self._owned.pop(owner, _NOTHING)
        if new or new_groups or new_meters:
            self._owned[owner] = tuple(new), tuple(new_groups), tuple(new_meters)
        _replace(self.rules, old, new, self._dirty_rules)
        if old_groups or new_groups:
            _replace(self.groups, old_groups, new_groups, self._dirty_groups)
        if old_meters or new_meters:
            _replace(self.meters, old_meters, new_meters, self._dirty_meters)

    def gives_up(self, owner: Hashable, rules: Iterable[Rule]) -> bool:
        """True if putting these rules would take others of the owner away."""
        owned = self._owned.get(owner, _NOTHING)[0]
        return bool(owned) and not {rule.key for rule in rules}.issuperset(owned)

    def owners(self) -> Iterable[Hashable]:
        """Who wants anything here, as they are now."""
        return tuple(self._owned)

    def adopt(self, rules: Iterable[Rule], groups: Iterable[Group], meters: Iterable[Meter]) -> int:
        """Takes what the switch says it holds as the truth; returns how many entries differ."""
        self.actual_rules = {rule.key: rule for rule in rules}
        self.actual_groups = {group.group_id: group for group in groups}
        self.actual_meters = {meter.meter_id: meter for meter in meters}
        self._dirty_rules = _differing(self.rules, self.actual_rules)
        self._dirty_groups = _differing(self.groups, self.actual_groups)
        self._dirty_meters = _differing(self.meters, self.actual_meters)
        return len(self._dirty_rules) + len(self._dirty_groups) + len(self._dirty_meters)

    @property
    def dirty(self) -> bool:
        """True when something may have to be sent."""
        return bool(self._dirty_rules or self._dirty_groups or self._dirty_meters)

    def sync(self, *, delete: bool = True) -> list[Command]:
        """The commands that make the switch as desired; assumes they are sent, in this order.

        What is referred to comes before what refers to it, and deletions come last and the other
        way round, so a packet never meets a rule whose group or meter is missing. Later tables are
        filled before the earlier ones that lead to them, and emptied after.

        Args:
            delete: False keeps entries nobody wants yet, for a restart that is still learning.
        """
        meters = list(self._meter_changes(delete))
        groups = list(self._group_changes(delete))
        rules = list(self._rule_changes(delete))
        rules.sort(key=lambda change: -change.rule.table)
        put = [c for part in (meters, groups, rules) for c in part if c.change is not Change.DELETE]
        rules.reverse()
        gone = [c for part in (rules, groups, meters) for c in part if c.change is Change.DELETE]
        return [*put, *gone]

    def _rule_changes(self, delete: bool) -> Iterator[ChangeRule]:
        for key in _take(self._dirty_rules, self.rules, delete):
            wanted, actual = self.rules.get(key), self.actual_rules.get(key)
            if wanted is not None and wanted != actual:
                self.actual_rules[key] = wanted
                yield ChangeRule(self.dpid, Change.ADD, wanted)
            elif wanted is None and actual is not None:
                del self.actual_rules[key]
                yield ChangeRule(self.dpid, Change.DELETE, actual)

    def _group_changes(self, delete: bool) -> Iterator[ChangeGroup]:
        # Fast-failover groups refer to select groups, so they are put last and deleted first.
        known = self.groups.keys() | self.actual_groups.keys()
        keys = [key for key in _take(self._dirty_groups, self.groups, delete) if key in known]
        for key in sorted(keys, key=lambda k: (self._refers(k), k)):
            wanted, actual = self.groups.get(key), self.actual_groups.get(key)
            if wanted is not None and wanted != actual:
                self.actual_groups[key] = wanted
                yield ChangeGroup(self.dpid, Change.MODIFY if actual else Change.ADD, wanted)
            elif wanted is None and actual is not None:
                del self.actual_groups[key]
                yield ChangeGroup(self.dpid, Change.DELETE, actual)

    def _refers(self, group_id: int) -> bool:
        group = self.groups.get(group_id)
        if group:
            return group.type is GroupType.FAST_FAILOVER
        return self.actual_groups[group_id].type is not GroupType.FAST_FAILOVER

    def _meter_changes(self, delete: bool) -> Iterator[ChangeMeter]:
        for key in _take(self._dirty_meters, self.meters, delete):
            wanted, actual = self.meters.get(key), self.actual_meters.get(key)
            if wanted is not None and wanted != actual:
                self.actual_meters[key] = wanted
                yield ChangeMeter(self.dpid, Change.MODIFY if actual else Change.ADD, wanted)
            elif wanted is None and actual is not None:
                del self.actual_meters[key]
                yield ChangeMeter(self.dpid, Change.DELETE, actual)


def _replace(
    wanted: dict[K, V], old: Iterable[K], new: Mapping[K, V], dirty: dict[K, None]
) -> None:
    """Puts `new` in the place of the entries `old`, noting every key that changed."""
    for key in old:
        if key not in new:
            del wanted[key]
            dirty[key] = None
    for key, entry in new.items():
        if wanted.get(key) != entry:
            wanted[key] = entry
            dirty[key] = None


def _differing(wanted: Mapping[K, V], actual: Mapping[K, V]) -> dict[K, None]:
    return {key: None for key in (*wanted, *actual) if wanted.get(key) != actual.get(key)}


def _take(dirty: dict[K, None], wanted: Mapping[K, object], delete: bool) -> list[K]:
    """Removes from `dirty` what may be dealt with now, and returns it in the order it came up."""
    now = [key for key in dirty if delete or key in wanted]
    for key in now:
        del dirty[key]
    return now
