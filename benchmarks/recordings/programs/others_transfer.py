"""Backups, synchronisation and pipes that no classifier was built with."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.programs.daemons_disks import _samba, _smbclient
from benchmarks.recordings.programs.daemons_transfer import RSYNC, SSH, _sshd
from benchmarks.recordings.stage import WORKLOADS, Stage

RCLONE = {"rclone": "rclone"}
_SMALL = "connections with less than 100 kB are background"


def _rclone(stage: Stage, kind: str, port: int, *words: object) -> None:
    served = daemons.files(stage.folder / "served", [600_000, 300_000])
    where = f"{stage.address(1)}:{port}"
    stage.start(1, ["rclone", "serve", kind, served, "--addr", where, *words])
    stage.listens(1, port)


@recording("restic-rest-server", "restic 0.14 to a REST server (rclone 1.60)", "bulk",
           apt={**RCLONE, "restic": "restic"}, note=_SMALL)  # fmt: skip
def restic(stage: Stage) -> None:
    """A repository made, a backup, a restore."""
    port = stage.port(8000)
    _rclone(stage, "restic", port)
    stage.label(daemons.large_only)
    local = daemons.files(stage.folder / "local", [700_000, 90_000, 300])
    env = f"export RESTIC_PASSWORD=x RESTIC_REPOSITORY=rest:http://{stage.address(1)}:{port}/kept/"
    daemons.shell(
        stage,
        2,
        f"{env}; restic -q init; restic -q backup {local}; restic -q restore latest -t back",
    )


@recording("rclone-webdav", "WebDAV (rclone 1.60 both ends)", "bulk", apt=RCLONE, note=_SMALL)
def webdav(stage: Stage) -> None:
    """Two down, two up."""
    port = stage.port(8081)
    _rclone(stage, "webdav", port)
    stage.label(daemons.large_only)
    local = daemons.files(stage.folder / "local", [500_000, 400_000])
    there = f":webdav,url='http://{stage.address(1)}:{port}',vendor=other:"
    daemons.shell(stage, 2, f'rclone copy "{there}" back; rclone copy {local} "{there}up"')


@recording("rclone-sftp", "SFTP of Go's SSH (rclone 1.60 both ends)", "bulk", apt=RCLONE,
           note=f"ENCRYPTED; size tells; {_SMALL}")  # fmt: skip
def sftp(stage: Stage) -> None:
    """Up and down without OpenSSH."""
    port = stage.port(2022)
    _rclone(stage, "sftp", port, "--user", "u", "--pass", "p")
    stage.label(daemons.large_only)
    local = daemons.files(stage.folder / "local", [800_000])
    there = f":sftp,host={stage.address(1)},port={port},user=u,pass=$(rclone obscure p):"
    daemons.shell(stage, 2, f'rclone copy {local} "{there}up"; rclone copy "{there}" back')


@recording("borg-over-ssh", "BorgBackup 1.2 over SSH (OpenSSH 9.2)", "bulk",
           apt={**SSH, "borg": "borgbackup"}, note=f"ENCRYPTED; size tells; {_SMALL}")  # fmt: skip
def borg(stage: Stage) -> None:
    """A repository made, two backups."""
    _, options = _sshd(stage)
    stage.label(daemons.large_only)
    local = daemons.files(stage.folder / "local", [900_000, 200_000])
    there = f"ssh://root@{stage.address(1)}{stage.folder}/repo"
    env = f"export BORG_RSH='ssh {options}' BORG_BASE_DIR={stage.folder}"
    daemons.shell(
        stage, 2,
        f"{env}; borg init -e none {there}; borg create {there}::one {local}; "
        f"head -c 400000 /dev/urandom > {local}/f2; borg create {there}::two {local}",
    )  # fmt: skip


@recording("unison-socket", "Unison 2.52 by its socket", "bulk", apt={"unison": "unison"})
def unison(stage: Stage) -> None:
    """Two folders made the same."""
    port = stage.port(5055)
    served = daemons.files(stage.folder / "served", [700_000, 2000])
    local = daemons.files(stage.folder / "local", [500_000]).rename(stage.folder / "mine")
    (local / "f0").rename(local / "g0")
    env = {"UNISON": stage.folder / "u1"}
    stage.start(1, ["unison", "-socket", port], env=env)
    stage.listens(1, port)
    there = f"socket://{stage.address(1)}:{port}/{served}"
    words = ["unison", local, there, "-batch", "-auto", "-confirmbigdel=false"]
    stage.start(2, words, env={"UNISON": stage.folder / "u2"}).finish()


@recording("mbuffer-pipe", "mbuffer, raw bytes over TCP", "bulk", apt={"mbuffer": "mbuffer"},
           note="no protocol: random bytes one way")  # fmt: skip
def mbuffer(stage: Stage) -> None:
    """A file at a bounded rate."""
    port = stage.port(7171)
    source = daemons.files(stage.folder / "local", [2_200_000])
    take = [
        "mbuffer",
        "-4",
        "-q",
        "-I",
        f"{stage.address(2)}:{port}",
        "-o",
        "/dev/null",
        "-m",
        "1M",
    ]
    stage.start(1, take)
    stage.listens(1, port)
    give = ["mbuffer", "-4", "-q", "-m", "1M", "-R", "400k", "-i", source / "f0"]
    stage.start(2, [*give, "-O", f"{stage.address(1)}:{port}"]).finish()


@recording(
    "udpcast-image",
    "UDPcast (an image by multicast)",
    "bulk",
    hosts=3,
    apt={"/usr/bin/udp-sender": "udpcast"},
    note="acknowledgements have flows of their own",
)
def udpcast(stage: Stage) -> None:
    """One sender, two receivers."""
    port = stage.port(9000)
    source = daemons.files(stage.folder / "local", [1_500_000])
    for host in (1, 2, 3):
        daemons.shell(stage, host, "ip route add 224.0.0.0/4 dev eth0")
    common = ["--interface", "eth0", "--portbase", port - port % 2, "--nokbd",
              "--mcast-rdv-address", "239.5.5.5"]  # fmt: skip
    receivers = [
        stage.start(host, ["/usr/bin/udp-receiver", *common, "--file", f"got{host}"])
        for host in (2, 3)
    ]
    send = ["/usr/bin/udp-sender", *common, "--file", source / "f0", "--min-receivers", 2,
            "--mcast-data-address", "239.5.5.6",
            "--max-bitrate", "4m"]  # fmt: skip
    stage.start(1, send).finish()
    for receiver in receivers:
        receiver.finish()


@recording("rsync-small-files", "rsync daemon, many small files with checksums", "bulk", apt=RSYNC)
def rsync(stage: Stage) -> None:
    """Six hundred files, and again after some changed."""
    port = stage.port(873)
    served = daemons.files(stage.folder / "served", [2000 + n for n in range(600)])
    settings = daemons.settings(
        stage.folder / "rsyncd.conf", f"use chroot = no\nuid = root\n[data]\npath = {served}\n"
    )
    words = ["--daemon", "--no-detach", "--address", stage.address(1), "--port", port]
    stage.start(1, ["rsync", *words, "--config", settings])
    stage.listens(1, port)
    take = f"rsync -a --checksum rsync://{stage.address(1)}:{port}/data/ back"
    daemons.shell(stage, 2, f"{take}; for i in 1 2 3 4 5; do echo x >> {served}/f$i; done; {take}")


@recording("http-multipart-upload", "HTTP/1.1 multipart form upload (curl -> Python)", "bulk")
def multipart(stage: Stage) -> None:
    """Files in a form."""
    port = stage.port(8000)
    stage.start(1, [stage.python, WORKLOADS / "http_sink.py", stage.address(1), port])
    stage.listens(1, port)
    local = daemons.files(stage.folder / "local", [700_000, 900_000])
    form = f"-F file=@{local}/f0 -F more=@{local}/f1 -F name=data"
    daemons.shell(stage, 2, f"curl -sf -o /dev/null {form} http://{stage.address(1)}:{port}/upload")


@recording("smb1-copy", "SMB 1 (NT1; Samba 4.17, smbclient)", "bulk",
           apt={"smbd": "samba", "smbclient": "smbclient"})  # fmt: skip
def smb1(stage: Stage) -> None:
    """The oldest dialect."""
    extra = "server min protocol = NT1\nserver max protocol = NT1\nntlm auth = yes\n"
    _smbclient(stage, _samba(stage, extra), "-m", "NT1", "--option=client min protocol=NT1")


@recording("syncthing-folder", "Syncthing 1.19 (BEP over TLS)", "bulk",
           apt={"syncthing": "syncthing"},
           note="ENCRYPTED, handshake present; size tells")  # fmt: skip
def syncthing(stage: Stage) -> None:
    """A folder between two devices."""
    port = stage.port(22000)
    shared = daemons.files(stage.folder / "shared", [1_500_000, 3000])
    homes = {host: stage.folder / f"st{host}" for host in (1, 2)}
    env = {"STNOUPGRADE": 1, "STNODEFAULTFOLDER": 1}
    names = {}
    for host, home in homes.items():
        stage.start(host, ["syncthing", "generate", f"--home={home}"], env=env).finish()
        asked = stage.start(host, ["syncthing", f"--home={home}", "--device-id"], env=env)
        names[host] = asked.says(r"([A-Z2-7]{7}(-[A-Z2-7]{7}){7})").group(1)
    (stage.folder / "copy").mkdir()
    for host, home in homes.items():
        path = shared if host == 1 else stage.folder / "copy"
        (path / ".stfolder").mkdir(exist_ok=True)
        other = 3 - host
        devices = "".join(
            f'<device id="{names[h]}" name="h{h}"><address>tcp://{stage.address(h)}:{port}</address>'
            "</device>"
            for h in (host, other)
        )
        members = "".join(f'<device id="{name}"></device>' for name in names.values())
        daemons.settings(
            home / "config.xml",
            f'<configuration version="36"><folder id="d" label="d" path="{path}" '
            'type="sendreceive" '
            f'rescanIntervalS="5" fsWatcherEnabled="false">{members}</folder>{devices}'
            f'<gui enabled="false"></gui><options><listenAddress>tcp://{stage.address(host)}:{port}'
            "</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled>"
            "<localAnnounceEnabled>false</localAnnounceEnabled><relaysEnabled>false</relaysEnabled>"
            "<natEnabled>false</natEnabled><urAccepted>-1</urAccepted>"
            "<crashReportingEnabled>false</crashReportingEnabled>"
            "<autoUpgradeIntervalH>0</autoUpgradeIntervalH></options></configuration>",
        )
        stage.start(host, ["syncthing", "serve", f"--home={home}", "--no-browser"], env=env)
        stage.listens(host, port)
    daemons.shell(
        stage, 2, f"until cmp -s {shared}/f0 {stage.folder}/copy/f0; do sleep 0.3; done; sleep 2"
    )
