"""An MLflow model: `save FOLDER` or `ask URL`."""

import sys

import httpx
import mlflow.pyfunc


class Double(mlflow.pyfunc.PythonModel):
    """Doubles numbers."""

    def predict(self, context, model_input, params=None):
        return model_input * 2


if __name__ == "__main__":
    role, where = sys.argv[1:]
    if role == "save":
        mlflow.pyfunc.save_model(where, python_model=Double(), pip_requirements=[])
    else:
        with httpx.Client(base_url=where, timeout=30) as client:
            client.get("/ping")
            client.get("/version")
            for _ in range(12):
                rows = {"columns": ["a", "b"], "data": [[1.0, 2.0]] * 50}
                answer = client.post("/invocations", json={"dataframe_split": rows})
                answer.raise_for_status()
