"""File, block and object transfer between real servers and clients: bulk, whatever the tool."""

import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.labels import Flow
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

SSH = {"sshd": "openssh-server", "ssh": "openssh-client", "sftp": "openssh-client"}
RSYNC = {"rsync": "rsync"}
FTP = {"vsftpd": "vsftpd", "lftp": "lftp"}
NFS = {"ganesha.nfsd": "nfs-ganesha-vfs", "rpcbind": "rpcbind", "nfs-cp": "libnfs-utils"}
SMB = {"smbd": "samba", "smbclient": "smbclient"}
SMALL_HTTP_BYTES = 100_000  # in one connection; more is a transfer


def files(folder: Path, sizes: Sequence[int]) -> Path:
    """A folder of files f0, f1, … that don't compress."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, size in enumerate(sizes):
        (folder / f"f{number}").write_bytes(os.urandom(size))
    folder.chmod(0o777)
    folder.parent.chmod(0o755)
    return folder


def _rsyncd(stage: Stage) -> int:
    port = stage.port(873)
    settings = stage.folder / "rsyncd.conf"
    served = files(stage.folder / "served", [700_000, 300_000])
    settings.write_text(
        f"use chroot = no\nuid = root\n[data]\npath = {served}\nread only = no\n", encoding="ascii"
    )
    words = ["--daemon", "--no-detach", "--address", stage.address(1), "--port", port]
    stage.start(1, ["rsync", *words, "--config", settings])
    stage.listens(1, port)
    return port


@recording("rsyncd-push-pull", "rsync daemon", "bulk", apt=RSYNC)
def rsyncd(stage: Stage) -> None:
    """Both ways, and with compression."""
    port = _rsyncd(stage)
    local = files(stage.folder / "local", [900_000])
    there = f"rsync://{stage.address(1)}:{port}/data/"
    daemons.shell(
        stage, 2, f"rsync -a {local}/ {there}; rsync -az {there} {local}/back; rsync {there}"
    )


def _sshd(stage: Stage) -> tuple[int, str]:
    """A server that lets our key in; returns its port and ssh's options."""
    port = stage.port(22)
    folder = stage.folder
    folder.chmod(0o755)
    daemons.shell(stage, 1, f"ssh-keygen -q -t ed25519 -N '' -f {folder}/host; "
           f"ssh-keygen -q -t ed25519 -N '' -f {folder}/user; mkdir -p /run/sshd")  # fmt: skip
    (folder / "sshd_config").write_text(
        f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nStrictModes no\n"
        "PermitRootLogin yes\nUsePAM no\nSubsystem sftp internal-sftp\nUseDNS no\n",
        encoding="ascii",
    )
    listen = f"ListenAddress={stage.address(1)}:{port}"
    stage.start(1, ["/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd_config", "-o", listen])
    stage.listens(1, port)
    trust = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    return port, f"-i {folder}/user -F none {trust} -o Port={port}"


@recording("ssh-rsync-volume", "rsync over SSH (OpenSSH 9.2)", "bulk", apt={**SSH, **RSYNC},
           note="ENCRYPTED; size tells")  # fmt: skip
def ssh_rsync(stage: Stage) -> None:
    """A push of a megabyte and a half."""
    _, options = _sshd(stage)
    local = files(stage.folder / "local", [1_500_000])
    target = f"root@{stage.address(1)}:{stage.folder}/there"
    daemons.shell(stage, 2, f"rsync -a -e 'ssh {options}' {local}/ {target}")


@recording("ssh-scp-sftp-volume", "scp and sftp (OpenSSH 9.2)", "bulk", apt=SSH,
           note="ENCRYPTED; size tells")  # fmt: skip
def ssh_scp(stage: Stage) -> None:
    """A download by scp, one by sftp, one through tar."""
    _, options = _sshd(stage)
    served = files(stage.folder / "served", [900_000])
    host = f"root@{stage.address(1)}"
    daemons.shell(
        stage, 2,
        f"scp {options} {host}:{served}/f0 a; echo 'get {served}/f0 b' | sftp {options} {host}; "
        f"ssh {options} {host} tar -cf - -C {served} . > c",
    )  # fmt: skip


@recording("ssh-interactive-shell", "interactive SSH (OpenSSH 9.2)", "background", apt=SSH,
           note="ENCRYPTED; must not be bulk")  # fmt: skip
def ssh_interactive(stage: Stage) -> None:
    """Typed commands with a terminal."""
    _, options = _sshd(stage)
    argv = ["sh", "-c", f"ssh -tt {options} root@{stage.address(1)} 'PS1=$ sh -i'"]
    stage.start(2, [stage.python, WORKLOADS / "typist.py", *argv]).finish()


@recording("ssh-short-commands", "SSH remote commands (OpenSSH 9.2)", "background", apt=SSH,
           note="ENCRYPTED; a launcher's commands, a connection each")  # fmt: skip
def ssh_commands(stage: Stage) -> None:
    """What a scheduler's health check does."""
    _, options = _sshd(stage)
    host = f"root@{stage.address(1)}"
    daemons.shell(stage, 2, f"for i in 1 2 3 4 5; do ssh {options} {host} uptime; sleep 0.3; done")


def _ftp_clients(stage: Stage, port: int, user: str) -> None:
    local = files(stage.folder / "local", [600_000])
    base = f"ftp://{user}{stage.address(1)}:{port}"
    for mode in ("true", "false"):
        rules = f"set ftp:passive-mode {mode}; set net:timeout 5; set net:max-retries 2"
        script = f"{rules}; get f0 -o {local}/got-{mode}; ls; put {local}/f0 -o in/up-{mode}; quit"
        stage.start(2, ["lftp", "-e", script, base]).finish()
    stage.start(2, ["curl", "-sS", f"{base}/f1", "-o", local / "curl"]).finish()


@recording("ftp-vsftpd", "FTP, passive and active (vsftpd 3.0, lftp, curl)", "bulk", apt=FTP,
           note="control connection is bulk as well")  # fmt: skip
def ftp_vsftpd(stage: Stage) -> None:
    """Downloads and uploads."""
    port = stage.port(21)
    served = files(stage.folder / "served", [800_000, 300_000])
    files(served / "in", [])
    served.chmod(0o755)
    (stage.folder / "empty").mkdir()
    settings = stage.folder / "vsftpd.conf"
    settings.write_text(
        f"listen=YES\nlisten_port={port}\nbackground=NO\nanonymous_enable=YES\nno_anon_password=YES\n"
        f"anon_root={served}\nwrite_enable=YES\nanon_upload_enable=YES\nanon_umask=022\n"
        f"ftp_username=daemon\nsecure_chroot_dir={stage.folder}/empty\nconnect_from_port_20=NO\n"
        "seccomp_sandbox=NO\nlocal_enable=NO\nlisten_address=" + stage.address(1) + "\n",
        encoding="ascii",
    )
    stage.start(1, ["vsftpd", settings])
    stage.listens(1, port)
    _ftp_clients(stage, port, "")


@recording("ftp-pyftpdlib", "FTP, passive and active (pyftpdlib 2, lftp, curl)", "bulk",
           pip=("pyftpdlib==2.1.0",), apt={"lftp": "lftp"},
           note="control connection is bulk as well")  # fmt: skip
def ftp_pyftpdlib(stage: Stage) -> None:
    """The same from another server."""
    port = stage.port(21)
    served = files(stage.folder / "served", [500_000, 900_000])
    files(served / "in", [])
    words = ["-i", stage.address(1), "-p", port, "-d", served, "-w", "-u", "u", "-P", "p"]
    stage.start(1, [stage.python, "-m", "pyftpdlib", *words])
    stage.listens(1, port)
    _ftp_clients(stage, port, "u:p@")


@recording("gridftp-parallel", "GridFTP (Globus 13, 3 streams)", "bulk",
           apt={"globus-gridftp-server": "globus-gridftp-server-progs",
                "globus-url-copy": "globus-gass-copy-progs"},
           note="control connection is bulk as well")  # fmt: skip
def gridftp(stage: Stage) -> None:
    """A get with parallel streams and a put."""
    port = stage.port(2811)
    served = files(stage.folder / "served", [1_200_000])
    words = ["-aa", "-S", "-p", port, "-control-interface", stage.address(1), "-anonymous-user"]
    server = ["globus-gridftp-server", *words, "nobody", "-data-interface"]
    stage.start(1, [word for word in [*server, stage.address(1)] if word != "-S"])
    stage.listens(1, port)
    local = files(stage.folder / "local", [500_000])
    there = f"ftp://{stage.address(1)}:{port}{served}"
    copy = "globus-url-copy -vb -p 3 -fast"
    daemons.shell(
        stage, 2, f"{copy} {there}/f0 file://{local}/got; {copy} file://{local}/f0 {there}/put"
    )


@recording("nfs-ganesha-v3-v4", "NFS v3 and v4 (Ganesha 4.3, libnfs)", "bulk", apt=NFS,
           note="mount and portmapper calls are bulk as well")  # fmt: skip
def nfs(stage: Stage) -> None:
    """Copies in and out."""
    port, mount = stage.port(2049), 20048
    served = files(stage.folder / "served", [1_000_000])
    settings = stage.folder / "ganesha.conf"
    settings.write_text(
        f"NFS_CORE_PARAM {{ Bind_addr = {stage.address(1)}; NFS_Port = {port}; "
        f"MNT_Port = {mount}; Enable_NLM = false; Enable_RQUOTA = false; Protocols = 3, 4; }}\n"
        "NFSV4 { Grace_Period = 0; Graceless = true; RecoveryBackend = fs; }\n"
        f"EXPORT {{ Export_Id = 1; Path = {served}; Pseudo = /data; Access_Type = RW; "
        "Squash = No_Root_Squash; SecType = sys; Protocols = 3, 4; FSAL { Name = VFS; } }\n",
        encoding="ascii",
    )
    daemons.shell(stage, 1, "mkdir -p /run/ganesha /var/lib/nfs/ganesha /run/rpcbind")
    stage.start(1, ["rpcbind", "-f", "-w", "-h", stage.address(1)])
    stage.listens(1, 111)
    pid = stage.folder / "ganesha.pid"
    stage.start(1, ["ganesha.nfsd", "-F", "-L", "STDOUT", "-f", settings, "-p", pid])
    stage.listens(1, port)
    local = files(stage.folder / "local", [600_000])
    old = f"nfs://{stage.address(1)}{served}"
    how = f"nfsport={port}&mountport={mount}"
    daemons.shell(
        stage, 2,
        f"nfs-ls '{old}?version=3&{how}'; nfs-cp '{old}/f0?version=3&{how}' {local}/a; "
        f"nfs-cp {local}/f0 '{old}/b?version=3&{how}'; "
        f"nfs-cp 'nfs://{stage.address(1)}/data/f0?version=4&nfsport={port}' {local}/c",
    )  # fmt: skip


def _samba(stage: Stage, extra: str) -> int:
    port = stage.port(445)
    served = files(stage.folder / "served", [900_000])
    state = files(stage.folder / "state", [])
    settings = stage.folder / "smb.conf"
    kept = ("lock", "state", "cache", "pid", "private")
    places = "".join(f"{kind} {'dir' if kind == 'private' else 'directory'} = {state}\n"
                     for kind in kept)  # fmt: skip
    settings.write_text(
        f"[global]\n{places}smb ports = {port}\nbind interfaces only = yes\ninterfaces = eth0\n"
        f"map to guest = bad user\nguest account = root\nlog file = /dev/stdout\n"
        f"disable netbios = yes\nload printers = no\nncalrpc dir = {state}/rpc\n{extra}"
        f"[data]\npath = {served}\nguest ok = yes\nread only = no\n",
        encoding="ascii",
    )
    stage.start(1, ["smbd", "-F", "--no-process-group", "-s", settings])
    stage.listens(1, port)
    return port


def _smbclient(stage: Stage, port: int, *how: str) -> None:
    local = files(stage.folder / "local", [700_000])
    empty = stage.folder / "empty.conf"
    empty.write_text("", encoding="ascii")
    script = f"ls; get f0 {local}/got; put {local}/f0 up; ls"
    share = f"//{stage.address(1)}/data"
    words = ["smbclient", "-s", empty, "-N", "-p", port, *how, share, "-c", script]
    stage.start(2, words).finish()


@recording("smb3-copy", "SMB 3.1.1 (Samba 4.17, smbclient)", "bulk", apt=SMB)
def smb3(stage: Stage) -> None:
    """A get and a put."""
    _smbclient(stage, _samba(stage, ""))


@recording("smb2-copy", "SMB 2.0 (Samba 4.17, smbclient)", "bulk", apt=SMB)
def smb2(stage: Stage) -> None:
    """The same in an older dialect."""
    _smbclient(stage, _samba(stage, ""), "-m", "SMB2_02")


@recording("iscsi-tgt", "iSCSI (tgt 1.0, libiscsi)", "bulk",
           apt={"tgtd": "tgt", "iscsi-perf": "libiscsi-bin"})  # fmt: skip
def iscsi(stage: Stage) -> None:
    """Discovery, an inquiry, and reads."""
    port = stage.port(3260)
    disk = files(stage.folder / "disk", [4 << 20]) / "f0"
    stage.start(1, ["tgtd", "-f", "--iscsi", f"portal={stage.address(1)}:{port}", "-C", "7"])
    stage.listens(1, port)
    name = "iqn.2024-01.org.example:disk"
    admin = "tgtadm -C 7 --lld iscsi --mode"
    daemons.shell(
        stage, 1,
        f"{admin} target --op new --tid 1 -T {name}; "
        f"{admin} logicalunit --op new --tid 1 --lun 1 -b {disk}; "
        f"{admin} target --op bind --tid 1 -I ALL",
    )  # fmt: skip
    portal = f"iscsi://{stage.address(1)}:{port}"
    daemons.shell(
        stage, 2,
        f"iscsi-ls -s {portal}; iscsi-inq {portal}/{name}/1; "
        f"timeout 0.1 iscsi-perf -m 1 -b 4 {portal}/{name}/1 & "
        "sleep 0.2; wait || true",
    )  # fmt: skip


@recording("nbd-nbdkit-copy", "NBD newstyle (nbdkit 1.32, nbdcopy)", "bulk",
           apt={"nbdkit": "nbdkit", "nbdcopy": "libnbd-bin"})  # fmt: skip
def nbdkit(stage: Stage) -> None:
    """A read of a disk and a write."""
    port = stage.port(10809)
    stage.start(1, ["nbdkit", "-f", "-i", stage.address(1), "-p", port, "memory", "2M"])
    stage.listens(1, port)
    local = files(stage.folder / "local", [2 << 20])
    there = f"nbd://{stage.address(1)}:{port}"
    daemons.shell(
        stage, 2, f"nbdinfo {there}; nbdcopy {local}/f0 {there}; nbdcopy {there} {local}/back"
    )


@recording("nbd-server-qemu", "NBD (nbd-server 3.24, qemu-img 7.2)", "bulk",
           apt={"nbd-server": "nbd-server", "qemu-img": "qemu-utils"})  # fmt: skip
def nbd_server(stage: Stage) -> None:
    """A disk converted out of an export."""
    port = stage.port(10809)
    disk = files(stage.folder / "disk", [1_500_160]) / "f0"
    settings = stage.folder / "nbd.conf"
    settings.write_text(
        f"[generic]\nport = {port}\nlistenaddr = {stage.address(1)}\n[disk]\nexportname = {disk}\n",
        encoding="ascii",
    )
    stage.start(1, ["nbd-server", "-d", "-C", settings])
    stage.listens(1, port)
    source = f"nbd://{stage.address(1)}:{port}/disk"
    copy = stage.folder / "copy.raw"
    stage.start(2, ["qemu-img", "convert", "-f", "raw", source, copy]).finish()


@recording("tftp-boot", "TFTP (tftpd-hpa, tftp-hpa)", "bulk",
           apt={"in.tftpd": "tftpd-hpa", "tftp": "tftp-hpa"},
           note="netboot image of 800 kB; each transfer has its own pair of ports")  # fmt: skip
def tftp(stage: Stage) -> None:
    """A netboot image."""
    port = stage.port(69)
    served = files(stage.folder / "served", [800_000])
    listen = f"{stage.address(1)}:{port}"
    stage.start(1, ["in.tftpd", "-L", "-a", listen, "-u", "root", "--secure", served])
    stage.listens(1, port, l4="udp")
    get = f"tftp -m binary {stage.address(1)} {port} -c get f0"
    daemons.shell(stage, 2, f"{get}; test -s f0")


def _http_rule(flow: Flow) -> str | None:
    return "background" if flow.up + flow.down < SMALL_HTTP_BYTES else None


def _nginx(stage: Stage, port: int, tls: str = "") -> Path:
    served = files(stage.folder / "served", [2_000_000, 3_000, 900, 40_000])
    settings = stage.folder / "nginx.conf"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {stage.folder}/tmp;" for kind in kinds)
    settings.write_text(
        f"daemon off; user root; pid {stage.folder}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {places} server {{ listen {stage.address(1)}:{port} "
        f"{'ssl http2' if tls else ''}; {tls} root {served}; }} }}\n",
        encoding="ascii",
    )
    stage.start(1, ["nginx", "-c", settings, "-e", "stderr"])
    stage.listens(1, port)
    return served


def _fetch(stage: Stage, base: str, curl: str = "curl -sSf") -> None:
    small = " ".join(f"-o s{n} {base}/f{n}" for n in (1, 2, 3))
    daemons.shell(
        stage, 2,
        f"{curl} -o big {base}/f0; {curl} {small}; {curl} -r 500000-1200000 -o part {base}/f0; "
        f"for i in 1 2 3 4; do {curl} -o s {base}/f2; sleep 0.1; done",
    )  # fmt: skip


@recording("http-nginx-files", "HTTP/1.1 files (nginx 1.22; curl, wget, aria2)", "bulk",
           apt={"nginx": "nginx-light", "aria2c": "aria2", "wget": "wget"},
           note="small GETs are background")  # fmt: skip
def nginx(stage: Stage) -> None:
    """Large and small files, and ranges over several connections."""
    port = stage.port(80)
    stage.label(_http_rule)
    _nginx(stage, port)
    base = f"http://{stage.address(1)}:{port}"
    _fetch(stage, base)
    daemons.shell(
        stage, 2,
        f"wget -q -O w {base}/f0; "
        f"aria2c -q --file-allocation=none -x 3 -s 3 -k 1M --allow-overwrite -o a {base}/f0",
    )  # fmt: skip


@recording("http2-tls-nginx-files", "HTTP/2 over TLS files (nginx 1.22, curl)", "bulk",
           apt={"nginx": "nginx-light", "openssl": "openssl"},
           note="ENCRYPTED, handshake present; small GETs are background")  # fmt: skip
def nginx_tls(stage: Stage) -> None:
    """Large and small files under TLS."""
    port = stage.port(443)
    stage.label(_http_rule)
    key, certificate = certificates.certificate(stage, 1)
    _nginx(stage, port, f"ssl_certificate {certificate}; ssl_certificate_key {key};")
    _fetch(stage, f"https://h1:{port}", f"curl -sSf --cacert {certificate}")


@recording("http-lighttpd-files", "HTTP/1.1 files (lighttpd 1.4; curl)", "bulk",
           apt={"lighttpd": "lighttpd"}, note="small GETs are background")  # fmt: skip
def lighttpd(stage: Stage) -> None:
    """The same from another server, on another port."""
    port = stage.port(8888)
    stage.label(_http_rule)
    served = files(stage.folder / "served", [1_500_000, 2_000, 700, 30_000])
    settings = stage.folder / "lighttpd.conf"
    settings.write_text(
        f'server.document-root = "{served}"\nserver.port = {port}\n'
        f'server.bind = "{stage.address(1)}"\n',
        encoding="ascii",
    )
    stage.start(1, ["lighttpd", "-D", "-f", settings])
    stage.listens(1, port)
    _fetch(stage, f"http://{stage.address(1)}:{port}")


@recording("http-put-upload", "HTTP/1.1 PUT upload (curl -> Python)", "bulk")
def http_put(stage: Stage) -> None:
    """An upload of one file, with and without a length."""
    port = stage.port(8000)
    stage.start(1, [stage.python, WORKLOADS / "http_sink.py", stage.address(1), port])
    stage.listens(1, port)
    local = files(stage.folder / "local", [1_200_000]) / "f0"
    url = f"http://{stage.address(1)}:{port}/up/model.tar"
    daemons.shell(stage, 2, f"curl -sSf -T {local} {url}; curl -sSf -T - {url} < {local}")


@recording("git-daemon-ssh", "git clone and fetch (git daemon, SSH)", "bulk",
           apt={**SSH, "git": "git"}, note="a small ls-remote is background")  # fmt: skip
def git(stage: Stage) -> None:
    """A clone each way."""
    port = stage.port(9418)
    stage.label(_http_rule)
    _, options = _sshd(stage)
    work = files(stage.folder / "work", [900_000, 4_000])
    daemons.shell(
        stage, 1,
        f"cd {work}; git init -q .; git add .; git -c user.name=a -c user.email=a@b commit -qm x; "
        "touch .git/git-daemon-export-ok; git config --global safe.directory '*'",
    )  # fmt: skip
    daemon = ["git", "daemon", f"--listen={stage.address(1)}", f"--port={port}", "--export-all"]
    stage.start(1, [*daemon, f"--base-path={stage.folder}"])
    stage.listens(1, port)
    daemons.shell(
        stage, 2,
        f"git ls-remote git://{stage.address(1)}:{port}/work; "
        f"git clone -q git://{stage.address(1)}:{port}/work one; "
        f"GIT_SSH_COMMAND='ssh {options}' git clone -q root@{stage.address(1)}:{work} two",
    )  # fmt: skip


@recording("iperf3-tcp-udp", "iperf3 3.12", "bulk", apt={"iperf3": "iperf3"},
           note="control connection is bulk as well")  # fmt: skip
def iperf3(stage: Stage) -> None:
    """Up, down, and UDP."""
    port = stage.port(5201)
    stage.start(1, ["iperf3", "-s", "-B", stage.address(1), "-p", port])
    stage.listens(1, port)
    client = f"iperf3 -c {stage.address(1)} -p {port}"
    daemons.shell(stage, 2, f"{client} -n 800K -P 2; {client} -R -n 800K; {client} -u -b 3M -t 2")


@recording("iperf2-tcp-udp", "iperf 2.1", "bulk", apt={"iperf": "iperf"})
def iperf2(stage: Stage) -> None:
    """Up, both ways, and UDP."""
    port = stage.port(5001)
    stage.start(1, ["iperf", "-s", "-B", stage.address(1), "-p", port])
    stage.start(1, ["iperf", "-s", "-u", "-B", stage.address(1), "-p", port])
    stage.listens(1, port)
    stage.listens(1, port, l4="udp")
    client = f"iperf -c {stage.address(1)} -p {port}"
    daemons.shell(
        stage, 2, f"{client} -n 700K; {client} -r -n 400K -L 15001; {client} -u -b 3M -t 2"
    )


@recording("gluster-volume", "GlusterFS 10.3 (FUSE client)", "bulk",
           apt={"glusterd": "glusterfs-server", "glusterfs": "glusterfs-client"},
           note="management and portmap calls are bulk as well")  # fmt: skip
def gluster(stage: Stage) -> None:
    """A file written and read."""
    brick = files(stage.folder / "brick", [])
    for place in ("/var/lib/glusterd", "/var/run/gluster", "/var/log/glusterfs"):
        Path(place).mkdir(parents=True, exist_ok=True)
        own = files(stage.folder / place.rpartition("/")[2] / place.split("/")[2], [])
        daemons.shell(stage, 1, f"mount --bind {own} {place}")
    stage.start(1, ["glusterd", "-N", "-l", "-"])
    stage.listens(1, 24007)
    mount = stage.folder / "mount"
    mount.mkdir()
    daemons.shell(stage, 1, f"gluster volume create v {stage.address(1)}:{brick} force; "
           "gluster volume start v")  # fmt: skip
    client = ["glusterfs", "-N", "-s", stage.address(1), "--volfile-id", "v", "-l", "-", mount]
    stage.start(2, client)
    local = files(stage.folder / "local", [900_000]) / "f0"
    daemons.shell(stage, 2, f"until mountpoint -q {mount}; do sleep 0.2; done; "
           f"cp {local} {mount}/a; "
           f"sync {mount}/a; dd if={mount}/a of=/dev/null iflag=direct bs=64k; "
           f"umount {mount}")  # fmt: skip
