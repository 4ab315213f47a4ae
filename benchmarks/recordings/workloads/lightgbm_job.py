"""One machine of a distributed LightGBM: MACHINES PORT."""

import sys

import lightgbm as lgb
import numpy as np

if __name__ == "__main__":
    machines, port = sys.argv[1:]
    random = np.random.default_rng(int(port))
    features = random.random((1000, 8))
    target = features[:, 0] + random.random(1000)
    options = {
        "objective": "regression", "tree_learner": "data", "machines": machines,
        "local_listen_port": int(port), "num_machines": 3, "num_leaves": 7, "max_bin": 63,
    }  # fmt: skip
    lgb.train(options, lgb.Dataset(features, target), num_boost_round=4)
