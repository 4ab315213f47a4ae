"""Logs a run to MLflow, stores an artifact and fetches it; by MLFLOW_TRACKING_URI."""

from pathlib import Path

import mlflow

if __name__ == "__main__":
    weights = Path("weights.bin")
    weights.write_bytes(bytes(range(256)) * 4000)
    with mlflow.start_run() as run:
        mlflow.log_params({"rate": 0.1, "layers": 3})
        for step in range(10):
            mlflow.log_metric("loss", 1 / (step + 1), step)
        mlflow.log_artifact(str(weights), "model")
    mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="model")
