"""Emulated networks: Mininet and Open vSwitch, built from a topology and taken down again."""
