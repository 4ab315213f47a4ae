"""Chains behind LangServe: `server ADDRESS PORT` or `client URL`."""

import sys


def serve(address: str, port: str) -> None:
    """A fake model that speaks in pieces, and a function."""
    import uvicorn
    from fastapi import FastAPI
    from langchain_core.language_models import FakeStreamingListLLM
    from langchain_core.prompts import PromptTemplate
    from langchain_core.runnables import RunnableLambda
    from langserve import add_routes

    app = FastAPI()
    model = FakeStreamingListLLM(
        responses=["Queues grow where links are narrow. " * 6], sleep=0.005
    )
    add_routes(app, PromptTemplate.from_template("About {topic}: ") | model, path="/tell")
    add_routes(app, RunnableLambda(lambda text: {"length": len(text)}), path="/measure")
    uvicorn.run(app, host=address, port=int(port))


def ask(url: str) -> None:
    """Invocations, batches, streams."""
    from langserve import RemoteRunnable

    tell, measure = RemoteRunnable(f"{url}/tell/"), RemoteRunnable(f"{url}/measure/")
    for number in range(5):
        measure.invoke("word " * 50 * number)
    for topic in ("links", "switches"):
        tell.invoke({"topic": topic})
        list(tell.stream({"topic": topic}))
    tell.batch([{"topic": str(number)} for number in range(4)])


if __name__ == "__main__":
    (serve if sys.argv[1] == "server" else ask)(*sys.argv[2:])
