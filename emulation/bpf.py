"""Classic BPF for `tc filter ... bpf bytecode`: an assembler, and the programs of a queue tree.

A program reads a frame and answers with the class that it belongs in (major << 16 | minor). 0, also
the answer when a frame is too short to read, leaves it to the default class of its qdisc. A qdisc
has one program instead of a list of filters: it is run once a frame, and changes at once.

Instructions are those of the kernel's Documentation/networking/filter.rst. Classic BPF jumps at
most 255 instructions on a condition; the assembler goes further by itself.
Owns the programs; knows nothing of tc's other words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from emulation.errors import FilterTooLongError
from policies.queues import FrameRule

MAX_INSTRUCTIONS = 4096  # BPF_MAXINSNS of linux/bpf_common.h
_MAX_JUMP = 255
# Ancillary loads (linux/filter.h, SKF_AD_*): the tag that a kernel datapath keeps beside the frame.
_ANCILLARY = 0xFFFFF000
_VLAN_TAG, _VLAN_TAG_PRESENT = _ANCILLARY + 44, _ANCILLARY + 48
_IPV4, _IPV6, _ARP, _LLDP, _VLAN, _SERVICE_VLAN = 0x0800, 0x86DD, 0x0806, 0x88CC, 0x8100, 0x88A8
# Offsets behind an Ethernet header without a tag; X holds 4 where the frame has one.
_TYPE, _TAG, _TOS, _IPV6_CLASS, _IPV4_TARGET, _IPV6_TARGET = 12, 14, 15, 14, 30, 38
_READABLE = 34  # of the shortest frame with an IPv4 header; no load of a mark goes further

_OPCODES = {
    "ldw": 0x20, "ldh": 0x28, "ldb": 0x30, "ldw_x": 0x40, "ldh_x": 0x48, "ldb_x": 0x50,
    "len": 0x80, "ldx": 0x01, "ld_m": 0x60, "st_m": 0x02, "and": 0x54, "rsh": 0x74, "add": 0x04,
    "ja": 0x05, "jeq": 0x15, "jgt": 0x25, "jge": 0x35, "ret": 0x06, "ret_a": 0x16,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction as the kernel has it: `struct sock_filter`."""

    code: int
    jump_true: int
    jump_false: int
    k: int


@dataclass(frozen=True, slots=True)
class _Line:
    """One instruction with labels; None falls through to the next."""

    operation: str
    k: int = 0
    if_true: str | None = None
    if_false: str | None = None


class Assembler:
    """Collects instructions and labels; `assemble` turns labels into distances.

    Conditions jump to a label where they hold, or (`otherwise`) where they don't.
    """

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._labels: dict[str, int] = {}

    def do(self, operation: str, k: int = 0) -> None:
        """One instruction without a jump, by its name in `_OPCODES`."""
        self._lines.append(_Line(operation, k))

    def jump(self, label: str) -> None:
        """Goes there."""
        self._lines.append(_Line("ja", 0, label))

    def when(
        self, operation: str, k: int, label: str | None = None, *, otherwise: str | None = None
    ) -> None:
        """Compares A: `jeq`, `jgt` or `jge`."""
        self._lines.append(_Line(operation, k, label, otherwise))

    def answer(self, value: int) -> None:
        """Ends the program."""
        self.do("ret", value)

    def mark(self, label: str) -> None:
        """Names the next instruction."""
        self._labels[label] = len(self._lines)

    def fresh(self) -> str:
        """A label nobody has used."""
        return f"_{len(self._lines)}"

    def assemble(self) -> tuple[Instruction, ...]:
        """The program.

        Raises:
            FilterTooLongError: The kernel takes no program of that length.
        """
        far: set[int] = set()
        while grown := self._too_far(far):
            far |= grown
        places = self._places(far)
        program: list[Instruction] = []
        for number, line in enumerate(self._lines):
            program += self._encode(line, number, places, far=number in far)
        if len(program) > MAX_INSTRUCTIONS:
            raise FilterTooLongError(
                f"telling the slices of a port apart takes {len(program)} instructions, and the "
                f"kernel takes {MAX_INSTRUCTIONS}; give the port fewer slices or fewer prefixes"
            )
        return tuple(program)

    def _places(self, far: set[int]) -> list[int]:
        """Where each line begins; a far condition takes three instructions."""
        places, at = [], 0
        for number in range(len(self._lines) + 1):
            places.append(at)
            at += 3 if number in far else 1
        return places

    def _too_far(self, far: set[int]) -> set[int]:
        places = self._places(far)
        return {
            number
            for number, line in enumerate(self._lines)
            if number not in far
            and line.operation != "ja"
            and max(self._distances(line, number, places)) > _MAX_JUMP
        }

    def _distances(self, line: _Line, number: int, places: Sequence[int]) -> tuple[int, int]:
        here = places[number] + 1
        true, false = (
            places[self._labels[label]] - here if label is not None else 0
            for label in (line.if_true, line.if_false)
        )
        return true, false

    def _encode(
        self, line: _Line, number: int, places: Sequence[int], *, far: bool
    ) -> Iterable[Instruction]:
        code = _OPCODES[line.operation]
        true, false = self._distances(line, number, places)
        if line.operation == "ja":
            return (Instruction(code, 0, 0, true),)
        if not far:
            return (Instruction(code, true, false, line.k),)
        following = places[number + 1] - places[number] - 1
        return (
            Instruction(code, 0, 1, line.k),
            Instruction(_OPCODES["ja"], 0, 0, true - 1 if line.if_true else following - 1),
            Instruction(_OPCODES["ja"], 0, 0, false - 2 if line.if_false else following - 2),
        )


def bytecode(program: Sequence[Instruction]) -> str:
    """The program as tc reads it."""
    words = (f"{i.code} {i.jump_true} {i.jump_false} {i.k}" for i in program)
    return ",".join([str(len(program)), *words])


def by_mark(
    class_of_dscp: Mapping[int, int], *, rest: int, urgent: int | None = None
) -> tuple[Instruction, ...]:
    """DSCP to class, for IPv4 and IPv6, also behind one VLAN tag.

    Args:
        class_of_dscp: Class by mark.
        rest: Class of everything else.
        urgent: Class of ARP and LLDP; None is `rest`.
    """
    code = Assembler()
    code.do("len")
    code.when("jge", _READABLE, otherwise="rest")
    _skip_tag(code)
    code.when("jeq", _IPV4, "ipv4")
    code.when("jeq", _IPV6, "ipv6")
    if urgent is not None:
        code.when("jeq", _ARP, "urgent")
        code.when("jeq", _LLDP, "urgent")
    code.jump("rest")
    code.mark("ipv4")
    code.do("ldb_x", _TOS)
    code.do("rsh", 2)
    code.jump("mark")
    code.mark("ipv6")
    code.do("ldh_x", _IPV6_CLASS)
    code.do("rsh", 6)
    code.do("and", 0x3F)
    code.mark("mark")
    for dscp, target in sorted(class_of_dscp.items()):
        following = f"after {dscp}"
        code.when("jeq", dscp, otherwise=following)
        code.answer(target)
        code.mark(following)
    code.mark("rest")
    code.answer(rest)
    if urgent is not None:
        code.mark("urgent")
        code.answer(urgent)
    return code.assemble()


def by_label(
    *, prefix: int, prefix_bits: int, slice_bits: int, first: int, rest: int
) -> tuple[Instruction, ...]:
    """Slice number in the destination MAC's label to class `first + number`.

    Args:
        prefix: What labels begin with.
        prefix_bits: Its length; the slice number follows.
        slice_bits: Length of the slice number; with the prefix at most 32.
        first: Class of slice 0.
        rest: Class of what carries no label.
    """
    code = Assembler()
    code.do("ldw", 0)
    code.do("rsh", 32 - prefix_bits)
    code.when("jeq", prefix, otherwise="rest")
    code.do("ldw", 0)
    code.do("rsh", 32 - prefix_bits - slice_bits)
    code.do("and", (1 << slice_bits) - 1)
    code.do("add", first)
    code.do("ret_a")
    code.mark("rest")
    code.answer(rest)
    return code.assemble()


def by_destination(
    rules: Sequence[FrameRule], only: int | None, *, first: int, rest: int
) -> tuple[Instruction, ...]:
    """VLAN and destination address to the class of the slice, on a port for hosts.

    Args:
        rules: In order of precedence: longer prefixes before shorter ones.
        only: Number of the slice that every frame belongs to; then `rules` say nothing.
        first: Class of slice 0.
        rest: Class of ARP, LLDP and what no rule names.
    """
    code = Assembler()
    code.do("len")
    code.when("jge", _READABLE, otherwise="rest")
    _vlan_to_memory(code)
    _skip_tag(code)
    code.when("jeq", _ARP, "rest")
    code.when("jeq", _LLDP, "rest")
    if only is not None:
        code.answer(first + only)
    else:
        _rules(code, rules, first)
    code.mark("rest")
    code.answer(rest)
    return code.assemble()


def _skip_tag(code: Assembler) -> None:
    """Puts the Ethernet type into A and the length of a tag in the frame into X."""
    code.do("ldx", 0)
    code.do("ldh", _TYPE)
    code.when("jeq", _VLAN, "tagged")
    code.when("jeq", _SERVICE_VLAN, otherwise="typed")
    code.mark("tagged")
    code.do("ldx", 4)
    code.do("ldh", _TYPE + 4)
    code.mark("typed")


def _vlan_to_memory(code: Assembler) -> None:
    """Puts the VLAN id into M[0], 0 without a tag, be the tag in the frame or beside it."""
    code.do("ldw", _VLAN_TAG_PRESENT)
    code.when("jeq", 0, otherwise="beside")
    code.do("ldh", _TYPE)
    code.when("jeq", _VLAN, "inside")
    code.when("jeq", _SERVICE_VLAN, "inside")
    code.do("and", 0)
    code.jump("id")
    code.mark("beside")
    code.do("ldw", _VLAN_TAG)
    code.jump("id")
    code.mark("inside")
    code.do("ldh", _TAG)
    code.mark("id")
    code.do("and", 0xFFF)
    code.do("st_m", 0)


def _rules(code: Assembler, rules: Sequence[FrameRule], first: int) -> None:
    """A section for each VLAN, so that a port with a slice a VLAN compares a VLAN only."""
    sections: dict[int, list[FrameRule]] = {}
    for rule in rules:
        sections.setdefault(rule.vlan or 0, []).append(rule)
    code.when("jeq", _IPV4, "as ipv4")
    code.when("jeq", _IPV6, "as ipv6")
    for family in (None, IPv4Network, IPv6Network):
        if family is not None:
            code.mark("as ipv4" if family is IPv4Network else "as ipv6")
        if family is IPv6Network:
            code.do("len")
            code.when("jge", _IPV6_TARGET + 16 + 4, otherwise="rest")
        code.do("ld_m", 0)
        for vlan, entries in sections.items():
            following = code.fresh()
            code.when("jeq", vlan, otherwise=following)
            _section(code, entries, family, first)
            code.mark(following)
        code.jump("rest")


def _section(code: Assembler, rules: Iterable[FrameRule], family: type | None, first: int) -> None:
    for rule in rules:
        if rule.prefix is None:
            code.answer(first + rule.slice_number)
            return
        if family is not type(rule.prefix):
            continue
        following = code.fresh()
        for offset, mask, value in _words(rule.prefix):
            code.do("ldw_x", offset)
            code.do("and", mask)
            code.when("jeq", value, otherwise=following)
        code.answer(first + rule.slice_number)
        code.mark(following)
    code.jump("rest")


def _words(prefix: IPv4Network | IPv6Network) -> Iterable[tuple[int, int, int]]:
    """(offset, mask, value) of each 32-bit word of a destination that the prefix speaks of."""
    size = 4 if prefix.version == 4 else 16
    start = _IPV4_TARGET if prefix.version == 4 else _IPV6_TARGET
    value, mask = prefix.network_address.packed, prefix.netmask.packed
    for at in range(0, size, 4):
        if word := int.from_bytes(mask[at : at + 4], "big"):
            yield start + at, word, int.from_bytes(value[at : at + 4], "big")
