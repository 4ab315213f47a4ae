"""Desktop, mail, calls, games, pages and databases that no classifier was built with."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

_PAGES = [1200, 300, 8000, 15_000, 2500, 4000, 600, 11_000]


@recording("vnc-screen", "VNC (TigerVNC 1.12; RFB 3.8)", "background",
           apt={"Xtigervnc": "tigervnc-standalone-server", "xclock": "x11-apps"},
           note="the viewer is a stand-in of ours")  # fmt: skip
def vnc(stage: Stage) -> None:
    """A clock, keys and a pointer."""
    port = stage.port(5901)
    screen = [
        "Xtigervnc",
        ":71",
        "-SecurityTypes",
        "None",
        "-geometry",
        "240x200",
        "-depth",
        24,
        "-rfbport",
        port,
        "-interface",
        stage.address(1),
        "-ac",
        "-nolisten",
        "unix",
        "-listen",
        "tcp",
    ]
    stage.start(1, screen)
    stage.listens(1, port)
    clock = ["xclock", "-digital", "-update", "1", "-geometry", "200x40"]
    stage.start(1, clock, env={"DISPLAY": "127.0.0.1:71"})
    stage.start(2, [stage.python, WORKLOADS / "vnc_viewer.py", stage.address(1), port]).finish()


@recording("imap-dovecot", "IMAP (Dovecot 2.3, imaplib)", "background",
           apt={"dovecot": "dovecot-imapd"})  # fmt: skip
def imap(stage: Stage) -> None:
    """Mail filed and read."""
    port = stage.port(143)
    home = stage.folder / "dovecot"
    home.mkdir()
    stage.folder.chmod(0o755)
    home.chmod(0o777)
    settings = daemons.settings(
        home / "dovecot.conf",
        f"base_dir = {home}/run\nstate_dir = {home}\nlog_path = /dev/stderr\nprotocols = imap\n"
        f"listen = {stage.address(1)}\nssl = no\ndisable_plaintext_auth = no\n"
        f"mail_location = maildir:{home}/mail\nmail_uid = nobody\nmail_gid = nogroup\n"
        "first_valid_uid = 1\nfirst_valid_gid = 1\n"
        "passdb {\n driver = static\n args = password=secret\n}\n"
        f"userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={home}/home\n}}\n"
        f"service imap-login {{\n inet_listener imap {{\n port = {port}\n }}\n"
        " inet_listener imaps {\n port = 0\n }\n}\n",
    )
    stage.start(1, ["dovecot", "-F", "-c", settings])
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "mail_reader.py", stage.address(1), port]).finish()


@recording("squid-browsing", "HTTP proxy (Squid 5.7, curl) and pages over TLS through it",
           "background", hosts=3, apt={"squid": "squid", "openssl": "openssl"})  # fmt: skip
def squid(stage: Stage) -> None:
    """Small pages, some by CONNECT."""
    port, plain, secure = stage.port(3128), stage.port(8080), stage.port(443)
    home = stage.folder / "squid"
    home.mkdir()
    stage.folder.chmod(0o755)
    home.chmod(0o777)
    pages = daemons.files(stage.folder / "pages", _PAGES)
    key, chain = certificates.certificate(stage, 3)
    stage.start(3, [stage.python, "-m", "http.server", "-b", stage.address(3), plain], cwd=pages)
    stage.listens(3, plain)
    words = ["-accept", f"{stage.address(3)}:{secure}", "-key", key, "-cert", chain, "-WWW"]
    stage.start(3, ["openssl", "s_server", *words], cwd=pages)
    stage.listens(3, secure)
    settings = daemons.settings(
        home / "squid.conf",
        f"http_port {stage.address(1)}:{port}\nhttp_access allow all\ncache deny all\n"
        f"pid_filename {home}/pid\ncache_log stdio:{home}/cache.log\naccess_log none\n"
        f"coredump_dir {home}\nshutdown_lifetime 0 seconds\npinger_enable off\n"
        "netdb_filename none\n",
    )
    stage.start(1, ["squid", "-N", "-f", settings])
    stage.listens(1, port)
    ask = f"curl -sf -o /dev/null -x http://{stage.address(1)}:{port} -k --http1.1"
    page = f"http://{stage.address(3)}:{plain}/f"
    other = f"https://{stage.address(3)}:{secure}/f"
    daemons.shell(
        stage, 2,
        f"for n in 1 2 3; do for p in 0 2 4 6; do {ask} {page}$p; {ask} {other}$p; "
        "sleep 0.2; done; done",
    )  # fmt: skip


@recording("sysbench-mariadb", "MySQL protocol (MariaDB 10.11, sysbench)", "background",
           apt={"mariadbd": "mariadb-server", "sysbench": "sysbench"})  # fmt: skip
def sysbench(stage: Stage) -> None:
    """Read and write transactions with prepared statements."""
    port = stage.port(3306)
    home = stage.folder / "my"
    words = f"--no-defaults --datadir={home} --user=root"
    daemons.shell(stage, 1, f"mysql_install_db {words} --auth-root-authentication-method=normal")
    text = "create user 'u'@'%';\ngrant all on *.* to 'u'@'%';\ncreate database sbtest;\n"
    begin = daemons.settings(home / "init.sql", text)
    stage.start(
        1,
        ["mariadbd", *words.split(), f"--bind-address={stage.address(1)}", "--port", port,
         f"--socket={home}/s", f"--pid-file={home}/pid", f"--init-file={begin}"],
    )  # fmt: skip
    stage.listens(1, port)
    bench = (
        f"sysbench oltp_read_write --db-driver=mysql --mysql-host={stage.address(1)} "
        f"--mysql-port={port} --mysql-user=u --mysql-db=sbtest --tables=1 --table-size=500 "
    )
    daemons.shell(stage, 2, f"{bench} prepare; {bench} --threads=2 --rate=8 --time=6 run")


@recording("sip-calls", "SIP over UDP (SIPp 3.6)", "background", apt={"sipp": "sip-tester"})
def sip(stage: Stage) -> None:
    """Calls without sound."""
    port = stage.port(5060)
    stage.start(1, ["sipp", "-sn", "uas", "-i", stage.address(1), "-p", port, "-nostdin"])
    stage.listens(1, port, l4="udp")
    caller = ["sipp", "-sn", "uac", "-i", stage.address(2), "-p", 5070, "-m", 40, "-r", 6,
              "-d", 800, "-nostdin", f"{stage.address(1)}:{port}"]  # fmt: skip
    stage.start(2, caller).finish()


@recording("tarantool-store", "Tarantool 2.6 (iproto, net.box)", "background",
           apt={"tarantool": "tarantool"})  # fmt: skip
def tarantool(stage: Stage) -> None:
    """Writes and reads."""
    port = stage.port(3301)
    script = ["tarantool", WORKLOADS / "tarantool_talk.lua"]
    home = daemons.files(stage.folder / "box", [])
    stage.start(1, [*script, "server", stage.address(1), port], cwd=home)
    stage.listens(1, port)
    stage.start(2, [*script, "client", stage.address(1), port]).finish()


@recording("game-udp", "A game's world by UDP (ours, no known protocol)", "background", hosts=4,
           note="both ends are ours: input 30/s, world 20/s")  # fmt: skip
def game(stage: Stage) -> None:
    """Three players."""
    port = stage.port(27015)
    script = [stage.python, WORKLOADS / "game_world.py"]
    stage.start(1, [*script, "server", stage.address(1), port])
    stage.listens(1, port, l4="udp")
    players = [stage.start(h, [*script, "player", stage.address(1), port]) for h in (2, 3, 4)]
    for player in players:
        player.finish()


@recording("irc-people", "IRC (ngIRCd 26, nc)", "background", hosts=3,
           apt={"ngircd": "ngircd", "nc": "netcat-openbsd"},
           note="people in a channel; messaging would not be wrong")  # fmt: skip
def irc(stage: Stage) -> None:
    """Two who talk."""
    port = stage.port(6667)
    settings = daemons.settings(
        stage.folder / "ngircd.conf",
        f"[Global]\nName = irc.lab\nInfo = lab\nListen = {stage.address(1)}\nPorts = {port}\n"
        "ServerUID = root\nServerGID = root\n[Options]\nDNS = no\nIdent = no\nPAM = no\n"
        "[Limits]\nMaxConnectionsIP = 0\nPingTimeout = 4\n",
    )
    stage.start(1, ["ngircd", "-n", "-f", settings])
    stage.listens(1, port)
    talkers = []
    for host, name in ((2, "ada"), (3, "bob")):
        say = (
            f"printf 'NICK {name}\\r\\nUSER {name} 0 * :{name}\\r\\nJOIN #lab\\r\\n'; sleep 1; "
            "for i in 1 2 3 4 5 6 7 8 9; do "
            'printf "PRIVMSG #lab :I think $i of it\\r\\n"; sleep 0.7; done; '
            "printf 'QUIT :bye\\r\\n'; sleep 1"
        )
        talk = f"({say}) | timeout 15 nc {stage.address(1)} {port}; true"
        talkers.append(stage.start(host, ["sh", "-c", talk]))
    for talker in talkers:
        talker.finish()
