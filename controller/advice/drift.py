"""Whether traffic is still like what a policy was trained on, over a sliding window.

Owns when the alarm is raised. What is outside of the training is for the policy to say.
"""

from collections import deque


class DriftWatch:
    """Says so when in much of a sliding window of observations something was outside."""

    def __init__(self, *, window: int = 60, share: float = 0.3) -> None:
        self._share = share
        self._seen: deque[str] = deque(maxlen=window)
        self._raised = False

    @property
    def fraction(self) -> float:
        """Share of the window outside."""
        return sum(map(bool, self._seen)) / max(len(self._seen), 1)

    def take(self, outside: str) -> str:
        """Takes an observation; what to raise the alarm with, once until it has gone down again.

        Args:
            outside: What of it training had not shown, in words; "" is nothing.
        """
        self._seen.append(outside)
        drifted = len(self._seen) == self._seen.maxlen and self.fraction >= self._share
        alarm = ""
        if drifted and not self._raised:
            latest = next(outside for outside in reversed(self._seen) if outside)
            alarm = f"{self.fraction:.0%} of the last observations, such as: {latest}"
        self._raised = drifted
        return alarm
