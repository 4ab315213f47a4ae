"""Programs that copy files or fill pipes: rsync, SSH, FTP, GridFTP, TFTP, git, iperf."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

SSH = {"sshd": "openssh-server", "ssh": "openssh-client", "sftp": "openssh-client"}
RSYNC = {"rsync": "rsync"}
FTP = {"vsftpd": "vsftpd", "lftp": "lftp"}


def _rsyncd(stage: Stage) -> int:
    port = stage.port(873)
    settings = stage.folder / "rsyncd.conf"
    served = daemons.files(stage.folder / "served", [700_000, 300_000])
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
    local = daemons.files(stage.folder / "local", [900_000])
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
    local = daemons.files(stage.folder / "local", [1_500_000])
    target = f"root@{stage.address(1)}:{stage.folder}/there"
    daemons.shell(stage, 2, f"rsync -a -e 'ssh {options}' {local}/ {target}")


@recording("ssh-scp-sftp-volume", "scp and sftp (OpenSSH 9.2)", "bulk", apt=SSH,
           note="ENCRYPTED; size tells")  # fmt: skip
def ssh_scp(stage: Stage) -> None:
    """A download by scp, one by sftp, one through tar."""
    _, options = _sshd(stage)
    served = daemons.files(stage.folder / "served", [900_000])
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
    local = daemons.files(stage.folder / "local", [600_000])
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
    served = daemons.files(stage.folder / "served", [800_000, 300_000])
    daemons.files(served / "in", [])
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
    served = daemons.files(stage.folder / "served", [500_000, 900_000])
    daemons.files(served / "in", [])
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
    served = daemons.files(stage.folder / "served", [1_200_000])
    words = ["-aa", "-S", "-p", port, "-control-interface", stage.address(1), "-anonymous-user"]
    server = ["globus-gridftp-server", *words, "nobody", "-data-interface"]
    stage.start(1, [word for word in [*server, stage.address(1)] if word != "-S"])
    stage.listens(1, port)
    local = daemons.files(stage.folder / "local", [500_000])
    there = f"ftp://{stage.address(1)}:{port}{served}"
    copy = "globus-url-copy -vb -p 3 -fast"
    daemons.shell(
        stage, 2, f"{copy} {there}/f0 file://{local}/got; {copy} file://{local}/f0 {there}/put"
    )


@recording("tftp-boot", "TFTP (tftpd-hpa, tftp-hpa)", "bulk",
           apt={"in.tftpd": "tftpd-hpa", "tftp": "tftp-hpa"},
           note="netboot image of 800 kB; each transfer has its own pair of ports")  # fmt: skip
def tftp(stage: Stage) -> None:
    """A netboot image."""
    port = stage.port(69)
    served = daemons.files(stage.folder / "served", [800_000])
    listen = f"{stage.address(1)}:{port}"
    stage.start(1, ["in.tftpd", "-L", "-a", listen, "-u", "root", "--secure", served])
    stage.listens(1, port, l4="udp")
    get = f"tftp -m binary {stage.address(1)} {port} -c get f0"
    daemons.shell(stage, 2, f"{get}; test -s f0")


@recording("git-daemon-ssh", "git clone and fetch (git daemon, SSH)", "bulk",
           apt={**SSH, "git": "git"}, note="a small ls-remote is background")  # fmt: skip
def git(stage: Stage) -> None:
    """A clone each way."""
    port = stage.port(9418)
    stage.label(daemons.large_only)
    _, options = _sshd(stage)
    work = daemons.files(stage.folder / "work", [900_000, 4_000])
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
