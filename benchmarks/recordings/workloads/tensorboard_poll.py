"""TensorBoard: `write FOLDER` makes a log, `read URL` polls as its page does."""

import json
import sys
import time
import urllib.parse
import urllib.request


def write(folder: str) -> None:
    """Scalars of two runs."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    for run in ("train", "test"):
        writer = EventFileWriter(f"{folder}/{run}")
        for step in range(400):
            value = Summary.Value(tag="loss", simple_value=1 / (step + 1))
            writer.add_event(
                Event(wall_time=time.time(), step=step, summary=Summary(value=[value]))
            )
        writer.close()


def read(url: str) -> None:
    """Environment, plugins, tags, then series again and again."""

    def get(path: str) -> bytes:
        return urllib.request.urlopen(url + path).read()

    get("/")
    for _ in range(6):
        for path in ("/data/environment", "/data/plugins_listing", "/data/runs"):
            get(path)
        get("/data/plugin/timeseries/tags")
        asked = [{"plugin": "scalars", "tag": "loss"}]
        body = urllib.parse.urlencode({"requests": json.dumps(asked)}).encode()
        urllib.request.urlopen(f"{url}/data/plugin/timeseries/timeSeries", body).read()
        for run in ("train", "test"):
            get(f"/data/plugin/scalars/scalars?run={run}&tag=loss")
        time.sleep(1)


if __name__ == "__main__":
    (write if sys.argv[1] == "write" else read)(sys.argv[2])
