"""XGBoost's collective: `tracker ADDRESS PORT` or `worker ADDRESS PORT SEED`."""

import sys

import numpy as np
import xgboost as xgb
from xgboost import collective
from xgboost.tracker import RabitTracker


def track(address: str, port: str) -> None:
    """Brings three workers together."""
    tracker = RabitTracker(n_workers=3, host_ip=address, port=int(port))
    tracker.start()
    print("tracking", tracker.worker_args())
    tracker.wait_for()


def work(address: str, port: str, seed: str) -> None:
    """Trains with histograms, and reduces an array."""
    random = np.random.default_rng(int(seed))
    with collective.CommunicatorContext(
        dmlc_tracker_uri=address, dmlc_tracker_port=int(port), dmlc_task_id=seed
    ):
        features = random.random((1000, 10))
        data = xgb.DMatrix(features, features[:, 0] * 2)
        xgb.train({"tree_method": "hist", "max_depth": 3, "nthread": 1}, data, 3)
        for _ in range(3):
            collective.allreduce(random.random(30_000), collective.Op.SUM)


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    (track if role == "tracker" else work)(*rest)
