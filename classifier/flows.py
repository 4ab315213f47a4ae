"""The flows there are, and when each is decided.

Owns the table of flows, bounded, with the least recently seen evicted; who is a flow's client; the
openings of undecided flows; and the moments at which bytes and shape are asked. Reads no bytes
itself, and takes time from its caller.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from classifier.announced import ANNOUNCING, announced
from classifier.behaviour import OTHER
from classifier.fragments import Fragments
from classifier.frames import ACK, FIN, ROCE, RST, SYN, Packet
from classifier.hints import Hint, Hints
from classifier.model import OPENING_BYTES, TCP, UDP, FlowKey, Identity, Reason, Side, Verdict
from classifier.opening import Opening
from classifier.period import period
from classifier.precedence import WEAK, Circumstances, Opinion, by_bytes, by_hint, weigh
from classifier.roles import resolve
from classifier.services import Place, Services
from classifier.shape import Shape
from classifier.signatures import identify
from policies.classes import TrafficClass

MOST_FLOWS: Final = 65536
MOST_UNDECIDED: Final = 8192  # of which opening bytes are kept, 10 MB at the very most
PATIENCE: Final = 24  # packets with payload, after which an opening tells no more
# Packets with payload at which a flow is looked at again; then half as many again.
_NEXT = dict(pairwise((1, 2, 3, 5, 8, 13, 20, 34, 50)))
_IDLE_S = 60.0  # after it, a SYN on a connection that was never closed begins another
_JOINED = 0.8  # confidence in bytes that are perhaps not the beginning of anything
_SURE_PERIOD = 0.6
_EPHEMERAL = 32768  # Linux takes a client's ports from here on
_PRIVILEGED = 1024
_MOST_VERDICTS = 4096  # remembered; flows with the same one share it
_NO_SYN, _ANSWERED = -1, 256
_SIGNALS = SYN | FIN | RST
_CLIENT, _SERVER = Side.CLIENT, Side.SERVER
_BY_SHAPE = Identity("", "", None, 0.0, "its shape")
_NONE: Final = Verdict(TrafficClass.BACKGROUND, False, "", "", Reason.DEFAULT, "", 0.0, 0)


class Flow:
    """One flow.

    Attributes:
        key: Whose it is.
        verdict: What it is taken for now.
        shape: Of its packets with payload.
        identity: What its bytes told; None if nothing yet.
        last: When it was seen last.
        seen: Packets with payload, both ways.
        settled: Whether its bytes will not be asked again.
    """

    __slots__ = ("_client", "_closed", "_doubted", "_hint", "_next", "_server", "_syn", "identity",
                 "key", "last", "seen", "settled", "shape", "verdict")  # fmt: skip

    def __init__(self, key: FlowKey, now: float, hint: tuple[Reason, Hint] | None) -> None:
        self.key = key
        self.verdict = _NONE
        self.shape = Shape()
        self.identity: Identity | None = None
        self.last = now
        self.seen = 0
        self.settled = False
        self._next = 1
        self._syn = _NO_SYN  # else the last byte of the client's number; small ones take no memory
        self._closed = False
        self._doubted = False  # the identity is of bytes that may begin in the middle of something
        self._hint = hint
        self._client: Opening | None = None
        self._server: Opening | None = None

    @property
    def period_s(self) -> float | None:
        """How long an iteration of a training job takes, where its traffic tells that surely."""
        if self.verdict.traffic_class is not TrafficClass.GRADIENT:
            return None
        found = period(self.shape)
        return found.seconds if found and found.strength >= _SURE_PERIOD else None

    @property
    def opened(self) -> bool:
        """Whether a SYN was seen, so that the client is certain."""
        return self._syn != _NO_SYN

    def _opening(self, side: Side) -> Opening:
        if side:
            if self._server is None:
                self._server = Opening()
            return self._server
        if self._client is None:
            self._client = Opening()
        return self._client

    def _identified(self) -> Identity | None:
        return identify(
            self.key.transport,
            self.key.sport,
            b"" if self._client is None else self._client.data,
            b"" if self._server is None else self._server.data,
        )


class Classifier:
    """Decides what each flow is from its packets, as they come.

    Args:
        hints: What operators, schedulers and the port table say.
        most_flows: Remembered at a time.
        most_undecided: Of them, so many keep opening bytes.
        on_gone: Told each flow that is forgotten: evicted, or followed by another with its key.
    """

    def __init__(
        self,
        hints: Hints,
        most_flows: int = MOST_FLOWS,
        most_undecided: int = MOST_UNDECIDED,
        on_gone: Callable[[Flow], None] | None = None,
    ) -> None:
        self._hints = hints
        self._most_flows, self._most_undecided = most_flows, most_undecided
        self._on_gone = on_gone
        self._flows: OrderedDict[tuple[int, int, bytes, int, bytes, int], Flow] = OrderedDict()
        self._undecided: OrderedDict[FlowKey, Flow] = OrderedDict()
        self._services = Services()  # by the bytes of flows
        self._siblings = Services()  # by their shapes
        self._fragments = Fragments()
        self._verdicts: dict[tuple[object, ...], Verdict] = {}

    @property
    def hints(self) -> Hints:
        """What operators, schedulers and the port table say."""
        return self._hints

    @hints.setter
    def hints(self, hints: Hints) -> None:
        """They say something else now, of known flows too; marks stay what they were."""
        self._hints = hints
        for flow in self._flows.values():
            if flow._hint is None or flow._hint[0] is not Reason.MARK:
                flow._hint = self._hinted(flow.key, 0)

    @property
    def flows(self) -> Iterator[Flow]:
        """Those remembered, the least recently seen first."""
        return iter(self._flows.values())

    @property
    def recent(self) -> Iterator[Flow]:
        """The same, the most recently seen first."""
        return reversed(self._flows.values())

    def __len__(self) -> int:
        return len(self._flows)

    def take(
        self, now: float, packet: Packet, domain: int = 0, *, trusted: bool = False
    ) -> Flow | None:
        """Take one packet in; its flow, if the verdict on it is new or changed.

        Args:
            now: Seconds, of any origin.
            packet: What a frame carried.
            domain: Where its addresses mean something.
            trusted: Whether its mark is believed, should a flow begin with it.
        """
        if packet.fragment is not None:
            placed = self._fragments.place(packet, domain)
            if placed is None:
                return None
            packet = placed
        transport, src, sport, dst, dport, payload, size, flags, seq, dscp, _ = packet
        key = (domain, transport, src, sport, dst, dport)
        flow = self._flows.get(key)
        side, new = _CLIENT, False
        if flow is None:
            flow, side, new = self._other(now, packet, domain, trusted)
        else:
            self._flows.move_to_end(key)
        if flags & _SIGNALS:
            begun = self._signal(flow, now, packet, side, dscp if trusted else 0)
            if begun is not None:
                flow, side, new = begun, _CLIENT, True
        flow.last = now
        if size:  # RFC 9293: a SYN has a number of its own
            changed = self._payload(flow, now, side, seq + (flags >> 1 & 1), payload, size)
        else:
            changed = new and self._decide(flow)
        return flow if new or changed else None

    def get(self, key: FlowKey) -> Flow | None:
        """The flow with this key, if it is remembered."""
        return self._flows.get(key)

    def flow_of(self, packet: Packet, domain: int = 0) -> Flow | None:
        """The flow that a packet is of, either way, if it is remembered."""
        transport, src, sport, dst, dport = packet[:5]
        forth = (domain, transport, src, sport, dst, dport)
        return self._flows.get(forth) or self._flows.get(
            (domain, transport, dst, dport, src, sport)
        )

    def counted(self, now: float, key: FlowKey, side: Side, packets: int, size: int) -> Flow | None:
        """Take in packets that somebody only counted; the flow, if its verdict changed.

        Args:
            now: When they were counted.
            key: The flow's.
            side: Who sent them.
            packets: How many.
            size: Their payload, bytes.
        """
        flow = self._flows.get(key)
        if flow is None:
            return None
        flow.last = now
        flow.seen += packets
        flow.shape.count(side, packets, size)
        return flow if self._decide(flow) else None

    def conclude(self) -> Iterator[Flow]:
        """Decide every flow once more, with all that is known now; those whose verdict changed.

        For the end of a capture: a flow without payload is what later ones showed its server to be.
        """
        for flow in sorted(self._flows.values(), key=lambda flow: flow.identity is None):
            if self.reconsider(flow):
                yield flow

    def reconsider(self, flow: Flow) -> bool:
        """Decide a flow once more; whether its verdict changed."""
        return self._decide(flow)

    def forget(self, flow: Flow) -> None:
        """Drop a flow that has ended."""
        self._flows.pop(flow.key, None)
        self._undecided.pop(flow.key, None)

    def _other(self, now: float, packet: Packet, domain: int,
               trusted: bool) -> tuple[Flow, Side, bool]:  # fmt: skip
        """The flow of a packet that no client sent: its server's, or a new one."""
        transport, src, sport, dst, dport = packet[:5]
        back = (domain, transport, dst, dport, src, sport)
        flow = self._flows.get(back)
        if flow is not None:
            self._flows.move_to_end(back)
            return flow, _SERVER, False
        dscp = packet.dscp if trusted else 0
        if self._sender_is_server(packet, domain):
            return self._begin(FlowKey(*back), now, dscp), _SERVER, True
        key = FlowKey(domain, transport, src, sport, dst, dport)
        return self._begin(key, now, dscp), _CLIENT, True

    def _begin(self, key: FlowKey, now: float, dscp: int) -> Flow:
        flows = self._flows
        if len(flows) >= self._most_flows:
            _, gone = flows.popitem(last=False)
            self._undecided.pop(gone.key, None)
            if self._on_gone:
                self._on_gone(gone)
        flow = flows[key] = Flow(key, now, self._hinted(key, dscp))
        if len(self._undecided) >= self._most_undecided:
            _, oldest = self._undecided.popitem(last=False)
            oldest._client = oldest._server = None
            oldest.settled = True
        self._undecided[key] = flow
        return flow

    def _hinted(self, key: FlowKey, dscp: int) -> tuple[Reason, Hint] | None:
        hints = self._hints
        if (hint := hints.operator(key)) is not None:
            return Reason.OPERATOR, hint
        if (hint := hints.job(key)) is not None:
            return Reason.JOB, hint
        if dscp and (hint := hints.mark(dscp)) is not None:
            return Reason.MARK, hint
        return None

    def _sender_is_server(self, packet: Packet, domain: int) -> bool:
        transport, src, sport, dst, dport, _, _, flags = packet[:8]
        if flags & SYN:
            return bool(flags & ACK)
        get = self._services.get
        to, of = get((domain, transport, dst, dport)), get((domain, transport, src, sport))
        if (to is None) != (of is None):
            return to is None
        if transport == TCP:
            if (sport >= _EPHEMERAL) != (dport >= _EPHEMERAL):
                return sport < dport
            return sport < _EPHEMERAL and sport < dport
        return sport < _PRIVILEGED <= dport and transport != ROCE

    def _signal(self, flow: Flow, now: float, packet: Packet, side: Side, dscp: int
                ) -> Flow | None:  # fmt: skip
        """SYN, FIN or RST; the flow that a SYN begins, if the one with its key is over."""
        if not packet.flags & SYN:
            flow._closed = True
            return None
        if not packet.flags & ACK:
            over = flow._closed or now - flow.last > _IDLE_S
            if over and packet.seq & 0xFF != flow._syn:
                flow = self._follow(flow, now, packet, dscp)
                self._synchronise(flow, packet.seq, _CLIENT)
                return flow
            if not flow.opened:
                flow._syn = packet.seq & 0xFF
        elif not flow.opened:
            flow._syn = _ANSWERED
        self._synchronise(flow, packet.seq, side)
        return None

    def _follow(self, flow: Flow, now: float, packet: Packet, dscp: int) -> Flow:
        self.forget(flow)
        if self._on_gone:
            self._on_gone(flow)
        _, src, sport, dst, dport = packet[:5]
        later = self._begin(FlowKey(flow.key.domain, TCP, src, sport, dst, dport), now, dscp)
        later._syn = packet.seq & 0xFF
        return later

    def _synchronise(self, flow: Flow, seq: int, side: Side) -> None:
        """A stream begins behind its SYN."""
        if not flow.settled and not flow._opening(side).data:
            if side:
                flow._server = Opening(seq + 1)
            else:
                flow._client = Opening(seq + 1)

    def _payload(self, flow: Flow, now: float, side: Side, seq: int, payload: bytes,
                 size: int) -> bool:  # fmt: skip
        """Take payload in; whether the verdict changed."""
        flow.seen += 1
        flow.shape.add(now, side, size)
        told = not flow.settled and payload and self._read(flow, side, seq, payload)
        if flow.identity is not None and flow.identity.protocol in ANNOUNCING:
            for place, identity, traffic_class in announced(flow.key, side, payload):
                self._services.expect((flow.key.domain, *place), identity, traffic_class)
        if told:
            return self._decide(flow)
        return flow.seen >= flow._next and self._decide(flow)

    def _read(self, flow: Flow, side: Side, seq: int, payload: bytes) -> bool:
        """Ask the bytes; whether they tell something."""
        key = flow.key
        found: Identity | None = None
        if key.transport == TCP:
            opening = flow._opening(side)
            if opening.add(seq, payload):
                found = flow._identified()
                if found is not None:
                    flow._doubted = not opening.sure
            if (
                found is None
                and flow.identity is None
                and (opening.holed or not opening.sure)
                and len(payload) != len(opening.data)  # those were just asked
            ):
                found = _joined(key, side, payload)
                flow._doubted = found is not None
        elif flow.identity is None or not flow._opening(side).data:
            flow._opening(side).data = payload[:OPENING_BYTES]
            found = flow._identified()
        if found is not None:
            flow.identity = found
            if found.final and (not flow._doubted or found.confidence * _JOINED >= WEAK):
                self._settle(flow)
            return True
        if flow.seen >= PATIENCE:
            self._settle(flow)
        return False

    def _settle(self, flow: Flow) -> None:
        flow._client = flow._server = None
        flow.settled = True
        del self._undecided[flow.key]

    def _decide(self, flow: Flow) -> bool:
        """Weigh what is known; whether the verdict is another."""
        seen = flow.seen
        while flow._next <= seen:
            flow._next = _NEXT.get(flow._next) or flow._next + (flow._next >> 1)
        told = self._opinion(flow)
        before = flow.verdict
        if (
            before is not _NONE
            and before.traffic_class is told.traffic_class
            and before.reason is told.reason
        ):
            flow.verdict = self._verdict(told, before.packets_needed)
            return told[1:4] != (before.known, before.protocol, before.role)
        flow.verdict = self._verdict(told, seen)
        if flow.identity is not None and told.reason is Reason.SIGNATURE:
            self._services.learn(_place(flow.key), flow.identity, told.traffic_class, told.role)
        elif told.reason is Reason.BEHAVIOUR and told.role != OTHER:
            self._siblings.learn(_place(flow.key), _BY_SHAPE, told.traffic_class, told.role)
        return True

    def _opinion(self, flow: Flow) -> Opinion:
        """What counts; the bytes are asked first, as they mostly tell."""
        bare = flow.identity
        identity = resolve(bare, flow.shape) if bare is not None else None
        if flow._hint is not None:
            return by_hint(*flow._hint, identity)
        confidence = 0.0
        if bare is not None and identity is not None:
            confidence = identity.confidence * (_JOINED if flow._doubted else 1.0)
            if bare.traffic_class is not None and confidence >= WEAK:
                return by_bytes(identity, identity.traffic_class or bare.traffic_class, confidence)
        key = flow.key
        place = _place(key)
        known = Circumstances(
            self._services.get(place),
            self._siblings.get(place),
            self._hints.port(key.transport, key.cport, key.sport),
            "UDP" if key.transport == UDP else "",
        )
        return weigh(identity, confidence, flow.shape, known)

    def _verdict(self, told: Opinion, packets_needed: int) -> Verdict:
        """The verdict; equal ones are one object, which saves time and memory."""
        # an Enum's own hash is Python code, its value's is a stored number
        one = (told.traffic_class._value_, told.reason._value_, packets_needed, *told[1:4],
               *told[5:])  # fmt: skip
        known = self._verdicts.get(one)
        if known is None:
            if len(self._verdicts) >= _MOST_VERDICTS:
                self._verdicts.clear()
            known = self._verdicts[one] = told.verdict(packets_needed)
        return known


def _place(key: FlowKey) -> Place:
    return key.domain, key.transport, key.server, key.sport


def _joined(key: FlowKey, side: Side, payload: bytes) -> Identity | None:
    """What a packet tells by itself; protocols of messages often begin one with a packet."""
    payload = payload[:OPENING_BYTES]
    client, server = (b"", payload) if side else (payload, b"")
    return identify(key.transport, key.sport, client, server)
