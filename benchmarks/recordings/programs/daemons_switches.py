"""Private instances of Open vSwitch: OpenFlow, OVSDB, and their samples."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.stage import Stage

OVS = {"ovsdb-server": "openvswitch-switch", "ovs-vswitchd": "openvswitch-switch"}
_FRAMES = "in_port(1),eth(src=50:54:00:00:00:0$i,dst=50:54:00:00:00:0{other}),eth_type(0x0800),"
_FRAMES += "ipv4(src=10.9.0.$i,dst=10.9.0.9,proto=6,tos=0,ttl=64,frag=no),tcp(src=8,dst=80)"


def _switch(stage: Stage, host: int) -> str:
    """A private Open vSwitch with stand-in interfaces; returns `ovs-vsctl` for it."""
    home = stage.folder / f"ovs{host}"
    home.mkdir()
    where = {"OVS_RUNDIR": home, "OVS_LOGDIR": home, "OVS_DBDIR": home}
    schema = "/usr/share/openvswitch/vswitch.ovsschema"
    daemons.shell(stage, host, f"ovsdb-tool create {home}/db {schema}")
    socket = f"unix:{home}/db.sock"
    remotes = [f"--remote=p{socket}", f"--remote=ptcp:{stage.port(6640)}:{stage.address(host)}"]
    stage.start(host, ["ovsdb-server", f"{home}/db", *remotes, "--unixctl", home / "db.ctl"],
                env=where)  # fmt: skip
    stage.listens(host, stage.port(6640))
    stage.start(host, ["ovs-vswitchd", socket, "--enable-dummy", "--disable-system",
                       "--unixctl", home / "vs.ctl"], env=where)  # fmt: skip
    return f"ovs-vsctl --timeout=10 --db={socket}"


def _inject(stage: Stage, host: int, interface: str) -> str:
    """A command that has frames arrive at an interface of the switch."""
    frames = _FRAMES.format(other=9).replace("in_port(1),", "")
    return (
        f"for i in 1 2 3 4 5 6 7 8; do ovs-appctl -t {stage.folder}/ovs{host}/vs.ctl "
        f"netdev-dummy/receive {interface} '{_quoted(frames)}'; sleep 0.2; done"
    )


def _quoted(frames: str) -> str:
    return frames.replace("$i", "'$i'")


def _bridge(version: str) -> str:
    return (
        f"-- add-br br0 -- set bridge br0 datapath_type=dummy protocols={version} "
        "-- add-port br0 p1 -- set interface p1 type=dummy "
        "-- add-port br0 p2 -- set interface p2 type=dummy"
    )


def _openflow(stage: Stage, version: str) -> None:
    port = stage.port(6653)
    stage.start(1, ["ovs-testcontroller", f"ptcp:{port}:{stage.address(1)}", "-O", version,
                    "--unixctl", stage.folder / "tc.ctl"],
                env={"OVS_RUNDIR": stage.folder})  # fmt: skip
    stage.listens(1, port)
    for host in (2, 3):
        vsctl = _switch(stage, host)
        target = f"-- set-controller br0 tcp:{stage.address(1)}:{port}"
        daemons.shell(
            stage, host,
            f"{vsctl} {_bridge(version)} {target} -- set controller br0 inactivity_probe=1000; "
            f"sleep 2; {_inject(stage, host, 'p1')}; sleep 3",
        )  # fmt: skip


@recording("openflow10-testcontroller", "OpenFlow 1.0 (Open vSwitch 3.1)", "control", hosts=3,
           apt={**OVS, "ovs-testcontroller": "openvswitch-testcontroller"})  # fmt: skip
def openflow10(stage: Stage) -> None:
    """Two switches at a learning controller."""
    _openflow(stage, "OpenFlow10")


@recording("openflow13-testcontroller", "OpenFlow 1.3 (Open vSwitch 3.1)", "control", hosts=3,
           apt={**OVS, "ovs-testcontroller": "openvswitch-testcontroller"})  # fmt: skip
def openflow13(stage: Stage) -> None:
    """The same in 1.3."""
    _openflow(stage, "OpenFlow13")


@recording("ovsdb-monitor", "OVSDB (Open vSwitch 3.1)", "control", apt=OVS)
def ovsdb(stage: Stage) -> None:
    """A remote monitor and remote changes."""
    port = stage.port(6640)
    _switch(stage, 1)
    remote = f"tcp:{stage.address(1)}:{port}"
    vsctl = f"ovs-vsctl --timeout=10 --db={remote}"
    daemons.shell(
        stage, 2,
        f"(timeout 6 ovsdb-client monitor {remote} Open_vSwitch Bridge name || true) & sleep 0.5; "
        f"{vsctl} {_bridge('OpenFlow13')}; {vsctl} show; "
        f"for i in 1 2 3; do {vsctl} set bridge br0 external-ids:n=$i; sleep 0.5; done; wait",
    )  # fmt: skip


@recording("sflow-openvswitch", "sFlow v5 (Open vSwitch 3.1)", "telemetry", hosts=2,
           apt={**OVS, "socat": "socat"}, note="the receiver is socat")  # fmt: skip
def sflow(stage: Stage) -> None:
    """A bridge's samples and counters."""
    port = stage.port(6343)
    stage.start(1, ["socat", "-u", f"UDP-RECV:{port},bind={stage.address(1)}", "OPEN:/dev/null"])
    stage.listens(1, port, l4="udp")
    vsctl = _switch(stage, 2)
    target = f'target=\\"{stage.address(1)}:{port}\\"'
    make = f"--id=@s create sflow agent=eth0 {target} header=128 sampling=1 polling=1"
    daemons.shell(
        stage, 2,
        f"{vsctl} {_bridge('OpenFlow13')} -- {make} -- set bridge br0 sflow=@s; "
        f"sleep 1; {_inject(stage, 2, 'p1')}; sleep 4",
    )  # fmt: skip
