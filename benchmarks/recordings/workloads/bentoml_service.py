"""A BentoML service; run as a program it asks one: URL."""

import sys
from collections.abc import Generator

import bentoml


@bentoml.service(traffic={"timeout": 30})
class Scorer:
    """Scores texts."""

    @bentoml.api
    def score(self, texts: list[str]) -> list[float]:
        """One number for each."""
        return [len(text) / 7 for text in texts]

    @bentoml.api
    def tell(self, about: str) -> Generator[str, None, None]:
        """A stream of words."""
        for _ in range(50):
            yield about + " "


if __name__ == "__main__":
    with bentoml.SyncHTTPClient(sys.argv[1]) as client:
        client.is_ready(30)
        for _ in range(10):
            client.score(texts=["a text about queues"] * 20)
        print(len("".join(client.tell(about="queues"))))
