"""The first bytes of one direction of a TCP stream, in the stream's order.

Owns reassembly: segments may come out of order, twice or overlapping, and a hole stays until its
bytes come. Holds `OPENING_BYTES` at most, and as many again while there is a hole. Knows nothing of
what the bytes mean.
"""

from classifier.model import OPENING_BYTES

_SEQUENCES = 1 << 32  # RFC 9293, section 3.4: numbers wrap


class Opening:
    """Collects; `data` is what is known without a hole, from the stream's first byte on.

    Attributes:
        data: The bytes so far.
        sure: Whether `data` begins where the stream does. Without a SYN, it begins with the
            earliest segment seen.
    """

    __slots__ = ("_ahead", "_base", "_have", "data", "sure")

    def __init__(self, base: int = -1) -> None:
        """`base` is the sequence number of the stream's first byte; -1: nobody knows."""
        self.data = b""
        self.sure = base >= 0
        self._base = base % _SEQUENCES if base >= 0 else -1
        self._ahead: bytearray | None = None  # bytes behind a hole, in their places
        self._have = 0  # one bit for each byte that is there

    @property
    def holed(self) -> bool:
        """Whether bytes have come that others are missing before."""
        return self._ahead is not None

    @property
    def full(self) -> bool:
        """Whether nothing more is wanted."""
        return len(self.data) >= OPENING_BYTES

    def add(self, seq: int, payload: bytes) -> bool:
        """Take a segment; whether `data` has grown."""
        if self._base < 0:
            self._base = seq
        at = (seq - self._base) % _SEQUENCES
        if at == len(self.data) and self._ahead is None:
            if at >= OPENING_BYTES:
                return False
            self.data = self.data + payload[: OPENING_BYTES - at] if at else payload[:OPENING_BYTES]
            return True
        if at >= _SEQUENCES >> 1:
            at -= _SEQUENCES
        if at < 0:
            if not self.sure and -at <= OPENING_BYTES and len(payload) >= -at:
                return self._precede(seq, payload)
            payload = payload[-at:]
            at = 0
        return self._place(at, payload)

    def _precede(self, seq: int, payload: bytes) -> bool:
        """An earlier segment than all before, that reaches them."""
        by = (self._base - seq) % _SEQUENCES
        later = bytes(self._ahead) if self._ahead else self.data
        have = (self._have if self._ahead else (1 << len(self.data)) - 1) << by
        room = OPENING_BYTES - by
        self._base = seq
        self._ahead = bytearray(OPENING_BYTES)
        self._ahead[by:] = later[:room].ljust(room, b"\0")
        self._have = have & (1 << OPENING_BYTES) - 1
        self.data = b""
        return self._place(0, payload)

    def _place(self, at: int, payload: bytes) -> bool:
        """Put bytes at their place, then see how far there is no hole."""
        known = len(self.data)
        if at < known:  # what was told once stays
            payload = payload[known - at :]
            at = known
        payload = payload[: max(0, OPENING_BYTES - at)]
        if not payload:
            return False
        if self._ahead is None:
            self._ahead = bytearray(self.data.ljust(OPENING_BYTES, b"\0"))
            self._have = (1 << known) - 1
        self._ahead[at : at + len(payload)] = payload
        self._have |= (1 << len(payload)) - 1 << at
        end = (~self._have & self._have + 1).bit_length() - 1  # the lowest byte that is missing
        self.data = bytes(self._ahead[:end])
        if self._have == (1 << end) - 1:
            self._ahead, self._have = None, 0
        return end > known
