"""The one Nicira action that the frameworks don't know whole: copies to the controller, metered.

Owns NXAST_CONTROLLER2 on the wire. The frameworks' own class for it can't say a meter, and fails
on reading one back. Source: `struct nx_action_controller2` in ofp-actions.c of Open vSwitch.
"""

import struct
from typing import Any

from controller.framework import nx_actions as _nx  # noqa: F401  (makes NXAction)
from controller.framework import ofp_parser

_CONTROLLER2 = 37
_PADDING = 6  # before the properties
_MAX_LEN, _METER_ID = 0, 5
_SIZES = {_MAX_LEN: 2, _METER_ID: 4}  # of the values
_HEAD = struct.Struct("!HH")  # type, length; Open vSwitch counts padding in it, or not
_MAX_LEN_FORM, _METER_ID_FORM = struct.Struct("!HHH2x"), struct.Struct("!HHI")


class CopyAction(ofp_parser.NXAction):  # type: ignore[misc]
    """`controller(meter_id=..., max_len=...)`; None where the switch reports no such property."""

    _subtype = _CONTROLLER2

    def __init__(self, meter_id: int | None, most_bytes: int | None, *, plain: bool = True) -> None:
        super().__init__()
        self.meter_id, self.most_bytes, self.plain = meter_id, most_bytes, plain

    @classmethod
    def parser(cls, buf: bytes) -> "CopyAction":
        """Reads the action's body; `plain` is False if it says more than these two things."""
        found: dict[int, int] = {}
        at, plain = _PADDING, True
        while at + _HEAD.size <= len(buf):
            kind, length = _HEAD.unpack_from(buf, at)
            if length < _HEAD.size or at + length > len(buf):
                plain = False
                break
            size = _SIZES.get(kind, 0)
            if size and length >= _HEAD.size + size:
                start = at + _HEAD.size
                found[kind] = int.from_bytes(buf[start : start + size], "big")
            else:
                plain = False
            at += length + 7 & ~7
        return cls(found.get(_METER_ID), found.get(_MAX_LEN), plain=plain)

    def serialize_body(self) -> Any:
        """The action's body, as the framework asks for it."""
        return (
            bytearray(_PADDING)
            + _MAX_LEN_FORM.pack(_MAX_LEN, 6, self.most_bytes)
            + _METER_ID_FORM.pack(_METER_ID, 8, self.meter_id)
        )


ofp_parser.NXAction.register(CopyAction)
