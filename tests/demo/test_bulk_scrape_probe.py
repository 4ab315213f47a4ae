import socket
import threading
import time
from http.client import HTTPConnection

import pytest
from recording import window_from_now

from demo.jobs import bulk, probe, scrape
from demo.jobs.connections import ConnectionPool
from demo.records import Transfer


@pytest.fixture
def serve():
    servers = []

    def start(server):
        servers.append(server)
        server.start()
        return server.server_address

    yield start
    for server in servers:
        server.stop()


def test_an_upload_arrives_whole_and_is_counted(serve):
    intake = bulk.Intake()
    pool = ConnectionPool(serve(bulk.build_server("127.0.0.1", 0, intake)), timeout_s=5)
    shard = bytes(range(256)) * 1000
    bulk.upload(pool, shard, "shard-0", time.monotonic() + 0.2)
    pool.close()
    assert intake.bytes_total > 0
    assert intake.bytes_total % len(shard) == 0


def test_a_put_without_a_length_is_refused(serve):
    connection = HTTPConnection(*serve(bulk.build_server("127.0.0.1", 0, bulk.Intake())))
    connection.putrequest("PUT", "/checkpoints/step-0/shard-0")
    connection.endheaders()
    assert connection.getresponse().status == 411
    connection.close()


def test_the_receiver_writes_its_counter_down(recorder):
    intake = bulk.Intake()
    intake.add(7)
    bulk.report_intake(intake, recorder.channel, time.monotonic() + 0.25)
    assert [record.bytes_total for record in recorder.records] == [7, 7, 7]
    assert all(isinstance(record, Transfer) for record in recorder.records)


def test_a_scrape_reads_a_few_hundred_series(serve, recorder):
    pool = ConnectionPool(serve(scrape.build_server("127.0.0.1", 0, scrape.Exporter())))
    scrape.collect(pool, recorder.channel, period_s=0.1, until_s=time.monotonic() + 0.25)
    pool.close()
    assert len(recorder.records) == 3
    assert all(record.series > 250 for record in recorder.records)
    assert all(record.latency_s < 1 for record in recorder.records)


def test_a_scrape_of_another_page_is_an_error(serve):
    address = serve(scrape.build_server("127.0.0.1", 0, scrape.Exporter()))
    connection = HTTPConnection(*address)
    connection.request("GET", "/")
    assert connection.getresponse().status == 404
    connection.close()


def test_probes_count_what_arrives():
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    senders = probe.open_senders(receiver.getsockname(), 0, 2)
    window = window_from_now(0.4)
    sending = threading.Thread(target=probe.send_streams, args=(senders, 500, window.end_s + 0.1))
    sending.start()
    first, second = probe.watch_streams(receiver, window, streams=2, rate_per_s=500)
    sending.join()
    for open_socket in (receiver, *senders):
        open_socket.close()
    assert first.received > 100
    assert second.received > 100
    assert first.longest_gap_s < 0.4


def test_a_pool_keeps_connections_and_chooses_source_ports(serve):
    address = serve(scrape.build_server("127.0.0.1", 0, scrape.Exporter()))
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    blocker = socket.socket()
    blocker.bind(("", port))
    blocker.listen()
    pool = ConnectionPool(address, first_source_port=port)
    connection = pool.take()  # the first port is taken: the next free one is used
    assert connection.sock.getsockname()[1] > port
    pool.give_back(connection)
    assert pool.take() is connection
    pool.close()
    blocker.close()


def test_a_server_that_is_not_there_is_an_error():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    with pytest.raises(ConnectionRefusedError):
        ConnectionPool(address).take()
