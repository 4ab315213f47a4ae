"""Known servers under encryption: what is in clear before it, and size and rhythm, must tell."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage


@recording("nats-tls-agents", "NATS 2.9 over TLS (nats-py)", "messaging",
           pip=("nats-py==2.12.0",), apt={"nats-server": "nats-server"},
           note="ENCRYPTED after the server's INFO in clear")  # fmt: skip
def nats(stage: Stage) -> None:
    """Requests and events."""
    port = stage.port(4222)
    key, chain = certificates.certificate(stage, 1)
    files = ["--tls", "--tlscert", chain, "--tlskey", key]
    stage.start(1, ["nats-server", "-a", stage.address(1), "-p", port, *files])
    stage.listens(1, port)
    argv = [stage.python, WORKLOADS / "nats_chat.py", stage.address(1), port, chain]
    stage.start(2, argv).finish()


@recording("redis-tls-database", "Redis 7.0 over TLS (redis-benchmark)", "background",
           apt={"redis-server": "redis-server", "redis-benchmark": "redis-tools"},
           note="ENCRYPTED, handshake present")  # fmt: skip
def redis(stage: Stage) -> None:
    """A few hundred commands from two clients."""
    port = stage.port(6380)
    key, chain = certificates.certificate(stage, 1)
    files = ["--tls-cert-file", chain, "--tls-key-file", key, "--tls-ca-cert-file", chain]
    words = ["--port", 0, "--tls-port", port, "--bind", stage.address(1), "--save", ""]
    stage.start(1, ["redis-server", *words, *files, "--tls-auth-clients", "no",
                    "--protected-mode", "no"])  # fmt: skip
    stage.listens(1, port)
    there = f"-h {stage.address(1)} -p {port} --tls --cacert {chain}"
    daemons.shell(stage, 2, f"redis-benchmark {there} -c 2 -n 150 -t set,get -q; "
                  f"(for i in 1 2 3 4 5 6 7 8; do echo incr n; sleep 0.4; done) | "
                  f"redis-cli {there}")  # fmt: skip


@recording("smb3-encrypted", "SMB 3.1.1 with encryption (Samba 4.17, smbclient)", "bulk",
           apt={"smbd": "samba", "smbclient": "smbclient", "smbpasswd": "samba-common-bin"},
           note="ENCRYPTED after the login; its frames say so")  # fmt: skip
def smb(stage: Stage) -> None:
    """A get and a put, by a user."""
    port = stage.port(445)
    served = daemons.files(stage.folder / "served", [800_000])
    state = daemons.files(stage.folder / "state", [])
    places = "".join(f"{kind} directory = {state}\n" for kind in ("lock", "state", "cache", "pid"))
    settings = daemons.settings(
        stage.folder / "smb.conf",
        f"[global]\n{places}private dir = {state}\nncalrpc dir = {state}/rpc\n"
        f"smb ports = {port}\nbind interfaces only = yes\ninterfaces = eth0\n"
        "disable netbios = yes\nload printers = no\nserver smb encrypt = required\n"
        f"log file = /dev/stdout\n[data]\npath = {served}\nread only = no\n",
    )
    daemons.shell(stage, 1, f"printf 'secret\\nsecret\\n' | smbpasswd -c {settings} -s -a root")
    stage.start(1, ["smbd", "-F", "--no-process-group", "-s", settings])
    stage.listens(1, port)
    empty = daemons.settings(stage.folder / "empty.conf", "")
    local = daemons.files(stage.folder / "local", [500_000])
    script = f"ls; get f0 {local}/got; put {local}/f0 up"
    words = ["-s", empty, "-U", "root%secret", "--client-protection=encrypt", "-p", port]
    stage.start(2, ["smbclient", *words, f"//{stage.address(1)}/data", "-c", script]).finish()


@recording("ftps-explicit", "FTP with AUTH TLS (pyftpdlib 2, lftp)", "bulk",
           pip=("pyftpdlib[ssl]==2.1.0",), apt={"lftp": "lftp"},
           note="ENCRYPTED after AUTH TLS; data connections are all TLS")  # fmt: skip
def ftps(stage: Stage) -> None:
    """A get and a put."""
    port = stage.port(21)
    key, chain = certificates.certificate(stage, 1)
    served = daemons.files(stage.folder / "served", [700_000])
    words = ["-i", stage.address(1), "-p", port, "-d", served, "-w", "-u", "u", "-P", "p"]
    tls = ["--tls", f"--certfile={chain}", f"--keyfile={key}"]
    stage.start(1, [stage.python, "-m", "pyftpdlib", *words, *tls])
    stage.listens(1, port)
    local = daemons.files(stage.folder / "local", [400_000])
    rules = "set ssl:verify-certificate no; set ftp:ssl-force true; set ftp:ssl-protect-data true"
    script = f"{rules}; get f0 -o {local}/got; put {local}/f0 -o up; quit"
    stage.start(2, ["lftp", "-e", script, f"ftp://u:p@{stage.address(1)}:{port}"]).finish()


@recording("syslog-tls", "syslog over TLS (syslog-ng 3.38, openssl)", "telemetry",
           apt={"syslog-ng": "syslog-ng-core", "openssl": "openssl"},
           note="ENCRYPTED, handshake present; one way")  # fmt: skip
def syslog(stage: Stage) -> None:
    """Lines sent through one connection (RFC 5425 framing)."""
    port = stage.port(6514)
    key, chain = certificates.certificate(stage, 1)
    trust = f'tls(key-file("{key}") cert-file("{chain}") peer-verify(optional-untrusted))'
    source = f'syslog(ip("{stage.address(1)}") port({port}) transport("tls") {trust})'
    home = stage.folder
    settings = daemons.settings(
        home / "conf",
        f'@version: 3.38\nsource s {{ {source}; }};\ndestination f {{ file("{home}/all"); }};\n'
        "log { source(s); destination(f); };\n",
    )
    stage.start(1, ["syslog-ng", "-F", "-f", settings, "-R", home / "persist", "-p", home / "pid",
                    "-c", home / "ctl"])  # fmt: skip
    stage.listens(1, port)
    line = "<14>1 2026-01-01T00:00:00Z h2 train 7 - - step done"
    daemons.shell(stage, 2, f"(for i in $(seq 20); do printf '{len(line)} {line}'; sleep 0.2; done)"
                  " | openssl s_client -quiet -no_ign_eof -connect "
                  f"{stage.address(1)}:{port} 2>/dev/null || true")  # fmt: skip
