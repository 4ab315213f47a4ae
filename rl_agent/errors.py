"""What a person can get wrong with environments, matrices, training and evaluation."""


class AgentError(ValueError):
    """Base of every error of `rl_agent`; its message says what to do."""


class TrafficError(AgentError):
    """Recorded or generated traffic that no environment can replay."""


class EnvironmentOptionError(AgentError):
    """An option of an environment out of its bounds, or options that don't go together."""


class ActionError(AgentError):
    """An action with something in it that is no number."""


class ContestError(AgentError):
    """A contest over no matrices, or of no seeds."""


class TrainingError(AgentError):
    """A training run that can't start, or can't go on from what it left behind."""


class MatricesError(AgentError):
    """A file or array of traffic matrices that can't be what it says it is."""


class TrafficSpecError(AgentError):
    """A description of traffic to generate that can't be read."""


class TunnelError(AgentError):
    """A file of tunnels that is malformed, or doesn't fit the network and its traffic."""


class SolverError(AgentError):
    """A linear program without an answer."""


class MethodError(AgentError):
    """No such method, or one that can't be used on this network, or whose splits are none."""


class JobsError(AgentError):
    """Jobs that can't run on this fabric, or an action or placement that is none."""


class LiveError(AgentError):
    """The emulated network, its controller or its traffic did not do what was asked."""
