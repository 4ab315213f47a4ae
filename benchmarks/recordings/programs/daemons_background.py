"""What else is on such a network: databases, names, time, media, mail, noise. Mostly background."""

import os

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.labels import Flow
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

POSTGRES = "/usr/lib/postgresql/15/bin"
ELEPHANT_BYTES = 300_000
QUIC = ("aioquic==1.2.0",)


def _postgres(stage: Stage, mode: str, settings: str = "") -> int:
    port = stage.port(5432)
    home = stage.folder / "pg"
    stage.folder.chmod(0o755)
    daemons.shell(
        stage, 1,
        f"mkdir {home}; chown postgres {home}; "
        f"setpriv --reuid=postgres --clear-groups {POSTGRES}/initdb -A trust -D {home}; "
        f"echo 'host all all 0.0.0.0/0 trust' >> {home}/pg_hba.conf; "
        f"printf \"listen_addresses = '{stage.address(1)}'\\nport = {port}\\n"
        f"unix_socket_directories = '{home}'\\n{settings}\" >> {home}/postgresql.conf",
    )  # fmt: skip
    argv = ["setpriv", "--reuid=postgres", "--clear-groups", f"{POSTGRES}/postgres", "-D", home]
    stage.start(1, argv)
    stage.listens(1, port)
    there = f"-h {stage.address(1)} -p {port} -U postgres"
    bench = f"{POSTGRES}/pgbench {there}"
    daemons.shell(stage, 2, f"export PGSSLMODE={mode} PGDATABASE=postgres; "
           f"until {POSTGRES}/pg_isready -q {there}; do sleep 0.1; done; "
           f"{bench} -i -s 1 -q; {bench} -T 3 -c 2 -R 30; "
           f"{POSTGRES}/psql {there} -c 'select count(*) from pgbench_accounts'")  # fmt: skip
    return port


@recording("postgresql-pgbench", "PostgreSQL 15 (pgbench)", "background",
           apt={f"{POSTGRES}/postgres": "postgresql"})  # fmt: skip
def postgres(stage: Stage) -> None:
    """Loads a table, then a few transactions a second."""
    _postgres(stage, "disable")


@recording("postgresql-tls", "PostgreSQL 15 over TLS (pgbench)", "background",
           apt={f"{POSTGRES}/postgres": "postgresql", "openssl": "openssl"},
           note="ENCRYPTED after a request in clear")  # fmt: skip
def postgres_tls(stage: Stage) -> None:
    """The same after an SSLRequest."""
    key, certificate = certificates.certificate(stage, 1)
    daemons.shell(stage, 1, f"chown postgres {key}; chmod 600 {key}")
    files = f"ssl_cert_file = '{certificate}'\\nssl_key_file = '{key}'\\n"
    _postgres(stage, "require", f"ssl = on\\n{files}")


@recording("mariadb-queries", "MySQL protocol (MariaDB 10.11)", "background",
           apt={"mariadbd": "mariadb-server", "mysqlslap": "mariadb-client"})  # fmt: skip
def mariadb(stage: Stage) -> None:
    """Queries of a few clients."""
    port = stage.port(3306)
    home = stage.folder / "my"
    words = f"--no-defaults --datadir={home} --user=root"
    daemons.shell(stage, 1, f"mysql_install_db {words} --auth-root-authentication-method=normal")
    daemons.settings(home / "init.sql", "create user 'u'@'%';\ngrant all on *.* to 'u'@'%';\n")
    stage.start(1, ["mariadbd", *words.split(), f"--bind-address={stage.address(1)}", "--port",
                    port, f"--socket={home}/s", f"--pid-file={home}/pid",
                    f"--init-file={home}/init.sql"])  # fmt: skip
    stage.listens(1, port)
    there = f"--no-defaults -h {stage.address(1)} -P {port} -u u"
    daemons.shell(stage, 2, f"mysql {there} -e 'select 1'; "
           f"mysqlslap {there} --auto-generate-sql --number-of-queries=150 --concurrency=2; "
           f"mysql {there} -e 'show variables; "
           "select * from information_schema.tables'")  # fmt: skip


@recording("memcached-text-binary", "memcached 1.6, text and binary (pymemcache, nc)", "background",
           pip=("python-binary-memcached==0.31.4", "pymemcache==4.0.0"),
           apt={"memcached": "memcached"})  # fmt: skip
def memcached(stage: Stage) -> None:
    """Gets and sets in both protocols, and over UDP."""
    port = stage.port(11211)
    words = ["-u", "root", "-l", stage.address(1), "-p", port, "-U", port]
    stage.start(1, ["memcached", *words])
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "memcached_talk.py", stage.address(1), port]).finish()


@recording("ldap-search", "LDAP (OpenLDAP 2.5)", "background",
           apt={"slapd": "slapd", "ldapsearch": "ldap-utils"})  # fmt: skip
def ldap(stage: Stage) -> None:
    """Adds and searches."""
    port = stage.port(389)
    home = stage.folder / "ldap"
    home.mkdir()
    settings = daemons.settings(
        stage.folder / "slapd.conf",
        "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
        f"pidfile {home}/pid\ndatabase mdb\nsuffix dc=lab\nrootdn cn=a,dc=lab\nrootpw p\n"
        f"directory {home}\n",
    )
    entry = "dn: dc=lab\\nobjectClass: dcObject\\nobjectClass: organization\\no: l\\ndc: lab\\n"
    url = f"ldap://{stage.address(1)}:{port}"
    stage.start(1, ["slapd", "-d", "0", "-f", settings, "-h", url])
    stage.listens(1, port)
    login = f"-x -H {url} -D cn=a,dc=lab -w p"
    daemons.shell(stage, 2, f"printf '{entry}' | ldapadd {login}; "
           f"for i in 1 2 3 4 5; do ldapsearch {login} -b dc=lab; sleep 0.3; done")  # fmt: skip


_NAMES = "for i in 1 2 3 4 5 6; do dig @{0} -p {1} h$i.lab A; dig @{0} -p {1} h$i.lab AAAA; "
_NAMES += "dig @{0} -p {1} +tcp h$i.lab; sleep 0.1; done"


@recording("dns-dnsmasq", "DNS over UDP and TCP (dnsmasq 2.90, dig)", "background",
           apt={"dnsmasq": "dnsmasq", "dig": "bind9-dnsutils"})  # fmt: skip
def dnsmasq(stage: Stage) -> None:
    """Names asked for."""
    port = stage.port(53)
    names = [f"--address=/h{host}.lab/10.9.0.{host}" for host in range(1, 5)]
    stage.start(1, ["dnsmasq", "-d", "-C", "/dev/null", "-R", "-u", "root", "-p", port, "-a",
                    stage.address(1), "--bind-interfaces", *names])  # fmt: skip
    stage.listens(1, port, l4="udp")
    daemons.shell(stage, 2, _NAMES.format(stage.address(1), port))


@recording("dns-unbound-tls", "DNS, and DNS over TLS (unbound 1.17, dig)", "background",
           apt={"unbound": "unbound", "dig": "bind9-dnsutils", "openssl": "openssl"},
           note="partly ENCRYPTED")  # fmt: skip
def unbound(stage: Stage) -> None:
    """Names asked for in clear and under TLS."""
    port, tls = stage.port(53), stage.port(853)
    key, certificate = certificates.certificate(stage, 1)
    names = "".join(f'local-data: "h{host}.lab A 10.9.0.{host}"\n' for host in range(1, 5))
    settings = daemons.settings(
        stage.folder / "unbound.conf",
        f'server:\nusername: ""\nchroot: ""\ndirectory: "{stage.folder}"\npidfile: ""\n'
        f"use-syslog: no\ndo-daemonize: no\ninterface: {stage.address(1)}@{port}\n"
        f"interface: {stage.address(1)}@{tls}\ntls-port: {tls}\ntls-service-key: {key}\n"
        f"tls-service-pem: {certificate}\naccess-control: 10.0.0.0/8 allow\n"
        f'local-zone: "lab." static\n{names}'
        "remote-control:\ncontrol-enable: no\n",
    )
    stage.start(1, ["unbound", "-d", "-c", settings])
    stage.listens(1, tls)
    daemons.shell(stage, 2, f"{_NAMES.format(stage.address(1), port)}; for i in 1 2 3; do "
           f"dig @{stage.address(1)} -p {tls} +tls h$i.lab; sleep 0.2; done")  # fmt: skip


@recording("ntp-chrony", "NTP (chrony 4.3)", "background", hosts=3, apt={"chronyd": "chrony"})
def ntp(stage: Stage) -> None:
    """Two clients of one server."""
    port = stage.port(123)
    server = f"local stratum 5\nallow all\nport {port}\nbindaddress {stage.address(1)}\ncmdport 0\n"
    client = f"server {stage.address(1)} port {port} iburst minpoll 0 maxpoll 0\ncmdport 0\n"
    daemons.shell(stage, 1, "mkdir -p /run/chrony")
    for host, text in ((1, server), (2, client), (3, client)):
        extra = f"pidfile {stage.folder}/chrony{host}\nbindcmdaddress /\n"
        settings = daemons.settings(stage.folder / f"chrony{host}.conf", text + extra)
        stage.start(host, ["chronyd", "-d", "-x", "-u", "root", "-f", settings])
    daemons.shell(stage, 1, "sleep 10")


@recording("dhcp-dnsmasq", "DHCP (dnsmasq 2.90, busybox)", "background",
           apt={"dnsmasq": "dnsmasq", "busybox": "busybox"})  # fmt: skip
def dhcp(stage: Stage) -> None:
    """A lease, again and again."""
    span = f"{stage.address(100)},{stage.address(120)}"
    stage.start(1, ["dnsmasq", "-d", "-C", "/dev/null", "-p", "0", "-u", "root",
                    "--dhcp-authoritative", "--no-ping", f"--dhcp-range={span}", "-l",
                    stage.folder / "leases"])  # fmt: skip
    stage.listens(1, 67, l4="udp")
    ask = "busybox udhcpc -i eth0 -s /bin/true -n -q -f"
    daemons.shell(stage, 2, f"for i in 1 2 3; do {ask}; sleep 0.5; done")


@recording("smtp-swaks", "SMTP with STARTTLS (aiosmtpd, swaks)", "background",
           pip=("aiosmtpd==1.4.6",), apt={"swaks": "swaks", "openssl": "openssl"},
           note="partly ENCRYPTED after STARTTLS")  # fmt: skip
def smtp(stage: Stage) -> None:
    """Messages in clear and after STARTTLS."""
    port = stage.port(25)
    key, certificate = certificates.certificate(stage, 1)
    words = ["-n", "-l", f"{stage.address(1)}:{port}", "--tlscert", certificate, "--tlskey", key]
    stage.start(
        1,
        [stage.python, "-m", "aiosmtpd", "--no-requiretls", *words, "-c", "aiosmtpd.handlers.Sink"],
    )
    stage.listens(1, port)
    send = f"swaks --silent 3 -s {stage.address(1)} -p {port} -f a@lab -t b@lab"
    daemons.shell(
        stage, 2, f"for i in 1 2; do {send}; done; {send} -tlso; {send} --body {'x' * 3000}"
    )


@recording("bittorrent-aria2", "BitTorrent (transmission-create, aria2, opentracker)", "background",
           hosts=4, apt={"aria2c": "aria2", "opentracker": "opentracker",
                         "transmission-create": "transmission-cli"})  # fmt: skip
def bittorrent(stage: Stage) -> None:
    """A seed and two peers."""
    tracker, port = stage.port(6969), stage.port(6881)
    seed = stage.folder / "seed"
    seed.mkdir()
    (seed / "f0").write_bytes(os.urandom(1_500_000))
    settings = daemons.settings(
        stage.folder / "ot.conf",
        f"listen.tcp_udp {stage.address(1)}:{tracker}\ntracker.user nobody\n"
        f"tracker.rootdir {stage.folder}\n",
    )
    stage.start(1, ["opentracker", "-f", settings])
    stage.listens(1, tracker)
    urls = " ".join(f"-t {kind}://{stage.address(1)}:{tracker}/announce" for kind in ("http",))
    daemons.shell(stage, 2, f"transmission-create -o {stage.folder}/t {urls} {seed}/f0")
    plain = "aria2c -q --enable-dht=true --bt-enable-lpd=true --seed-ratio=0.0 --check-integrity"
    plain += f" --listen-port={port} --dht-listen-port={port} --file-allocation=none"
    stage.start(2, [*plain.split(), "-d", seed, stage.folder / "t"])
    stage.listens(2, port)
    for host in (3, 4):
        place = stage.folder / f"peer{host}"
        stage.start(host, [*plain.split(), "--seed-time=0", "-d", place, stage.folder / "t"])
    sizes = " ".join(f"$(stat -c %b {stage.folder}/peer{host}/f0)" for host in (3, 4))
    daemons.shell(stage, 1, f"for i in $(seq 60); do set -- {sizes}; "
           "[ ${1:-0} -gt 2900 ] && [ ${2:-0} -gt 2900 ] && break; sleep 0.3; done")  # fmt: skip


@recording("rtp-ffmpeg", "RTP and RTCP (ffmpeg 5.1, H.264 and Opus)", "background",
           apt={"ffmpeg": "ffmpeg"}, note="MPEG-TS over UDP as well")  # fmt: skip
def rtp(stage: Stage) -> None:
    """A camera's streams."""
    video, sound, transport = stage.port(5004), stage.port(5014), stage.port(1234)
    read = "ffmpeg -loglevel error -re -f lavfi -i testsrc=size=320x240:rate=15"
    hear = "ffmpeg -loglevel error -re -f lavfi -i sine=frequency=440"
    code = "-t 5 -c:v libx264 -preset ultrafast -tune zerolatency"
    there = stage.address(1)
    daemons.shell(
        stage, 2,
        f"{read} {code} -f rtp rtp://{there}:{video} & "
        f"{hear} -t 5 -c:a libopus -f rtp rtp://{there}:{sound} & "
        f"{read} {code} -f mpegts 'udp://{there}:{transport}?pkt_size=1316'; wait",
    )  # fmt: skip


@recording("rtsp-ffmpeg", "RTSP with interleaved RTP (ffmpeg 5.1)", "background",
           apt={"ffmpeg": "ffmpeg"}, note="ffmpeg announces, ffmpeg listens")  # fmt: skip
def rtsp(stage: Stage) -> None:
    """A stream announced over TCP, and one over UDP."""
    for number, way in enumerate(("tcp", "udp")):
        port = stage.port(8554 + number)
        url = f"rtsp://{stage.address(1)}:{port}/live"
        listen = ["-rtsp_flags", "listen", "-i", url, "-t", "3", "-f", "null", "-"]
        stage.start(1, ["ffmpeg", "-loglevel", "error", *listen])
        stage.listens(1, port)
        make = ["-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=15", "-t", "4"]
        code = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]
        send = ["-f", "rtsp", "-rtsp_transport", way, url]
        quiet = "ffmpeg -loglevel error " + " ".join([*make, *code, *send])
        daemons.shell(stage, 2, f"timeout 8 {quiet} || true")


@recording("stun-turn-coturn", "STUN and TURN (coturn 4.6)", "background", hosts=3,
           apt={"turnserver": "coturn", "turnutils_uclient": "coturn"})  # fmt: skip
def turn(stage: Stage) -> None:
    """Bindings, and a relayed exchange."""
    port = stage.port(3478)
    words = f"-n -L {stage.address(1)} -p {port} -a -u u:p -r lab --no-cli --no-tls --no-dtls"
    files = ["--pidfile", str(stage.folder / "t.pid"), "--userdb", str(stage.folder / "t.db")]
    stage.start(1, ["turnserver", *words.split(), *files, "--allow-loopback-peers", "-l", "stdout"])
    stage.listens(1, port, l4="udp")
    stage.start(3, ["turnutils_peer", "-L", stage.address(3), "-p", "3480"])
    ask = f"turnutils_stunclient -p {port} {stage.address(1)}"
    daemons.shell(stage, 2, f"for i in 1 2 3; do {ask}; done; "
           f"turnutils_uclient -u u -w p -e {stage.address(3)} -r 3480 -n 20 -m 1 -z 40 "
           f"-p {port} {stage.address(1)}")  # fmt: skip


@recording("mdns-zeroconf", "mDNS (python-zeroconf)", "background", hosts=3,
           pip=("zeroconf==0.148.0",))  # fmt: skip
def mdns(stage: Stage) -> None:
    """Services announced and looked for."""
    peers = [
        stage.start(host, [stage.python, WORKLOADS / "mdns_talk.py", stage.address(host), 5])
        for host in (1, 2, 3)
    ]
    for peer in peers:
        peer.finish()


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
    blob.write_bytes(os.urandom(1_000_000))
    settings = daemons.settings(
        stage.folder / "stunnel.conf",
        f"foreground = yes\npid =\n[x]\naccept = {stage.address(1)}:{port}\n"
        f"connect = 127.0.0.1:{inner}\ncert = {certificate}\nkey = {key}\n",
    )
    stage.start(1, ["stunnel4", settings])
    stage.start(1, ["socat", f"TCP-LISTEN:{inner},fork,reuseaddr", "EXEC:sed -u -n /hello/p"])
    stage.listens(1, port)
    stage.listens(1, inner)
    there = f"openssl s_client -quiet -connect {stage.address(1)}:{port}"
    daemons.shell(
        stage, 2,
        f"(cat {blob}; sleep 1) | {there} -tls1_2 >/dev/null 2>&1 || true; "
        f"(for i in 1 2 3 4 5; do echo hello $i; sleep 0.4; done) | {there} 2>/dev/null || true",
    )  # fmt: skip
    sink = stage.port(4434)
    stage.start(1, ["sh", "-c", f"openssl s_server -quiet -accept {stage.address(1)}:{sink} "
                    f"-cert {certificate} -key {key} > /dev/null"])  # fmt: skip
    stage.listens(1, sink)
    daemons.shell(stage, 2, f"(cat {blob}; sleep 1) | openssl s_client -quiet -connect "
           f"{stage.address(1)}:{sink} > /dev/null 2>&1 || true")  # fmt: skip
