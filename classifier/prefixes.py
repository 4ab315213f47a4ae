"""Which of many numbered things an address belongs to, by its prefixes.

Owns the index alone: a dictionary for each prefix length, whose values are sets of numbers as the
bits of one integer (T. V. Lakshman, D. Stiliadis, "High-speed policy-based packet forwarding using
efficient multi-dimensional range matching", SIGCOMM 1998). So asking costs one look-up for each
length in use, however many prefixes there are, and conditions are joined with & and |.
"""

from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network


class Prefixes:
    """Prefixes, each of some numbers."""

    def __init__(self) -> None:
        # By the length of an address in bytes, then by how many bits aren't of the prefix.
        self._tables: dict[int, dict[int, dict[int, int]]] = {4: {}, 16: {}}

    def add(self, network: Network, number: int) -> None:
        """From now on its addresses are of `number` too."""
        shift, value = _place(network)
        table = self._tables[network.max_prefixlen // 8].setdefault(shift, {})
        table[value] = table.get(value, 0) | 1 << number

    def remove(self, network: Network, number: int) -> None:
        """Takes back what `add` added; each prefix of a number once."""
        shift, value = _place(network)
        tables = self._tables[network.max_prefixlen // 8]
        table = tables[shift]
        table[value] &= ~(1 << number)
        if not table[value]:
            del table[value]
        if not table:
            del tables[shift]

    def of(self, address: bytes) -> int:
        """The numbers of an address of 4 or 16 bytes, as bits; 0 is none."""
        tables = self._tables.get(len(address))
        if not tables:
            return 0
        value, found = int.from_bytes(address, "big"), 0
        for shift, table in tables.items():
            found |= table.get(value >> shift, 0)
        return found


def _place(network: Network) -> tuple[int, int]:
    shift = network.max_prefixlen - network.prefixlen
    return shift, int(network.network_address) >> shift


def lowest(bits: int) -> int:
    """The smallest number in a set that isn't empty."""
    return (bits & -bits).bit_length() - 1
