"""Every line of the table of signatures, on an opening built from its specification."""

import re
import struct
from zlib import crc32

import pytest

from classifier import signatures
from classifier.evidence import Entry
from classifier.model import TCP, UDP, Identity
from classifier.table import ENTRIES
from policies.classes import TrafficClass

Sample = tuple[str, int, bytes, bytes]


def u16(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def u32(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def u64(*values: int) -> bytes:
    return struct.pack(f">{len(values)}Q", *values)


def l32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def l64(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def tlv(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def sized(body: bytes) -> bytes:
    return u32(len(body)) + body


def name(text: bytes) -> bytes:
    return bytes((len(text),)) + text


def named_ready(identity: bytes) -> bytes:
    """The READY command of a ZMTP socket that has a name."""
    body = b"\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity" + sized(identity)
    return b"\x04" + bytes((len(body),)) + body


NOISE = bytes((i * 167 + 91) & 0xFF for i in range(251)) * 5
GREETING = b"\xff" + bytes(7) + b"\x01\x7f\x03\x01NULL" + bytes(16) + bytes(32)
PS_NODE = b"\x1a\x15\x08\2\x12\x11\x08\1\x1a\x0810.0.0.7\x20\xb9\x60\x28\0"
PS_RAW_NODE = l32(32767, 0, 2, 1) + bytes(200)
READY = b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03"
QUESTION = b"\x1a\x2b\x01\x00\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01"
NODE = b"\x85\xa4Node\xa2n1\xa5SeqNo\x01\xaaSourceAddr\xc4\x04\x0a\0\0\x01"
SPARK_RPC = b"\x01\0\x0910.78.0.2\0\0\x84\x91\xac\xed\0\x05sr\0"
CALL = u32(0x1234, 0, 2, 100003, 3, 0, 0, 0, 0, 0)
NETCONF = b'<?xml version="1.0"?>\n<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><cap'
DATE = 0xE9000000
NRPE_4 = u16(4, 2) + bytes(6) + u16(0) + u32(12) + b"NRPE v4.1.0\0"
NRPE = u16(2, 1) + bytes(4) + u16(0) + b"check_load".ljust(1026, b"\0")

SAMPLES: list[Sample] = [
    ("PyTorch TCPStore", TCP, b"\0" + l32(0x3C85F7CE) + b"\x0d" + l32(9), b""),
    ("PyTorch TCPStore", TCP, b"\x03" + l64(11) + b"worker/rank", b""),
    ("Gloo", TCP, l64(2, 48, 3, 7, 0, 144, 0), b""),
    ("Gloo", TCP, b"", l64(48 + 4096, 1, 7, 0, 4096, 0)),
    ("Gloo", TCP, l64(5, 32, 2, 7, 400), b""),
    ("Open MPI BTL", TCP, b"OPAL-TCP-BTL\0\0\0\0" + bytes(8), b""),
    ("Open MPI BTL", TCP, b"\1\0\x17S\1\0\0\0OPAL-TCP-BTL\0\0\0\0", b""),
    ("Open MPI BTL", TCP, b"A\1\0\0\x20\0\0\0A\0\1\0" + bytes(28), b""),
    ("Open MPI BTL", TCP, b"\1\0\x17S\1\0\0\0H\1\0\0\x38\0\0\0HD" + bytes(40), b""),
    (
        "Open MPI OOB",
        TCP,
        b"\0\0\x17S\1\0\0\0\0\0\x17S\0\0\0\0" + bytes(8) + u32(8) + b"\1" + bytes(41) + b"4.1.4\0",
        b"",
    ),
    ("Open MPI PRRTE", TCP, b"prterun-host-77@0\0" + bytes(300), b""),
    ("NCCL", TCP, l64(0x564AB9F2FC4B9D6C) + l32(3, 0), b""),
    ("NCCL RAS", TCP, b"CLIENT PROTOCOL 2\n", b"SERVER PROTOCOL 2\n"),
    ("NCCL bootstrap", TCP, bytes(range(0x81, 0x89)) + l32(1, 88, 1, 4) + bytes(80), b""),
    ("TensorPipe", TCP, l64(8) + b"\xb8\0\xb9\1\xbd\2w1", b""),
    ("TensorPipe", TCP, b"", l64(40) + b"\xb9\7\xbd\2uv\xbd\x0f10.77.0.1:44219"),
    ("TensorPipe", TCP, l64(28) + b"\xb9\3\xbd\0\xba\4\xb9\2\4\xbd\0" + bytes(20), b""),
    ("RoCEv2", UDP, b"\x04\0\xff\xff\0\0\0\x12\x80\0\0\1" + bytes(32), b""),
    ("UCX", TCP, l64(0xCAFEBABE12345678) + b"\xff" + l32(24), b""),
    ("libfabric tcp", TCP, b"\3\0" + bytes(22) + l64(1), b""),
    ("MPICH Hydra", TCP, l32(7, 40, 0, 1) + b"cmd=init pmi_version=1 pmi_subversion=1\n", b""),
    ("MPICH Hydra", TCP, l32(0, 7, 40, 0, 1) + b"cmd=get_maxes\n", b""),
    ("PMI", TCP, b"cmd=init pmi_version=1\n", b""),
    ("PMI", TCP, b"    42cmd=fullinit;pmijobid=1;", b""),
    ("PMIx", TCP, b"\xff" * 8 + l64(60) + b"native\0" + u32(0) + b"\3prterun-h-7@1\0", b""),
    ("NCCL", TCP, b"\x80\2" * 4 + l32(1, 176, 1, 4, 0, 1) + bytes(80), b""),
    ("NCCL bootstrap", TCP, NOISE[:8] + l32(1, 4, 3, 4, 7, 16) + bytes(16), b""),
    ("NCCL bootstrap", TCP, NOISE[:8] + l32(1, 8, 3, 1 << 30, 64) + bytes(64), b""),
    ("NCCL bootstrap", TCP, NOISE[:8] + l32(1, 28) + b"\2\0\x9c\x40\x0a\0\0\1" + bytes(20), b""),
    ("NCCL bootstrap", TCP, NOISE[:8] + l32(2, 1) + bytes(8) + l32(20, 16, 1, 0, 2, 0), b""),
    ("ps-lite", TCP, GREETING + named_ready(b"ps9"), GREETING + READY + b"SUB"),
    ("ps-lite", TCP, GREETING + READY + b"SUB\0\x17" + PS_NODE, GREETING + READY + b"SUB"),
    ("ps-lite", TCP, GREETING + READY + b"SUB\2" + u64(700) + PS_RAW_NODE, GREETING),
    ("Horovod", TCP, NOISE[:32] + l32(90) + b"\x80\5\x95" + l64(79) + b"\x8c\x1b", b""),
    ("oneCCL", TCP, l32(2) + b"CCL_POD_ADDR0".ljust(130, b"\0") + b"0".ljust(130, b"\0"), b""),
    ("XGBoost", TCP, l32(0xFF99, 40) + b'{"rank":0,"task_id":"2"}', l32(0xFF99)),
    ("XGBoost", TCP, (b"10.0.0.1" + bytes(56)) * 2 + l32(4000, 4001), b""),
    ("NVFlare", TCP, u32(80) + u16(0) + b"\4\0" + bytes(8) + b"\x81\xadendpoint_name\xa4site", b""),
    ("iWARP", TCP, b"MPA ID Req Frame\x40\1\0\0", b""),
    ("libp2p", TCP, b"\x13/multistream/1.0.0\n", b"\x13/multistream/1.0.0\n"),
    ("bRPC", TCP, b"PRPC" + u32(120, 60) + b"\x0a\x20", b""),
    ("UCX", TCP, b"", b"\x20" + l32(4, 3) + b"\1"),
    ("UCX", TCP, b"\x20" + l32(29, 1) + bytes(25), b""),
    ("NBD", TCP, u32(0x25609513) + u16(0, 0) + u64(1, 0) + u32(4096), b""),
    ("iSCSI", TCP, b"\1\xc1" + bytes(14) + u32(7, 2048, 1, 1) + b"\x28" + bytes(15), b""),
    ("NVMe/TCP", TCP, b"\4\0\x48\0" + l32(72) + b"\2\0\1\0" + bytes(60), b""),
    ("NVMe/TCP", TCP, b"", b"\7\4\x18\x18" + l32(24 + 4096) + l32(1, 0, 4096, 0) + NOISE),
    (
        "HDFS data",
        TCP,
        u32(65540) + b"\0\x19\x09" + bytes(8) + b"\x11" + bytes(8) + b"\x18\0\x25" + NOISE,
        b"",
    ),
    (
        "Lustre",
        TCP,
        b"\xc1" + bytes(23) + b"\1\0\0\x0a\0\0\2\0" * 2 + bytes(8) + l32(1) + NOISE,
        b"",
    ),
    ("FTP", TCP, b"PASV\r\n", b"227 Entering Passive Mode (10,0,0,1,200,1).\r\n"),
    ("PostgreSQL", TCP, b"Q" + u32(13) + b"select 1\0", b""),
    ("MPEG-TS", UDP, (b"G\x40\x11\x10" + bytes(184)) * 6, b""),
    ("MPEG-TS", TCP, (b"G\x40\x11\x10" + bytes(184)) * 6, b""),
    ("BitTorrent", UDP, b"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\n", b""),
    ("SMTP", TCP, b"MAIL FROM:<a@b.c>\r\n", b""),
    ("memberlist", UDP, b"\0" + NODE, b""),
    ("memberlist", UDP, b"\xf4\3dc1\x0c" + u32(7) + b"\0" + NODE, b""),
    ("memberlist", UDP, b"\7\2" + u16(40, 40) + b"\0" + NODE, b""),
    ("memberlist", TCP, b"\6\x83\xa5Nodes\3\xacUserStateLen\0\xa4Join\xc3", b""),
    ("Raft (HashiCorp)", TCP, b"\0\x89\xa4Addr\xa710.0.0.1\xa7Entries\xc0", b""),
    ("Raft (HashiCorp)", TCP, b"\1\1\x88\xa4Addr\xae10.0.0.1:8300\xa9Candidate\xc0\xa2ID", b""),
    ("Raft (HashiCorp)", TCP, b"\2\4\x86\xa4Addr\xc4\x0d10.0.0.1:4647\xa2ID\xc4\1a", b""),
    ("Raft (HashiCorp)", TCP, b"", b"\xa0\x87\xa4Addr\xc0\xa2ID\xc0\xa7LastLog\x5a"),
    ("memberlist", TCP, b"\4\x86\xa4Addr\xa4\x0a\0\0\1\xabIncarnation\1\xa4Meta\xa0", b""),
    ("Consul RPC", TCP, b"\4\0\1\0\1\0\0\0\1\0\0\0\0", b""),
    ("Consul RPC", TCP, b"\x08PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b""),
    ("Nomad RPC", TCP, b"\6\0\1\0\1\0\0\0\1\0\0\0\0", b""),
    ("Serf RPC", TCP, b"\x82\xa7Command\xa9handshake\xa3Seq\0", b""),
    ("ZooKeeper", TCP, sized(bytes(12) + u32(10000) + bytes(8) + u32(16) + bytes(17)), b""),
    ("ZooKeeper", TCP, b"", sized(bytes(4) + u32(10000) + u64(77) + u32(16) + bytes(17))),
    ("ZooKeeper", TCP, b"ruok\n", b"imok"),
    ("ZooKeeper", TCP, u32(11) + bytes(8) + sized(bytes(20)) + b"\xff\xff\xff\xff", b""),
    ("ZooKeeper", TCP, b"\xff" * 6 + b"\0\0" + u64(3) + sized(b"10.0.0.3:3888"), b""),
    (
        "ZooKeeper",
        TCP,
        b"",
        sized(u32(0) + u64(1, 0, 1, 0) + u32(2) + sized(b"server.1=a:1:2" * 9)),
    ),
    ("OpenFlow", TCP, b"\4\0\0\x10\0\0\0\1\0\1\0\x08\0\0\0\x12", b"\4\0\0\x08\0\0\0\1"),
    ("OVSDB", TCP, b'{"id":0,"method":"get_schema","params":["Open_vSwitch"]}', b""),
    ("NETCONF", TCP, NETCONF, b""),
    ("BGP", TCP, b"\xff" * 16 + b"\0\x2d\1\4" + bytes(25), b""),
    ("BFD", UDP, b"\x20\x40\5\x18" + u32(9, 0, 1000000, 10000, 0), b""),
    ("Spark", TCP, u64(21 + len(SPARK_RPC)) + b"\3" + u64(99) + sized(SPARK_RPC), b""),
    ("Spark", TCP, u64(60) + b"\3" + u64(99) + u32(39) + b"\xea\0\0\0\4spark", b""),
    ("Dask", TCP, l64(8 + 8 + 30, 1, 30) + b"\x82\xabcompression\xc0\xa6python", b""),
    ("Dask", TCP, l64(2, 0, 30) + b"\x82\xabcompression\xc0\xa6python", b""),
    ("Flink", TCP, sized(b"\xba\xdc\x0f\xfe\0" + bytes(40)), b""),
    ("Akka remoting", TCP, b"AKKA\1", b""),
    (
        "Erlang distribution",
        TCP,
        u16(22) + b"n\0\5\0\0\0\1rabbit@node-1aa"[:22].ljust(22, b"b"),
        b"",
    ),
    ("Hazelcast", TCP, b"HZC", b""),
    ("Slurm", TCP, u32(300) + b"\x27\0\0\0" + bytes(40) + b"MUNGE:AwQFAAC" + bytes(60), b""),
    ("ZMTP", TCP, GREETING + READY + b"SUB", GREETING + READY + b"PUB\1\nagent/pos1"),
    ("ZMTP", TCP, b"\4\0abc\3\1hi" + b"\2\0x", b"\1\0\5\1data\2\0x"),
    ("MQTT", TCP, b"\x10\x0c\0\4MQTT\4\2\0\x1e\0\0", b"\x20\2\0\0"),
    ("RTPS", UDP, b"RTPS\2\5\1\x10" + bytes(12), b""),
    ("RTPS", TCP, b"RTPS\2\5\1\x10" + bytes(12), b""),
    ("NATS", TCP, b'CONNECT {"verbose":false}\r\nPING\r\n', b'INFO {"server_id":"N"}\r\n'),
    ("Kafka", TCP, sized(u16(18, 3) + u32(1) + u16(7) + b"rdkafka" + b"\0"), b""),
    ("AMQP", TCP, b"AMQP\0\0\x09\1", b""),
    ("AMQP", TCP, b"", b"\1\0\0" + sized(u16(10, 10) + bytes(20)) + b"\xce"),
    ("STOMP", TCP, b"CONNECT\naccept-version:1.2\nhost:x\n\n\0", b""),
    ("Redis", TCP, b"*1\r\n$4\r\nPING\r\n", b"+PONG\r\n"),
    ("Redis", TCP, b"PING\r\n", b""),
    ("Pulsar", TCP, sized(sized(b"\x08\2\x12\x0a\x0a\x05Pulsa\x20\x13")), b""),
    ("Zenoh", TCP, b"\x0c\0\x41\x09\x41" + bytes(range(1, 6)) + b"\x0a\xff\xff\0", b""),
    ("Zenoh", UDP, b"\x41\x09\x41" + bytes(range(1, 6)) + b"\x0a\xff\xff", b""),
    ("Zenoh", UDP, b"\1\x09\3", b""),
    ("beanstalkd", TCP, b"use agents\r\nput 0 0 60 11\r\n", b"USING agents\r\n"),
    ("Thrift", TCP, b"\x80\1\0\1" + sized(b"getName") + u32(0), b""),
    ("Thrift", TCP, sized(b"\x80\1\0\1" + sized(b"getName") + u32(0)), b""),
    ("SOME/IP", UDP, u32(0x12348001, 12, 0x10001) + b"\1\1\2\0abcd", b""),
    ("Aeron", UDP, l32(40) + b"\0\0\5\0" + l32(0, 7, 9, 1, 1, 65536, 1408, 0), b""),
    ("RocketMQ", TCP, sized(sized(b'{"code":34,"language":"JAVA"}')), b""),
    ("Dubbo", TCP, b"\xda\xbb\xc2\0" + u64(1) + u32(90), b""),
    ("nanomsg", TCP, b"\0SP\0\0\x21\0\0", b"\0SP\0\0\x20\0\0"),
    ("NSQ", TCP, b"  V2", b""),
    ("Gearman", TCP, b"\0REQ" + u32(1, 4) + b"work", b""),
    ("SNMP", UDP, tlv(0x30, b"\2\1\1" + tlv(4, b"public") + tlv(0xA0, bytes(20))), b""),
    ("SNMP", TCP, tlv(0x30, b"\2\1\1" + tlv(4, b"public") + tlv(0xA0, bytes(20))), b""),
    ("sFlow", UDP, u32(5, 1, 0x0A000001, 0, 1, 900, 1, 1, 100) + bytes(80), b""),
    ("NetFlow v5", UDP, u16(5, 1) + u32(9000, 1700000000, 0, 1, 0) + bytes(48), b""),
    ("NetFlow v9", UDP, u16(9, 1) + u32(9000, 1700000000, 1, 1) + u16(0, 16) + bytes(12), b""),
    ("IPFIX", UDP, u16(10, 32) + u32(1700000000, 1, 1) + u16(2, 16) + bytes(12), b""),
    ("IPFIX", TCP, u16(10, 32) + u32(1700000000, 1, 1) + u16(2, 16) + bytes(12), b""),
    ("syslog", UDP, b"<34>1 2026-11-21T10:00:00Z host app - - - text", b""),
    ("syslog", TCP, b"<34>Oct 11 22:14:15 host su: failed", b""),
    ("syslog", TCP, b"48 <34>1 2026-11-21T10:00:00Z host app - - - te", b""),
    ("RELP", TCP, b"1 open 85 relp_version=0\n", b""),
    (
        "collectd",
        UDP,
        u16(0, 8) + b"host"[:3] + b"\0" + u16(8, 12) + bytes(8) + u16(9, 12) + bytes(8),
        b"",
    ),
    ("collectd", UDP, u16(0x200, 40) + bytes(range(32)) + b"user" + bytes(20), b""),
    ("collectd", UDP, u16(0x210, 90, 4) + b"user" + bytes(80), b""),
    ("StatsD", UDP, b"app.requests:1|c|@0.1|#env:prod", b""),
    ("StatsD", TCP, b"app.requests:1|c\napp.time:3|ms\n", b""),
    ("Graphite", TCP, b"servers.a.load 0.5 1700000000\n", b""),
    ("Graphite", UDP, b"servers.a.load 0.5 1700000000\n", b""),
    ("Graphite", TCP, sized(b"\x80\2]q\0(U\7a.b.c"), b""),
    ("Influx line protocol", UDP, b"cpu,host=a usage=0.5,idle=3i 1700000000000000000\n", b""),
    ("Influx line protocol", TCP, b"cpu,host=a usage=0.5,idle=3i 1700000000000000000\n", b""),
    ("Fluentd forward", TCP, b"\x93\xa7app.log\x91\x92\xce\x65\0\0\0\x81\xa1a\xa1b", b""),
    ("Beats", TCP, b"2W\0\0\0\x402C\0\0\1\0", b""),
    ("GELF", UDP, b"\x1e\x0f" + NOISE[:8] + b"\0\4" + NOISE[:40], b""),
    ("GELF", UDP, b'{"version":"1.1","host":"a","short_message":"x"}', b""),
    ("GELF", TCP, b'{"version":"1.1","host":"a","short_message":"x"}\0', b""),
    ("Jaeger", UDP, b"\x82\x81\1\x09emitBatch\x1c", b""),
    ("Jaeger", UDP, b"\x80\1\0\4\0\0\0\x09emitBatch\0\0\0\1", b""),
    ("Ganglia", UDP, u32(0x80, 5) + b"host1\0\0\0", b""),
    ("Zabbix", TCP, b"ZBXD\1" + l64(30), b""),
    ("rsync", TCP, b"@RSYNCD: 32.0 sha512\nckpt\n", b"@RSYNCD: 32.0 sha512\n"),
    ("SSH", TCP, b"", b"SSH-2.0-OpenSSH_9.2\r\n"),
    ("SMB", TCP, b"\0\0\0\x45\xfeSMB\x40\0", b""),
    ("NetBIOS session", TCP, b"\x81\0\0\x44 CKFDENECFDEFFCFGEFFCCACACACACACA", b""),
    ("ONC RPC", TCP, u32(0x80000028) + CALL, b""),
    ("ONC RPC", UDP, CALL, b""),
    ("FTP", TCP, b"USER u\r\n", b"220 ready.\r\n"),
    ("FTP", TCP, b"AUTH TLS\r\n", b""),
    ("GridFTP data", TCP, b"\0" + u64(1 << 18, 1 << 20) + NOISE[:200], b""),
    ("GridFTP data", TCP, b"\x08" + bytes(16), b""),
    ("HDFS", TCP, b"hrpc\x09\0\0", b""),
    ("HDFS data", TCP, b"\0\x1c\x51\x40\x0a\x2e\x0a\x20", b""),
    ("HDFS data", TCP, b"\0\x1c\x50\xd2\2\x0a\xa1\1\x0a\x4e\x0a\x40", b""),
    ("HDFS data", TCP, b"\xde\xad\xbe\xef\x0a\x08\0", b""),
    ("HBase", TCP, b"HBas\0\x50", b""),
    ("Lustre", TCP, l32(0xEEBC0DED) + b"\1\0", b""),
    ("Lustre", TCP, l32(0xACCE7100) + l32(1), b""),
    ("Lustre", TCP, b"", b"cirE\3\0\0\0" + bytes(48)),
    ("Ceph", TCP, b"ceph v2\n\x10\0", b"ceph v2\n"),
    ("BeeGFS", TCP, l32(60) + bytes(4) + l64(0x42474653 << 32) + bytes(40), b""),
    ("NVMe/TCP", TCP, b"\0\0\x80\0" + l32(128) + bytes(120), b""),
    ("iSCSI", TCP, b"\x43\x87\0\0\0\0\0\x60" + bytes(40) + b"InitiatorName=iqn.2026\0", b""),
    ("NBD", TCP, b"", b"NBDMAGICIHAVEOPT\0\3"),
    ("DRBD", TCP, u32(0x8620EC20) + b"\0\x2d\0\4", b""),
    ("9P", TCP, l32(19) + b"\x64\xff\xff" + l32(8192) + b"\6\0009P2000", b""),
    ("XRootD", TCP, bytes(12) + u32(4, 2012), b""),
    ("iRODS", TCP, sized(b"<MsgHeader_PI>\n<type>RODS_CONNECT</type>"), b""),
    ("iperf3", TCP, b"rbu3aqcqc76glmgju6gbnvdb4e6s6ul2775z\0", b""),
    ("iperf3", UDP, b"9876", b"6789"),
    ("iperf", TCP, b"0123456789" * 20, b""),
    ("iperf", UDP, bytes(12) + bytes(24) + b"0123456789" * 20, b""),
    (
        "iperf",
        TCP,
        b"\x40\1\0x" + u32(1, 5001) + bytes(22) + u16(2, 1, 8, 3) + bytes(40),
        b"",
    ),
    (
        "iperf",
        UDP,
        u32(1, 7, 8, 0) + b"\x48\1\0x" + u32(1, 5001) + bytes(22) + u16(2, 1, 8, 3) + bytes(40),
        b"",
    ),
    ("TFTP", UDP, b"\0\1boot.img\0octet\0", b""),
    ("SVN", TCP, b"", b"( success ( 2 2 ( ) ( edit-pipeline"),
    ("git", TCP, b"0033git-upload-pack /project.git\0host=x\0", b""),
    ("Bacula", TCP, sized(b"Hello Director x calling\n"), b""),
    ("DNS", UDP, QUESTION, b""),
    ("DNS", TCP, u16(len(QUESTION)) + QUESTION, b""),
    ("NTP", UDP, b"\x23" + bytes(39) + u32(DATE, 5), b""),
    ("NTP", UDP, b"", b"\x24\2\6\xe8" + bytes(12) + u32(DATE, 0, DATE, 1, DATE, 2, DATE, 3)),
    ("PTP", UDP, b"\0\2\0\x2c" + bytes(28) + b"\0" + bytes(11), b""),
    ("DHCP", UDP, b"\1\1\6\0" + NOISE[:4] + bytes(228) + b"\x63\x82\x53\x63\x35\1\1", b""),
    ("DHCPv6", UDP, b"\1abc\0\1\0\x0e\0\1\0\1" + NOISE[:10], b""),
    ("STUN", UDP, b"\0\1\0\0\x21\x12\xa4\x42" + NOISE[:12], b""),
    ("STUN", TCP, b"\0\1\0\0\x21\x12\xa4\x42" + NOISE[:12], b""),
    ("RTP", UDP, b"\x80\0" + u16(9) + u32(160, 0x4D2A771B) + NOISE[:160], b""),
    ("RTP", UDP, b"\x90\x6f" + u16(9) + u32(160, 0x4D2A771B) + b"\xbe\xde\0\1" + NOISE[:90], b""),
    ("RTCP", UDP, b"\x80\xc8\0\6" + NOISE[:24], b""),
    ("RTSP", TCP, b"OPTIONS rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\n", b""),
    ("SIP", UDP, b"INVITE sip:bob@example.com SIP/2.0\r\n", b""),
    ("SIP", TCP, b"INVITE sip:bob@example.com SIP/2.0\r\n", b""),
    ("SSDP", UDP, b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n", b""),
    ("PostgreSQL", TCP, u32(40) + b"\0\3\0\0user\0me\0database\0x\0\0", b""),
    ("PostgreSQL", TCP, u32(8, 80877103), b"N"),
    ("PostgreSQL", TCP, b"", b"R" + u32(8, 0) + b"S"),
    ("MySQL", TCP, b"", b"\x4a\0\0\0\x0a8.0.32\0" + bytes(60)),
    ("MongoDB", TCP, l32(60, 1, 0, 2013) + bytes(44), b""),
    ("Cassandra", TCP, b"\4\0\0\0\5\0\0\0\0", b""),
    ("SQL Server", TCP, b"\x12\1\0\x2f\0\0\1\0\0\0\x1a\0\6\1", b""),
    ("Oracle", TCP, u16(200) + b"\0\0\1" + bytes(60) + b"(DESCRIPTION=", b""),
    ("memcached", TCP, b"set k 0 0 5\r\nhello\r\n", b"STORED\r\n"),
    ("memcached", TCP, b"\x80\0\0\1" + bytes(4) + u32(1, 7) + bytes(8) + b"k", b""),
    ("memcached", UDP, u16(7, 0, 1, 0) + b"get k\r\n", b""),
    ("ClickHouse", TCP, b"\0\x11ClickHouse client\x15", b""),
    ("Elasticsearch transport", TCP, b"ES" + u32(40) + u64(1) + b"\0", b""),
    ("Neo4j Bolt", TCP, b"\x60\x60\xb0\x17" + u32(0x104, 0, 0, 0), b""),
    ("LDAP", TCP, tlv(0x30, b"\2\1\1" + tlv(0x60, b"\2\1\3\4\0\x80\0")), b""),
    ("LDAP", UDP, tlv(0x30, b"\2\1\1" + tlv(0x63, b"\4\0\x0a\1\0" + bytes(20))), b""),
    ("Kerberos", UDP, tlv(0x6A, tlv(0x30, b"\xa1\3\2\1\5\xa2\3\2\1\x0a")), b""),
    ("Kerberos", TCP, sized(tlv(0x6A, tlv(0x30, b"\xa1\3\2\1\5\xa2\3\2\1\x0a"))), b""),
    ("RADIUS", UDP, b"\1\7\0\x19" + NOISE[:16] + b"\1\5bob", b""),
    ("SMTP", TCP, b"", b"220 mail.example.com ESMTP Postfix\r\n"),
    ("SMTP", TCP, b"EHLO me.example.com\r\n", b""),
    ("IMAP", TCP, b"", b"* OK [CAPABILITY IMAP4rev1] ready\r\n"),
    ("POP3", TCP, b"", b"+OK POP3 server ready\r\n"),
    ("IRC", TCP, b"NICK me\r\nUSER me 0 * :me\r\n", b""),
    ("telnet", TCP, b"", b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23"),
    ("RDP", TCP, b"\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0", b""),
    ("VNC", TCP, b"", b"RFB 003.008\n"),
    ("X11", TCP, b"l\0\x0b\0\0\0\0\0\0\0\0\0", b""),
    ("BitTorrent", TCP, b"\x13BitTorrent protocol" + bytes(48), b""),
    ("BitTorrent DHT", UDP, b"d1:ad2:id20:" + NOISE[:20] + b"e1:q4:ping", b""),
    ("uTP", UDP, b"\x41\0\x12\x34" + u32(99, 0, 65536) + b"\0\1\0\0", b""),
    ("SOCKS", TCP, b"\5\1\0", b"\5\0"),
    ("WireGuard", UDP, b"\1\0\0\0" + NOISE[:144], b""),
    ("OpenVPN", UDP, b"\x38" + NOISE[1:9] + bytes(5), b""),
    ("OpenVPN", TCP, u16(14) + b"\x38" + NOISE[1:9] + bytes(5), b""),
    ("IKE", UDP, NOISE[:8] + bytes(8) + b"\x21\x20\x22\x08" + u32(0, 40) + bytes(12), b""),
    ("VXLAN", UDP, b"\x08\0\0\0\0\0\x2a\0" + NOISE[:12] + b"\x08\0\x45\0" + bytes(18), b""),
    ("Bitcoin", TCP, b"\xf9\xbe\xb4\xd9version\0", b""),
    ("CoAP", UDP, b"\x40\1\x12\x34\xb5hello", b""),
    ("LCM", UDP, b"LC02" + u32(7) + b"POSE\0" + NOISE[:40], b""),
    ("LCM", UDP, b"LC03" + u32(7, 90_000, 0) + u16(0, 2) + b"SCAN\0" + NOISE, b""),
    ("ROS", TCP, l32(60, 19) + b"callerid=/listener1" + l32(11) + b"topic=/scan", b""),
    ("MAVLink", UDP, b"\xfe\x09\0\1\1\0" + NOISE[:8] + b"\3ab", b""),
    ("MAVLink", UDP, b"\xfd\x09\0\0\0\1\1\0\0\0" + NOISE[:8] + b"\3ab", b""),
    ("MAVLink", TCP, b"\xfe\x09\0\1\1\x1e" + NOISE[:11] + b"\xfe\x09\1\1\1\0" + NOISE[:11], b""),
    (
        "OPC UA",
        TCP,
        b"HELF" + l32(56, 0, 65536, 65536, 0, 0, 24) + b"opc.tcp://10.0.0.1:4840/",
        b"",
    ),
    ("MQTT-SN", UDP, b"\x0c\4\4\1\0\x1erobot7", b""),
    ("ActiveMQ OpenWire", TCP, u32(317) + b"\1ActiveMQ" + u32(12), b""),
    ("XMPP", TCP, b"<?xml version='1.0'?><stream:stream to='x'", b""),
    ("Ganglia", TCP, b"", b'<?xml version="1.0" standalone="yes"?>\n<!DOCTYPE GANGLIA_XML [\n'),
    ("eCAL", UDP, b"ECAL" + l32(5, 3, 77, 1, 40) + NOISE[:40], b""),
    ("YARP", TCP, b"YA\x64\x1e\0\0RP", b""),
    ("DDS-XRCE", UDP, b"\x80\0\0\0\0\1\x10\0XRCE\1\0\1\x0f", b""),
    ("GIOP", TCP, b"GIOP\1\2\1\0" + l32(120), b""),
    ("Ice", TCP, b"", b"IceP\1\0\1\0\3\0" + l32(14)),
    ("Java RMI", TCP, b"JRMI\0\2\x4b", b""),
    ("IBM MQ", TCP, b"TSH " + u32(268) + b"\2\1\x31\0", b""),
    ("DNP3", TCP, b"\x05\x64\x05\xc0\1\0\0\4\xe9\x21", b""),
    ("IEC 104", TCP, b"\x68\4\7\0\0\0", b""),
    ("BACnet", UDP, b"\x81\x0b\0\x0c\1\x20\xff\xff\0\xff\x10\x08", b""),
    ("EtherNet/IP", TCP, l32(0x40065, 0, 0) + NOISE[:8] + l32(0, 1), b""),
    ("KNXnet/IP", UDP, b"\x06\x10\2\1\0\x0e\x08\1\x0a\0\0\1\x0e\x57", b""),
    ("SPICE", TCP, b"REDQ" + l32(2, 2, 34), b""),
    ("Guacamole", TCP, b"6.select,3.vnc;", b""),
    ("OpenTSDB", TCP, b"put gpu.load 1700000000 0.5 host=h1\n", b""),
    ("Munin", TCP, b"", b"# munin node at h1\n"),
    ("Checkmk", TCP, b"", b"<<<check_mk>>>\nVersion: 2.2.0\n"),
    ("Netdata", TCP, b"STREAM key=1-2-3&hostname=h1&os=linux HTTP/1.1\r\n", b""),
    ("XMPP", TCP, b"<message to='agent@lab' type='chat'><body>", b""),
    ("ps-lite", TCP, b"\0\x1c\x08\xff\xff\xff\xff\7\x1a\4\x08\3\x18\7\x20\1\x28\0", b""),
    (
        "ps-lite",
        TCP,
        b"\1\x17\x08\0\x20\1\x28\1\x30\0\x38\0\x40\x0eJ\3\x08\x0b\3P\0`\0h\0\1\x08" + bytes(8),
        b"",
    ),
    ("ZMTP", TCP, b"\1\7weights\1\0012\2" + u64(160_000) + NOISE, b""),
    ("NRPE", TCP, b"", NRPE_4[:4] + u32(crc32(NRPE_4)) + NRPE_4[8:]),
    ("NRPE", TCP, NRPE[:4] + u32(crc32(NRPE)) + NRPE[8:], b""),
    ("Redis cluster bus", TCP, b"RCmb" + u32(2256) + u16(1, 6379, 0), b""),
    ("PaddlePaddle TCPStore", TCP, l32(0) + l64(6) + b"/init/" + l64(1), b""),
    ("Wyoming", TCP, b'{"type": "describe", "version": "1.5.0"}\n', b""),
    ("llama.cpp RPC", TCP, b"\x0e" + l64(0), l64(3) + b"\2\0\0"),
    ("Unison", TCP, b"", b"Unison RPC\nVERSIONS 1\n"),
    ("Amanda", TCP, b"Amanda 2.6 REQ HANDLE 000-0 SEQ 1\n", b""),
    ("Amanda", UDP, b"Amanda 2.6 REQ HANDLE 000-0 SEQ 1\n", b""),
    ("Syncthing", UDP, b"\x2e\xa7\xd9\x0b\x0a\x20" + NOISE[:32], b""),
    ("Tarantool", TCP, b"", b"Tarantool 2.11.0 (Binary) 1\n"),
    ("Modbus/TCP", TCP, u16(7, 0, 6) + b"\1\3\0\0\0\2", u16(7, 0, 7) + b"\1\3\4\0\1\0\2"),
]


def fits(entry: Entry, data: bytes, other: bytes) -> bool:
    """Whether this one line, alone, fits what one side sent."""
    if not data or not data.startswith(entry.lead, entry.offset):
        return False
    if isinstance(entry.test, bytes):
        return re.compile(entry.test, re.DOTALL).match(data) is not None
    return entry.test is None or entry.test(data, other) is not None


def _id(value: object) -> str:
    return value if isinstance(value, str) else ""


def _named(sample: Sample, swapped: bool = False) -> Identity | None:
    _, transport, client, server = sample
    if swapped:
        client, server = server, client
    return signatures.identify(transport, 0, client, server)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample[0])
def test_an_opening_is_named(sample: Sample) -> None:
    found = _named(sample)
    assert found is not None
    assert found.protocol == sample[0]
    assert found.source


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample[0])
def test_who_began_does_not_matter(sample: Sample) -> None:
    found = _named(sample, swapped=True)
    assert found is not None
    assert found.protocol == sample[0]


def test_every_line_has_an_opening_and_a_source() -> None:
    for entry in ENTRIES:
        assert entry.source, entry
        assert 0.5 < entry.confidence < 1, entry
        assert entry.transport in (TCP, UDP), entry
        assert entry.offset in signatures.OFFSETS, entry
        assert any(
            entry.transport == transport and (fits(entry, a, b) or fits(entry, b, a))
            for _, transport, a, b in SAMPLES
        ), entry


def test_truncation_never_raises_and_never_names_another_class_surely() -> None:
    for protocol, transport, client, server in SAMPLES:
        for length in range(max(len(client), len(server)) + 1):
            found = signatures.identify(transport, 0, client[:length], server[:length])
            if found is not None and found.final and found.confidence >= signatures.SURE:
                assert found.protocol == protocol, (protocol, length, found)


@pytest.mark.parametrize(
    ("sample", "traffic_class", "role"),
    [
        (
            ("RoCEv2", UDP, b"\x81\x40\xff\xff\x40\0\0\x12\0\0\0\0" + bytes(20), b""),
            "control",
            "congestion notification",
        ),
        (("NCCL", TCP, l64(0x564AB9F2FC4B9D6C) + l32(5, 0), b""), "control", "health of ranks"),
        (("NCCL", TCP, l64(0x564AB9F2FC4B9D6C) + l32(3, 0), b""), "gradient", "collective"),
        (
            ("MQTT", TCP, b"\x10\x0c\0\4MQTT\4\2\0\x1e\0\0\x32\xef\xdc*\0\x0bfedml_1_0_0\0\1", b""),
            "federated",
            "federated update",
        ),
        (
            ("Redis", TCP, b"*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n", b""),
            "messaging",
            "publish/subscribe",
        ),
        (
            ("ps-lite", TCP, GREETING + named_ready(b"ps1"), GREETING + READY + b"SUB"),
            "control",
            "scheduler",
        ),
        (
            ("ps-lite", TCP, GREETING + named_ready(b"ps11"), GREETING + READY + b"SUB"),
            "gradient",
            "push and pull",
        ),
        (
            ("Redis", TCP, b"*3\r\n$7\r\nmessage\r\n$18\r\n__sentinel__:hello\r\n$79\r\n10.7", b""),
            "control",
            "fail-over",
        ),
        (
            (
                "ps-lite",
                TCP,
                GREETING + named_ready(b"ps9") + b"\0\x08\x1a\4\x08\3\x18\7\x20\1",
                GREETING + READY + b"SUB",
            ),
            "control",
            "scheduler",
        ),
        (("Spark", TCP, u64(21) + b"\0" + u64(77 << 32) + u32(0), b""), "bulk", "blocks"),
        (
            ("ONC RPC", TCP, u32(0x80000028, 7, 0, 2, 1298437, 3, 0, 0, 0, 0, 0), b""),
            "bulk",
            "GlusterFS",
        ),
        (
            ("FTP", TCP, b"AUTH GSSAPI\r\n", b"220 h1 GridFTP Server 13.24\r\n"),
            "bulk",
            "GridFTP control",
        ),
        (
            ("Dask", TCP, l64(8 + 8 + 30, 1, 30) + b"\x82\xa2op\xa8get_data", b""),
            "bulk",
            "worker data",
        ),
    ],
    ids=_id,
)
def test_bytes_tell_the_role(sample: Sample, traffic_class: str, role: str) -> None:
    found = _named(sample)
    assert found is not None
    assert (found.protocol, found.traffic_class, found.role) == (
        sample[0],
        TrafficClass(traffic_class),
        role,
    )


def test_declared_lengths_and_their_side() -> None:
    push = GREETING + READY + b"PUB\2" + u64(600_000) + b"\0" * 40
    found = signatures.identify(TCP, 0, GREETING + READY + b"SUB", push)
    assert found is not None
    assert (found.protocol, found.declared, found.from_server, found.final) == (
        "ZMTP",
        600_000,
        True,
        True,
    )
    assert found.traffic_class is None
    greeted = signatures.identify(TCP, 0, GREETING, GREETING)
    assert greeted is not None
    assert not greeted.final
    publish = b"\x10\x0c\0\4MQTT\4\2\0\x1e\0\0\x30\xef\xdc*\0\x05a/b/c"
    found = signatures.identify(TCP, 0, publish, b"\x20\2\0\0")
    assert found is not None
    assert (found.declared, found.from_server) == (700_015, False)
