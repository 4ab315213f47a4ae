"""The check in front of the OpenFlow library: every nested length of one message from a switch.

Owns the shape of the OpenFlow 1.3 messages a switch may send, as tables read bottom-up: match
fields, actions, instructions, multipart bodies, messages. The library walks lists by the lengths
it finds in them, so one zero freezes it for ever, and it raises on much of what it does not know.
What passes `check` it parses without either. Must not: parse into objects, log, know a peer.

Sections are of the OpenFlow Switch Specification 1.3.5, `OVS` is ofp-actions.c of Open vSwitch.
"""

import struct
from collections.abc import Callable
from enum import Enum
from typing import NoReturn, TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
Check: TypeAlias = Callable[[Buffer, int, int], None]  # (message, first byte, byte after the last)

# The library copies what is left of these lists at each element, so their cost grows with the
# square of their length. Real ones are a fraction of this.
_MAX_COPIED_BYTES = 4096
_MAX_TABLE_BYTES = 16384
_MAX_HELLO_BYTES = 1024  # read before anything is known about the peer
_ANY_LENGTH = 0xFFFF

_header = struct.Struct("!BBHI").unpack_from
_u16 = struct.Struct("!H").unpack_from
_type_length = struct.Struct("!HH").unpack_from
_u32 = struct.Struct("!I").unpack_from


class Reason(Enum):
    """Why a message was refused."""

    TRUNCATED = "ends inside a structure"
    TOO_SHORT = "a length below the minimum of its structure"
    TOO_LONG = "a structure longer than any real one"
    OVERRUN = "a length past the end of what holds it"
    WRONG_SIZE = "not the size its type declares"
    WRONG_VERSION = "an OpenFlow version that is not spoken here"
    WRONG_DIRECTION = "a message only a controller may send"
    UNKNOWN_TYPE = "an unknown message type"
    UNKNOWN_ELEMENT = "an element of a type that cannot be read"
    NOT_ASKED_FOR = "an extension that was never switched on"
    BAD_TEXT = "text that is not UTF-8, or not ASCII where that is required"
    NO_IN_PORT = "a packet-in without the port it came in"


class WireError(ValueError):
    """A message that must not reach the library's parser.

    Attributes:
        reason: what is wrong.
        offset: byte of the message where it was noticed.
    """

    def __init__(self, reason: Reason, offset: int) -> None:
        super().__init__(f"byte {offset}: {reason.value}")
        self.reason = reason
        self.offset = offset


# --- The vocabulary: checks made from sizes and from other checks ------------------------------


def _anything(buffer: Buffer, at: int, end: int) -> None:
    """Opaque bytes."""


def _unknown(buffer: Buffer, at: int, end: int) -> NoReturn:
    raise WireError(Reason.UNKNOWN_ELEMENT, at)


def _between(fewest: int, most: int) -> Check:
    """Opaque, of a bounded size in bytes."""

    def inside(buffer: Buffer, at: int, end: int) -> None:
        if end - at < fewest:
            raise WireError(Reason.TRUNCATED, at)
        if end - at > most:
            raise WireError(Reason.TOO_LONG, at)

    return inside


def _text(skip: int, size: int, encoding: str = "utf-8") -> Check:
    """A text field; the library hands it on undecoded, and its callers decode it."""

    def inside(buffer: Buffer, at: int, end: int) -> None:
        try:
            str(buffer[at + skip : min(at + skip + size, end)], encoding)
        except UnicodeDecodeError as error:
            raise WireError(Reason.BAD_TEXT, at + skip + error.start) from None

    return inside


def _after(skip: int, inside: Check) -> Check:
    """A fixed part of `skip` bytes, then `inside`."""

    def whole(buffer: Buffer, at: int, end: int) -> None:
        if end - at < skip:
            raise WireError(Reason.TRUNCATED, at)
        inside(buffer, at + skip, end)

    return whole


def _records(size: int, fewest: int = 0, most: int = _ANY_LENGTH, each: Check = _anything) -> Check:
    """`fewest` to `most` records of one fixed size."""

    def inside(buffer: Buffer, at: int, end: int) -> None:
        count, rest = divmod(end - at, size)
        if rest or not fewest <= count <= most:
            raise WireError(Reason.WRONG_SIZE, at)
        if each is not _anything:
            for record in range(at, end, size):
                each(buffer, record, record + size)

    return inside


def _exactly(size: int, each: Check = _anything) -> Check:
    return _records(size, 1, 1, each)


def _entries(fixed: int, inside: Check, length_at: int = 0, most: int = _ANY_LENGTH) -> Check:
    """A list of entries, each with a fixed part that holds its whole length, and a rest."""

    def walk(buffer: Buffer, at: int, end: int) -> None:
        while at < end:
            if end - at < fixed:
                raise WireError(Reason.TRUNCATED, at)
            (length,) = _u16(buffer, at + length_at)
            if not fixed <= length <= most:
                raise WireError(Reason.TOO_SHORT if length < fixed else Reason.TOO_LONG, at)
            if length > end - at:
                raise WireError(Reason.OVERRUN, at)
            inside(buffer, at + fixed, at + length)
            at += length

    return walk


def _elements(
    minimum: int,
    sizes: dict[int, int],
    others: dict[int, Check],
    *,
    default: Check = _unknown,
    align: int = 1,
    most: int = _ANY_LENGTH,
) -> Check:
    """A list of (type, length, ...) elements: of a fixed size, or checked by type.

    `align` is the padding after an element that its length leaves out.
    """

    def walk(buffer: Buffer, at: int, end: int) -> None:
        while at < end:
            if end - at < minimum:
                raise WireError(Reason.TRUNCATED, at)
            kind, length = _type_length(buffer, at)
            after = at + -(-length // align) * align
            if not minimum <= length <= most:
                raise WireError(Reason.TOO_SHORT if length < minimum else Reason.TOO_LONG, at)
            if after > end:
                raise WireError(Reason.OVERRUN, at)
            size = sizes.get(kind)
            if size is None:
                others.get(kind, default)(buffer, at, at + length)
            elif length != size:
                raise WireError(Reason.WRONG_SIZE, at)
            at = after

    return walk


# --- Match fields (7.2.3) ----------------------------------------------------------------------

_EXPERIMENTER = 0xFFFF
_NICIRA, _NSH, _ONF = 0x00002320, 0x005AD650, 0x4F4E4600

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
    {(_NICIRA, 0): 4, (_ONF, 42): 2, (_ONF, 43): 4, (_ONF, 0): 1}
    | dict.fromkeys(((_NSH, field) for field in (1, 2, 3, 5, 10)), 1)
    | dict.fromkeys(((_NSH, field) for field in (4, 6, 7, 8, 9)), 4)
)
_ONF_PBB_UCA = 2560
_HAS_MASK = 1 << 8
_IN_PORT = 0x80000004

# The whole header of every known field, without and with a mask, to its length with the header.
_OXM_LENGTHS = {
    oxm_class << 16 | field << 9 | masked << 8 | payload << masked: 4 + (payload << masked)
    for oxm_class, fields in _OXM_PAYLOADS.items()
    for field, payload in fields.items()
    for masked in (0, 1)
}
_KNOWN_FIELDS = {header >> 9 for header in _OXM_LENGTHS}


def _rare_oxm(buffer: Buffer, at: int, end: int, header: int) -> int:
    """Length of a field outside `_OXM_LENGTHS`: of an experimenter, or unknown."""
    payload, masked = header & 0xFF, header >> 8 & 1
    if header >> 16 == _EXPERIMENTER:
        _experimenter_oxm(buffer, at, end, header)
    elif header >> 9 in _KNOWN_FIELDS or not payload >> masked:
        raise WireError(Reason.WRONG_SIZE, at)
    return 4 + payload


def _experimenter_oxm(buffer: Buffer, at: int, end: int, header: int) -> None:
    if end - at < 10:
        raise WireError(Reason.TRUNCATED, at)
    (experimenter,) = _u32(buffer, at + 4)
    field, masked = header >> 9 & 0x7F, header >> 8 & 1
    payload = _OXM_EXPERIMENTER.get((experimenter, field))
    typed = experimenter == _ONF and field == 0
    if payload is None or (typed and _u16(buffer, at + 8) != (_ONF_PBB_UCA,)):
        raise WireError(Reason.UNKNOWN_ELEMENT, at)
    if header & 0xFF != (6 if typed else 4) + (payload << masked):
        raise WireError(Reason.WRONG_SIZE, at)


def _match(buffer: Buffer, at: int, end: int) -> int:
    """Checks a match structure (7.2.3.1) and gives the byte after its padding."""
    if end - at < 8:
        raise WireError(Reason.TRUNCATED, at)
    kind, length = _type_length(buffer, at)
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
        (header,) = _u32(buffer, at)
        at += _OXM_LENGTHS.get(header) or _rare_oxm(buffer, at, stop, header)
    if at != stop:
        raise WireError(Reason.OVERRUN, stop)
    return after


# --- Actions (7.2.5) ---------------------------------------------------------------------------

_ACTION_SIZES = {0: 16} | dict.fromkeys((11, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27), 8)


def _set_field(buffer: Buffer, at: int, end: int) -> None:
    """One unmasked match field, padded to a multiple of 8 bytes (7.2.5.6)."""
    (header,) = _u32(buffer, at + 4)
    if header & _HAS_MASK:
        raise WireError(Reason.UNKNOWN_ELEMENT, at + 4)
    length = _OXM_LENGTHS.get(header) or _rare_oxm(buffer, at + 4, end, header)
    if 4 + length + 7 & ~7 != end - at:
        raise WireError(Reason.WRONG_SIZE, at)


def _field_name(buffer: Buffer, at: int, end: int) -> None:
    """A bare match field header, which names a field inside a Nicira action."""
    if end - at < 4:
        raise WireError(Reason.TRUNCATED, at)
    (header,) = _u32(buffer, at)
    if header >> 16 == _EXPERIMENTER or header & _HAS_MASK or not header & 0xFF:
        raise WireError(Reason.UNKNOWN_ELEMENT, at)


def _field_name_or_none(buffer: Buffer, at: int, end: int) -> None:
    if _u32(buffer, at) != (0,):
        _field_name(buffer, at, end)


def _counted(count_at: int, first_at: int) -> Check:
    """A counted list of 16-bit numbers: controllers, or ports of a bundle."""

    def inside(buffer: Buffer, at: int, end: int) -> None:
        (count,) = _u16(buffer, at + count_at)
        if at + first_at + 2 * count > end:
            raise WireError(Reason.OVERRUN, at + count_at)

    return inside


def _bundle(buffer: Buffer, at: int, end: int) -> None:
    _field_name_or_none(buffer, at + 24, end)
    _counted(20, 32)(buffer, at, end)


def _register_load(buffer: Buffer, at: int, end: int) -> None:
    """A whole match field straight after the subtype (OVS: NXAST_REG_LOAD2)."""
    (header,) = _u32(buffer, at + 10)
    length = _OXM_LENGTHS.get(header) or _rare_oxm(buffer, at + 10, end, header)
    if length > end - at - 10:
        raise WireError(Reason.OVERRUN, at + 10)


def _learn(buffer: Buffer, at: int, end: int) -> None:
    """Flow specifications of NXAST_LEARN: zeros are padding, bits 11-13 say what follows."""
    at += 32
    while end - at >= 2:
        (spec,) = _u16(buffer, at)
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
    (present,) = _u16(buffer, at + 14)
    ranges = (size for bit, size in enumerate((4, 4, 16, 16, 2, 2)) if present >> bit & 1)
    if sum(ranges) > end - at - 16:
        raise WireError(Reason.OVERRUN, at + 14)


def _connection_track(buffer: Buffer, at: int, end: int) -> None:
    _field_name_or_none(buffer, at + 12, end)
    _inner_actions(buffer, at + 24, end)


_packet_in_options = _elements(  # of NXAST_CONTROLLER2
    4,
    {},
    dict.fromkeys((0, 1, 2, 4), _between(4, 8)) | {3: _between(5, _MAX_COPIED_BYTES)},
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
    7: (24, _anything),  # load
    9: (24, _anything),  # set_tunnel64
    10: (32, _fields(28)),  # multipath
    12: (32, _bundle),
    13: (32, _bundle),
    15: (24, _fields(12)),  # output to the port in a register
    16: (32, _learn),
    21: (16, _counted(10, 16)),  # dec_ttl, telling some controllers
    27: (24, _fields(12)),  # push
    28: (24, _fields(12)),  # pop
    29: (24, _anything),  # sample
    32: (24, _fields(14)),
    33: (16, _register_load),
    35: (24, _unknown),  # ct, which cannot be inside ct
    36: (16, _nat),
    37: (16, _after(16, _packet_in_options)),
    38: (32, _anything),  # sample
}


def _experimenter_action(nicira: dict[int, tuple[int, Check]]) -> Check:
    """Only Nicira's are read further by the library."""

    def inside(buffer: Buffer, at: int, end: int) -> None:
        if end - at & 7:
            raise WireError(Reason.WRONG_SIZE, at)
        if _u32(buffer, at + 4) != (_NICIRA,):
            return
        _between(16, _MAX_COPIED_BYTES)(buffer, at, end)
        minimum, body = nicira.get(_u16(buffer, at + 8)[0], (16, _anything))
        if end - at < minimum:
            raise WireError(Reason.TOO_SHORT, at)
        body(buffer, at, end)

    return inside


def _action_list(nicira: dict[int, tuple[int, Check]]) -> Check:
    others = {25: _set_field, _EXPERIMENTER: _experimenter_action(nicira)}
    return _elements(8, _ACTION_SIZES, others)


_inner_actions = _action_list(_NICIRA_ACTIONS)
_actions = _action_list(_NICIRA_ACTIONS | {35: (24, _connection_track)})

# --- Instructions (7.2.4), multipart bodies (7.3.5), queues (7.2.2) ----------------------------

# Goto-table, write-metadata and meter; write-, apply- and clear-actions.
_instructions = _elements(8, {1: 8, 2: 24, 6: 8}, dict.fromkeys((3, 4, 5), _after(8, _actions)))
_bands = _elements(16, {1: 16, 2: 16, _EXPERIMENTER: 16}, {})
_buckets = _entries(16, _actions)
_ports = _records(64, each=_text(16, 16))
_queue_properties = _elements(8, {1: 16, 2: 16}, {_EXPERIMENTER: _between(16, _MAX_COPIED_BYTES)})


def _flow(buffer: Buffer, at: int, end: int) -> None:
    _instructions(buffer, _match(buffer, at, end), end)


def _oxm_ids(buffer: Buffer, at: int, end: int) -> None:
    while end - at >= 4:
        at += 8 if _u16(buffer, at) == (_EXPERIMENTER,) else 4
    if at != end:
        raise WireError(Reason.OVERRUN, end)


def _experimenter_body(buffer: Buffer, at: int, end: int) -> None:
    """The library steps through it by 16 bytes, and reads 8 at each step."""
    _between(8, _MAX_COPIED_BYTES)(buffer, at, end)
    if 0 < (end - at) % 16 < 8:
        raise WireError(Reason.WRONG_SIZE, at)


_ids = _after(4, _elements(4, {}, {}, default=_anything))
_table_properties = _elements(
    4,
    {},
    dict.fromkeys((0, 1, 4, 5, 6, 7), _ids)  # instructions and actions
    | dict.fromkeys((8, 10, 12, 13, 14, 15), _after(4, _oxm_ids))
    | dict.fromkeys((0xFFFE, 0xFFFF), _after(12, _records(4))),
    default=_anything,
    align=8,
    most=_MAX_COPIED_BYTES,
)


def _table(buffer: Buffer, at: int, end: int) -> None:
    _text(-56, 32)(buffer, at, end)
    _table_properties(buffer, at, end)


_MULTIPART: dict[int, Check] = {
    0: _exactly(1056, _text(0, 1056)),  # description
    1: _entries(48, _flow),
    2: _exactly(24),  # aggregate
    3: _records(24),  # tables
    4: _records(112),  # port counters
    5: _records(40),  # queue counters
    6: _entries(40, _records(16)),  # group counters
    7: _entries(8, _buckets),  # groups
    8: _exactly(40),  # group features
    9: _entries(40, _records(16), length_at=4),  # meter counters
    10: _entries(8, _bands),  # meters
    11: _exactly(16),  # meter features
    12: _entries(64, _table, most=_MAX_TABLE_BYTES),
    13: _ports,
    _EXPERIMENTER: _experimenter_body,
}


def _multipart(buffer: Buffer, at: int, end: int) -> None:
    if end - at < 8:
        raise WireError(Reason.TRUNCATED, at)
    _MULTIPART.get(_u16(buffer, at)[0], _unknown)(buffer, at + 8, end)


# --- Messages (7.1, 7.3, 7.4, 7.5) -------------------------------------------------------------

# The library adds no padding between elements, so padding reads as an element of length 0.
_hello_elements = _elements(4, {}, {}, default=_anything)


def _hello(buffer: Buffer, at: int, end: int) -> None:
    _between(0, _MAX_HELLO_BYTES)(buffer, at, end)
    _hello_elements(buffer, at, end)


def _error(buffer: Buffer, at: int, end: int) -> None:
    """HELLO_FAILED (0) carries ASCII (7.5.4.1); an experimenter's has a longer header."""
    _between(4, _ANY_LENGTH)(buffer, at, end)
    (kind,) = _u16(buffer, at)
    if kind == _EXPERIMENTER:
        _between(8, _ANY_LENGTH)(buffer, at, end)
    elif kind == 0:
        _text(4, _ANY_LENGTH, "ascii")(buffer, at, end)


def _packet_in(buffer: Buffer, at: int, end: int) -> None:
    """A match that must hold the input port (7.4.1), 2 bytes of padding, the packet."""
    if end - at < 16:
        raise WireError(Reason.TRUNCATED, at)
    after = _match(buffer, at + 16, end)
    if after + 2 > end:
        raise WireError(Reason.TRUNCATED, after)
    field, stop = at + 20, at + 16 + _u16(buffer, at + 18)[0]
    while field < stop:
        (header,) = _u32(buffer, field)
        if header == _IN_PORT:
            return
        field += 4 + (header & 0xFF)
    raise WireError(Reason.NO_IN_PORT, at + 16)


def _flow_removed(buffer: Buffer, at: int, end: int) -> None:
    if _match(buffer, at + 40, end) != end:
        raise WireError(Reason.WRONG_SIZE, at)


_EXPERIMENTERS: dict[tuple[int, int], Check] = {
    (_ONF, 2300): _exactly(8),  # bundle control; Ryu cannot read its properties
    (_NICIRA, 16): _unknown,  # set_packet_in_format, a controller's
}
_PACKET_IN2 = (_NICIRA, 30)


def _experimenter(buffer: Buffer, at: int, end: int) -> None:
    if end - at < 8:
        raise WireError(Reason.TRUNCATED, at)
    kind = (_u32(buffer, at)[0], _u32(buffer, at + 4)[0])
    if kind == _PACKET_IN2:
        raise WireError(Reason.NOT_ASKED_FOR, at)
    _EXPERIMENTERS.get(kind, _anything)(buffer, at + 8, end)


# A version's handshake messages are read whatever it is, to be able to refuse it by name. Before
# 1.3 a hello has no elements, and its body is to be ignored. The library has no 1.1 (2).
_EARLIER: dict[int, Check] = {0: _anything, 1: _error, 2: _anything, 3: _anything}
_LATER = _EARLIER | {0: _hello}
_MESSAGES = _LATER | {
    4: _experimenter,
    6: _exactly(24),  # features reply
    8: _exactly(4),  # configuration reply
    10: _packet_in,
    11: _flow_removed,
    12: _exactly(72, _text(24, 16)),  # port status
    19: _multipart,
    21: _between(0, 0),  # barrier reply
    23: _after(8, _entries(16, _queue_properties, length_at=8)),
    25: _exactly(16),  # role reply
    27: _exactly(24),  # asynchronous configuration reply
}
_SPOKEN = 4
_VERSIONS = {1: _EARLIER, 3: _EARLIER, _SPOKEN: _MESSAGES, 5: _LATER, 6: _LATER}
_LAST_TYPE = 29  # meter modification


def check(message: Buffer) -> None:
    """Passes one whole message of a switch, header included, or says what is wrong with it.

    Raises:
        WireError: the message must not be given to the library.
    """
    if len(message) < 8:
        raise WireError(Reason.TRUNCATED, 0)
    version, kind, length, _ = _header(message, 0)
    if length != len(message):
        raise WireError(Reason.OVERRUN if length > len(message) else Reason.TOO_SHORT, 2)
    inside = _VERSIONS.get(version, {}).get(kind)
    if inside is None:
        raise WireError(_why_not(version, kind), 0)
    inside(message, 8, length)


def _why_not(version: int, kind: int) -> Reason:
    if version != _SPOKEN:
        return Reason.WRONG_VERSION
    return Reason.UNKNOWN_TYPE if kind > _LAST_TYPE else Reason.WRONG_DIRECTION
