"""Gymnasium environments, registered under `headway/` when Gymnasium looks for plug-ins."""



def register() -> None:
    """Called by Gymnasium's plug-in loader, in the namespace `headway`."""
