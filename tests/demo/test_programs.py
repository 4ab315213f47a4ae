import dataclasses
import importlib.util

from demo.ports import KNOWN, PortPlan, ports_of
from demo.programs import JobKind, programs_of
from policies.load import load_policy


def argument(program, name):
    return program.argv[program.argv.index(name) + 1]


def test_every_program_is_a_module_that_exists_with_a_name_of_its_own(scenario):
    programs = programs_of(scenario, JobKind)
    assert len({program.name for program in programs}) == len(programs)
    for program in programs:
        assert importlib.util.find_spec(argument(program, "-m"))


def test_only_the_jobs_asked_for_are_started(scenario):
    programs = programs_of(scenario, {JobKind.BULK})
    assert {program.name for program in programs} == {"bulk-receiver", "bulk-sender"}


def test_source_ports_are_the_same_in_each_arm_and_none_that_the_kernel_gives(scenario):
    def ports(seed):
        return [
            int(argument(program, "--first-source-port"))
            for program in programs_of(dataclasses.replace(scenario, seed=seed), JobKind)
            if "--first-source-port" in program.argv
        ]

    assert ports(1) == ports(1) != ports(2)
    assert all(port > 60999 for port in ports(1))


def test_other_ports_say_nothing_or_something_wrong():
    def class_of(port):
        return next(
            (s.traffic_class for s in load_policy().services if s.first <= port <= s.last), None
        )

    unknown, swapped = ports_of(PortPlan.RANDOM, 1), ports_of(PortPlan.SWAPPED, 1)
    assert unknown == ports_of(PortPlan.RANDOM, 1) != ports_of(PortPlan.RANDOM, 2)
    services = ("inference", "training", "bulk", "scrape")
    assert {class_of(getattr(unknown, name)) for name in services} == {None}
    for name in services:
        assert class_of(getattr(swapped, name)) not in {None, class_of(getattr(KNOWN, name))}


def test_servers_and_clients_get_the_same_port(scenario):
    scenario = dataclasses.replace(scenario, ports=ports_of(PortPlan.RANDOM, 3))
    for kind in (JobKind.TRAINING, JobKind.INFERENCE, JobKind.BULK, JobKind.SCRAPE):
        ports = {argument(program, "--port") for program in programs_of(scenario, {kind})}
        assert ports == {str(getattr(scenario.ports, kind.value))}
