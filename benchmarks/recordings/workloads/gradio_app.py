"""A Gradio app with two functions, one of them a generator: `server ADDRESS PORT`, `client URL`."""

import sys
import time


def serve(address: str, port: str) -> None:
    """What a demo of a model is."""
    import gradio

    def classify(text: str) -> dict[str, float]:
        time.sleep(0.1)
        return {"cat": 0.7, "dog": 0.3}

    def speak(text: str, count: float):
        said = ""
        for number in range(int(count)):
            said += f"word{number} "
            time.sleep(0.05)
            yield said

    with gradio.Blocks() as page:
        text, count, out = gradio.Textbox(), gradio.Number(20), gradio.Textbox()
        label = gradio.Label()
        gradio.Button().click(classify, text, label, api_name="classify")
        gradio.Button().click(speak, [text, count], out, api_name="speak")
    page.queue().launch(server_name=address, server_port=int(port), quiet=True)


def ask(url: str) -> None:
    """Predictions and streams by Gradio's own client."""
    from gradio_client import Client

    client = Client(url, verbose=False)
    for number in range(8):
        client.predict(f"picture {number}", api_name="/classify")
    for _ in range(2):
        for _piece in client.submit("say", 25, api_name="/speak"):
            pass


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else ask)(*sys.argv[2:])
