"""What every environment asks of actions before it carries them out."""

import numpy as np
from numpy.typing import ArrayLike

from controller.advice.network import FloatArray
from rl_agent.errors import ActionError


def checked(actions: ArrayLike) -> FloatArray:
    """The same as float64.

    Raises:
        ActionError: NaN or infinity is among them. They would spread through the whole episode.
    """
    numbers: FloatArray = np.asarray(actions, np.float64)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        raise ActionError(
            f"{int(wrong.sum())} of {numbers.size} numbers of the action are NaN or infinite: "
            "give -1 to 1; a policy that answers so has diverged"
        )
    return numbers
