"""What a flow is: its traffic class, protocol and role, from its first bytes, its behaviour and hints.

Pure: bytes and times in, verdicts out. No sockets, clock or OpenFlow; see docs/classification.md.
"""
