"""What the name of a gRPC service or method tells: one entry a line, its source beside it.

Owns the table and the look-up. Names are `package.Service`, `package.Service/Method`, or
`package.*` for all services of a package and of those below it.
"""

from typing import NamedTuple

from classifier.claims import Claim
from classifier.classes import (
    BACKGROUND,
    BULK,
    CONTROL,
    FEDERATED,
    GRADIENT,
    INFERENCE,
    MESSAGING,
    MODELS,
    TELEMETRY,
)
from policies.classes import TrafficClass


class Service(NamedTuple):
    """A service or method, and what it says."""

    name: str
    claim: Claim


def _call(
    name: str, protocol: str, role: str, kind: TrafficClass | None, source: str, sure: float = 0.98
) -> Service:
    return Service(name, Claim(protocol, role, kind, sure, source))


# fmt: off
SERVICES: tuple[Service, ...] = (
    # inference
    _call("inference.GRPCInferenceService", "KServe v2 gRPC", "inference request", INFERENCE, "KServe Open Inference Protocol, grpc_predict_v2.proto"),
    _call("inference.GRPCInferenceService/ServerLive", "KServe v2 gRPC", "health check", INFERENCE, "KServe Open Inference Protocol, grpc_predict_v2.proto"),
    _call("inference.GRPCInferenceService/ServerReady", "KServe v2 gRPC", "health check", INFERENCE, "KServe Open Inference Protocol, grpc_predict_v2.proto"),
    _call("inference.GRPCInferenceService/ModelReady", "KServe v2 gRPC", "health check", INFERENCE, "KServe Open Inference Protocol, grpc_predict_v2.proto"),
    _call("inference.GRPCInferenceService/ServerMetadata", "KServe v2 gRPC", "metadata", INFERENCE, "KServe Open Inference Protocol, grpc_predict_v2.proto"),
    _call("inference.GRPCInferenceService/ModelMetadata", "KServe v2 gRPC", "metadata", INFERENCE, "KServe Open Inference Protocol, grpc_predict_v2.proto"),
    _call("inference.GRPCInferenceService/ModelStreamInfer", "KServe v2 gRPC", "inference stream", INFERENCE, "triton-inference-server/common grpc_service.proto"),
    _call("inference.model_repository.ModelRepositoryService", "KServe v2 gRPC", "model repository", INFERENCE, "SeldonIO/MLServer model_repository.proto"),
    _call("inference.*", "KServe v2 gRPC", "inference request", INFERENCE, "triton-inference-server/common grpc_service.proto"),
    _call("nvidia.inferenceserver.*", "Triton gRPC", "inference request", INFERENCE, "triton-inference-server/server 1.x grpc_service.proto"),
    _call("mmesh.*", "ModelMesh", "inference request", INFERENCE, "kserve/modelmesh src/main/proto", 0.7),
    _call("tensorflow.serving.PredictionService", "TensorFlow Serving gRPC", "prediction", INFERENCE, "tensorflow/serving apis/prediction_service.proto"),
    _call("tensorflow.serving.ModelService", "TensorFlow Serving gRPC", "model status", INFERENCE, "tensorflow/serving apis/model_service.proto"),
    _call("tensorflow.serving.SessionService", "TensorFlow Serving gRPC", "session run", INFERENCE, "tensorflow/serving apis/session_service.proto"),
    _call("tensorflow.serving.*", "TensorFlow Serving gRPC", "prediction", INFERENCE, "tensorflow/serving apis"),
    _call("org.pytorch.serve.grpc.inference.InferenceAPIsService", "TorchServe gRPC", "prediction", INFERENCE, "pytorch/serve inference.proto"),
    _call("org.pytorch.serve.grpc.management.ManagementAPIsService", "TorchServe gRPC", "model management", INFERENCE, "pytorch/serve management.proto"),
    _call("org.pytorch.serve.grpc.openinference.GRPCInferenceService", "TorchServe gRPC", "prediction", INFERENCE, "pytorch/serve open_inference_grpc.proto"),
    _call("org.pytorch.serve.grpc.*", "TorchServe gRPC", "prediction", INFERENCE, "pytorch/serve frontend/server/src/main/resources/proto"),
    _call("ray.serve.RayServeAPIService", "Ray Serve gRPC", "health check", INFERENCE, "ray-project/ray src/ray/protobuf/serve.proto"),
    _call("ray.serve.*", "Ray Serve gRPC", "inference request", INFERENCE, "ray-project/ray src/ray/protobuf/serve.proto"),
    _call("vllm.grpc.engine.VllmEngine", "vLLM gRPC", "generation", INFERENCE, "vllm-project/vllm grpc, vllm_engine.proto"),
    _call("vllm.grpc.*", "vLLM gRPC", "generation", INFERENCE, "vllm-project/vllm grpc"),
    _call("sglang.grpc.scheduler.SglangScheduler", "SGLang gRPC", "generation", INFERENCE, "sgl-project/sglang sglang_scheduler.proto"),
    _call("sglang.grpc.*", "SGLang gRPC", "generation", INFERENCE, "sgl-project/sglang"),
    _call("generate.v2.TextGenerationService", "TGI gRPC", "generation between shards", INFERENCE, "huggingface/text-generation-inference proto/generate.proto"),
    _call("generate.v3.TextGenerationService", "TGI gRPC", "generation between shards", INFERENCE, "huggingface/text-generation-inference proto/v3/generate.proto"),
    _call("fmaas.GenerationService", "TGIS gRPC", "generation", INFERENCE, "IBM/text-generation-inference proto/generation.proto"),
    _call("tei.v1.*", "TEI gRPC", "embedding", INFERENCE, "huggingface/text-embeddings-inference proto/tei.proto"),
    _call("caikit.runtime.*", "Caikit gRPC", "inference request", INFERENCE, "caikit/caikit runtime"),
    _call("bentoml.grpc.*", "BentoML gRPC", "inference request", INFERENCE, "bentoml/BentoML grpc/v1/service.proto"),
    _call("seldon.protos.*", "Seldon Core gRPC", "prediction", INFERENCE, "SeldonIO/seldon-core proto/prediction.proto"),
    _call("nvidia.riva.*", "NVIDIA Riva", "speech inference", INFERENCE, "nvidia-riva/common riva/proto"),
    _call("nvidia.maxine.*", "NVIDIA Maxine", "media inference", INFERENCE, "NVIDIA Maxine NIM protos", 0.7),
    _call("backend.Backend", "LocalAI gRPC", "inference backend", INFERENCE, "mudler/LocalAI backend/backend.proto", 0.9),
    _call("clarifai.api.*", "Clarifai", "prediction", INFERENCE, "Clarifai/clarifai-grpc proto"),
    _call("google.cloud.aiplatform.v1.PredictionService", "Vertex AI", "prediction", INFERENCE, "googleapis google/cloud/aiplatform"),
    _call("google.cloud.aiplatform.v1beta1.PredictionService", "Vertex AI", "prediction", INFERENCE, "googleapis google/cloud/aiplatform"),
    _call("google.ai.generativelanguage.*", "Gemini API", "generation", INFERENCE, "googleapis google/ai/generativelanguage"),
    _call("xai_api.*", "xAI API", "generation", INFERENCE, "xai-org/xai-proto"),
    _call("onnxruntime.server.PredictionService", "ONNX Runtime Server", "prediction", INFERENCE, "microsoft/onnxruntime server/protobuf/prediction_service.proto"),
    _call("mindspore.serving.*", "MindSpore Serving", "prediction", INFERENCE, "mindspore-ai/serving proto"),
    _call("baidu.paddle_serving.*", "Paddle Serving", "prediction", INFERENCE, "PaddlePaddle/Serving proto"),
    # federated learning
    _call("flwr.proto.FlowerService", "Flower", "federated round", FEDERATED, "adap/flower proto/flwr/proto/transport.proto"),
    _call("flwr.proto.Fleet", "Flower", "federated round", FEDERATED, "adap/flower proto/flwr/proto/fleet.proto"),
    _call("flwr.proto.GrpcAdapter", "Flower", "federated round", FEDERATED, "adap/flower proto/flwr/proto/grpcadapter.proto"),
    _call("flwr.proto.ServerAppIo", "Flower", "server app", FEDERATED, "adap/flower proto/flwr/proto/serverappio.proto"),
    _call("flwr.proto.ClientAppIo", "Flower", "client app", FEDERATED, "adap/flower proto/flwr/proto/clientappio.proto"),
    _call("flwr.proto.Driver", "Flower", "driver", FEDERATED, "adap/flower proto/flwr/proto/driver.proto"),
    _call("flwr.proto.*", "Flower", "federation control", FEDERATED, "adap/flower proto/flwr/proto"),
    _call("flower.transport.*", "Flower", "federated round", FEDERATED, "adap/flower 0.x proto/flower/transport.proto"),
    _call("streamer.Streamer/Stream", "NVFlare", "federated message", FEDERATED, "NVIDIA/NVFlare fuel/f3/drivers/grpc/streamer.proto", 0.9),
    _call("federated.FederatedTraining", "NVFlare", "federated round", FEDERATED, "NVIDIA/NVFlare 2.0 federated.proto", 0.7),
    _call("gRPCCommManager", "FedML gRPC", "federated message", FEDERATED, "FedML-AI/FedML grpc_comm_manager.proto"),
    _call("gRPCComServeFunc", "FederatedScope", "federated message", FEDERATED, "alibaba/FederatedScope gRPC_comm_manager.proto"),
    _call("GrpcService/SendData", "RayFed", "federated message", FEDERATED, "ray-project/rayfed fed/grpc/fed.proto", 0.85),
    _call("openfl.aggregator.*", "OpenFL", "federated round", FEDERATED, "securefederatedai/openfl protocols/aggregator.proto"),
    _call("openfl.director.*", "OpenFL", "federation control", FEDERATED, "securefederatedai/openfl protocols/director.proto"),
    _call("openfl.*", "OpenFL", "federated round", FEDERATED, "securefederatedai/openfl protocols"),
    _call("tensorflow_federated.*", "TensorFlow Federated", "remote executor", FEDERATED, "google-parfait/tensorflow-federated proto/v0/executor.proto"),
    _call("federated_language_executor.*", "TensorFlow Federated", "remote executor", FEDERATED, "google-parfait/federated-language proto/executor.proto", 0.7),
    _call("google.internal.federatedcompute.*", "Federated Compute", "federated round", FEDERATED, "google-parfait/federated-compute protocol"),
    _call("xgboost.federated.*", "XGBoost federated", "federated round", FEDERATED, "dmlc/xgboost plugin/federated/federated.proto"),
    _call("xgboost.collective.federated.*", "XGBoost federated", "federated round", FEDERATED, "dmlc/xgboost plugin/federated/federated.proto"),
    _call("edgeapi.EdgeApi", "NVFlare", "edge device", FEDERATED, "NVIDIA/NVFlare edge/web/grpc/edge_api.proto"),
    _call("orchestrator.*", "Substra", "federation control", FEDERATED, "Substra/orchestrator lib/asset protos", 0.7),
    _call("com.webank.ai.fate.*", "FATE", "federated transfer", FEDERATED, "FederatedAI/FATE arch/proto/proxy.proto"),
    _call("com.webank.ai.eggroll.*", "FATE", "federated transfer", FEDERATED, "FederatedAI/FATE eggroll/proto/proxy.proto"),
    _call("org.ppc.ptp.*", "FATE OSX", "federated transfer", FEDERATED, "FederatedAI/FATE doc/2.0/osx/bfia-x.proto"),
    # distributed training
    _call("tensorflow.WorkerService/RecvTensor", "TensorFlow distributed", "tensors", GRADIENT, "tensorflow/core/protobuf/worker_service.proto"),
    _call("tensorflow.WorkerService/RecvBuf", "TensorFlow distributed", "collective", GRADIENT, "tensorflow/core/protobuf/worker_service.proto"),
    _call("tensorflow.WorkerService", "TensorFlow distributed", "worker", GRADIENT, "tensorflow/core/protobuf/worker_service.proto", 0.85),
    _call("tensorflow.eager.EagerService", "TensorFlow distributed", "remote operations", GRADIENT, "tensorflow/core/protobuf/eager_service.proto", 0.85),
    _call("tensorflow.MasterService", "TensorFlow distributed", "session control", CONTROL, "tensorflow/core/protobuf/master_service.proto"),
    _call("tensorflow.CoordinationService", "TensorFlow distributed", "", None, "openxla/xla tsl/protobuf/coordination_service.proto"),
    _call("xla.coordination.*", "XLA coordination", "coordination", CONTROL, "openxla/xla xla/tsl/protobuf/coordination_service.proto"),
    _call("xla.DistributedRuntimeService", "XLA coordination", "coordination", CONTROL, "openxla/xla pjrt/distributed/protocol.proto"),
    _call("xla.ifrt.proxy.GrpcIfrtService", "IFRT proxy", "remote arrays", GRADIENT, "openxla/xla python/ifrt_proxy/common/grpc_ifrt_service.proto", 0.85),
    _call("tensorflow.data.DispatcherService", "tf.data service", "dispatch", CONTROL, "tensorflow/core/data/service/dispatcher.proto"),
    _call("tensorflow.data.WorkerService", "tf.data service", "training data", BULK, "tensorflow/core/data/service/worker.proto"),
    _call("tensorflow.ProfilerService", "TensorFlow profiler", "profile", TELEMETRY, "tensorflow/core/profiler/profiler_service.proto"),
    _call("tensorboard.data.TensorBoardDataProvider", "TensorBoard", "charts", TELEMETRY, "tensorflow/tensorboard data/proto/data_provider.proto"),
    _call("torchft.*", "torchft", "quorum", CONTROL, "pytorch/torchft proto/torchft.proto"),
    _call("elastic.Master", "DLRover", "job control", CONTROL, "intelligent-machine-learning/dlrover elastic_training.proto", 0.7),
    _call("determined.api.v1.*", "Determined", "job control", CONTROL, "determined-ai/determined proto"),
    # Ray
    _call("ray.rpc.ObjectManagerService", "Ray", "object transfer", BULK, "ray-project/ray src/ray/protobuf/object_manager.proto"),
    _call("ray.rpc.NodeManagerService", "Ray", "raylet", CONTROL, "ray-project/ray src/ray/protobuf/node_manager.proto"),
    _call("ray.rpc.CoreWorkerService", "Ray", "tasks", CONTROL, "ray-project/ray src/ray/protobuf/core_worker.proto"),
    _call("ray.rpc.RayletDriver", "Ray", "client", CONTROL, "ray-project/ray src/ray/protobuf/ray_client.proto"),
    _call("ray.rpc.RayletDataStreamer", "Ray", "client", CONTROL, "ray-project/ray src/ray/protobuf/ray_client.proto"),
    _call("ray.rpc.RayletLogStreamer", "Ray", "client", CONTROL, "ray-project/ray src/ray/protobuf/ray_client.proto"),
    _call("ray.rpc.InternalPubSubGcsService", "Ray", "publish and subscribe", CONTROL, "ray-project/ray src/ray/protobuf/gcs_service.proto"),
    _call("ray.rpc.*", "Ray", "GCS", CONTROL, "ray-project/ray src/ray/protobuf/gcs_service.proto"),
    _call("ray.*", "Ray", "cluster control", CONTROL, "ray-project/ray src/ray/protobuf", 0.9),
    # consensus, coordination and cluster control
    _call("etcdserverpb.Watch", "etcd", "watch", CONTROL, "etcd-io/etcd api/etcdserverpb/rpc.proto"),
    _call("etcdserverpb.Lease", "etcd", "lease", CONTROL, "etcd-io/etcd api/etcdserverpb/rpc.proto"),
    _call("etcdserverpb.*", "etcd", "key-value API", CONTROL, "etcd-io/etcd api/etcdserverpb/rpc.proto"),
    _call("v3lockpb.Lock", "etcd", "lock", CONTROL, "etcd-io/etcd server/etcdserver/api/v3lock"),
    _call("v3electionpb.Election", "etcd", "election", CONTROL, "etcd-io/etcd server/etcdserver/api/v3election"),
    _call("RaftTransport", "Raft over gRPC", "consensus", CONTROL, "Jille/raft-grpc-transport proto/transport.proto", 0.9),
    _call("RaftAdmin", "Raft over gRPC", "cluster control", CONTROL, "Jille/raftadmin proto/raftadmin.proto", 0.9),
    _call("ratis.grpc.*", "Apache Ratis", "consensus", CONTROL, "apache/ratis Grpc.proto"),
    _call("hashicorp.consul.*", "Consul", "cluster control", CONTROL, "hashicorp/consul proto-public"),
    _call("subscribe.StateChangeSubscription", "Consul", "watch", CONTROL, "hashicorp/consul proto/private/pbsubscribe"),
    _call("pdpb.PD", "TiKV placement driver", "cluster control", CONTROL, "pingcap/kvproto pdpb.proto"),
    _call("envoy.service.accesslog.*", "Envoy", "access log", TELEMETRY, "envoyproxy/envoy api/envoy/service/accesslog"),
    _call("envoy.service.metrics.*", "Envoy", "metrics", TELEMETRY, "envoyproxy/envoy api/envoy/service/metrics"),
    _call("envoy.service.*", "Envoy xDS", "configuration", CONTROL, "envoyproxy/envoy api/envoy/service"),
    _call("envoy.api.v2.*", "Envoy xDS", "configuration", CONTROL, "envoyproxy/envoy api/envoy/api/v2"),
    _call("istio.v1.auth.IstioCertificateService", "Istio", "certificates", CONTROL, "istio/api security/v1alpha1/ca.proto"),
    _call("SpiffeWorkloadAPI", "SPIFFE", "identity", CONTROL, "spiffe/spiffe Workload API"),
    _call("spire.api.*", "SPIRE", "identity", CONTROL, "spiffe/spire-api-sdk"),
    _call("runtime.v1.RuntimeService", "Kubernetes CRI", "container control", CONTROL, "kubernetes/cri-api runtime/v1/api.proto"),
    _call("runtime.v1.ImageService", "Kubernetes CRI", "image control", CONTROL, "kubernetes/cri-api runtime/v1/api.proto"),
    _call("runtime.v1alpha2.*", "Kubernetes CRI", "container control", CONTROL, "kubernetes/cri-api runtime/v1alpha2/api.proto"),
    _call("csi.v1.*", "CSI", "volume control", CONTROL, "container-storage-interface/spec csi.proto"),
    _call("v1beta1.DevicePlugin", "Kubernetes device plugin", "device control", CONTROL, "kubernetes/kubelet deviceplugin/v1beta1/api.proto"),
    _call("containerd.*", "containerd", "container control", CONTROL, "containerd/containerd api/services"),
    _call("moby.buildkit.*", "BuildKit", "build", BACKGROUND, "moby/buildkit api/services/control"),
    _call("k8s.io.*", "Kubernetes", "cluster control", CONTROL, "kubernetes/kubernetes"),
    _call("AgentService/Connect", "Konnectivity", "API server tunnel", CONTROL, "kubernetes-sigs/apiserver-network-proxy konnectivity-client", 0.85),
    _call("p4.v1.P4Runtime", "P4Runtime", "switch control", CONTROL, "p4lang/p4runtime p4runtime.proto"),
    _call("gnoi.*", "gNOI", "network operations", CONTROL, "openconfig/gnoi"),
    _call("gribi.gRIBI", "gRIBI", "routes", CONTROL, "openconfig/gribi v1/proto/service"),
    _call("gnsi.*", "gNSI", "network security", CONTROL, "openconfig/gnsi"),
    _call("gnmi.gNMI", "gNMI", "streaming telemetry", TELEMETRY, "openconfig/gnmi gnmi.proto"),
    _call("spark.connect.SparkConnectService", "Spark Connect", "queries", CONTROL, "apache/spark sql/connect base.proto"),
    _call("api.v1.beta1.Suggestion", "Katib", "job control", CONTROL, "kubeflow/katib pkg/apis/manager/v1beta1/api.proto", 0.9),
    _call("api.v1.beta1.DBManager", "Katib", "job control", CONTROL, "kubeflow/katib pkg/apis/manager/v1beta1/api.proto", 0.9),
    _call("flyteidl.*", "Flyte", "workflow control", CONTROL, "flyteorg/flyte flyteidl"),
    _call("armada.*", "Armada", "job control", CONTROL, "armadaproject/armada pkg/api", 0.7),
    # telemetry
    _call("opentelemetry.proto.collector.trace.v1.TraceService", "OTLP gRPC", "traces", TELEMETRY, "OpenTelemetry Protocol Specification"),
    _call("opentelemetry.proto.collector.metrics.v1.MetricsService", "OTLP gRPC", "metrics", TELEMETRY, "OpenTelemetry Protocol Specification"),
    _call("opentelemetry.proto.collector.logs.v1.LogsService", "OTLP gRPC", "logs", TELEMETRY, "OpenTelemetry Protocol Specification"),
    _call("opentelemetry.proto.*", "OTLP gRPC", "export", TELEMETRY, "OpenTelemetry Protocol Specification"),
    _call("opentelemetry.proto.experimental.*", "OTLP with Arrow", "export", TELEMETRY, "open-telemetry/otel-arrow proto"),
    _call("opencensus.proto.agent.*", "OpenCensus", "export", TELEMETRY, "census-instrumentation/opencensus-proto"),
    _call("jaeger.api_v2.*", "Jaeger", "spans", TELEMETRY, "jaegertracing/jaeger-idl proto/api_v2"),
    _call("jaeger.*", "Jaeger", "spans", TELEMETRY, "jaegertracing/jaeger-idl proto"),
    _call("skywalking.v3.*", "SkyWalking", "traces", TELEMETRY, "apache/skywalking-data-collect-protocol"),
    _call("logproto.*", "Loki", "logs", TELEMETRY, "grafana/loki pkg/push/push.proto"),
    _call("cortex.*", "Mimir", "metrics", TELEMETRY, "grafana/mimir pkg/mimirpb"),
    _call("thanos.*", "Thanos", "metrics", TELEMETRY, "thanos-io/thanos pkg/store/storepb"),
    _call("tempopb.*", "Tempo", "traces", TELEMETRY, "grafana/tempo pkg/tempopb"),
    _call("push.v1.PusherService", "Pyroscope", "profiles", TELEMETRY, "grafana/pyroscope api/push/v1"),
    _call("vector.Vector", "Vector", "events", TELEMETRY, "vectordotdev/vector proto/vector"),
    _call("datadog.*", "Datadog agent", "export", TELEMETRY, "DataDog/datadog-agent pkg/proto"),
    _call("google.monitoring.*", "Cloud Monitoring", "metrics", TELEMETRY, "googleapis google/monitoring"),
    _call("google.logging.*", "Cloud Logging", "logs", TELEMETRY, "googleapis google/logging"),
    _call("google.devtools.cloudtrace.*", "Cloud Trace", "traces", TELEMETRY, "googleapis google/devtools/cloudtrace"),
    _call("observer.Observer", "Hubble", "flow records", TELEMETRY, "cilium/cilium api/v1/observer"),
    # models and data
    _call("dfdaemon.*", "Dragonfly", "image and model pieces", MODELS, "dragonflyoss/api pkg/apis/dfdaemon"),
    _call("scheduler.v2.Scheduler", "Dragonfly", "piece scheduling", MODELS, "dragonflyoss/api pkg/apis/scheduler", 0.85),
    _call("arrow.flight.protocol.FlightService", "Arrow Flight", "record batches", BULK, "apache/arrow format/Flight.proto", 0.9),
    _call("google.storage.v2.Storage", "Google Cloud Storage", "object", BULK, "googleapis google/storage/v2"),
    _call("google.storage.v1.Storage", "Google Cloud Storage", "object", BULK, "googleapis google/storage/v1"),
    _call("google.bytestream.ByteStream", "ByteStream", "blob", BULK, "googleapis google/bytestream"),
    _call("kopia_repository.KopiaRepository", "Kopia", "backup", BULK, "kopia/kopia grpcapi repository_server.proto"),
    _call("google.cloud.bigquery.storage.*", "BigQuery Storage", "rows", BULK, "googleapis google/cloud/bigquery/storage"),
    _call("build.bazel.remote.execution.v2.ContentAddressableStorage", "Remote Execution API", "blob", BULK, "bazelbuild/remote-apis remote_execution.proto"),
    _call("build.bazel.remote.*", "Remote Execution API", "build", BACKGROUND, "bazelbuild/remote-apis"),
    _call("alluxio.grpc.block.BlockWorker", "Alluxio", "block", BULK, "Alluxio/alluxio block_worker.proto"),
    _call("alluxio.grpc.*", "Alluxio", "metadata", BULK, "Alluxio/alluxio core/transport proto", 0.85),
    _call("volume_server_pb.*", "SeaweedFS", "volume", BULK, "seaweedfs/seaweedfs weed/pb/volume_server.proto"),
    _call("filer_pb.*", "SeaweedFS", "filer", BULK, "seaweedfs/seaweedfs weed/pb/filer.proto"),
    _call("master_pb.*", "SeaweedFS", "cluster control", CONTROL, "seaweedfs/seaweedfs weed/pb/master.proto"),
    _call("hadoop.ozone.*", "Ozone", "storage", BULK, "apache/ozone interface-client"),
    _call("hadoop.hdds.*", "Ozone", "storage", BULK, "apache/ozone interface-client"),
    _call("org.apache.beam.model.fn_execution.v1.BeamFnData", "Beam", "data", BULK, "apache/beam model/fn-execution"),
    _call("org.apache.beam.model.*", "Beam", "worker control", CONTROL, "apache/beam model"),
    # agents and messages
    _call("a2a.v1.A2AService", "A2A gRPC", "agent messages", MESSAGING, "a2aproject/A2A specification/grpc/a2a.proto"),
    _call("lf.a2a.v1.A2AService", "A2A gRPC", "agent messages", MESSAGING, "a2aproject/A2A 1.0 a2a.proto"),
    _call("a2a.*", "A2A gRPC", "agent messages", MESSAGING, "a2aproject/A2A specification/grpc"),
    _call("agents.AgentRpc", "AutoGen", "agent messages", MESSAGING, "microsoft/autogen protos/agent_worker.proto"),
    _call("google.pubsub.*", "Cloud Pub/Sub", "messages", MESSAGING, "googleapis google/pubsub"),
    _call("dapr.proto.placement.*", "Dapr", "placement", CONTROL, "dapr/dapr dapr/proto/placement"),
    _call("dapr.proto.*", "Dapr", "messages", MESSAGING, "dapr/dapr dapr/proto/runtime"),
    _call("temporal.api.*", "Temporal", "workflow tasks", MESSAGING, "temporalio/api"),
    _call("temporal.server.*", "Temporal", "workflow tasks", MESSAGING, "temporalio/temporal proto/internal"),
    _call("gateway_protocol.Gateway", "Zeebe", "workflow tasks", MESSAGING, "camunda/camunda zeebe/gateway-protocol"),
    _call("io.cloudevents.v1.*", "CloudEvents", "events", MESSAGING, "cloudevents/spec protobuf format"),
    _call("viam.*", "Viam", "robot messages", MESSAGING, "viamrobotics/api"),
    _call("livekit.*", "LiveKit", "media control", MESSAGING, "livekit/protocol protobufs"),
    # databases
    _call("milvus.proto.*", "Milvus", "vector database", BACKGROUND, "milvus-io/milvus-proto"),
    _call("qdrant.*", "Qdrant", "vector database", BACKGROUND, "qdrant/qdrant lib/api/src/grpc/proto"),
    _call("weaviate.*", "Weaviate", "vector database", BACKGROUND, "weaviate/weaviate grpc/proto"),
    _call("tikvpb.Tikv", "TiKV", "database", BACKGROUND, "pingcap/kvproto tikvpb.proto"),
    _call("cockroach.*", "CockroachDB", "database", BACKGROUND, "cockroachdb/cockroach pkg"),
    _call("yb.*", "YugabyteDB", "database", BACKGROUND, "yugabyte/yugabyte-db src/yb", 0.9),
    _call("Ydb.*", "YDB", "database", BACKGROUND, "ydb-platform/ydb-api-protos"),
    _call("google.spanner.*", "Spanner", "database", BACKGROUND, "googleapis google/spanner"),
    _call("google.firestore.*", "Firestore", "database", BACKGROUND, "googleapis google/firestore"),
    _call("google.bigtable.*", "Bigtable", "database", BACKGROUND, "googleapis google/bigtable"),
    _call("google.datastore.*", "Datastore", "database", BACKGROUND, "googleapis google/datastore"),
    _call("immudb.schema.ImmuService", "immudb", "database", BACKGROUND, "codenotary/immudb pkg/api/schema"),
    _call("spicedb.*", "SpiceDB", "database", BACKGROUND, "authzed/api", 0.85),
    _call("authzed.api.*", "SpiceDB", "database", BACKGROUND, "authzed/api"),
    _call("feast.serving.ServingService", "Feast", "feature store", BACKGROUND, "feast-dev/feast protos/feast/serving"),
    _call("ml_metadata.MetadataStoreService", "ML Metadata", "metadata store", BACKGROUND, "google/ml-metadata proto"),
    _call("event_store.client.*", "EventStoreDB", "database", BACKGROUND, "kurrent-io/EventStore protos"),
)
# methods named after what they do, in services that no line names
METHODS: tuple[Service, ...] = (
    _call("Predict", "gRPC inference API", "prediction", INFERENCE, "as in tensorflow.serving, seldon.protos and Ray Serve's guide", 0.7),
    _call("Infer", "gRPC inference API", "inference request", INFERENCE, "as in NVIDIA's and PaddlePaddle's protos", 0.7),
    _call("ModelInfer", "gRPC inference API", "inference request", INFERENCE, "as in the KServe Open Inference Protocol", 0.8),
    _call("Inference", "gRPC inference API", "inference request", INFERENCE, "as in NVIDIA's protos", 0.7),
    _call("GenerateStream", "gRPC inference API", "generation stream", INFERENCE, "as in fmaas.GenerationService", 0.7),
    _call("ChatCompletion", "gRPC inference API", "chat completion", INFERENCE, "as in the OpenAI API", 0.8),
    _call("RecvTensor", "gRPC tensors", "tensors", GRADIENT, "as in tensorflow.WorkerService", 0.7),
    _call("AppendEntries", "Raft over gRPC", "consensus", CONTROL, "the Raft paper's name", 0.85),
    _call("RequestVote", "Raft over gRPC", "consensus", CONTROL, "the Raft paper's name", 0.85),
    _call("InstallSnapshot", "Raft over gRPC", "consensus", CONTROL, "the Raft paper's name", 0.85),
)
# what many services offer besides their own: says nothing of them
NEUTRAL: tuple[tuple[str, str], ...] = (
    ("grpc.health.v1.Health", "grpc/grpc-proto grpc/health/v1"),
    ("grpc.reflection.v1.ServerReflection", "grpc/grpc-proto grpc/reflection/v1"),
    ("grpc.reflection.v1alpha.ServerReflection", "grpc/grpc-proto grpc/reflection/v1alpha"),
    ("grpc.channelz.v1.Channelz", "grpc/grpc-proto grpc/channelz/v1"),
)
# fmt: on

_CLAIMS = {line.name.encode(): line.claim for line in SERVICES}
_METHODS = {line.name.encode(): line.claim for line in METHODS}
_NEUTRAL = frozenset(name.encode() for name, _ in NEUTRAL)
_LONGEST = 256


def is_neutral(path: bytes) -> bool:
    """Whether a `:path` is of a service that stands beside any other, such as health checks."""
    return path[1:_LONGEST].rpartition(b"/")[0] in _NEUTRAL


def service_claim(path: bytes) -> Claim | None:
    """What a `:path` of the form `/package.Service/Method` says; None if no line names it."""
    name = path[1:_LONGEST]
    claim = _CLAIMS.get(name)
    if claim:
        return claim
    name = name.rpartition(b"/")[0]
    claim = _CLAIMS.get(name)
    while claim is None and b"." in name:
        name = name.rpartition(b".")[0]
        claim = _CLAIMS.get(name + b".*")
    return claim


def method_claim(path: bytes) -> Claim | None:
    """What a method's name alone says, of a service that no line names."""
    return _METHODS.get(path[1:_LONGEST].rpartition(b"/")[2])
