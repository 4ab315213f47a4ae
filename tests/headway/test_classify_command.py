"""`headway classify`: for people and programs, right and damaged captures, labels and jobs."""

import gzip
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet
from scapy.utils import wrpcap

from headway.cli import main

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: a\r\nUser-Agent: Prometheus/2.50\r\n\r\n"
SSH = b"SSH-2.0-OpenSSH_9.2\r\n"


def connection(sport: int, client: bytes = b"", server: bytes = b"", dport: int = 9999
               ) -> list[Packet]:  # fmt: skip
    forth = Ether() / IP(src="10.0.0.1", dst="10.0.0.2")
    back = Ether() / IP(src="10.0.0.2", dst="10.0.0.1")
    packets = [
        forth / TCP(sport=sport, dport=dport, flags="S", seq=100),
        back / TCP(sport=dport, dport=sport, flags="SA", seq=500, ack=101),
    ]
    if client:
        packets.append(forth / TCP(sport=sport, dport=dport, flags="PA", seq=101) / client)
    if server:
        packets.append(back / TCP(sport=dport, dport=sport, flags="PA", seq=501) / server)
    return packets


def capture(file: Path, packets: Iterable[Packet]) -> Path:
    for number, packet in enumerate(made := list(packets)):
        packet.time = 1000 + number / 100
    wrpcap(str(file), made)
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return capture(tmp_path / "day.pcap", [
        *connection(40001, REQUEST), *connection(40002, SSH, SSH, dport=2222), *connection(40003),
        Ether() / ARP(),
        Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=7, dport=9) / b"?",
    ])  # fmt: skip


def asked(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> Any:
    assert main(["classify", *map(str, words), "--json"]) == code
    return json.loads(capsys.readouterr().out)


LABELS = """\
file,l4,client,cport,server,sport,expected_class
day.pcap,tcp,10.0.0.1,40001,10.0.0.2,9999,telemetry
day.pcap,tcp,10.0.0.2,2222,10.0.0.1,40002,bulk
day.pcap,tcp,10.0.0.1,49999,10.0.0.2,9999,bulk
other.pcap,tcp,10.0.0.1,40001,10.0.0.2,9999,bulk
"""


def test_json_has_every_flow(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = asked(capsys, file)
    flows = {flow["cport"]: flow for flow in told["flows"]}
    assert len(flows) == 4 and told["errors"] == [] and told["skipped"]["without_flow"] == 1
    scrape = flows[40001]
    ends = ("file", "l4", "client", "cport", "server", "sport")
    assert tuple(scrape[end] for end in ends) == \
        ("day.pcap", "tcp", "10.0.0.1", 40001, "10.0.0.2", 9999)  # fmt: skip
    assert scrape["class"] == "telemetry" and scrape["known"] is True
    assert scrape["reason"] == "signature" and scrape["packets_needed"] == 1
    assert 0.5 < scrape["confidence"] <= 1 and scrape["protocol"] and "role" in scrape
    assert flows[40002]["protocol"] == "SSH" and flows[7]["l4"] == "udp"
    assert flows[7]["class"] == "background"


def test_table_for_people(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(file)]) == 0
    shown = capsys.readouterr()
    assert "10.0.0.1:40001 > 10.0.0.2:9999" in shown.out and "telemetry" in shown.out
    assert "background?" in shown.out and "4 flows in 11 frames" in shown.out and not shown.err
    assert main(["classify", str(file), "--limit", "1"]) == 0
    assert "3 more flows" in capsys.readouterr().out


def test_several_files_are_apart(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
                                 ) -> None:  # fmt: skip
    night = capture(tmp_path / "night.pcap", connection(40003, dport=2222))
    both = asked(capsys, file, night)["flows"]
    assert both == asked(capsys, file)["flows"] + asked(capsys, night)["flows"]
    swapped = asked(capsys, night, file)["flows"]
    assert swapped == both[-1:] + both[:-1]


def test_labels(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(LABELS)
    score = asked(capsys, file, "--labels", labels)["score"]
    assert score["all"]["flows"] == 2 and score["all"]["accuracy"] == 0.5
    assert score["with_payload"]["classes"]["telemetry"]["f1"] == 1.0
    (wrong,) = score["wrong"]
    assert wrong["expected"] == "bulk" and wrong["protocol"] == "SSH"
    assert score["unlabelled"] == 2 and [key["cport"] for key in score["unseen"]] == [49999]
    assert main(["classify", str(file), "--labels", str(labels)]) == 0
    shown = capsys.readouterr().out
    assert "accuracy 0.500" in shown and "wrong, of all" in shown and "1 labels have no" in shown


def test_wrong_labels(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(LABELS.replace("telemetry", "metrics"))
    assert main(["classify", str(file), "--labels", str(labels)]) == 2
    assert f"{labels}:2: class 'metrics'" in capsys.readouterr().err


def test_damage_keeps_what_was_read(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
                                    ) -> None:  # fmt: skip
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(file.read_bytes()[:-20])
    told = asked(capsys, cut, file, code=2)
    assert len([flow for flow in told["flows"] if flow["file"] == "cut.pcap"]) == 3
    assert len([flow for flow in told["flows"] if flow["file"] == "day.pcap"]) == 4
    (error,) = told["errors"]
    assert error["file"] == str(cut) and 24 < error["offset"] < cut.stat().st_size
    assert main(["classify", str(cut)]) == 2
    shown = capsys.readouterr()
    assert "telemetry" in shown.out
    assert f"{cut}: at byte {error['offset']}" in shown.err


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", bytes(100)])
def test_no_capture(data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "not.pcap"
    file.write_bytes(data)
    assert asked(capsys, file, code=2)["flows"] == []
    assert main(["classify", str(tmp_path / "none")]) == main(["classify", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("headway: error:") == 2


def test_link_type_that_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wifi.pcap"
    wrpcap(str(file), [Ether() / IP() / UDP()] * 3, linktype=105)
    assert main(["classify", str(file)]) == 2
    assert capsys.readouterr().err.count("link type 105") == 1


def test_gzip_and_standard_input(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                 capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    packed = tmp_path / "day.pcap.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    whole = [{**flow, "file": ""} for flow in asked(capsys, file)["flows"]]
    assert [{**flow, "file": ""} for flow in asked(capsys, packed)["flows"]] == whole
    with packed.open("rb") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", type("Stdin", (), {"buffer": stream}))
        assert {flow["file"] for flow in asked(capsys, "-")["flows"]} == {"stdin"}


def test_connections_between_the_same_ends_are_one_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=40001, dport=9999, flags="R")
    again = connection(40001)
    again[0][TCP].seq = 70000
    file = capture(tmp_path / "again.pcap", [*connection(40001, REQUEST), end, *again])
    (flow,) = asked(capsys, file)["flows"]
    assert flow["class"] == "telemetry"


def test_joined_in_the_middle_the_server_is_who_has_several_peers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = (
        Ether()
        / IP(src="10.0.0.9", dst="10.0.0.1")
        / TCP(sport=46069, dport=60498, flags="A")
        / b"?"
    )
    second = (
        Ether()
        / IP(src="10.0.0.2", dst="10.0.0.9")
        / TCP(sport=57446, dport=46069, flags="A")
        / b"?"
    )
    flows = asked(capsys, capture(tmp_path / "middle.pcap", [first, second]))["flows"]
    assert {(flow["server"], flow["sport"]) for flow in flows} == {("10.0.0.9", 46069)}


JOB = {"id": "42", "class": "federated", "hosts": ["10.0.0.0/24"]}


@pytest.mark.parametrize("written", [JOB, [JOB], {"jobs": [JOB]}])
def test_jobs(written: object, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
              ) -> None:  # fmt: skip
    jobs = tmp_path / "jobs.json"
    jobs.write_text(json.dumps(written))
    flows = asked(capsys, file, "--jobs", jobs)["flows"]
    assert {(flow["class"], flow["reason"]) for flow in flows} == {("federated", "job")}


@pytest.mark.parametrize("text", ["{", "[1]", '[{"id": "1"}]', "\x00", '"x"', "7", json.dumps(
    [{**JOB, "hosts": ["h1"]}])])  # fmt: skip
def test_wrong_jobs(text: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
                    ) -> None:  # fmt: skip
    jobs = tmp_path / "jobs.json"
    jobs.write_text(text)
    assert main(["classify", str(file), "--jobs", str(jobs)]) == 2
    assert str(jobs) in capsys.readouterr().err


@pytest.mark.parametrize("words", [
    [], ["x.pcap", "--live", "lo"], ["x.pcap", "--duration", "3"],
    ["--live", "lo", "--labels", "x.csv"], ["--live", "no-such-one0"], ["x", "--jobs", "none.json"],
])  # fmt: skip
def test_wrong_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", *words]) == 2
    assert capsys.readouterr().err.startswith("headway: error: ")


@pytest.mark.parametrize("words", [
    ["--duration", "0"], ["--duration", "nan"], ["--duration", "x"], ["--limit", "-1"],
])  # fmt: skip
def test_wrong_numbers(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["classify", "x.pcap", *words])


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["classify", "--help"])
    shown = capsys.readouterr().out
    assert "headway classify day.pcap --labels labels.csv" in shown and "exit code" in shown
    assert "operator rule > job > trusted mark > signature > behaviour > port > default" in shown
