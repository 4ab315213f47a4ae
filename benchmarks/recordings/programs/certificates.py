"""A certificate for a host of the stage, made anew for each recording."""

import subprocess
from pathlib import Path

from benchmarks.recordings.catalogue import find
from benchmarks.recordings.stage import Stage


def certificate(stage: Stage, host: int, *names: str, ip: str | None = None) -> tuple[Path, Path]:
    """The key and the self-signed certificate of a host, for its name, its address and more."""
    others = "".join(f",DNS:{name}" for name in names)
    others += f",IP:{ip}" if ip else ""
    key, chain = stage.folder / f"h{host}.key", stage.folder / f"h{host}.pem"
    subprocess.run(
        [
            find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN=h{host}",
            "-addext", f"subjectAltName=DNS:h{host},IP:{stage.address(host)}{others}",
            "-keyout", str(key), "-out", str(chain),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return key, chain
