"""The probes and the reading of counters; the probing itself is tested on real switches."""

import struct

import pytest

from emulation import selftest
from emulation.errors import SilentQueueError
from emulation.selftest import QueueProbe, parse_queue_stats, require_passed
from policies.model import QueueSpec

QUEUE = QueueSpec(7, "inference", 1, 0.3, 1.0, (46,), 100)
STATS = """\
OFPST_QUEUE reply (OF1.3) (xid=0x2): 2 queues
  port 1 queue 0: bytes=10, pkts=3, errors=0, duration=1.2s
  port 12 queue 7: bytes=0, pkts=0, errors=0, duration=1.2s
"""


def test_counters_are_read_by_port_and_queue():
    assert parse_queue_stats(STATS) == {(1, 0): 3, (12, 7): 0}


def test_an_ipv4_probe_has_a_right_checksum():
    header = selftest._ipv4_frame()[14:34]
    total = sum(struct.unpack("!10H", header))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


@pytest.mark.parametrize("frame", [selftest._ipv4_frame(), selftest._ipv6_frame()])
def test_probes_are_whole_frames_to_nobody(frame):
    assert len(frame) >= 60
    assert frame[0] & 0b11 == 0b10  # locally administered, not multicast


def test_a_silent_queue_is_named_with_its_remedy():
    probe = QueueProbe("leaf1", 3, "leaf1-eth3", QUEUE, sent=2, counted=0)
    with pytest.raises(SilentQueueError, match=r"leaf1 port 3 .* 'inference'.*apply_filters"):
        require_passed([probe])


def test_other_traffic_in_a_queue_does_not_matter():
    require_passed([QueueProbe("leaf1", 3, "leaf1-eth3", QUEUE, sent=2, counted=5)])
