"""A runtime of MLServer's without weights: halves what it is given."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Halve(MLModel):
    """A model without weights."""

    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        outputs = [
            NumpyCodec.encode_output(f"half-{given.name}", NumpyCodec.decode_input(given) / 2)
            for given in payload.inputs
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
