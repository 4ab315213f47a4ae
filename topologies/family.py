"""A family: a function that makes topologies, and what its parameters may be.

This module owns turning a function's signature into a checked list of parameters; which families
there are is the business of `registry`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, get_args, get_origin

from topologies.errors import MissingParameterError, UnknownParameterError, did_you_mean
from topologies.model import Topology
from topologies.parameters import Parameter

_UNIT_ENDINGS = ("_bps", "_s")


@dataclass(frozen=True, slots=True)
class Family:
    """A named way to make topologies.

    Attributes:
        name: first word of a spec.
        help: one line.
        parameters: in the order in which they are listed.
        function: takes every parameter by its `argument` name.
    """

    name: str
    help: str
    parameters: tuple[Parameter, ...]
    function: Callable[..., Topology]

    @property
    def source(self) -> Parameter | None:
        """The parameter that `name:VALUE` is short for; None in a family that needs none."""
        return next((p for p in self.parameters if p.required), None)

    def build(self, values: Mapping[str, object]) -> Topology:
        """Check the values, given by parameter name, and make the topology.

        Raises:
            TopologyError: a subclass for each mistake.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in values:
            if name not in known:
                hint = did_you_mean(name, known) or f"; it has: {', '.join(known)}"
                raise UnknownParameterError(f"{self.name} has no parameter {name!r}{hint}")
        if (source := self.source) and source.name not in values:
            raise MissingParameterError(
                f"{self.name} needs a {source.name}: write {self.name}:{source.name.upper()}"
            )
        return self.function(
            **{known[name].argument: known[name].parse(self.name, values[name]) for name in values}
        )


def describe(function: Callable[..., Topology], name: str | None = None) -> Family:
    """Read a family off a function whose arguments are all `Annotated` with a parameter kind."""
    arguments = inspect.signature(function, eval_str=True).parameters.values()
    doc = inspect.getdoc(function) or ""
    return Family(
        name=name or function.__name__,
        help=doc.partition("\n")[0].rstrip("."),
        parameters=tuple(_parameter(argument) for argument in arguments),
        function=function,
    )


def _parameter(argument: inspect.Parameter) -> Parameter:
    if get_origin(argument.annotation) is not Annotated:
        raise TypeError(f"argument {argument.name!r} needs an Annotated parameter kind")
    name = argument.name
    for ending in _UNIT_ENDINGS:
        name = name.removesuffix(ending)
    required = argument.default is inspect.Parameter.empty
    return Parameter(
        name=name,
        argument=argument.name,
        kind=get_args(argument.annotation)[1],
        default=None if required else argument.default,
        required=required,
    )
