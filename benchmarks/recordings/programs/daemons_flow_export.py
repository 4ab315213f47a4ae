"""Exporters of flow records and samples: NetFlow, IPFIX, sFlow."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.stage import Stage

NETFLOW = {"softflowd": "softflowd", "nfcapd": "nfdump"}
TRAFFIC_PORT = 5001  # of the traffic that exporters tell about


def _between(stage: Stage, host: int, other: int) -> None:
    """Traffic for an exporter to tell about, that is bulk."""
    stage.role(TRAFFIC_PORT, "bulk")
    stage.start(other, ["iperf", "-s", "-p", TRAFFIC_PORT])
    stage.listens(other, TRAFFIC_PORT)
    daemons.shell(stage, host, "for i in 1 2 3 4 5; do "
           f"iperf -c {stage.address(other)} -p {TRAFFIC_PORT} -n 60K; "
           "sleep 0.3; done")  # fmt: skip


def _softflow(stage: Stage, version: int) -> None:
    port = stage.port(2055)
    store = stage.folder / "flows"
    store.mkdir()
    stage.start(1, ["nfcapd", "-l", store, "-b", stage.address(1), "-p", port, "-t", "60"])
    stage.listens(1, port, l4="udp")
    files = ["-p", stage.folder / "softflowd.pid", "-c", stage.folder / "softflowd.ctl"]
    often = [
        word for kind in ("general", "maxlife", "tcp", "expint") for word in ("-t", f"{kind}=1")
    ]
    stage.start(2, ["softflowd", "-d", "-i", "eth0", "-v", str(version), *often, *files,
                    "-n", f"{stage.address(1)}:{port}"])  # fmt: skip
    _between(stage, 2, 3)
    daemons.shell(stage, 1, "sleep 3")


@recording("netflow-v5-softflowd", "NetFlow v5 (softflowd 1.1)", "telemetry", hosts=3, apt=NETFLOW)
def netflow5(stage: Stage) -> None:
    """An exporter."""
    _softflow(stage, 5)


@recording("netflow-v9-softflowd", "NetFlow v9 (softflowd 1.1)", "telemetry", hosts=3, apt=NETFLOW)
def netflow9(stage: Stage) -> None:
    """An exporter with templates."""
    _softflow(stage, 9)


@recording("ipfix-softflowd", "IPFIX (softflowd 1.1)", "telemetry", hosts=3, apt=NETFLOW)
def ipfix(stage: Stage) -> None:
    """An exporter with templates."""
    _softflow(stage, 10)


def _pmacct(stage: Stage, settings: str, default: int) -> None:
    port = stage.port(default)
    receiver = f"{stage.address(1)}:{port}"
    stage.start(1, ["socat", "-u", f"UDP-RECV:{port},bind={stage.address(1)}", "OPEN:/dev/null"])
    stage.listens(1, port, l4="udp")
    text = f"daemonize: false\npcap_interface: eth0\n{settings}".replace("RECEIVER", receiver)
    stage.start(2, ["pmacctd", "-f", daemons.settings(stage.folder / "pmacctd.conf", text)])
    _between(stage, 2, 3)
    daemons.shell(stage, 1, "sleep 4")


@recording("ipfix-pmacct", "IPFIX (pmacct 1.7)", "telemetry", hosts=3,
           apt={"pmacctd": "pmacct", "socat": "socat"}, note="the receiver is socat")  # fmt: skip
def ipfix_pmacct(stage: Stage) -> None:
    """Another exporter."""
    timeouts = "nfprobe_timeouts: tcp=1:maxlife=2:expint=1:general=1\nnfprobe_version: 10\n"
    _pmacct(stage, f"plugins: nfprobe\nnfprobe_receiver: RECEIVER\n{timeouts}", 4739)


@recording("sflow-pmacct", "sFlow v5 (pmacct 1.7)", "telemetry", hosts=3,
           apt={"pmacctd": "pmacct", "socat": "socat"}, note="the receiver is socat")  # fmt: skip
def sflow_pmacct(stage: Stage) -> None:
    """An sFlow agent."""
    _pmacct(stage, "plugins: sfprobe\nsfprobe_receiver: RECEIVER\nsampling_rate: 5\n", 6343)
