"""A Prometheus endpoint over what the controller knows; read at scrape time, stored nowhere."""

import logging
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from controller import framework, guards
from controller.advice.agent import Agent
from controller.advice.records import Reason, Standing
from controller.canary import slice_figures
from controller.errors import SettingsError
from controller.notes import NoteLog
from controller.state import State


class Collector:
    """Turns state into metrics when asked."""

    def __init__(self, state: State, notes: NoteLog) -> None:
        self._state, self._notes = state, notes

    def collect(self) -> Iterator[Any]:
        """Yields the metric families."""
        yield from self._sizes()
        yield from self._traffic()
        yield from _recognition(self._state)
        if self._state.agent:
            yield from _agent(self._state.agent)
        events = CounterMetricFamily("headway_events", "What was noted, by kind", labels=["kind"])
        for kind, count in (self._notes.counts + guards.counts).items():
            events.add_metric([kind], count)
        yield events

    def _sizes(self) -> Iterator[Any]:
        state = self._state
        sizes = {
            "switches_connected": sum(s.connection is not None for s in state.switches.values()),
            "links_up": sum(link.up for link in state.links.values()),
            "hosts": len(state.hosts),
            "settled": int(state.settled and state.topology_changed_at is None),
            "rules": sum(len(s.mirror.rules) for s in state.switches.values()),
            "groups": sum(len(s.mirror.groups) for s in state.switches.values()),
        }
        for name, value in sizes.items():
            yield GaugeMetricFamily(f"headway_{name}", name.replace("_", " "), value=value)

    def _traffic(self) -> Iterator[Any]:
        telemetry = self._state.telemetry
        ports = CounterMetricFamily("headway_port_tx_bytes", "Sent", labels=["dpid", "port"])
        for key, rate in telemetry.port_tx.items():
            ports.add_metric([f"{key[0]:#x}", str(key[1])], rate.bytes_total)
        queues = CounterMetricFamily(
            "headway_queue_tx_bytes", "Sent by queue", labels=["dpid", "port", "queue"]
        )
        for key, rate in telemetry.queue_tx.items():
            queues.add_metric([f"{key[0]:#x}", *map(str, key[1:])], rate.bytes_total)
        yield from (ports, queues, *_slices(self._state))


def _recognition(state: State) -> Iterator[Any]:
    """What flows are taken for, and what finding that out takes."""
    flows = GaugeMetricFamily(
        "headway_flows", "Recognised flows with rules, by what tells", labels=["class", "reason"]
    )
    verdicts = (flow.verdict for flow in state.recognised)
    counts = Counter((v.traffic_class.value, v.reason.value) for v in verdicts)
    for labels, count in sorted(counts.items()):
        flows.add_metric(list(labels), count)
    copies = CounterMetricFamily("headway_copies", "Packets copied to the classifier")
    copies.add_metric([], state.copies)
    evicted = CounterMetricFamily("headway_flows_evicted", "Flows that made room for others")
    evicted.add_metric([], state.recognised.evicted)
    yield from (flows, copies, evicted)


def _slices(state: State) -> Iterator[Any]:
    """What each slice put on links, and lost in queues and for being above its maximum."""
    sent = CounterMetricFamily(
        "headway_slice_tx_bytes", "Put on links by a slice, on each it crosses", labels=["slice"]
    )
    lost = CounterMetricFamily(
        "headway_slice_dropped_packets", "Dropped by a slice's queues and meter", labels=["slice"]
    )
    for name, figures in slice_figures(state).items():
        sent.add_metric([name], figures.sent_bytes)
        lost.add_metric([name], figures.lost_packets)
    return iter((sent, lost))


def _agent(agent: Agent) -> Iterator[Any]:
    """How the agent stands, what it promised, and how long each stage of a turn took."""
    loop = agent.loop
    standing = GaugeMetricFamily("headway_agent", "1 for its standing", labels=["standing"])
    for kind in Standing:
        standing.add_metric([kind.value], float(loop.standing is kind))
    refusals = CounterMetricFamily("headway_agent_refusals", "By reason", labels=["reason"])
    for reason in Reason:
        refusals.add_metric([reason.value], loop.refusals[reason])
    busiest = GaugeMetricFamily(
        "headway_agent_busiest_link", "Largest link utilisation", labels=["when"]
    )
    stages = GaugeMetricFamily("headway_agent_stage_seconds", "Of a turn", labels=["stage"])
    record = next((r for r in reversed(loop.records) if r.verdict), None)
    if record:
        for name in (
            "predicted",
            "predicted_fallback",
            "verified",
            "verified_fallback",
            "measured",
        ):
            if (value := getattr(record, name)) is not None:
                busiest.add_metric([name], value)
        for stage, seconds in record.seconds.items():
            stages.add_metric([stage], seconds)
    changed = len(agent.advice)
    pairs = GaugeMetricFamily("headway_agent_pairs", "With weights of the agent's", value=changed)
    yield from (standing, refusals, busiest, stages, pairs)


def serve(address: str, state: State, notes: NoteLog) -> None:
    """Starts the endpoint on HOST:PORT; an empty address is none.

    Raises:
        SettingsError: The address is wrong or taken.
    """
    if not address:
        return
    host, _, port = address.rpartition(":")
    logging.getLogger(framework.hub.__name__).setLevel(logging.WARNING)  # a line for each scrape
    registry = CollectorRegistry()
    registry.register(Collector(state, notes))
    try:
        # The hub shares its ports with whoever asks, so first see that this one is free.
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host or "127.0.0.1", int(port)))
        # The hub's own server: prometheus_client's would block every other green thread.
        server = framework.hub.WSGIServer((host or "127.0.0.1", int(port)), make_wsgi_app(registry))
    except (ValueError, OSError) as error:
        raise SettingsError(f"metrics endpoint {address!r}: {error}; give HOST:PORT") from error
    framework.hub.spawn(server.serve_forever)
