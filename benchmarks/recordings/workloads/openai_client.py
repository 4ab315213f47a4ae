"""Asks an OpenAI-style server with the real client: BASE_URL [MODEL]."""

import concurrent.futures
import sys

from openai import NotFoundError, OpenAI

base, model = [*sys.argv[1:], "tiny"][:2]


def stream(number: int) -> None:
    """One conversation on a connection of its own."""
    client = OpenAI(base_url=base, api_key="none")
    messages = [{"role": "user", "content": f"Question {number}: what is a queue? " * 3}]
    answer = client.chat.completions.create(
        model=model, messages=messages, stream=True, max_tokens=40 + 40 * number
    )
    for _ in answer:
        pass


def main() -> None:
    """Models, embeddings, one whole answer and some streams."""
    client = OpenAI(base_url=base, api_key="none")
    client.models.list()
    messages = [{"role": "user", "content": "Hello"}]
    client.chat.completions.create(model=model, messages=messages, max_tokens=30)
    try:
        client.embeddings.create(model=model, input=["a text", "another text"] * 8)
    except NotFoundError:
        print("the server has no embeddings")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(stream, range(5)))


if __name__ == "__main__":
    main()
