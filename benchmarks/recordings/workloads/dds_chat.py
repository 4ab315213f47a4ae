"""A DDS agent that writes and reads one topic (cyclonedds).

dds_chat.py NAME SECONDS
"""

import sys
import time
from dataclasses import dataclass

from cyclonedds.domain import DomainParticipant
from cyclonedds.idl import IdlStruct
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic


@dataclass
class Plan(IdlStruct, typename="Plan"):
    """What one agent tells the others."""

    who: str
    step: int
    thought: str


def _main(name: str, seconds: float) -> None:
    participant = DomainParticipant(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    topic = Topic(participant, "plans", Plan)
    writer, reader = DataWriter(participant, topic), DataReader(participant, topic)
    end, step = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        writer.write(Plan(name, step, "x" * (step % 150)))
        reader.take(10)
        step += 1
        time.sleep(0.05)


if __name__ == "__main__":
    _main(sys.argv[1], float(sys.argv[2]))
