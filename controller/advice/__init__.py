"""How traffic is split over candidate paths: the fallback, the agent, and what stands between."""
