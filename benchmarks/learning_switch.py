"""The rival on os-ken, which ships no `simple_switch_13`: a learning switch with the same messages.

For every packet-in it parses the whole packet, learns the source, and answers with a rule for
(port, source, destination) and a packet-out, or floods. Unlike the original it logs no line a
packet, so it is the stronger rival. Runs on os-ken's eventlet hub.

    python -m benchmarks.learning_switch PORT
"""

import os
import sys
import warnings
from typing import Any

os.environ["OSKEN_HUB_TYPE"] = "eventlet"
warnings.filterwarnings("ignore", "\\s*Eventlet is deprecated")

# ruff: noqa: E402  (the hub has to be chosen first, and the manager imported before the controller)
from os_ken.base import app_manager
from os_ken.lib import hub

hub.patch()

from os_ken import cfg
from os_ken.controller import controller as _controller  # noqa: F401  (its options)
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib.packet import ether_types, ethernet, packet
from os_ken.ofproto import ofproto_v1_3 as ofp
from os_ken.ofproto import ofproto_v1_3_parser as parser


class LearningSwitch(app_manager.OSKenApp):  # type: ignore[misc]
    """Learns addresses from packet-ins, a table a switch."""

    OFP_VERSIONS = (ofp.OFP_VERSION,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.port_of: dict[int, dict[str, int]] = {}

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)  # type: ignore[untyped-decorator]
    def _on_features(self, ev: Any) -> None:
        to_controller = parser.OFPActionOutput(ofp.OFPP_CONTROLLER, ofp.OFPCML_NO_BUFFER)
        _add_rule(ev.msg.datapath, 0, parser.OFPMatch(), [to_controller])

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)  # type: ignore[untyped-decorator]
    def _on_packet_in(self, ev: Any) -> None:
        message, datapath, port = ev.msg, ev.msg.datapath, ev.msg.match["in_port"]
        header = packet.Packet(message.data).get_protocols(ethernet.ethernet)[0]
        if header.ethertype == ether_types.ETH_TYPE_LLDP:
            return
        ports = self.port_of.setdefault(datapath.id, {})
        ports[header.src] = port
        out = ports.get(header.dst, ofp.OFPP_FLOOD)
        actions = [parser.OFPActionOutput(out)]
        if out != ofp.OFPP_FLOOD:
            pair = parser.OFPMatch(in_port=port, eth_dst=header.dst, eth_src=header.src)
            _add_rule(datapath, 1, pair, actions)
        datapath.send_msg(parser.OFPPacketOut(
            datapath=datapath, buffer_id=message.buffer_id, in_port=port, actions=actions,
            data=message.data,
        ))  # fmt: skip


def _add_rule(datapath: Any, priority: int, match: Any, actions: list[Any]) -> None:
    apply = parser.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, actions)
    datapath.send_msg(
        parser.OFPFlowMod(datapath=datapath, priority=priority, match=match, instructions=[apply])
    )


def main() -> None:
    """Listens on a port of the loopback interface until it is ended."""
    cfg.CONF(args=[], project="os_ken", default_config_files=[])
    cfg.CONF.set_override("ofp_listen_host", "127.0.0.1")
    cfg.CONF.set_override("ofp_tcp_listen_port", int(sys.argv[1]))
    manager = app_manager.AppManager.get_instance()
    manager.load_apps(["benchmarks.learning_switch"])
    hub.joinall(manager.instantiate_apps(**manager.create_contexts()))


if __name__ == "__main__":
    main()
