"""What a person can get wrong with environments, matrices, training and evaluation."""


class AgentError(ValueError):
    """Base of every error of `rl_agent`; its message says what to do."""
