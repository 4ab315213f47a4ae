"""Coordination and network control: consensus, membership, routing, switches, MPI's launchers."""

import stat
from pathlib import Path

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.labels import Flow
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

ETCD = {"etcd": "etcd-server", "etcdctl": "etcd-client"}
OVS = {"ovsdb-server": "openvswitch-switch", "ovs-vswitchd": "openvswitch-switch"}
ZOOKEEPER = {"java": "default-jre-headless", "/usr/share/zookeeper/bin/zkServer.sh": "zookeeper"}


def _etcd(stage: Stage, scheme: str, tls: list[str]) -> list[str]:
    """Three members; returns the endpoints."""
    client, peer = stage.port(2379), stage.port(2380)
    names = {host: f"{scheme}://{stage.address(host)}" for host in (1, 2, 3)}
    members = ",".join(f"m{host}={name}:{peer}" for host, name in names.items())
    for host, name in names.items():
        stage.start(
            host,
            ["etcd", "--name", f"m{host}", "--data-dir", stage.folder / f"etcd{host}",
             "--listen-client-urls", f"{name}:{client}", "--advertise-client-urls",
             f"{name}:{client}", "--listen-peer-urls", f"{name}:{peer}",
             "--initial-advertise-peer-urls", f"{name}:{peer}", "--initial-cluster", members, *tls],
        )  # fmt: skip
    for host in names:
        stage.listens(host, client)
    return [f"{name}:{client}" for name in names.values()]


def _etcdctl(stage: Stage, endpoints: list[str], tls: str = "") -> None:
    ask = f"etcdctl --endpoints={','.join(endpoints)} {tls}"
    daemons.shell(
        stage, 4,
        f"export ETCDCTL_API=3; until {ask} endpoint health; do sleep 0.5; done; "
        f"for i in 1 2 3 4 5 6; do {ask} put /jobs/$i running; {ask} get /jobs --prefix; done; "
        f"(timeout 3 {ask} watch /jobs --prefix || true) & sleep 1; {ask} put /jobs/1 done; wait",
    )  # fmt: skip


@recording("etcd-3members", "etcd 3.4 raft and clients", "control", hosts=4, apt=ETCD)
def etcd(stage: Stage) -> None:
    """A cluster and a client's keys."""
    _etcdctl(stage, _etcd(stage, "http", []))


@recording("etcd-3members-tls", "etcd 3.4 raft and clients over TLS", "control", hosts=4,
           apt={**ETCD, "openssl": "openssl"}, note="ENCRYPTED, handshake present")  # fmt: skip
def etcd_tls(stage: Stage) -> None:
    """The same under TLS."""
    key, certificate = certificates.certificate(stage, 1)
    pair = ["--cert-file", certificate, "--key-file", key]
    peers = ["--peer-auto-tls"]
    endpoints = _etcd(stage, "https", [*pair, *peers])
    _etcdctl(stage, endpoints, "--insecure-skip-tls-verify --insecure-transport=false")


@recording("serf-3agents", "Serf 0.9 gossip (memberlist)", "control", hosts=3,
           apt={"serf": "serf"})  # fmt: skip
def serf(stage: Stage) -> None:
    """Joins, events, a query, and one agent that leaves."""
    port, rpc = stage.port(7946), stage.port(7373)
    for host in (1, 2, 3):
        stage.start(
            host,
            ["serf", "agent", "-node", f"a{host}", "-bind", f"{stage.address(host)}:{port}",
             "-rpc-addr", f"{stage.address(host)}:{rpc}", "-retry-join",
             f"{stage.address(1)}:{port}"],
        )  # fmt: skip
        stage.listens(host, rpc)
    ask = f"-rpc-addr {stage.address(1)}:{rpc}"
    daemons.shell(
        stage, 3,
        f"sleep 1; serf members {ask}; for i in 1 2 3 4 5; do serf event {ask} deploy v$i; "
        f"sleep 0.5; done; serf query -timeout 2s {ask} load; "
        f"serf leave -rpc-addr {stage.address(3)}:{rpc}; sleep 1",
    )  # fmt: skip


@recording("zookeeper-3members", "ZooKeeper 3.8 ensemble (kazoo)", "control", hosts=4,
           pip=("kazoo==2.10.0",), apt=ZOOKEEPER)  # fmt: skip
def zookeeper(stage: Stage) -> None:
    """An ensemble and a client."""
    client, peer, election = stage.port(2181), stage.port(2888), stage.port(3888)
    servers = "".join(
        f"server.{host}={stage.address(host)}:{peer}:{election}\n" for host in (1, 2, 3)
    )
    for host in (1, 2, 3):
        home = stage.folder / f"zk{host}"
        home.mkdir()
        daemons.settings(home / "myid", str(host))
        daemons.settings(
            home / "zoo.cfg",
            f"tickTime=1000\ninitLimit=10\nsyncLimit=5\ndataDir={home}\nclientPort={client}\n"
            f"clientPortAddress={stage.address(host)}\nadmin.enableServer=false\n{servers}",
        )
        classes = "/etc/zookeeper/conf_example:/usr/share/java/*"
        main = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
        stage.start(host, ["java", "-Xmx256m", "-cp", classes, main, home / "zoo.cfg"])
    for host in (1, 2, 3):
        stage.listens(host, client)
    where = ",".join(f"{stage.address(host)}:{client}" for host in (1, 2, 3))
    stage.start(4, [stage.python, WORKLOADS / "zookeeper_talk.py", where]).finish()


def _bird(stage: Stage, host: int, other: int, port: int) -> None:
    routes = "".join(f"route 10.{host}.{i}.0/24 blackhole;\n" for i in range(40))
    settings = daemons.settings(
        stage.folder / f"bird{host}.conf",
        f"router id {stage.address(host)};\nprotocol device {{}}\nprotocol bfd {{}}\n"
        f"protocol static {{ ipv4; {routes} }}\nprotocol bgp peer {{ bfd on; hold time 9; "
        f"local {stage.address(host)} port {port} as 6500{host}; "
        f"neighbor {stage.address(other)} port {port} as 6500{other}; "
        "ipv4 { import all; export all; }; }\n",
    )
    files = ["-s", stage.folder / f"bird{host}.ctl", "-P", stage.folder / f"bird{host}.pid"]
    stage.start(host, ["bird", "-f", "-c", settings, *files])


@recording("bgp-bird-pair", "BGP-4 and BFD (BIRD 2.0)", "control", apt={"bird": "bird2"})
def bird(stage: Stage) -> None:
    """Two routers of two systems."""
    port = stage.port(179)
    _bird(stage, 1, 2, port)
    _bird(stage, 2, 1, port)
    daemons.shell(stage, 1, f"until birdc -s {stage.folder}/bird1.ctl show protocols | "
           "grep -q Established; do sleep 0.3; done; sleep 10")  # fmt: skip


@recording("bgp-frr-bird", "BGP-4 (FRR 8.4 with BIRD 2.0)", "control",
           apt={"bird": "bird2", "/usr/lib/frr/bgpd": "frr"})  # fmt: skip
def frr(stage: Stage) -> None:
    """Two implementations."""
    port = stage.port(179)
    _bird(stage, 1, 2, port)
    settings = daemons.settings(
        stage.folder / "bgpd.conf",
        f"router bgp 65002\n bgp router-id {stage.address(2)}\n no bgp ebgp-requires-policy\n"
        f" neighbor {stage.address(1)} remote-as 65001\n"
        f" neighbor {stage.address(1)} port {port}\n timers bgp 3 9\n"
        " address-family ipv4 unicast\n  network 10.9.0.0/24\n",
    )
    daemons.shell(stage, 2, f"mkdir -p /run/frr; chmod 777 /run/frr {stage.folder}")
    words = ["-f", settings, "-i", stage.folder / "bgpd.pid", "-p", port, "-n", "-Z"]
    stage.start(2, ["/usr/lib/frr/bgpd", *words, "--log", "stdout"])
    daemons.shell(stage, 1, f"until birdc -s {stage.folder}/bird1.ctl show protocols | "
           "grep -q Established; do sleep 0.3; done; sleep 8")  # fmt: skip


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


_FRAMES = "in_port(1),eth(src=50:54:00:00:00:0$i,dst=50:54:00:00:00:0{other}),eth_type(0x0800),"
_FRAMES += "ipv4(src=10.9.0.$i,dst=10.9.0.9,proto=6,tos=0,ttl=64,frag=no),tcp(src=8,dst=80)"


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


def _agent(stage: Stage) -> Path:
    """What an MPI launcher takes for ssh: runs a command on another host of the stage."""
    agent = daemons.settings(
        stage.folder / "agent",
        "#!/bin/sh\nwhile [ \"${1#-}\" != \"$1\" ]; do shift; done\nhost=$1; shift\n"
        "exec nsenter --net=/run/netns/$host unshare --uts sh -c "
        "\"hostname $host; exec sh -c '$*'\"\n",
    )  # fmt: skip
    agent.chmod(agent.stat().st_mode | stat.S_IXUSR)
    return agent


def _openmpi(stage: Stage, floats: int, steps: int) -> None:
    data, oob = stage.port(21000, "gradient"), stage.port(38700, "control")
    ports = range(data, data + 100)

    def rule(flow: Flow) -> str:
        return "gradient" if flow.sport in ports or flow.cport in ports else "control"

    stage.label(rule)
    program = stage.folder / "collectives"
    daemons.shell(stage, 1, f"mpicc.openmpi -O1 -o {program} {WORKLOADS}/collectives.c")
    names = ",".join(f"h{host}:1" for host in range(1, stage.hosts + 1))
    settings = {
        "plm_rsh_agent": _agent(stage), "btl": "tcp,self", "pml": "ob1",
        "btl_tcp_port_min_v4": data, "btl_tcp_port_range_v4": 100,
        "btl_tcp_if_include": "eth0", "oob_tcp_if_include": "eth0",
        "oob_tcp_dynamic_ipv4_ports": f"{oob}-{oob + 50}",
    }  # fmt: skip
    words = [word for key, value in settings.items() for word in ("--mca", key, value)]
    stage.start(1, ["mpirun.openmpi", "--allow-run-as-root", "-np", stage.hosts, "-H", names,
                    *words, program, floats, steps]).finish()  # fmt: skip


@recording("openmpi-collectives-3rank", "Open MPI 4.1 TCP BTL collectives", "gradient", hosts=3,
           apt={"mpirun.openmpi": "openmpi-bin", "mpicc.openmpi": "libopenmpi-dev"},
           note="the launcher's channel is control")  # fmt: skip
def openmpi(stage: Stage) -> None:
    """Broadcast, all-reduce, all-to-all."""
    _openmpi(stage, 40_000, 3)


@recording("openmpi-small-4rank", "Open MPI 4.1 TCP BTL, small messages", "gradient", hosts=4,
           apt={"mpirun.openmpi": "openmpi-bin", "mpicc.openmpi": "libopenmpi-dev"},
           note="the launcher's channel is control")  # fmt: skip
def openmpi_small(stage: Stage) -> None:
    """Eager messages only."""
    _openmpi(stage, 800, 12)


@recording("mpich-collectives-3rank", "MPICH 4.0 over TCP collectives", "gradient", hosts=3,
           apt={"mpiexec.mpich": "mpich", "mpicc.mpich": "libmpich-dev"},
           note="Hydra's process manager channel is control")  # fmt: skip
def mpich(stage: Stage) -> None:
    """The same under MPICH."""
    launcher = range(stage.port(20000, "control"), stage.port(20000) + 50)

    def rule(flow: Flow) -> str:
        mine = flow.sport in launcher or flow.cport in launcher
        return "control" if mine else "gradient"

    stage.label(rule)
    program = stage.folder / "collectives"
    daemons.shell(stage, 1, f"mpicc.mpich -O1 -o {program} {WORKLOADS}/collectives.c")
    names = ",".join(f"h{host}" for host in range(1, stage.hosts + 1))
    span = f"{launcher.start}:{launcher.stop}"
    stage.start(
        1,
        ["mpiexec.mpich", "-launcher", "rsh", "-launcher-exec", _agent(stage), "-hosts", names,
         "-iface", "eth0", "-n", stage.hosts, program, 60_000, 4],
        env={"MPIEXEC_PORT_RANGE": span, "FI_PROVIDER": "tcp", "FI_TCP_IFACE": "eth0",
             "MPIR_CVAR_OFI_USE_PROVIDER": "tcp", "MPIR_CVAR_NOLOCAL": 1,
             "UCX_TLS": "tcp,self", "UCX_NET_DEVICES": "eth0"},
    ).finish()  # fmt: skip


@recording("ucx-perftest-tcp", "UCX 1.13 over TCP (ucx_perftest)", "gradient",
           apt={"ucx_perftest": "ucx-utils"},
           note="the port of the test program's own meeting is control")  # fmt: skip
def ucx(stage: Stage) -> None:
    """Tagged messages and puts."""
    for number, (test, size, count) in enumerate(
        (("tag_bw", 200_000, 8), ("ucp_put_bw", 64_000, 20), ("tag_lat", 64, 60))
    ):
        port = stage.port(13337 + number, "control")
        settings = {"UCX_TLS": "tcp", "UCX_NET_DEVICES": "eth0"}
        server = stage.start(1, ["ucx_perftest", "-p", port], env=settings)
        stage.listens(1, port)
        words = [stage.address(1), "-p", port, "-t", test, "-s", size, "-n", count, "-w", 1]
        stage.start(2, ["ucx_perftest", *words], env=settings).finish()
        server.finish()
