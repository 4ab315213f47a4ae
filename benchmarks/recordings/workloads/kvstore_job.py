"""A node of an MXNet parameter server job (ps-lite); DMLC_ROLE says which one."""

import os

import mxnet as mx  # importing it is what servers and the scheduler run

if os.environ["DMLC_ROLE"] == "worker":
    store = mx.kv.create("dist_sync")
    shapes = {0: (80, 220), 1: (300,), 2: (64, 64)}
    for key, shape in shapes.items():
        store.init(key, mx.nd.zeros(shape))
    for _ in range(5):
        for key, shape in shapes.items():
            store.push(key, mx.nd.ones(shape) * store.rank)
            out = mx.nd.zeros(shape)
            store.pull(key, out=out)
            out.wait_to_read()
    print("done", store.rank, store.num_workers)
