"""Agents that talk: MCP, A2A and AutoGen."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.stage import WORKLOADS, Stage


@recording("mcp-streamable-http", "MCP over streamable HTTP (mcp 1)", "messaging", pip=("mcp<2",))
def mcp(stage: Stage) -> None:
    """Tool calls with progress."""
    port = stage.port(8000)
    script = [stage.python, WORKLOADS / "mcp_agent.py"]
    stage.start(1, [*script, "server", stage.address(1), port])
    stage.listens(1, port)
    stage.start(2, [*script, "client", f"http://{stage.address(1)}:{port}/mcp"]).finish()


@recording(
    "a2a-agents", "A2A (Agent2Agent) JSON-RPC over HTTP (a2a-sdk 0.2)", "messaging",
    pip=("a2a-sdk==0.2.16", "uvicorn", "starlette<0.50", "sse-starlette"),
)  # fmt: skip
def a2a(stage: Stage) -> None:
    """Agent card, messages and a stream."""
    port = stage.port(9999)
    script = [stage.python, WORKLOADS / "a2a_agent.py"]
    stage.start(1, [*script, "server", stage.address(1), port])
    stage.listens(1, port)
    stage.start(2, [*script, "client", f"http://{stage.address(1)}:{port}"]).finish()


@recording(
    "autogen-grpc", "AutoGen distributed agent runtime (gRPC)", "messaging", hosts=3,
    pip=("autogen-ext[grpc]", "autogen-core"),
)  # fmt: skip
def autogen(stage: Stage) -> None:
    """A host and two workers."""
    port = stage.port(50051)
    script = [stage.python, WORKLOADS / "autogen_agent.py"]
    stage.start(1, [*script, "host", f"0.0.0.0:{port}"])
    stage.listens(1, port)
    stage.start(2, [*script, "echo", f"{stage.address(1)}:{port}"]).says("ready")
    stage.start(3, [*script, "ask", f"{stage.address(1)}:{port}"]).finish()
