"""Our discovery frames: what they say, and how a forged one is told from ours.

Owns the bytes of a probe, an LLDP frame (IEEE 802.1AB) that a bridge does not forward, and the
sorting of whatever LLDP comes in. Must not: know the time, remember a nonce, or decide what a
relayed or late probe means; `Probe` carries what that takes.

    chassis id | port id | time to live | ours: datapath, port, nonce, sent, HMAC | end
"""

import hmac
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Final, NoReturn

NEAREST_BRIDGE: Final = bytes.fromhex("0180c200000e")  # IEEE 802.1AB, table 7-1
ETH_TYPE: Final = 0x88CC
MIN_KEY_BYTES: Final = 16

# Neither is assigned by the IEEE: both have the bit for local administration (IEEE 802, 8.2).
_OUI = b"\x02HW"
_SOURCE_PREFIX = b"\x02HW"
_PROBE_SUBTYPE = 1
_TTL_S = 120
_LOCALLY_ASSIGNED = 7  # subtype of the chassis and port ids (IEEE 802.1AB, 8.5.2 and 8.5.3)
_END, _CHASSIS, _PORT, _TTL, _ORGANISATION = 0, 1, 2, 3, 127
_MAC_BYTES = 16
_ETHERNET_BYTES = 14
_ANY_SIZE = range(512)
_SIZES = {_END: range(1), _ORGANISATION: range(4, 512)}
# Types and sizes of the three TLVs every frame begins with (8.5.2 to 8.5.4).
_MANDATORY = ((_CHASSIS, range(2, 257)), (_PORT, range(2, 257)), (_TTL, range(2, 512)))


def _tlv(kind: int, size: int) -> int:
    """A TLV header: 7 bits of type, 9 of length (8.4.1)."""
    return kind << 9 | size


_ours = struct.Struct("!3sBQIQQ")
_frame = struct.Struct(f"!6s6sH HBQ HBI HH H{_ours.size}s{_MAC_BYTES}sH")
_FIELDS_AT = _frame.size - 2 - _MAC_BYTES - _ours.size


class LldpReason(Enum):
    """Why a frame is not a probe of ours."""

    NOT_LLDP = "not an LLDP frame"
    MALFORMED = "an LLDP frame that breaks the format"
    FOREIGN = "LLDP of another device"
    FORGED = "a probe with our identifier that was not made with our key"


class LldpError(ValueError):
    """A frame that is no probe of ours.

    Attributes:
        reason: what it is instead.
    """

    def __init__(self, reason: LldpReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Probe:
    """One discovery frame, sent out of one port.

    Attributes:
        dpid: datapath id of the sending switch, 64 bits.
        port: OpenFlow port number it leaves by, 32 bits.
        nonce: 64 random bits, to know an old frame again.
        sent_at_ms: the sender's clock, in milliseconds, 64 bits.

    Raises:
        ValueError: a number does not fit in its bits.
    """

    dpid: int
    port: int
    nonce: int
    sent_at_ms: int

    def __post_init__(self) -> None:
        for name, bits in (("dpid", 64), ("port", 32), ("nonce", 64), ("sent_at_ms", 64)):
            if not 0 <= getattr(self, name) < 1 << bits:
                raise ValueError(f"{name} must be a number of {bits} bits without a sign")


def encode(probe: Probe, key: bytes) -> bytes:
    """The frame to send out of `probe.port`.

    The HMAC-SHA256, cut to 16 bytes, covers every other byte of the frame.

    Raises:
        ValueError: the key has less than 16 bytes.
    """
    _require(key)
    blank = _pack(probe, bytes(_MAC_BYTES))
    return _pack(probe, hmac.digest(key, blank, "sha256")[:_MAC_BYTES])


def decode(frame: bytes, key: bytes) -> Probe:
    """The probe in a frame that was made with this key.

    Raises:
        LldpError: it is anything else; `reason` says what.
        ValueError: the key has less than 16 bytes.
    """
    _require(key)
    if len(frame) < _ETHERNET_BYTES or frame[12:14] != ETH_TYPE.to_bytes(2, "big"):
        _refuse(LldpReason.NOT_LLDP)
    if not _claims_to_be_ours(frame):
        _refuse(LldpReason.FOREIGN)
    if len(frame) != _frame.size:
        _refuse(LldpReason.FORGED)
    _, _, dpid, port, nonce, sent_at_ms = _ours.unpack_from(frame, _FIELDS_AT)
    probe = Probe(dpid, port, nonce, sent_at_ms)
    # There is one frame for a probe and a key, so the frame is compared whole.
    if not hmac.compare_digest(encode(probe, key), frame):
        _refuse(LldpReason.FORGED)
    return probe


def _require(key: bytes) -> None:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"the discovery key needs at least {MIN_KEY_BYTES} random bytes")


def _pack(probe: Probe, mac: bytes) -> bytes:
    source = _SOURCE_PREFIX + probe.dpid.to_bytes(8, "big")[-3:]
    return _frame.pack(
        *(NEAREST_BRIDGE, source, ETH_TYPE),
        *(_tlv(_CHASSIS, 9), _LOCALLY_ASSIGNED, probe.dpid),
        *(_tlv(_PORT, 5), _LOCALLY_ASSIGNED, probe.port),
        *(_tlv(_TTL, 2), _TTL_S),
        _tlv(_ORGANISATION, _ours.size + _MAC_BYTES),
        _ours.pack(_OUI, _PROBE_SUBTYPE, probe.dpid, probe.port, probe.nonce, probe.sent_at_ms),
        mac,
        _tlv(_END, 0),
    )


def _claims_to_be_ours(frame: bytes) -> bool:
    """Walks the TLVs of a frame, at most one per two bytes, in search of our identifier."""
    at, ours, mandatory = _ETHERNET_BYTES, False, list(_MANDATORY)
    while at < len(frame):
        kind, body = _next_tlv(frame, at)
        at += 2 + len(body)
        if mandatory:
            expected, sizes = mandatory.pop(0)
            if kind != expected or len(body) not in sizes:
                _refuse(LldpReason.MALFORMED)
        elif kind in (_CHASSIS, _PORT, _TTL) or len(body) not in _SIZES.get(kind, _ANY_SIZE):
            _refuse(LldpReason.MALFORMED)
        elif kind == _END:
            break  # what follows is padding of the link
        ours = ours or (kind == _ORGANISATION and body[:3] == _OUI)
    if mandatory:
        _refuse(LldpReason.MALFORMED)
    return ours


def _next_tlv(frame: bytes, at: int) -> tuple[int, bytes]:
    header = int.from_bytes(frame[at : at + 2], "big")
    kind, after = header >> 9, at + 2 + (header & 0x1FF)
    if after > len(frame):
        _refuse(LldpReason.MALFORMED)
    return kind, frame[at + 2 : after]


def _refuse(reason: LldpReason) -> NoReturn:
    raise LldpError(reason)
