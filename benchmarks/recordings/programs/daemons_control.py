"""Coordination and network control: consensus, membership, routing, switches, MPI's launchers."""

from collections.abc import Sequence

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

ETCD = {"etcd": "etcd-server", "etcdctl": "etcd-client"}
ZOOKEEPER = {"java": "default-jre-headless", "/usr/share/zookeeper/bin/zkServer.sh": "zookeeper"}


def _etcd(stage: Stage, scheme: str, tls: Sequence[object]) -> list[str]:
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
