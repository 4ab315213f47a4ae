"""Specs: what they mean, and what is said about the ones that mean nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import topologies
from topologies import errors
from topologies.registry import build, families, family
from topologies.units import delay_text, rate_text, read_delay, read_factor, read_rate


def test_spec_and_overrides() -> None:
    topology = build("leafspine,spines=2, leaves=3,hosts=1,rate=20M", hosts=2, delay="10ms")
    assert len(topology.hosts) == 6, "an override wins"
    assert {link.rate_bps for link in topology.links} == {20_000_000}
    assert {link.delay_s for link in topology.links} == {0.01}


@pytest.mark.parametrize(
    ("name", "found"),
    [("Leaf-Spine", "leafspine"), ("wan", "abilene"), ("edge-cloud", "edgecloud")],
)
def test_names_as_people_write_them(name: str, found: str) -> None:
    assert family(name).name == found


@pytest.mark.parametrize(
    ("spec", "error", "remedy"),
    [
        ("leafspin", errors.UnknownFamilyError, "did you mean 'leafspine'"),
        ("zzz", errors.UnknownFamilyError, "there are: leafspine, fattree"),
        ("", errors.UnknownFamilyError, "there are"),
        ("leafspine,spine=2", errors.UnknownParameterError, "did you mean 'spines'"),
        ("ring,zzz=2", errors.UnknownParameterError, "it has: n, hosts"),
        ("ring,4", errors.SpecSyntaxError, "write name,key=value"),
        ("ring,n=", errors.SpecSyntaxError, "write name,key=value"),
        ("ring,", errors.SpecSyntaxError, "write name,key=value"),
        ("ring,n=3,n=4", errors.SpecSyntaxError, "leave one out"),
        ("ring:4", errors.SpecSyntaxError, "takes no ':'"),
        ("ring,n=2", errors.SizeError, r"ring n must be a whole number, 3\.\.512; got 2"),
        ("ring,n=3.5", errors.ParameterValueError, "a whole number"),
        ("ring,rate=10", errors.SizeError, "a rate such as 50M"),
        ("ring,delay=10", errors.SizeError, "a delay such as 10ms"),
        ("ring,delay=-1ms", errors.SizeError, "a delay"),
        ("file", errors.MissingParameterError, "write file:PATH"),
        ("file:", errors.ParameterValueError, "isn't empty"),
    ],
)
def test_mistakes(spec: str, error: type[errors.TopologyError], remedy: str) -> None:
    with pytest.raises(error, match=remedy):
        build(spec)


@pytest.mark.parametrize("value", [True, 2.0, None])
def test_counts_from_python_are_whole_numbers(value: object) -> None:
    with pytest.raises(errors.ParameterValueError):
        build("leafspine", spines=value)


@given(
    st.sampled_from([*(family.name for family in families() if not family.source), "x"]),
    st.lists(st.text("nkhosts=,:. 0123456789MmGe-+", max_size=8), max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_any_spec_builds_or_explains(name: str, rest: list[str]) -> None:
    try:
        assert build(",".join([name, *rest])).switches
    except errors.TopologyError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "rate_bps"),
    [
        ("50M", 50_000_000),
        ("1G", 10**9),
        ("1.5gbit/s", 1_500_000_000),
        ("100 kbps", 100_000),
        ("2.48Gbit", 2_480_000_000),
        (1000, 1000),
        ("1e6", 10**6),
    ],
)
def test_rates(text: object, rate_bps: int) -> None:
    assert read_rate(text) == rate_bps


@pytest.mark.parametrize(
    ("text", "delay_s"), [("10ms", 0.01), ("50us", 5e-5), ("0", 0.0), ("1s", 1.0), (0.25, 0.25)]
)
def test_delays(text: object, delay_s: float) -> None:
    assert read_delay(text) == pytest.approx(delay_s)


@pytest.mark.parametrize("text", ["", "M", "5X", "nan", "inf", "1e999", "--1", "1.2.3", "True"])
def test_what_is_no_quantity(text: str) -> None:
    for read in (read_rate, read_delay, read_factor):
        with pytest.raises(ValueError, match=r"not a quantity|too large"):
            read(text)


@given(st.integers(1, 999_999), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_a_rate_written_reads_the_same(digits: int, unit: int) -> None:
    assert read_rate(rate_text(digits * unit)) == digits * unit


@given(st.integers(0, 1000))
def test_a_delay_written_reads_the_same(milliseconds: int) -> None:
    delay_s = milliseconds / 1000
    assert read_delay(delay_text(delay_s)) == pytest.approx(delay_s)


def test_the_standard_library_is_enough() -> None:
    # mn.py runs under a Python that has Mininet and nothing of ours installed: -S hides the rest.
    root = Path(topologies.__file__).parent.parent
    code = "from topologies.registry import build; print(len(build('fattree').switches))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "20"
