"""A learning switch for OpenFlow 1.3 on os-ken, which also asks for counters: ADDRESS PORT."""

import sys

from os_ken import cfg
from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib import hub
from os_ken.lib.packet import ethernet, packet
from os_ken.ofproto import ofproto_v1_3


class Learner(app_manager.OSKenApp):
    """Floods what it does not know."""

    OFP_VERSIONS = (ofproto_v1_3.OFP_VERSION,)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.known: dict[tuple[int, str], int] = {}
        self.paths: dict[int, object] = {}
        hub.spawn(self.poll)

    def poll(self) -> None:
        """Counters of ports and flows each second."""
        while True:
            for path in list(self.paths.values()):
                parser = path.ofproto_parser
                path.send_msg(parser.OFPPortStatsRequest(path, 0, path.ofproto.OFPP_ANY))
                path.send_msg(parser.OFPFlowStatsRequest(path))
            hub.sleep(1)

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)
    def features(self, event: object) -> None:
        """Sends what matches nothing here."""
        path = event.msg.datapath
        self.paths[path.id] = path
        self.rule(path, 0, path.ofproto_parser.OFPMatch(), path.ofproto.OFPP_CONTROLLER)

    def rule(self, path: object, priority: int, match: object, port: int) -> None:
        """One entry with one output."""
        parser = path.ofproto_parser
        actions = [parser.OFPActionOutput(port, 128)]
        does = [parser.OFPInstructionActions(path.ofproto.OFPIT_APPLY_ACTIONS, actions)]
        path.send_msg(parser.OFPFlowMod(path, priority=priority, match=match, instructions=does))

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)
    def packet_in(self, event: object) -> None:
        """Learns, and answers."""
        path, port = event.msg.datapath, event.msg.match["in_port"]
        frame = packet.Packet(event.msg.data).get_protocol(ethernet.ethernet)
        self.known[path.id, frame.src] = port
        out = self.known.get((path.id, frame.dst), path.ofproto.OFPP_FLOOD)
        parser = path.ofproto_parser
        if out != path.ofproto.OFPP_FLOOD:
            self.rule(path, 1, parser.OFPMatch(in_port=port, eth_dst=frame.dst), out)
        path.send_msg(
            parser.OFPPacketOut(
                path, event.msg.buffer_id, port, [parser.OFPActionOutput(out)], event.msg.data
            )
        )


if __name__ == "__main__":
    cfg.CONF(
        ["--ofp-listen-host", sys.argv[1], "--ofp-tcp-listen-port", sys.argv[2]], project="os_ken"
    )
    app_manager.AppManager.run_apps([__file__])
