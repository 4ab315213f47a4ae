"""The check in front of the OpenFlow library: every nested length of one message from a switch.

Owns the shape of the OpenFlow 1.3 messages a switch may send, as tables read bottom-up: match
fields, actions, instructions, multipart bodies, messages. The library walks lists by the lengths
it finds in them, so one zero freezes it for ever, and it raises on much of what it does not know.
What passes `check` it parses without either. Must not: parse into objects, log, know a peer.

Sections are of the OpenFlow Switch Specification 1.3.5, `OVS` is ofp-actions.c of Open vSwitch.
"""

from controller.wire_actions import (
    ACTIONS,
)
from controller.wire_match import (
    EXPERIMENTER,
    IN_PORT,
    NICIRA,
    ONF,
    match_end,
)
from controller.wire_shape import (
    ANY_LENGTH,
    MAX_COPIED_BYTES,
    MAX_HELLO_BYTES,
    MAX_TABLE_BYTES,
    Buffer,
    Check,
    Reason,
    WireError,
    after,
    anything,
    between,
    elements,
    entries,
    exactly,
    records,
    text,
    u16,
    u32,
    unknown,
    unpack_header,
)

__all__ = ["Reason", "WireError", "check"]

# --- Instructions (7.2.4), multipart bodies (7.3.5), queues (7.2.2) ----------------------------

# Goto-table, write-metadata and meter; write-, apply- and clear-actions.
_instructions = elements(8, {1: 8, 2: 24, 6: 8}, dict.fromkeys((3, 4, 5), after(8, ACTIONS)))
_bands = elements(16, {1: 16, 2: 16, EXPERIMENTER: 16}, {})
_buckets = entries(16, ACTIONS)
_ports = records(64, each=text(16, 16))
_queue_properties = elements(8, {1: 16, 2: 16}, {EXPERIMENTER: between(16, MAX_COPIED_BYTES)})


def _flow(buffer: Buffer, at: int, end: int) -> None:
    _instructions(buffer, match_end(buffer, at, end), end)


def _oxm_ids(buffer: Buffer, at: int, end: int) -> None:
    while end - at >= 4:
        at += 8 if u16(buffer, at) == (EXPERIMENTER,) else 4
    if at != end:
        raise WireError(Reason.OVERRUN, end)


def _experimenter_body(buffer: Buffer, at: int, end: int) -> None:
    """The library steps through it by 16 bytes, and reads 8 at each step."""
    between(8, MAX_COPIED_BYTES)(buffer, at, end)
    if 0 < (end - at) % 16 < 8:
        raise WireError(Reason.WRONG_SIZE, at)


_ids = after(4, elements(4, {}, {}, default=anything))
_table_properties = elements(
    4,
    {},
    dict.fromkeys((0, 1, 4, 5, 6, 7), _ids)  # instructions and actions
    | dict.fromkeys((8, 10, 12, 13, 14, 15), after(4, _oxm_ids))
    | dict.fromkeys((0xFFFE, 0xFFFF), after(12, records(4))),
    default=anything,
    align=8,
    most=MAX_COPIED_BYTES,
)


def _table(buffer: Buffer, at: int, end: int) -> None:
    text(-56, 32)(buffer, at, end)
    _table_properties(buffer, at, end)


_MULTIPART: dict[int, Check] = {
    0: exactly(1056, text(0, 1056)),  # description
    1: entries(48, _flow),
    2: exactly(24),  # aggregate
    3: records(24),  # tables
    4: records(112),  # port counters
    5: records(40),  # queue counters
    6: entries(40, records(16)),  # group counters
    7: entries(8, _buckets),  # groups
    8: exactly(40),  # group features
    9: entries(40, records(16), length_at=4),  # meter counters
    10: entries(8, _bands),  # meters
    11: exactly(16),  # meter features
    12: entries(64, _table, most=MAX_TABLE_BYTES),
    13: _ports,
    EXPERIMENTER: _experimenter_body,
}


def _multipart(buffer: Buffer, at: int, end: int) -> None:
    if end - at < 8:
        raise WireError(Reason.TRUNCATED, at)
    _MULTIPART.get(u16(buffer, at)[0], unknown)(buffer, at + 8, end)


# --- Messages (7.1, 7.3, 7.4, 7.5) -------------------------------------------------------------

# The library adds no padding between elements, so padding reads as an element of length 0.
_hello_elements = elements(4, {}, {}, default=anything)


def _hello(buffer: Buffer, at: int, end: int) -> None:
    between(0, MAX_HELLO_BYTES)(buffer, at, end)
    _hello_elements(buffer, at, end)


def _error(buffer: Buffer, at: int, end: int) -> None:
    """HELLO_FAILED (0) carries ASCII (7.5.4.1); an experimenter's has a longer header."""
    between(4, ANY_LENGTH)(buffer, at, end)
    (kind,) = u16(buffer, at)
    if kind == EXPERIMENTER:
        between(8, ANY_LENGTH)(buffer, at, end)
    elif kind == 0:
        text(4, ANY_LENGTH, "ascii")(buffer, at, end)


def _packet_in(buffer: Buffer, at: int, end: int) -> None:
    """A match that must hold the input port (7.4.1), 2 bytes of padding, the packet."""
    if end - at < 16:
        raise WireError(Reason.TRUNCATED, at)
    after = match_end(buffer, at + 16, end)
    if after + 2 > end:
        raise WireError(Reason.TRUNCATED, after)
    field, stop = at + 20, at + 16 + u16(buffer, at + 18)[0]
    while field < stop:
        (header,) = u32(buffer, field)
        if header == IN_PORT:
            return
        field += 4 + (header & 0xFF)
    raise WireError(Reason.NO_IN_PORT, at + 16)


def _flow_removed(buffer: Buffer, at: int, end: int) -> None:
    if match_end(buffer, at + 40, end) != end:
        raise WireError(Reason.WRONG_SIZE, at)


_EXPERIMENTERS: dict[tuple[int, int], Check] = {
    (ONF, 2300): exactly(8),  # bundle control; Ryu cannot read its properties
    (NICIRA, 16): unknown,  # set_packet_in_format, a controller's
}
_PACKET_IN2 = (NICIRA, 30)


def _experimenter(buffer: Buffer, at: int, end: int) -> None:
    if end - at < 8:
        raise WireError(Reason.TRUNCATED, at)
    kind = (u32(buffer, at)[0], u32(buffer, at + 4)[0])
    if kind == _PACKET_IN2:
        raise WireError(Reason.NOT_ASKED_FOR, at)
    _EXPERIMENTERS.get(kind, anything)(buffer, at + 8, end)


# A version's handshake messages are read whatever it is, to be able to refuse it by name. Before
# 1.3 a hello has no elements, and its body is to be ignored. The library has no 1.1 (2).
_EARLIER: dict[int, Check] = {0: anything, 1: _error, 2: anything, 3: anything}
_LATER = _EARLIER | {0: _hello}
_MESSAGES = _LATER | {
    4: _experimenter,
    6: exactly(24),  # features reply
    8: exactly(4),  # configuration reply
    10: _packet_in,
    11: _flow_removed,
    12: exactly(72, text(24, 16)),  # port status
    19: _multipart,
    21: between(0, 0),  # barrier reply
    23: after(8, entries(16, _queue_properties, length_at=8)),
    25: exactly(16),  # role reply
    27: exactly(24),  # asynchronous configuration reply
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
    version, kind, length, _ = unpack_header(message, 0)
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
