"""Signatures of what coordinates: membership, schedulers, controllers of networks."""

from classifier import checks_control as check
from classifier.classes import BULK, CONTROL
from classifier.evidence import Entry as E
from classifier.model import TCP, UDP

_GOSSIP = tuple(bytes([kind]) for kind in (*range(14), 244))
_SPARK_LENGTHS = (b"\0\0\0\0",)

# fmt: off
ENTRIES = (
    E("memberlist", "gossip", CONTROL, UDP, _GOSSIP, check.memberlist, 0.95, "hashicorp/memberlist net.go messageType, Serf"),
    E("memberlist", "gossip", CONTROL, TCP, _GOSSIP, check.memberlist, 0.95, "hashicorp/memberlist net.go messageType, Serf"),
    E("Raft (HashiCorp)", "consensus", CONTROL, TCP, tuple(bytes([k]) for k in range(5)), check.hashicorp_raft, 0.96, "hashicorp/raft net_transport.go, commands.go; go-msgpack raft_v055.go"),
    E("Raft (HashiCorp)", "consensus", CONTROL, TCP, (b"\xa0\x85", b"\xa0\x86", b"\xa0\x87", b"\xa0\x88"), check.hashicorp_raft_answer, 0.96, "hashicorp/raft net_transport.go, commands.go; go-msgpack raft_v055.go"),
    E("Consul RPC", "cluster calls", CONTROL, TCP, (b"\x04\x00",), rb"\x04\x00[\x00\x01]\x00\x01\x00\x00\x00\x01\x00\x00", 0.95, "Consul agent/pool/conn.go, yamux spec.md"),
    E("Consul RPC", "cluster calls", CONTROL, TCP, (b"\x08PRI * HTTP/2.0",), None, 0.97, "Consul agent/pool/conn.go RPCGRPC"),
    E("Nomad RPC", "cluster calls", CONTROL, TCP, (b"\x03\x00", b"\x06\x00"), rb"[\x03\x06]\x00(?:\x01\x00\x01\x00\x00\x00\x01|\x00\x00\x01\x00\x00\x00\x01\x00\x00..[\x80-\x8f])", 0.95, "Nomad helper/pool/pool.go RpcMultiplexV2, yamux spec.md"),
    E("Serf RPC", "cluster calls", CONTROL, TCP, (b"\x82\xa7Command", b"\x82\xa3Seq\x01\xa7Command", b"\x82\xa3Seq\x00\xa7Command"), None, 0.95, "Serf agent IPC protocol"),
    E("ZooKeeper", "coordination", CONTROL, TCP, (b"\0\0\0\x2c", b"\0\0\0\x2d"), check.zookeeper, 0.95, "ZooKeeper zookeeper.jute ConnectRequest"),
    E("ZooKeeper", "coordination", CONTROL, TCP, (b"\0\0\0\x24", b"\0\0\0\x25"), check.zookeeper_answer, 0.95, "ZooKeeper zookeeper.jute ConnectResponse"),
    E("ZooKeeper", "coordination", CONTROL, TCP, (b"ruok", b"srvr", b"mntr", b"imok"), rb"(?:ruok|srvr|mntr|imok)\n?\Z", 0.9, "ZooKeeper administrator's guide, four letter words"),
    E("ZooKeeper", "ensemble", CONTROL, TCP, (b"\0\0\0\x0b", b"\0\0\0\x10", b"\0\0\0\x11"), check.zookeeper_quorum, 0.95, "ZooKeeper zookeeper.jute QuorumPacket, Leader.java"),
    E("ZooKeeper", "ensemble", CONTROL, TCP, (b"\xff\xff\xff\xff\xff\xff\x00\x00", b"\xff\xff\xff\xff\xff\xff\xff\xfe"), rb"\xff{6}(?:\x00\x00|\xff\xfe).{8}\x00\x00\x00[\x04-\xff][\w.:\[\]|-]{4}", 0.97, "ZooKeeper QuorumCnxManager.java PROTOCOL_VERSION"),
    E("ZooKeeper", "ensemble", CONTROL, TCP, (b"\0\0",), rb"\x00\x00..\x00\x00\x00[\x00-\x03].{32}\x00\x00\x00[\x01\x02]\x00\x00..(?:server\.|group\.|version=)", 0.95, "ZooKeeper FastLeaderElection.java buildMsg"),
    E("BFD", "liveness", CONTROL, UDP, tuple(bytes([k]) for k in range(0x20, 0x2A)), check.bfd, 0.93, "RFC 5880 section 4.1"),
    E("OpenFlow", "network control", CONTROL, TCP, tuple(bytes([k]) for k in range(1, 7)), check.openflow, 0.93, "OpenFlow 1.0-1.5 section 7.1"),
    E("OVSDB", "network control", CONTROL, TCP, (b'{"', b'{ "'), rb'\{ ?"(?:method|id|params|result|error)" ?: ?.{0,1000}?"(?:echo|list_dbs|get_schema|monitor\w*|transact|steal|lock|Open_vSwitch|set_db_change_aware|get_server_id|update\d?|Database|_Server)"', 0.9, "RFC 7047 section 4.1"),
    E("NETCONF", "network control", CONTROL, TCP, (b"<?xm", b"<hel", b"<rpc", b"<nc:"), rb"(?:<\?xml[^>]{0,100}\?>)?\s{0,4}<(?:nc:)?(?:hello|rpc|rpc-reply)\b[^>]{0,300}?urn:ietf:params:xml:ns:netconf:base:1\.0", 0.97, "RFC 6241 section 8.1"),
    E("BGP", "routing", CONTROL, TCP, (b"\xff" * 16,), check.bgp, 0.99, "RFC 4271 section 4.1"),
    E("Spark", "driver and executors", CONTROL, TCP, _SPARK_LENGTHS, check.spark, 0.93, "Spark common/network-common protocol/Message.java"),
    E("Spark", "driver and executors", CONTROL, TCP, (b"\0\0\0\0",), rb"\0{4}.{4}\x03.{12}[\xea\xfb]\0", 0.9, "Spark SaslMessage.java, AuthMessages.java"),
    E("Dask", "scheduler and workers", CONTROL, TCP, (b"\0\0\0\0",), check.dask, 0.95, "dask/distributed comm/tcp.py, protocol/utils.py", 4),
    E("Flink", "blocks", BULK, TCP, (b"\xba\xdc\x0f\xfe",), None, 0.97, "Flink NettyMessage.java MAGIC_NUMBER", 4),
    E("Akka remoting", "cluster calls", CONTROL, TCP, (b"AKKA",), rb"AKKA[\x01-\x03]", 0.95, "Akka Artery TcpFraming.scala Magic"),
    E("Erlang distribution", "cluster calls", CONTROL, TCP, (b"\0",), check.erlang, 0.85, "Erlang/OTP distribution protocol, handshake"),
    E("Hazelcast", "cluster calls", CONTROL, TCP, (b"HZC", b"HZX", b"CB2", b"CP2"), rb"(?:HZC|HZX|CB2|CP2)(?:\Z|[\x00-\x1f])", 0.85, "Hazelcast nio/Protocols.java"),
    E("Redis cluster bus", "cluster calls", CONTROL, TCP, (b"RCmb",), rb"RCmb\x00.{3}\x00[\x00-\x02]", 0.97, "Redis cluster.h clusterMsg"),
    E("Slurm", "job control", CONTROL, TCP, (b"\0",), check.slurm, 0.9, "Slurm slurm_protocol_common.h, SLURM_PROTOCOL_VERSION; MUNGE credential"),
)
