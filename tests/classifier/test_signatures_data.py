"""No signature claims data: numbers, files and text, cut where a stream was joined.

With `--all` many more cuts are asked about, of another seed, and claims are named.
"""

import random
from collections import Counter

import pytest
from structured_payloads import KINDS, cuts

from classifier.model import TCP, UDP
from classifier.signatures import identify

_FEW, _MANY = 1_500, 60_000


def _claims(name: str, times: int, seed: str) -> Counter[tuple[int, str, float]]:
    rng = random.Random(f"{seed} {name}")
    found: Counter[tuple[int, str, float]] = Counter()
    for client, server in cuts(KINDS[name], rng, times):
        for transport in (TCP, UDP):
            told = identify(transport, rng.randrange(65536), client, server)
            if told is not None:
                found[transport, told.protocol, told.confidence] += 1
    return found


@pytest.mark.parametrize("name", KINDS)
def test_data_is_unknown(name: str) -> None:
    found = _claims(name, _FEW, "few")
    assert found.total() <= 1, found


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_data_is_hardly_ever_claimed(name: str) -> None:
    found = _claims(name, _MANY, "many")
    assert found.total() / (2 * _MANY) < 2e-4, found
