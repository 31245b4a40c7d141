"""What a member of a group tells and is told: events as JSON lines on standard output, the end of standard input as "leave"."""

import json
import sys
import threading

# Events may be told by a callback's thread while another one tells records.
telling = threading.Lock()


def tell(**event):
    with telling:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


def told_to_leave():
    """An event that is set when this member is told to leave."""
    told = threading.Event()

    def wait():
        sys.stdin.read()
        told.set()

    threading.Thread(target=wait, daemon=True).start()
    return told
