"""Lay the google.type and google.api protos of the installed wheel where buf.yaml expects them."""

import pathlib
import shutil
import sys

from google.type import date_pb2

TARGET = pathlib.Path(sys.prefix) / "googleapis" / "google"
WANTED = ("type/date.proto", "api/field_behavior.proto")


def main() -> None:
    """Copy; the folder lies in the environment, so that it goes with it."""
    source = pathlib.Path(date_pb2.__file__).parents[1]
    for name in WANTED:
        (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, TARGET / name)


if __name__ == "__main__":
    main()
