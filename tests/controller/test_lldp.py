"""A probe comes back as it was sent, and nothing else is taken for one."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.contrib.lldp import (
    LLDPDUChassisID,
    LLDPDUEndOfLLDPDU,
    LLDPDUGenericOrganisationSpecific,
    LLDPDUPortID,
    LLDPDUSystemName,
    LLDPDUTimeToLive,
)
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether

from controller.headers import parse
from controller.lldp import LldpError, LldpReason, Probe, decode, encode

KEY = b"0123456789abcdef"
PROBE = Probe(dpid=0x1F, port=3, nonce=1 << 63, sent_at_ms=1_700_000_000_000)
FRAME = encode(PROBE, KEY)
PROBES = st.builds(
    Probe,
    dpid=st.integers(0, 2**64 - 1),
    port=st.integers(0, 2**32 - 1),
    nonce=st.integers(0, 2**64 - 1),
    sent_at_ms=st.integers(0, 2**64 - 1),
)
NEIGHBOUR = (
    Ether(src="02:00:00:00:00:01", dst="01:80:c2:00:00:0e", type=0x88CC)
    / LLDPDUChassisID(subtype=4, id="02:00:00:00:00:01")
    / LLDPDUPortID(subtype=5, id=b"eth0")
    / LLDPDUTimeToLive(ttl=120)
)
FOREIGN = bytes(NEIGHBOUR / LLDPDUSystemName(system_name=b"host") / LLDPDUEndOfLLDPDU())
OTHER_ORGANISATION = LLDPDUGenericOrganisationSpecific(org_code=0x0080C2, subtype=1, data=b"\0\1")
OUR_ORGANISATION = LLDPDUGenericOrganisationSpecific(org_code=0x024857, subtype=1, data=b"\0\1")


def refusal(frame: bytes, key: bytes = KEY) -> LldpReason:
    with pytest.raises(LldpError) as caught:
        decode(frame, key)
    assert str(caught.value) == caught.value.reason.value
    return caught.value.reason


@given(PROBES, st.binary(min_size=16, max_size=40))
@settings(max_examples=100, deadline=None)
def test_a_probe_comes_back(probe: Probe, key: bytes) -> None:
    assert decode(encode(probe, key), key) == probe


def test_the_frame_conforms() -> None:
    """Scapy reads it as LLDP, with the mandatory elements in their order."""
    read = Ether(FRAME)
    assert read.dst == "01:80:c2:00:00:0e"
    kinds = [LLDPDUChassisID, LLDPDUPortID, LLDPDUTimeToLive]
    kinds += [LLDPDUGenericOrganisationSpecific, LLDPDUEndOfLLDPDU]
    assert read.layers()[2:] == kinds
    assert read[LLDPDUTimeToLive].ttl == 120
    assert parse(FRAME).eth_type == 0x88CC
    assert len(FRAME) >= 60, "a shorter frame would be padded on the way"


@pytest.mark.parametrize("at", range(14, len(FRAME)))
def test_a_change_anywhere_is_noticed(at: int) -> None:
    changed = bytearray(FRAME)
    changed[at] ^= 1
    assert refusal(bytes(changed)) is not LldpReason.NOT_LLDP


@pytest.mark.parametrize("at", range(12))
def test_a_changed_address_is_noticed(at: int) -> None:
    changed = bytearray(FRAME)
    changed[at] ^= 1
    assert refusal(bytes(changed)) is LldpReason.FORGED


def test_forged() -> None:
    assert refusal(FRAME, b"another key of ours") is LldpReason.FORGED
    assert refusal(FRAME + b"\0") is LldpReason.FORGED
    assert refusal(bytes(NEIGHBOUR / OUR_ORGANISATION)) is LldpReason.FORGED
    other = encode(Probe(0x20, 3, PROBE.nonce, PROBE.sent_at_ms), KEY)
    assert refusal(other[:-18] + FRAME[-18:]) is LldpReason.FORGED


@pytest.mark.parametrize(
    "frame",
    [
        FOREIGN,
        FOREIGN + bytes(10),
        bytes(NEIGHBOUR),
        bytes(NEIGHBOUR / OTHER_ORGANISATION / LLDPDUEndOfLLDPDU()),
    ],
    ids=["a host's", "padded", "without an end", "with an organisation's own"],
)
def test_foreign(frame: bytes) -> None:
    assert refusal(frame) is LldpReason.FOREIGN


@pytest.mark.parametrize(
    "frame",
    [b"", FRAME[:13], bytes(Ether() / IP()), FRAME[:12] + b"\x81\0\0\1" + FRAME[12:]],
    ids=["empty", "less than Ethernet", "IP", "tagged"],
)
def test_not_lldp(frame: bytes) -> None:
    assert refusal(frame) is LldpReason.NOT_LLDP


def raw(*tlvs: tuple[int, bytes]) -> bytes:
    return FRAME[:14] + b"".join(
        struct.pack("!H", kind << 9 | len(body)) + body for kind, body in tlvs
    )


CHASSIS, PORT, TTL, END = (1, b"\x07a"), (2, b"\x07b"), (3, b"\0\x78"), (0, b"")


@pytest.mark.parametrize(
    "frame",
    [
        raw(),
        raw(END),
        raw(PORT, CHASSIS, TTL, END),
        raw(CHASSIS, PORT, END),
        raw(CHASSIS, PORT),
        raw(CHASSIS, PORT, TTL, TTL, END),
        raw((1, b"\x07"), PORT, TTL, END),
        raw((1, bytes(300)), PORT, TTL, END),
        raw(CHASSIS, PORT, (3, b"\0"), END),
        raw(CHASSIS, PORT, TTL, (127, b"\x02HW"), END),
        raw(CHASSIS, PORT, TTL, (0, b"x")),
        raw(CHASSIS, PORT, TTL) + b"\x02",
        raw(CHASSIS, PORT, TTL) + b"\x0b\xff",
    ],
)
def test_malformed(frame: bytes) -> None:
    assert refusal(frame) is LldpReason.MALFORMED


@pytest.mark.parametrize("size", range(14, len(FRAME) - 2))
def test_a_cut_probe_is_refused(size: int) -> None:
    assert refusal(FRAME[:size]) in (LldpReason.MALFORMED, LldpReason.FOREIGN)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=100), st.sampled_from([0, 12, 14, 25, 36, 40]))
def test_any_bytes_are_refused(tail: bytes, keep: int) -> None:
    refusal(FRAME[:keep] + tail) if FRAME[:keep] + tail != FRAME else None


def test_a_long_chain_is_bounded() -> None:
    assert refusal(raw(CHASSIS, PORT, TTL, *[(9, b"")] * 4000)) is LldpReason.FOREIGN


@pytest.mark.parametrize(
    "field", [{"dpid": 1 << 64}, {"port": 1 << 32}, {"nonce": -1}, {"sent_at_ms": 1 << 64}]
)
def test_a_number_too_large(field: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(field))):
        Probe(**{"dpid": 1, "port": 1, "nonce": 1, "sent_at_ms": 1} | field)


def test_a_short_key_is_refused() -> None:
    for call in (lambda: encode(PROBE, b"short"), lambda: decode(FRAME, b"short")):
        with pytest.raises(ValueError, match="16 random bytes"):
            call()
