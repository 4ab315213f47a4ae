"""The label in the destination MAC of a packet crossing the fabric ("shadow MAC").

    06:4 (12 bits) | slice (10 bits) | tree (6 bits) | edge (10 bits) | host (10 bits)

`slice` is the sender's (0 without slices), `edge` the switch where the packet leaves, `host` a
number local to that switch, `tree` the candidate path. The route table writes slice, edge and host,
the ingress group writes the tree, core switches look at tree and edge, the last switch at host,
which gives the real address back. So any Ethernet payload crosses the fabric, routers and IPv6
included, and no IP address is a key; and queues and confinement know whose packet it is.
"""

PREFIX = 0x064
PREFIX_BITS = 12
SLICE_OFFSET, SLICE_BITS = 26, 10
TREE_OFFSET, TREE_BITS = 20, 6
EDGE_OFFSET, EDGE_BITS = 10, 10
HOST_BITS = 10

MAX_SLICES = 1 << SLICE_BITS
MAX_TREES = 1 << TREE_BITS
MAX_EDGES = 1 << EDGE_BITS
MAX_HOSTS_PER_EDGE = 1 << HOST_BITS

_PREFIX_OFFSET = 48 - PREFIX_BITS
_PREFIX_MASK = ((1 << PREFIX_BITS) - 1) << _PREFIX_OFFSET
_SLICE_MASK = (MAX_SLICES - 1) << SLICE_OFFSET
_TREE_MASK = (MAX_TREES - 1) << TREE_OFFSET
_EDGE_MASK = (MAX_EDGES - 1) << EDGE_OFFSET
_HOST_MASK = MAX_HOSTS_PER_EDGE - 1

PREFIX_MATCH = (PREFIX << _PREFIX_OFFSET, _PREFIX_MASK)


def label(edge: int, host: int = 0, tree: int = 0, slice_number: int = 0) -> int:
    """The 48-bit label as an integer MAC address."""
    return (
        PREFIX << _PREFIX_OFFSET
        | slice_number << SLICE_OFFSET
        | tree << TREE_OFFSET
        | edge << EDGE_OFFSET
        | host
    )


def match_tree(edge: int, tree: int) -> tuple[int, int]:
    """(value, mask) of every label towards `edge` over `tree`."""
    return label(edge, tree=tree), _PREFIX_MASK | _TREE_MASK | _EDGE_MASK


def match_edge(edge: int) -> tuple[int, int]:
    """(value, mask) of every label towards `edge`."""
    return label(edge), _PREFIX_MASK | _EDGE_MASK


def match_host(edge: int, host: int) -> tuple[int, int]:
    """(value, mask) of every label towards one host."""
    return label(edge, host), _PREFIX_MASK | _EDGE_MASK | _HOST_MASK


def match_slice(number: int) -> tuple[int, int]:
    """(value, mask) of every label of one slice's packets."""
    return label(0, slice_number=number), _PREFIX_MASK | _SLICE_MASK


def is_label(mac: int) -> bool:
    """True for addresses in the label space, which no host may use."""
    return mac >> _PREFIX_OFFSET == PREFIX


def split(mac: int) -> tuple[int, int, int]:
    """(tree, edge, host) of a label."""
    return (
        (mac & _TREE_MASK) >> TREE_OFFSET,
        (mac & _EDGE_MASK) >> EDGE_OFFSET,
        mac & _HOST_MASK,
    )


def slice_of(mac: int) -> int:
    """The sender's slice in a label."""
    return (mac & _SLICE_MASK) >> SLICE_OFFSET
