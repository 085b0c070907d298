"""Stand-in build backend: lets `pip download` read a source package's metadata and run none of its code.

pip asks the package's own backend for metadata even when it only downloads. With this folder on PYTHONPATH it
asks this file, which answers from PKG-INFO and refuses to build.
"""

import email
import os


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    with open("PKG-INFO", encoding="utf-8") as file:
        text = file.read()
    info = email.message_from_string(text)
    name = f"{info['Name'].replace('-', '_')}-{info['Version']}.dist-info"
    os.makedirs(os.path.join(metadata_directory, name))
    with open(os.path.join(metadata_directory, name, "METADATA"), "w", encoding="utf-8") as file:
        file.write(text)
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    raise SystemExit("this package is downloaded for its source only and never built by pip")
