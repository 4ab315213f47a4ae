"""What the controller forwards for a new host waits until its rules are everywhere."""

from fabric import FakeFabric, FakeHost

from controller.core import decide
from controller.events import Barrier, BarrierReply, PacketIn, SendFrame, Tick


def test_a_frame_goes_when_every_switch_that_changes_has_confirmed():
    fabric = FakeFabric([(1, 9), (2, 9)], [1, 2]).start()
    new = FakeHost(0x0200_0000_0099, 10 << 24 | 99, 2, fabric.hosts[1].port)
    state, now = fabric.state, fabric.now
    reply = new.arp(fabric.hosts[0].ip, op=2, target_mac=fabric.hosts[0].mac)
    said = decide(state, PacketIn(2, new.port, reply), now)
    barriers = [c for c in said if isinstance(c, Barrier)]
    assert {b.dpid for b in barriers} == {1, 2}
    assert not any(isinstance(c, SendFrame) for c in said)
    first, last = barriers
    assert not decide(state, BarrierReply(first.dpid, first.number), now)
    (frame,) = decide(state, BarrierReply(last.dpid, last.number), now)
    assert isinstance(frame, SendFrame) and frame.frame == reply


def test_a_switch_that_is_silent_holds_nobody_up_for_long():
    fabric = FakeFabric([(1, 9), (2, 9)], [1, 2]).start()
    new = FakeHost(0x0200_0000_0099, 10 << 24 | 99, 2, fabric.hosts[1].port)
    reply = new.arp(fabric.hosts[0].ip, op=2, target_mac=fabric.hosts[0].mac)
    decide(fabric.state, PacketIn(2, new.port, reply), fabric.now)
    said = decide(fabric.state, Tick(), fabric.now + 0.3)
    assert reply in [c.frame for c in said if isinstance(c, SendFrame)]
