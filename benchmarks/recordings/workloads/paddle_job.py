"""A rank of a Paddle job on Gloo; the environment says who it is."""

import paddle
import paddle.distributed as dist

if __name__ == "__main__":
    dist.init_parallel_env()
    for _ in range(5):
        gradient = paddle.ones([12_000]) * dist.get_rank()
        dist.all_reduce(gradient)
        dist.broadcast(gradient, src=0)
        parts: list[paddle.Tensor] = []
        dist.all_gather(parts, paddle.ones([4_000]))
    dist.barrier()
    print("done", float(gradient[0]))
