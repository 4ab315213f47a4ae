"""Signatures of distributed training: collectives, parameter servers, how their jobs meet."""

from classifier import checks_frames as frames
from classifier import checks_training as check
from classifier.classes import CONTROL, FEDERATED, GRADIENT
from classifier.evidence import Entry as E
from classifier.model import TCP, UDP

_ANY = (b"",)
_SHORT = (b"\0\0\0\0",)  # the upper half of a little-endian length of 8 bytes
_FRAGMENTS = tuple(bytes((tag, kind, 0, 0)) for tag in range(0x41, 0x4A) for kind in range(1, 5))
_COMMANDS = tuple(bytes((command, 0, 0, 0)) for command in range(1, 12))

# fmt: off
ENTRIES = (
    E("PyTorch TCPStore", "rendezvous", CONTROL, TCP, (b"\x00\xce\xf7\x85\x3c",), None, 0.99, "PyTorch TCPStoreBackend.hpp validationMagicNumber"),
    E("PyTorch TCPStore", "rendezvous", CONTROL, TCP, tuple(bytes([k]) for k in range(17)), check.tcp_store_query, 0.85, "PyTorch TCPStoreBackend.hpp QueryType"),
    E("PaddlePaddle TCPStore", "rendezvous", CONTROL, TCP, tuple(bytes((command, 0, 0, 0)) for command in range(5)), check.paddle_store, 0.93, "PaddlePaddle distributed/store tcp_store.cc, tcp_utils.h"),
    E("Gloo", "collective", GRADIENT, TCP, _SHORT, check.gloo_op, 0.95, "Gloo transport/tcp/pair.h struct Op, transport/uv/pair.h", 4),
    E("Open MPI BTL", "collective", GRADIENT, TCP, (b"OPAL-TCP-BTL\0", b"OMPI-TCP-BTL\0"), None, 0.99, "Open MPI btl_tcp_endpoint.c magic_id_string"),
    E("Open MPI BTL", "collective", GRADIENT, TCP, (b"OPAL-TCP-BTL\0", b"OMPI-TCP-BTL\0"), None, 0.99, "Open MPI btl_tcp_endpoint.c magic_id_string", 8),
    E("Open MPI BTL", "collective", GRADIENT, TCP, _FRAGMENTS, check.openmpi_fragment, 0.8, "Open MPI btl_tcp_hdr.h, pml_ob1_hdr.h"),
    E("Open MPI BTL", "collective", GRADIENT, TCP, _FRAGMENTS, check.openmpi_fragment, 0.8, "Open MPI btl_tcp_hdr.h, pml_ob1_hdr.h", 8),
    E("Open MPI OOB", "job control", CONTROL, TCP, (b"\0\0",), check.openmpi_oob, 0.95, "Open MPI oob_tcp_hdr.h, ORTE 4"),
    E("NCCL", "collective", GRADIENT, TCP, (b"\x6c\x9d\x4b\xfc\xf2\xb9\x4a\x56",), check.nccl, 0.99, "NCCL socket.h NCCL_SOCKET_MAGIC, ncclSocketType"),
    E("NCCL", "rendezvous", CONTROL, TCP, (b"\x80\x02" * 4,), rb".{8}[\x01\x02]\x00\x00\x00", 0.97, "NCCL comm.h NCCL_MAGIC, bootstrap.cc bootstrapGetUniqueId with NCCL_COMM_ID"),
    E("NCCL RAS", "health of ranks", CONTROL, TCP, (b"CLIENT PROTOCOL ", b"SERVER PROTOCOL "), rb"(?:CLIENT|SERVER) PROTOCOL \d+\n", 0.95, "NCCL ras/client.cc connectToNCCL"),
    E("NCCL bootstrap", "rendezvous", CONTROL, TCP, (b"\1\0\0\0", b"\2\0\0\0"), check.nccl_bootstrap, 0.8, "NCCL bootstrap.cc sendToRoot, rootSend, bootstrapSend; socket.cc", 8),
    E("TensorPipe", "tensors", GRADIENT, TCP, _SHORT, check.tensorpipe, 0.95, "TensorPipe core/nop_types.h, transport/uv", 4),
    E("RoCEv2", "tensors", GRADIENT, UDP, _ANY, check.roce_v2, 0.95, "InfiniBand specification 1.4 section 9.2, annex A17 (UDP port 4791)", port=4791),
    E("RoCEv2", "tensors", GRADIENT, UDP, _ANY, check.roce_v2_elsewhere, 0.65, "InfiniBand specification 1.4 section 9.2, annex A17"),
    E("Open MPI PRRTE", "job control", CONTROL, TCP, (b"prterun-", b"prte-", b"prted-", b"prun-"), rb"pr(?:te|un)[a-z]{0,4}-[^\x00]{1,200}@\d+\x00", 0.97, "PRRTE oob_tcp_hdr.h, pmix_proc_t"),
    E("UCX", "tensors", GRADIENT, TCP, (b"\x78\x56\x34\x12\xbe\xba\xfe\xca",), None, 0.99, "UCX uct/tcp/tcp.h UCT_TCP_MAGIC_NUMBER"),
    E("libfabric tcp", "tensors", GRADIENT, TCP, (b"\x03",), check.libfabric, 0.95, "libfabric prov/tcp xnet_proto.h, ofi_proto.h struct ofi_ctrl_hdr"),
    E("MPICH Hydra", "job control", CONTROL, TCP, _COMMANDS, check.hydra, 0.93, "MPICH pm/hydra pmcd common.h struct HYD_pmcd_hdr"),
    E("MPICH Hydra", "job control", CONTROL, TCP, _COMMANDS, check.hydra, 0.93, "MPICH pm/hydra pmcd common.h struct HYD_pmcd_hdr", 4),
    E("PMI", "job control", CONTROL, TCP, (b"cmd=",), rb"cmd=[a-z_-]{3,30}[ \n;]", 0.95, "PMI 1.1 wire protocol"),
    E("PMI", "job control", CONTROL, TCP, tuple(bytes([c]) for c in b" 0123456789"), rb"[ \d]{6}cmd=[a-z_-]{3,30};", 0.97, "PMI 2 wire protocol"),
    E("PMIx", "job control", CONTROL, TCP, (b"\xff\xff\xff\xff",), rb"\xff{8}..\x00{6}(?:native|none|munge|dummy_handshake)\x00", 0.97, "PMIx ptl_base_fns.c construct_message"),
    E("XGBoost", "rendezvous", CONTROL, TCP, (b"\x99\xff\0\0",), check.rabit, 0.95, "XGBoost collective/protocol.h, dmlc tracker.py kMagic"),
    E("XGBoost", "collective", GRADIENT, TCP, tuple(bytes([c]) for c in b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), check.xgboost_ring, 0.9, "XGBoost collective/comm.cc ConnectWorkers"),
    E("NVFlare", "federated update", FEDERATED, TCP, (b"\0",), check.sfm, 0.9, "NVFlare fuel/f3/sfm prefix.py, constants.py"),
    E("ps-lite", "push and pull", GRADIENT, TCP, (b"\xff",), frames.ps_lite, 0.98, "dmlc/ps-lite zmq_van.h, meta.proto, meta.h; BytePS"),
    E("ps-lite", "scheduler", CONTROL, TCP, (b"\0",), rb"\x00[\x10-\x7f]\x08.{1,5}?\x1a[\x04-\x0a]\x08\x03\x18.{1,6}?\x20[\x00\x01]\x28", 0.9, "dmlc/ps-lite meta.proto Control.BARRIER, joined midway"),
    E("ps-lite", "push and pull", GRADIENT, TCP, (b"\0", b"\1"), rb"[\x00\x01][\x10-\x7f]\x08.{1,5}?\x20[\x00\x01]\x28[\x00\x01]\x30[\x00\x01]\x38.{1,5}?\x40", 0.9, "dmlc/ps-lite meta.proto PBMeta, joined midway"),
    E("oneCCL", "rendezvous", CONTROL, TCP, tuple(bytes((mode, 0, 0, 0)) for mode in range(1, 13)), check.oneccl, 0.9, "oneCCL internal_kvs_server.hpp kvs_request_t"),
    E("Horovod", "driver and tasks", CONTROL, TCP, _ANY, check.horovod, 0.93, "Horovod runner/common/util/network.py Wire"),
    E("iWARP", "tensors", GRADIENT, TCP, (b"MPA ID Req Frame", b"MPA ID Rep Frame"), None, 0.99, "RFC 5044 section 7.1"),
    E("libp2p", "", None, TCP, (b"\x13/multistream/1.0.0\n",), None, 0.98, "multistream-select 1.0"),
    E("bRPC", "", None, TCP, (b"PRPC",), rb"PRPC\x00.{3}\x00[\x00-\x7f]", 0.93, "Apache bRPC baidu_std.md"),
    E("UCX", "tensors", GRADIENT, TCP, (b"\x20\x04\0\0\0",), rb"\x20\x04\x00\x00\x00[\x02\x03]\x00\x00\x00", 0.95, "UCX uct/tcp/tcp.h uct_tcp_am_hdr, UCT_TCP_CM_CONN_ACK"),
    E("UCX", "tensors", GRADIENT, TCP, (b"\x20",), rb"\x20[\x10-\xa0]\x00\x00\x00\x01\x00\x00\x00", 0.9, "UCX uct/tcp/tcp.h uct_tcp_am_hdr, UCT_TCP_CM_CONN_REQ"),
)
