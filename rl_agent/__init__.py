"""The agent: environments it learns in, rivals it is measured against, and its training."""
