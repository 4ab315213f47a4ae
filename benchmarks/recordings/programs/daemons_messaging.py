"""Message brokers and brokerless buses that agents talk over, and stores that look like them."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import certificates
from benchmarks.recordings.stage import WORKLOADS, Program, Stage

MQTT = ("paho-mqtt==2.1.0",)
RABBIT = "/usr/lib/rabbitmq/bin/rabbitmq-server"
RABBITMQ = {RABBIT: "rabbitmq-server"}
REDIS = ("redis==7.1.0",)


@recording(
    "nats-agents", "NATS 2.9 (nats-py)", "messaging",
    pip=("nats-py==2.12.0",), apt={"nats-server": "nats-server"},
)  # fmt: skip
def nats(stage: Stage) -> None:
    """Requests and events."""
    port = stage.port(4222)
    stage.start(1, ["nats-server", "-a", stage.address(1), "-p", port])
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "nats_chat.py", stage.address(1), port]).finish()


@recording(
    "nats-cluster", "NATS 2.9 cluster (nats-py)", "messaging", hosts=4,
    pip=("nats-py==2.12.0",), apt={"nats-server": "nats-server"},
    note="routes between the servers carry messages as well",
)  # fmt: skip
def nats_cluster(stage: Stage) -> None:
    """Three servers with routes, a client at one of them."""
    port, routes = stage.port(4222), stage.port(6222)
    for host in (1, 2, 3):
        stage.start(
            host,
            ["nats-server", "-a", stage.address(host), "-p", port, "--cluster_name", "pod",
             "--cluster", f"nats://{stage.address(host)}:{routes}",
             "--routes", f"nats://{stage.address(1)}:{routes}"],
        )  # fmt: skip
        stage.listens(host, port)
    stage.start(4, [stage.python, WORKLOADS / "nats_chat.py", stage.address(2), port]).finish()


def _rabbit(stage: Stage, plugins: str, settings: str) -> Program:
    home = stage.folder / "rabbit"
    home.mkdir()
    (home / "plugins").write_text(f"[{plugins}].\n", encoding="ascii")
    (home / "rabbitmq.conf").write_text(f"loopback_users = none\n{settings}", encoding="ascii")
    environment = {
        "HOME": home, "RABBITMQ_NODENAME": "rabbit@localhost", "RABBITMQ_LOGS": "-",
        "RABBITMQ_MNESIA_BASE": home / "data", "RABBITMQ_LOG_BASE": home,
        "RABBITMQ_ENABLED_PLUGINS_FILE": home / "plugins",
        "RABBITMQ_CONFIG_FILE": home / "rabbitmq.conf", "RABBITMQ_CONF_ENV_FILE": home / "none",
        "RABBITMQ_PID_FILE": home / "pid", "RABBITMQ_NODE_IP_ADDRESS": stage.address(1),
        "RABBITMQ_NODE_PORT": stage.port(5672),
    }  # fmt: skip
    server = stage.start(1, [RABBIT], env=environment)
    stage.listens(1, stage.port(5672))
    server.says("completed with")
    return server


@recording(
    "amqp091-agents", "AMQP 0-9-1 (pika -> RabbitMQ 3.10)", "messaging",
    pip=("pika==1.3.2",), apt=RABBITMQ,
)  # fmt: skip
def amqp091(stage: Stage) -> None:
    """A queue with confirms."""
    _rabbit(stage, "", "")
    port = stage.port(5672)
    stage.start(2, [stage.python, WORKLOADS / "amqp091.py", stage.address(1), port]).finish()


@recording(
    "amqp10-agents", "AMQP 1.0 (Qpid Proton -> RabbitMQ 3.10)", "messaging",
    pip=("python-qpid-proton==0.40.0",), apt=RABBITMQ,
)  # fmt: skip
def amqp10(stage: Stage) -> None:
    """A queue, through SASL."""
    _rabbit(stage, "rabbitmq_amqp1_0", "")
    port = stage.port(5672)
    stage.start(2, [stage.python, WORKLOADS / "amqp10.py", stage.address(1), port]).finish()


@recording(
    "stomp-agents", "STOMP 1.2 (stomp.py -> RabbitMQ 3.10)", "messaging",
    pip=("stomp.py==8.2.0",), apt=RABBITMQ,
)  # fmt: skip
def stomp(stage: Stage) -> None:
    """A queue, with heartbeats."""
    port = stage.port(61613)
    _rabbit(stage, "rabbitmq_stomp", f"stomp.listeners.tcp.1 = {stage.address(1)}:{port}\n")
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "stomp_chat.py", stage.address(1), port]).finish()


@recording(
    "kafka-agents", "Kafka (librdkafka 2.13, its mock broker)", "messaging",
    pip=("confluent-kafka==2.13.0",), apt={"socat": "socat"},
    note="the broker listens on the loopback interface only; socat carries its bytes over the wire",
)  # fmt: skip
def kafka(stage: Stage) -> None:
    """A producer and a consumer group."""
    broker = stage.start(1, [stage.python, WORKLOADS / "kafka_mock.py", 60])
    at = int(broker.says(r"127\.0\.0\.1:(\d+)").group(1))
    port = stage.port(9092)
    entry = f"TCP-LISTEN:{port},bind={stage.address(1)},fork,reuseaddr"
    stage.start(1, ["socat", entry, f"TCP:127.0.0.1:{at},nodelay"])
    mirror = f"TCP-LISTEN:{at},bind=127.0.0.1,fork,reuseaddr"
    stage.start(2, ["socat", mirror, f"TCP:{stage.address(1)}:{port},nodelay"])
    stage.listens(1, port)
    stage.listens(2, at)
    stage.start(2, [stage.python, WORKLOADS / "kafka_chat.py", "127.0.0.1", at]).finish()


def _mosquitto(stage: Stage, port: int, extra: str = "") -> None:
    settings = stage.folder / "mosquitto.conf"
    lines = f"listener {port}\nsocket_domain ipv4\nallow_anonymous true\nuser root\n{extra}"
    settings.write_text(lines, encoding="ascii")
    stage.start(1, ["mosquitto", "-c", settings])
    stage.listens(1, port)


def _mqtt(stage: Stage, port: int, *words: object) -> None:
    argv = [stage.python, WORKLOADS / "mqtt_chat.py", stage.address(1), port, *words]
    stage.start(2, argv).finish()


@recording(
    "mqtt311-agents", "MQTT 3.1.1 (paho -> mosquitto 2.0)", "messaging",
    pip=MQTT, apt={"mosquitto": "mosquitto"},
)  # fmt: skip
def mqtt311(stage: Stage) -> None:
    """Small messages, and keep-alives."""
    port = stage.port(1883)
    _mosquitto(stage, port)
    _mqtt(stage, port, 4, "site/robot/plan", 180, 100, 1)


@recording(
    "mqtt5-agents", "MQTT 5 (paho -> mosquitto 2.0)", "messaging",
    pip=MQTT, apt={"mosquitto": "mosquitto"},
)  # fmt: skip
def mqtt5(stage: Stage) -> None:
    """Small messages, exactly once."""
    port = stage.port(1883)
    _mosquitto(stage, port)
    _mqtt(stage, port, 5, "agents/7/state", 90, 80, 2)


@recording(
    "mqtt5-fedml-weights", "MQTT 5, FedML topics (paho -> mosquitto 2.0)", "federated",
    pip=MQTT, apt={"mosquitto": "mosquitto"},
    note="the topic tells and the size does; topic names as FedML makes them",
)  # fmt: skip
def mqtt5_fedml(stage: Stage) -> None:
    """Weights in messages."""
    port = stage.port(1883)
    _mosquitto(stage, port)
    _mqtt(stage, port, 5, "fedml_412_0_3", 400_000, 4, 1)


@recording(
    "mqtt-tls-agents", "MQTT 3.1.1 over TLS (paho -> mosquitto 2.0)", "messaging",
    pip=MQTT, apt={"mosquitto": "mosquitto", "openssl": "openssl"},
    note="ENCRYPTED, handshake present; small messages",
)  # fmt: skip
def mqtt_tls(stage: Stage) -> None:
    """Small messages under TLS."""
    port = stage.port(8883)
    key, certificate = certificates.certificate(stage, 1)
    _mosquitto(stage, port, f"certfile {certificate}\nkeyfile {key}\n")
    _mqtt(stage, port, 4, "agents/7/state", 150, 100, 0, "tcp", certificate)


@recording(
    "mqtt-websocket-agents", "MQTT 3.1.1 over WebSocket (paho -> RabbitMQ 3.10)", "messaging",
    pip=MQTT, apt=RABBITMQ,
)  # fmt: skip
def mqtt_websocket(stage: Stage) -> None:
    """Small messages behind an HTTP upgrade."""
    port = stage.port(15675)
    where = f"web_mqtt.tcp.ip = {stage.address(1)}\nweb_mqtt.tcp.port = {port}\n"
    _rabbit(stage, "rabbitmq_web_mqtt", where)
    stage.listens(1, port)
    _mqtt(stage, port, 4, "agents/7/state", 150, 100, 0, "websockets")


def _redis(stage: Stage, *words: object) -> None:
    port = stage.port(6379)
    bind = ["--bind", stage.address(1), "--protected-mode", "no", "--save", ""]
    stage.start(1, ["redis-server", "--port", port, *bind])
    stage.listens(1, port)
    argv = [stage.python, WORKLOADS / "redis_talk.py", stage.address(1), port, *words]
    stage.start(2, argv).finish()


@recording(
    "redis-database", "Redis 7.0 GET/SET (redis-py, RESP 2)", "background",
    pip=REDIS, apt={"redis-server": "redis-server"},
)  # fmt: skip
def redis_database(stage: Stage) -> None:
    """A session store."""
    _redis(stage, "db")


@recording(
    "redis-pubsub", "Redis 7.0 pub/sub (redis-py, RESP 3)", "messaging",
    pip=REDIS, apt={"redis-server": "redis-server"},
)  # fmt: skip
def redis_pubsub(stage: Stage) -> None:
    """A bus between agents."""
    _redis(stage, "pubsub", 3)


@recording(
    "redis-streams", "Redis 7.0 streams (redis-py)", "messaging",
    pip=REDIS, apt={"redis-server": "redis-server"},
    note="XADD and XREAD only: a bus, though commands of a database",
)  # fmt: skip
def redis_streams(stage: Stage) -> None:
    """An agent's log as a stream."""
    _redis(stage, "streams")


@recording(
    "beanstalkd-agents", "beanstalkd 1.12 work queue", "messaging",
    apt={"beanstalkd": "beanstalkd"}, note="a task queue; background would not be wrong",
)  # fmt: skip
def beanstalkd(stage: Stage) -> None:
    """Jobs put and reserved."""
    port = stage.port(11300)
    stage.start(1, ["beanstalkd", "-l", stage.address(1), "-p", port])
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "beanstalk_talk.py", stage.address(1), port]).finish()
