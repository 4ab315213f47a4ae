"""Kinds of arguments that several subcommands take."""

import argparse


def address(text: str) -> tuple[str, int]:
    """HOST:PORT, [IPv6]:PORT or :PORT (loopback), for argparse."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r}: give HOST:PORT, such as 127.0.0.1:6653")
    return host.strip("[]") or "127.0.0.1", int(port)
