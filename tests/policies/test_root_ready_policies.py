"""What ready policies promise holds on Open vSwitch: one network each, its promises in turn.

Figures to the percent are the benchmarks' business; here a promise must be kept so far that
breaking it would show.
"""

import subprocess
from collections.abc import Iterator

import pytest

from tests.policies.live_site import Site, allowed, frames_at, reached, running

pytestmark = [pytest.mark.root, pytest.mark.slow]

M = 1_000_000
KEPT = 0.85  # of a guarantee; a busy machine takes the rest
OVER = 1.06  # a maximum, with what a window's edges add


def _pings(site: Site, sender: str, receiver: str) -> bool:
    one, other = site.seat(sender), site.seat(receiver)
    argv = ["ping", "-n", "-c1", "-W1", "-I", one.ip, other.ip]
    return bool(site.network.popen(sender, argv, stdout=subprocess.DEVNULL).wait() == 0)


@pytest.fixture(scope="class")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The network of the class's policy; without AT_ANY_HOUR, so that the clock decides nothing."""
    name, hours = request.cls.NAME, getattr(request.cls, "AT_ANY_HOUR", "")
    folder = tmp_path_factory.mktemp(name)
    with running(name, folder, lambda text: text.replace(hours, "")) as running_site:
        yield running_site


class TestTrainingCluster:
    NAME = "training-cluster"

    def test_teams_reach_storage_and_not_each_other(self, site: Site) -> None:
        assert reached(site) == allowed(site)

    def test_pretraining_has_half_of_a_link_that_experiments_flood(self, site: Site) -> None:
        site.network.cut("leaf1", "spine2")  # one uplink of 40 Mbit/s is left
        first, second, victim = site.seat("exp1"), site.seat("exp2"), site.seat("pre3")
        with site.flood(first, second), site.tcp(site.seat("pre1"), victim, 29500):
            assert site.reaches({victim: KEPT * 20 * M})

    def test_operations_wait_no_longer_than_promised(self, site: Site) -> None:
        first, second = site.seat("exp1"), site.seat("exp2")
        with site.flood(first, second), site.flood(second, first):
            round_trips = site.ping_ms(site.seat("monitor"), site.seat("pre2"))
        assert len(round_trips) >= 30
        assert round_trips[len(round_trips) // 2] < 2 * 20


class TestInferenceEdge:
    NAME = "inference-edge"

    def test_cameras_reach_the_shop_alone(self, site: Site) -> None:
        assert reached(site) == allowed(site)

    def test_cameras_keep_to_their_maximum(self, site: Site) -> None:
        shop = site.seat("shopai")
        with site.flood(site.seat("cam2"), shop):
            (rate,) = site.rates_bps(shop)
        assert KEPT * 6 * M <= rate <= OVER * 6 * M

    def test_shop_and_plant_have_their_guarantees(self, site: Site) -> None:
        site.network.cut("site1", "metro2")  # one uplink of 20 Mbit/s is left
        till, plant = site.seat("till3"), site.seat("plantai")
        with (
            site.flood(site.seat("robot1"), plant),
            site.flood(site.seat("cam1"), site.seat("shopai")),
        ):
            round_trips = site.requests_ms(site.seat("till1"), site.seat("shopai"), 8001)
            assert round_trips[len(round_trips) // 2] < 2 * 10
            with site.tcp(site.seat("till1"), till, 8000):
                assert site.reaches({till: KEPT * 7 * M, plant: KEPT * 7 * M})

    def test_new_models_use_what_is_idle(self, site: Site) -> None:
        receiver = site.seat("till3")
        with site.tcp(site.seat("registry"), receiver, 5000):
            assert site.reaches({receiver: 0.85 * 20 * M})


class TestFederatedHospital:
    NAME = "federated-hospital"
    AT_ANY_HOUR = " between 07:00 and 19:00 on weekdays"

    def test_clinics_reach_the_coordinator_and_never_each_other(self, site: Site) -> None:
        assert reached(site) == allowed(site)

    def test_no_byte_of_a_clinic_crosses_the_cloud_whatever_fails(self, site: Site) -> None:
        confined = {s.host for s in site.seats if s.slice_name != "desks"}
        hosts = site.network.topology.hosts
        secret = [host.mac for host in hosts if host.name in confined]
        others = [host.mac for host in hosts if host.name not in confined]
        cloud = [port.interface for port in site.network.ports if port.switch == "cloud1"]
        with frames_at(cloud, secret) as leaked, frames_at(cloud, others) as seen:
            assert _pings(site, "scan1", "coord")
            assert _pings(site, "desk1", "portal")
            site.network.cut("clinic1", "core1")
            assert any(_pings(site, "scan1", "coord") for _ in range(10))
            site.network.cut("clinic1", "core2")  # the way that is left leads through the cloud
            assert any(_pings(site, "desk1", "portal") for _ in range(10))
            assert not any(_pings(site, "scan1", "coord") for _ in range(5))
            assert leaked() == 0
            assert seen() > 0  # or this test could not tell
        site.network.mend("clinic1", "core1")
        site.network.mend("clinic1", "core2")
        assert any(_pings(site, "scan1", "coord") for _ in range(20))

    def test_learning_keeps_to_its_part_and_desks_have_theirs(self, site: Site) -> None:
        site.network.cut("clinic2", "core2")  # one uplink of 30 Mbit/s is left
        clinic, coordinator, portal = site.seat("scan2"), site.seat("coord"), site.seat("portal")
        with site.tcp(clinic, coordinator, 9091):
            (learning,) = site.rates_bps(coordinator)
            assert 1 * M <= learning <= OVER * 0.4 * 30 * M
            with site.flood(clinic, coordinator), site.tcp(site.seat("desk2"), portal, 9000):
                assert site.reaches({portal: KEPT * 0.35 * 30 * M})


class TestCampus:
    NAME = "campus"

    def test_groups_on_one_trunk_port_see_nothing_of_each_other(self, site: Site) -> None:
        assert reached(site) == allowed(site)

    def test_students_keep_to_their_maximum(self, site: Site) -> None:
        desk = site.seat("desk1")
        with site.flood(site.seat("hall2"), desk):
            (rate,) = site.rates_bps(desk)
        assert KEPT * 10 * M <= rate <= OVER * 10 * M

    def test_physics_has_its_guarantee_on_a_trunk_port_that_biology_floods(
        self, site: Site
    ) -> None:
        site.network.cut("east", "core2")  # one uplink of 30 Mbit/s is left
        physics, biology = site.seat("labeast", "physics"), site.seat("labeast", "biology")
        wanted = {physics: KEPT * 7.5 * M, biology: KEPT * 7.5 * M}

        def kept(port: int) -> bool:
            with (
                site.flood(site.seat("gene"), biology),
                site.flood(site.seat("gateway"), site.seat("hall1")),
                site.tcp(site.seat("tele"), physics, port),
            ):
                return site.reaches(wanted)

        # Two floods fill a software switch's processor too: a connection that met that while it
        # began stays slow for long, and a new one shows what the queues do.
        assert any(kept(port) for port in (7100, 7101, 7102))


class TestWan:
    NAME = "wan"

    def test_customers_with_equal_addresses_never_meet(self, site: Site) -> None:
        assert site.seat("gold1").ip == site.seat("silver1").ip
        assert reached(site) == allowed(site)

    def test_silver_has_a_maximum_and_gold_its_guarantee(self, site: Site) -> None:
        gold, silver = site.seat("gold2"), site.seat("silver2")
        site.network.cut("zurich", "basel")
        site.network.cut("zurich", "lugano")  # 40 Mbit/s to Bern are left
        with site.flood(site.seat("silver1"), silver):
            (alone,) = site.rates_bps(silver)
            assert KEPT * 24 * M <= alone <= OVER * 24 * M
            with site.tcp(site.seat("gold1"), gold, 7100):
                assert site.reaches({gold: KEPT * 20 * M, silver: KEPT * 10 * M})
