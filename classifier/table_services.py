"""Signatures of databases, names, time, voice and the rest that a network carries beside AI."""

from classifier import checks_databases as databases
from classifier import checks_services as check
from classifier.evidence import Entry as E
from classifier.model import TCP, UDP
from policies.classes import TrafficClass

BACKGROUND = TrafficClass.BACKGROUND
_ANY = (b"",)

# fmt: off
ENTRIES = (
    E("DNS", "names", BACKGROUND, UDP, _ANY, check.dns, 0.95, "RFC 1035, RFC 6762 (mDNS), RFC 4795 (LLMNR)"),
    E("DNS", "names", BACKGROUND, TCP, tuple(bytes([k]) for k in range(5)), check.dns_stream, 0.92, "RFC 7766"),
    E("NTP", "time", BACKGROUND, UDP, tuple(bytes([b]) for b in range(256) if 1 <= b >> 3 & 7 <= 4 and 1 <= b & 7 <= 5), check.ntp, 0.9, "RFC 5905 section 7.3"),
    E("PTP", "time", BACKGROUND, UDP, tuple(bytes([kind, 2 | minor << 4]) for kind in (*range(16), *range(16, 32)) for minor in (0, 1)), check.ptp, 0.93, "IEEE 1588-2019 section 13.3"),
    E("DHCP", "addresses", BACKGROUND, UDP, (b"\x01\x01\x06", b"\x02\x01\x06"), check.dhcp, 0.99, "RFC 2131"),
    E("DHCPv6", "addresses", BACKGROUND, UDP, (b"\x01", b"\x03", b"\x0b"), rb"[\x01\x03\x0b].{3}\x00\x01\x00[\x08-\x20]\x00[\x01-\x04]", 0.9, "RFC 8415 section 8"),
    E("STUN", "voice", BACKGROUND, UDP, (b"\x21\x12\xa4\x42",), check.stun, 0.98, "RFC 8489 section 5", 4),
    E("STUN", "voice", BACKGROUND, TCP, (b"\x21\x12\xa4\x42",), check.stun, 0.98, "RFC 8489 section 5", 4),
    E("RTP", "voice or video", BACKGROUND, UDP, (b"\x80", b"\x90"), check.rtp, 0.85, "RFC 3550, RFC 3551, RFC 8285"),
    E("RTCP", "voice or video", BACKGROUND, UDP, tuple(bytes([k]) for k in range(0x80, 0xA0)), check.rtcp, 0.95, "RFC 3550 section 6"),
    E("RTSP", "video control", BACKGROUND, TCP, (b"RTSP/", b"OPTIONS ", b"DESCRIBE", b"SETUP ", b"PLAY ", b"ANNOUNCE"), rb"(?:RTSP/[12]\.0 \d{3}|[A-Z]{4,9} [^\r\n]{1,400} RTSP/[12]\.0\r\n)", 0.99, "RFC 2326"),
    E("SIP", "voice control", BACKGROUND, UDP, (b"SIP/2.0 ", b"INVITE ", b"REGISTER ", b"OPTIONS ", b"ACK ", b"BYE ", b"CANCEL ", b"SUBSCRIBE ", b"NOTIFY ", b"MESSAGE ", b"PUBLISH "), rb"(?:SIP/2\.0 \d{3}|[A-Z]{3,9} (?:sips?|tel):)", 0.99, "RFC 3261"),
    E("SIP", "voice control", BACKGROUND, TCP, (b"SIP/2.0 ", b"INVITE ", b"REGISTER ", b"OPTIONS ", b"ACK ", b"BYE "), rb"(?:SIP/2\.0 \d{3}|[A-Z]{3,9} (?:sips?|tel):)", 0.99, "RFC 3261"),
    E("SSDP", "discovery", BACKGROUND, UDP, (b"M-SEARCH", b"NOTIFY *", b"HTTP/1.1 200"), rb"M-SEARCH \* HTTP/1|NOTIFY \* HTTP/1|HTTP/1\.1 200 OK\r\n", 0.98, "UPnP device architecture 2.0"),
    E("PostgreSQL", "database", BACKGROUND, TCP, (b"\0\x03\0\0", b"\0\x03\0\x02"), databases.postgres, 0.98, "PostgreSQL protocol, StartupMessage", 4),
    E("PostgreSQL", "database", BACKGROUND, TCP, (b"\0\0\0\x08\x04\xd2\x16",), rb"\x00\x00\x00\x08\x04\xd2\x16[\x2f\x30]", 0.99, "PostgreSQL protocol, SSLRequest, GSSENCRequest"),
    E("PostgreSQL", "database", BACKGROUND, TCP, (b"R\0\0\0", b"E\0\0\0", b"E\0\0\1"), databases.postgres_answer, 0.93, "PostgreSQL protocol, AuthenticationRequest, ErrorResponse"),
    E("MySQL", "database", BACKGROUND, TCP, (b"\x0a5.", b"\x0a8.", b"\x0a9.", b"\x0a1", b"\x0a3."), rb".\x00\x00\x00\x0a(?:[3589]|1\d)\.\d{1,2}\.[\w.+:~-]{1,60}\x00", 0.97, "MySQL protocol, HandshakeV10", 4),
    E("MongoDB", "database", BACKGROUND, TCP, (b"\xdd\x07\0\0", b"\xd4\x07\0\0", b"\xdc\x07\0\0"), None, 0.97, "MongoDB wire protocol, MsgHeader", 12),
    E("Cassandra", "database", BACKGROUND, TCP, (b"\x03", b"\x04", b"\x05", b"\x83", b"\x84", b"\x85"), databases.cassandra, 0.95, "Cassandra native_protocol_v4.spec, v5"),
    E("SQL Server", "database", BACKGROUND, TCP, (b"\x12\x01", b"\x04\x01"), rb"(?:\x12|\x04)\x01\x00.\x00\x00[\x00\x01]\x00\x00\x00[\x10-\x40]\x00\x06", 0.97, "MS-TDS section 2.2.6.5 PRELOGIN"),
    E("Oracle", "database", BACKGROUND, TCP, (b"\0", b"\1"), databases.oracle, 0.97, "Oracle TNS connect packet"),
    E("memcached", "cache", BACKGROUND, TCP, tuple(bytes([c]) for c in b"gsadrpicvtfqnmVSE"), rb"(?:gets? [^\s]{1,250}(?: [^\s]{1,250})*\r\n|(?:set|add|replace|append|prepend|cas) [^\s]{1,250} \d{1,10} -?\d{1,10} \d{1,10}(?: \d+)?(?: noreply)?\r\n|(?:stats|version|flush_all|mn)(?: \w+)?\r\n|(?:incr|decr|touch|delete) [^\s]{1,250}(?: \d+)?\r\n|m[gsda] [^\s]{1,250}(?: [^\s]{1,30}){0,12}\r\n|VERSION \d+\.\d+\.\d+|VALUE [^\s]{1,250} \d{1,10} \d{1,10}(?: \d+)?\r\n|STAT pid \d+|STORED\r\n|END\r\n\Z)", 0.93, "memcached doc/protocol.txt"),
    E("memcached", "cache", BACKGROUND, TCP, (b"\x80", b"\x81"), databases.memcached_binary, 0.8, "memcached BinaryProtocolRevamped"),
    E("memcached", "cache", BACKGROUND, UDP, (b"\0\1\0\0", b"\0\2\0\0"), rb"..\x00\x00\x00[\x01-\x40]\x00\x00(?:gets? |set |VALUE |END\r\n|stats|STAT |STORED\r\n)", 0.95, "memcached doc/protocol.txt, UDP protocol", 4),
    E("ClickHouse", "database", BACKGROUND, TCP, (b"\0\x0a", b"\0\x0b", b"\0\x11", b"\0\x12", b"\0\x10"), rb"\x00[\x05-\x40][A-Za-z_. -]{0,50}(?:ClickHouse|clickhouse)", 0.97, "ClickHouse native protocol, Hello"),
    E("Elasticsearch transport", "database", BACKGROUND, TCP, (b"ES\0\0", b"ES\xff\xff\xff\xff"), rb"ES(?:\x00\x00..\x00\x00\x00\x00|\xff\xff\xff\xff)", 0.93, "Elasticsearch TcpHeader"),
    E("Neo4j Bolt", "database", BACKGROUND, TCP, (b"\x60\x60\xb0\x17",), None, 0.98, "Neo4j Bolt handshake"),
    E("LDAP", "directory", BACKGROUND, TCP, (b"\x30",), databases.ldap, 0.93, "RFC 4511 section 4"),
    E("LDAP", "directory", BACKGROUND, UDP, (b"\x30",), databases.ldap, 0.93, "RFC 4511, MS-ADTS section 6.3.3"),
    E("Kerberos", "directory", BACKGROUND, UDP, (b"\x6a", b"\x6b", b"\x6c", b"\x6d", b"\x7e"), rb"[\x6a-\x6d\x7e](?:[\x00-\x7f]|\x81.|\x82..)\x30(?:[\x00-\x7f]|\x81.|\x82..)[\xa0\xa1]\x03\x02\x01\x05", 0.97, "RFC 4120"),
    E("Kerberos", "directory", BACKGROUND, TCP, (b"\0\0",), rb"\x00\x00..[\x6a-\x6d\x7e](?:[\x00-\x7f]|\x81.|\x82..)\x30(?:[\x00-\x7f]|\x81.|\x82..)[\xa0\xa1]\x03\x02\x01\x05", 0.97, "RFC 4120 section 7.2.2"),
    E("RADIUS", "directory", BACKGROUND, UDP, (b"\x01", b"\x02", b"\x03", b"\x04", b"\x05", b"\x0b"), check.radius, 0.9, "RFC 2865 section 3"),
    E("SMTP", "mail", BACKGROUND, TCP, (b"220 ", b"220-"), rb"220[ -][^\r\n]{0,200}SMTP", 0.97, "RFC 5321"),
    E("SMTP", "mail", BACKGROUND, TCP, (b"EHLO ", b"HELO ", b"LHLO "), rb"(?:EHLO|HELO|LHLO) [\w\[\].:-]+\r\n", 0.97, "RFC 5321"),
    E("IMAP", "mail", BACKGROUND, TCP, (b"* OK ", b"* PREAUTH"), rb"\* (?:OK|PREAUTH) [^\r\n]{0,200}(?:IMAP|CAPABILITY|ready)", 0.97, "RFC 9051"),
    E("POP3", "mail", BACKGROUND, TCP, (b"+OK ",), rb"\+OK [^\r\n]{0,100}(?:POP3?|[Rr]eady|<[\w.@-]+>)", 0.95, "RFC 1939"),
    E("IRC", "chat", BACKGROUND, TCP, (b"NICK ", b"USER ", b"CAP LS", b":"), rb"(?:NICK \S+\r?\n|CAP LS(?: 30\d)?\r?\n|:\S{1,200} NOTICE (?:AUTH|\*) :)", 0.93, "RFC 2812"),
    E("XMPP", "chat", BACKGROUND, TCP, (b"<?xml", b"<stream:"), rb"(?:<\?xml[^>]{0,100}\?>)?\s?<stream:stream", 0.97, "RFC 6120"),
    E("telnet", "terminal", BACKGROUND, TCP, (b"\xff\xfb", b"\xff\xfc", b"\xff\xfd", b"\xff\xfe"), check.telnet, 0.9, "RFC 854"),
    E("RDP", "remote desktop", BACKGROUND, TCP, (b"\x03\0\0",), check.rdp, 0.95, "MS-RDPBCGR section 2.2.1.1"),
    E("VNC", "remote desktop", BACKGROUND, TCP, (b"RFB 00",), rb"RFB \d{3}\.\d{3}\n", 0.99, "RFC 6143 section 7.1.1"),
    E("X11", "remote desktop", BACKGROUND, TCP, (b"l\0\x0b\0", b"B\0\0\x0b"), rb"(?:l\x00\x0b\x00\x00\x00|B\x00\x00\x0b\x00\x00)", 0.95, "X Window System protocol, connection setup"),
    E("BitTorrent", "file sharing", BACKGROUND, TCP, (b"\x13BitTorrent protocol",), None, 0.99, "BEP 3"),
    E("BitTorrent DHT", "file sharing", BACKGROUND, UDP, (b"d1:", b"d2:ip"), rb"d(?:1:[ad]d|1:rd|1:el|2:ip)\w?", 0.93, "BEP 5"),
    E("uTP", "file sharing", BACKGROUND, UDP, (b"\x41",), check.utp, 0.85, "BEP 29"),
    E("SOCKS", "proxy", BACKGROUND, TCP, (b"\x05", b"\x04"), check.socks, 0.85, "RFC 1928; SOCKS 4"),
    E("WireGuard", "tunnel", BACKGROUND, UDP, (b"\x01\0\0\0", b"\x02\0\0\0", b"\x03\0\0\0", b"\x04\0\0\0"), check.wireguard, 0.93, "WireGuard whitepaper section 5.4"),
    E("OpenVPN", "tunnel", BACKGROUND, UDP, (b"\x38",), check.openvpn, 0.85, "OpenVPN ssl_pkt.h, protocol"),
    E("OpenVPN", "tunnel", BACKGROUND, TCP, (b"\0",), check.openvpn_stream, 0.85, "OpenVPN ssl_pkt.h, protocol"),
    E("IKE", "tunnel", BACKGROUND, UDP, _ANY, check.ike, 0.95, "RFC 7296 section 3.1, RFC 3948"),
    E("VXLAN", "tunnel", BACKGROUND, UDP, (b"\x08\0\0\0",), rb"\x08\x00\x00\x00...\x00(?!\x00{6}).{12}(?:\x08\x00[\x45-\x4f]|\x08\x06\x00\x01|\x86\xdd\x60|\x81\x00)", 0.95, "RFC 7348 section 5"),
    E("Bitcoin", "peer to peer", BACKGROUND, TCP, (b"\xf9\xbe\xb4\xd9",), None, 0.97, "Bitcoin P2P network, message start"),
    E("CoAP", "devices", BACKGROUND, UDP, (b"\x40", b"\x44", b"\x48", b"\x50", b"\x52", b"\x54", b"\x58"), rb"[\x40\x44\x48\x50\x54\x58][\x01-\x04].{2}(?:.{4}|.{8}|)[\xb1-\xbc][a-z.]", 0.8, "RFC 7252 section 3"),
    E("PostgreSQL", "database", BACKGROUND, TCP, tuple(bytes([c]) for c in b"QPBEXTDCZRSKEN123nstdcGHpA"), databases.postgres_messages, 0.9, "PostgreSQL protocol, message formats"),
    E("MPEG-TS", "video", BACKGROUND, UDP, (b"G",), check.mpeg_ts, 0.93, "ISO/IEC 13818-1 section 2.4.3.2"),
    E("MPEG-TS", "video", BACKGROUND, TCP, (b"G",), check.mpeg_ts, 0.93, "ISO/IEC 13818-1 section 2.4.3.2"),
    E("BitTorrent", "discovery", BACKGROUND, UDP, (b"BT-SEARCH",), None, 0.97, "BEP 14"),
    E("SMTP", "mail", BACKGROUND, TCP, (b"MAIL FROM:", b"RCPT TO:", b"mail from:"), None, 0.93, "RFC 5321"),
)
