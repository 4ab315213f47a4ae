#!/usr/bin/env bash
# Fuzzes the classifier's and the controller's parsers, guided by coverage (atheris).
#
#   scripts/fuzz.sh [TARGET|all] [SECONDS]     default: all, 60 seconds each
#
# TARGETs are the names in tests/fuzz/fuzz_targets.py. It begins with tests/fuzz/corpus; what it learns
# stays in build/fuzz/TARGET and counts next time (tests/fuzz/fuzz_keep.py takes what reaches further
# into the corpus). Finds go to build/fuzz/finds: mend them, and put the input into the corpus under a
# name that tells. Exit code 1 if there was a find.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-all}
seconds=${2:-60}
scripts/install.sh fuzz quic
python=.venv/bin/python
names=$("$python" -c 'import sys; sys.path[:0] = ["tests/fuzz", "."]
from fuzz_targets import TARGETS
print(*(" ".join((name, *target.also)).replace(" ", ":") for name, target in TARGETS.items()))')
finds=build/fuzz/finds
mkdir -p "$finds"
outcome=0 known=
for name in $names; do
    [ "$target" = all ] || [ "$target" = "${name%%:*}" ] || continue
    known=yes
    folders=()
    for part in ${name//:/ }; do
        [ ! -d "tests/fuzz/corpus/$part" ] || folders+=("tests/fuzz/corpus/$part")
    done
    name=${name%%:*}
    mkdir -p "build/fuzz/$name"
    printf 'fuzz: %s for %s s\n' "$name" "$seconds" >&2
    nice -n 15 "$python" tests/fuzz/fuzz_run.py "$name" "build/fuzz/$name" "${folders[@]}" \
        -artifact_prefix="$finds/$name-" -max_total_time="$seconds" -print_final_stats=1 \
        >"build/fuzz/$name.log" 2>&1 || { outcome=1; printf 'fuzz: %s: a find\n' "$name" >&2; }
    grep -E '^(Done|stat::number_of|stat::average|SUMMARY| *=== |[A-Za-z_.]*Error)|Test unit written' \
        "build/fuzz/$name.log" >&2 || true
done
[ -n "$known" ] || { printf 'fuzz: no target %s\n' "$target" >&2; exit 2; }
exit "$outcome"
