"""Writes the seeds of the corpus: `python tests/fuzz/fuzz_seeds.py [CAPTURE…]`.

Without captures those made by hand from the specifications, among them hostile ones; the name of
each says what it is. With captures, the openings of one flow of each protocol and role in them.
Finds of the fuzzer are put beside these by hand, under a name that tells.
"""
# ruff: noqa: E501  (a seed a line)
# fmt: off

from __future__ import annotations

import gzip
import json
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
TESTS = HERE.parent
sys.path[:0] = [str(HERE), str(TESTS / "classifier"), str(TESTS / "controller"), str(TESTS.parent)]

from crafted import (  # noqa: E402
    ACK,
    FIN,
    SYN,
    block,
    enhanced,
    ethernet,
    interface,
    ipv4,
    ipv6,
    mpls,
    option,
    pcap,
    sctp,
    section,
    tcp,
    udp,
)
from fuzz_targets import KEY, from_sides  # noqa: E402
from packet_script import record, stream  # noqa: E402
from test_wire import built  # noqa: E402

from classifier.capture import read_capture  # noqa: E402
from classifier.errors import CaptureError, FrameError  # noqa: E402
from classifier.flows import Classifier  # noqa: E402
from classifier.frames import LINK_TYPES, ROCE, Fragment, parse  # noqa: E402
from classifier.hints import Hints  # noqa: E402
from classifier.model import OPENING_BYTES, TCP, UDP, Side  # noqa: E402
from classifier.signatures import identify  # noqa: E402
from controller import lldp  # noqa: E402
from policies.load import load_policy  # noqa: E402

Seeds = Iterator[tuple[str, bytes]]
_MOST_MESSAGE = 700  # bytes of a valid one of OpenFlow
_MOST_RECORDED = 260  # bytes of each side
FRAME = ethernet(ipv4(tcp(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")))


def capture_seeds() -> Seeds:
    word = struct.Struct("<I").pack
    for order in "<>":
        for ticks in (10**6, 10**9):
            yield f"pcap-{'le' if order == '<' else 'be'}-{ticks}", pcap([FRAME] * 2, order, ticks)
        yield f"pcap-patched-{order == '<'}", pcap([FRAME], order, 10**6, 1, True)
        yield f"pcapng-{'le' if order == '<' else 'be'}", section(order) + interface(1, order) + \
            enhanced(FRAME, order=order) + block(3, struct.pack(order + "I", 20) + bytes(20), order)
    yield "pcap-header-cut", pcap([])[:19]
    yield "pcap-record-cut", pcap([FRAME])[:-1]
    yield "pcap-claims-a-gigabyte", pcap([]) + struct.pack("<IIII", 1, 1, 1 << 30, 1 << 30)
    yield "pcap-claims-four-gigabytes", pcap([]) + struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 1)
    yield "pcap-empty-frames", pcap([b""] * 40)
    yield "pcap-snap-zero", pcap([FRAME] * 3, cut=0)
    yield "pcap-link-type-unknown", pcap([FRAME], link_type=0xFFFF)
    yield "pcapng-old-packet", section() + interface() + \
        block(2, struct.pack("<HHIIII", 0, 0, 0, 9, len(FRAME), len(FRAME)) + FRAME)
    yield "pcapng-snap-zero", section() + interface(snap=0) + block(3, word(20) + FRAME[:20])
    yield "pcapng-claims-a-gigabyte", section() + interface() + \
        struct.pack("<IIIIIII", 6, 1 << 30, 0, 0, 0, 1 << 30, 1 << 30)
    yield "pcapng-unknown-block-of-a-gigabyte", section() + struct.pack("<III", 99, 1 << 30, 0)
    yield "pcapng-frame-beyond-its-block", section() + interface() + \
        block(6, struct.pack("<IIIII", 0, 0, 0, 1 << 20, 60) + FRAME)
    yield "pcapng-block-of-zero", section() + struct.pack("<III", 6, 0, 0)
    yield "pcapng-block-odd", section() + struct.pack("<III", 6, 13, 0) + bytes(5)
    yield "pcapng-lengths-differ", (section() + interface())[:-4] + word(16)
    yield "pcapng-packet-without-interface", section() + enhanced(FRAME)
    yield "pcapng-options-empty", section() + interface(options=option(1, b"") * 60)
    yield "pcapng-option-never-ends", section() + interface(options=option(2, b"x" * 7) * 9)
    yield "pcapng-option-too-long", section() + interface(options=struct.pack("<HH", 9, 0xFFFF))
    yield "pcapng-option-end-with-length", section() + interface(options=struct.pack("<HH", 0, 9))
    for name, ticks in (("ten-to-127", 0x7F), ("two-to-127", 0xFF), ("whole-seconds", 0)):
        clock = option(9, bytes([ticks])) + option(14, struct.pack("<q", -(1 << 63)))
        yield f"pcapng-clock-{name}", section() + interface(options=clock) + enhanced(FRAME)
    yield "pcapng-many-interfaces", section() + interface() * 80 + enhanced(FRAME, 79)
    yield "pcapng-sections-in-turn", (section("<") + section(">")) * 20
    yield "pcapng-section-without-magic", section()[:8] + bytes(20)
    yield "gzip-bomb", gzip.compress(pcap([]) + bytes(1 << 21), 9, mtime=0)
    yield "gzip-bomb-in-one-block", gzip.compress(
        section() + struct.pack("<III", 99, 1 << 22, 0) + bytes(1 << 22), 9, mtime=0)
    yield "gzip-cut", gzip.compress(pcap([FRAME] * 9), mtime=0)[:-9]
    yield "gzip-of-gzip", gzip.compress(gzip.compress(pcap([FRAME]), mtime=0), mtime=0)
    yield "gzip-two-members", gzip.compress(pcap([FRAME])[:30], mtime=0) + \
        gzip.compress(pcap([FRAME])[30:], mtime=0)
    yield "gzip-then-rubbish", gzip.compress(pcap([FRAME]), mtime=0) + b"rubbish"
    yield "empty", b""
    yield "text", b"time,client,server\n"


def zipped_seeds() -> Seeds:
    yield "pcap", pcap([FRAME] * 2)
    yield "pcapng", section() + interface() + enhanced(FRAME)


def _linked(link_type: int, frame: bytes, more: int = 0) -> bytes:
    return bytes([list(LINK_TYPES).index(link_type), more]) + frame


def _nested(count: int, proto: int, following: int = 60, size: int = 0) -> bytes:
    header = bytes([following, size]) + bytes(6)
    return ethernet(ipv6(header * count + bytes([proto, 0]) + bytes(6) + tcp(b"x"), 60), 0x86DD)


def frame_seeds() -> Seeds:
    ip, ip6 = ipv4(tcp(b"hello")), ipv6(udp(b"hello"), 17)
    yield "tcp", _linked(1, ethernet(ip))
    yield "udp", _linked(1, ethernet(ipv4(udp(b"x" * 30), 17)))
    yield "sctp", _linked(1, ethernet(ipv4(sctp(b"x" * 30), 132)))
    yield "ipv6", _linked(1, ethernet(ip6, 0x86DD))
    for link_type, head in ((0, b"\2\0\0\0"), (108, b"\0\0\0\2"), (9, b"\xff\x03\0\x21"), (12, b""),
                            (101, b""), (228, b""), (113, bytes(14) + b"\x08\0"),
                            (276, b"\x08\0" + bytes(18))):
        yield f"link-type-{link_type}", _linked(link_type, head + ip)
    yield "link-type-229", _linked(229, ip6)
    yield "link-type-of-nobody", bytes([len(LINK_TYPES), 0]) + ip
    for count in (1, 2, 16, 17, 40):
        yield f"vlan-tags-{count}", _linked(1, ethernet(ip, tags=(0x8100, 0x88A8) * (count // 2)
                                                        + (0x8100,) * (count % 2)))
        yield f"mpls-labels-{count}", _linked(1, ethernet(mpls(ip, count), 0x8847))
    inner = ip
    for _ in range(10):
        inner = mpls(bytes(4) + ethernet(inner, 0x8847 if inner is not ip else 0x0800))
    yield "ethernet-in-mpls-ten-times", _linked(1, ethernet(inner, 0x8847))
    yield "mpls-without-bottom", _linked(1, ethernet(bytes(200), 0x8847))
    ppp = b"\x11\0\0\1\0\x22"
    yield "pppoe", _linked(1, ethernet(ppp + b"\0\x21" + ip, 0x8864))
    yield "pppoe-mpls-in-turn", _linked(1, ethernet((ppp + b"\x02\x81" + mpls(b"\0" * 16)) * 6, 0x8864))
    for count in (1, 15, 16, 17, 30):
        yield f"ipv6-extensions-{count}", _linked(1, _nested(count, 6))
    yield "ipv6-extension-names-itself", _linked(1, ethernet(ipv6(bytes([60, 0] + [0] * 6) * 25, 60), 0x86DD))
    yield "ipv6-extension-longest", _linked(1, _nested(1, 6, 60, 255))
    yield "ipv6-authentication", _linked(1, ethernet(ipv6(bytes([6, 4]) + bytes(22) + tcp(b"x"), 51), 0x86DD))
    for offset in (0, 8, 0xFFF8):
        part = bytes([6, 0]) + struct.pack("!HI", offset | 1, 77)
        yield f"ipv6-fragment-{offset}", _linked(1, ethernet(ipv6(part + tcp(b"x"), 44), 0x86DD))
        yield f"ipv4-fragment-{offset}", _linked(1, ethernet(ipv4(tcp(b"x"), part=0x2000 | offset >> 3)))
    yield "ipv6-jumbogram", _linked(1, ethernet(ipv6(tcp(b"x" * 40), size=0), 0x86DD), 255)
    yield "tso-total-zero", _linked(1, ethernet(ipv4(tcp(b"x" * 40), total=0)), 255)
    yield "tso-total-zero-options", _linked(1, ethernet(ipv4(tcp(b"x" * 40), total=0, options=bytes(8))))
    for total in (1, 19, 20, 39, 0xFFFF):
        yield f"ipv4-total-{total}", _linked(1, ethernet(ipv4(tcp(b"x"), total=total)))
    yield "ipv4-longest-options", _linked(1, ethernet(ipv4(tcp(b"x"), options=bytes(40))))
    yield "ipv4-version-6", _linked(1, ethernet(b"\x60" + ip[1:]))
    for length in (0, 1, 7, 8, 9, 0xFFFF):
        yield f"udp-length-{length}", _linked(1, ethernet(ipv4(udp(b"payload", length=length), 17)))
    for words in (0, 4, 5, 15):
        changed = bytearray(ethernet(ip))
        changed[46] = words << 4
        yield f"tcp-header-of-{words}-words", _linked(1, bytes(changed))
    for cut in (0, 13, 14, 33, 34, 37, 53):
        yield f"cut-at-{cut}", _linked(1, ethernet(ip)[:cut], 4)
    yield "llc-snap", _linked(1, ethernet(b"\xaa\xaa\x03\0\0\0\x08\0" + ip, 100))
    yield "llc", _linked(1, ethernet(b"\x42\x42\x03" + bytes(40), 43))
    yield "roce-1", _linked(1, ethernet(ipv6(bytes(40), 27), 0x8915))
    yield "arp", _linked(1, ethernet(bytes(28), 0x0806))


def flow_seeds() -> Seeds:
    get = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
    opened = record(flags=SYN) + record(flags=SYN | ACK, back=True)
    yield "http", opened + stream(get, 20) + stream(b"HTTP/1.1 200 OK\r\n\r\n", 30, back=True)
    yield "joined-midway", stream(bytes(range(200)) * 3, 60) + stream(get, 20, back=True)
    yield "overlapping-segments", opened + b"".join(record(get, step=-30) for _ in range(30))
    yield "holes-everywhere", opened + b"".join(record(b"x", step=2) for _ in range(100))
    yield "backwards", opened + record(step=200) + b"".join(record(b"xy", step=-4) for _ in range(90))
    yield "one-byte-a-segment", opened + stream(get, 1)
    yield "syn-again-and-again", b"".join(record(flags=SYN, step=9, gap=100) for _ in range(30))
    yield "closed-and-reopened", (opened + record(get) + record(flags=FIN)) * 9
    yield "syn-and-fin-and-reset", record(b"x" * 9, flags=7) * 20
    yield "syn-with-payload", record(get, flags=SYN) + record(get, flags=SYN | ACK, back=True)
    yield "more-flows-than-are-kept", b"".join(
        record(get, pair=n & 7, transport=(TCP, UDP)[n >> 3 & 1], back=bool(n & 16)) for n in range(64))
    first, later, last = Fragment(1, 0, True), Fragment(1, 64, True), Fragment(1, 120, False)
    yield "fragments", record(get, transport=UDP, fragment=first) + record(
        get, transport=UDP, fragment=later) + record(get, transport=UDP, fragment=last)
    yield "fragments-last-first", b"".join(
        record(get, transport=UDP, fragment=one) for one in (last, later, first, first, last, last))
    yield "fragments-without-a-first", record(get, transport=UDP, fragment=later) * 40
    ftp = opened + record(b"220 (vsFTPd 3.0.5)\r\n", back=True) + record(b"USER a\r\n") + record(b"331 Please\r\n", back=True)
    passive = b"227 Entering Passive Mode (1,1,1,1,19,136).\r\n"
    yield "ftp-passive", ftp + record(passive, back=True) + record(flags=SYN, pair=1) + record(b"x" * 99, pair=1)
    yield "ftp-extended", ftp + record(b"229 Entering Extended Passive Mode (|||5000|)\r\n", back=True)
    yield "ftp-extended-odd", ftp + b"".join(
        record(b"EPRT |" + odd + b"|\r\n") for odd in (b"2|::::::|1", b"1|999.1.1.1|2", b"2|1:2:3:4:5:6:7:8|99999", b"||0"))
    yield "ftp-numbers-without-end", ftp + record(b"227 " + b"1,1,1,1,1,1 " * 20, back=True) + record(b"227 " + b"1," * 120, back=True)
    yield "ftp-numbers-too-large", ftp + record(b"PORT 256,999,1,1,1,1\r\n") + record(b"PORT 1,1,1,1\r\n")
    yield "tftp", record(b"\0\1file\0octet\0", transport=UDP) + record(b"\0\3\0\1data", back=True, transport=UDP)
    yield "fragments-of-tcp", b"".join(record(get, fragment=one) for one in (first, later, last)) * 5
    yield "roce-1", record(bytes(60), transport=ROCE) * 4 + record(bytes(60), transport=ROCE, back=True)
    yield "time-runs-backwards", b"".join(record(get, gap=255, step=-9) for _ in range(40))
    yield "nothing-captured", record(uncaptured=20) * 200
    yield "elephant", opened + record(bytes(60), uncaptured=255) * 60
    yield "found-counters-overflow", (record(get) + record(uncaptured=255)) * 4
    yield "clock-of-centuries", (record(get, gap=127) + record(get, gap=255)) * 9
    yield "marked", record(get, marked=True, pair=5) + record(get, marked=True, pair=7)
    yield "undecidable", b"".join(record(bytes([n * 7 & 255] * 9), pair=n % 8) for n in range(120))


def opening_seeds() -> Seeds:
    def segments(*parts: tuple[int, bytes], base: int) -> bytes:
        return bytes([base]) + b"".join(
            struct.pack("!hB", at, len(payload)) + payload for at, payload in parts)

    for base in (0, 1):
        yield f"in-order-{base}", segments((0, b"abcd"), (4, b"efgh"), base=base)
        yield f"swapped-{base}", segments((4, b"efgh"), (0, b"abcd"), base=base)
        yield f"overlapping-{base}", segments((2, b"cdef"), (0, b"abcd"), (3, b"XYZ"), base=base)
        yield f"wrapping-{base}", segments((250, b"x" * 20), (256, b"y"), (0, b"z" * 255), base=base)
        yield f"teeth-{base}", segments(*((2 * n, b"t") for n in range(300)), base=base)
        yield f"earlier-and-earlier-{base}", segments(*((-n, b"ab") for n in range(300)), base=base)
        yield f"far-{base}", segments((0, b"a"), (32767, b"b"), (-32768, b"c"), base=base)
        yield f"fills-up-{base}", segments(*((200 * n, bytes(200)) for n in range(8)), base=base)


def _h2(kind: int, flags: int, stream_id: int, payload: bytes, length: int | None = None) -> bytes:
    size = len(payload) if length is None else length
    return struct.pack("!I", size)[1:] + bytes([kind, flags]) + struct.pack("!I", stream_id) + payload


_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _h2(4, 0, 0, b"")


def http2_seeds() -> Seeds:
    literal = b"\x40\x01a" + b"\x01b"
    settings = _h2(4, 0, 0, bytes.fromhex("000300000064"))
    blocks = {
        "request": b"\x82\x86\x84\x41\x01a",
        "path-plain": b"\x82\x44\x1e/tensorflow.serving.Prediction",
        "path-huffman": bytes.fromhex("8286448960d5485f2bce9a68417f"),
        "many-tiny-fields": b"\x82" * 1000,
        "many-tiny-literals": literal * 180,
        "bomb-one-entry-often": b"\x40\x01a\x7e" + b"h" * 126 + b"\xbe" * 900,
        "bomb-table-grows": b"".join(b"\x40\x01a\x0a" + bytes([97 + n % 26] * 10) for n in range(70)),
        "integer-never-ends": b"\xff" * 60,
        "string-of-a-gigabyte": b"\x40\x01a\x7f\xff\xff\xff\xff\x03",
        "index-zero": b"\x80" * 30,
        "index-beyond": b"\xff\xff\x01" * 30,
        "table-size-changes": b"\x3f\xe1\x1f\x20" * 40,
        "huffman-of-nothing": b"\x40\x80\x80" * 40,
        "huffman-padding-too-long": b"\x44\x84\xff\xff\xff\xff" * 20,
        "never-indexed": b"\x10\x01a\x01b" * 40,
        "empty": b"",
    }
    for name, fields in blocks.items():
        client = _PREFACE + _h2(1, 4, 1, fields)
        yield f"headers-{name}", from_sides(client, settings)
    yield "continuations-without-end", from_sides(
        _PREFACE + _h2(1, 0, 1, b"\x82") + _h2(9, 0, 1, b"\x82") * 90, settings)
    yield "continuations-of-nothing", from_sides(_PREFACE + _h2(9, 0, 1, b"") * 120, b"")
    yield "padding-longer-than-frame", from_sides(_PREFACE + _h2(1, 0x2C, 1, b"\xff\x82\x86"), b"")
    yield "settings-of-239", from_sides(_h2(4, 0, 0, bytes(239)), b"")
    yield "frame-of-sixteen-megabytes", from_sides(_PREFACE + _h2(0, 0, 1, b"x", 0xFFFFFF), b"")
    yield "pings", from_sides(_PREFACE + _h2(6, 0, 0, bytes(8)) * 60, _h2(6, 1, 0, bytes(8)) * 60)
    yield "grpc-message-of-four-gigabytes", from_sides(
        _PREFACE + _h2(1, 4, 1, blocks["path-plain"]) + _h2(0, 0, 1, b"\0\xff\xff\xff\xff"), settings)
    yield "server-alone", from_sides(b"", settings + _h2(8, 0, 0, bytes(4)))


def http1_seeds() -> Seeds:
    texts = {
        "get": (b"GET /v2/models/a/infer HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"),
        "post": (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\n"
                 b'Content-Length: 40\r\n\r\n{"model": "m", "messages": [{"role": "u"}]}', b""),
        "pipelined": (b"GET / HTTP/1.1\r\n\r\n" * 60, b"HTTP/1.1 204 No\r\n\r\n" * 60),
        "continues": (b"PUT /a HTTP/1.1\r\n\r\n", b"HTTP/1.1 100 Go\r\n\r\n" * 50),
        "many-tiny-fields": (b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 290, b""),
        "one-field-often": (b"GET / HTTP/1.1\r\n" + b"x-a: b\r\n" * 140 + b"\r\n", b""),
        "spaces": (b"GET / HTTP/1.1\r\na:" + b" " * 1100 + b"b\r\n\r\n", b""),
        "line-feeds": (b"GET / HTTP/1.1\n" + b"\n\r" * 580, b""),
        "target-never-ends": (b"GET /" + b"a/" * 590, b""),
        "query-of-ands": (b"GET /?" + b"&=" * 580 + b" HTTP/1.1\r\n\r\n", b""),
        "percent-signs": (b"GET /" + b"%2f" * 390 + b" HTTP/1.1\r\n\r\n", b""),
        "length-of-a-googol": (b"GET / HTTP/1.1\r\nContent-Length: 1" + b"0" * 100 + b"\r\n\r\n", b""),
        "length-in-other-digits": ("GET / HTTP/1.1\r\nContent-Length: ٣\r\n\r\n".encode(), b""),
        "length-negative": (b"GET / HTTP/1.1\r\nContent-Length: -9\r\n\r\nabc", b""),
        "chunks": (b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n{}"),
        "braces": (b"POST / HTTP/1.1\r\n\r\n" + b'{"a":' * 220, b"HTTP/1.1 200 O\r\n\r\n" + b"[" * 1000),
        "names": (b"POST / HTTP/1.1\r\n\r\n{" + b'"abc" : ' * 140, b""),
        "swapped": (b"HTTP/1.1 404 Not Found\r\n\r\n", b"GET /metrics HTTP/1.1\r\n\r\n"),
        "not-utf8": (b"GET /\xff\xfe HTTP/1.1\r\nhost: \xff\r\nuser-agent: \x80\r\n\r\n", b""),
        "found-path-tried-again-and-again": (b"GET /v2/models/a" + b"/files" * 180 + b"// HTTP/1.1\r\n\r\n", b""),
        "upgrade": (b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x7f\xff"),
        "ssdp": (b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n", b""),
    }
    for name, (client, server) in texts.items():
        yield name, from_sides(client, server)
    yield "ssdp-datagram", from_sides(*texts["ssdp"], transport=UDP)


def _hello(extensions: bytes, cut: int | None = None) -> bytes:
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + \
        struct.pack("!H", len(extensions)) + extensions
    handshake = b"\x01" + struct.pack("!I", len(body))[1:] + body
    return (b"\x16\x03\x01" + struct.pack("!H", len(handshake)) + handshake)[:cut]


def _extension(kind: int, value: bytes, length: int | None = None) -> bytes:
    return struct.pack("!HH", kind, len(value) if length is None else length) + value


def _named(name: bytes, length: int | None = None) -> bytes:
    size = len(name) if length is None else length
    return _extension(0, struct.pack("!HBH", min(size + 3, 0xFFFF), 0, size) + name)


def tls_seeds() -> Seeds:
    alpn = _extension(16, b"\0\x03\x02h2")
    hellos = {
        "hello": _hello(_named(b"huggingface.co") + alpn),
        "hello-cut": _hello(_named(b"huggingface.co") + alpn, 60),
        "name-longer-than-hello": _hello(_named(b"a", 0xFFFF)),
        "name-empty": _hello(_named(b"")),
        "name-not-ascii": _hello(_named(bytes(range(128, 256)))),
        "name-of-dots": _hello(_named(b"." * 1000)),
        "name-of-many-labels": _hello(_named(b"a." * 500)),
        "extensions-of-nothing": _hello(_extension(21, b"") * 270),
        "extension-too-long": _hello(_extension(5, b"", 0xFFFF)),
        "alpn-empty-names": _hello(_extension(16, b"\1\0" + bytes(256))),
        "alpn-longer-than-itself": _hello(_extension(16, b"\0\x05\xffh2")),
        "alpn-twice": _hello(alpn * 3),
        "server-name-short": _hello(_extension(0, b"\0")),
        "records-of-one-byte": b"".join(
            b"\x16\x03\x01\0\1" + bytes([byte]) for byte in _hello(_named(b"a.b"))[5:]),
        "records-of-nothing": b"\x16\x03\x03\0\0" * 200,
        "sessions": b"\x16\x03\x01\x00\x60\x01\0\0\x5c\x03\x03" + bytes(32) + b"\xff" * 60,
        "application-data": b"\x17\x03\x03\x40\0" + bytes(range(256)),
        "alert": b"\x15\x03\x03\0\2\2\x28",
    }
    for name, client in hellos.items():
        yield name, from_sides(client, b"\x16\x03\x03\0\x40\x02\0\0\x3c\x03\x03" + bytes(58))
    yield "dtls", from_sides(b"\x16\xfe\xfd" + bytes(8) + b"\0\x40\x01" + bytes(63), b"", UDP)


def quic_seeds() -> Seeds:
    def initial(destination: bytes = bytes(8), token: bytes = b"\0", version: bytes = b"\0\0\0\1") -> bytes:
        ids = bytes([len(destination)]) + destination + b"\0"
        return b"\xc3" + version + ids + token + b"\x44\xb0" + bytes(range(256)) * 4

    datagrams = {
        "initial": initial(), "version-2": initial(version=b"\x6b\x33\x43\xcf"),
        "version-negotiation": initial(version=bytes(4)), "version-of-google": initial(version=b"Q050"),
        "destination-of-255": initial(bytes(255)), "token-longest": initial(token=b"\xff" * 8),
        "token-cut": initial(token=b"\xc0"), "length-beyond": initial()[:15] + b"\xff" * 8, "empty": b"",
    }
    for name, datagram in datagrams.items():
        yield f"datagram-{name}", b"\0" + datagram
    hello = _hello(_named(b"huggingface.co"))[5:]
    crypto = b"\6\0" + struct.pack("!H", 0x4000 | len(hello)) + hello
    pieces = [b"\6" + struct.pack("!H", 0x4000 | at) + b"\x0a" + hello[at : at + 10] for at in range(0, len(hello), 10)]
    frames = {
        "hello": crypto, "hello-after-padding": bytes(300) + crypto, "hello-in-pieces": b"".join(pieces),
        "hello-in-pieces-backwards": b"".join(reversed(pieces)), "hello-overlapping": b"".join(pieces * 3),
        "pieces-with-gaps": b"".join(pieces[::2]), "pings": b"\1" * 1160, "padding": bytes(1160),
        "pings-and-padding": b"\1\0" * 580, "pieces-of-nothing": b"\6\0\0" * 380,
        "offset-longest": b"\6" + b"\xff" * 8 + b"\x01x", "length-longest": b"\6\0" + b"\xff" * 8 + hello,
        "acknowledgement": b"\2\x05\0\0\0" + crypto, "acknowledged-ranges": b"\2\x05\0\xff" + b"\xff" * 7 + crypto,
        "acknowledged-marks": b"\3\x05\0\1\0\0\0\1\2\3" + crypto, "cut-integer": bytes(1159) + b"\6\xff",
        "kind-unknown": b"\x1f" + crypto,
    }
    for name, plain in frames.items():
        yield f"inside-{name}", b"\1" + plain


def signature_seeds() -> Seeds:
    yield "nothing", from_sides(b"", b"")
    for byte in (0, 1, 0x0A, 0x20, 0x30, 0x7F, 0x80, 0xFF):
        for transport in (TCP, UDP):
            name = "tcp" if transport == TCP else "udp"
            yield f"{name}-full-of-{byte:02x}", from_sides(bytes([byte]) * 1200, bytes([byte]) * 1200, transport)
    starts = {
        "redis-nested": b"*9\r\n" * 300, "redis-longest": b"*99999999999999999999\r\n$-1\r\n",
        "mqtt-lengths": b"\x10\xff\xff\xff\x7f" * 200, "mqtt-pings": b"\xc0\0" * 600,
        "amqp": b"AMQP\0\0\x09\x01", "ldap-ber-longest": b"\x30\x84\xff\xff\xff\xff\x02\x01\x01\x60",
        "ber-indefinite": b"\x30\x80" * 500, "kafka-longest": b"\x7f\xff\xff\xff\0\x12\0\3\0\0\0\1\xff\xff",
        "thrift": b"\0\0\0\x20\x80\1\0\1\0\0\0\4ping", "bgp": b"\xff" * 16 + b"\0\x1d\1\4",
        "openflow-hellos": b"\4\0\0\x08\0\0\0\1" * 100, "gloo-lengths": b"\xff" * 64,
        "zmtp": b"\xff" + bytes(8) + b"\x7f\3\0NULL" + bytes(48), "ssh": b"SSH-2.0-" + b"a" * 1000,
        "dask-counts": b"\xff" * 8 + b"\xe8\3" + bytes(6), "spark": bytes(7) + b"\x20\3" + bytes(30),
        "telnet": b"\xff\xfb\x18" * 300, "ftp": b"220 " + b"-" * 900 + b"\r\n", "nats": b"PUB " + b" " * 900,
    }
    for name, data in starts.items():
        yield f"tcp-{name}", from_sides(data, b"")
        yield f"tcp-{name}-from-server", from_sides(b"", data)
    datagrams = {
        "dns-pointer-to-itself": bytes(4) + b"\0\1\0\0\0\0\0\0" + b"\xc0\x0c\0\1\0\1",
        "dns-labels": bytes(4) + b"\0\1\0\0\0\0\0\0" + b"\1a" * 500, "sflow-counts": b"\0\0\0\5" + b"\xff" * 80,
        "netflow-9-flowsets-of-nothing": b"\0\x09\xff\xff" + bytes(400), "ipfix-set-of-nothing": b"\0\x0a\1\0" + bytes(252),
        "snmp": b"\x30\x82\xff\xff\2\1\1\4\x82\xff\xff", "rtps": b"RTPS\2\1\1\1" + b"\x15\1\0\0" * 250,
        "rtcp-empty": b"\x80\xc8\0\0" * 300, "statsd": b"a:1|c\n" * 190, "stun": b"\0\1\xff\xfc\x21\x12\xa4\x42" + bytes(40),
        "memberlist-labels": b"\xf4\xff" * 300, "memberlist-compound": b"\7\xc7" + b"\xff" * 900,
        "collectd-parts-of-nothing": bytes(1200), "syslog": b"<" + b"1" * 900 + b">", "gelf": b"\x1e\x0f" + bytes(10),
        "dhcp": b"\1\1\6" + bytes(233) + b"\x63\x82\x53\x63", "roce": b"\4\x40\xff\xff" + bytes(60),
    }
    for name, data in datagrams.items():
        yield f"udp-{name}", from_sides(data, b"", UDP)


def label_seeds() -> Seeds:
    head = b"file,l4,client,cport,server,sport,expected_class\n"
    yield "table", head + b"a.pcap,tcp,10.0.0.1,40000,10.0.0.2,80,gradient\n"
    yield "ipv6", head + b"a.pcap,UDP,2001:db8::1,40000,2001:0DB8::2,80,bulk\n"
    yield "ipv6-scope", head + b"a.pcap,UDP,fe80::1%eth0,40000,::,80,bulk\n"
    yield "column-missing", b"file,l4\na,b\n"
    yield "columns-too-many", head + b"a" + b",a" * 60 + b"\n"
    yield "line-short", head + b"a.pcap,tcp\n"
    yield "port-in-other-digits", head + "a.pcap,tcp,10.0.0.1,٣,10.0.0.2,²,bulk\n".encode()
    yield "port-of-many-digits", head + b"a.pcap,tcp,10.0.0.1," + b"9" * 700 + b",10.0.0.2,1,bulk\n"
    yield "labelled-twice", head + b"a,tcp,1.2.3.4,1,1.2.3.5,2,bulk\n" + b"a,tcp,1.2.3.4,1,1.2.3.5,2,control\n"
    yield "quote-never-ends", head + b'"' + b"\n" * 300
    yield "zero-byte", head + b"a\0b,tcp,1.2.3.4,1,1.2.3.5,2,bulk\n"
    yield "not-utf8", head + b"\xff\xfe\n"
    yield "byte-order-mark", b"\xef\xbb\xbf" + head
    yield "carriage-returns", head.replace(b"\n", b"\r") + b"a,tcp,1.2.3.4,1,1.2.3.5,2,bulk\r"
    yield "header-twice", head * 2


def job_seeds() -> Seeds:
    least = {"id": "1", "class": "gradient", "hosts": ["10.0.0.1"]}
    more: dict[str, dict[str, object]] = {
        "least": {}, "all": {"ports": [80, "100-200"], "transport": "tcp", "slice": "a", "peers": "any",
                             "period_s": 0.5, "bytes": "400 MB", "ttl_s": 60, "owner": "me", "why": "so"},
        "network": {"hosts": ["10.0.0.0/8", "2001:db8::/32"]}, "network-of-all": {"hosts": ["0.0.0.0/0", "::/0"]},
        "mac": {"hosts": ["02:00:00:00:00:0A"]}, "name": {"hosts": ["h1"]}, "host-bits": {"hosts": ["10.0.0.1/8"]},
        "host-is-a-number": {"hosts": [1, 2.5, None, True, 1 << 200]}, "no-host": {"hosts": []},
        "scope": {"hosts": ["fe80::1%eth0"]}, "ports-backwards": {"ports": ["9-1"]}, "ports-negative": {"ports": ["-1--5"]},
        "size-infinite": {"bytes": 1e999}, "size-in-words": {"bytes": "9" * 400 + " TB"}, "size-nan": {"bytes": "nan MB"},
        "size-exponent": {"bytes": "1e308 TB"}, "unknown-word": {"colour": "red"},
    }
    for name, changes in more.items():
        yield name, json.dumps({**least, **changes}).encode()
    yield "nested", b"[" * 900
    yield "not-a-job", b"17"
    yield "number-of-many-digits", b'{"id":"1","class":"bulk","hosts":["::"],"period_s":' + b"9" * 900 + b"}"
    yield "surrogate", b'{"id":"1","class":"bulk","hosts":["\\ud800"],"owner":"\\udfff"}'
    yield "member-twice", b'{"id":"1","id":"2","class":"bulk","hosts":["10.0.0.1","10.0.0.1"]}'


def header_seeds() -> Seeds:
    for name, seed in frame_seeds():
        if seed[0] == list(LINK_TYPES).index(1) and len(seed) < 256:
            yield name, b"\0" + seed[2:]
    for kind in (135, 136):
        yield f"neighbour-discovery-{kind}", b"\0" + ethernet(
            ipv6(bytes([kind]) + bytes(7) + bytes(16), 58).replace(b"\x3a\x40", b"\x3a\xff", 1), 0x86DD)
    arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + bytes(20)
    yield "arp-request", b"\0" + ethernet(arp, 0x0806)
    yield "group-source", b"\0" + bytes(6) + b"\1" + bytes(7)


def discovery_seeds() -> Seeds:
    ours = lldp.encode(lldp.Probe(1, 2, 3, 4), KEY)
    yield "ours", ours
    yield "of-another-key", lldp.encode(lldp.Probe(1, 2, 3, 4), KEY[::-1])
    yield "ours-and-more", ours + bytes(9)
    yield "ours-cut", ours[:-4]
    head = ours[:14]
    ids = b"\x02\x02\x07a" + b"\x04\x02\x07b" + b"\x06\x02\0\x78"
    yield "of-another", head + ids + b"\xfe\x05\x00\x80\xc2\x01\x01" + b"\0\0"
    yield "entries-of-nothing", head + ids + b"\x08\0" * 200
    yield "entry-longest", head + ids + b"\xff\xff" + bytes(300)
    yield "without-end", head + ids
    yield "not-lldp", ethernet(bytes(40))


def wire_seeds() -> Seeds:
    def message(kind: int, body: bytes, version: int = 4) -> bytes:
        return struct.pack("!BBHI", version, kind, 8 + len(body), 7) + body

    properties = {
        "copy": struct.pack("!HHH2xHHI", 0, 6, 1200, 5, 8, 7), "copy-of-nothing": b"",
        "property-of-zero": bytes(8), "property-unknown": struct.pack("!HH4x", 9, 8),
        "property-too-long": struct.pack("!HH4x", 0, 200), "property-longest": struct.pack("!HH", 5, 0xFFF0),
    }
    match = struct.pack("!HHII", 1, 12, 0x80000004, 3) + bytes(4)
    for name, body in properties.items():
        yield f"nicira-{name}", b"\xff" + bytes(6) + body
        action = struct.pack("!IH", 0x2320, 37) + bytes(6) + body
        action = struct.pack("!HH", 0xFFFF, (4 + len(action) + 7) // 8 * 8) + action
        action = action.ljust((len(action) + 7) // 8 * 8, b"\0")
        apply = struct.pack("!HH4x", 4, 8 + len(action)) + action
        fixed = struct.pack("!HBxIIHHHH4xQQQ", 48 + len(match) + len(apply), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
        yield f"flow-{name}", message(19, struct.pack("!HH4x", 1, 0) + fixed + match + apply)
    for name, data in built():
        if len(data) <= _MOST_MESSAGE:
            yield f"valid-{re.sub('[^a-z0-9]+', '-', str(name).lower()).strip('-')}", data
    yield "hello", message(0, struct.pack("!HHI", 1, 8, 0x10))
    yield "packet-in", message(10, struct.pack("!IHBBQ", 9, 60, 0, 0, 1) + match + bytes(2) + FRAME)
    yield "features", message(6, bytes(24))
    yield "port-status", message(12, bytes(72))
    yield "error", message(1, bytes(12))
    yield "of-version-1", message(0, b"", 1)
    yield "match-of-zero", message(10, struct.pack("!IHBBQ", 9, 60, 0, 0, 1) + bytes(16))


def classify_seeds() -> Seeds:
    def talk(client: bytes, server: bytes) -> list[bytes]:
        ends = {"sport": 5000, "dport": 40000}
        return [ethernet(ipv4(tcp(b"", flags=SYN, seq=0))),
                ethernet(ipv4(tcp(b"", flags=SYN | ACK, seq=8, **ends), src="10.0.0.2", dst="10.0.0.1")),
                ethernet(ipv4(tcp(client, seq=1))),
                ethernet(ipv4(tcp(server, seq=9, **ends), src="10.0.0.2", dst="10.0.0.1"))]

    http = talk(b"GET /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n# HELP a b\n")
    yield "http", pcap(http)
    yield "http-cut-frames", pcap(http, cut=60)
    yield "http-cut-file", pcap(http)[:-50]
    yield "http-pcapng", section() + interface() + b"".join(map(enhanced, http))
    yield "malformed-in-between", pcap([http[2], ethernet(b"\x60" + bytes(60)), http[3]])
    parts = [ethernet(ipv4(udp(b"a" * 32)[:32], 17, part=0x2000 | at)) for at in range(12)]
    yield "fragments-overlapping", pcap(parts * 2)
    yield "segments-overlapping", pcap([ethernet(ipv4(tcp(b"0123456789", seq=n % 7))) for n in range(40)])
    yield "flows-from-everywhere", pcap(
        [ethernet(ipv4(tcp(b"x", sport=n), src=f"10.0.{n}.1")) for n in range(60)])


SEEDS = {
    "capture": capture_seeds, "zipped": zipped_seeds, "frames": frame_seeds, "flows": flow_seeds,
    "opening": opening_seeds, "signatures": signature_seeds, "http1": http1_seeds, "http2": http2_seeds,
    "tls": tls_seeds, "quic": quic_seeds, "labels": label_seeds, "jobs": job_seeds, "headers": header_seeds,
    "lldp": discovery_seeds, "wire": wire_seeds, "classify": classify_seeds,
}


def recorded(captures: list[str]) -> Seeds:
    """Short openings, one of each protocol and role."""
    hints = Hints.of(load_policy(None))
    found: set[tuple[object, ...]] = set()
    for name in captures:
        heads: dict[object, tuple[bytes, bytes]] = {}
        flows = Classifier(hints)
        try:
            for time, link_type, frame, length in read_capture(name):
                try:
                    packet = parse(frame, link_type, length)
                except FrameError:
                    continue
                if packet is None or packet.transport not in (TCP, UDP):
                    continue
                flows.take(time, packet)
                flow = flows.flow_of(packet)
                if flow is None or not packet.payload:
                    continue
                side = Side.CLIENT if packet.src == flow.key.client and \
                    packet.sport == flow.key.cport else Side.SERVER
                both = list(heads.get(flow.key, (b"", b"")))
                if len(both[side]) < OPENING_BYTES and (packet.transport == TCP or not both[side]):
                    both[side] = (both[side] + packet.payload)[:OPENING_BYTES]
                heads[flow.key] = both[0], both[1]
        except CaptureError as error:
            print(error, file=sys.stderr)
        yield from _openings(heads, found)


def _openings(heads: dict[object, tuple[bytes, bytes]], found: set[tuple[object, ...]]) -> Seeds:
    for key, whole_sides in sorted(heads.items(), key=lambda one: len(one[1][0] + one[1][1])):
        transport = key[1]  # type: ignore[index]
        whole = identify(transport, 0, *whole_sides)
        client, server = (side[:_MOST_RECORDED] for side in whole_sides)
        short = identify(transport, 0, client, server)
        if whole is None or short is None:
            continue
        kind = (transport, short.protocol, short.role, bool(client), bool(server))
        if kind not in found:
            found.add(kind)
            words = re.sub(r"[^a-z0-9]+", "-", f"{short.protocol} {short.role}".lower()).strip("-")
            sides = "both" if client and server else "client" if client else "server"
            yield f"recorded-{words}-{sides}", from_sides(client, server, transport)


def write(target: str, seeds: Seeds) -> int:
    """Puts seeds in the corpus."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, (name, data) in enumerate(seeds, 1):  # noqa: B007
        (folder / name).write_bytes(data)
    return count


def main() -> None:
    """Writes."""
    if sys.argv[1:]:
        print("signatures", write("signatures", recorded(sys.argv[1:])))
        return
    for target, seeds in SEEDS.items():
        print(target, write(target, seeds()))


if __name__ == "__main__":
    main()
