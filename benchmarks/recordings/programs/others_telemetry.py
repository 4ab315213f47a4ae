"""Monitoring that no classifier was built with."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

_AGENTS = ("ddtrace", "elastic-apm", "sentry-sdk", "tensorboard", "setuptools<80", "httpx",
           "requests")  # fmt: skip
_MODULES = "/usr/lib/x86_64-linux-gnu/ganglia"
_CHECK = "/usr/lib/nagios/plugins/check_nrpe"
_INTAKE = "the agent is real, the intake a stand-in of ours"


def _traces(stage: Stage, agent: str, default: int, settings: dict[str, str]) -> None:
    port = stage.port(default)
    script = [stage.python, WORKLOADS / "trace_agents.py"]
    stage.start(1, [*script, "server", stage.address(1), port])
    stage.listens(1, port)
    url = f"http://{stage.address(1)}:{port}"
    env = {key: value.replace("URL", url) for key, value in settings.items()}
    stage.start(2, [*script, agent, url], env=env).finish()


@recording("datadog-traces", "Datadog APM (ddtrace, msgpack over HTTP)", "telemetry", pip=_AGENTS,
           note=_INTAKE)  # fmt: skip
def datadog(stage: Stage) -> None:
    """Spans of training steps."""
    quiet = {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
             "DD_REMOTE_CONFIGURATION_ENABLED": "false",
             "DD_TRACE_AGENT_URL": "URL", "DD_TRACE_WRITER_INTERVAL_SECONDS": "0.5"}  # fmt: skip
    _traces(stage, "datadog", 8126, quiet)


@recording("elastic-apm", "Elastic APM (intake v2, ndjson over HTTP)", "telemetry", pip=_AGENTS,
           note=_INTAKE)  # fmt: skip
def elastic(stage: Stage) -> None:
    """Transactions and metrics."""
    _traces(stage, "elastic", 8200, {})


@recording("sentry-envelopes", "Sentry (envelopes over HTTP)", "telemetry", pip=_AGENTS,
           note=_INTAKE)  # fmt: skip
def sentry(stage: Stage) -> None:
    """Events and traces."""
    _traces(stage, "sentry", 9000, {})


@recording(
    "tensorboard-polling",
    "TensorBoard's data API (its server, our poller)",
    "telemetry",
    pip=_AGENTS,
    note="debatable: figures that a page asks for; background would not be wrong",
)
def tensorboard(stage: Stage) -> None:
    """As the page does."""
    port = stage.port(6006)
    script = [stage.python, WORKLOADS / "tensorboard_poll.py"]
    logs = stage.folder / "logs"
    stage.start(1, [*script, "write", logs]).finish()
    words = ["--logdir", logs, "--host", stage.address(1), "--port", port, "--load_fast", "false"]
    stage.start(1, [stage.python.parent / "tensorboard", *words])
    stage.listens(1, port)
    stage.start(2, [*script, "read", f"http://{stage.address(1)}:{port}"]).finish()


@recording("munin-node", "Munin node 2.0 protocol", "telemetry", apt={"munin-node": "munin-node"},
           note="who asks is a stand-in for munin-update")  # fmt: skip
def munin(stage: Stage) -> None:
    """Lists, settings, values."""
    port = stage.port(4949)
    home = stage.folder / "munin"
    home.mkdir()
    settings = daemons.settings(
        home / "munin-node.conf",
        f"log_level 2\nlog_file {home}/log\npid_file {home}/pid\nbackground 0\nsetsid 0\n"
        "user root\n"
        f"group root\nhost_name h1\nallow ^.*$\nhost {stage.address(1)}\nport {port}\n",
    )
    stage.start(1, ["munin-node", "--config", settings])
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "munin_ask.py", stage.address(1), port]).finish()


@recording(
    "zabbix-agent",
    "Zabbix agent 6.0, active and passive checks",
    "telemetry",
    apt={"zabbix_agentd": "zabbix-agent"},
    note="the server is a stand-in of ours",
)
def zabbix(stage: Stage) -> None:
    """Values asked for, and values sent."""
    agent, server = stage.port(10050), stage.port(10051)
    script = [stage.python, WORKLOADS / "zabbix_stub.py"]
    stage.start(1, [*script, "active", stage.address(1), server])
    stage.listens(1, server)
    settings = daemons.settings(
        stage.folder / "agent.conf",
        f"Server={stage.address(1)}\nServerActive={stage.address(1)}:{server}\nHostname=h2\n"
        f"ListenPort={agent}\nListenIP={stage.address(2)}\nAllowRoot=1\nLogType=console\n"
        f"BufferSend=1\nPidFile={stage.folder}/agent.pid\n",
    )
    stage.start(2, ["zabbix_agentd", "-f", "-c", settings])
    stage.listens(2, agent)
    stage.start(1, [*script, "passive", stage.address(2), agent]).finish()


@recording("nagios-nrpe", "NRPE 4.1 checks (check_nrpe)", "telemetry",
           apt={"/usr/sbin/nrpe": "nagios-nrpe-server", _CHECK: "nagios-nrpe-plugin"},
           note="without its TLS")  # fmt: skip
def nrpe(stage: Stage) -> None:
    """Checks without TLS."""
    port = stage.port(5666)
    settings = daemons.settings(
        stage.folder / "nrpe.cfg",
        f"server_port={port}\nserver_address={stage.address(1)}\nnrpe_user=nobody\nnrpe_group=nogroup\n"
        f"allowed_hosts={stage.address(2)}\npid_file={stage.folder}/nrpe.pid\ndisable_syslog=1\n"
        "command[check_load]=/bin/echo OK - load average: 0.1\n"
        "command[check_disk]=/bin/echo DISK OK - free space: / 45 GB\n",
    )
    stage.start(1, ["/usr/sbin/nrpe", "-c", settings, "-f", "-n"])
    stage.listens(1, port)
    ask = f"{_CHECK} -n -H {stage.address(1)} -p {port}"
    daemons.shell(
        stage,
        2,
        f"for i in 1 2 3 4; do {ask}; {ask} -c check_load; {ask} -c check_disk; sleep 0.5; done",
    )


@recording("ganglia-gmond", "Ganglia 3.7 gmond (XDR over UDP, XML over TCP)", "telemetry", hosts=3,
           apt={"gmond": "ganglia-monitor", "nc": "netcat-openbsd"})  # fmt: skip
def ganglia(stage: Stage) -> None:
    """Three nodes that send to one, and a reader."""
    port = stage.port(8649)
    for host in (1, 2, 3):
        collect = "".join(
            f"collection_group {{ collect_every = 1 time_threshold = 2 {names} }}\n"
            for names in ('metric { name = "load_one" }', 'metric { name = "mem_free" }',
                          'metric { name = "cpu_user" } metric { name = "bytes_in" }')
        )  # fmt: skip
        modules = "".join(
            f'module {{ name = "{name}" path = "{_MODULES}/{file}" }}\n'
            for name, file in (("core_metrics", ""), ("cpu_module", "modcpu.so"),
                               ("load_module", "modload.so"), ("mem_module", "modmem.so"),
                               ("net_module", "modnet.so"))
        ).replace(f' path = "{_MODULES}/"', "")  # fmt: skip
        receive = f"udp_recv_channel {{ port = {port} }}\ntcp_accept_channel {{ port = {port} }}\n"
        settings = daemons.settings(
            stage.folder / f"gmond{host}.conf",
            "globals { daemonize = no setuid = no debug_level = 1 host_dmax = 0 "
            "send_metadata_interval = 3 }\n"
            'cluster { name = "lab" }\nhost { location = "lab" }\n'
            f"udp_send_channel {{ host = {stage.address(1)} port = {port} }}\n"
            f"{receive if host == 1 else ''}modules {{ {modules} }}\n{collect}",
        )
        stage.start(host, ["gmond", "-c", settings])
    stage.listens(1, port)
    read = f"for i in 1 2 3 4; do sleep 2; timeout 3 nc -d {stage.address(1)} {port} | wc -c; done"
    daemons.shell(stage, 2, read)


@recording("journal-remote", "systemd journal upload over HTTP (252)", "telemetry",
           apt={"/lib/systemd/systemd-journal-remote": "systemd-journal-remote"})  # fmt: skip
def journal(stage: Stage) -> None:
    """Entries in export format, chunked."""
    port = stage.port(19532)
    out = stage.folder / "received.journal"
    listen = f"--listen-http={stage.address(1)}:{port}"
    stage.start(1, ["/lib/systemd/systemd-journal-remote", listen, "-o", out, "--split-mode=none"])
    stage.listens(1, port)
    entries = "".join(
        f"__REALTIME_TIMESTAMP={1700000000000000 + n}\n__MONOTONIC_TIMESTAMP={n + 1}\n"
        f"_BOOT_ID={'ab' * 16}\nMESSAGE=step {n} of the training\nPRIORITY=6\n_HOSTNAME=h2\n\n"
        for n in range(200)
    )
    export = daemons.settings(stage.folder / "export", entries)
    make = f"/lib/systemd/systemd-journal-remote -o {stage.folder}/own.journal {export}"
    url = f"http://{stage.address(1)}:{port}"
    kept = f"--file={stage.folder}/own.journal --save-state={stage.folder}/state"
    send = f"/lib/systemd/systemd-journal-upload -u {url} {kept}"
    daemons.shell(stage, 2, f"{make}; timeout 4 {send} || true")
    daemons.shell(
        stage, 2,
        f"for i in 1 2 3; do curl -sf -H 'Content-Type: application/vnd.fdo.journal' "
        f"--data-binary @{export} {url}/upload; sleep 0.5; done",
    )  # fmt: skip


@recording("prometheus-federation", "Prometheus 2.42 federation", "telemetry",
           apt={"prometheus": "prometheus"})  # fmt: skip
def federation(stage: Stage) -> None:
    """One server that takes from another's /federate."""
    port = stage.port(9090)
    target = f"static_configs: [{{targets: ['{stage.address(1)}:{port}']}}]"
    own = f"scrape_configs: [{{job_name: own, {target}}}]"
    other = (
        "scrape_configs: [{job_name: federate, honor_labels: true, metrics_path: /federate, "
        "params: {'match[]': ['{job=\"own\"}']}, "
        f"{target}}}]"
    )
    for host, job in ((1, own), (2, other)):
        home = stage.folder / f"prometheus{host}"
        home.mkdir()
        text = f"global: {{scrape_interval: 1s}}\n{job}\n"
        settings = daemons.settings(home / "prometheus.yml", text)
        listen = f"--web.listen-address={stage.address(host)}:{port}"
        stage.start(
            host,
            ["prometheus", f"--config.file={settings}", f"--storage.tsdb.path={home}/data", listen],
        )
        stage.listens(host, port)
    daemons.shell(stage, 2, "sleep 9")
