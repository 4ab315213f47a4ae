"""Which switch port is cabled to which, by signed LLDP probes of our own.

Owns links. The framework's discovery is not used: it parses packets with a library that can hang,
believes any LLDP frame, and stalls on one of its two hubs. A probe counts once, at one place, while
it is young; so a forged one fails its signature and a replayed or relayed one its number.
"""

from collections.abc import Iterator

from controller import lldp
from controller.events import Command, Level, Note, SendFrame
from controller.state import LAST_REAL_PORT, End, Link, State, Switch

_LOST_AFTER = 3.5  # discovery intervals: three probes lost and a little
_YOUNG_S = 3.0  # a port this new is probed more often, so that start-up is quick
_YOUNG_INTERVAL_S = 0.2


def probe(state: State, now: float) -> Iterator[Command]:
    """Sends this round's probes, when it is time: every round, or only for young ports."""
    full = now >= state.next_probe
    if full:
        state.next_probe = now + state.settings.discovery_interval_s
    for switch in state.connected():
        for number, port in switch.ports.items():
            if not port.port.up or number >= LAST_REAL_PORT:
                continue
            young = now - max(port.up_since, switch.connected_at) < _YOUNG_S
            end = (switch.dpid, number)
            if full or (young and not _recently_probed(state, end, now)):
                yield _send(state, end, now)


def _recently_probed(state: State, end: End, now: float) -> bool:
    return any(now - sent < _YOUNG_INTERVAL_S for sent in state.probes.get(end, {}).values())


def _send(state: State, end: End, now: float) -> SendFrame:
    state.nonce += 1
    outstanding = state.probes.setdefault(end, {})
    for nonce in [n for n, sent in outstanding.items() if now - sent > _max_age(state)]:
        del outstanding[nonce]
    outstanding[state.nonce] = now
    made = lldp.Probe(end[0], end[1], state.nonce, int(now * 1000))
    return SendFrame(end[0], (end[1],), lldp.encode(made, state.settings.key))


def _max_age(state: State) -> float:
    return 2 * state.settings.discovery_interval_s


def heard(state: State, end: End, frame: bytes, now: float) -> Iterator[Command]:
    """Takes an LLDP frame that arrived at `end`."""
    try:
        made = lldp.decode(frame, state.settings.key)
    except lldp.LldpError as error:
        kind = f"lldp-{error.reason.name.lower().replace('_', '-')}"
        yield Note(kind, f"LLDP on {name(state, end)} refused: {error}", Level.WARNING)
        return
    origin = (made.dpid, made.port)
    sent = state.probes.get(origin, {}).pop(made.nonce, None)
    if sent is None or now - sent > _max_age(state):
        yield Note("lldp-replayed", f"LLDP on {name(state, end)} claims {origin[0]:#x} port "
                   f"{origin[1]} again: replayed or relayed, ignored", Level.WARNING)  # fmt: skip
        return
    if origin == end:
        yield Note("lldp-own", f"{name(state, end)} hears itself: a loop on the cable, ignored",
                   Level.WARNING)  # fmt: skip
        return
    yield from _take(state, origin, end, now)


def _take(state: State, origin: End, end: End, now: float) -> Iterator[Command]:
    ends = (min(origin, end), max(origin, end))
    link = state.links.get(ends)
    if link is None:
        hosts = [*state.hosts_at(origin), *state.hosts_at(end)]
        if hosts:
            way = f"{name(state, origin)} -> {name(state, end)}"
            yield Note("link-on-host-port", f"{way}: a switch "
                       f"link through a port with a host on it ({hosts[0].mac:012x}) is refused; "
                       "take the port down and up again if it was recabled",
                       Level.WARNING)  # fmt: skip
            return
        for old in (state.link_at.get(origin), state.link_at.get(end)):
            if old:
                forget(state, old)
        link = state.links[ends] = Link(ends)
        state.link_at[origin] = state.link_at[end] = link
    link.heard[end] = now
    if not link.up and len(link.heard) == 2 and _alive(state, link, now):
        yield from set_up(state, link, now)


def _alive(state: State, link: Link, now: float) -> bool:
    limit = _LOST_AFTER * state.settings.discovery_interval_s
    return all(
        port_up(state, end) and now - link.heard.get(end, -limit) <= limit for end in link.ends
    )


def port_up(state: State, end: End) -> bool:
    """True if the switch says the port has carrier."""
    switch = state.switches.get(end[0])
    port = switch.ports.get(end[1]) if switch else None
    return port is not None and port.port.up


def set_up(state: State, link: Link, now: float) -> Iterator[Command]:
    """A link is new or back: paths may change."""
    link.up = True
    state.topology_changed_at = now
    yield Note("link-up", f"link {_name(state, link)} up")


def set_down(state: State, link: Link, why: str) -> Iterator[Command]:
    """A link is gone: it keeps its place in the topology, and both ends must be heard anew."""
    if link.up:
        link.up = False
        yield Note("link-down", f"link {_name(state, link)} down: {why}", Level.WARNING)
    link.heard.clear()


def forget(state: State, link: Link) -> None:
    """Removes a link from the topology, because a port now leads elsewhere or is deleted."""
    state.links.pop(link.ends, None)
    for end in link.ends:
        if state.link_at.get(end) is link:
            del state.link_at[end]


def excuse(state: State, now: float) -> None:
    """Counts time in which we were not running (stopped, starved) as heard: nobody was probed."""
    missed = now - state.last_tick - state.settings.discovery_interval_s
    if missed > 0:
        for link in state.links.values():
            link.heard = {end: heard + missed for end, heard in link.heard.items()}
    state.last_tick = now


def silent(state: State, now: float) -> Iterator[Link]:
    """Links whose probes stopped arriving though both switches are there to send and hear them."""
    limit = _LOST_AFTER * state.settings.discovery_interval_s
    for link in state.links.values():
        switches = [state.switches[dpid] for dpid, _ in link.ends]
        unheard = any(now - heard > limit for heard in link.heard.values())
        if link.up and unheard and all(_present(s, now, limit) for s in switches):
            yield link


def _present(switch: Switch, now: float, limit: float) -> bool:
    return switch.connection is not None and switch.ready and now - switch.connected_at > limit


def name(state: State, end: End) -> str:
    """A port by its interface name where known."""
    switch = state.switches.get(end[0])
    port = switch.ports.get(end[1]) if switch else None
    return port.port.name if port else f"switch {end[0]:#x} port {end[1]}"


def _name(state: State, link: Link) -> str:
    return " -- ".join(name(state, end) for end in link.ends)
