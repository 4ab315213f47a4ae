"""The words given to ovs-vsctl and tc: what a port's queue tree is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.ownership import Run
from emulation.queues import (
    QueuedPort,
    burst_bytes,
    class_id,
    clear_lines,
    default_queue,
    first_queue,
    qos_words,
    tc_lines,
)
from policies.model import QueueSpec

BULK = QueueSpec(0, "bulk", priority=7, share=0.2, ceiling=1.0, dscps=(), limit_packets=100)
URGENT = QueueSpec(
    9, "urgent", priority=0, share=0.3, ceiling=0.5, dscps=(46, 48), limit_packets=50
)
QUEUES = (BULK, URGENT)
RUN = Run(pid=10, start_ticks=20, serial=3)
PORT = QueuedPort("leaf1-eth1", rate_bps=50_000_000, delay_s=0.002)


def test_queue_n_is_class_n_plus_1_in_hexadecimal():
    assert [class_id(0), class_id(8), class_id(9), class_id(15)] == ["1:1", "1:9", "1:a", "1:10"]


def test_the_queue_without_marks_is_the_default():
    assert default_queue((URGENT, BULK)) is BULK


def test_the_first_queue_is_the_most_urgent():
    assert first_queue(QUEUES) is URGENT


def test_shares_and_ceilings_become_rates_of_the_link():
    words = qos_words([PORT], QUEUES, run=RUN, bridge="leaf1")
    assert "other_config:min-rate=15000000" in words
    assert "other_config:max-rate=25000000" in words
    assert "other_config:max-rate=50000000" in words


def test_every_row_carries_its_owner():
    words = qos_words([PORT], QUEUES, run=RUN, bridge="leaf1")
    assert words.count("create") == words.count("external_ids:headway-run=10-20-3") == 3


def test_ports_of_one_rate_share_one_row_and_other_rates_get_their_own():
    ports = [PORT, QueuedPort("leaf1-eth2", 50_000_000), QueuedPort("leaf1-eth3", 10_000_000)]
    words = qos_words(ports, QUEUES, run=RUN, bridge="leaf1")
    assert words.count("QoS") == 2
    assert [w for w in words if w.startswith("qos=")] == [
        "qos=@qos50000000",
        "qos=@qos50000000",
        "qos=@qos10000000",
    ]


def test_each_mark_has_an_ipv4_and_an_ipv6_filter():
    lines = tc_lines(PORT, QUEUES, netem=False)
    for tos in ("0xb8", "0xc0"):
        assert sum(f"match ip tos {tos} 0xfc flowid 1:a" in line for line in lines) == 1
        assert sum(f"match ip6 priority {tos} 0xfc flowid 1:a" in line for line in lines) == 1


@pytest.mark.parametrize("ether_type", ["0x0806", "0x88cc"])
def test_arp_and_lldp_are_urgent(ether_type):
    lines = tc_lines(PORT, QUEUES, netem=False)
    assert any(f"protocol {ether_type} " in line and line.endswith("1:a") for line in lines)


def test_the_rest_goes_to_the_default_queue_after_all_other_filters():
    *_, last = tc_lines(PORT, QUEUES, netem=False)
    assert "protocol all prio 99" in last
    assert last.endswith("flowid 1:1")


def test_a_protocol_has_a_priority_of_its_own():
    """The kernel refuses two protocols at one priority."""
    words = [line.split() for line in tc_lines(PORT, QUEUES, netem=False) if "filter" in line]
    pairs = {(w[w.index("prio") + 1], w[w.index("protocol") + 1]) for w in words}
    assert len(pairs) == len({prio for prio, _ in pairs})


def test_leaves_are_bounded():
    lines = tc_lines(PORT, QUEUES, netem=False)
    assert "qdisc replace dev leaf1-eth1 parent 1:1 handle 100: pfifo limit 100" in lines
    assert "qdisc replace dev leaf1-eth1 parent 1:a handle 109: pfifo limit 50" in lines


def test_delay_replaces_the_leaf_where_the_kernel_has_netem():
    line = tc_lines(PORT, QUEUES, netem=True)[0]
    # 2 ms of 50 Mbit/s is 8 frames on the wire, which must not count against the queue.
    assert line.endswith("netem delay 2000us limit 109")


def test_no_delay_no_netem():
    assert not any("netem" in line for line in tc_lines(QueuedPort("x", 1000), QUEUES, netem=True))


def test_filters_are_cleared_before_they_are_put_back():
    assert clear_lines(PORT) == ["filter del dev leaf1-eth1 parent 1:"]


@given(st.integers(1, 100_000_000_000))
def test_a_burst_holds_a_frame_and_at_most_a_millisecond(rate_bps):
    burst = burst_bytes(rate_bps)
    assert burst >= 2 * 1514
    assert burst <= max(2 * 1514, rate_bps / 8 / 1000 + 1)
