"""A rank of a job with Accelerate."""

import os

import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__":
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
    net = torch.nn.Sequential(torch.nn.Linear(64, 500), torch.nn.GELU(), torch.nn.Linear(500, 64))
    data = DataLoader(TensorDataset(torch.randn(128, 64)), batch_size=8, shuffle=True)
    net, optimizer, data = accelerator.prepare(net, torch.optim.AdamW(net.parameters()), data)
    for (batch,) in data:
        with accelerator.accumulate(net):
            loss = (net(batch) - batch).pow(2).mean()
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            accelerator.gather_for_metrics(loss.detach())
    accelerator.wait_for_everyone()
    # Gloo's threads may outlive Python's objects.
    os._exit(0)
