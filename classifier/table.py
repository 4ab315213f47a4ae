"""The table of signatures of what is neither HTTP, TLS nor QUIC: one entry a line, with source.

Owns the joining of the themes' tables, which hold data only: which bytes name which protocol, how
sure that makes us, who says so. `signatures.py` is the engine.
"""

from classifier import (
    table_control,
    table_inference,
    table_messaging,
    table_services,
    table_storage,
    table_telemetry,
    table_training,
)

ENTRIES = (
    *table_training.ENTRIES,
    *table_control.ENTRIES,
    *table_inference.ENTRIES,
    *table_messaging.ENTRIES,
    *table_telemetry.ENTRIES,
    *table_storage.ENTRIES,
    *table_services.ENTRIES,
)
