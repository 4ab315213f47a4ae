"""What HTTP header fields tell: one entry a line, its source beside it.

Owns the table and the look-up. The fields are those of requests and answers, of HTTP/1 and HTTP/2.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from classifier.claims import Claim
from classifier.classes import (
    BACKGROUND,
    BULK,
    CONTROL,
    FEDERATED,
    INFERENCE,
    MESSAGING,
    MODELS,
    TELEMETRY,
)
from policies.classes import TrafficClass


class Field(NamedTuple):
    """A header field.

    Attributes:
        name: In lower case.
        token: One of the words of its value, in lower case and without a version; "" for any value.
        claim: What it says.
    """

    name: str
    token: str
    claim: Claim


def _field(
    name: str,
    token: str,
    protocol: str,
    role: str,
    kind: TrafficClass | None,
    sure: float,
    source: str,
) -> Field:
    return Field(name, token, Claim(protocol, role, kind, sure, source))


# fmt: off
FIELDS: tuple[Field, ...] = (
    # Prometheus and other telemetry
    _field("x-prometheus-scrape-timeout-seconds", "", "Prometheus", "scrape", TELEMETRY, 0.98, "prometheus/prometheus scrape.go"),
    _field("x-prometheus-remote-write-version", "", "Prometheus", "remote write", TELEMETRY, 0.99, "Prometheus remote write 1.0"),
    _field("x-prometheus-remote-read-version", "", "Prometheus", "remote read", TELEMETRY, 0.98, "Prometheus remote read"),
    _field("accept", "application/openmetrics-text", "Prometheus", "scrape", TELEMETRY, 0.93, "OpenMetrics"),
    _field("content-type", "application/openmetrics-text", "Prometheus", "scrape", TELEMETRY, 0.96, "OpenMetrics"),
    _field("user-agent", "prometheus", "Prometheus", "scrape", TELEMETRY, 0.88, "prometheus/prometheus scrape.go"),
    _field("user-agent", "vm_promscrape", "Prometheus", "scrape", TELEMETRY, 0.95, "VictoriaMetrics lib/promscrape"),
    _field("user-agent", "telegraf", "Telegraf", "metrics", TELEMETRY, 0.8, "influxdata/telegraf"),
    _field("user-agent", "promtail", "Loki", "logs", TELEMETRY, 0.95, "grafana/loki promtail"),
    _field("user-agent", "alloy", "Grafana Alloy", "export", TELEMETRY, 0.85, "grafana/alloy"),
    _field("user-agent", "grafanaagent", "Grafana agent", "export", TELEMETRY, 0.9, "grafana/agent"),
    _field("user-agent", "fluent-bit", "Fluent Bit", "logs", TELEMETRY, 0.93, "fluent/fluent-bit"),
    _field("user-agent", "filebeat", "Elastic Beats", "logs", TELEMETRY, 0.93, "elastic/beats"),
    _field("user-agent", "metricbeat", "Elastic Beats", "metrics", TELEMETRY, 0.93, "elastic/beats"),
    _field("user-agent", "otel-otlp-exporter-python", "OTLP HTTP", "export", TELEMETRY, 0.97, "open-telemetry/opentelemetry-python"),
    _field("user-agent", "opentelemetry", "OTLP HTTP", "export", TELEMETRY, 0.85, "OpenTelemetry exporters"),
    _field("user-agent", "influxdb-client-python", "InfluxDB", "line protocol", TELEMETRY, 0.85, "influxdata/influxdb-client-python"),
    _field("user-agent", "wandb-core", "Weights & Biases", "experiment log", TELEMETRY, 0.95, "wandb/wandb core"),
    _field("user-agent", "w&b", "Weights & Biases", "experiment log", TELEMETRY, 0.93, "wandb/wandb internal_api.py"),
    _field("user-agent", "mlflow-python-client", "MLflow", "experiment log", TELEMETRY, 0.93, "mlflow rest_utils.py"),
    _field("x-sentry-auth", "", "Sentry", "events", TELEMETRY, 0.97, "Sentry protocol"),
    _field("dd-api-key", "", "Datadog", "export", TELEMETRY, 0.96, "Datadog API"),
    _field("datadog-meta-lang", "", "Datadog", "traces", TELEMETRY, 0.97, "DataDog/datadog-agent trace API"),
    _field("datadog-meta-tracer-version", "", "Datadog", "traces", TELEMETRY, 0.97, "DataDog/datadog-agent trace API"),
    _field("datadog-container-id", "", "Datadog", "traces", TELEMETRY, 0.95, "DataDog/datadog-agent trace API"),
    _field("datadog-entity-id", "", "Datadog", "traces", TELEMETRY, 0.95, "DataDog/datadog-agent trace API"),
    _field("x-datadog-trace-count", "", "Datadog", "traces", TELEMETRY, 0.97, "DataDog/datadog-agent trace API"),
    _field("dd-client-library-language", "", "Datadog", "telemetry", TELEMETRY, 0.97, "Datadog instrumentation telemetry"),
    _field("dd-telemetry-request-type", "", "Datadog", "telemetry", TELEMETRY, 0.97, "Datadog instrumentation telemetry"),
    _field("user-agent", "libdatadog", "Datadog", "traces", TELEMETRY, 0.96, "DataDog/libdatadog"),
    _field("user-agent", "apm-agent-python", "Elastic APM", "events", TELEMETRY, 0.96, "elastic/apm specification, agents' transport"),
    _field("user-agent", "apm-agent-nodejs", "Elastic APM", "events", TELEMETRY, 0.96, "elastic/apm specification, agents' transport"),
    _field("user-agent", "apm-agent-java", "Elastic APM", "events", TELEMETRY, 0.96, "elastic/apm specification, agents' transport"),
    _field("user-agent", "apm-agent-go", "Elastic APM", "events", TELEMETRY, 0.96, "elastic/apm specification, agents' transport"),
    _field("user-agent", "newrelic-pythonagent", "New Relic", "events", TELEMETRY, 0.96, "newrelic/newrelic-python-agent agent_protocol.py"),
    _field("x-honeycomb-team", "", "Honeycomb", "events", TELEMETRY, 0.97, "Honeycomb API reference"),
    _field("sensu-agentname", "", "Sensu", "events", TELEMETRY, 0.97, "sensu/sensu-go transport.go HeaderKeyAgentName"),
    _field("content-type", "application/vnd.fdo.journal", "systemd journal", "logs", TELEMETRY, 0.98, "systemd journal-upload.c"),
    _field("content-type", "application/x-sentry-envelope", "Sentry", "events", TELEMETRY, 0.97, "Sentry envelopes"),
    _field("x-scope-orgid", "", "Loki", "multi-tenant request", TELEMETRY, 0.85, "Grafana Loki and Mimir HTTP API"),
    _field("x-influxdb-version", "", "InfluxDB", "line protocol", TELEMETRY, 0.85, "InfluxDB API"),
    # S3 and other object stores
    _field("x-amz-content-sha256", "", "S3", "object", BULK, 0.88, "AWS Signature Version 4"),
    _field("x-amz-sdk-checksum-algorithm", "", "S3", "object", BULK, 0.93, "Amazon S3 API"),
    _field("x-amz-checksum-algorithm", "", "S3", "object", BULK, 0.93, "Amazon S3 API"),
    _field("x-amz-checksum-mode", "", "S3", "object", BULK, 0.93, "Amazon S3 API"),
    _field("x-amz-checksum-crc32", "", "S3", "object", BULK, 0.93, "Amazon S3 API"),
    _field("x-amz-checksum-crc64nvme", "", "S3", "object", BULK, 0.93, "Amazon S3 API"),
    _field("x-amz-checksum-sha256", "", "S3", "object", BULK, 0.93, "Amazon S3 API"),
    _field("x-amz-checksum-type", "", "S3", "object", BULK, 0.93, "Amazon S3 API"),
    _field("x-amz-decoded-content-length", "", "S3", "upload", BULK, 0.95, "AWS Signature Version 4, chunked uploads"),
    _field("x-amz-trailer", "", "S3", "upload", BULK, 0.93, "AWS Signature Version 4, trailing checksums"),
    _field("x-amz-copy-source", "", "S3", "copy", BULK, 0.97, "Amazon S3 API CopyObject"),
    _field("x-amz-storage-class", "", "S3", "object", BULK, 0.95, "Amazon S3 API"),
    _field("x-amz-server-side-encryption", "", "S3", "object", BULK, 0.95, "Amazon S3 API"),
    _field("x-amz-version-id", "", "S3", "object", BULK, 0.95, "Amazon S3 API"),
    _field("x-amz-acl", "", "S3", "object", BULK, 0.93, "Amazon S3 API"),
    _field("x-amz-bucket-region", "", "S3", "object", BULK, 0.97, "Amazon S3 API"),
    _field("x-amz-id-2", "", "S3", "object", BULK, 0.93, "Amazon S3 API"),
    _field("x-amz-request-id", "", "S3", "object", BULK, 0.85, "Amazon S3 API"),
    _field("x-minio-deployment-id", "", "S3", "object", BULK, 0.97, "minio/minio"),
    _field("x-minio-time", "", "MinIO internode", "object", BULK, 0.95, "minio/minio"),
    _field("server", "minio", "S3", "object", BULK, 0.95, "minio/minio"),
    _field("server", "amazons3", "S3", "object", BULK, 0.98, "Amazon S3"),
    _field("server", "seaweedfs", "SeaweedFS", "object", BULK, 0.95, "seaweedfs/seaweedfs"),
    _field("server", "windows-azure-blob", "Azure Blob", "object", BULK, 0.98, "Azure Blob REST API"),
    _field("server", "uploadserver", "Google Cloud Storage", "object", BULK, 0.93, "Google Cloud Storage"),
    _field("user-agent", "minio", "S3", "object", BULK, 0.88, "minio/minio-go"),
    _field("user-agent", "s3fs", "S3", "object", BULK, 0.9, "s3fs-fuse/s3fs-fuse"),
    _field("user-agent", "s5cmd", "S3", "object", BULK, 0.93, "peak/s5cmd"),
    _field("user-agent", "s3cmd", "S3", "object", BULK, 0.9, "s3tools/s3cmd"),
    _field("user-agent", "boto3", "S3", "object", BULK, 0.7, "boto/boto3"),
    _field("user-agent", "botocore", "S3", "object", BULK, 0.7, "boto/botocore"),
    _field("x-amz-target", "", "AWS API", "call", BACKGROUND, 0.95, "AWS JSON protocol"),
    _field("user-agent", "aws-cli", "S3", "object", BULK, 0.7, "aws/aws-cli"),
    _field("user-agent", "aws-sdk-go-v2", "S3", "object", BULK, 0.65, "aws/aws-sdk-go-v2"),
    _field("user-agent", "aws-sdk-go", "S3", "object", BULK, 0.65, "aws/aws-sdk-go"),
    _field("user-agent", "aws-sdk-java", "S3", "object", BULK, 0.65, "aws/aws-sdk-java"),
    _field("user-agent", "aws-sdk-cpp", "S3", "object", BULK, 0.65, "aws/aws-sdk-cpp"),
    _field("user-agent", "aws-sdk-rust", "S3", "object", BULK, 0.65, "awslabs/aws-sdk-rust"),
    _field("user-agent", "aws-sdk-js", "S3", "object", BULK, 0.65, "aws/aws-sdk-js-v3"),
    _field("user-agent", "rclone", "HTTP", "files", None, 0.6, "rclone/rclone; object stores are told by their own fields"),
    _field("user-agent", "azcopy", "Azure Blob", "object", BULK, 0.93, "Azure/azure-storage-azcopy"),
    _field("user-agent", "azsdk-python-storage-blob", "Azure Blob", "object", BULK, 0.96, "Azure SDK"),
    _field("user-agent", "gcloud-python", "Google Cloud Storage", "object", BULK, 0.65, "googleapis/python-storage"),
    _field("user-agent", "gsutil", "Google Cloud Storage", "object", BULK, 0.93, "GoogleCloudPlatform/gsutil"),
    _field("x-ms-blob-type", "", "Azure Blob", "object", BULK, 0.98, "Azure Blob REST API"),
    _field("x-ms-version", "", "Azure Blob", "object", BULK, 0.8, "Azure Storage REST API"),
    _field("x-goog-hash", "", "Google Cloud Storage", "object", BULK, 0.97, "Cloud Storage XML API"),
    _field("x-goog-stored-content-length", "", "Google Cloud Storage", "object", BULK, 0.98, "Cloud Storage XML API"),
    _field("x-guploader-uploadid", "", "Google Cloud Storage", "object", BULK, 0.97, "Cloud Storage"),
    _field("x-goog-upload-protocol", "", "Google Cloud Storage", "upload", BULK, 0.9, "Cloud Storage resumable uploads"),
    _field("x-trans-id", "", "Swift", "object", BULK, 0.75, "OpenStack Swift API"),
    _field("accept", "application/vnd.x.restic.rest.v2", "HTTP", "backup", None, 0.85, "restic REST backend"),
    _field("x-object-meta-mtime", "", "Swift", "object", BULK, 0.93, "OpenStack Swift API"),
    # registries
    _field("docker-distribution-api-version", "", "OCI registry", "registry request", MODELS, 0.98, "Docker Registry HTTP API V2"),
    _field("docker-content-digest", "", "OCI registry", "manifest", MODELS, 0.98, "OCI Distribution Specification"),
    _field("docker-upload-uuid", "", "OCI registry", "blob upload", MODELS, 0.99, "Docker Registry HTTP API V2"),
    _field("oci-subject", "", "OCI registry", "manifest", MODELS, 0.97, "OCI Distribution Specification"),
    _field("oci-chunk-min-length", "", "OCI registry", "blob upload", MODELS, 0.97, "OCI Distribution Specification"),
    _field("accept", "application/vnd.docker.distribution.manifest.v2+json", "OCI registry", "manifest", MODELS, 0.98, "Docker image manifest V2"),
    _field("accept", "application/vnd.oci.image.manifest.v1+json", "OCI registry", "manifest", MODELS, 0.98, "OCI Image Specification"),
    _field("accept", "application/vnd.oci.image.index.v1+json", "OCI registry", "manifest", MODELS, 0.98, "OCI Image Specification"),
    _field("accept", "application/vnd.docker.distribution.manifest.list.v2+json", "OCI registry", "manifest", MODELS, 0.98, "Docker image manifest V2"),
    _field("content-type", "application/vnd.docker.distribution.manifest.v2+json", "OCI registry", "manifest", MODELS, 0.98, "Docker image manifest V2"),
    _field("content-type", "application/vnd.oci.image.manifest.v1+json", "OCI registry", "manifest", MODELS, 0.98, "OCI Image Specification"),
    _field("content-type", "application/vnd.oci.image.index.v1+json", "OCI registry", "manifest", MODELS, 0.98, "OCI Image Specification"),
    _field("user-agent", "skopeo", "OCI registry", "registry request", MODELS, 0.93, "containers/skopeo"),
    _field("user-agent", "buildah", "OCI registry", "registry request", MODELS, 0.93, "containers/buildah"),
    _field("user-agent", "podman", "OCI registry", "registry request", MODELS, 0.88, "containers/podman"),
    _field("user-agent", "containers", "OCI registry", "registry request", MODELS, 0.85, "containers/image"),
    _field("user-agent", "cri-o", "OCI registry", "registry request", MODELS, 0.9, "cri-o/cri-o"),
    _field("user-agent", "containerd", "OCI registry", "registry request", MODELS, 0.88, "containerd/containerd remotes/docker"),
    _field("user-agent", "nerdctl", "OCI registry", "registry request", MODELS, 0.9, "containerd/nerdctl"),
    _field("user-agent", "oras", "OCI registry", "registry request", MODELS, 0.93, "oras-project/oras-go"),
    _field("user-agent", "oras-go", "OCI registry", "registry request", MODELS, 0.95, "oras-project/oras-go"),
    _field("user-agent", "oras-py", "OCI registry", "registry request", MODELS, 0.95, "oras-project/oras-py"),
    _field("user-agent", "crane", "OCI registry", "registry request", MODELS, 0.93, "google/go-containerregistry"),
    _field("user-agent", "go-containerregistry", "OCI registry", "registry request", MODELS, 0.95, "google/go-containerregistry"),
    _field("user-agent", "regclient", "OCI registry", "registry request", MODELS, 0.95, "regclient/regclient"),
    _field("user-agent", "docker", "OCI registry", "registry request", MODELS, 0.65, "moby/moby"),
    _field("user-agent", "docker-distribution", "OCI registry", "registry request", MODELS, 0.93, "distribution/distribution"),
    _field("x-dragonfly-tag", "", "Dragonfly", "piece", MODELS, 0.93, "dragonflyoss/dragonfly"),
    _field("x-flare-device-id", "", "NVFlare", "edge device", FEDERATED, 0.97, "NVIDIA/NVFlare edge/constants.py HttpHeaderKey"),
    _field("x-flare-device-info", "", "NVFlare", "edge device", FEDERATED, 0.97, "NVIDIA/NVFlare edge/constants.py HttpHeaderKey"),
    _field("x-flare-user-info", "", "NVFlare", "edge device", FEDERATED, 0.97, "NVIDIA/NVFlare edge/constants.py HttpHeaderKey"),
    # Hugging Face, Git LFS
    _field("user-agent", "hf_hub", "Hugging Face hub", "file", MODELS, 0.85, "huggingface_hub _headers.py"),
    _field("user-agent", "huggingface_hub", "Hugging Face hub", "file", MODELS, 0.95, "huggingface_hub _headers.py"),
    _field("user-agent", "hf-hub", "Hugging Face hub", "file", MODELS, 0.93, "huggingface/hf-hub"),
    _field("user-agent", "xet-core", "Hugging Face Xet", "chunks", MODELS, 0.96, "huggingface/xet-core"),
    _field("user-agent", "modelscope", "ModelScope", "file", MODELS, 0.95, "modelscope/modelscope hub API"),
    _field("user-agent", "torch.hub", "PyTorch hub", "weights", MODELS, 0.96, "PyTorch torch/hub.py download_url_to_file"),
    _field("x-repo-commit", "", "Hugging Face hub", "file", MODELS, 0.98, "huggingface_hub file_download.py"),
    _field("x-linked-size", "", "Hugging Face hub", "file", MODELS, 0.97, "huggingface_hub file_download.py"),
    _field("x-linked-etag", "", "Hugging Face hub", "file", MODELS, 0.97, "huggingface_hub file_download.py"),
    _field("x-xet-hash", "", "Hugging Face hub", "file", MODELS, 0.98, "huggingface_hub utils/_xet.py"),
    _field("user-agent", "git-lfs", "Git LFS", "transfer", MODELS, 0.96, "git-lfs/git-lfs"),
    _field("accept", "application/vnd.git-lfs+json", "Git LFS", "transfer", MODELS, 0.98, "git-lfs API"),
    _field("content-type", "application/vnd.git-lfs+json", "Git LFS", "transfer", MODELS, 0.98, "git-lfs API"),
    _field("git-protocol", "", "Git", "fetch", BACKGROUND, 0.95, "git http-protocol"),
    # etcd, Kubernetes, HashiCorp
    _field("x-etcd-cluster-id", "", "etcd raft", "peer", CONTROL, 0.97, "etcd server/etcdserver/api/rafthttp"),
    _field("x-raft-to", "", "etcd raft", "peer", CONTROL, 0.98, "etcd server/etcdserver/api/rafthttp"),
    _field("x-server-from", "", "etcd raft", "peer", CONTROL, 0.93, "etcd server/etcdserver/api/rafthttp"),
    _field("x-peerurls", "", "etcd raft", "peer", CONTROL, 0.97, "etcd server/etcdserver/api/rafthttp"),
    _field("x-etcd-index", "", "etcd", "key-value API", CONTROL, 0.97, "etcd v2 API"),
    _field("x-raft-term", "", "etcd", "key-value API", CONTROL, 0.95, "etcd v2 API"),
    _field("accept", "application/vnd.kubernetes.protobuf", "Kubernetes API", "objects", CONTROL, 0.98, "Kubernetes API concepts"),
    _field("content-type", "application/vnd.kubernetes.protobuf", "Kubernetes API", "objects", CONTROL, 0.98, "Kubernetes API concepts"),
    _field("content-type", "application/apply-patch+yaml", "Kubernetes API", "objects", CONTROL, 0.96, "Kubernetes server-side apply"),
    _field("content-type", "application/strategic-merge-patch+json", "Kubernetes API", "objects", CONTROL, 0.98, "Kubernetes API concepts"),
    _field("x-kubernetes-pf-flowschema-uid", "", "Kubernetes API", "objects", CONTROL, 0.99, "Kubernetes API priority and fairness"),
    _field("x-kubernetes-pf-prioritylevel-uid", "", "Kubernetes API", "objects", CONTROL, 0.99, "Kubernetes API priority and fairness"),
    _field("audit-id", "", "Kubernetes API", "objects", CONTROL, 0.9, "Kubernetes auditing"),
    _field("user-agent", "kubectl", "Kubernetes API", "objects", CONTROL, 0.96, "kubernetes/kubectl"),
    _field("user-agent", "kubelet", "Kubernetes API", "objects", CONTROL, 0.96, "kubernetes/kubernetes"),
    _field("user-agent", "kube-probe", "HTTP", "health check", None, 0.6, "kubernetes/kubernetes pkg/probe/http"),
    _field("user-agent", "kube-proxy", "Kubernetes API", "objects", CONTROL, 0.97, "kubernetes/kubernetes"),
    _field("user-agent", "kube-scheduler", "Kubernetes API", "objects", CONTROL, 0.97, "kubernetes/kubernetes"),
    _field("user-agent", "kube-controller-manager", "Kubernetes API", "objects", CONTROL, 0.97, "kubernetes/kubernetes"),
    _field("user-agent", "kube-apiserver", "Kubernetes API", "objects", CONTROL, 0.96, "kubernetes/kubernetes"),
    _field("user-agent", "helm", "Kubernetes API", "objects", CONTROL, 0.75, "helm/helm"),
    _field("user-agent", "k3s", "Kubernetes API", "objects", CONTROL, 0.9, "k3s-io/k3s"),
    _field("x-consul-index", "", "Consul", "watch", CONTROL, 0.97, "HashiCorp Consul API"),
    _field("x-consul-token", "", "Consul", "agent", CONTROL, 0.97, "HashiCorp Consul API"),
    _field("x-consul-default-acl-policy", "", "Consul", "agent", CONTROL, 0.97, "HashiCorp Consul API"),
    _field("x-consul-effective-consistency", "", "Consul", "agent", CONTROL, 0.97, "HashiCorp Consul API"),
    _field("x-nomad-index", "", "Nomad", "jobs", CONTROL, 0.97, "HashiCorp Nomad API"),
    _field("x-nomad-token", "", "Nomad", "jobs", CONTROL, 0.97, "HashiCorp Nomad API"),
    _field("x-vault-token", "", "Vault", "secrets", CONTROL, 0.96, "HashiCorp Vault API"),
    _field("x-vault-request", "", "Vault", "secrets", CONTROL, 0.96, "HashiCorp Vault API"),
    _field("server", "docker", "Docker Engine", "containers", CONTROL, 0.93, "Docker Engine API"),
    _field("x-slurm-user-token", "", "Slurm REST", "jobs", CONTROL, 0.98, "SchedMD slurmrestd"),
    _field("server", "redfish", "Redfish", "machine control", CONTROL, 0.85, "DMTF DSP0266"),
    _field("odata-version", "", "Redfish", "machine control", CONTROL, 0.65, "DMTF DSP0266"),
    # inference
    _field("inference-header-content-length", "", "KServe v2 HTTP", "inference request", INFERENCE, 0.98, "KServe binary tensor data extension"),
    _field("endpoint-load-metrics-format", "", "OpenAI HTTP", "completion", INFERENCE, 0.85, "vLLM and Triton ORCA metrics"),
    _field("application", "", "Ray Serve gRPC", "inference request", INFERENCE, 0.85, "ray-project/ray serve, metadata that its gRPC proxy asks for"),
    _field("multiplexed_model_id", "", "Ray Serve gRPC", "inference request", INFERENCE, 0.95, "ray-project/ray serve, metadata of its gRPC proxy"),
    _field("serve_multiplexed_model_id", "", "Ray Serve", "inference request", INFERENCE, 0.97, "ray-project/ray serve constants.py"),
    _field("user-agent", "openai", "OpenAI HTTP", "completion", INFERENCE, 0.93, "openai/openai-python _base_client.py"),
    _field("user-agent", "asyncopenai", "OpenAI HTTP", "completion", INFERENCE, 0.95, "openai/openai-python _base_client.py"),
    _field("user-agent", "azureopenai", "OpenAI HTTP", "completion", INFERENCE, 0.95, "openai/openai-python _base_client.py"),
    _field("user-agent", "asyncazureopenai", "OpenAI HTTP", "completion", INFERENCE, 0.95, "openai/openai-python _base_client.py"),
    _field("user-agent", "anthropic", "Anthropic HTTP", "message", INFERENCE, 0.93, "anthropics/anthropic-sdk-python"),
    _field("user-agent", "asyncanthropic", "Anthropic HTTP", "message", INFERENCE, 0.95, "anthropics/anthropic-sdk-python"),
    _field("user-agent", "ollama", "Ollama", "model management", INFERENCE, 0.65, "ollama/ollama api/client.go"),
    _field("user-agent", "ollama-python", "Ollama", "generation", INFERENCE, 0.95, "ollama/ollama-python"),
    _field("user-agent", "ollama-js", "Ollama", "generation", INFERENCE, 0.95, "ollama/ollama-js"),
    _field("user-agent", "groq", "OpenAI HTTP", "completion", INFERENCE, 0.93, "groq/groq-python"),
    _field("user-agent", "mistral-client-python", "OpenAI HTTP", "completion", INFERENCE, 0.95, "mistralai/client-python"),
    _field("user-agent", "litellm", "OpenAI HTTP", "completion", INFERENCE, 0.93, "BerriAI/litellm"),
    _field("user-agent", "google-genai-sdk", "Gemini HTTP", "generation", INFERENCE, 0.95, "googleapis/python-genai"),
    _field("user-agent", "bentoml", "BentoML", "inference request", INFERENCE, 0.95, "bentoml/BentoML client"),
    _field("user-agent", "gradio_client", "Gradio", "inference request", INFERENCE, 0.95, "gradio-app/gradio client utils.py; it names hf_hub too"),
    _field("x-gradio-user", "", "Gradio", "inference request", INFERENCE, 0.96, "gradio-app/gradio client and routes.py"),
    _field("user-agent", "torchserve", "TorchServe", "prediction", INFERENCE, 0.85, "pytorch/serve"),
    _field("x-stainless-lang", "", "OpenAI HTTP", "completion", INFERENCE, 0.85, "Stainless SDKs of OpenAI, Anthropic and others"),
    _field("x-stainless-package-version", "", "OpenAI HTTP", "completion", INFERENCE, 0.85, "Stainless SDKs of OpenAI, Anthropic and others"),
    _field("openai-organization", "", "OpenAI HTTP", "completion", INFERENCE, 0.97, "OpenAI API reference"),
    _field("openai-processing-ms", "", "OpenAI HTTP", "completion", INFERENCE, 0.98, "OpenAI API reference"),
    _field("openai-version", "", "OpenAI HTTP", "completion", INFERENCE, 0.97, "OpenAI API reference"),
    _field("openai-beta", "", "OpenAI HTTP", "completion", INFERENCE, 0.96, "OpenAI API reference"),
    _field("anthropic-version", "", "Anthropic HTTP", "message", INFERENCE, 0.98, "Anthropic API reference"),
    _field("anthropic-beta", "", "Anthropic HTTP", "message", INFERENCE, 0.97, "Anthropic API reference"),
    _field("x-ratelimit-limit-tokens", "", "OpenAI HTTP", "completion", INFERENCE, 0.93, "OpenAI API reference"),
    _field("x-litellm-call-id", "", "OpenAI HTTP", "completion", INFERENCE, 0.97, "BerriAI/litellm"),
    _field("x-litellm-version", "", "OpenAI HTTP", "completion", INFERENCE, 0.97, "BerriAI/litellm"),
    _field("x-compute-type", "", "TGI", "generation", INFERENCE, 0.9, "huggingface/text-generation-inference router/src/server.rs"),
    _field("x-compute-characters", "", "TGI", "generation", INFERENCE, 0.95, "huggingface/text-generation-inference router/src/server.rs"),
    _field("x-inference-time", "", "TGI", "generation", INFERENCE, 0.9, "huggingface/text-generation-inference router/src/server.rs"),
    _field("x-time-per-token", "", "TGI", "generation", INFERENCE, 0.95, "huggingface/text-generation-inference router/src/server.rs"),
    _field("x-bentoml-request-id", "", "BentoML", "inference request", INFERENCE, 0.96, "bentoml/BentoML server/http_app.py"),
    _field("x-amzn-sagemaker-model", "", "SageMaker", "prediction", INFERENCE, 0.97, "SageMaker Runtime InvokeEndpoint"),
    _field("x-amzn-sagemaker-custom-attributes", "", "SageMaker", "prediction", INFERENCE, 0.97, "SageMaker Runtime InvokeEndpoint"),
    _field("x-amzn-invoked-production-variant", "", "SageMaker", "prediction", INFERENCE, 0.98, "SageMaker Runtime InvokeEndpoint"),
    _field("x-amzn-bedrock-invocation-latency", "", "Amazon Bedrock", "generation", INFERENCE, 0.98, "Amazon Bedrock Runtime API"),
    _field("server", "llama.cpp", "llama.cpp", "completion", INFERENCE, 0.97, "ggml-org/llama.cpp tools/server"),
    _field("server", "sglang", "SGLang", "generation", INFERENCE, 0.9, "sgl-project/sglang"),
    _field("server", "tensorflow-serving", "TensorFlow Serving REST", "prediction", INFERENCE, 0.9, "tensorflow/serving"),
    _field("x-goog-api-client", "genai", "Gemini HTTP", "generation", INFERENCE, 0.85, "googleapis/python-genai"),
    _field("ce-source", "io.seldon.serving.deployment.mlserver", "KServe v2 HTTP", "inference request", INFERENCE, 0.93, "SeldonIO/MLServer cloudevents.py"),
    # agents and messages
    _field("mcp-session-id", "", "MCP", "agent messages", MESSAGING, 0.98, "Model Context Protocol, streamable HTTP"),
    _field("mcp-protocol-version", "", "MCP", "agent messages", MESSAGING, 0.98, "Model Context Protocol, streamable HTTP"),
    _field("a2a-version", "", "A2A", "agent messages", MESSAGING, 0.97, "A2A protocol specification"),
    _field("user-agent", "langgraph-sdk-py", "LangGraph", "agent run", MESSAGING, 0.97, "langchain-ai/langgraph sdk-py client.py"),
    _field("a2a-extensions", "", "A2A", "agent messages", MESSAGING, 0.97, "A2A protocol specification"),
    _field("x-a2a-extensions", "", "A2A", "agent messages", MESSAGING, 0.97, "A2A protocol specification"),
    _field("ce-specversion", "", "CloudEvents", "events", MESSAGING, 0.45, "CloudEvents HTTP binding"),
    _field("sec-websocket-protocol", "mqtt", "MQTT over WebSocket", "", None, 0.93, "OASIS MQTT 5.0, section 6"),
    _field("sec-websocket-protocol", "mqttv3.1", "MQTT over WebSocket", "", None, 0.93, "MQTT 3.1"),
    _field("sec-websocket-protocol", "v10.stomp", "STOMP over WebSocket", "messages", MESSAGING, 0.95, "STOMP 1.0"),
    _field("sec-websocket-protocol", "v11.stomp", "STOMP over WebSocket", "messages", MESSAGING, 0.95, "STOMP 1.1"),
    _field("sec-websocket-protocol", "v12.stomp", "STOMP over WebSocket", "messages", MESSAGING, 0.95, "STOMP 1.2"),
    _field("sec-websocket-protocol", "amqp", "AMQP over WebSocket", "messages", MESSAGING, 0.95, "OASIS AMQP WebSocket binding"),
    _field("sec-websocket-protocol", "wamp.2.json", "WAMP", "messages", MESSAGING, 0.97, "WAMP specification"),
    _field("sec-websocket-protocol", "wamp.2.msgpack", "WAMP", "messages", MESSAGING, 0.97, "WAMP specification"),
    _field("sec-websocket-protocol", "graphql-transport-ws", "GraphQL", "subscription", BACKGROUND, 0.9, "enisdenjo/graphql-ws protocol"),
    _field("sec-websocket-protocol", "graphql-ws", "GraphQL", "subscription", BACKGROUND, 0.9, "apollographql/subscriptions-transport-ws"),
    _field("sec-websocket-protocol", "v4.channel.k8s.io", "Kubernetes API", "remote command", CONTROL, 0.98, "kubernetes/apiserver remotecommand"),
    _field("sec-websocket-protocol", "v5.channel.k8s.io", "Kubernetes API", "remote command", CONTROL, 0.98, "kubernetes/apiserver remotecommand"),
    _field("sec-websocket-protocol", "sip", "SIP over WebSocket", "signalling", BACKGROUND, 0.95, "RFC 7118"),
    _field("sec-websocket-protocol", "xmpp", "XMPP over WebSocket", "messages", MESSAGING, 0.93, "RFC 7395"),
    _field("sec-websocket-protocol", "janus-protocol", "Janus", "signalling", BACKGROUND, 0.95, "meetecho/janus-gateway"),
    # databases, packages, others of the background
    _field("x-elastic-product", "", "Elasticsearch", "document", BACKGROUND, 0.95, "Elasticsearch"),
    _field("user-agent", "elasticsearch-py", "Elasticsearch", "document", BACKGROUND, 0.9, "elastic/elasticsearch-py"),
    _field("server", "couchdb", "CouchDB", "database", BACKGROUND, 0.96, "CouchDB API"),
    _field("x-clickhouse-user", "", "ClickHouse", "query", BACKGROUND, 0.97, "ClickHouse HTTP interface"),
    _field("x-clickhouse-server-display-name", "", "ClickHouse", "query", BACKGROUND, 0.97, "ClickHouse HTTP interface"),
    _field("x-clickhouse-query-id", "", "ClickHouse", "query", BACKGROUND, 0.97, "ClickHouse HTTP interface"),
    _field("x-trino-user", "", "Trino", "query", BACKGROUND, 0.97, "trinodb/trino client protocol"),
    _field("x-presto-user", "", "Presto", "query", BACKGROUND, 0.97, "prestodb client protocol"),
    _field("user-agent", "pip", "PyPI", "package", BACKGROUND, 0.93, "pypa/pip"),
    _field("user-agent", "uv", "PyPI", "package", BACKGROUND, 0.85, "astral-sh/uv"),
    _field("user-agent", "conda", "conda", "package", BACKGROUND, 0.93, "conda/conda"),
    _field("user-agent", "mamba", "conda", "package", BACKGROUND, 0.93, "mamba-org/mamba"),
    _field("user-agent", "apt-http", "APT", "packages", BACKGROUND, 0.93, "Debian apt"),
    _field("user-agent", "debian", "APT", "packages", BACKGROUND, 0.85, "Debian apt"),
    _field("user-agent", "git", "Git", "fetch", BACKGROUND, 0.9, "git http-protocol"),
    _field("soapaction", "", "SOAP", "call", BACKGROUND, 0.88, "SOAP 1.1"),
    _field("content-type", "application/dns-message", "DNS over HTTPS", "lookup", BACKGROUND, 0.98, "RFC 8484"),
    _field("content-type", "application/ocsp-request", "OCSP", "lookup", BACKGROUND, 0.98, "RFC 6960"),
    _field("content-type", "application/ocsp-response", "OCSP", "lookup", BACKGROUND, 0.98, "RFC 6960"),
    _field("content-type", "application/vnd.apple.mpegurl", "HLS", "playlist", BACKGROUND, 0.9, "RFC 8216"),
    _field("content-type", "application/dash+xml", "DASH", "playlist", BACKGROUND, 0.93, "ISO/IEC 23009-1"),
    _field("icy-metadata", "", "Icecast", "media", BACKGROUND, 0.9, "SHOUTcast metadata"),
    _field("icy-name", "", "Icecast", "media", BACKGROUND, 0.93, "SHOUTcast metadata"),
    _field("depth", "", "HTTP", "WebDAV", None, 0.6, "RFC 4918"),
    _field("dav", "", "HTTP", "WebDAV", None, 0.6, "RFC 4918"),
)
# fmt: on

_TOKENS = re.compile(rb"[^ ;,()]+")
_PRODUCTS = re.compile(rb"[^ ;,()/]+")  # of names with a version behind a slash
_NAMED_WITH_VERSION = frozenset((b"user-agent", b"server"))
_MOST_TOKENS, _LONGEST_VALUE = 12, 400
_SIGNED = re.compile(rb"credential=[^/]*/[^/]*/[^/]*/([a-z0-9-]+)/aws4_request")
_SIGNATURE = Claim("S3", "object", BULK, 0.97, "AWS Signature Version 4")
_ANY = {line.name.encode(): line.claim for line in FIELDS if not line.token}
_TOKEN = {(line.name.encode(), line.token.encode()): line.claim for line in FIELDS if line.token}
METADATA = frozenset(line.name.encode() for line in FIELDS if line.claim.protocol.endswith(" gRPC"))
NAMES = frozenset([*_ANY, *(name for name, _ in _TOKEN), b"authorization"])
HTTP_NAMES = NAMES - METADATA  # without those that mean something only in a call of gRPC


@lru_cache(maxsize=1024)
def field_claim(name: bytes, value: bytes) -> Claim | None:
    """What a header field says; name and value in lower case, the name one of `NAMES`."""
    if name in _ANY:
        return _ANY[name]
    value = value[:_LONGEST_VALUE]
    if name == b"authorization":
        signed = _SIGNED.search(value) if value.startswith(b"aws4-hmac-sha256") else None
        return _SIGNATURE if signed and signed[1] == b"s3" else None
    words = (_PRODUCTS if name in _NAMED_WITH_VERSION else _TOKENS).findall(value)
    found = [_TOKEN[name, word] for word in words[:_MOST_TOKENS] if (name, word) in _TOKEN]
    return max(found, key=lambda claim: claim.confidence) if found else None
