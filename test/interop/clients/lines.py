"""Records and questions as JSON lines: bytes as base64, null as null."""

import base64
import json
import sys
import traceback


def packed(value):
    return None if value is None else base64.b64encode(value).decode("ascii")


def unpacked(text):
    return None if text is None else base64.b64decode(text)


def rows_of(packed_rows):
    """Yields (partition, key, value, timestamp_ms, headers) for each row."""
    for row in packed_rows:
        headers = [(name, unpacked(value)) for name, value in row["headers"]]
        yield row["partition"], unpacked(row["key"]), unpacked(row["value"]), row["timestampMs"], headers


def packed_row(partition, offset, key, value, timestamp_ms, timestamp_type, headers):
    return {
        "partition": partition,
        "offset": offset,
        "key": packed(key),
        "value": packed(value),
        "timestampMs": timestamp_ms,
        "timestampType": timestamp_type,
        "headers": [[name, packed(content)] for name, content in headers],
    }


def questions_from_stdin():
    for line in sys.stdin:
        yield json.loads(line)


def answer(value):
    sys.stdout.write(json.dumps(value) + "\n")


def serve(answers):
    """Answers one question a line: {"ask": NAME, …} → {"ok": …} or {"error": CODE}; `answers` maps names to functions."""
    for question in questions_from_stdin():
        answer(answers[question.pop("ask")](**question))
        sys.stdout.flush()


def told(work):
    """The same function, whose failure is an answer in the words of its client."""

    def answered(**question):
        try:
            return {"ok": work(**question)}
        except Exception:
            return {"error": traceback.format_exc()}

    return answered
