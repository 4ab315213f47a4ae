"""Fetches a model from the hub of HF_ENDPOINT."""

from huggingface_hub import HfApi, hf_hub_download, snapshot_download

if __name__ == "__main__":
    HfApi().model_info("lab/tiny")
    snapshot_download("lab/tiny")
    hf_hub_download("lab/tiny", "model-00001-of-00002.safetensors", force_download=True)
