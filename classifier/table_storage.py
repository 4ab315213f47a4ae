"""Signatures of what moves files, blocks and test loads."""

from classifier import checks_storage as check
from classifier.classes import BULK
from classifier.evidence import Entry as E
from classifier.model import TCP, UDP
from policies.classes import TrafficClass

# fmt: off
ENTRIES = (
    E("rsync", "file transfer", BULK, TCP, (b"@RSYNCD:",), None, 0.99, "rsync clientserver.c"),
    E("SSH", "", None, TCP, (b"SSH-2.0-", b"SSH-1.", b"SSH-2.0\n"), None, 0.99, "RFC 4253 section 4.2"),
    E("SMB", "file sharing", BULK, TCP, (b"\xffSMB", b"\xfeSMB", b"\xfdSMB", b"\xfcSMB"), rb"\x00", 0.98, "MS-SMB2 section 2.2.1, MS-CIFS", 4),
    E("NetBIOS session", "file sharing", BULK, TCP, (b"\x81\0\0\x44",), rb"\x81\x00\x00\x44 [A-P]{8}", 0.97, "RFC 1002 section 4.3"),
    E("ONC RPC", "NFS", BULK, TCP, (b"\x80", b"\0"), check.sun_rpc_stream, 0.97, "RFC 5531, RFC 1813, RFC 8881; GlusterFS rpc-lib protocol-common.h"),
    E("ONC RPC", "NFS", BULK, UDP, (b"\0\0\0\0", b"\0\0\0\1"), check.sun_rpc, 0.96, "RFC 5531, RFC 1813", 4),
    E("FTP", "file transfer", BULK, TCP, (b"220 ", b"220-"), check.ftp, 0.93, "RFC 959; GFD.20 GridFTP"),
    E("FTP", "file transfer", BULK, TCP, (b"AUTH", b"USER", b"FEAT", b"SYST"), rb"(?:AUTH (?:TLS|SSL|GSSAPI)|USER [\w.@:/-]+|FEAT|SYST)\r\n(?!CAPA|STLS|LIST)", 0.7, "RFC 959, RFC 4217"),
    E("GridFTP data", "file transfer", BULK, TCP, (b"\0\0\0\0",), check.gridftp_block, 0.6, "GFD.20 GridFTP section 4, MODE E"),
    E("GridFTP data", "file transfer", BULK, TCP, (b"\x04\0\0\0", b"\x08\0\0\0", b"\x0c\0\0\0", b"\x40\0\0\0", b"\x48\0\0\0"), rb"[\x04\x08\x0c\x40\x48]\x00{15}[\x00-\x40]\Z", 0.8, "GFD.20 GridFTP section 4, MODE E, end of data"),
    E("HDFS", "name service", BULK, TCP, (b"hrpc",), rb"hrpc[\x07-\x0a].[\x00\xdf\x50-\x53]", 0.98, "Hadoop ipc Client.java writeConnectionHeader"),
    E("HDFS data", "blocks", BULK, TCP, (b"\0\x1c",), check.hdfs_data, 0.95, "Hadoop DataTransferProtocol, Op, datatransfer.proto"),
    E("HDFS data", "blocks", BULK, TCP, (b"\xde\xad\xbe\xef",), rb"\xde\xad\xbe\xef[\x00-\x7f]", 0.85, "Hadoop SaslDataTransfer SASL_TRANSFER_MAGIC_NUMBER"),
    E("HBase", "database", TrafficClass.BACKGROUND, TCP, (b"HBas",), rb"HBas\x00[\x50-\x53]", 0.97, "HBase RpcServer preamble"),
    E("Lustre", "file system", BULK, TCP, (b"\xed\x0d\xbc\xee", b"\xee\xbc\x0d\xed"), None, 0.98, "Lustre lnet lnet-idl.h LNET_PROTO_TCP_MAGIC"),
    E("Lustre", "file system", BULK, TCP, (b"\x00\x71\xce\xac", b"\xac\xce\x71\x00"), None, 0.98, "Lustre lnet lnet-idl.h LNET_PROTO_ACCEPTOR_MAGIC"),
    E("Lustre", "file system", BULK, TCP, (b"\x63\x69\x72\x45", b"\x45\x72\x69\x63"), rb"(?:\x63\x69\x72\x45[\x02-\x04]\x00\x00\x00|\x45\x72\x69\x63\x00\x00\x00[\x02-\x04])", 0.97, "Lustre lnet lnet-idl.h LNET_PROTO_MAGIC, socklnd.h ksock_hello_msg"),
    E("Ceph", "storage cluster", BULK, TCP, (b"ceph v",), rb"ceph v(?:0\d\d|2\n)", 0.99, "Ceph msgr.h CEPH_BANNER, msgr2 protocol"),
    E("BeeGFS", "file system", BULK, TCP, (b"\0\0\0\0SFGB",), None, 0.97, "BeeGFS NetMessage.h NETMSG_PREFIX", 8),
    E("NVMe/TCP", "block storage", BULK, TCP, (b"\x80\0\0\0",), check.nvme_tcp, 0.97, "NVM Express TCP transport specification 1.0 section 3.6.2", 4),
    E("iSCSI", "block storage", BULK, TCP, (b"\x43", b"\x03", b"\x23"), check.iscsi, 0.97, "RFC 7143 section 11.12"),
    E("NBD", "block storage", BULK, TCP, (b"NBDMAGIC",), rb"NBDMAGIC(?:IHAVEOPT|\x00\x00\x42\x02\x81\x86\x12\x53)", 0.99, "NBD doc/proto.md"),
    E("DRBD", "block storage", BULK, TCP, (b"\x86\x20\xec\x20", b"\x83\x74\x02\x67", b"\x83\x74\x02\x68"), None, 0.9, "Linux drbd_protocol.h, drbd.h BE_DRBD_MAGIC"),
    E("9P", "file system", BULK, TCP, (b"\x64\xff\xff", b"\x65\xff\xff"), rb"..\x00\x00[\x64\x65]\xff\xff....[\x06-\x0c]\x009P2000", 0.98, "Plan 9 manual section 5, version(5)", 4),
    E("XRootD", "file transfer", BULK, TCP, (b"\0\0\0\0\0\0\0\0",), rb"\0{12}\x00\x00\x00\x04\x00\x00\x07\xdc", 0.98, "XRootD protocol 5.2 section 2.1"),
    E("iRODS", "file transfer", BULK, TCP, (b"<MsgHeader_PI>",), None, 0.97, "iRODS protocol, packed headers", 4),
    E("iperf3", "load test", BULK, TCP, tuple(bytes([c]) for c in b"abcdefghijklmnopqrstuvwxyz234567"), rb"[a-z2-7]{36}\x00", 0.97, "esnet/iperf iperf_util.c make_cookie"),
    E("iperf", "load test", BULK, TCP, (b"\0", b"\x40", b"\x80", *(bytes([c]) for c in b"0123456789")), check.iperf, 0.9, "iperf 2 payloads.h, pattern of digits"),
    E("iperf", "load test", BULK, UDP, (b"\0",), check.iperf, 0.9, "iperf 2 payloads.h, pattern of digits"),
    E("iperf", "load test", BULK, TCP, tuple(bytes([flags, 1]) for flags in (0x40, 0x48, 0x80, 0x88, 0xC0, 0xC8)), rb".{2}\x00.\x00\x00\x00[\x01-\xff]\x00\x00.{2}.{10,40}?\x00\x02\x00[\x00-\x0a]\x00[\x00-\x20]\x00", 0.9, "iperf 2 payloads.h client_hdr_v1, extended header"),
    E("iperf", "load test", BULK, UDP, (b"\0\0\0\x01",), rb".{16}[\x40\x48\x80\x88\xc0\xc8]\x01\x00.\x00\x00\x00[\x01-\xff]\x00\x00.{2}.{10,40}?\x00\x02\x00[\x00-\x0a]\x00[\x00-\x20]\x00", 0.9, "iperf 2 payloads.h client_hdr_v1, extended header"),
    E("iperf3", "load test", BULK, UDP, (b"9876", b"6789", b"\x15\xcd\x5b\x07", b"\xb1\x68\xde\x3a"), rb".{4}\Z", 0.9, "esnet/iperf iperf_udp.c UDP_CONNECT_MSG, UDP_CONNECT_REPLY"),
    E("TFTP", "file transfer", TrafficClass.BACKGROUND, UDP, (b"\0\x01", b"\0\x02"), rb"\x00[\x01\x02][\x20-\x7e]{1,200}\x00(?i:octet|netascii)\x00", 0.98, "RFC 1350"),
    E("SVN", "version control", TrafficClass.BACKGROUND, TCP, (b"( success ( ",), None, 0.97, "Subversion ra_svn protocol"),
    E("git", "", None, TCP, tuple(bytes([c]) for c in b"0"), rb"00[0-9a-f]{2}git-(?:upload|receive)-pack /", 0.98, "git gitprotocol-pack"),
    E("Bacula", "backup", BULK, TCP, (b"Hello ",), rb".{4}Hello (?:Director|Bacula|Start Job|Storage|[*\w.-]{1,60} calling)", 0.9, "Bacula authenticate.c", 4),
    E("Unison", "file transfer", BULK, TCP, (b"Unison ",), rb"Unison (?:\d+\.\d+ with OCaml|RPC\n)", 0.97, "bcpierce00/unison remote.ml connection header"),
    E("Amanda", "backup", BULK, TCP, (b"Amanda ",), rb"Amanda \d\.\d{1,2} (?:REQ|REP|PREP|ACK|NAK) HANDLE ", 0.97, "Amanda packet.c"),
    E("Amanda", "backup", BULK, UDP, (b"Amanda ",), rb"Amanda \d\.\d{1,2} (?:REQ|REP|PREP|ACK|NAK) HANDLE ", 0.97, "Amanda packet.c"),
    E("NBD", "block storage", BULK, TCP, (b"\x25\x60\x95\x13", b"\x67\x44\x66\x98", b"\x66\x8e\x33\xef"), rb"\x25\x60\x95\x13..\x00[\x00-\x07]|\x67\x44\x66\x98\x00\x00\x00|\x66\x8e\x33\xef\x00[\x00\x01][\x00\x80]", 0.93, "NBD doc/proto.md, transmission phase"),
    E("iSCSI", "block storage", BULK, TCP, (b"\x01", b"\x41"), check.iscsi_command, 0.88, "RFC 7143 section 11.3"),
    E("NVMe/TCP", "block storage", BULK, TCP, (b"\x04", b"\x05", b"\x06", b"\x07", b"\x09"), check.nvme_tcp_pdu, 0.85, "NVM Express TCP transport specification 1.0 section 3.6.2"),
    E("HDFS data", "blocks", BULK, TCP, (b"\0\x19\x09",), rb".{4}\x00\x19\x09.{8}\x11.{8}\x18[\x00\x01]\x25", 0.95, "Hadoop PacketHeader, datatransfer.proto", 4),
    E("Lustre", "file system", BULK, TCP, (b"\xc1\0\0\0",), rb"\xc1\x00\x00\x00.{20}.{4}.{2}\x02\x00.{4}.{2}\x02\x00.{8}[\x00-\x04]\x00\x00\x00", 0.95, "Lustre socklnd.h KSOCK_MSG_LNET, struct lnet_hdr"),
    E("FTP", "file transfer", BULK, TCP, (b"150 ", b"226 ", b"227 ", b"229 ", b"331 ", b"PASV", b"EPSV", b"RETR", b"STOR", b"PORT", b"EPRT", b"TYPE"), rb"(?:227 [^\r\n]*\(\d|229 [^\r\n]*\(\|\|\||(?:150|226|331) [^\r\n]{3,}\r\n|(?:PASV|EPSV)\r\n|(?:RETR|STOR) [^\r\n]+\r\n|PORT \d+,|EPRT \||TYPE [AI]\r\n)", 0.85, "RFC 959, RFC 2428"),
)
