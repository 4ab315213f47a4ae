"""NVIDIA FLARE without TLS over a driver of choice: provision FOLDER PORT SCHEME."""

import sys
from pathlib import Path

PROJECT = """
api_version: 3
name: recording
description: two sites
participants:
  - {name: h1, type: server, org: lab, fed_learn_port: %s, admin_port: %s,
     scheme: %s, connection_security: clear}
  - {name: site-2, type: client, org: lab, connection_security: clear}
  - {name: site-3, type: client, org: lab, connection_security: clear}
  - {name: admin@lab.org, type: admin, org: lab, role: project_admin, connection_security: clear}
builders:
  - path: nvflare.lighter.impl.workspace.WorkspaceBuilder
    args: {template_file: [master_template.yml]}
  - path: nvflare.lighter.impl.static_file.StaticFileBuilder
    args: {config_folder: config, scheme: %s}
  - path: nvflare.lighter.impl.cert.CertBuilder
  - path: nvflare.lighter.impl.signature.SignatureBuilder
"""

if __name__ == "__main__":
    from nvflare.cli import main

    folder, port, scheme = sys.argv[1:]
    project = Path("project.yml")
    project.write_text(PROJECT % (port, port, scheme, scheme), encoding="ascii")
    sys.argv = ["nvflare", "provision", "-p", str(project), "-w", folder, "--force"]
    main()
