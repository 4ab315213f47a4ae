"""Tasks by Celery over the broker of the environment: an app for its worker, or run to ask."""

import os
import sys
import time

from celery import Celery, chord, group

WHERE = os.environ["BROKER"]
app = Celery("celery_tasks", broker=WHERE, backend=os.environ.get("RESULTS", WHERE))


@app.task
def plan(goal: str) -> dict[str, str]:
    """One step of an agent."""
    time.sleep(0.05)
    return {"goal": goal, "step": "search " + goal * 10}


@app.task
def join(parts: list[dict[str, str]]) -> int:
    """The end of a chord."""
    return len(parts)


if __name__ == "__main__":
    for number in range(6):
        plan.delay(f"goal {number}").get(timeout=20)
    group(plan.s(str(n)) for n in range(8))().get(timeout=20)
    if sys.argv[1:] != ["simple"]:  # results by RPC have no chords
        print(chord(plan.s(str(n)) for n in range(4))(join.s()).get(timeout=20))
