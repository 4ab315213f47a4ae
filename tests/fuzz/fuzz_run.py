"""Fuzzes one target, guided by coverage: `python tests/fuzz/fuzz_run.py TARGET [libFuzzer option…]`.

scripts/fuzz.sh is the usual way in.
"""

import sys
from pathlib import Path

import atheris

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent.parent))

with atheris.instrument_imports(include=["classifier", "controller", "hpack", "policies"]):
    from fuzz_targets import TARGETS


def main() -> None:
    """Runs until it is told to end, or finds something."""
    name = sys.argv.pop(1)
    target = TARGETS[name]
    target.run(b"")  # what is loaded or made once is not the input's doing

    def one_input(data: bytes) -> None:
        target.run(data)

    limits = [f"-max_len={target.most_bytes}", "-timeout=10", "-rss_limit_mb=1024"]
    atheris.Setup([sys.argv[0], *limits, *sys.argv[1:]], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
