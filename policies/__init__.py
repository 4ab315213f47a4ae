"""Policies: traffic classes, their marks and queues, as one checked file."""
