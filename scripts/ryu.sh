#!/usr/bin/env bash
# Prepares .venv-ryu: a real Ryu 4.34 with Headway in it, for 'ryu-manager controller/app.py'.
#
# Ryu's last release (2020) needs four kindnesses, all of them here:
#   - its setup script breaks with setuptools 58 and newer, so it is built without isolation by an
#     older one, and that runs on Python 3.11 at the latest;
#   - it imports eventlet.wsgi.ALREADY_HANDLED, which eventlet 0.30.3 dropped: put back below;
#   - it must not find os-ken, or the controller would choose that: Headway comes without it;
#   - eventlet of its time does not run on Python 3.10 and newer, so a current one is taken.
# Exits 3, with a line saying so, where there is no Python 3.10 or 3.11. RYU_PYTHON names one.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'ryu: %s\n' "$*" >&2; }
die() { printf 'ryu: error: %s\n' "$*" >&2; exit 1; }

mkdir -p build
log=build/ryu.log
home=.venv-ryu
stamp="$home/.installed-$(sha256sum pyproject.toml scripts/ryu.sh | sha256sum | cut -c1-16)"
if [ -e "$stamp" ] && "$home/bin/python" -c '' 2>/dev/null; then
    exit 0
fi

python=
for candidate in "${RYU_PYTHON:-}" /usr/bin/python3 python3.11 python3.10 python3; do
    if [ -n "$candidate" ] && "$candidate" -c \
        'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 12))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || { say "no Python 3.10 or 3.11 here, Ryu 4.34 needs one; set RYU_PYTHON"; exit 3; }

pip() { PIP_DISABLE_PIP_VERSION_CHECK=1 "$home/bin/python" -m pip --quiet "$@" </dev/null >>"$log" 2>&1 ||
    { tail -15 "$log" >&2; die "pip failed; all of it is in $log"; }; }

say "making $home with $("$python" --version) and Ryu 4.34"
: >"$log"
"$python" -m venv --clear "$home" >>"$log" 2>&1 || { tail -5 "$log" >&2; die "can't make $home"; }
pip install "setuptools<58" wheel pbr
pip install --no-build-isolation --no-deps ryu==4.34
# The names of ryu/tools/pip-requires, without its upper bounds.
pip install "dnspython>=2" eventlet msgpack netaddr oslo.config ovs Routes six tinyrpc WebOb packaging

"$home/bin/python" - <<'EOF'
import importlib.util
from pathlib import Path

wsgi = Path(importlib.util.find_spec("eventlet.wsgi").origin)
if "ALREADY_HANDLED =" not in wsgi.read_text(encoding="utf-8"):
    with wsgi.open("a", encoding="utf-8") as file:
        file.write('''

# Added by Headway's scripts/ryu.sh: Ryu 4.34 imports this name, which eventlet 0.30.3 dropped.
class _AlreadyHandled:
    def __iter__(self):
        WSGI_LOCAL.already_handled = True
        return iter(())


ALREADY_HANDLED = _AlreadyHandled()
''')
EOF

# Headway's own dependencies, but for os-ken; pip's copy of tomli, for Python 3.10 has no tomllib.
mapfile -t dependencies < <("$home/bin/python" -c '
from pip._vendor import tomli
project = tomli.load(open("pyproject.toml", "rb"))["project"]
print(*(d for d in project["dependencies"] if not d.startswith("os-ken")), sep="\n")')
pip install "${dependencies[@]}"
# As a path file: an editable install would need the newer setuptools that Ryu can't have.
pwd >"$("$home/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/headway.pth"
"$home/bin/python" -c 'import ryu.cmd.manager, headway' >>"$log" 2>&1 ||
    { tail -15 "$log" >&2; die "Ryu does not start; all of it is in $log"; }
touch "$stamp"
