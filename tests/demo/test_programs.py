import dataclasses
import importlib.util

from demo.programs import EPHEMERAL_RANGE, JobKind, narrow_ephemeral_range, programs_of
from policies.classes import TrafficClass
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


def test_source_ports_are_the_same_in_each_arm_and_stay_out_of_gloos_range(scenario):
    def ports(seed):
        return [
            int(argument(program, "--first-source-port"))
            for program in programs_of(dataclasses.replace(scenario, seed=seed), JobKind)
            if "--first-source-port" in program.argv
        ]

    assert ports(1) == ports(1) != ports(2)
    assert all(port > EPHEMERAL_RANGE[1] for port in ports(1))


def test_the_default_policy_calls_gloo_range_gradient():
    first, last = EPHEMERAL_RANGE
    ranges = [
        (service.first, service.last)
        for service in load_policy().services
        if service.traffic_class is TrafficClass.GRADIENT
    ]
    assert any(low <= first and last <= high for low, high in ranges)
    assert narrow_ephemeral_range()[-1].endswith(f"={first} {last}")
