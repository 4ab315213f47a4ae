"""Weights by torch.hub from an own web server: URL."""

import http.server
import sys

import torch


def serve(address: str, port: str) -> None:
    """Files of the working folder, among them three sets of weights."""
    torch.manual_seed(0)
    for name in ("resnet10-0a1b2c3d.pth", "vit_tiny-1b2c3d4e.pth", "unet-2c3d4e5f.pt"):
        torch.save({"layer.weight": torch.randn(300, 400), "layer.bias": torch.randn(400)}, name)
    http.server.test(http.server.SimpleHTTPRequestHandler, bind=address, port=int(port))


def fetch(url: str) -> None:
    """Into a folder of its own."""
    for name in ("resnet10-0a1b2c3d.pth", "vit_tiny-1b2c3d4e.pth", "unet-2c3d4e5f.pt"):
        torch.hub.load_state_dict_from_url(f"{url}/{name}", "weights", progress=False)


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else fetch)(*sys.argv[2:])
