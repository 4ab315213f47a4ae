"""Runs the API of `api_site` under eventlet until killed; says "ready" once it listens.

api_process.py STATE_FOLDER JSON_OF_SETTINGS
"""

# Before anything else is imported, as the launcher does.
import warnings

warnings.filterwarnings("ignore")
import eventlet  # noqa: E402

eventlet.monkey_patch()

import dataclasses  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "controller")]
from api_site import MemoryManager, small_state  # noqa: E402

from controller import framework  # noqa: E402
from controller.api import server  # noqa: E402
from controller.notes import NoteLog  # noqa: E402
from controller.settings import Settings  # noqa: E402


def main(folder: str, options: str) -> None:
    """Serves until killed."""
    told = json.loads(options)
    for name in ("HEADERS_S", "BODY_S", "SILENT_S", "MAX_CONNECTIONS"):
        if name in told:
            setattr(server, name, told.pop(name))
    takes_s = told.pop("takes_s", 0.0)
    state = small_state()
    manager = MemoryManager(Path(folder), state, framework.hub.sleep)
    manager.takes_s = takes_s
    settings = dataclasses.replace(Settings(), state=folder, **told)
    server.serve(settings, state, manager, NoteLog())
    print("ready", flush=True)
    while True:
        framework.hub.sleep(0.01)  # what the rest of the controller would do


if __name__ == "__main__":
    main(*sys.argv[1:])
