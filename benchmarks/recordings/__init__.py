"""Recordings of real programs between network namespaces, with a class for each flow.

Ground truth is what the recorder itself arranged (which program, which server port has which
role); the classifier is never asked. `README.md` says how to run it and how to add a program.
"""
