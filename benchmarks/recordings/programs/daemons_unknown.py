"""Bytes that no signature knows: raw, typed, or inside of TLS and QUIC."""

import os

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.labels import Flow
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

ELEPHANT_BYTES = 300_000
QUIC = ("aioquic==1.2.0",)


@recording("elephant-unknown", "random bytes one way (socat)", "bulk", apt={"socat": "socat"},
           note="no protocol; only behaviour tells")  # fmt: skip
def elephant(stage: Stage) -> None:
    """Up, down, and slowed."""
    blob = stage.folder / "blob"
    blob.write_bytes(os.urandom(1_300_000))
    up, down, paced = stage.port(7711), stage.port(7712), stage.port(7713)
    stage.start(1, ["socat", "-u", f"TCP-LISTEN:{up},reuseaddr", "OPEN:/dev/null"])
    stage.start(1, ["socat", "-u", f"OPEN:{blob}", f"TCP-LISTEN:{down},reuseaddr"])
    stage.start(1, ["socat", "-u", f"TCP-LISTEN:{paced},reuseaddr", "OPEN:/dev/null"])
    for port in (up, down, paced):
        stage.listens(1, port)
    there = f"TCP:{stage.address(1)}"
    slow = f"for i in 0 1 2 3 4 5 6 7 8 9; do dd if={blob} bs=100k skip=$i count=1; sleep 0.4; done"
    daemons.shell(stage, 2, f"socat -u OPEN:{blob} {there}:{up}; "
           f"socat -u {there}:{down} OPEN:/dev/null; "
           f"({slow}) 2>/dev/null | socat -u - {there}:{paced}")  # fmt: skip


@recording("chatter-unknown", "random small exchanges (Python sockets)", "background",
           note="no protocol; only behaviour tells")  # fmt: skip
def chatter(stage: Stage) -> None:
    """TCP and UDP, small and irregular."""
    port = stage.port(7721)
    script = WORKLOADS / "chatter.py"
    stage.start(1, [stage.python, script, "serve", stage.address(1), port])
    stage.listens(1, port)
    stage.listens(1, port, l4="udp")
    stage.start(2, [stage.python, script, "talk", stage.address(1), port]).finish()


@recording("telnet-shell", "telnet (telnetlib3, busybox)", "background",
           pip=("telnetlib3==2.0.8",), apt={"busybox": "busybox"})  # fmt: skip
def telnet(stage: Stage) -> None:
    """Typed commands, mostly wrong ones."""
    port = stage.port(23)
    server = stage.python.with_name("telnetlib3-server")
    stage.start(1, [server, stage.address(1), port])
    stage.listens(1, port)
    argv = ["timeout", 8, "busybox", "telnet", stage.address(1), port]
    stage.start(2, [stage.python, WORKLOADS / "typist.py", *argv])
    daemons.shell(stage, 1, "sleep 9")


def _large(flow: Flow) -> str | None:
    return "bulk" if flow.up + flow.down > ELEPHANT_BYTES else "background"


@recording("http3-aioquic", "HTTP/3 over QUIC (aioquic 1.2)", "background", pip=QUIC,
           apt={"openssl": "openssl"}, note="ENCRYPTED; large answers are bulk")  # fmt: skip
def http3(stage: Stage) -> None:
    """Small answers on some connections, large ones on another."""
    port = stage.port(4433)
    key, certificate = certificates.certificate(stage, 1)
    stage.label(_large)
    script = WORKLOADS / "http3_talk.py"
    stage.start(1, [stage.python, script, "serve", stage.address(1), port, certificate, key])
    stage.listens(1, port, l4="udp")
    for size in (400, 2000, 1_000_000, 700):
        stage.start(2, [stage.python, script, "get", stage.address(1), port, size]).finish()


@recording("tls-raw-bulk", "TLS 1.3 and 1.2 of unknown content (openssl, stunnel 5.68)", "bulk",
           apt={"openssl": "openssl", "stunnel4": "stunnel4", "socat": "socat"},
           note="ENCRYPTED, handshake present; small exchanges are background")  # fmt: skip
def tls(stage: Stage) -> None:
    """A large stream and typing, each through stunnel and openssl."""
    port, inner = stage.port(4433), 7000
    stage.label(_large)
    key, certificate = certificates.certificate(stage, 1)
    blob = stage.folder / "blob"
    blob.write_text(os.urandom(450_000).hex(), encoding="ascii")  # no letter is a command
    settings = daemons.settings(
        stage.folder / "stunnel.conf",
        f"foreground = yes\npid =\n[x]\naccept = {stage.address(1)}:{port}\n"
        f"connect = 127.0.0.1:{inner}\ncert = {certificate}\nkey = {key}\n",
    )
    stage.start(1, ["stunnel4", settings])
    stage.start(1, ["socat", f"TCP-LISTEN:{inner},fork,reuseaddr", "EXEC:sed -u -n /hello/p"])
    stage.listens(1, port)
    stage.listens(1, inner)
    there = f"openssl s_client -quiet -no_ign_eof -connect {stage.address(1)}:{port}"
    daemons.shell(
        stage, 2,
        f"(cat {blob}; sleep 1) | {there} -tls1_2 >/dev/null 2>&1 || true; "
        f"(for i in 1 2 3 4 5; do echo hello $i; sleep 0.4; done) | {there} 2>/dev/null || true",
    )  # fmt: skip
    sink = stage.port(4434)
    listen = f"OPENSSL-LISTEN:{sink},reuseaddr,cert={certificate},key={key},verify=0"
    stage.start(1, ["socat", "-u", listen, "OPEN:/dev/null"])
    stage.listens(1, sink)
    daemons.shell(stage, 2, f"(cat {blob}; sleep 1) | openssl s_client -quiet -no_ign_eof -connect "
           f"{stage.address(1)}:{sink} > /dev/null 2>&1 || true")  # fmt: skip
