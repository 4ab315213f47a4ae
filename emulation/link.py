"""A link: a veth pair that carries its owner's tag from the moment it exists.

Unlike Mininet's, it never deletes an interface that has the wanted name: that may be someone
else's. Owns no rate, delay or queue (`emulation.switch`).
"""

import contextlib
from pathlib import Path
from typing import Any

from emulation import command
from emulation.errors import CommandFailedError, NameTakenError
from emulation.mininet_api import Link


class HeadwayLink(Link):  # type: ignore[misc]
    """A veth pair; its end in the root namespace is marked with the run of its switch."""

    @classmethod
    def makeIntfPair(  # noqa: PLR0917 - Mininet's
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
        # One `ip` process for both steps: a kill -9 of this process can't fall between them.
        lines = (
            f"link add name {intfname1} address {addr1} type veth"
            f" peer name {intfname2} address {addr2} netns {node2.pid}",
            f"link set {intfname1} alias {node1.run.alias}",
            *([] if node2.inNamespace else [f"link set {intfname2} alias {node2.run.alias}"]),
        )
        try:
            command.run(["ip", "-batch", "-"], text="\n".join(lines))
        except CommandFailedError as error:
            raise NameTakenError(
                f"can't make the link {intfname1} - {intfname2}: {error}; if it is left over from "
                "an earlier run, 'headway clean' removes it, and 'ip link' shows whose it is"
            ) from error
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
