"""Checkpoints to S3 and back: URL."""

import io
import os
import sys

import boto3
import urllib3
from boto3.s3.transfer import TransferConfig
from minio import Minio

MEBIBYTE = 1 << 20


def with_boto(url):
    """Multipart, ranges, delete."""
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="key",
        aws_secret_access_key="secret",
    )  # fmt: skip
    client.create_bucket(Bucket="checkpoints")
    parts = TransferConfig(multipart_threshold=5 * MEBIBYTE, multipart_chunksize=5 * MEBIBYTE)
    client.upload_fileobj(io.BytesIO(bytes(MEBIBYTE // 2)), "checkpoints", "a.bin", Config=parts)
    for number in range(3):
        client.put_object(Bucket="checkpoints", Key=f"meta/{number}", Body=b"{}")
    client.list_objects_v2(Bucket="checkpoints")
    client.download_fileobj("checkpoints", "a.bin", io.BytesIO())
    client.get_object(Bucket="checkpoints", Key="a.bin", Range="bytes=0-99999")["Body"].read()
    client.delete_object(Bucket="checkpoints", Key="a.bin")


def with_minio(url):
    """Put, stat, get."""
    http = urllib3.PoolManager(ca_certs=os.environ.get("SSL_CERT_FILE"))
    scheme, _, where = url.partition("://")
    client = Minio(where, "key", "secret", secure=scheme == "https", http_client=http)
    client.make_bucket("weights")
    client.put_object("weights", "w.bin", io.BytesIO(bytes(MEBIBYTE)), MEBIBYTE)
    client.stat_object("weights", "w.bin")
    client.get_object("weights", "w.bin").read()
    list(client.list_objects("weights"))


if __name__ == "__main__":
    with_boto(sys.argv[1])
    with_minio(sys.argv[1])
