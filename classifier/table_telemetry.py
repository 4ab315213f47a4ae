"""Signatures of measurements and logs."""

from classifier import checks_telemetry as check
from classifier.classes import TELEMETRY
from classifier.evidence import Entry as E
from classifier.model import TCP, UDP

_WORD = tuple(bytes([c]) for c in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_STATSD = rb"[\w.\-:/#@%+]{1,200}(?:,[\w.\-]+=[\w.\-]+){0,20}:[-+]?\d[\d.eE+-]{0,30}(?::[-+]?[\d.]+){0,30}\|(?:c|g|ms|h|s|d|m)(?:\||\n|\Z)"
_GRAPHITE = rb"[\w.\-/*;=~%]{1,250} [-+]?\d[\d.eE+-]{0,30} (?:1\d{9}|-1)(?:\.\d+)?\r?\n"
_INFLUX = rb'[\w.\-/:]{1,100}(?:,[\w.\-]{1,60}=(?:[^\s,=\\]|\\.){1,100}){0,20} [\w.\-]{1,80}=(?:[-+]?[\d.eE+-]+[iu]?|t|f|T|F|true|false|"[^"\n]{0,200}")(?:,[\w.\-]{1,80}=(?:[-+]?[\d.eE+-]+[iu]?|t|f|T|F|true|false|"[^"\n]{0,200}")){0,40}(?:\n| 1\d{9,18}(?:\n|\Z))'
_SYSLOG = rb"<(?:1?\d{1,2})>(?:1 (?:\d{4}-\d\d-\d\dT|- )|[A-Z][a-z]{2} [ \d]\d \d\d:|\d{4}-\d\d-\d\dT|[\w./-]{1,64}(?:\[\d+\])?: |[^\x00-\x08\x0e-\x1f\x7f-\xff]{6})"

# fmt: off
ENTRIES = (
    E("SNMP", "polling", TELEMETRY, UDP, (b"\x30",), check.snmp, 0.96, "RFC 3416, RFC 3412"),
    E("SNMP", "polling", TELEMETRY, TCP, (b"\x30",), check.snmp, 0.9, "RFC 3430, RFC 3416"),
    E("sFlow", "samples", TELEMETRY, UDP, (b"\0\0\0\x05",), check.sflow, 0.97, "sFlow version 5 section 5"),
    E("NetFlow v5", "flow records", TELEMETRY, UDP, (b"\0\x05",), check.netflow_5, 0.96, "Cisco NetFlow export datagram format"),
    E("NetFlow v9", "flow records", TELEMETRY, UDP, (b"\0\x09",), check.netflow_9, 0.95, "RFC 3954 section 5"),
    E("IPFIX", "flow records", TELEMETRY, UDP, (b"\0\x0a",), check.ipfix, 0.95, "RFC 7011 section 3"),
    E("IPFIX", "flow records", TELEMETRY, TCP, (b"\0\x0a",), check.ipfix_stream, 0.9, "RFC 7011 section 3"),
    E("syslog", "logs", TELEMETRY, UDP, (b"<",), _SYSLOG, 0.93, "RFC 5424, RFC 3164"),
    E("syslog", "logs", TELEMETRY, TCP, (b"<",), _SYSLOG, 0.92, "RFC 6587 section 3.4.2"),
    E("syslog", "logs", TELEMETRY, TCP, tuple(bytes([c]) for c in b"123456789"), rb"\d{1,5} <\d{1,3}>(?:1 |[A-Z][a-z]{2} )", 0.95, "RFC 6587 section 3.4.1"),
    E("RELP", "logs", TELEMETRY, TCP, (b"1 open ",), rb"1 open \d+ relp_version=", 0.97, "RELP specification of rsyslog"),
    E("collectd", "measurements", TELEMETRY, UDP, (b"\0\0\0", b"\x02\0", b"\x02\x10"), check.collectd, 0.95, "collectd binary protocol"),
    E("StatsD", "measurements", TELEMETRY, UDP, _WORD, _STATSD, 0.95, "etsy/statsd metric_types.md, DogStatsD"),
    E("StatsD", "measurements", TELEMETRY, TCP, _WORD, _STATSD, 0.93, "etsy/statsd metric_types.md, DogStatsD"),
    E("Graphite", "measurements", TELEMETRY, TCP, _WORD, _GRAPHITE, 0.95, "Graphite feeding-carbon, plaintext"),
    E("Graphite", "measurements", TELEMETRY, UDP, _WORD, _GRAPHITE, 0.95, "Graphite feeding-carbon, plaintext"),
    E("Graphite", "measurements", TELEMETRY, TCP, (b"\x80\x02", b"\x80\x03", b"\x80\x04"), check.graphite_pickle, 0.9, "Graphite feeding-carbon, pickle", 4),
    E("Influx line protocol", "measurements", TELEMETRY, UDP, _WORD, _INFLUX, 0.9, "InfluxDB line protocol reference"),
    E("Influx line protocol", "measurements", TELEMETRY, TCP, _WORD, _INFLUX, 0.9, "InfluxDB line protocol reference; Telegraf socket_listener"),
    E("Fluentd forward", "logs", TELEMETRY, TCP, (b"\x92", b"\x93", b"\x94", b"\x95", b"\x96"), check.fluentd, 0.92, "Fluentd forward protocol v1"),
    E("Beats", "logs", TELEMETRY, TCP, (b"2W\0\0", b"1W\0\0"), rb"[12]W\x00\x00.{2}[12][CJDW]", 0.97, "Elastic Lumberjack protocol v2"),
    E("GELF", "logs", TELEMETRY, UDP, (b"\x1e\x0f",), rb"\x1e\x0f.{8}\x00[\x01-\x80]", 0.85, "Graylog extended log format 1.1, chunks"),
    E("GELF", "logs", TELEMETRY, UDP, (b'{"',), rb'\{.{0,400}?"short_message" ?:', 0.95, "Graylog extended log format 1.1"),
    E("GELF", "logs", TELEMETRY, TCP, (b'{"',), rb'\{.{0,400}?"short_message" ?:', 0.95, "Graylog extended log format 1.1"),
    E("Jaeger", "traces", TELEMETRY, UDP, (b"\x82\x81", b"\x82\x21"), rb"\x82[\x21\x81].{1,5}?\x09emitBatch", 0.98, "Jaeger agent.thrift, Thrift compact protocol"),
    E("Jaeger", "traces", TELEMETRY, UDP, (b"\x80\x01\0\x04", b"\x80\x01\0\x01"), rb"\x80\x01\x00[\x01\x04]\x00\x00\x00\x09emitBatch", 0.98, "Jaeger agent.thrift, Thrift binary protocol"),
    E("Ganglia", "measurements", TELEMETRY, UDP, (b"\0\0\0\x80", b"\0\0\0\x85", b"\0\0\0\x86"), rb"\x00\x00\x00[\x80-\x8b]\x00\x00\x00[\x01-\x40][\w.-]", 0.85, "Ganglia gm_protocol.x"),
    E("Ganglia", "measurements", TELEMETRY, TCP, (b"<?xml",), rb"<\?xml[^>]{0,100}\?>\s{0,4}<!DOCTYPE GANGLIA_XML", 0.98, "Ganglia gmond, gmetad: report in XML"),
    E("OpenTSDB", "measurements", TELEMETRY, TCP, (b"put ",), rb"put [\w./-]{1,200} \d{10,13} [-+]?\d[\d.eE+-]{0,30} [\w./-]{1,100}=", 0.97, "OpenTSDB telnet-style put"),
    E("Munin", "measurements", TELEMETRY, TCP, (b"# munin node at ",), None, 0.98, "Munin node protocol"),
    E("Checkmk", "measurements", TELEMETRY, TCP, (b"<<<check_mk>>>",), None, 0.98, "Checkmk agent output"),
    E("Netdata", "measurements", TELEMETRY, TCP, (b"STREAM key=",), rb"STREAM key=[^& ]{1,60}&hostname=", 0.98, "netdata/netdata streaming sender"),
    E("NRPE", "checks", TELEMETRY, TCP, tuple(bytes((0, version, 0, kind)) for version in (2, 3, 4) for kind in (1, 2, 3)), check.nrpe, 0.97, "Nagios NRPE common.h, packets of version 2 to 4"),
    E("Zabbix", "measurements", TELEMETRY, TCP, (b"ZBXD\x01", b"ZBXD\x03"), None, 0.97, "Zabbix protocol header"),
)
