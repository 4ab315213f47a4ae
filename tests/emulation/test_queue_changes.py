"""What is missing between two states of a port: nothing where nothing differs, and in order."""

from dataclasses import replace

import pytest

from emulation.kernel_queues import KernelTree
from emulation.queue_changes import InForce, change
from emulation.queues import QueuedPort, port_form, queue_settings
from policies.model import Rate
from policies.queues import port_tree
from tests.emulation.small import POLICY, sliced

PORT = QueuedPort("zq1-eth3", 20_000_000)
NEW = InForce(None, {}, KernelTree("", {}, {}, {}))


def form_of(policy, port=PORT):
    return port_form(port_tree(policy, port.rate_bps, port.role), port, netem=False)


def as_it_is(form):
    """A port that is what its form says."""
    items = {item.classid: item for _, item in form.queues} | {c.classid: c for c in form.classes}
    tree = KernelTree(
        "htb", items, {leaf.parent: leaf for leaf in form.leaves},
        {qdisc: ((1, 1, code),) for qdisc, code in form.programs},
    )  # fmt: skip
    return InForce(form.rate_bps, {q: queue_settings(i) for q, i in form.queues}, tree)


FORMS = [form_of(POLICY), form_of(sliced(1)), form_of(sliced(1, 2, 3))]


@pytest.mark.parametrize("form", FORMS)
def test_a_port_that_is_right_is_not_touched(form):
    found = change(as_it_is(form), form)
    assert found.count == 0
    assert found.lines == found.queues == found.dropped == ()


@pytest.mark.parametrize("form", FORMS)
def test_a_new_port_gets_all_of_it(form):
    found = change(NEW, form)
    assert [queue for queue, _ in found.queues] == [queue for queue, _ in form.queues]
    made = sum(" add " in line or " replace " in line for line in found.lines)
    weighted = sum(item.quantum_bytes is not None for _, item in form.queues)
    assert made == weighted + len(form.classes) + len(form.leaves) + len(form.programs)


def test_another_rate_of_one_slice_touches_that_slice_only():
    policy = sliced(1, 2, 3)
    faster = replace(policy.slices[1], guarantee=Rate(bps=3e6))
    after = form_of(replace(policy, slices=(policy.slices[0], faster, policy.slices[2])))
    found = change(as_it_is(form_of(policy)), after)
    assert [queue for queue, _ in found.queues] == [18]
    assert found.lines
    assert all("classid 1:13" in line or "classid 402:" in line for line in found.lines)
    assert not any(line.startswith("qdisc") for line in found.lines)


def test_a_new_slice_touches_no_other_and_is_complete_before_frames_go_there():
    found = change(as_it_is(form_of(sliced(1, 2))), form_of(sliced(1, 2, 3)))
    assert [queue for queue, _ in found.queues] == [19]
    assert all("1:14" in line or "403:" in line for line in found.lines)
    kinds = [line.split()[0] for line in found.lines]
    assert kinds.index("filter") > max(i for i, kind in enumerate(kinds) if kind != "filter")


def test_a_slice_that_goes_is_dropped_last_and_takes_its_tree_along():
    found = change(as_it_is(form_of(sliced(1, 2, 3))), form_of(sliced(1, 3)))
    assert found.dropped == (18,)
    assert found.queues == found.lines == ()


def test_a_class_that_goes_from_a_slice_is_removed_after_the_program():
    policy = sliced(1)
    fewer = replace(policy.slices[0], classes=policy.slices[0].classes[:1])
    found = change(as_it_is(form_of(policy)), form_of(replace(policy, slices=(fewer,))))
    assert found.lines[-1] == "class del dev zq1-eth3 classid 401:2"
    assert any(line.startswith("filter replace") for line in found.lines)


def test_another_bound_changes_a_leaf_and_keeps_what_waits():
    queues = tuple(replace(q, limit_packets=77) for q in POLICY.queues)
    found = change(as_it_is(form_of(POLICY)), form_of(replace(POLICY, queues=queues)))
    assert [line.split()[:2] for line in found.lines] == [["qdisc", "change"]] * 2


def test_a_lost_weight_is_put_back_without_open_vswitch():
    form = form_of(sliced(1))
    before = as_it_is(form)
    slow = replace(before.tree.classes["1:12"], quantum_bytes=1000)
    tree = replace(before.tree, classes={**before.tree.classes, "1:12": slow})
    found = change(replace(before, tree=tree), form)
    assert not found.through_ovsdb
    assert [line.split()[:2] for line in found.lines] == [["class", "replace"]]


def test_strangers_filters_go():
    form = form_of(POLICY)
    before = as_it_is(form)
    mixed = ((1, 1, dict(form.programs)["1:"]), (5, 0x800, "0"))
    found = change(replace(before, tree=replace(before.tree, programs={"1:": mixed})), form)
    assert found.lines[-1] == "filter del dev zq1-eth3 parent 1: prio 5"


def test_a_root_that_somebody_removed_is_made_again():
    form = form_of(POLICY)
    found = change(replace(as_it_is(form), tree=NEW.tree), form)
    assert found.lines[0] == "qdisc replace dev zq1-eth3 root handle 1: htb default 1"
    assert sum("class replace" in line for line in found.lines) == 1 + len(form.queues)


def test_rounding_of_the_kernel_is_no_difference():
    form = form_of(sliced(1, 2))
    before = as_it_is(form)
    rounded = {
        classid: replace(c, rate_bps=c.rate_bps - 8, burst_bytes=c.burst_bytes - 50)
        for classid, c in before.tree.classes.items()
    }
    assert change(replace(before, tree=replace(before.tree, classes=rounded)), form).count == 0
