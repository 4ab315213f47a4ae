"""The demo: real AI jobs on an emulated fabric, with and without Headway."""
