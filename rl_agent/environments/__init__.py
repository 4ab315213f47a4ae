"""Gymnasium environments, registered under `headway/` when Gymnasium looks for plug-ins."""

import gymnasium

NAMESPACE = "headway"
# Name without version: the module it is in; its classes are NAME + "Env" and NAME + "VectorEnv".
_MODULES = {"TrafficMatrix": "traffic_matrix", "Jobs": "jobs"}
_LIVE = f"{NAMESPACE}/Mininet-v0"  # one network, so no batch of them


def register() -> None:
    """Called by Gymnasium's plug-in loader; calling it again, or without it, is harmless."""
    for name, module in _MODULES.items():
        full = f"{NAMESPACE}/{name}-v0"
        if full in gymnasium.registry:
            continue
        place = f"{__name__}.{module}:{name}"
        gymnasium.register(full, f"{place}Env", vector_entry_point=f"{place}VectorEnv")
    if _LIVE not in gymnasium.registry:
        gymnasium.register(_LIVE, f"{__name__}.mininet:MininetEnv")
