"""Signatures of message brokers and message libraries."""

from classifier import checks_frames as frames
from classifier import checks_messaging as check
from classifier.classes import BACKGROUND, MESSAGING
from classifier.evidence import Entry as E
from classifier.model import TCP, UDP

_ANY = (b"",)
_STRICT = tuple(bytes((0x80, 1, 0, kind)) for kind in range(1, 5))
_MQTT_HEADERS = (
    *(bytes([0x30 | flags]) for flags in range(14)),
    b"\x10",
    b"\x20",
    b"\x40",
    b"\x50",
    b"\x62",
    b"\x70",
    b"\x82",
    b"\x90",
    b"\xa2",
    b"\xb0",
    b"\xc0",
    b"\xd0",
    b"\xe0",
    b"\xf0",
)

# fmt: off
ENTRIES = (
    E("ZMTP", "", None, TCP, (b"\xff",), frames.zmtp, 0.97, "ZMTP 3.1 (RFC 37), 2.0 (RFC 15)"),
    E("MQTT", "", None, TCP, _MQTT_HEADERS, frames.mqtt, 0.97, "MQTT 3.1.1 and 5.0 (OASIS) section 2"),
    E("RTPS", "publish/subscribe", MESSAGING, UDP, (b"RTPS", b"RTPX"), check.rtps, 0.98, "OMG DDSI-RTPS 2.5 section 9.4.4"),
    E("RTPS", "publish/subscribe", MESSAGING, TCP, (b"RTPS", b"RTCP"), None, 0.9, "OMG DDSI-RTPS 2.5; RTPS over TCP of Fast DDS"),
    E("NATS", "publish/subscribe", MESSAGING, TCP, (b"INFO ", b"CONNECT ", b"PING\r\n", b"MSG ", b"PUB ", b"HPUB ", b"SUB ", b"+OK\r\n", b"HMSG "), check.nats, 0.96, "NATS client protocol"),
    E("Kafka", "publish/subscribe", MESSAGING, TCP, (b"\0", b"\1"), check.kafka, 0.9, "Kafka protocol guide, request header"),
    E("AMQP", "publish/subscribe", MESSAGING, TCP, (b"AMQP",), rb"AMQP[\x00-\x03][\x00\x01][\x00\x01\x08\x09]", 0.99, "AMQP 0-9-1 section 4.2.2, AMQP 1.0 section 2.2"),
    E("AMQP", "publish/subscribe", MESSAGING, TCP, (b"\x01\0",), check.amqp_frame, 0.95, "AMQP 0-9-1 section 4.2.3"),
    E("STOMP", "publish/subscribe", MESSAGING, TCP, (b"CONNECT\n", b"CONNECT\r\n", b"STOMP\n", b"STOMP\r\n", b"CONNECTED\n", b"CONNECTED\r\n", b"SEND\n", b"MESSAGE\n", b"SUBSCRIBE\n"), rb"[A-Z]{4,9}\r?\n[\w.-]{1,40}:", 0.97, "STOMP 1.2"),
    E("Redis", "database", BACKGROUND, TCP, (b"*", b"+", b"-", b":", b"$", b"%", b">"), check.redis, 0.93, "Redis serialization protocol (RESP) 2 and 3"),
    E("LCM", "publish/subscribe", MESSAGING, UDP, (b"LC02",), rb"LC02.{4}[\x20-\x7e]{1,63}\x00", 0.97, "LCM UDP multicast protocol, short messages"),
    E("LCM", "publish/subscribe", MESSAGING, UDP, (b"LC03",), rb"LC03.{4}\x00.{3}\x00.{7}", 0.97, "LCM UDP multicast protocol, fragments"),
    E("ROS", "topic", MESSAGING, TCP, (b"callerid=", b"topic=/", b"md5sum=", b"type=", b"message_definition=", b"service=/", b"tcp_nodelay=", b"latching="), rb".{2}\x00\x00.{2}\x00\x00", 0.97, "ROS 1 TCPROS connection header", 8),
    E("MAVLink", "vehicles", MESSAGING, UDP, (b"\xfd", b"\xfe"), check.mavlink, 0.85, "MAVLink 1 and 2 serialization"),
    E("MAVLink", "vehicles", MESSAGING, TCP, (b"\xfd", b"\xfe"), check.mavlink, 0.85, "MAVLink 1 and 2 serialization"),
    E("OPC UA", "devices", MESSAGING, TCP, (b"HELF", b"ACKF"), rb"HELF.{2}\x00\x00\x00\x00\x00\x00.{20}opc\.|ACKF\x1c\x00\x00\x00\x00\x00\x00\x00", 0.97, "OPC UA Part 6 section 7.1"),
    E("MQTT-SN", "messages", MESSAGING, UDP, tuple(bytes((size, 4)) for size in range(7, 30)), check.mqtt_sn, 0.93, "MQTT-SN 1.2 section 5.4.4"),
    E("ActiveMQ OpenWire", "publish/subscribe", MESSAGING, TCP, (b"\x01ActiveMQ",), None, 0.97, "OpenWire version 2 WireFormatInfo", 4),
    E("eCAL", "publish/subscribe", MESSAGING, UDP, (b"ECAL",), rb"ECAL[\x00-\x0f]\x00\x00\x00[\x01-\x03]\x00\x00\x00", 0.97, "Eclipse eCAL UDP message header"),
    E("YARP", "robots", MESSAGING, TCP, (b"YA",), rb"YA[\x50-\x90]\x1e\x00\x00RP", 0.97, "YARP port protocol, connection header"),
    E("DDS-XRCE", "devices", MESSAGING, UDP, (b"XRCE",), rb"[\x80-\xff]\x00.{2}\x00", 0.97, "OMG DDS-XRCE 1.0 section 8.3.5.1 CREATE_CLIENT", 8),
    E("GIOP", "remote calls", MESSAGING, TCP, (b"GIOP",), rb"GIOP\x01[\x00-\x03][\x00-\x07][\x00-\x07]", 0.97, "OMG CORBA 3.3 section 9.4.1"),
    E("Ice", "remote calls", MESSAGING, TCP, (b"IceP",), rb"IceP\x01\x00\x01\x00[\x00-\x04]", 0.97, "ZeroC Ice protocol messages"),
    E("Java RMI", "remote calls", MESSAGING, TCP, (b"JRMI",), rb"JRMI\x00[\x01\x02][\x4b-\x4d]", 0.97, "Java RMI wire protocol"),
    E("IBM MQ", "message queue", MESSAGING, TCP, (b"TSH ", b"TSHC", b"TSHM"), rb"TSH[ CM]\x00\x00..", 0.95, "IBM MQ channel protocol, transmission segment header"),
    E("XMPP", "messages", MESSAGING, TCP, (b"<?xml", b"<stream:"), rb"(?:<\?xml[^>]{0,100}\?>)?\s?<stream:stream", 0.97, "RFC 6120"),
    E("XMPP", "messages", MESSAGING, TCP, (b"<message ", b"<presence", b"<iq "), rb"<(?:message|presence|iq)(?: [^>]{0,300}?(?:to|from|type|id)=[\"']|/?>)", 0.9, "RFC 6120 section 8.1, joined midway"),
    E("Redis", "database", BACKGROUND, TCP, (b"PING\r\n",), rb"PING\r\n\Z", 0.7, "Redis serialization protocol (RESP), inline commands"),
    E("Pulsar", "publish/subscribe", MESSAGING, TCP, (b"\0",), check.pulsar, 0.95, "Pulsar binary protocol, PulsarApi.proto"),
    E("Zenoh", "publish/subscribe", MESSAGING, TCP, tuple(bytes((low, high)) for low in range(256) for high in (0, 1)), check.zenoh, 0.9, "Zenoh zenoh-protocol transport/init.rs"),
    E("Zenoh", "publish/subscribe", MESSAGING, UDP, tuple(bytes([flags | 1]) for flags in range(0, 256, 32)), check.zenoh_datagram, 0.85, "Zenoh zenoh-protocol transport/init.rs"),
    E("Zenoh", "discovery", MESSAGING, UDP, (b"\x01", b"\x02", b"\x41", b"\x42", b"\x81", b"\x82"), rb"[\x01\x02\x41\x42\x81\x82][\x08-\x0a](?:[\x01-\x07]\Z|.{2,40}(?:tcp|udp|quic|tls)/)", 0.6, "Zenoh zenoh-protocol scouting"),
    E("beanstalkd", "work queue", MESSAGING, TCP, (b"use ", b"put ", b"watch ", b"reserve", b"USING ", b"WATCHING", b"INSERTED"), rb"(?:use [\w./;$()+-]{1,200}\r\n|put \d{1,10} \d{1,9} \d{1,9} \d{1,9}\r\n|watch [\w./;$()+-]{1,200}\r\n|reserve(?:-with-timeout \d+)?\r\n|USING [\w.-]{1,200}\r\n|WATCHING \d+\r\n|INSERTED \d+\r\n)", 0.95, "beanstalkd doc/protocol.txt"),
    E("Thrift", "remote calls", MESSAGING, TCP, _STRICT, check.thrift, 0.93, "Apache Thrift thrift-binary-protocol.md"),
    E("Thrift", "remote calls", MESSAGING, TCP, _STRICT, check.thrift, 0.93, "Apache Thrift thrift-binary-protocol.md", 4),
    E("SOME/IP", "publish/subscribe", MESSAGING, UDP, _ANY, check.some_ip, 0.9, "AUTOSAR SOME/IP protocol specification"),
    E("Aeron", "publish/subscribe", MESSAGING, UDP, _ANY, check.aeron, 0.8, "Aeron transport protocol specification; HeaderFlyweight.java"),
    E("RocketMQ", "publish/subscribe", MESSAGING, TCP, (b"\0",), check.rocketmq, 0.95, "RocketMQ RemotingCommand"),
    E("Dubbo", "remote calls", MESSAGING, TCP, (b"\xda\xbb",), rb"\xda\xbb(?:[\x80-\xff]\x00|[\x00-\x3f][\x14-\x64]).{8}\x00", 0.9, "Apache Dubbo ExchangeCodec.java"),
    E("NSQ", "publish/subscribe", MESSAGING, TCP, (b"  V2",), None, 0.95, "NSQ TCP protocol"),
    E("Gearman", "remote calls", MESSAGING, TCP, (b"\0REQ", b"\0RES"), rb"\x00RE[QS]\x00\x00\x00[\x01-\x2a]", 0.97, "Gearman protocol"),
    E("ZMTP", "", None, TCP, tuple(bytes([k]) for k in range(1, 64)), frames.zmtp_1, 0.6, "ZMTP 1.0 (RFC 13)"),
    E("ZMTP", "", None, TCP, (b"\1",), frames.zmtp_joined, 0.85, "ZMTP 3.1 (RFC 37), joined midway"),
    E("nanomsg", "", None, TCP, (b"\0SP\0",), rb"\x00SP\x00\x00[\x00-\x7f]\x00\x00", 0.98, "nanomsg sp-tcp-mapping, nng"),
)
