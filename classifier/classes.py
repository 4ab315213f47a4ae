"""Short names of the traffic classes, for tables with one entry a line."""

from policies.classes import TrafficClass

CONTROL = TrafficClass.CONTROL
INFERENCE = TrafficClass.INFERENCE
MESSAGING = TrafficClass.MESSAGING
TELEMETRY = TrafficClass.TELEMETRY
GRADIENT = TrafficClass.GRADIENT
FEDERATED = TrafficClass.FEDERATED
MODELS = TrafficClass.MODEL_DISTRIBUTION
BULK = TrafficClass.BULK
BACKGROUND = TrafficClass.BACKGROUND
