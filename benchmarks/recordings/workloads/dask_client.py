"""Moves arrays between Dask workers: SCHEDULER [CHAIN KEY]."""

import sys

import dask.array as da
import numpy as np
from distributed import Client, Security, wait


def main(scheduler: str, chain: str = "", key: str = "") -> None:
    """Scatter, a transpose that shuffles, and a gather."""
    tls = {"tls_ca_file": chain, "tls_client_cert": chain, "tls_client_key": key}
    security = Security(**tls, require_encryption=True) if chain else None
    with Client(scheduler, security=security) as client:
        client.wait_for_workers(2)
        wait(client.scatter(np.random.random(60_000), broadcast=True))
        array = da.random.random((600, 600), chunks=(200, 200))
        print((array @ array.T).sum().compute())
        print(client.gather(client.submit(np.random.random, 50_000)).mean())
        client.run(lambda: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
