"""On real switches: queues separate, cuts are felt, and nothing stays behind."""

import json
import re
import socket
import subprocess
import time

import pytest

from emulation import cleanup, command, ovs, selftest
from emulation.errors import (
    NameTakenError,
    NotConnectedError,
    QueueConflictError,
    UnknownNodeError,
)
from emulation.kernel_queues import passed
from emulation.queues import class_id
from tests.emulation.small import NOWHERE, POLICY, QUEUES, RATE_BPS, TOPOLOGY

pytestmark = pytest.mark.root
EXPEDITED_TOS = str(46 << 2)


@pytest.fixture(scope="module")
def network():
    from emulation.network import emulate

    with emulate(TOPOLOGY, policy=POLICY, controller=NOWHERE) as running:
        for switch in ("zq1", "zq2"):
            command.run(["ovs-ofctl", "-O", "OpenFlow13", "add-flow", switch, "actions=NORMAL"])
        yield running


def trunk_packets(queue_id):
    return passed("zq1-eth3")[class_id(queue_id)].packets_total


def goodput_bps(client):
    report = json.loads(client.communicate(timeout=30)[0])
    return report["end"]["sum_received"]["bits_per_second"]


def iperf(network, host, target, port, *options):
    server = network.popen(
        target, ["iperf3", "-s", "-1", "-p", str(port)], stdout=subprocess.DEVNULL
    )
    address = f"10.90.0.{target[-1]}"
    for _ in range(50):
        probe = f"ss -Hltn sport = :{port} | grep -q ."
        if network.popen(target, ["sh", "-c", probe]).wait() == 0:
            break
        time.sleep(0.05)
    assert server.poll() is None
    client = ["iperf3", "-J", "-c", address, "-p", str(port), "-t", "3", *options]
    return network.popen(host, client, stdout=subprocess.PIPE, text=True)


def test_a_mark_decides_the_queue(network):
    before = trunk_packets(0), trunk_packets(1)
    ping = ["ping", "-q", "-c", "3", "-i", "0.1", "10.90.0.3"]
    assert network.popen("zqh1", ping, stdout=subprocess.DEVNULL).wait() == 0
    assert trunk_packets(0) >= before[0] + 3
    middle = trunk_packets(1)
    marked = [*ping[:-1], "-Q", EXPEDITED_TOS, ping[-1]]
    assert network.popen("zqh1", marked, stdout=subprocess.DEVNULL).wait() == 0
    assert trunk_packets(1) >= middle + 3


def test_a_marked_flow_gets_its_share_of_a_full_link(network):
    bulk = iperf(network, "zqh1", "zqh3", 5201, "-P", "4")
    urgent = iperf(network, "zqh2", "zqh4", 5202, "-S", EXPEDITED_TOS, "-b", str(RATE_BPS // 2))
    urgent_bps, bulk_bps = goodput_bps(urgent), goodput_bps(bulk)
    # It asks for half of the link; TCP over Ethernet delivers about 95% of what is sent.
    assert urgent_bps > 0.9 * RATE_BPS / 2
    assert urgent_bps + bulk_bps < RATE_BPS
    assert bulk_bps > 0.3 * RATE_BPS


def test_bytes_of_a_link_are_counted_each_way(network):
    before = network.link_counters()
    payload = ["ping", "-q", "-c", "2", "-i", "0.1", "-s", "1000", "10.90.0.3"]
    network.popen("zqh1", payload, stdout=subprocess.DEVNULL).wait()
    after = network.link_counters()
    assert set(after) == {("zq1", "zq2"), ("zq2", "zq1")}
    assert all(after[link] - before[link] >= 2000 for link in after)


def test_hosts_are_alike_whatever_the_machine(network):
    assert network.congestion_control == "cubic"
    offloads = network.host("zqh1").cmd("ethtool -k zqh1-eth0")
    assert "tx-checksumming: off" in offloads
    assert "generic-segmentation-offload: off" in offloads
    assert "fe80::" in network.host("zqh1").cmd("ip -6 address show dev zqh1-eth0")


def test_a_cut_link_loses_its_carrier_at_both_ends_and_comes_back_whole(network):
    network.cut("zq1", "zq2")
    for switch in ("zq1", "zq2"):
        eventually(lambda switch=switch: "LINK_DOWN" in port_state(switch))
    network.mend("zq1", "zq2")
    for switch in ("zq1", "zq2"):
        eventually(lambda switch=switch: "LINK_DOWN" not in port_state(switch))
    eventually(lambda: all(probe.passed for probe in network.probe_queues()))


def port_state(switch):
    listing = command.run(["ovs-ofctl", "-O", "OpenFlow13", "show", switch])
    return re.search(r"eth3\).*?state:\s+(\w+)", listing, re.DOTALL)[1]


def eventually(condition, timeout_s=20.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_every_queue_counts_its_probes(network):
    probes = network.probe_queues()
    # Three ports on each switch, one queue with a mark.
    assert len(probes) == 6
    assert all(probe.passed for probe in probes)


def test_a_missing_filter_is_found_and_put_back(network):

    repaired = network.keeper.repaired
    command.run(["tc", "filter", "del", "dev", "zq1-eth3", "parent", "1:", "prio", "1"])
    eventually(lambda: network.keeper.repaired > repaired)
    selftest.require_passed(network.probe_queues())


def test_filters_survive_a_change_of_another_bridge(network):
    """Open vSwitch writes every QoS again then."""
    ovs.vsctl("add-br", "zqother", "--", "set", "Bridge", "zqother", "datapath_type=netdev")
    ovs.vsctl("del-br", "zqother")
    selftest.require_passed(network.probe_queues())


def test_switches_without_a_controller_are_named(network):
    with pytest.raises(NotConnectedError, match=r"2 of 2 switches \(zq1, zq2\)"):
        network.wait_connected(timeout_s=0.1)


def test_a_connection_is_noticed(network):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        network.connect(("127.0.0.1", listener.getsockname()[1]))
        peers = [listener.accept()[0] for _ in range(2)]
        for peer in peers:
            peer.sendall(bytes.fromhex("0400000800000001"))
        # A hello is enough for Open vSwitch to call itself connected.
        network.wait_connected(timeout_s=5)
        for peer in peers:
            peer.close()
    network.connect(NOWHERE)


def test_unknown_names_are_refused(network):
    with pytest.raises(UnknownNodeError, match="no host 'nobody'"):
        network.popen("nobody", ["true"])
    with pytest.raises(UnknownNodeError, match="no switch 'zqh1'"):
        network.switch("zqh1")
    with pytest.raises(UnknownNodeError, match="no link"):
        network.cut("zq1", "zq1")


def test_a_second_network_of_these_names_is_refused_and_the_first_unharmed(network):
    from emulation.network import emulate

    with pytest.raises(NameTakenError, match="which runs"), emulate(TOPOLOGY, policy=POLICY):
        pass
    selftest.require_passed(network.probe_queues())


def test_a_tc_link_on_a_queued_port_is_refused_with_the_way_out():
    from emulation.mininet_api import Host, Mininet, TCLink
    from emulation.switch import HeadwaySwitch

    net = Mininet(controller=None, link=TCLink, host=Host, build=False)
    try:
        switch = net.addSwitch("zqt1", cls=HeadwaySwitch, dpid="5a03", policy=POLICY)
        net.addLink(switch, net.addHost("zqth1"), bw=10, rate_bps=RATE_BPS)
        with pytest.raises(QueueConflictError, match=r"zqt1-eth1: TCLink.*rate_bps="):
            switch.start([])
    finally:
        net.stop()
    assert "zqt1" not in ovs.vsctl("list-br").split()


def test_plain_mininet_can_use_the_switch():
    """As `mn --switch headway` does: Mininet's own links, start and stop."""
    from emulation.host import HeadwayHost
    from emulation.mininet_api import Mininet
    from emulation.switch import HeadwaySwitch

    net = Mininet(controller=None, switch=HeadwaySwitch, host=HeadwayHost, build=False)
    switch = net.addSwitch("zqp1", dpid="5a04")
    for n in (1, 2):
        host = net.addHost(f"zqph{n}", ip=f"10.91.0.{n}/24")
        net.addLink(switch, host, rate_bps=RATE_BPS)
    try:
        net.build()
        net.start()
        command.run(["ovs-ofctl", "-O", "OpenFlow13", "add-flow", "zqp1", "actions=NORMAL"])
        selftest.require_passed(selftest.probe_queues(switch))
        assert ", 0% packet loss" in net.get("zqph1").cmd("ping -c 2 -i 0.2 10.91.0.2")
    finally:
        net.stop()
    assert cleanup.belongings(switch.run) == cleanup.Belongings(switch.run)


def test_nothing_stays_behind():
    from emulation.network import emulate

    with emulate(TOPOLOGY_APART, policy=POLICY, controller=NOWHERE) as running:
        running.popen("zqrh1", ["sleep", "60"])
        run = running.run
        things = cleanup.belongings(run)
        assert things.bridges == ("zqr1",)
        assert len(things.interfaces) == 1
        assert len(things.rows) == 1 + len(QUEUES)
        # Two shells of Mininet's, and sleep; a process has no environment while it starts.
        eventually(lambda: len(cleanup.belongings(run).processes) == 3)
    assert cleanup.belongings(run) == cleanup.Belongings(run)


def apart():
    from topologies.model import Host, Switch, Topology

    host = Host("zqrh1", "02:00:00:00:5a:11", "10.92.0.1/24", "zqr1", RATE_BPS)
    return Topology("apart", (Switch("zqr1", 0x5A05),), (host,), ())


TOPOLOGY_APART = apart()
