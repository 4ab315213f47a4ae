"""Where links sit: port numbers from 1, hosts first, both ends of a link agree."""

from emulation.attachments import attachments
from topologies.model import Host, Link, Switch, Topology

MAC = "00:00:00:00:00:0{}"
TOPOLOGY = Topology(
    "t",
    (Switch("s1", 1), Switch("s2", 2)),
    (
        Host("h1", MAC.format(1), "10.0.0.1/24", "s1", 10),
        Host("h2", MAC.format(2), "10.0.0.2/24", "s1", 20),
    ),
    (Link("s1", "s2", 30, 0.5),),
)


def test_hosts_come_first_and_links_follow():
    ports = {(port.switch, port.port_no): port.peer for port in attachments(TOPOLOGY)}
    assert ports == {("s1", 1): "h1", ("s1", 2): "h2", ("s1", 3): "s2", ("s2", 1): "s1"}


def test_names_are_mininets():
    first = attachments(TOPOLOGY)[0]
    assert (first.interface, first.peer_interface) == ("s1-eth1", "h1-eth0")


def test_the_two_ends_of_a_link_name_each_other():
    *_, a, b = attachments(TOPOLOGY)
    assert (a.interface, a.peer_interface, a.peer_port_no) == (b.peer_interface, b.interface, 1)
    assert (a.rate_bps, a.delay_s) == (b.rate_bps, b.delay_s) == (30, 0.5)
