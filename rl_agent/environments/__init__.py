"""Gymnasium environments under `headway/`: registered when this package is imported.

    gymnasium.make("rl_agent.environments:headway/Jobs-v0")    imports it by itself

The entry point of the distribution does the same for Gymnasium before 1.0, which looked for it.
"""

import gymnasium

NAMESPACE = "headway"
# Name without version: the module it is in; its classes are NAME + "Env" and NAME + "VectorEnv".
_MODULES = {"TrafficMatrix": "traffic_matrix", "Jobs": "jobs"}
_LIVE = f"{NAMESPACE}/Mininet-v0"  # one network, so no batch of them


def register() -> None:
    """Tells Gymnasium; calling it again is harmless."""
    for name, module in _MODULES.items():
        full = f"{NAMESPACE}/{name}-v0"
        if full in gymnasium.registry:
            continue
        place = f"{__name__}.{module}:{name}"
        gymnasium.register(full, f"{place}Env", vector_entry_point=f"{place}VectorEnv")
    if _LIVE not in gymnasium.registry:
        gymnasium.register(_LIVE, f"{__name__}.mininet:MininetEnv")


register()
