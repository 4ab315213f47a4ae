"""One task of a TensorFlow job, by TF_CONFIG: `workers` or `parameters`."""

import json
import os
import sys

import numpy as np
import tensorflow as tf


def workers() -> None:
    """Mirrored variables, reduced by a ring."""
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=tf.distribute.experimental.CommunicationImplementation.RING
    )
    strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    with strategy.scope():
        variables = [tf.Variable(tf.zeros((60_000,))) for _ in range(2)]

    @tf.function
    def step() -> None:
        def replica() -> None:
            context = tf.distribute.get_replica_context()
            for variable in variables:
                gradient = tf.random.normal((60_000,))
                total = context.all_reduce(tf.distribute.ReduceOp.SUM, gradient)
                variable.assign_sub(0.1 * total)

        strategy.run(replica)

    for _ in range(3):
        step()
    print("done")


def parameters() -> None:
    """The chief gives steps to the worker; variables are on the server."""
    task = json.loads(os.environ["TF_CONFIG"])["task"]["type"]
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    if task != "chief":
        server = tf.distribute.Server(
            resolver.cluster_spec(), job_name=task, task_index=0, protocol="grpc", start=True
        )
        server.join()
    strategy = tf.distribute.ParameterServerStrategy(resolver)
    with strategy.scope():
        weights = tf.Variable(np.zeros(80_000, np.float32))
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)

    @tf.function
    def step() -> None:
        weights.assign_sub(tf.random.normal((80_000,)))

    for _ in range(5):
        coordinator.schedule(step)
    coordinator.join()
    print("done")
    os._exit(0)


if __name__ == "__main__":
    {"workers": workers, "parameters": parameters}[sys.argv[1]]()
