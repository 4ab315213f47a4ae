"""Numbers as people and programs write them: datapath ids, MAC and IP addresses."""

import ipaddress
import re

from controller.api.problems import problem
from controller.state import State, Switch

_DPID = re.compile(r"0x[0-9a-f]{1,16}|[0-9]{1,20}", re.ASCII | re.IGNORECASE)
_DPID_16 = re.compile(r"[0-9a-f]{16}", re.ASCII)


def mac(value: int) -> str:
    """Of a MAC address, "02:00:00:00:00:01"."""
    return value.to_bytes(6, "big").hex(":")


def ip(value: int) -> str:
    """Of an IPv4 address, or of an IPv6 address, which are larger."""
    if value < 1 << 32:
        return str(ipaddress.IPv4Address(value))
    return str(ipaddress.IPv6Address(value))


def dpid16(dpid: int) -> str:
    """As rest_topology and rest_qos write it: 16 hex digits."""
    return f"{dpid:016x}"


def switch_at(state: State, text: str) -> Switch:
    """The switch with this datapath id, decimal or 0x...; 404 if there is none."""
    if not _DPID.fullmatch(text):
        raise problem(400, f"{text!r}: give a datapath id, such as 1 or 0x1")
    return _known(state, int(text, 0 if text[:2].lower() == "0x" else 10))


def switch_at16(state: State, text: str) -> Switch:
    """The switch with this datapath id of 16 hex digits."""
    if not _DPID_16.fullmatch(text):
        raise problem(400, f"{text!r}: give a datapath id of 16 hex digits, such as {dpid16(1)}")
    return _known(state, int(text, 16))


def _known(state: State, dpid: int) -> Switch:
    if dpid not in state.switches:
        raise problem(404, f"no switch {dpid:#x}; GET /v1/switches lists them")
    return state.switches[dpid]
