"""A volunteer of decentralised training (hivemind): ADDRESS PORT NUMBER [INITIAL PEER]."""

import sys
import time

import hivemind
import torch
from hivemind.averaging import DecentralizedAverager

PEERS = 3


def main(address: str, port: str, number: str, *peers: str) -> None:
    """Averages tensors with the others, some times."""
    dht = hivemind.DHT(
        host_maddrs=[f"/ip4/{address}/tcp/{port}"], initial_peers=list(peers), start=True
    )
    print("peer", dht.get_visible_maddrs()[0], flush=True)
    torch.manual_seed(int(number))
    averager = DecentralizedAverager(
        [torch.randn(20_000)], dht, prefix="recording", target_group_size=PEERS, min_group_size=2,
        min_matchmaking_time=2.0, request_timeout=1.0, start=True, bandwidth=100,
    )  # fmt: skip
    done = 0
    for _ in range(5):
        done += averager.step(timeout=12, allow_retries=True) is not None
    print("done", done, flush=True)
    time.sleep(2)
    averager.shutdown()
    dht.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
