"""Fuzzes one target, guided by coverage; scripts/fuzz.sh is the usual way in.

python tests/fuzz/fuzz_run.py TARGET [FOLDER…] [OPTION…], as libFuzzer has them.
"""

import sys
from pathlib import Path

import atheris

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent.parent))

NAME = sys.argv.pop(1)
with atheris.instrument_imports(
    include=["classifier", "controller", "hpack", "policies", "os_ken.ofproto"]
):
    from fuzz_targets import TARGETS

    TARGET = TARGETS[NAME]
    TARGET.run(b"")  # imports what it needs, and makes what is made once


def main() -> None:
    """Runs until it is told to end, or finds something."""

    def one_input(data: bytes) -> None:
        TARGET.run(data)

    limits = [f"-max_len={TARGET.most_bytes}", "-timeout=10", "-rss_limit_mb=1024"]
    atheris.Setup([sys.argv[0], *limits, *sys.argv[1:]], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
