"""Every cheap way of choosing splits that the agent has to beat."""
