"""Runs classic BPF: in the kernel, through a socket filter, and by a small interpreter.

The kernel says whether a program is valid and answers with a length, so programs under test name
classes by numbers shorter than the frame; short frames and tags beside the frame are for the
interpreter, which `test_bpf` holds against the kernel.
"""

import ctypes
import socket
import struct

_SO_ATTACH_FILTER = 26
_ANCILLARY = 0xFFFFF000
FRAME_BYTES = 3000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class Kernel:
    """A program attached to a pair of sockets."""

    def __init__(self, program):
        code = b"".join(
            struct.pack("=HBBI", i.code, i.jump_true, i.jump_false, i.k) for i in program
        )
        self._code = ctypes.create_string_buffer(code, len(code))
        wanted = _Program(len(program), ctypes.cast(self._code, ctypes.c_void_p))
        self._in, self._out = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._out.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(wanted))
        self._out.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._in.close()
        self._out.close()

    def run(self, frame):
        """What it answers to the frame, padded; an answer must be below FRAME_BYTES."""
        self._in.send(frame.ljust(FRAME_BYTES, b"\0"))
        try:
            return len(self._out.recv(FRAME_BYTES))
        except BlockingIOError:
            return 0


def interpret(program, frame, vlan_beside=None):  # noqa: PLR0912 - one branch an instruction
    """The same by hand; `vlan_beside` is a tag that the kernel keeps beside the frame."""
    a = x = at = 0
    memory = {}
    while True:
        i = program[at]
        at += 1
        match i.code:
            case 0x20 if i.k >= _ANCILLARY:
                present = vlan_beside is not None
                a = {44: vlan_beside or 0, 48: int(present)}[i.k - _ANCILLARY]
            case 0x20 | 0x28 | 0x30 | 0x40 | 0x48 | 0x50:
                size = {0x00: 4, 0x08: 2, 0x10: 1}[i.code & 0x18]
                start = i.k + (x if i.code & 0x40 else 0)
                if start + size > len(frame):
                    return 0
                a = int.from_bytes(frame[start : start + size], "big")
            case 0x80:
                a = len(frame)
            case 0x01:
                x = i.k
            case 0x60:
                a = memory[i.k]
            case 0x02:
                memory[i.k] = a
            case 0x54:
                a &= i.k
            case 0x74:
                a >>= i.k
            case 0x04:
                a += i.k
            case 0x05:
                at += i.k
            case 0x15:
                at += i.jump_true if a == i.k else i.jump_false
            case 0x35:
                at += i.jump_true if a >= i.k else i.jump_false
            case 0x06:
                return i.k
            case 0x16:
                return a
            case other:
                raise AssertionError(f"no such instruction: {other:#x}")
