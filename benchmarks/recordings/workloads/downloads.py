"""Fetches large files and pages: URL."""

import sys

import requests

if __name__ == "__main__":
    for _ in range(2):
        requests.get(f"{sys.argv[1]}/dataset.bin", timeout=30).raise_for_status()
    for _ in range(6):
        requests.get(f"{sys.argv[1]}/index.html", timeout=30).raise_for_status()
        requests.get(f"{sys.argv[1]}/missing.png", timeout=30)
