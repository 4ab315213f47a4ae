"""stub."""
NEEDS_NETWORK = False
