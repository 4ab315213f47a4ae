"""How the controller behaves in time and size; read once from the environment at start.

`ryu-manager` gives an app no arguments of its own, so every way of running passes settings in
`HEADWAY_*` variables; `headway run` sets them from its options.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from controller.errors import SettingsError

PREFIX = "HEADWAY_"
FULL, LINKS = "full", "links"  # how much the guard refuses
_SWITCH = {"0": False, "1": True}


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds, rates in packets a second.

    Attributes:
        tick_s: How often the core looks at the clock.
        discovery_interval_s: Between LLDP probes of a port; three lost in a row end a link.
        settle_s: How long a port must be up without another switch before it is for hosts.
        quiet_s: How long discovery must be quiet before paths are computed.
        telemetry_interval_s: Between reads of port, queue and group counters (from 0.1).
        audit_interval_s: Between read-backs of every table; also reads flow counters.
        drain_s: How long a retired path stays usable for packets on their way.
        punt_pps: Packets a second each host port may send to the controller.
        classify: Look at the first packets of flows that no rule, job or mark tells the class of.
        copy_pps: Packets a second of each host port copied for that.
        most_flows: Recognised flows that have rules on one switch.
        flow_idle_s: How long a recognised flow may send nothing before its rules go.
        hosts_per_port: MAC addresses learned on one port.
        most_trees: Candidate paths over shortest paths, per egress switch.
        least_trees: Candidate paths with detours, per egress switch.
        protect_up_to: Largest network, in switches, that gets protection trees.
        advise_interval_s: Between two questions to the agent (0.1 to 10); 0 is off.
        agent: The agent: a name, or an exported policy's file; empty for none.
        guard: "full", or "links" for experiments: advice that is well-formed and keeps off dead
            links is followed at once, however bad it is predicted to be.
        links: File with the rates of links, as 'headway topo SPEC --json' prints; empty for none.
        state: Folder where policies, decisions and snapshots are kept; empty for the user's own.
        metrics: HOST:PORT of the Prometheus endpoint; empty for none.
        policy: Policy file to begin with; empty for the default. A policy applied later stays in
            force over restarts, until this file's text changes.
        fresh: Begin with `policy` whatever was applied before.
        emulated: The network is made anew with this controller: begin with `policy`, and keep what
            is applied apart from what other networks have.
        queues: UNIX socket of the keeper of queues ('headway queues'); empty: nobody changes them.
        api: HOST:PORT of the REST API; empty for none.
        api_tokens: File of tokens, "ROLE TOKEN [NAME]" a line; empty for one made in `state`.
        api_cert: Certificate chain (PEM) for TLS; empty for none.
        api_key: Its private key.
        api_insecure: Allow an API without TLS on an address other machines can reach.
        key: Secret that signs discovery probes.
    """

    tick_s: float = 0.05
    discovery_interval_s: float = 1.0
    settle_s: float = 0.6
    quiet_s: float = 0.5
    telemetry_interval_s: float = 1.0
    audit_interval_s: float = 10.0
    drain_s: float = 0.5
    punt_pps: int = 100
    classify: bool = True
    copy_pps: int = 300
    most_flows: int = 4096
    flow_idle_s: float = 60.0
    hosts_per_port: int = 64
    most_trees: int = 16
    least_trees: int = 8
    protect_up_to: int = 200
    advise_interval_s: float = 0.5
    agent: str = ""
    guard: str = FULL
    links: str = ""
    state: str = ""
    metrics: str = ""
    policy: str = ""
    fresh: bool = False
    emulated: bool = False
    queues: str = ""
    api: str = ""
    api_tokens: str = ""
    api_cert: str = ""
    api_key: str = ""
    api_insecure: bool = False
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @property
    def policy_path(self) -> Path | None:
        """The policy file, None for the default."""
        return Path(self.policy) if self.policy else None

    @property
    def has_agent(self) -> bool:
        """Whether an advisor is asked at all."""
        return bool(self.agent) and self.advise_interval_s > 0

    @property
    def poll_interval_s(self) -> float:
        """Between reads of counters: an agent wants fresh ones for every question."""
        if self.has_agent:
            return min(self.telemetry_interval_s, self.advise_interval_s)
        return self.telemetry_interval_s

    @staticmethod
    def from_environment(environment: Mapping[str, str]) -> "Settings":
        """Reads `HEADWAY_*` variables, such as HEADWAY_TELEMETRY_INTERVAL_S=0.1.

        Raises:
            SettingsError: A value is not of its kind or out of range; names the variable.
        """
        values: dict[str, object] = {}
        for entry in fields(Settings):
            name = PREFIX + entry.name.upper()
            if name in environment and entry.name != "key":
                values[entry.name] = _value(name, environment[name], entry.default)
        return Settings(**values)  # type: ignore[arg-type]


def _value(name: str, text: str, default: object) -> object:
    if name == PREFIX + "GUARD" and text not in {FULL, LINKS}:
        raise SettingsError(f"{name}={text!r}: use {FULL}, or {LINKS} for experiments")
    if isinstance(default, str):
        return text
    if isinstance(default, bool):
        if not text:
            return default
        if text not in _SWITCH:
            raise SettingsError(f"{name}={text!r}: use 1 or 0")
        return _SWITCH[text]
    try:
        number = int(text) if isinstance(default, int) else float(text)
    except ValueError as error:
        raise SettingsError(f"{name}={text!r}: not a number") from error
    if name == PREFIX + "ADVISE_INTERVAL_S":
        if number != 0 and not 0.1 <= number <= 10:
            raise SettingsError(f"{name}={text}: from 0.1 to 10 s, or 0 for no advice")
        return number
    if not 0.01 <= number <= 1e6:
        raise SettingsError(f"{name}={text}: out of range, use 0.01 to 1000000")
    if name == PREFIX + "TELEMETRY_INTERVAL_S" and number < 0.1:
        raise SettingsError(f"{name}={text}: the shortest telemetry interval is 0.1 s")
    return number
