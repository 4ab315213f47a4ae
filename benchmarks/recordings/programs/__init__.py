"""The programs that can be recorded, one module per family; `catalogue` imports them all."""
