"""Match fields (OpenFlow 1.3.5, 7.2.3) as `wire` checks them: lengths by class and field.

Sections are of the OpenFlow Switch Specification 1.3.5.
"""

from controller.wire_shape import (
    Buffer,
    Reason,
    WireError,
    type_length,
    u16,
    u32,
)

# --- Match fields (7.2.3) ----------------------------------------------------------------------

EXPERIMENTER = 0xFFFF
NICIRA, _NSH, ONF = 0x00002320, 0x005AD650, 0x4F4E4600

# Payload bytes by class and field: table 12, and those of Open vSwitch the library knows.
_OXM_PAYLOADS: dict[int, dict[int, int]] = {
    0x8000: dict(enumerate((
        4, 4, 8, 6, 6, 2, 2, 1, 1, 1, 1, 4, 4, 2, 2, 2, 2, 2, 2, 1,  # in_port to icmpv4_type
        1, 2, 4, 4, 6, 6, 16, 16, 4, 1, 1, 16, 6, 6, 4, 1, 1, 3, 8, 2,  # to ipv6_exthdr
    ))),
    0x8001: dict.fromkeys(range(8), 8),
    0x0000: dict(enumerate((2, 6, 6, 2, 2, 1, 1, 4, 4, 2, 2, 2, 2, 1, 1, 2, 4, 4))),
    0x0001: (
        dict.fromkeys((*range(16), 27, 31, 32, 33, 36, 37, 105, 107), 4)
        | dict.fromkeys((17, 18, 24, 25), 6)
        | dict.fromkeys((19, 20, 23, 108, 109, 110, 111, 112, 113, 114), 16)
        | dict.fromkeys((21, 22, 26, 28, 29, 30, 39), 1)
        | dict.fromkeys((34, 38, 104, 106), 2)
        | {16: 8}
    ),
}  # fmt: skip
# The bytes after the header of the experimenter fields, by experimenter and field; it raises on
# any other. ONF field 0 (pbb_uca) holds a 16-bit type more.
_OXM_EXPERIMENTER = (
    {(NICIRA, 0): 4, (ONF, 42): 2, (ONF, 43): 4, (ONF, 0): 1}
    | dict.fromkeys(((_NSH, field) for field in (1, 2, 3, 5, 10)), 1)
    | dict.fromkeys(((_NSH, field) for field in (4, 6, 7, 8, 9)), 4)
)
_ONF_PBB_UCA = 2560
HAS_MASK = 1 << 8
IN_PORT = 0x80000004

# The whole header of every known field, without and with a mask, to its length with the header.
OXM_LENGTHS = {
    oxm_class << 16 | field << 9 | masked << 8 | payload << masked: 4 + (payload << masked)
    for oxm_class, fields in _OXM_PAYLOADS.items()
    for field, payload in fields.items()
    for masked in (0, 1)
}
_KNOWN_FIELDS = {header >> 9 for header in OXM_LENGTHS}


def rare_oxm(buffer: Buffer, at: int, end: int, header: int) -> int:
    """Length of a field outside `OXM_LENGTHS`: of an experimenter, or unknown."""
    payload, masked = header & 0xFF, header >> 8 & 1
    if header >> 16 == EXPERIMENTER:
        _experimenter_oxm(buffer, at, end, header)
    elif header >> 9 in _KNOWN_FIELDS or not payload >> masked:
        raise WireError(Reason.WRONG_SIZE, at)
    return 4 + payload


def _experimenter_oxm(buffer: Buffer, at: int, end: int, header: int) -> None:
    if end - at < 10:
        raise WireError(Reason.TRUNCATED, at)
    (experimenter,) = u32(buffer, at + 4)
    field, masked = header >> 9 & 0x7F, header >> 8 & 1
    payload = _OXM_EXPERIMENTER.get((experimenter, field))
    typed = experimenter == ONF and field == 0
    if payload is None or (typed and u16(buffer, at + 8) != (_ONF_PBB_UCA,)):
        raise WireError(Reason.UNKNOWN_ELEMENT, at)
    if header & 0xFF != (6 if typed else 4) + (payload << masked):
        raise WireError(Reason.WRONG_SIZE, at)


def match_end(buffer: Buffer, at: int, end: int) -> int:
    """Checks a match structure (7.2.3.1) and gives the byte after its padding."""
    if end - at < 8:
        raise WireError(Reason.TRUNCATED, at)
    kind, length = type_length(buffer, at)
    stop: int = at + length
    after: int = at + (length + 7 & ~7)
    if kind != 1:
        raise WireError(Reason.UNKNOWN_ELEMENT, at)
    if length < 4:
        raise WireError(Reason.TOO_SHORT, at)
    if after > end:
        raise WireError(Reason.OVERRUN, at)
    at += 4
    last = stop - 4
    while at <= last:
        (header,) = u32(buffer, at)
        at += OXM_LENGTHS.get(header) or rare_oxm(buffer, at, stop, header)
    if at != stop:
        raise WireError(Reason.OVERRUN, stop)
    return after
