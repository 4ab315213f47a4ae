"""The jobs of `rl_agent.jobs` over a real network: same workload, same state machine, real TCP."""
