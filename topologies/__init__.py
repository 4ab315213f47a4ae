"""Topologies as pure data: switches, hosts and links, before any of them exists."""
