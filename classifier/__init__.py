"""What a flow is: its class, protocol and role, by its first bytes, its behaviour and hints.

Pure: bytes and times in, verdicts out. No sockets, clock or OpenFlow; see docs/classification.md.
"""
