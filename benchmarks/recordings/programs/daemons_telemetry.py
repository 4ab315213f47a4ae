"""Monitoring: what exporters, agents and collectors of several kinds send each other."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

SNMP = {"snmpd": "snmpd", "snmpwalk": "snmp"}
COLLECTD = {"collectd": "collectd-core"}
PROMETHEUS = {"prometheus": "prometheus", "prometheus-node-exporter": "prometheus-node-exporter"}


@recording("snmp-v2c-v3-trap", "SNMP v1, v2c, v3 and traps (net-snmp 5.9)", "telemetry", apt=SNMP)
def snmp(stage: Stage) -> None:
    """A walk in each version, and traps."""
    port, trap = stage.port(161), stage.port(162)
    settings = daemons.settings(
        stage.folder / "snmpd.conf",
        f"agentaddress udp:{stage.address(1)}:{port}\nrocommunity lab\n"
        "createUser walker SHA secretsecret AES secretsecret\nrouser walker priv\n",
    )
    stage.start(1, ["snmpd", "-f", "-Lo", "-C", "-c", settings, "-p", stage.folder / "pid"],
                env={"SNMP_PERSISTENT_DIR": stage.folder})  # fmt: skip
    stage.listens(1, port, l4="udp")
    there = f"udp:{stage.address(1)}:{port}"
    version3 = "-v3 -l authPriv -u walker -a SHA -A secretsecret -x AES -X secretsecret"
    sink = f"udp:{stage.address(1)}:{trap}"
    daemons.shell(
        stage, 2,
        f"snmpwalk -v1 -c lab {there} 1.3.6.1.2.1.1; "
        f"snmpbulkwalk -v2c -c lab {there} 1.3.6.1.2.1.1; "
        f"for i in 1 2 3; do snmpget -v2c -c lab {there} 1.3.6.1.2.1.1.3.0; sleep 0.3; done; "
        f"snmpwalk {version3} {there} 1.3.6.1.2.1.1; "
        f"for i in 1 2 3; do snmptrap -v2c -c lab {sink} '' 1.3.6.1.6.3.1.1.5.3; sleep 0.2; done; "
        f"snmptrap -v1 -c lab {sink} 1.3.6.1.4.1.8072 {stage.address(2)} 3 0 ''",
    )  # fmt: skip


def _log_lines(stage: Stage, port: int) -> None:
    there = f"-n {stage.address(1)} -P {port}"
    daemons.shell(
        stage, 2,
        "for i in 1 2 3 4 5 6 7 8 9 10; do "
        f"logger -d {there} --rfc5424 -t train step $i loss 0.$i; "
        f"logger -d {there} --rfc3164 -t kernel link up $i; sleep 0.1; done; "
        f"seq 1 30 | logger -T {there} --rfc5424 --octet-count -t batch; "
        f"seq 1 30 | logger -T {there} --rfc3164 -t plain",
    )  # fmt: skip


@recording("syslog-rsyslog", "syslog over UDP and TCP (rsyslog 8, logger)", "telemetry",
           apt={"rsyslogd": "rsyslog", "logger": "bsdutils"})  # fmt: skip
def rsyslog(stage: Stage) -> None:
    """A host's log to a server."""
    port = stage.port(514)
    settings = daemons.settings(
        stage.folder / "rsyslog.conf",
        f'module(load="imudp")\nmodule(load="imtcp")\ninput(type="imudp" port="{port}")\n'
        f'input(type="imtcp" port="{port}")\n*.* {stage.folder}/all.log\n',
    )
    stage.start(1, ["rsyslogd", "-n", "-f", settings, "-i", stage.folder / "pid"])
    stage.listens(1, port)
    _log_lines(stage, port)


@recording("syslog-ng-relay", "syslog (syslog-ng 3.38 to syslog-ng, RFC 5424)", "telemetry",
           apt={"syslog-ng": "syslog-ng-core", "logger": "bsdutils"})  # fmt: skip
def syslog_ng(stage: Stage) -> None:
    """A relay sends on, over both transports."""
    port = stage.port(601)
    inlet = 5514
    receive = f'source s {{ syslog(ip("{stage.address(1)}") port({port}) transport("tcp")); '
    receive += f'network(ip("{stage.address(1)}") port({port}) transport("udp")); }};\n'
    forward = f'destination t {{ syslog("{stage.address(1)}" port({port}) transport("tcp")); '
    forward += f'network("{stage.address(1)}" port({port}) transport("udp")); }};\n'
    take = f'source l {{ network(ip("127.0.0.1") port({inlet}) transport("udp")); }};\n'
    parts = {
        1: f'{receive}destination f {{ file("{stage.folder}/all.log"); }};\n'
        "log { source(s); destination(f); };\n",
        2: f"{take}{forward}log {{ source(l); destination(t); }};\n",
    }
    for host, text in parts.items():
        home = stage.folder / f"ng{host}"
        home.mkdir()
        settings = daemons.settings(
            home / "conf", f"@version: 3.38\noptions {{ stats_freq(0); }};\n{text}"
        )
        names = {"-f": settings, "-R": home / "persist", "-p": home / "pid", "-c": home / "ctl"}
        stage.start(host, ["syslog-ng", "-F", *(word for pair in names.items() for word in pair)])
    stage.listens(1, port)
    stage.listens(2, inlet, l4="udp")
    daemons.shell(stage, 2, "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do "
           f"logger -d -n 127.0.0.1 -P {inlet} step $i done; sleep 0.2; done")  # fmt: skip


def _collectd(stage: Stage, host: int, text: str) -> None:
    home = stage.folder / f"collectd{host}"
    home.mkdir()
    general = f'BaseDir "{home}"\nPIDFile "{home}/pid"\nInterval 1\n'
    general += 'TypesDB "/usr/share/collectd/types.db"\n'
    settings = daemons.settings(home / "collectd.conf", f'Hostname "h{host}"\n{general}{text}')
    stage.start(host, ["collectd", "-f", "-C", settings])


def _measure() -> str:
    return "".join(f"LoadPlugin {name}\n" for name in ("load", "memory", "cpu", "uptime"))


@recording("collectd-network", "collectd 5.12 network plugin", "telemetry", hosts=3, apt=COLLECTD)
def collectd(stage: Stage) -> None:
    """Two agents to one server, one of them signing."""
    port = stage.port(25826)
    _collectd(stage, 1, "LoadPlugin network\n<Plugin network>\n"
              f'Listen "{stage.address(1)}" "{port}"\n'
              "</Plugin>\nLoadPlugin csv\n")  # fmt: skip
    stage.listens(1, port, l4="udp")
    for host in (2, 3):
        sign = 'SecurityLevel "Sign"\nUsername "u"\nPassword "p"\n' if host == 3 else ""
        _collectd(stage, host, f'{_measure()}LoadPlugin network\n<Plugin network>\n'
                  f'<Server "{stage.address(1)}" "{port}">\n{sign}</Server>\n'
                  "</Plugin>\n")  # fmt: skip
    daemons.shell(stage, 1, "sleep 7")


@recording("graphite-collectd", "Graphite line protocol (collectd 5.12)", "telemetry",
           apt={**COLLECTD, "socat": "socat"}, note="the receiver is socat")  # fmt: skip
def graphite(stage: Stage) -> None:
    """TCP and UDP."""
    port, datagrams = stage.port(2003), stage.port(2023)
    stage.start(1, ["socat", "-u", f"TCP-LISTEN:{port},fork,reuseaddr", "OPEN:/dev/null"])
    stage.start(1, ["socat", "-u", f"UDP-RECV:{datagrams}", "OPEN:/dev/null"])
    stage.listens(1, port)
    nodes = "".join(
        f'<Node "{kind}">\nHost "{stage.address(1)}"\nPort "{at}"\nProtocol "{kind}"\n</Node>\n'
        for kind, at in (("tcp", port), ("udp", datagrams))
    )
    plugin = f"LoadPlugin write_graphite\n<Plugin write_graphite>\n{nodes}</Plugin>\n"
    _collectd(stage, 2, f"{_measure()}{plugin}")
    daemons.shell(stage, 1, "sleep 12")


@recording("statsd-collectd", "StatsD (collectd 5.12 statsd plugin)", "telemetry",
           pip=("statsd==4.0.1",), apt=COLLECTD)  # fmt: skip
def statsd(stage: Stage) -> None:
    """Counters, gauges and timers of a training loop."""
    port = stage.port(8125)
    _collectd(stage, 1, f'LoadPlugin statsd\n<Plugin statsd>\nHost "{stage.address(1)}"\n'
              f'Port "{port}"\n</Plugin>\n')  # fmt: skip
    stage.listens(1, port, l4="udp")
    stage.start(2, [stage.python, WORKLOADS / "metrics_talk.py", "statsd", stage.address(1), port]
                ).finish()  # fmt: skip


@recording("influx-write-query", "InfluxDB 1.6 line protocol over HTTP and UDP", "telemetry",
           apt={"influxd": "influxdb"},
           note="queries of this database are telemetry too")  # fmt: skip
def influx(stage: Stage) -> None:
    """Writes by HTTP and UDP, and a query."""
    port, datagrams = stage.port(8086), stage.port(8089)
    home = stage.folder / "influx"
    settings = daemons.settings(
        stage.folder / "influx.conf",
        'reporting-disabled = true\nbind-address = "127.0.0.1:18088"\n'
        f'[meta]\ndir = "{home}/meta"\n'
        f'[data]\ndir = "{home}/data"\nwal-dir = "{home}/wal"\n[http]\n'
        f'bind-address = "{stage.address(1)}:{port}"\n[[udp]]\nenabled = true\n'
        f'bind-address = "{stage.address(1)}:{datagrams}"\ndatabase = "lab"\n',
    )
    stage.start(1, ["influxd", "-config", settings])
    stage.listens(1, port)
    base = f"http://{stage.address(1)}:{port}"
    post = "curl -sSf -XPOST"
    line = "gpu,host=h2,gpu=$i util=0.$i,mem=1$i"
    daemons.shell(
        stage, 2,
        f"{post} '{base}/query' --data-urlencode 'q=CREATE DATABASE lab'; "
        f"for i in 1 2 3 4 5 6 7 8 9; do {post} '{base}/write?db=lab' --data-binary \"{line}\"; "
        f"echo \"{line}\" | socat -u - UDP:{stage.address(1)}:{datagrams}; sleep 0.2; done; "
        f"curl -sSfG '{base}/query?db=lab' --data-urlencode 'q=SELECT * FROM gpu'",
    )  # fmt: skip


@recording("prometheus-node-exporter", "Prometheus 2.42 scrapes and remote write", "telemetry",
           hosts=3, apt=PROMETHEUS)  # fmt: skip
def prometheus(stage: Stage) -> None:
    """A server that scrapes, and sends on to another one; a query."""
    port, exporter = stage.port(9090), stage.port(9100)
    for host in (2, 3):
        at = f"{stage.address(host)}:{exporter}"
        stage.start(host, ["prometheus-node-exporter", f"--web.listen-address={at}"])
        stage.listens(host, exporter)
    targets = ", ".join(f"'{stage.address(host)}:{exporter}'" for host in (2, 3))
    jobs = f"scrape_configs: [{{job_name: n, static_configs: [{{targets: [{targets}]}}]}}]\n"
    there = f"http://{stage.address(2)}:{port}/api/v1/write"
    parts = {
        2: "global: {scrape_interval: 1m}\n",
        1: f"global: {{scrape_interval: 1s}}\n{jobs}remote_write: [{{url: '{there}'}}]\n",
    }
    for host, text in parts.items():
        settings = daemons.settings(stage.folder / f"prometheus{host}.yml", text)
        stage.start(
            host,
            ["prometheus", f"--config.file={settings}", "--web.enable-remote-write-receiver",
             f"--web.listen-address={stage.address(host)}:{port}",
             f"--storage.tsdb.path={stage.folder}/tsdb{host}"],
        )  # fmt: skip
        stage.listens(host, port)
    daemons.shell(
        stage, 3, f"sleep 7; curl -sSf 'http://{stage.address(1)}:{port}/api/v1/query?query=up'"
    )


@recording("pushgateway-alertmanager", "Prometheus pushgateway 1.5 and Alertmanager 0.25",
           "telemetry", pip=("prometheus-client==0.23.1",),
           apt={"prometheus-pushgateway": "prometheus-pushgateway",
                "prometheus-alertmanager": "prometheus-alertmanager"})  # fmt: skip
def pushgateway(stage: Stage) -> None:
    """A job that pushes its metrics, and an alert."""
    port, alerts = stage.port(9091), stage.port(9093)
    at = f"--web.listen-address={stage.address(1)}:"
    stage.start(1, ["prometheus-pushgateway", f"{at}{port}"])
    settings = daemons.settings(
        stage.folder / "am.yml", "route: {receiver: x}\nreceivers: [{name: x}]\n"
    )
    stage.start(1, ["prometheus-alertmanager", f"{at}{alerts}", f"--config.file={settings}",
                    f"--storage.path={stage.folder}/am", "--cluster.listen-address="])  # fmt: skip
    stage.listens(1, port)
    stage.listens(1, alerts)
    script = WORKLOADS / "metrics_talk.py"
    stage.start(2, [stage.python, script, "pushgateway", stage.address(1), port]).finish()
    body = '[{"labels":{"alertname":"GpuHot","gpu":"3"}}]'
    url = f"http://{stage.address(1)}:{alerts}/api/v2/alerts"
    daemons.shell(stage, 2, f"curl -sSf -H 'Content-Type: application/json' -d '{body}' {url}; "
           f"curl -sSf {url}")  # fmt: skip


OTEL = ("opentelemetry-sdk==1.27.0", "opentelemetry-exporter-zipkin-json==1.27.0")


def _to_sink(stage: Stage, kind: str, default: int, status: int = 202) -> None:
    port = stage.port(default)
    stage.start(1, [stage.python, WORKLOADS / "http_sink.py", stage.address(1), port, status])
    stage.listens(1, port)
    script = WORKLOADS / "metrics_talk.py"
    stage.start(2, [stage.python, script, kind, stage.address(1), port]).finish()


@recording("zipkin-json", "Zipkin v2 JSON (OpenTelemetry 1.27)", "telemetry", pip=OTEL,
           note="the receiver only takes")  # fmt: skip
def zipkin(stage: Stage) -> None:
    """Spans."""
    _to_sink(stage, "zipkin", 9411)


@recording("loki-push", "Loki push API (python-logging-loki)", "telemetry",
           pip=("python-logging-loki==0.3.1",), note="the receiver only takes")  # fmt: skip
def loki(stage: Stage) -> None:
    """Log lines."""
    _to_sink(stage, "loki", 3100, 204)


@recording("jaeger-thrift-udp", "Jaeger agent, compact Thrift over UDP (OpenTelemetry 1.21)",
           "telemetry", pip=("opentelemetry-sdk==1.21.0",
                             "opentelemetry-exporter-jaeger-thrift==1.21.0", "setuptools<80"),
           apt={"socat": "socat"}, note="the receiver is socat")  # fmt: skip
def jaeger(stage: Stage) -> None:
    """Spans to an agent."""
    port = stage.port(6831)
    stage.start(1, ["socat", "-u", f"UDP-RECV:{port},bind={stage.address(1)}", "OPEN:/dev/null"])
    stage.listens(1, port, l4="udp")
    script = WORKLOADS / "metrics_talk.py"
    stage.start(2, [stage.python, script, "jaeger", stage.address(1), port]).finish()


@recording("fluentd-forward", "Fluentd forward (fluent-logger)", "telemetry",
           pip=("fluent-logger==0.11.1",), apt={"socat": "socat"},
           note="the receiver is socat")  # fmt: skip
def fluentd(stage: Stage) -> None:
    """Events."""
    port = stage.port(24224)
    stage.start(1, ["socat", "-u", f"TCP-LISTEN:{port},fork,reuseaddr", "OPEN:/dev/null"])
    stage.listens(1, port)
    script = WORKLOADS / "metrics_talk.py"
    stage.start(2, [stage.python, script, "fluentd", stage.address(1), port]).finish()
