"""Asks an Ollama-style server with the real client: BASE_URL."""

import sys

from ollama import Client


def main(base: str) -> None:
    """Chat, completion, embedding."""
    client = Client(base)
    client.list()
    for _ in client.chat(
        "tiny", [{"role": "user", "content": "Why is the sky blue?"}], stream=True
    ):
        pass
    for _ in Client(base).generate("tiny", "Once upon a time", stream=True):
        pass
    client.embed("tiny", "a text")


if __name__ == "__main__":
    main(sys.argv[1])
