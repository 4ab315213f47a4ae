"""The label in the destination MAC of a packet crossing the fabric ("shadow MAC").

    06:48 | tree (8 bits) | edge (12 bits) | host (12 bits)

`edge` is the switch where the packet leaves, `host` a number local to that switch, `tree` the
candidate path. The route table writes edge and host, the ingress group writes the tree, core
switches look at tree and edge, the last switch at host, which gives the real address back. So any
Ethernet payload crosses the fabric, routers and IPv6 included, and no IP address is a key.
"""

PREFIX = 0x0648
PREFIX_MATCH = (PREFIX << 32, 0xFFFF << 32)
TREE_OFFSET, TREE_BITS = 24, 8
EDGE_OFFSET, EDGE_BITS = 12, 12
HOST_BITS = 12

MAX_TREES = 1 << TREE_BITS
MAX_EDGES = 1 << EDGE_BITS
MAX_HOSTS_PER_EDGE = 1 << HOST_BITS

_TREE_MASK = (MAX_TREES - 1) << TREE_OFFSET
_EDGE_MASK = (MAX_EDGES - 1) << EDGE_OFFSET
_HOST_MASK = MAX_HOSTS_PER_EDGE - 1
_PREFIX_MASK = 0xFFFF << 32


def label(edge: int, host: int = 0, tree: int = 0) -> int:
    """The 48-bit label as an integer MAC address."""
    return PREFIX << 32 | tree << TREE_OFFSET | edge << EDGE_OFFSET | host


def match_tree(edge: int, tree: int) -> tuple[int, int]:
    """(value, mask) of every label towards `edge` over `tree`."""
    return label(edge, tree=tree), _PREFIX_MASK | _TREE_MASK | _EDGE_MASK


def match_edge(edge: int) -> tuple[int, int]:
    """(value, mask) of every label towards `edge`."""
    return label(edge), _PREFIX_MASK | _EDGE_MASK


def match_host(edge: int, host: int) -> tuple[int, int]:
    """(value, mask) of every label towards one host."""
    return label(edge, host), _PREFIX_MASK | _EDGE_MASK | _HOST_MASK


def is_label(mac: int) -> bool:
    """True for addresses in the label space, which no host may use."""
    return mac >> 32 == PREFIX


def split(mac: int) -> tuple[int, int, int]:
    """(tree, edge, host) of a label."""
    return (
        (mac & _TREE_MASK) >> TREE_OFFSET,
        (mac & _EDGE_MASK) >> EDGE_OFFSET,
        mac & _HOST_MASK,
    )
