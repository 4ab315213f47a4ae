"""Topologies as pure data: switches, hosts and links, before any of them exists.

Start with `registry.build("leafspine,spines=2,leaves=3,hosts=2")`; `model` says what comes back.
This package imports the standard library only (`topohub` where a topology of it is asked for),
because `mn.py` runs it under the Python that Mininet is installed for.
"""
