"""What Headway is measured by; `python -m benchmarks` runs it all and rewrites RESULTS.md.

Nothing of the product imports this package. Each benchmark is a module with a docstring that says
what is compared and how, and a function `run(options) -> Result`.
"""
