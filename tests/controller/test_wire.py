"""What `wire.check` passes, the OpenFlow library parses: no hang, no exception.

The valid messages are built with the library's own classes, and the samples of real switches that
it ships. `MUTANTS` is small so that the suite is fast; `MUTANTS=200000 pytest -k mutant` digs.
"""

import logging
import os
import random
import signal
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from os_ken.ofproto import (
    ofproto_parser,
    ofproto_v1_0_parser,
    ofproto_v1_2_parser,
    ofproto_v1_3,
    ofproto_v1_3_parser,
    ofproto_v1_4_parser,
    ofproto_v1_5_parser,
)

from controller.wire import Reason, WireError, check

MUTANTS = int(os.environ.get("MUTANTS", "20000"))
PARSE_LIMIT_S = 1.0
PARSERS: dict[int, Any] = {
    1: ofproto_v1_0_parser.msg_parser,
    3: ofproto_v1_2_parser.msg_parser,
    4: ofproto_v1_3_parser.msg_parser,
    5: ofproto_v1_4_parser.msg_parser,
    6: ofproto_v1_5_parser.msg_parser,
}
p: Any = ofproto_v1_3_parser
HELLO, ERROR, ECHO, EXPERIMENTER, FEATURES, CONFIG = 0, 1, 2, 4, 6, 8
PACKET_IN, FLOW_REMOVED, PORT_STATUS, MULTIPART, BARRIER, QUEUES = 10, 11, 12, 19, 21, 23
FLOW, GROUPS, METERS, TABLE_FEATURES, PORT_DESC = 1, 7, 10, 12, 13
NICIRA = 0x2320


# --- Building messages ------------------------------------------------------------------------


def message(kind: int, body: bytes = b"", version: int = 4, length: int | None = None) -> bytes:
    return struct.pack("!BBHI", version, kind, length or 8 + len(body), 7) + body


def multipart(kind: int, body: bytes, flags: int = 0) -> bytes:
    return message(MULTIPART, struct.pack("!HH4x", kind, flags) + body)


def match_bytes(**fields: Any) -> bytes:
    buffer = bytearray()
    p.OFPMatch(**fields).serialize(buffer, 0)
    return bytes(buffer)


def raw_match(oxms: bytes) -> bytes:
    return (struct.pack("!HH", 1, 4 + len(oxms)) + oxms).ljust(-(-(4 + len(oxms)) // 8) * 8, b"\0")


def serialised(*parts: Any) -> bytes:
    buffer = bytearray()
    for part in parts:
        part.serialize(buffer, len(buffer))
    return bytes(buffer)


def flow_entry(match: bytes, instructions: bytes) -> bytes:
    fixed = struct.pack("!HBxIIHHHH4xQQQ", 48 + len(match) + len(instructions), 1, 2, 3, 4, 5, 6,
                        0, 7, 8, 9)  # fmt: skip
    return fixed + match + instructions


def flow_stats(*actions: Any, match: bytes = match_bytes(in_port=1)) -> bytes:
    return multipart(FLOW, flow_entry(match, serialised(p.OFPInstructionActions(4, list(actions)))))


def raw_actions(actions: bytes) -> bytes:
    instruction = struct.pack("!HH4x", 4, 8 + len(actions)) + actions
    return multipart(FLOW, flow_entry(match_bytes(in_port=1), instruction))


def nicira(subtype: int, body: bytes) -> bytes:
    body = body.ljust(-(-(10 + len(body)) // 8) * 8 - 10, b"\0")
    return struct.pack("!HHIH", 0xFFFF, 10 + len(body), NICIRA, subtype) + body


def packet_in(match: bytes = match_bytes(in_port=3), data: bytes = b"\x55" * 64) -> bytes:
    fixed = struct.pack("!IHBBQ", 0xFFFFFFFF, len(data), 1, 0, 99)
    return message(PACKET_IN, fixed + match + b"\0\0" + data)


def port(number: int = 1, name: bytes = b"s1-eth1") -> bytes:
    return struct.pack("!I4x6s2x16sIIIIIIII", number, b"\x02\0\0\0\0\1", name, *range(8))


def bucket(*actions: Any, length: int | None = None) -> bytes:
    body = serialised(*actions)
    return struct.pack("!HHII4x", length or 16 + len(body), 50, 1, 0xFFFFFFFF) + body


def group(*buckets: bytes) -> bytes:
    body = b"".join(buckets)
    return multipart(GROUPS, struct.pack("!HBxI", 8 + len(body), 1, 5) + body)


def queue(*properties: bytes) -> bytes:
    body = b"".join(properties)
    return message(
        QUEUES, struct.pack("!I4x", 1) + struct.pack("!IIH6x", 2, 1, 16 + len(body)) + body
    )


def table_features(*properties: bytes) -> bytes:
    body = b"".join(properties)
    fixed = struct.pack("!HB5x32sQQII", 64 + len(body), 3, b"classify", 0, 0, 0, 1000)
    return multipart(TABLE_FEATURES, fixed + body)


def table_property(kind: int, body: bytes, length: int | None = None) -> bytes:
    whole = struct.pack("!HH", kind, 4 + len(body) if length is None else length) + body
    return whole.ljust(-(-len(whole) // 8) * 8, b"\0")


def meter(*bands: bytes) -> bytes:
    body = b"".join(bands)
    return multipart(METERS, struct.pack("!HHI", 8 + len(body), 5, 1) + body)


def band(kind: int = 1, length: int = 16) -> bytes:
    return struct.pack("!HHIII", kind, length, 1000, 10, 0)


def fields(**of: Any) -> dict[str, Any]:
    return of


# --- The corpus -------------------------------------------------------------------------------

ACTIONS: list[Any] = [
    p.OFPActionOutput(1),
    p.OFPActionGroup(5),
    p.OFPActionSetQueue(2),
    p.OFPActionSetMplsTtl(3),
    p.OFPActionDecMplsTtl(),
    p.OFPActionSetNwTtl(4),
    p.OFPActionDecNwTtl(),
    p.OFPActionCopyTtlOut(),
    p.OFPActionCopyTtlIn(),
    p.OFPActionPushVlan(0x8100),
    p.OFPActionPopVlan(),
    p.OFPActionPushMpls(0x8847),
    p.OFPActionPopMpls(0x0800),
    p.OFPActionPushPbb(0x88E7),
    p.OFPActionPopPbb(),
    p.OFPActionSetField(ip_dscp=46),
    p.OFPActionSetField(eth_dst="06:48:00:00:00:01"),
    p.OFPActionSetField(ipv6_src="2001:db8::1"),
    p.OFPActionSetField(tcp_flags=2),
    p.OFPActionExperimenterUnknown(0x1234, b"12345678"),
]
NICIRA_ACTIONS: list[Any] = [
    p.NXActionPopQueue(),
    p.NXActionRegLoad(ofs_nbits=4 << 6 | 31, dst="eth_dst", value=9),
    p.NXActionRegLoad2(dst="tun_ipv4_src", value="10.0.0.1"),
    p.NXActionNote(note=[1, 2, 3]),
    p.NXActionSetTunnel(tun_id=1),
    p.NXActionSetTunnel64(tun_id=1),
    p.NXActionRegMove(src_field="reg0", dst_field="reg1", n_bits=8),
    p.NXActionResubmit(in_port=1),
    p.NXActionResubmitTable(in_port=1, table_id=2),
    p.NXActionOutputReg(ofs_nbits=31, src="reg0", max_len=128),
    p.NXActionOutputReg2(ofs_nbits=31, src="reg0", max_len=128),
    p.NXActionLearn(
        table_id=10,
        specs=[
            p.NXFlowSpecMatch(src=("vlan_vid", 0), dst=("vlan_vid", 0), n_bits=12),
            p.NXFlowSpecMatch(src=7, dst=("eth_type", 0), n_bits=16),
            p.NXFlowSpecLoad(src=0, dst=("reg0", 0), n_bits=32),
            p.NXFlowSpecOutput(src=("in_port", 0), dst="", n_bits=32),
        ],
    ),
    p.NXActionExit(),
    p.NXActionDecTtl(),
    p.NXActionController(max_len=64, controller_id=1, reason=0),
    p.NXActionController2(
        max_len=64, controller_id=1, reason=0, userdata=[1, 2, 3, 4, 5], pause=True
    ),
    p.NXActionDecTtlCntIds(cnt_ids=[1, 2, 3]),
    p.NXActionStackPush(field="reg2", start=0, end=5),
    p.NXActionStackPop(field="reg2", start=0, end=5),
    p.NXActionSample(probability=3),
    p.NXActionSample2(probability=3),
    p.NXActionFinTimeout(1, 2),
    p.NXActionConjunction(clause=1, n_clauses=2, id_=3),
    p.NXActionMultipath(0, 0, 0, 3, 0, 4 << 6 | 4, "reg0"),
    p.NXActionBundle(0, 0, 0, 0x30000, 2, 0, 0, [2, 3]),
    p.NXActionBundleLoad(0, 0, 0, 0x30000, 2, 31, "reg0", [2, 3]),
    p.NXActionCT(
        flags=1,
        zone_src="reg0",
        zone_ofs_nbits=15,
        recirc_table=4,
        alg=0,
        actions=[p.OFPActionSetField(ct_mark=1), p.NXActionNAT(1, "10.0.0.1", "10.0.0.9")],
    ),
    p.NXActionCTClear(),
    p.NXActionNAT(1, range_ipv6_min="::1", range_proto_min=5),
    p.NXActionOutputTrunc(port=1, max_len=64),
    p.NXActionDecNshTtl(),
]
MATCHES: dict[str, dict[str, Any]] = {
    "empty": {},
    "ipv4": fields(in_port=1, eth_type=0x0800, ipv4_src=("10.0.0.0", "255.0.0.0"), ip_proto=6),
    "ipv6": fields(eth_type=0x86DD, ipv6_dst=("2001:db8::", "ffff:ffff::"), udp_dst=4791),
    "mac": fields(eth_dst=("06:48:00:00:00:00", "ff:ff:00:00:00:00"), vlan_vid=0x1005),
    "registers": fields(reg0=1, xreg1=2, xxreg2=3, ct_state=(1, 1), tunnel_id=9, metadata=(1, 3)),
    "experimenters": fields(tcp_flags=(2, 2), actset_output=1, pbb_uca=1, nsh_spi=4, _dp_hash=5),
    "unknown": fields(field_4194404="AAAA"),
}


def built() -> Iterator[tuple[str, bytes]]:
    """One of each message, field, action and property that a switch may send."""
    bitmap = struct.pack("!HHI", 1, 8, 1 << 4)
    for version in (1, 3, 4, 5, 6):
        yield f"hello {version}", message(HELLO, bitmap, version)
        yield f"echo {version}", message(ECHO, b"payload", version)
        yield f"error {version}", message(ERROR, b"\0\1\0\2" + b"\xff" * 64, version)
    yield "hello, unknown element", message(HELLO, struct.pack("!HH", 9, 4) + bitmap)
    yield "hello failed", message(ERROR, b"\0\0\0\0no common version")
    yield "experimenter error", message(ERROR, b"\xff\xff\0\1\0\0\x23\x20text")
    yield "packet in, full", packet_in(match_bytes(metadata=5, in_port=3), b"")
    yield "port status", message(PORT_STATUS, b"\1" + bytes(7) + port(name="é".encode()))
    yield "ports", multipart(PORT_DESC, port() + port(2))
    yield "no ports", multipart(PORT_DESC, b"", flags=1)
    yield "experimenter", message(EXPERIMENTER, bytes(8) + b"any")
    yield "bundle", message(EXPERIMENTER, struct.pack("!IIIHH", 0x4F4E4600, 2300, 1, 1, 0))
    yield "experimenter multipart", multipart(0xFFFF, bytes(8) + b"12345678")
    for name, match in MATCHES.items():
        yield f"flow matching {name}", flow_stats(p.OFPActionOutput(1), match=match_bytes(**match))
        removed = message(FLOW_REMOVED, bytes(40) + match_bytes(**match))
        yield f"flow removed matching {name}", removed
    for action in ACTIONS + NICIRA_ACTIONS:
        yield f"flow with {type(action).__name__}", flow_stats(action)
    yield "flow with all", flow_stats(*ACTIONS, *NICIRA_ACTIONS)
    instructions = serialised(
        p.OFPInstructionMeter(1),
        p.OFPInstructionActions(3, [p.OFPActionOutput(1)]),
        p.OFPInstructionWriteMetadata(1, 3),
        p.OFPInstructionGotoTable(4),
    )
    yield "instructions", multipart(FLOW, flow_entry(match_bytes(), instructions) * 3)
    yield "groups", group(bucket(), bucket(*ACTIONS))
    yield (
        "queues",
        queue(
            struct.pack("!HH4xH6x", 1, 16, 100),
            struct.pack("!HH4xH6x", 2, 16, 900),
            struct.pack("!HH4xI4x", 0xFFFF, 20, 1) + b"data",
        ),
    )
    yield (
        "table features",
        table_features(
            table_property(0, struct.pack("!HHHH", 1, 4, 4, 4)),
            table_property(2, bytes(range(5))),
            table_property(4, struct.pack("!HHHHI", 0, 4, 0xFFFF, 8, NICIRA)),
            table_property(8, struct.pack("!III", 0x80000004, 0xFFFF0004, NICIRA)),
            table_property(0xFFFE, bytes(8) + b"data"),
            table_property(77, b"unknown"),
        ),
    )
    yield "meters", meter(band(1), band(2), band(0xFFFF))


def samples() -> Iterator[tuple[str, bytes]]:
    """What the library ships; a flow modification becomes the report of that flow."""
    for path in (files("os_ken.tests") / "packet_data" / "of13").iterdir():
        data = path.read_bytes() if path.name.endswith(".packet") else b""
        if data[1:2] == b"\x0e":
            entry = struct.pack("!H46x", len(data)) + data[48:]
            yield path.name, multipart(FLOW, entry)
        elif data and data[1] in (0, 1, 2, 3, 4, 6, 8, 10, 11, 12, 19, 21, 23, 25, 27):
            yield path.name, data


CORPUS = dict(sorted(built())) | dict(sorted(samples()))


# --- The oracle -------------------------------------------------------------------------------


class Hung(Exception):
    pass


def _hung(*_: object) -> None:
    raise Hung


@contextmanager
def alarm(limit_s: float = PARSE_LIMIT_S) -> Iterator[None]:
    """Breaks an endless parse."""
    before = signal.signal(signal.SIGALRM, _hung)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Datapath:
    ofproto = ofproto_v1_3
    ofproto_parser = ofproto_v1_3_parser


def library_parse(data: bytes) -> Any:
    """What ofproto_parser.msg does, less its catching and logging of whatever is raised."""
    version, kind, length, xid = ofproto_parser.header(data)
    return PARSERS[version](Datapath(), version, kind, length, xid, bytearray(data))


def passes(data: bytes) -> bool:
    try:
        check(data)
    except WireError:
        return False
    return True


def refusal(data: bytes | memoryview) -> Reason:
    with pytest.raises(WireError) as caught:
        check(data)
    assert 0 <= caught.value.offset <= len(data)
    assert caught.value.reason.value in str(caught.value)
    return caught.value.reason


# --- Tests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CORPUS)
def test_valid_messages_pass_and_parse(name: str) -> None:
    check(CORPUS[name])
    check(memoryview(CORPUS[name]))
    with alarm():
        assert library_parse(CORPUS[name]) is not None


@pytest.mark.parametrize("name", CORPUS)
def test_no_prefix_of_a_message_escapes(name: str) -> None:
    """Cut anywhere, header length mended or not: refused, or a whole message that parses."""
    whole = CORPUS[name]
    for size in range(0, len(whole), max(1, len(whole) // 50)):
        assert not passes(whole[:size])
        mended = message(whole[1], whole[8:size], whole[0])
        if passes(mended):
            with alarm():
                library_parse(mended)


V = bytes(4)
NAMELESS = port(name=b"\xff\xfe")
IN_PORT = struct.pack("!II", 0x80000004, 1)
REFUSED: dict[str, tuple[bytes, Reason]] = {
    # Every case of the first list of faults that lies inside one message
    "hello element of length 0": (message(HELLO, b"\0\2\0\0" + V), Reason.TOO_SHORT),
    "hello bitmap of length 0": (message(HELLO, b"\0\1\0\0" + V), Reason.TOO_SHORT),
    "hello element past the end": (message(HELLO, b"\0\1\0\x0c" + V), Reason.OVERRUN),
    "hello with padding read as an element": (
        message(HELLO, b"\0\1\0\x0c" + bytes(12)),
        Reason.TOO_SHORT,
    ),
    "hello of thousands of versions": (message(HELLO, b"\0\1\4\4" + bytes(1024)), Reason.TOO_LONG),
    "instruction of length 0": (
        multipart(FLOW, flow_entry(match_bytes(), b"\0\4\0\0" + V)),
        Reason.TOO_SHORT,
    ),
    "goto of another size": (
        multipart(FLOW, flow_entry(match_bytes(), b"\0\1\0\x10" + bytes(12))),
        Reason.WRONG_SIZE,
    ),
    "experimenter instruction": (
        multipart(FLOW, flow_entry(match_bytes(), b"\xff\xff\0\x08" + V)),
        Reason.UNKNOWN_ELEMENT,
    ),
    "flow of length 0": (multipart(FLOW, bytes(56)), Reason.TOO_SHORT),
    "flow past the end": (multipart(FLOW, b"\0\x60" + bytes(54)), Reason.OVERRUN),
    "queue of length 0": (message(QUEUES, bytes(24)), Reason.TOO_SHORT),
    "queue property of length 0": (queue(b"\0\1\0\0" + bytes(12)), Reason.TOO_SHORT),
    "unknown queue property": (queue(b"\0\7\0\x10" + bytes(12)), Reason.UNKNOWN_ELEMENT),
    "bucket of length 0": (group(bytes(16)), Reason.TOO_SHORT),
    "bucket past its group": (group(bucket(length=24)), Reason.OVERRUN),
    "action of length 0": (raw_actions(b"\0\0\0\0" + V), Reason.TOO_SHORT),
    "action in a bucket of length 0": (
        group(struct.pack("!HHII4x", 24, 0, 0, 0) + b"\0\x16\0\0" + V),
        Reason.TOO_SHORT,
    ),
    "unknown action": (raw_actions(b"\0\x63\0\x08" + V), Reason.UNKNOWN_ELEMENT),
    "output of another size": (raw_actions(b"\0\0\0\x08" + V), Reason.WRONG_SIZE),
    "table property of length 0": (table_features(table_property(0, V, 0)), Reason.TOO_SHORT),
    "table property past the end": (table_features(table_property(0, V, 90)), Reason.OVERRUN),
    "table property far too long": (
        table_features(table_property(2, bytes(5000))),
        Reason.TOO_LONG,
    ),
    "action id of length 0": (table_features(table_property(4, V)), Reason.TOO_SHORT),
    "field id cut": (table_features(table_property(8, b"\0")), Reason.OVERRUN),
    "field of length 0": (
        packet_in(raw_match(IN_PORT + struct.pack("!I", 0x80000A00))),
        Reason.WRONG_SIZE,
    ),
    "unknown field of length 0": (
        packet_in(raw_match(IN_PORT + struct.pack("!I", 0x80010A00))),
        Reason.WRONG_SIZE,
    ),
    "masked field of one byte": (
        packet_in(raw_match(IN_PORT + struct.pack("!IB", 0x00033B01, 0))),
        Reason.WRONG_SIZE,
    ),
    "field of another size": (
        packet_in(raw_match(struct.pack("!IH", 0x80000002, 1))),
        Reason.WRONG_SIZE,
    ),
    "field past its match": (
        packet_in(raw_match(struct.pack("!IH", 0x80000004, 1))),
        Reason.OVERRUN,
    ),
    "unknown experimenter field": (
        packet_in(raw_match(IN_PORT + struct.pack("!III", 0xFFFF0008, 0x1234, 1))),
        Reason.UNKNOWN_ELEMENT,
    ),
    "match of length 0": (packet_in(bytes((0, 1, 0, 0)) + V), Reason.TOO_SHORT),
    "match past the end": (packet_in(b"\0\1\1\0" + V), Reason.OVERRUN),
    "match of the old type": (packet_in(b"\0\0\0\x08" + V), Reason.UNKNOWN_ELEMENT),
    "group counters of length 0": (multipart(6, bytes(40)), Reason.TOO_SHORT),
    "meter counters of length 0": (multipart(9, bytes(40)), Reason.TOO_SHORT),
    "group counters, half a bucket": (multipart(6, b"\0\x30" + bytes(46)), Reason.WRONG_SIZE),
    "meter of length 0": (multipart(METERS, bytes(8)), Reason.TOO_SHORT),
    "band of length 0": (meter(band(length=0)), Reason.TOO_SHORT),
    "unknown band": (meter(band(kind=9)), Reason.UNKNOWN_ELEMENT),
    "description of length 0": (multipart(0, b""), Reason.WRONG_SIZE),
    "port counters cut": (multipart(4, bytes(111)), Reason.WRONG_SIZE),
    "unknown multipart": (multipart(99, b""), Reason.UNKNOWN_ELEMENT),
    "multipart without a type": (message(MULTIPART, V), Reason.TRUNCATED),
    "header length below 8": (message(ECHO, length=7), Reason.TOO_SHORT),
    "header length 65535, then silence": (message(ECHO, length=65535), Reason.OVERRUN),
    "less than a header": (b"\4\0\0", Reason.TRUNCATED),
    "nothing": (b"", Reason.TRUNCATED),
    "unknown version": (message(HELLO, version=9), Reason.WRONG_VERSION),
    "version 1.1, which the library lacks": (message(HELLO, version=2), Reason.WRONG_VERSION),
    "packet-in of version 1.0": (message(PACKET_IN, bytes(10), 1), Reason.WRONG_VERSION),
    "unknown type": (message(30), Reason.UNKNOWN_TYPE),
    "flow modification from a switch": (message(14, bytes(48)), Reason.WRONG_DIRECTION),
    "features request from a switch": (message(5), Reason.WRONG_DIRECTION),
    "error cut": (message(ERROR, b"\0\1"), Reason.TRUNCATED),
    "experimenter error cut": (message(ERROR, b"\xff\xff\0\1"), Reason.TRUNCATED),
    "hello failed, not ASCII": (message(ERROR, b"\0\0\0\0\xc3\xa9"), Reason.BAD_TEXT),
    "port name not UTF-8": (message(PORT_STATUS, bytes(8) + NAMELESS), Reason.BAD_TEXT),
    "port name not UTF-8 in a list": (multipart(PORT_DESC, port() + NAMELESS), Reason.BAD_TEXT),
    "description not UTF-8": (multipart(0, b"\xff" * 1056), Reason.BAD_TEXT),
    "packet-in without a port": (packet_in(match_bytes(eth_type=0x0800)), Reason.NO_IN_PORT),
    "packet-in with a masked port": (
        packet_in(raw_match(struct.pack("!III", 0x80000108, 1, 1))),
        Reason.NO_IN_PORT,
    ),
    "packet-in cut": (message(PACKET_IN, bytes(15)), Reason.TRUNCATED),
    "packet-in without padding": (
        message(PACKET_IN, bytes(16) + match_bytes(in_port=1)),
        Reason.TRUNCATED,
    ),
    "flow removed with a tail": (
        message(FLOW_REMOVED, bytes(40) + match_bytes() + V),
        Reason.WRONG_SIZE,
    ),
    "barrier with a body": (message(BARRIER, V), Reason.TOO_LONG),
    "features cut": (message(FEATURES, bytes(23)), Reason.WRONG_SIZE),
    "configuration cut": (message(CONFIG, b"\0"), Reason.WRONG_SIZE),
    # Actions whose insides the library reads
    "experimenter action of odd length": (
        raw_actions(b"\xff\xff\0\x0a\0\0\0\1" + b"\0\0"),
        Reason.WRONG_SIZE,
    ),
    "Nicira action without a subtype": (
        raw_actions(b"\xff\xff\0\x08\0\0\x23\x20"),
        Reason.TRUNCATED,
    ),
    "masked set-field": (
        raw_actions(b"\0\x19\0\x10" + struct.pack("!IBB6x", 0x80001102, 1, 1)),
        Reason.UNKNOWN_ELEMENT,
    ),
    "set-field longer than its field": (
        raw_actions(b"\0\x19\0\x18" + struct.pack("!IB15x", 0x80001001, 1)),
        Reason.WRONG_SIZE,
    ),
    "ct in ct": (raw_actions(nicira(35, bytes(14) + nicira(35, bytes(14)))),
                 Reason.UNKNOWN_ELEMENT),
    "action of length 0 in ct": (raw_actions(nicira(35, bytes(14) + b"\0\0\0\0" + V)),
                                 Reason.TOO_SHORT),
    "learn with an impossible target": (raw_actions(nicira(16, bytes(22) + b"\x18\x08")),
                                        Reason.UNKNOWN_ELEMENT),
    "learn with a cut value": (raw_actions(nicira(16, bytes(22) + b"\x33\xff")), Reason.OVERRUN),
    "bundle of more ports than there are": (
        raw_actions(nicira(12, bytes(10) + b"\0\xff" + bytes(10))),
        Reason.OVERRUN,
    ),
    "nat without its ranges": (raw_actions(nicira(36, bytes(4) + b"\0\x3f")), Reason.OVERRUN),
    "controller option of length 0": (raw_actions(nicira(37, bytes(6) + b"\0\1\0\0" + V)),
                                      Reason.TOO_SHORT),
    "endless note": (raw_actions(nicira(8, bytes(5000))), Reason.TOO_LONG),
    "packet-in of the other format": (
        message(EXPERIMENTER, struct.pack("!II", NICIRA, 30)),
        Reason.NOT_ASKED_FOR,
    ),
    "experimenter cut": (message(EXPERIMENTER, V), Reason.TRUNCATED),
    "experimenter multipart, 4 bytes over": (multipart(0xFFFF, bytes(20)), Reason.WRONG_SIZE),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    data, reason = REFUSED[name]
    assert refusal(data) is reason
    assert refusal(memoryview(data)) is reason


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_pass_or_are_refused(data: bytes) -> None:
    if passes(data):
        library_parse(data)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(CORPUS)), st.data())
def test_a_changed_message_is_refused_or_parses(name: str, data: st.DataObject) -> None:
    changed = bytearray(CORPUS[name])
    at = data.draw(st.integers(8, max(8, len(changed) - 2)))
    changed[at : at + 2] = struct.pack("!H", data.draw(st.integers(0, 0xFFFF)))
    mended = message(changed[1], bytes(changed[8:]), changed[0])
    if passes(mended):
        with alarm():
            library_parse(mended)


# --- Mutants ----------------------------------------------------------------------------------

Mutation = Callable[[random.Random, bytearray], None]


def _place(draw: random.Random, data: bytearray, size: int = 1) -> int:
    return draw.randrange(8, max(9, len(data) - size + 1))


def _byte(draw: random.Random, data: bytearray) -> None:
    at = _place(draw, data)
    data[at : at + 1] = bytes((draw.randrange(256),))


def _bit(draw: random.Random, data: bytearray) -> None:
    at = _place(draw, data)
    data[at : at + 1] = bytes((data[at] ^ 1 << draw.randrange(8),)) if at < len(data) else b""


def _number(draw: random.Random, data: bytearray) -> None:
    """A 16-bit field, where lengths, types and counts are."""
    at = _place(draw, data, 2) & ~1
    old = int.from_bytes(data[at : at + 2], "big")
    news = (0, 1, 3, 4, 7, 8, 9, 12, 16, 24, old - 1, old + 1, old - 8, old + 8, 0xFFFF, len(data))
    data[at : at + 2] = struct.pack("!H", draw.choice(news) & 0xFFFF)


def _cut(draw: random.Random, data: bytearray) -> None:
    del data[_place(draw, data) :]


def _grow(draw: random.Random, data: bytearray) -> None:
    data += draw.randbytes(draw.randrange(1, 33)) if draw.random() < 0.5 else bytes(8)


def _repeat(draw: random.Random, data: bytearray) -> None:
    at, size = _place(draw, data) & ~3, draw.choice((4, 8, 16, 24, 40))
    data[at:at] = data[at : at + size]


def _remove(draw: random.Random, data: bytearray) -> None:
    at = _place(draw, data) & ~3
    del data[at : at + draw.choice((1, 4, 8, 16))]


def _graft(draw: random.Random, data: bytearray) -> None:
    """A piece of another message, so that types and bodies meet that do not belong together."""
    other = draw.choice(BODIES)
    at, of, size = _place(draw, data) & ~3, draw.randrange(len(other)) & ~3, draw.choice((4, 8, 16))
    data[at : at + size] = other[of : of + size]


def _retype(draw: random.Random, data: bytearray) -> None:
    data[1] = draw.choice((0, 1, 4, 10, 11, 12, 19, 23))


MUTATIONS: tuple[Mutation, ...] = (
    _byte, _bit, _bit, _number, _number, _number, _cut, _grow, _repeat, _remove, _graft, _retype,
)  # fmt: skip
BODIES = [data for data in CORPUS.values() if len(data) > 8]


def mutant(draw: random.Random) -> bytes:
    """A corpus message changed one to three times, its header length true again."""
    data = bytearray(draw.choice(BODIES))
    for _ in range(draw.choice((1, 1, 2, 3))):
        draw.choice(MUTATIONS)(draw, data)
    return message(data[1], bytes(data[8:]), data[0])


def test_mutants_are_refused_or_parse() -> None:
    """The guarantee: no mutant that passes hangs the library or makes it raise."""
    draw = random.Random(13)
    passed = 0
    with alarm(max(30.0, MUTANTS / 300)):
        for _ in range(MUTANTS):
            data = mutant(draw)
            if passes(data):
                passed += 1
                library_parse(data)
    assert MUTANTS * 0.05 < passed < MUTANTS * 0.95, "the mutants no longer test anything"


def test_the_library_alone_does_hang() -> None:
    """The reason for all this; if it ever fails, the library was mended."""
    logging.disable(logging.CRITICAL)
    try:
        with pytest.raises(Hung), alarm(0.05):
            library_parse(REFUSED["hello element of length 0"][0])
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("size", [65528])
def test_the_largest_messages_are_checked_quickly(size: int) -> None:
    """The cost grows with the length only, whatever the nesting."""
    actions = b"\0\x16\0\x08\0\0\0\1" * ((size - 16 - 56 - 8 - 16) // 8)
    started = time.perf_counter()
    check(raw_actions(actions))
    assert time.perf_counter() - started < 0.2


def _best_of(action: Callable[[], Any], rounds: int = 5, calls: int = 100) -> float:
    def once() -> float:
        started = time.perf_counter()
        for _ in range(calls):
            action()
        return time.perf_counter() - started

    return min(once() for _ in range(rounds))


@pytest.mark.parametrize("name", ["packet in", "port counters", "flows"])
def test_the_check_costs_little_beside_the_parser(name: str) -> None:
    actions = [p.OFPActionSetField(ip_dscp=46), p.OFPActionSetQueue(3), p.OFPActionOutput(1)]
    match = match_bytes(in_port=1, eth_type=0x0800, ipv4_dst="10.0.0.1", ip_proto=6, tcp_dst=80)
    instructions = serialised(p.OFPInstructionActions(4, actions), p.OFPInstructionGotoTable(2))
    data = {
        "packet in": packet_in(match_bytes(in_port=3)),
        "port counters": multipart(4, bytes(112) * 10),
        "flows": multipart(FLOW, flow_entry(match, instructions) * 10),
    }[name]
    ours, theirs = _best_of(lambda: check(data)), _best_of(lambda: library_parse(data))
    print(f"{name}: check {ours * 1e4:.2f} us, library {theirs * 1e4:.2f} us, {theirs / ours:.0f}x")
    assert theirs > 5 * ours
