"""The OpenFlow shell: a Ryu app that turns messages into events and commands into messages.

    headway run                          (os-ken)
    ryu-manager controller/app.py        (Ryu 4.34)

Owns the connections. Decides nothing: a handler parses, calls `decide` and sends.
"""

import os
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from controller import codec, framework, guards, metrics, recognition
from controller.advice.agent import Agent
from controller.advice.capacities import Capacities
from controller.advisor import AdvisorProcess
from controller.api import server as api
from controller.core import decide
from controller.errors import ControllerError
from controller.events import (
    Barrier,
    BarrierReply,
    Command,
    CountersRead,
    Disconnect,
    Event,
    Note,
    Observe,
    PacketIn,
    PolicyAnswered,
    PortChanged,
    ReadCounters,
    ReadTables,
    Refused,
    SwitchDown,
    SwitchUp,
    TablesRead,
    Tick,
)
from controller.manager import Manager
from controller.notes import NoteLog
from controller.outbox import Outbox
from controller.rules import Group, Meter, Rule
from controller.settings import Settings
from controller.state import State
from policies.errors import PolicyError

guards.install()

_ofp, _event = framework.ofp, framework.ofp_event
_MAIN, _DEAD = framework.handler.MAIN_DISPATCHER, framework.handler.DEAD_DISPATCHER
_ALIVE = [framework.handler.CONFIG_DISPATCHER, _MAIN]
_PARTS = 3  # of a read-back: rules, groups, meters
_MAX_READING = 200_000  # entries and messages of one; who says more is not to be believed
_MAX_PORTS = 4096


class EventTick(framework.event.EventBase):  # type: ignore[misc]
    """Time went on."""


class EventFromBeside(framework.event.EventBase):  # type: ignore[misc]
    """The advisor or the manager of policies said something."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


@dataclass(slots=True)
class Reading:
    """The parts of a read-back that have arrived; complete when each part has ended."""

    question: ReadTables | None = None
    rules: list[Rule] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    meters: list[Meter] = field(default_factory=list)
    size: int = 0
    parts_ended: int = 0


@dataclass(slots=True)
class Connection:
    """One switch's connection."""

    datapath: Any
    number: int
    outbox: Outbox
    reading: Reading = field(default_factory=Reading)


class Headway(framework.App):  # type: ignore[misc]
    """Network-aware AI traffic control as a Ryu app."""

    OFP_VERSIONS = [_ofp.OFP_VERSION]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.notes = NoteLog()
        self._connections: dict[int, Connection] = {}
        self._numbers = 0
        self._tick_waiting = False
        self._advisor: AdvisorProcess | None = None
        try:
            settings = Settings.from_environment(os.environ)
            capacities = Capacities.load(settings.links)
            self.manager = Manager(settings)
            self.state = State(self.manager.begin_with(), settings, capacities=capacities)
            if settings.has_agent:
                self.state.agent = Agent.of(settings, capacities, time.perf_counter)
                self._advisor = AdvisorProcess(settings, self._beside)
            metrics.serve(settings.metrics, self.state, self.notes)
            flows = partial(recognition.shown, self.state)
            api.serve(settings, self.state, self.manager, self.notes, flows)
        except (ControllerError, PolicyError) as error:
            print(f"headway: error: {error}", file=sys.stderr)
            sys.exit(2)  # ryu-manager would show a traceback

    def start(self) -> Any:
        """Starts the event loop and the clock."""
        framework.hub.spawn(self._tick_forever)
        if self._advisor:
            self._advisor.start()
        self.manager.start(self.state, self._beside)
        return super().start()

    def _tick_forever(self) -> None:
        while True:
            framework.hub.sleep(self.state.settings.tick_s)
            if not self._tick_waiting:
                self._tick_waiting = True
                self.send_event(self.name, EventTick())

    # --- deciding and sending -------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        now = time.monotonic()
        for command in decide(self.state, event, now):
            self._carry_out(command, now)

    def _carry_out(self, command: Command, now: float) -> None:
        if isinstance(command, Note):
            self.notes.take(command, now)
            return
        if isinstance(command, Observe):
            if self._advisor:
                self._advisor.ask(command)
            return
        if isinstance(command, PolicyAnswered):
            self.manager.answered(command)
            return
        connection = self._connections.get(command.dpid)
        if isinstance(command, Disconnect) or connection is None:
            return  # a refused connection was closed where it was made
        if isinstance(command, ReadTables):
            connection.reading = Reading(command)
        for message in codec.encode(connection.datapath, command):
            connection.outbox.put(message, command)
        if connection.outbox.overfull:
            guards.refuse(connection.datapath, "not-reading", "the switch does not read")

    # --- handlers -------------------------------------------------------------------------------

    @framework.handler.set_ev_cls(EventTick)
    def _on_tick(self, _ev: Any) -> None:
        self._tick_waiting = False
        self._take(Tick())

    def _beside(self, event: Event) -> None:
        self.send_event(self.name, EventFromBeside(event))

    @framework.handler.set_ev_cls(EventFromBeside)
    def _on_beside(self, ev: Any) -> None:
        self._take(ev.event)

    @framework.handler.set_ev_cls(_event.EventOFPStateChange, [_MAIN, _DEAD])
    def _on_state(self, ev: Any) -> None:
        datapath = ev.datapath
        if ev.state == _MAIN:
            self._connected(datapath)
        elif datapath.id is not None:
            self._disconnected(datapath)

    def _connected(self, datapath: Any) -> None:
        self._numbers += 1
        ports = tuple(codec.decode_port(port) for port in datapath.ports.values())
        event = SwitchUp(datapath.id, self._numbers, ports)
        commands = decide(self.state, event, time.monotonic())
        if any(isinstance(command, Disconnect) for command in commands):
            guards.close(datapath)
        else:
            outbox = Outbox(datapath)
            self._connections[datapath.id] = Connection(datapath, self._numbers, outbox)
        for command in commands:
            self._carry_out(command, time.monotonic())

    def _disconnected(self, datapath: Any) -> None:
        connection = self._connections.get(datapath.id)
        if connection and connection.datapath is datapath:
            del self._connections[datapath.id]
            connection.outbox.close()
            self._take(SwitchDown(datapath.id, connection.number))

    def _connection_of(self, message: Any) -> Connection | None:
        """The connection a message came on; None for one that was refused or has ended."""
        connection = self._connections.get(message.datapath.id)
        if connection and connection.datapath is message.datapath and not message.datapath.refused:
            return connection
        return None

    def _question_of(self, message: Any, kind: type) -> Any:
        """Our command of this kind that a message answers; None, and counted, if there is none."""
        connection = self._connection_of(message)
        if connection is None:
            return None
        more = bool(getattr(message, "flags", 0) & _ofp.OFPMPF_REPLY_MORE)
        question = connection.outbox.answered(message.xid, more=more)
        if isinstance(question, kind):
            return question
        guards.note(message.datapath, "unasked-reply", "an answer to nothing we asked; dropped")
        return None

    @framework.handler.set_ev_cls(_event.EventOFPPacketIn, _MAIN)
    def _on_packet_in(self, ev: Any) -> None:
        if self._connection_of(ev.msg):
            port = ev.msg.match.get("in_port", 0)
            table = ev.msg.table_id
            self._take(PacketIn(ev.msg.datapath.id, port, bytes(ev.msg.data), table))

    @framework.handler.set_ev_cls(_event.EventOFPPortStatus, _MAIN)
    def _on_port_status(self, ev: Any) -> None:
        datapath = ev.msg.datapath
        if not self._connection_of(ev.msg):
            return
        gone = ev.msg.reason == _ofp.OFPPR_DELETE
        self._take(PortChanged(datapath.id, codec.decode_port(ev.msg.desc), gone))
        if len(self.state.switches[datapath.id].ports) > _MAX_PORTS:
            guards.refuse(datapath, "too-many-ports", f"more than {_MAX_PORTS} ports")

    @framework.handler.set_ev_cls(_event.EventOFPBarrierReply, _MAIN)
    def _on_barrier(self, ev: Any) -> None:
        if question := self._question_of(ev.msg, Barrier):
            self._take(BarrierReply(question.dpid, question.number))

    @framework.handler.set_ev_cls(_event.EventOFPErrorMsg, _ALIVE)
    def _on_error(self, ev: Any) -> None:
        connection = self._connection_of(ev.msg)
        if connection is None:
            return
        kind = _ofp.ofp_error_type_to_str(ev.msg.type)
        code = _ofp.ofp_error_code_to_str(ev.msg.type, ev.msg.code or 0)
        subject = codec.refused(getattr(ev.msg, "data", None))
        self._take(Refused(ev.msg.datapath.id, f"{kind} {code}", subject))
        question = connection.outbox.answered(ev.msg.xid)
        if isinstance(question, ReadTables) and question is connection.reading.question:
            self._part_ended(connection)  # a switch without meters has none to tell

    @framework.handler.set_ev_cls(_event.EventOFPPortStatsReply, _MAIN)
    @framework.handler.set_ev_cls(_event.EventOFPQueueStatsReply, _MAIN)
    @framework.handler.set_ev_cls(_event.EventOFPGroupStatsReply, _MAIN)
    @framework.handler.set_ev_cls(_event.EventOFPMeterStatsReply, _MAIN)
    def _on_counters(self, ev: Any) -> None:
        if question := self._question_of(ev.msg, ReadCounters):
            self._take(CountersRead(question.dpid, codec.decode_counters(ev.msg)))

    @framework.handler.set_ev_cls(_event.EventOFPFlowStatsReply, _MAIN)
    def _on_flows(self, ev: Any) -> None:
        if connection := self._reading_of(ev.msg):
            counters = codec.decode_counters(ev.msg)
            connection.reading.rules += [entry.rule for entry in counters]  # type: ignore[union-attr]
            self._take(CountersRead(connection.datapath.id, counters))
            self._read(connection, ev.msg)

    @framework.handler.set_ev_cls(_event.EventOFPGroupDescStatsReply, _MAIN)
    def _on_groups(self, ev: Any) -> None:
        if connection := self._reading_of(ev.msg):
            connection.reading.groups += [codec.decode_group(desc) for desc in ev.msg.body]
            self._read(connection, ev.msg)

    @framework.handler.set_ev_cls(_event.EventOFPMeterConfigStatsReply, _MAIN)
    def _on_meters(self, ev: Any) -> None:
        if connection := self._reading_of(ev.msg):
            connection.reading.meters += [codec.decode_meter(config) for config in ev.msg.body]
            self._read(connection, ev.msg)

    def _reading_of(self, message: Any) -> Connection | None:
        """The connection, if the message is of its read-back; an older one's is dropped."""
        question = self._question_of(message, ReadTables)
        connection = self._connections[question.dpid] if question else None
        return connection if connection and question is connection.reading.question else None

    def _read(self, connection: Connection, message: Any) -> None:
        """Takes the end of one message of a read-back."""
        connection.reading.size += 1 + len(message.body)
        if connection.reading.size > _MAX_READING:
            connection.reading = Reading()
            guards.refuse(connection.datapath, "endless-reply", "an endless statistics reply")
        elif not message.flags & _ofp.OFPMPF_REPLY_MORE:
            self._part_ended(connection)

    def _part_ended(self, connection: Connection) -> None:
        """All parts together make the event."""
        reading = connection.reading
        reading.parts_ended += 1
        if reading.parts_ended == _PARTS:
            connection.reading = Reading()
            self._take(TablesRead(
                connection.datapath.id, tuple(reading.rules), tuple(reading.groups),
                tuple(reading.meters),
            ))  # fmt: skip
