"""Conversions between protobuf messages, text and Python values."""
