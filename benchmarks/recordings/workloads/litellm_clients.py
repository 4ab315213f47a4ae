"""Asks a LiteLLM proxy as OpenAI's, Anthropic's and no client would: URL."""

import json
import sys
import urllib.request

import anthropic
import openai


def main(url: str) -> None:
    """Whole answers and streams."""
    key = "sk-recording"
    words = [{"role": "user", "content": "Say something about queues. " * 10}]
    client = openai.OpenAI(base_url=url, api_key=key)
    client.models.list()
    for _ in range(4):
        client.chat.completions.create(model="tiny", messages=words, max_tokens=60)
        for _chunk in client.chat.completions.create(model="tiny", messages=words, stream=True):
            pass
    other = anthropic.Anthropic(base_url=url, api_key=key)
    for _ in range(3):
        other.messages.create(model="tiny", max_tokens=50, messages=words)
        with other.messages.stream(model="tiny", max_tokens=50, messages=words) as stream:
            for _event in stream:
                pass
    body = json.dumps({"model": "tiny", "messages": words}).encode()
    head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for _ in range(3):
        urllib.request.urlopen(urllib.request.Request(f"{url}/chat/completions", body, head)).read()


if __name__ == "__main__":
    main(sys.argv[1])
