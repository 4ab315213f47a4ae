"""Cluster and network control that no classifier was built with."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.labels import Flow
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.programs.daemons_switches import OVS, _bridge, _inject, _switch
from benchmarks.recordings.programs.others_messaging import REDIS, redis
from benchmarks.recordings.programs.others_serving import MESSAGES
from benchmarks.recordings.programs.torch_gloo import TORCH
from benchmarks.recordings.stage import WORKLOADS, Stage

SLURM = {"slurmctld": "slurmctld", "slurmd": "slurmd", "srun": "slurm-client", "munged": "munge"}


@recording("slurm-jobs", "Slurm 22.05 (slurmctld, slurmd, srun)", "control", hosts=3, apt=SLURM,
           note="the standard output of jobs goes by srun's ports: control as well")  # fmt: skip
def slurm(stage: Stage) -> None:
    """Two nodes, some small jobs."""
    ports = stage.port(6817), stage.port(6818)
    home = stage.folder / "slurm"
    home.mkdir()
    stage.folder.chmod(0o755)
    key, socket = home / "munge.key", home / "munge.socket"
    key.write_bytes(bytes(range(256)) * 4)
    key.chmod(0o400)
    stage.start(
        1,
        ["munged", "-F", "-f", "--key-file", key, "--socket", socket, "--pid-file", home / "mp",
         "--log-file", home / "ml", "--seed-file", home / "ms"],
    ).says(r"")  # fmt: skip
    daemons.settings(home / "cgroup.conf", "CgroupAutomount=no\n")
    settings = daemons.settings(
        home / "slurm.conf",
        f"ClusterName=lab\nSlurmctldHost=h1({stage.address(1)})\nSlurmUser=root\nSlurmdUser=root\n"
        f"AuthType=auth/munge\nAuthInfo=socket={socket}\nCredType=cred/munge\n"
        f"SlurmctldPort={ports[0]}\nSlurmdPort={ports[1]}\nStateSaveLocation={home}/state\n"
        f"SlurmdSpoolDir={home}/spool-%n\nSlurmctldPidFile={home}/ctld.pid\nSlurmdPidFile={home}/%n.pid\n"
        "ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nSelectType=select/linear\n"
        "ReturnToService=2\nSlurmctldTimeout=10\nSlurmdTimeout=6\nMpiDefault=none\nSwitchType=switch/none\n"
        f"NodeName=h2 NodeAddr={stage.address(2)} CPUs=1\n"
        f"NodeName=h3 NodeAddr={stage.address(3)} CPUs=1\n"
        "PartitionName=all Nodes=h2,h3 Default=YES State=UP\n",
    )
    env = {"SLURM_CONF": settings}
    daemons.shell(stage, 1, f"until [ -S {socket} ]; do sleep 0.1; done; mkdir {home}/state")
    stage.start(1, ["slurmctld", "-D", "-f", settings], env=env)
    stage.listens(1, ports[0])
    for host in (2, 3):
        stage.start(host, ["slurmd", "-D", "-N", f"h{host}", "-f", settings], env=env)
        stage.listens(host, ports[1])
    daemons.shell(
        stage, 1,
        f"export SLURM_CONF={settings}; until sinfo -h -o %T | grep -q idle; do sleep 0.5; done; "
        "for i in 1 2 3 4; do timeout 15 srun -N2 hostname; squeue; sleep 0.5; done; "
        "scontrol show nodes",
    )  # fmt: skip


@recording(
    "redis-sentinels",
    "Redis 7.0 Sentinel (three, a master, a replica)",
    "control",
    hosts=5,
    apt={**REDIS, "redis-sentinel": "redis-sentinel"},
    note="sentinels are alone on their hosts; replication between the servers is background",
)
def sentinels(stage: Stage) -> None:
    """Watching, and a failover by command."""
    data, watch = stage.port(6379), stage.port(26379)
    servers = {stage.address(1), stage.address(2)}

    def rule(flow: Flow) -> str:
        return "background" if {flow.client, flow.server} <= servers else "control"

    stage.label(rule)
    redis(stage, 1, data)
    redis(stage, 2, data, "--replicaof", stage.address(1), data)
    for host in (3, 4, 5):
        settings = daemons.settings(
            stage.folder / f"sentinel{host}.conf",
            f"port {watch}\nbind {stage.address(host)}\nprotected-mode no\ndir {stage.folder}\n"
            f"sentinel monitor pod {stage.address(1)} {data} 2\n"
            "sentinel down-after-milliseconds pod 2000\n",
        )
        stage.start(host, ["redis-sentinel", settings])
        stage.listens(host, watch)
    ask = f"redis-cli -h {stage.address(3)} -p {watch} sentinel"
    daemons.shell(
        stage, 4, f"sleep 5; {ask} masters; {ask} failover pod; sleep 4; {ask} replicas pod"
    )


@recording("raft-pysyncobj", "Raft (PySyncObj), 3 members", "control", hosts=3, pip=MESSAGES)
def raft(stage: Stage) -> None:
    """A counter."""
    port = stage.port(4321)
    ends = [f"{stage.address(host)}:{port}" for host in (1, 2, 3)]
    members = [
        stage.start(
            host,
            [stage.python, WORKLOADS / "raft_counter.py", ends[host - 1],
             *(end for end in ends if end != ends[host - 1])],
        )
        for host in (1, 2, 3)
    ]  # fmt: skip
    for member in members:
        member.finish()


@recording("openflow13-os-ken", "OpenFlow 1.3 (Open vSwitch 3.1, os-ken controller)", "control",
           hosts=3, pip=("os-ken", "setuptools<80"), apt=OVS)  # fmt: skip
def os_ken(stage: Stage) -> None:
    """Two switches, packets in, counters each second."""
    port = stage.port(6653)
    stage.start(1, [stage.python, WORKLOADS / "openflow_switch.py", stage.address(1), port])
    stage.listens(1, port)
    for host in (2, 3):
        vsctl = _switch(stage, host)
        target = f"-- set-controller br0 tcp:{stage.address(1)}:{port}"
        make = f"{vsctl} {_bridge('OpenFlow13')} {target}"
        daemons.shell(stage, host, f"{make}; sleep 2; {_inject(stage, host, 'p1')}; sleep 2")


@recording("bgp-gobgp-exabgp", "BGP-4 (GoBGP 3.10 with ExaBGP 4.2)", "control",
           apt={"gobgpd": "gobgpd", "gobgp": "gobgpd", "exabgp": "exabgp"})  # fmt: skip
def gobgp(stage: Stage) -> None:
    """Routes announced by both."""
    port = stage.port(179)
    settings = daemons.settings(
        stage.folder / "gobgpd.toml",
        f'[global.config]\nas = 65001\nrouter-id = "{stage.address(1)}"\nport = {port}\n'
        f'local-address-list = ["{stage.address(1)}"]\n[[neighbors]]\n[neighbors.config]\n'
        f'neighbor-address = "{stage.address(2)}"\npeer-as = 65002\n'
        "[neighbors.transport.config]\npassive-mode = true\n"
        "[neighbors.timers.config]\nhold-time = 9\nkeepalive-interval = 3\n"
        '[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = "ipv4-unicast"\n',
    )
    stage.start(1, ["gobgpd", "-f", settings, "--api-hosts", "127.0.0.1:50055"])
    stage.listens(1, port)
    routes = "".join(f"route 10.{n}.0.0/16 next-hop self;\n" for n in range(100, 140))
    other = daemons.settings(
        stage.folder / "exabgp.conf",
        f"neighbor {stage.address(1)} {{\nrouter-id {stage.address(2)};\nconnect {port};\n"
        f"local-address {stage.address(2)};\nlocal-as 65002;\npeer-as 65001;\nhold-time 9;\n"
        f"static {{\n{routes}}}\n}}\n",
    )
    env = {
        "exabgp.daemon.user": "root",
        "exabgp.api.cli": "false",
        "exabgp.log.destination": "stdout",
    }
    stage.start(2, ["exabgp", other], env=env)
    ask = "gobgp -p 50055"
    daemons.shell(
        stage, 1,
        f"until {ask} neighbor | grep -q Establ; do sleep 0.5; done; "
        f"for i in 1 2 3 4 5 6 7 8; do {ask} global rib add 10.20$i.0.0/16; sleep 0.5; done; "
        f"{ask} global rib del 10.201.0.0/16; sleep 6",
    )  # fmt: skip


@recording("etcd-json-gateway", "etcd 3.4 JSON gateway (etcd3gw): leases, watch", "control",
           pip=("etcd3gw",), apt={"etcd": "etcd-server"})  # fmt: skip
def etcd(stage: Stage) -> None:
    """gRPC's gateway, over HTTP/1.1."""
    port = stage.port(2379)
    url = f"http://{stage.address(1)}:{port}"
    words = ["--data-dir", stage.folder / "etcd", "--listen-client-urls", url]
    stage.start(1, ["etcd", *words, "--advertise-client-urls", url])
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "etcd_gateway.py", stage.address(1), port]).finish()


@recording("torch-store-only", "PyTorch 2.13 TCPStore, barriers and states", "control", hosts=4,
           pip=TORCH)  # fmt: skip
def store(stage: Stage) -> None:
    """Four processes that only coordinate."""
    port = stage.port(29500)
    script = [stage.python, WORKLOADS / "store_only.py"]
    ranks = [
        stage.start(host, [*script, host - 1, 4, stage.address(1), port]) for host in (1, 2, 3, 4)
    ]
    for rank in ranks:
        rank.finish()


@recording("kubernetes-api", "Kubernetes API over plain HTTP (its Python client -> stand-in)",
           "control", pip=("kubernetes",), note="the server is a stand-in of ours")  # fmt: skip
def kubernetes(stage: Stage) -> None:
    """Lists, a watch, a lease."""
    port = stage.port(8001)
    script = [stage.python, WORKLOADS / "kube_client.py"]
    stage.start(1, [*script, "server", stage.address(1), port])
    stage.listens(1, port)
    stage.start(2, [*script, "client", f"http://{stage.address(1)}:{port}"]).finish()
