"""Reading what Open vSwitch and ss say."""

import json

import pytest

from emulation import ovs
from emulation.ovs import SEND_BUFFER_BYTES, Buffers, parse_send_buffer

SOCKETS = """\
p_raw 0 0 *:leaf1-eth1 * users:(("ovs-vswitchd",pid=28,fd=39)) skmem:(r0,rb16777216,t0,tb111,f0,w0)
p_raw 0 0 [0]:* * users:(("ovs-vswitchd",pid=28,fd=44)) skmem:(r0,rb16777216,t0,tb67108864,f0,w0)
p_raw 0 0 [0]:* * users:(("dhclient",pid=289,fd=5)) skmem:(r0,rb212992,t0,tb212992,f0,w0)
"""


def test_the_send_buffer_is_that_of_the_socket_bound_to_no_interface():
    assert parse_send_buffer(SOCKETS, 28) == 67108864


def test_a_daemon_that_sent_nothing_has_none():
    assert parse_send_buffer(SOCKETS.splitlines()[0], 28) is None
    assert parse_send_buffer("", 28) is None


@pytest.mark.parametrize(
    ("buffers", "enough"),
    [
        (Buffers(default_bytes=212992, in_use_bytes=None), False),
        (Buffers(default_bytes=SEND_BUFFER_BYTES, in_use_bytes=None), True),
        (Buffers(default_bytes=SEND_BUFFER_BYTES, in_use_bytes=212992), False),
        (Buffers(default_bytes=212992, in_use_bytes=SEND_BUFFER_BYTES), True),
    ],
)
def test_what_counts_is_what_the_daemon_has(buffers, enough):
    assert buffers.large_enough is enough


def test_rows_are_plain_values(monkeypatch):
    table = {
        "headings": ["_uuid", "external_ids", "ports", "name"],
        "data": [[["uuid", "u1"], ["map", [["k", "v"]]], ["set", [["uuid", "u2"]]], "br"]],
    }
    monkeypatch.setattr(ovs, "vsctl", lambda *_words: json.dumps(table))
    assert ovs.rows("Bridge", "_uuid", "external_ids", "ports", "name") == [
        {"_uuid": "u1", "external_ids": {"k": "v"}, "ports": ["u2"], "name": "br"}
    ]
