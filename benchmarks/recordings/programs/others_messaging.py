"""Agents and services that talk in ways no classifier was built with."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.programs.daemons_messaging import RABBITMQ
from benchmarks.recordings.programs.daemons_messaging import _rabbit as rabbit
from benchmarks.recordings.programs.others_serving import MESSAGES
from benchmarks.recordings.stage import WORKLOADS, Stage

REDIS = {"redis-server": "redis-server"}
CELERY = ("celery[redis]==5.4.0", "kombu==5.4.2")


def redis(stage: Stage, host: int, port: int, *words: object) -> None:
    """A server without a file."""
    bind = ["--bind", stage.address(host), "--protected-mode", "no", "--save", ""]
    stage.start(host, ["redis-server", "--port", port, *bind, *words])
    stage.listens(host, port)


@recording(
    "celery-redis",
    "Celery 5.4 tasks over Redis 7.0",
    "messaging",
    hosts=3,
    pip=CELERY,
    apt=REDIS,
    note="Redis as broker and result backend; results go by keys and pub/sub",
)
def celery(stage: Stage) -> None:
    """A worker, and who asks it."""
    port = stage.port(6379)
    redis(stage, 1, port)
    env = {"BROKER": f"redis://{stage.address(1)}:{port}/0", "PYTHONPATH": WORKLOADS}
    worker = [
        stage.python,
        "-m",
        "celery",
        "-A",
        "celery_tasks",
        "worker",
        "-P",
        "threads",
        "-c",
        2,
    ]
    stage.start(2, worker, env=env).says("ready")
    stage.start(3, [stage.python, WORKLOADS / "celery_tasks.py"], env=env).finish()


@recording("celery-rabbitmq", "Celery 5.4 tasks and results over RabbitMQ 3.10 (py-amqp)",
           "messaging", hosts=3, pip=CELERY, apt=RABBITMQ)  # fmt: skip
def celery_amqp(stage: Stage) -> None:
    """The same tasks over AMQP."""
    rabbit(stage, "", "")
    where = f"{stage.address(1)}:{stage.port(5672)}"
    env = {"BROKER": f"amqp://guest:guest@{where}//", "RESULTS": "rpc://", "PYTHONPATH": WORKLOADS}
    worker = [
        stage.python,
        "-m",
        "celery",
        "-A",
        "celery_tasks",
        "worker",
        "-P",
        "threads",
        "-c",
        2,
    ]
    stage.start(2, worker, env=env).says("ready")
    stage.start(3, [stage.python, WORKLOADS / "celery_tasks.py", "simple"], env=env).finish()


@recording("nats-jetstream", "NATS 2.9 JetStream streams and key-value (nats-py 2.9)", "messaging",
           pip=MESSAGES, apt={"nats-server": "nats-server"})  # fmt: skip
def jetstream(stage: Stage) -> None:
    """A stream, a pull consumer, a bucket."""
    port = stage.port(4222)
    where = ["-a", stage.address(1), "-p", port, "-js", "-sd", stage.folder / "js"]
    stage.start(1, ["nats-server", *where])
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "jetstream.py", stage.address(1), port]).finish()


@recording(
    "kafka-aiokafka",
    "Kafka (aiokafka -> librdkafka's mock broker)",
    "messaging",
    pip=MESSAGES,
    apt={"socat": "socat"},
    note="the broker listens on loopback only; socat carries its bytes over the wire",
)
def aiokafka(stage: Stage) -> None:
    """A Python client of the protocol."""
    broker = stage.start(1, [stage.python, WORKLOADS / "kafka_mock.py", 60])
    at = int(broker.says(r"127\.0\.0\.1:(\d+)").group(1))
    port = stage.port(9092)
    entry = f"TCP-LISTEN:{port},bind={stage.address(1)},fork,reuseaddr"
    stage.start(1, ["socat", entry, f"TCP:127.0.0.1:{at},nodelay"])
    mirror = f"TCP-LISTEN:{at},bind=127.0.0.1,fork,reuseaddr"
    stage.start(2, ["socat", mirror, f"TCP:{stage.address(1)}:{port},nodelay"])
    stage.listens(1, port)
    stage.listens(2, at)
    stage.start(2, [stage.python, WORKLOADS / "kafka_aio.py", "127.0.0.1", at]).finish()


@recording("mcp-sse", "MCP over SSE, its old transport (mcp 1.6)", "messaging",
           pip=("mcp==1.6.0", "uvicorn", "pydantic<2.11"))  # fmt: skip
def mcp(stage: Stage) -> None:
    """Two sessions."""
    port = stage.port(8000)
    script = [stage.python, WORKLOADS / "mcp_sse.py"]
    stage.start(1, [*script, "server", stage.address(1), port])
    stage.listens(1, port)
    stage.start(2, [*script, "client", f"http://{stage.address(1)}:{port}"]).finish()


def _pair(stage: Stage, script: str, port: int) -> None:
    words = [stage.python, WORKLOADS / script]
    stage.start(1, [*words, "server", stage.address(1), port])
    stage.listens(1, port)
    stage.start(2, [*words, "client", stage.address(1), port]).finish()


@recording("websocket-agents", "JSON between agents over WebSocket (websockets)", "messaging",
           pip=MESSAGES)  # fmt: skip
def websockets(stage: Stage) -> None:
    """Three agents in a room."""
    _pair(stage, "websocket_agents.py", stage.port(8765))


@recording("grpc-dialogue", "gRPC bidirectional stream of an unknown service", "messaging",
           pip=("grpcio",))  # fmt: skip
def dialogue(stage: Stage) -> None:
    """Turns and thoughts."""
    _pair(stage, "grpc_agents.py", stage.port(50051))


@recording("lcm-robots", "LCM 1 over UDP multicast", "messaging", hosts=3, pip=MESSAGES)
def lcm(stage: Stage) -> None:
    """Poses and scans between three robots."""
    port = stage.port(7667)
    for host in (1, 2, 3):
        daemons.shell(stage, host, "ip route add 224.0.0.0/4 dev eth0")
    script = [stage.python, WORKLOADS / "lcm_talk.py", port]
    for host in (1, 2):
        stage.start(host, [*script, "hear"]).says("ready")
    stage.start(3, [*script, "say"]).finish()


@recording("xmpp-agents", "XMPP (slixmpp -> Prosody 0.12)", "messaging", pip=MESSAGES,
           apt={"prosody": "prosody"})  # fmt: skip
def xmpp(stage: Stage) -> None:
    """A chat between two agents."""
    port = stage.port(5222)
    home = stage.folder / "prosody"
    home.mkdir()
    settings = daemons.settings(
        home / "prosody.cfg.lua",
        'run_as_root = true\nmodules_enabled = {"roster","saslauth","disco","ping","posix"}\n'
        'modules_disabled = {"tls","s2s"}\nc2s_require_encryption = false\n'
        "allow_unencrypted_plain_auth = true\n"
        f'authentication = "internal_plain"\ndata_path = "{home}"\npidfile = "{home}/pid"\n'
        f'interfaces = {{"{stage.address(1)}"}}\nc2s_ports = {{{port}}}\n'
        'log = {{levels = {min = "info"}, to = "console"}}\nVirtualHost "lab"\n',
    )
    for name in ("planner", "worker"):
        add = f"prosodyctl --config {settings} --root register {name} lab secret"
        daemons.shell(stage, 1, f"{add} || true")
    stage.start(1, ["prosody", "--config", settings, "--root", "-F"])
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "xmpp_agents.py", stage.address(1), port]).finish()


@recording("gearman-jobs", "Gearman 1.1 job server (gearman tool)", "messaging", hosts=3,
           apt={"gearmand": "gearman-job-server", "gearman": "gearman-tools"},
           note="a task queue")  # fmt: skip
def gearman(stage: Stage) -> None:
    """A worker that turns words, a client that asks."""
    port = stage.port(4730)
    stage.start(1, ["gearmand", "-u", "root", "-L", stage.address(1), "-p", port, "-l", "stderr"])
    stage.listens(1, port)
    where = f"-h {stage.address(1)} -p {port}"
    stage.start(2, ["sh", "-c", f"exec gearman {where} -w -f turn -- rev"])
    ask = f"for i in 1 2 3 4 5 6 7 8 9; do echo task $i | gearman {where} -f turn; sleep 0.2; done"
    daemons.shell(stage, 3, ask)
