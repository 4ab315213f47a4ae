"""FTP: `server ADDRESS PORT` or `client ADDRESS PORT`."""

import ftplib
import io
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer


def serve(address, port):
    """One user."""
    people = DummyAuthorizer()
    people.add_user("trainer", "secret", ".", perm="elradfmw")
    FTPHandler.authorizer = people
    FTPServer((address, int(port)), FTPHandler).serve_forever()


def transfer(address, port):
    """Passive, then active."""
    for passive in (True, False):
        with ftplib.FTP() as client:
            client.connect(address, int(port))
            client.login("trainer", "secret")
            client.set_pasv(passive)
            client.storbinary("STOR checkpoint.bin", io.BytesIO(bytes(range(256)) * 3000))
            client.nlst()
            client.retrbinary("RETR checkpoint.bin", lambda _data: None)


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    (serve if role == "server" else transfer)(*rest)
