"""A link: a veth pair that carries its owner's tag from the moment it exists.

Unlike Mininet's, it never deletes an interface that has the wanted name: that may be someone
else's. Owns no rate, delay or queue (`emulation.switch`).
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from emulation import command
from emulation.errors import NameTakenError
from emulation.mininet_api import Link
from emulation.ownership import parse_alias


class HeadwayLink(Link):  # type: ignore[misc]
    """A veth pair; its end in the root namespace is marked with the run of its switch."""

    @classmethod
    def makeIntfPair(
        cls,
        intfname1: str,
        intfname2: str,
        addr1: str | None = None,
        addr2: str | None = None,
        node1: Any = None,
        node2: Any = None,
        deleteIntfs: bool = True,
    ) -> None:
        """Makes the pair; `node1` is a switch. Never deletes, whatever `deleteIntfs` says.

        Raises:
            NameTakenError: An interface of that name exists already.
        """
        require_free([intfname1, *([] if node2.inNamespace else [intfname2])])
        # One `ip` process for both steps: a kill -9 of this process can't fall between them.
        lines = (
            f"link add name {intfname1} address {addr1} type veth"
            f" peer name {intfname2} address {addr2} netns {node2.pid}",
            f"link set {intfname1} alias {node1.run.alias}",
            *([] if node2.inNamespace else [f"link set {intfname2} alias {node2.run.alias}"]),
        )
        command.run(["ip", "-batch", "-"], text="\n".join(lines))
        for name, node in ((intfname1, node1), (intfname2, node2)):
            if not node.inNamespace:
                silence_ipv6(name)


def silence_ipv6(interface: str) -> None:
    """Keeps the root namespace from talking IPv6 on a switch port; a switch's port has no address.

    To be done while the interface is down: coming up, it would ask for routers at once.
    """
    with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
        setting = Path("/proc/sys/net/ipv6/conf", interface, "disable_ipv6")
        setting.write_text("1", encoding="ascii")


def require_free(interfaces: Iterable[str]) -> None:
    """Raises NameTakenError, saying whose it is, if one of these interfaces exists already."""
    for name in interfaces:
        folder = Path("/sys/class/net", name)
        if not folder.exists():
            continue
        owner = parse_alias((folder / "ifalias").read_text(encoding="utf-8").strip())
        if owner is None:
            whose = f"it is not Headway's; if nobody needs it, 'ip link delete {name}'"
        elif owner.alive:
            whose = f"it is in the network of process {owner.pid}, which runs; end that first"
        else:
            whose = "it is left over from a killed run; 'headway clean' removes it"
        raise NameTakenError(f"an interface '{name}' exists already: {whose}")
