"""The probes and the reading of counters; the probing itself is tested on real switches."""

import struct

import pytest

from emulation import selftest
from emulation.errors import SilentQueueError
from emulation.selftest import QueueProbe, require_passed


def test_an_ipv4_probe_has_a_right_checksum():
    header = selftest._ipv4_frame()[14:34]
    total = sum(struct.unpack("!10H", header))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


@pytest.mark.parametrize("frame", [selftest._ipv4_frame(), selftest._ipv6_frame()])
def test_probes_are_whole_frames_to_nobody(frame):
    assert len(frame) >= 60
    assert frame[0] & 0b11 == 0b10  # locally administered, not multicast


def test_a_silent_queue_is_named_with_its_remedy():
    probe = QueueProbe("leaf1", 3, "leaf1-eth3", "inference", "1:8", sent=2, counted=0)
    with pytest.raises(SilentQueueError, match=r"leaf1 port 3 .* 'inference'.*repair_queues"):
        require_passed([probe])


def test_other_traffic_in_a_queue_does_not_matter():
    require_passed([QueueProbe("leaf1", 3, "leaf1-eth3", "inference", "1:8", sent=2, counted=5)])
