"""Network file systems and block devices: bulk, their mounts and logins too."""

from pathlib import Path

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import daemons
from benchmarks.recordings.stage import Stage

NFS = {"ganesha.nfsd": "nfs-ganesha-vfs", "rpcbind": "rpcbind", "nfs-cp": "libnfs-utils"}
SMB = {"smbd": "samba", "smbclient": "smbclient"}


@recording("nfs-ganesha-v3-v4", "NFS v3 and v4 (Ganesha 4.3, libnfs)", "bulk", apt=NFS,
           note="mount and portmapper calls are bulk as well")  # fmt: skip
def nfs(stage: Stage) -> None:
    """Copies in and out."""
    port, mount = stage.port(2049), 20048
    served = daemons.files(stage.folder / "served", [1_000_000])
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
    local = daemons.files(stage.folder / "local", [600_000])
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
    served = daemons.files(stage.folder / "served", [900_000])
    state = daemons.files(stage.folder / "state", [])
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
    local = daemons.files(stage.folder / "local", [700_000])
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
    disk = daemons.files(stage.folder / "disk", [4 << 20]) / "f0"
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
    local = daemons.files(stage.folder / "local", [2 << 20])
    there = f"nbd://{stage.address(1)}:{port}"
    daemons.shell(
        stage, 2, f"nbdinfo {there}; nbdcopy {local}/f0 {there}; nbdcopy {there} {local}/back"
    )


@recording("nbd-server-qemu", "NBD (nbd-server 3.24, qemu-img 7.2)", "bulk",
           apt={"nbd-server": "nbd-server", "qemu-img": "qemu-utils"})  # fmt: skip
def nbd_server(stage: Stage) -> None:
    """A disk converted out of an export."""
    port = stage.port(10809)
    disk = daemons.files(stage.folder / "disk", [1_500_160]) / "f0"
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


@recording("gluster-volume", "GlusterFS 10.3 (FUSE client)", "bulk",
           apt={"glusterd": "glusterfs-server", "glusterfs": "glusterfs-client"},
           note="management and portmap calls are bulk as well")  # fmt: skip
def gluster(stage: Stage) -> None:
    """A file written and read."""
    brick = daemons.files(stage.folder / "brick", [])
    for place in ("/var/lib/glusterd", "/var/run/gluster", "/var/log/glusterfs"):
        Path(place).mkdir(parents=True, exist_ok=True)
        own = daemons.files(stage.folder / place.rpartition("/")[2] / place.split("/")[2], [])
        daemons.shell(stage, 1, f"mount --bind {own} {place}")
    stage.start(1, ["glusterd", "-N", "-l", "-"])
    stage.listens(1, 24007)
    mount = stage.folder / "mount"
    mount.mkdir()
    daemons.shell(stage, 1, f"gluster volume create v {stage.address(1)}:{brick} force; "
           "gluster volume start v")  # fmt: skip
    client = ["glusterfs", "-N", "-s", stage.address(1), "--volfile-id", "v", "-l", "-", mount]
    stage.start(2, client)
    local = daemons.files(stage.folder / "local", [900_000]) / "f0"
    daemons.shell(stage, 2, f"until mountpoint -q {mount}; do sleep 0.2; done; "
           f"cp {local} {mount}/a; "
           f"sync {mount}/a; dd if={mount}/a of=/dev/null iflag=direct bs=64k; "
           f"umount {mount}")  # fmt: skip
