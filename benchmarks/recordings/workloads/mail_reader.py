"""Reads and files mail by IMAP: ADDRESS PORT."""

import imaplib
import sys
import time

if __name__ == "__main__":
    box = imaplib.IMAP4(sys.argv[1], int(sys.argv[2]))
    box.login("ada", "secret")
    box.create("Papers")
    for number in range(12):
        text = (
            f"From: a@lab\r\nSubject: note {number}\r\n\r\n"
            + "A line about queues.\r\n" * 20 * number
        )
        box.append("Papers", None, None, text.encode())
    for _ in range(4):
        box.select("Papers")
        found = box.search(None, "SUBJECT", "note")[1][0].split()
        for item in found[:6]:
            box.fetch(item, "(FLAGS BODY[])")
            box.store(item, "+FLAGS", "\\Seen")
        box.noop()
        time.sleep(0.8)
    box.logout()
