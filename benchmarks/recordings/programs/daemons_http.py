"""Files over HTTP, in clear and under TLS: large ones are bulk, small ones background."""

from pathlib import Path

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage


def _nginx(stage: Stage, port: int, tls: str = "") -> Path:
    served = daemons.files(stage.folder / "served", [2_000_000, 3_000, 900, 40_000])
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
    stage.label(daemons.large_only)
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
    stage.label(daemons.large_only)
    key, certificate = certificates.certificate(stage, 1)
    _nginx(stage, port, f"ssl_certificate {certificate}; ssl_certificate_key {key};")
    _fetch(stage, f"https://h1:{port}", f"curl -sSf --cacert {certificate}")


@recording("http-lighttpd-files", "HTTP/1.1 files (lighttpd 1.4; curl)", "bulk",
           apt={"lighttpd": "lighttpd"}, note="small GETs are background")  # fmt: skip
def lighttpd(stage: Stage) -> None:
    """The same from another server, on another port."""
    port = stage.port(8888)
    stage.label(daemons.large_only)
    served = daemons.files(stage.folder / "served", [1_500_000, 2_000, 700, 30_000])
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
    local = daemons.files(stage.folder / "local", [1_200_000]) / "f0"
    url = f"http://{stage.address(1)}:{port}/up/model.tar"
    daemons.shell(stage, 2, f"curl -sSf -T {local} {url}; curl -sSf -T - {url} < {local}")
