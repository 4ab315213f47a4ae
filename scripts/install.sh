#!/usr/bin/env bash
# Installs what is missing: distribution packages, and .venv with Headway in it.
#
#   scripts/install.sh [EXTRA...]     extras of pyproject.toml: emulation, train, test
#
# For Debian 12 and Ubuntu, as root. Safe to run again: when nothing is missing it takes about a
# second and downloads nothing. PYTHON=/path/to/python3 chooses another interpreter (3.10 or newer).
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'install: %s\n' "$*" >&2; }
die() { printf 'install: error: %s\n' "$*" >&2; exit 1; }

extras=$(printf '%s\n' "$@" | sort -u | paste -sd, -)
mkdir -p build
log=build/install.log

# Distribution packages. openvswitch-switch and mininet are the switches and `mnexec`; util-linux,
# iproute2 and procps are there on any full system but not in every container image.
packages=(python3 python3-venv)
case ",$extras," in *,emulation,*)
    packages+=(openvswitch-switch mininet iperf3 ethtool iputils-ping rsync iproute2 procps
               util-linux kmod) ;;
esac

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            printf '%s ' "$package"
    done
}

raise_socket_buffers() {
    # Before Open vSwitch is installed, because its package may start it at once: its userspace
    # datapath keeps the buffer it starts sending with (see emulation/ovs.py).
    sysctl -qw net.core.wmem_default=67108864 net.core.rmem_default=16777216 2>/dev/null || true
}

install_packages() {
    local missing
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || die "these packages are missing: $missing- run this as root (sudo make ...)"
    command -v apt-get >/dev/null || die "no apt-get here; install by hand: $missing"
    pgrep -x ovs-vswitchd >/dev/null 2>&1 || raise_socket_buffers
    export DEBIAN_FRONTEND=noninteractive
    say "updating the package list"
    apt-get update -qq </dev/null >"$log" 2>&1 || { tail -5 "$log" >&2; die "apt-get update failed"; }
    say "installing $missing"
    # shellcheck disable=SC2086  # a list of words
    apt-get install -y -qq --no-install-recommends $missing </dev/null >>"$log" 2>&1 ||
        { tail -15 "$log" >&2; die "apt-get install failed; all of it is in $log"; }
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }

choose_python() {
    # The distribution's own first: Mininet's package belongs to it. A python3 put before it in PATH
    # (pyenv, conda) is taken only where the distribution's is too old.
    local candidate
    for candidate in "${PYTHON:-}" /usr/bin/python3 python3 python3.13 python3.12 python3.11 python3.10; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    die "no Python 3.10 or newer found; set PYTHON=/path/to/python3"
}

link_mininet() {
    # Mininet is not on PyPI; it comes with the distribution, for the distribution's Python. Only
    # its package is linked in: --system-site-packages would let every other Python package of the
    # machine in as well, at whatever version it has.
    local source target
    source=$(/usr/bin/python3 -c 'import mininet, os; print(os.path.dirname(mininet.__file__))') ||
        die "the distribution's Mininet can't be imported by /usr/bin/python3"
    target=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/mininet
    [ "$(readlink "$target" || true)" = "$source" ] || ln -sfn "$source" "$target"
}

pip() { PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip --quiet "$@" </dev/null >>"$log" 2>&1; }

make_environment() {
    local stamp python
    stamp=".venv/.installed-${extras:-base}-$(sha256sum pyproject.toml scripts/install.sh | sha256sum | cut -c1-16)"
    if [ ! -e "$stamp" ] || ! .venv/bin/python -c '' 2>/dev/null; then
        : >"$log"
        if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
            python=$(choose_python)
            say "making .venv with $("$python" --version)"
            "$python" -m venv --clear .venv >>"$log" 2>&1 ||
                { tail -5 "$log" >&2; die "can't make .venv with $python"; }
        fi
        say "installing Headway${extras:+ with $extras} into .venv (minutes, the first time)"
        pip install -e ".${extras:+[$extras]}" ||
            { tail -15 "$log" >&2; die "pip failed; all of it is in $log"; }
        # Mininet 2.3 imports distutils, which Python dropped in 3.12; setuptools brings it.
        .venv/bin/python -c 'import sys; sys.exit(sys.version_info >= (3, 12))' || pip install setuptools
        rm -f ".venv/.installed-${extras:-base}-"*
        touch "$stamp"
    fi
    case ",$extras," in *,emulation,*) link_mininet ;; esac
}

install_packages
make_environment
