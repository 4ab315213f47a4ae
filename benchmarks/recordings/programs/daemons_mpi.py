"""MPI and UCX programs: the data is gradient, the launcher control."""

import stat
from pathlib import Path

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.labels import Flow
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.stage import WORKLOADS, Stage


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


@recording("intelmpi-libfabric", "Intel MPI 2021 over libfabric TCP (mpi4py)", "gradient", hosts=3,
           pip=("impi-rt==2021.16.1", "mpi4py==4.1.1", "numpy"),
           note="Hydra's process manager channel is control")  # fmt: skip
def intelmpi(stage: Stage) -> None:
    """A third MPI."""
    launcher = stage.port(20000, "control")  # and the ranks take the ports behind it
    home = stage.python.parent.parent
    names = ",".join(f"h{host}" for host in range(1, stage.hosts + 1))
    stage.start(
        1,
        [home / "bin" / "mpiexec.hydra", "-bootstrap", "rsh", "-bootstrap-exec", _agent(stage),
         "-hosts", names, "-n", stage.hosts, "-ppn", 1, "-iface", "eth0",
         stage.python, WORKLOADS / "mpi_job.py"],
        env={"I_MPI_ROOT": home, "I_MPI_FABRICS": "ofi", "I_MPI_OFI_PROVIDER": "tcp",
             "FI_PROVIDER": "tcp", "FI_TCP_IFACE": "eth0", "I_MPI_PIN": 0,
             "I_MPI_PORT_RANGE": f"{launcher}:{launcher + 50}",
             "LD_LIBRARY_PATH": home / "lib", "FI_PROVIDER_PATH": home / "lib",
             "PATH": f"{home}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             "MPI4PY_MPIABI": "impi", "MPI4PY_LIBMPI": home / "lib" / "libmpi.so.12"},
    ).finish()  # fmt: skip
