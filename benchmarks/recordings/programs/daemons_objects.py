"""Object stores and registries: images and models as blobs."""

from pathlib import Path

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

REGISTRY = {"docker-registry": "docker-registry", "skopeo": "skopeo"}
CEPH = {"ceph-mon": "ceph-mon", "ceph-osd": "ceph-osd", "rados": "ceph-common"}


def _registry(stage: Stage, port: int, tls: str, verify: str) -> None:
    settings = stage.folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {stage.folder}/store}}}}\n"
        f"http: {{addr: '{stage.address(1)}:{port}'{tls}}}\n",
        encoding="ascii",
    )
    stage.start(1, ["docker-registry", "serve", settings])
    stage.listens(1, port)
    layout = stage.folder / "image"
    stage.start(2, [stage.python, WORKLOADS / "oci_layout.py", layout, 700_000, 90_000]).finish()
    policy = stage.folder / "policy.json"
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}', encoding="ascii")
    copy = f"skopeo --policy {policy} copy -q"
    there = f"docker://h1:{port}/models/llm:v1"
    daemons.shell(
        stage, 2,
        f"{copy} --dest-{verify} oci:{layout}:v1 {there}; "
        f"skopeo --policy {policy} inspect --{verify} {there}; "
        f"{copy} --src-{verify} {there} oci:{stage.folder}/pulled:v1",
    )  # fmt: skip


@recording("oci-registry-plain", "OCI registry v2 (docker-registry 2.8, skopeo)",
           "model-distribution", apt=REGISTRY)  # fmt: skip
def plain(stage: Stage) -> None:
    """A push, a look, a pull."""
    _registry(stage, stage.port(5000), "", "tls-verify=false")


@recording("oci-registry-tls", "OCI registry v2 over TLS (docker-registry 2.8, skopeo)",
           "model-distribution", apt={**REGISTRY, "openssl": "openssl"},
           note="ENCRYPTED, handshake present; nothing but the name h1 tells")  # fmt: skip
def tls(stage: Stage) -> None:
    """The same under TLS."""
    key, certificate = certificates.certificate(stage, 1)
    files = f", tls: {{certificate: {certificate}, key: {key}}}"
    folder = stage.folder / "trust"
    folder.mkdir()
    (folder / "ca.crt").write_bytes(Path(certificate).read_bytes())
    _registry(stage, stage.port(5443), files, f"cert-dir={folder}")


@recording("ceph-rados", "Ceph 16 (mon, osd, rados; messenger v2)", "bulk", hosts=3, apt=CEPH,
           note="the monitor's messages are bulk as well")  # fmt: skip
def ceph(stage: Stage) -> None:
    """Objects written and read."""
    port = stage.port(3300)
    home = stage.folder / "ceph"
    home.mkdir()
    settings = home / "ceph.conf"
    where = f"v2:{stage.address(1)}:{port}/0"
    settings.write_text(
        "[global]\nfsid = 6f6f8f9e-7d3e-4d2b-8c1a-1f2e3d4c5b6a\nauth_cluster_required = none\n"
        "auth_service_required = none\nauth_client_required = none\nmon_initial_members = a\n"
        f"mon_host = [{where}]\nosd_pool_default_size = 1\nosd_pool_default_min_size = 1\n"
        "osd_objectstore = memstore\nosd_crush_chooseleaf_type = 0\nmemstore_device_bytes = 64M\n"
        "mon_allow_pool_size_one = true\nmon_warn_on_pool_no_redundancy = false\n"
        f"run_dir = {home}\nadmin_socket = {home}/$name.asok\nlog_file = {home}/$name.log\n"
        f"mon_data = {home}/mon\nosd_data = {home}/osd\npublic_network = 10.78.0.0/24\n"
        f"keyring = {home}/keyring\nms_bind_msgr1 = false\n",
        encoding="ascii",
    )
    daemons.shell(
        stage, 1,
        f"cd {home}; mkdir osd; ceph-authtool -C keyring --gen-key -n mon. --cap mon 'allow *'; "
        f"monmaptool --create --addv a [{where}] --fsid 6f6f8f9e-7d3e-4d2b-8c1a-1f2e3d4c5b6a map; "
        f"ceph-mon -c {settings} --mkfs -i a --monmap map --keyring keyring",
    )  # fmt: skip
    stage.start(1, ["ceph-mon", "-c", settings, "-f", "-i", "a"])
    stage.listens(1, port)
    ask = f"ceph -c {settings} --connect-timeout 10"
    uuid = "0a1b2c3d-0000-4000-8000-000000000001"
    daemons.shell(stage, 1, f"{ask} osd new {uuid}")
    daemons.shell(stage, 2, f"ceph-osd -c {settings} -i 0 --mkfs --osd-uuid {uuid}")
    stage.start(2, ["ceph-osd", "-c", settings, "-f", "-i", "0"])
    daemons.shell(
        stage, 3,
        f"until {ask} osd stat | grep -q '1 up'; do sleep 0.3; done; "
        f"{ask} osd pool create p 4 4; head -c 700000 /dev/urandom > blob; "
        f"rados -c {settings} -p p put o1 blob; rados -c {settings} -p p put o2 blob; "
        f"rados -c {settings} -p p get o1 back; rados -c {settings} -p p ls",
    )  # fmt: skip
