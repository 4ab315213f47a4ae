"""The programs that run inside the emulated hosts, each started as `python -m demo.jobs.NAME`."""
