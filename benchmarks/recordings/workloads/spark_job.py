"""A Spark job: MASTER_ADDRESS MASTER_PORT DRIVER_PORT BLOCK_PORT."""

import sys

from pyspark.sql import SparkSession


def main(address: str, master: str, driver: str, blocks: str) -> None:
    """Two shuffles and a broadcast."""
    spark = (
        SparkSession.builder.master(f"spark://{address}:{master}")
        .config("spark.driver.host", address)
        .config("spark.driver.port", driver)
        .config("spark.blockManager.port", blocks)
        .config("spark.executor.memory", "512m")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .getOrCreate()
    )
    context = spark.sparkContext
    weights = context.broadcast(bytes(range(256)) * 2000)
    pairs = context.parallelize(range(40_000), 4).map(lambda n: (n % 5000, str(n) * 8))
    print(pairs.groupByKey().mapValues(len).filter(lambda p: p[0] < len(weights.value)).count())
    print(spark.range(60_000).selectExpr("id % 3000 as k", "id").groupBy("k").count().count())
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
