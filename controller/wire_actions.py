"""Actions (OpenFlow 1.3.5, 7.2.5) as `wire` checks them, with those of Open vSwitch.

`OVS` is ofp-actions.c of Open vSwitch.
"""

from controller.wire_match import (
    EXPERIMENTER,
    HAS_MASK,
    NICIRA,
    OXM_LENGTHS,
    rare_oxm,
)
from controller.wire_shape import (
    MAX_COPIED_BYTES,
    Buffer,
    Check,
    Reason,
    WireError,
    after,
    anything,
    between,
    elements,
    u16,
    u32,
    unknown,
)

# --- Actions (7.2.5) ---------------------------------------------------------------------------

_ACTION_SIZES = {0: 16} | dict.fromkeys((11, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27), 8)


def _set_field(buffer: Buffer, at: int, end: int) -> None:
    """One unmasked match field, padded to a multiple of 8 bytes (7.2.5.6)."""
    (header,) = u32(buffer, at + 4)
    if header & HAS_MASK:
        raise WireError(Reason.UNKNOWN_ELEMENT, at + 4)
    length = OXM_LENGTHS.get(header) or rare_oxm(buffer, at + 4, end, header)
    if 4 + length + 7 & ~7 != end - at:
        raise WireError(Reason.WRONG_SIZE, at)


def _field_name(buffer: Buffer, at: int, end: int) -> None:
    """A bare match field header, which names a field inside a Nicira action."""
    if end - at < 4:
        raise WireError(Reason.TRUNCATED, at)
    (header,) = u32(buffer, at)
    if header >> 16 == EXPERIMENTER or header & HAS_MASK or not header & 0xFF:
        raise WireError(Reason.UNKNOWN_ELEMENT, at)


def _field_name_or_none(buffer: Buffer, at: int, end: int) -> None:
    if u32(buffer, at) != (0,):
        _field_name(buffer, at, end)


def _counted(count_at: int, first_at: int) -> Check:
    """A counted list of 16-bit numbers: controllers, or ports of a bundle."""

    def inside(buffer: Buffer, at: int, end: int) -> None:
        (count,) = u16(buffer, at + count_at)
        if at + first_at + 2 * count > end:
            raise WireError(Reason.OVERRUN, at + count_at)

    return inside


def _bundle(buffer: Buffer, at: int, end: int) -> None:
    _field_name_or_none(buffer, at + 24, end)
    _counted(20, 32)(buffer, at, end)


def _register_load(buffer: Buffer, at: int, end: int) -> None:
    """A whole match field straight after the subtype (OVS: NXAST_REG_LOAD2)."""
    (header,) = u32(buffer, at + 10)
    length = OXM_LENGTHS.get(header) or rare_oxm(buffer, at + 10, end, header)
    if length > end - at - 10:
        raise WireError(Reason.OVERRUN, at + 10)


def _learn(buffer: Buffer, at: int, end: int) -> None:
    """Flow specifications of NXAST_LEARN: zeros are padding, bits 11-13 say what follows."""
    at += 32
    while end - at >= 2:
        (spec,) = u16(buffer, at)
        at += 2
        if not spec:
            continue
        target = spec >> 11 & 3
        if target == 3:
            raise WireError(Reason.UNKNOWN_ELEMENT, at - 2)
        if spec & 1 << 13:
            at += ((spec & 0x3FF) + 15) // 16 * 2  # an immediate value, in 16-bit words
        else:
            _field_name(buffer, at, end)
            at += 6
        if target != 2:
            _field_name(buffer, at, end)
            at += 6
    if at != end:
        raise WireError(Reason.OVERRUN, end)


def _nat(buffer: Buffer, at: int, end: int) -> None:
    """The ranges named by a bit map: two IPv4, two IPv6 addresses, two ports."""
    (present,) = u16(buffer, at + 14)
    ranges = (size for bit, size in enumerate((4, 4, 16, 16, 2, 2)) if present >> bit & 1)
    if sum(ranges) > end - at - 16:
        raise WireError(Reason.OVERRUN, at + 14)


def _connection_track(buffer: Buffer, at: int, end: int) -> None:
    _field_name_or_none(buffer, at + 12, end)
    _inner_actions(buffer, at + 24, end)


_packet_in_options = elements(  # of NXAST_CONTROLLER2
    4,
    {},
    dict.fromkeys((0, 1, 2, 4, 5), between(4, 8)) | {3: between(5, MAX_COPIED_BYTES)},
    align=8,
)


def _fields(*places: int) -> Check:
    def inside(buffer: Buffer, at: int, end: int) -> None:
        for place in places:
            _field_name(buffer, at + place, end)

    return inside


# Subtype to (smallest size, what is inside); not here: 16 bytes or more, nothing inside.
_NICIRA_ACTIONS: dict[int, tuple[int, Check]] = {
    6: (24, _fields(16, 20)),  # move
    7: (24, anything),  # load
    9: (24, anything),  # set_tunnel64
    10: (32, _fields(28)),  # multipath
    12: (32, _bundle),
    13: (32, _bundle),
    15: (24, _fields(12)),  # output to the port in a register
    16: (32, _learn),
    21: (16, _counted(10, 16)),  # dec_ttl, telling some controllers
    27: (24, _fields(12)),  # push
    28: (24, _fields(12)),  # pop
    29: (24, anything),  # sample
    32: (24, _fields(14)),
    33: (16, _register_load),
    35: (24, unknown),  # ct, which cannot be inside ct
    36: (16, _nat),
    37: (16, after(16, _packet_in_options)),
    38: (32, anything),  # sample
}


def _experimenter_action(nicira: dict[int, tuple[int, Check]]) -> Check:
    """Only Nicira's are read further by the library."""

    def inside(buffer: Buffer, at: int, end: int) -> None:
        if end - at & 7:
            raise WireError(Reason.WRONG_SIZE, at)
        if u32(buffer, at + 4) != (NICIRA,):
            return
        between(16, MAX_COPIED_BYTES)(buffer, at, end)
        minimum, body = nicira.get(u16(buffer, at + 8)[0], (16, anything))
        if end - at < minimum:
            raise WireError(Reason.TOO_SHORT, at)
        body(buffer, at, end)

    return inside


def _action_list(nicira: dict[int, tuple[int, Check]]) -> Check:
    others = {25: _set_field, EXPERIMENTER: _experimenter_action(nicira)}
    return elements(8, _ACTION_SIZES, others)


_inner_actions = _action_list(_NICIRA_ACTIONS)
ACTIONS = _action_list(_NICIRA_ACTIONS | {35: (24, _connection_track)})
