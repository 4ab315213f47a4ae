"""What else is on such a network: databases, names, time, media, mail, noise. Mostly background."""

import os

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

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
    body = "\\n".join(["x" * 70] * 40)
    send = f"swaks --silent 3 -s {stage.address(1)} -p {port} -f a@lab -t b@lab"
    daemons.shell(stage, 2, f"for i in 1 2; do {send}; done; {send} -tlso; {send} --body '{body}'")


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
