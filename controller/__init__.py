"""The controller: a pure core that decides and a thin OpenFlow shell that sends."""
