"""The form of a port's tree, and the words given to ovs-vsctl and tc for it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.ownership import Run
from emulation.queues import (
    QueuedPort,
    burst_bytes,
    class_id,
    class_words,
    leaf_words,
    port_form,
    program_words,
    qos_words,
)
from policies.model import Policy, QueueSpec, Selector
from policies.queues import port_tree
from tests.emulation.small import sliced

BULK = QueueSpec(0, "bulk", priority=7, share=0.2, ceiling=1.0, dscps=(), limit_packets=100)
URGENT = QueueSpec(
    9, "urgent", priority=0, share=0.3, ceiling=0.5, dscps=(46, 48), limit_packets=50
)
FLAT = Policy("flat", (BULK, URGENT), (), (), ())
RUN = Run(pid=10, start_ticks=20, serial=3)
PORT = QueuedPort("leaf1-eth1", rate_bps=50_000_000, delay_s=0.002)


def form_of(policy, port=PORT, *, netem=False):
    return port_form(port_tree(policy, port.rate_bps, port.role), port, netem=netem)


def test_queue_n_is_class_n_plus_1_in_hexadecimal():
    assert [class_id(0), class_id(8), class_id(9), class_id(15)] == ["1:1", "1:9", "1:a", "1:10"]


def test_shares_and_ceilings_become_rates_of_the_link():
    words = qos_words(form_of(FLAT), run=RUN, bridge="leaf1")
    assert "other_config:min-rate=15000000" in words
    assert "other_config:max-rate=25000000" in words
    assert "other_config:max-rate=50000000" in words


def test_every_row_carries_its_owner_and_its_port():
    words = qos_words(form_of(FLAT), run=RUN, bridge="leaf1")
    assert words.count("create") == words.count("external_ids:headway-run=10-20-3") == 3
    assert words.count("external_ids:headway-port=leaf1-eth1") == 3
    assert "qos=@leaf1.eth1" in words


def test_rows_of_nobodys_run_outlive_everybody():
    words = qos_words(form_of(FLAT), run=None, bridge="leaf1")
    assert not any("headway-run" in word for word in words)


def test_a_slice_is_a_class_behind_the_service_queue_with_a_tree_of_its_own():
    form = form_of(sliced(1, 2))
    classes = dict(form.queues)
    assert list(classes) == [0, 17, 18]
    assert [classes[q].priority for q in classes] == [0, 1, 1]
    assert [c.classid for c in form.classes if c.parent == "401:"] == ["401:fffe"]
    assert {c.classid for c in form.classes if c.parent == "401:fffe"} == {"401:1", "401:2"}
    kinds = {leaf.parent: leaf.kind for leaf in form.leaves}
    assert kinds["1:12"] == "htb"
    assert kinds["401:1"] == kinds["1:1"] == "pfifo"
    assert [qdisc for qdisc, _ in form.programs] == ["1:", "401:", "402:"]


def test_inner_trees_come_before_what_is_in_them():
    kinds = [leaf.kind for leaf in form_of(sliced(1, 2)).leaves]
    assert kinds == sorted(kinds)  # "htb" before "pfifo"


def test_weights_are_turns_and_the_lightest_has_a_frame():
    policy = sliced(1, 2, 3)
    slices = tuple(
        replace(s, weight=w) for s, w in zip(policy.slices, (1.0, 3.0, 4.5), strict=True)
    )
    form = form_of(replace(policy, slices=slices))
    turns = [item.quantum_bytes for queue, item in form.queues if queue]
    assert 1514 <= turns[0] < 2 * 1514
    assert turns[1] == pytest.approx(3 * turns[0], abs=2)
    assert turns[2] == pytest.approx(4.5 * turns[0], abs=3)


def test_a_port_of_a_host_is_told_apart_otherwise_than_one_of_a_switch():
    outer = [dict(form_of(sliced(1, 2), replace(PORT, fabric=f)).programs)["1:"] for f in (0, 1)]
    assert outer[0] != outer[1]


def test_a_port_without_a_slice_has_the_service_queue_alone():
    policy = sliced(1)
    elsewhere = replace(policy.slices[0], members=(Selector(ports=("other-eth1",)),))
    form = form_of(replace(policy, slices=(elsewhere,)), replace(PORT, fabric=False))
    assert [queue for queue, _ in form.queues] == [0]
    assert form.classes == ()
    assert len(form.programs) == 1


def test_leaves_are_bounded():
    lines = [leaf_words("x", leaf) for leaf in form_of(FLAT).leaves]
    assert "dev x parent 1:1 handle 100: pfifo limit 100" in lines
    assert "dev x parent 1:a handle 109: pfifo limit 50" in lines


def test_delay_replaces_the_leaf_where_the_kernel_has_netem():
    leaf = form_of(FLAT, netem=True).leaves[0]
    # 2 ms of 50 Mbit/s is 8 frames on the wire, which must not count against the queue.
    assert (leaf.kind, leaf.options) == ("netem", "delay 2000us limit 109")


def test_no_delay_no_netem():
    form = form_of(FLAT, QueuedPort("x", 1_000_000), netem=True)
    assert not any(leaf.kind == "netem" for leaf in form.leaves)


def test_words_of_tc():
    form = form_of(sliced(1))
    assert class_words("x", form.classes[0]).startswith("dev x parent 401: classid 401:fffe htb ")
    words = program_words("x", "1:", "1,6 0 0 1")
    assert words == "dev x parent 1: protocol all prio 1 handle 1 bpf bytecode '1,6 0 0 1'"


@given(st.integers(1, 100_000_000_000))
def test_a_burst_holds_a_frame_and_at_most_a_millisecond(rate_bps):
    burst = burst_bytes(rate_bps)
    assert burst >= 2 * 1514
    assert burst <= max(2 * 1514, rate_bps / 8 / 1000 + 1)
